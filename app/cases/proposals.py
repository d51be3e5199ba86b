"""What the tables propose to a person before a step, and why: a unit, a refusal."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.cases import queries, tables
from app.cases.models.demand import Demand
from app.core.phrase import Phrase
from app.identity.directory import unit_by_code
from app.identity.models import HandlingUnit


@dataclass(frozen=True, slots=True)
class Proposal:
    """The unit the catalogue names, the units that would assist, and the row that says so."""

    unit: HandlingUnit
    co_units: tuple[HandlingUnit, ...]
    reason: Phrase


@dataclass(frozen=True, slots=True)
class NonAcceptance:
    """Why a demand is not accepted, the lawful channel to name, and the row that says so."""

    ground: str
    """N1–N9."""
    lawful_channel: Phrase
    reason: Phrase


def non_acceptance(session: Session, demand: Demand) -> NonAcceptance | None:
    """What the acceptance table says about the ground the agent chose; none where it accepts."""
    registered = queries.last_answers(session, demand.id, "register") or {}
    ground = {"non_acceptance_ground": registered.get("non_acceptance_ground")}
    answer = tables.answer(session, demand, "acceptance", ground)
    outputs = answer.outputs
    if outputs["accepted"]:
        return None
    row = answer.evidence.rows[0]
    return NonAcceptance(
        str(outputs["reason_code"]),
        Phrase(str(outputs["lawful_channel"]), str(outputs["lawful_channel_en"])),
        Phrase(
            f"{outputs['reason']}（受理审查表第 {answer.evidence.version} 版第 {row.index} 行）",
            f"{outputs['reason_en']} (acceptance table version {answer.evidence.version}, "
            f"row {row.index})",
        ),
    )


def proposal(session: Session, demand: Demand) -> Proposal | None:
    """What the newest dispatch catalogue proposes for a demand; none where it names no unit.

    An order that was reopened after its unit was reorganised goes to the unit's heir.
    """
    order = demand.order
    if order is not None and order.lead_unit_id is None and order.next_unit_id is not None:
        return Proposal(
            session.get_one(HandlingUnit, order.next_unit_id),
            (),
            Phrase(
                "工单重开时原承办单位已撤并，该单位承接其职责",
                "The unit that had the order is gone; this one has inherited its matters",
            ),
        )
    matter = {"category": demand.category, "district": demand.district}
    answer = tables.answer(session, demand, "dispatch_catalogue", matter)
    outputs = answer.outputs
    unit = unit_by_code(session, str(outputs["lead_unit"]))
    if unit is None:
        return None
    codes = outputs.get("co_units") or []
    assert isinstance(codes, list)
    found = [unit_by_code(session, str(code)) for code in codes]
    row = answer.evidence.rows[0]
    return Proposal(
        unit,
        tuple(co_unit for co_unit in found if co_unit is not None),
        Phrase(
            f"派单目录第 {answer.evidence.version} 版第 {row.index} 行：{outputs['reason']}",
            f"Dispatch catalogue version {answer.evidence.version}, row {row.index}: "
            f"{outputs['reason_en']}",
        ),
    )

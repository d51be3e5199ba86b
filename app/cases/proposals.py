"""Which unit an order should go to: what the dispatch catalogue says, and why."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.core.phrase import Phrase
from app.decisions import registry
from app.identity.directory import unit_by_code
from app.identity.models import HandlingUnit


@dataclass(frozen=True, slots=True)
class Proposal:
    """The unit the catalogue names, the units that would assist, and the row that says so."""

    unit: HandlingUnit
    co_units: tuple[HandlingUnit, ...]
    reason: Phrase


def proposal(session: Session, demand: Demand) -> Proposal | None:
    """What the newest dispatch catalogue proposes for a demand; none where it names no unit."""
    answer = registry.answer(
        session,
        "dispatch_catalogue",
        {"category": demand.category, "district": demand.district},
    )
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
            f"{outputs['reason']}",
        ),
    )

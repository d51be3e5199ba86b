"""Disputed ownership: who leads is agreed or ruled in three tiers, each with its own limit.

Who meets at which tier, and what comes next, are the tables `coordination_entry` and
`coordination`. Every ruling becomes a change of the dispatch catalogue (`catalogue`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app import engine
from app.cases import catalogue, clock_changes, clocks, co_handling, history, notices, tables
from app.cases.answers import Answers
from app.cases.charge import put_in_charge
from app.cases.models.dispute import (
    CatalogueChange,
    Dispute,
    DisputeMeeting,
    DisputeParty,
    Ruling,
    Settlement,
)
from app.cases.models.send_back import ReturnRequest
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import SUBJECT, Case, next_number
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.cases.story import due_in_words
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.directory import unit_by_code
from app.identity.models import HandlingUnit
from app.identity.policy import Role

TIERS = (1, 2, 3)

UNIT_CLOCKS = ("sign_for", "handling", "first_contact")
"""The limits that a unit is under: one before it has signed, the others afterwards."""

CAUSES: dict[str, Phrase] = {
    "ownership_unclear": Phrase("权属不清", "Ownership unclear"),
    "functions_overlap": Phrase("职能交叉", "Functions overlap"),
    "second_return": Phrase("再次退单", "Sent back again"),
    "no_owner_found": Phrase("派单时归属不明", "No owner found at dispatch"),
    "ruling_contested": Phrase("对裁定有异议", "A ruling is contested"),
}

_MOST_RULINGS = 5
"""Earlier rulings that are shown to who rules now."""

_OF_REASON = {"R03": "ownership_unclear", "R04": "functions_overlap"}

register_messages(
    {
        "in_coordination": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}涉及多个部门，正在协调承办单位，最迟{due}前明确，敬请谅解。",
                "Your demand {number} concerns several offices: who handles it is being settled, "
                "by {due} at the latest.",
            ),
        ),
        "agree_ownership": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”进入权属协调，请牵头与拟承办单位协商；险情先行处置。",
                "{number} “{title}”: please settle with the other units who leads; see to any "
                "danger first.",
            ),
        ),
        "dispute_at_centre": (
            Role.COORDINATOR,
            Phrase(
                "工单{number}“{title}”的权属须由热线中心协调，请组织协商。",
                "{number} “{title}”: the units do not agree whose it is, please call them "
                "together.",
            ),
        ),
        "dispute_for_opinion": (
            Role.OWNERSHIP_AUTHORITY,
            Phrase(
                "工单{number}“{title}”的权属须裁定，请提出职责界定意见。",
                "{number} “{title}”: please give your opinion on whose duty it is.",
            ),
        ),
        "dispute_ruled": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的归属已明确，由贵单位主办，请按结果办理。",
                "{number} “{title}” is your unit's to lead: please handle it.",
            ),
        ),
        "meeting_called": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”协调会定于{time}在{place}召开，请派员参加。",
                "{number} “{title}”: a meeting on whose duty it is, {time}, {place}. Please come.",
            ),
        ),
    }
)


@service(
    Phrase("受理权属争议", "Open the dispute"),
    results=frozenset({"tier"}),
    cause=str,
)
def open_dispute(occasion: Occasion, cause: str) -> dict[str, object]:
    """The dispute begins at the tier that the table gives for its cause.

    The requester is told by when it will be settled at the latest. Gives `tier`.
    """
    uow, case, at = occasion.uow, occasion.case, occasion.at
    order = case.ordered
    if order.lead_unit_id is None:
        cause = "no_owner_found"  # whatever it was about before: no unit could talk to others
    cause = cause or "ownership_unclear"  # the duty manager put the order here
    entry = tables.decide(uow, case.demand, "coordination_entry", {"cause": cause}).outputs
    tier = int(str(entry["tier"]))
    request = _request(uow.session, order)
    of_return = request is not None and request.decision == "coordinate"
    dispute = Dispute(
        order_id=order.id,
        cause=cause,
        hazard=of_return and request is not None and request.hazard,
        first_unit_id=order.lead_unit_id,
        tier=tier,
        opened_at=at,
        opened_by_name=uow.actor.name,
        promised_at=_latest_end(uow.session, case, tier, at),
    )
    uow.session.add(dispute)
    uow.session.flush()
    order.status = OrderStatus.IN_COORDINATION
    if order.lead_unit_id is not None:
        _party(uow.session, dispute, order.lead_unit_id, "first_receiver")
    if of_return and request is not None and request.suggested_unit_id is not None:
        _party(uow.session, dispute, request.suggested_unit_id, "proposed_unit")
    history.record(
        uow, case.demand.id, "open_dispute",
        facts={"dispute": dispute.id, "cause": cause, "tier": tier}, at=at,
    )  # fmt: skip
    notices.tell(
        uow, case, "in_coordination", at=at, values={"due": due_in_words(dispute.promised_at)}
    )
    return {"tier": tier}


@service(Phrase("进入协调层级", "Begin a tier of coordination"), tier=int)
def begin_tier(occasion: Occasion, tier: int) -> None:
    """The limit of the tier begins, as the table says; the tier before, if any, has ended."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    dispute = dispute_of(uow.session, case)
    event = "opened"
    if tier != dispute.tier:
        event = _ended(uow.session, case, dispute.tier, at)
        clocks.stop(uow, case, f"coordination_{dispute.tier}", at)
        _ask_table(uow, case, dispute.tier, event, dispute.hazard)
    talk = _ask_table(uow, case, tier, "opened", dispute.hazard)
    dispute.tier = tier
    stage = str(talk["limit_stage"])
    clocks.start(uow, case, stage, stage, at)
    history.record(
        uow, case.demand.id, "begin_tier",
        facts={"dispute": dispute.id, "tier": tier, "event": event}, at=at,
    )  # fmt: skip


@step("agree_ownership")
def agree(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """Tier 1: the first receiver's liaison records what the units agreed, or that they did not."""
    _settle(uow, case, given, tier=1, settlement=Settlement.AGREED)


@step("rule_ownership")
def rule(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """Tier 2: the centre's coordinator rules in writing, or sends it on."""
    _settle(uow, case, given, tier=2, settlement=Settlement.RULED)


@step("rule_by_leader")
def rule_by_leader(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """Tier 3: the leader rules upon the opinion of the ownership authority; that is final."""
    _settle(uow, case, given, tier=3, settlement=Settlement.RULED)


@step("position_given")
def give_position(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """What a unit holds is recorded; a unit that was not a party becomes one."""
    dispute = dispute_of(uow.session, case)
    unit = _unit(uow, given, "party_unit")
    party = _party(uow.session, dispute, unit.id, "proposed_unit")
    party.position, party.stated_at = str(given["position"]), uow.now


@step("meeting_called")
def call_meeting(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """A meeting is called: all parties are told where and when."""
    dispute = dispute_of(uow.session, case)
    meets_at = given["meets_at"]
    assert isinstance(meets_at, datetime)  # the form is checked
    if meets_at <= uow.now:
        late = Phrase("会议时间须晚于现在。", "The meeting must lie ahead.")
        raise Invalid(late, {"meets_at": late})
    uow.session.add(
        DisputeMeeting(
            dispute_id=dispute.id,
            tier=dispute.tier,
            meets_at=meets_at,
            place=str(given["meeting_place"]),
            called_by_name=uow.actor.name,
        )
    )
    values = {"time": due_in_words(meets_at), "place": str(given["meeting_place"])}
    for party in dispute.parties:
        notices.tell(uow, case, "meeting_called", values=values, unit_id=party.unit_id)


@step("hazard_handled")
def see_to_hazard(uow: UnitOfWork, case: Case, _given: Answers) -> None:
    """The first receiver has seen to a danger, reported or found; whose duty it is stays open."""
    dispute = dispute_of(uow.session, case)
    dispute.hazard = True
    dispute.hazard_handled_at = uow.now


@service(Phrase("属地兜底", "Give it to the government of the place"))
def assign_fallback_owner(occasion: Occasion) -> None:
    """Nobody ruled in time, or could: the government of the place takes the matter."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    dispute = dispute_of(uow.session, case)
    event = _ended(uow.session, case, TIERS[-1], at)
    outcome = _ask_table(uow, case, TIERS[-1], event, dispute.hazard)
    code = catalogue.fallback_owner(uow.session, case.demand)
    unit = unit_by_code(uow.session, code)
    if unit is None:
        raise Invalid(
            Phrase(
                f"派单目录的属地单位“{code}”不存在，请先登记该单位。",
                f"The unit “{code}” that governs the place is unknown: add it first.",
            )
        )
    _write(uow, case, TIERS[-1], Settlement.FALLBACK, unit, [], str(outcome["what"]), "", at)


@service(
    Phrase("执行协调结果", "Carry the ruling out"),
    results=frozenset({"signed", "contacted", "owner_changed", "co_units"}),
)
def settle_dispute(occasion: Occasion) -> dict[str, object]:
    """The order goes to the unit ruled; the former one keeps it, with its limit, where it is that.

    Units that are to assist get their parts: at once, or with the order (`co_units`). Gives
    `signed`, `contacted`, `owner_changed` and `co_units`, too.
    """
    uow, case, at = occasion.uow, occasion.case, occasion.at
    order = case.ordered
    dispute = dispute_of(uow.session, case)
    ruling = dispute.ruling
    assert ruling is not None  # every way to this service writes one
    clocks.stop(uow, case, f"coordination_{dispute.tier}", at)
    dispute.closed_at = at
    changed = ruling.lead_unit_id != order.lead_unit_id
    for name in UNIT_CLOCKS:
        if changed:
            clocks.stop(uow, case, name, at)
        else:
            go_on(uow, case, name, at, {"ruling": ruling.number})
    if changed:
        put_in_charge(uow, order, ruling.lead_unit_id, at)
        order.dispatched_at, order.signed_at, order.contacted_at = at, None, None
    order.status = OrderStatus.HANDLING if order.signed_at else OrderStatus.DISPATCHED
    catalogue.draft(uow, case.demand, ruling, at)
    history.record(
        uow, case.demand.id, "settle_dispute",
        facts={"dispute": dispute.id, "ruling": ruling.number, "unit": ruling.lead_unit_id}, at=at,
    )  # fmt: skip
    found = [unit_by_code(uow.session, code) for code in ruling.co_units.split()]
    assisting = [unit.id for unit in found if unit is not None]
    if not changed:
        co_handling.open_parts(occasion, assisting)
    return {
        "signed": order.signed_at is not None,
        "contacted": order.contacted_at is not None,
        "owner_changed": changed,
        "co_units": assisting if changed else [],
    }


def go_on(
    uow: UnitOfWork, case: Case, name: str, at: datetime, evidence: Mapping[str, object]
) -> None:
    """The limit goes on if it rests; what it rested is added."""
    clock = engine.clock_of(uow.session, SUBJECT, case.demand.id, name)
    if clock is not None and clock.stopped_at is None and clock.paused_at is not None:
        clock_changes.resume(uow, case, name, at, evidence)


def cause_of(session: Session, request: ReturnRequest, earlier_returns: int) -> str:
    """Why coordination would be opened on a return: what the table of entries is asked with."""
    if is_ruled(session, request.order_id):
        return "ruling_contested"
    if request.bouncing or earlier_returns:
        return "second_return"
    return _OF_REASON.get(request.reason_code, "ownership_unclear")


def is_ruled(session: Session, order_id: int) -> bool:
    """Whether a dispute about the order has been settled before."""
    return bool(_rulings(session, order_id))


def is_final(session: Session, order_id: int) -> bool:
    """Whether the highest tier has settled whose order it is: nothing comes after it."""
    return any(ruling.tier == TIERS[-1] for ruling in _rulings(session, order_id))


def open_disputes(session: Session, tier: int | None = None) -> Sequence[Dispute]:
    """The open disputes, or those of one tier, the oldest first."""
    found = select(Dispute).where(Dispute.closed_at.is_(None)).order_by(Dispute.id)
    if tier is not None:
        found = found.where(Dispute.tier == tier)
    return session.scalars(found.options(joinedload(Dispute.first_unit))).all()


def find_dispute(session: Session, dispute_id: int) -> Dispute:
    """The dispute, open or settled. Raises `NotFound`."""
    found = session.get(Dispute, dispute_id)
    if found is None:
        raise NotFound(Phrase("没有这件权属争议。", "There is no such dispute."))
    return found


def rulings_on(session: Session, category: str, district: str) -> Sequence[Ruling]:
    """What was ruled before on matters of this kind in this place, the latest first."""
    return session.scalars(
        select(Ruling)
        .join(CatalogueChange)
        .where(CatalogueChange.category == category, CatalogueChange.district == district)
        .order_by(Ruling.id.desc())
        .limit(_MOST_RULINGS)
    ).all()


def dispute_of(session: Session, case: Case) -> Dispute:
    """The open dispute about the order. Raises `Conflict` when there is none."""
    found = session.scalar(
        select(Dispute).where(Dispute.order_id == case.ordered.id, Dispute.closed_at.is_(None))
    )
    if found is None:
        raise Conflict(
            Phrase("本单现在没有权属争议。", "There is no dispute about this order now.")
        )
    return found


def _rulings(session: Session, order_id: int) -> Sequence[Ruling]:
    return session.scalars(
        select(Ruling).join(Dispute).where(Dispute.order_id == order_id).order_by(Ruling.id)
    ).all()


def _settle(
    uow: UnitOfWork, case: Case, given: Answers, *, tier: int, settlement: Settlement
) -> None:
    """Write the agreement or ruling down; nothing is written where there was none."""
    if given["settled"] != "yes":
        return
    dispute = dispute_of(uow.session, case)
    _ask_table(uow, case, tier, "settled", dispute.hazard)
    lead = _unit(uow, given, "ruled_unit")
    chosen = given["ruled_co_units"]
    co_handling.check_co_units(uow.session, lead.id, chosen, "ruled_co_units")
    assisting = [uow.session.get_one(HandlingUnit, unit_id) for unit_id in _ids(chosen)]
    _write(
        uow, case, tier, settlement, lead, assisting, str(given["ruling"] or ""),
        str(given.get("minutes") or ""), uow.now,
    )  # fmt: skip


def _write(
    uow: UnitOfWork,
    case: Case,
    tier: int,
    settlement: Settlement,
    lead: HandlingUnit,
    assisting: Sequence[HandlingUnit],
    words: str,
    minutes: str,
    at: datetime,
) -> None:
    dispute = dispute_of(uow.session, case)
    dispute.ruling = Ruling(
        number=next_number(uow, "CD"),
        tier=tier,
        settlement=settlement,
        lead_unit_id=lead.id,
        co_units=" ".join(unit.code for unit in assisting),
        ruled_at=at,
        ruled_by=uow.actor.user_id,
        ruled_by_name=uow.actor.name,
        words=words,
        minutes=minutes,
    )
    uow.session.flush()


def _ask_table(
    uow: UnitOfWork, case: Case, tier: int, event: str, hazard: bool
) -> dict[str, object]:
    asked = {"tier": tier, "event": event, "hazard": hazard}
    return dict(tables.decide(uow, case.demand, "coordination", asked).outputs)


def _ended(session: Session, case: Case, tier: int, at: datetime) -> str:
    """Why a tier ends without a ruling: its limit has passed, or nobody agreed."""
    clock = engine.clock_of(session, SUBJECT, case.demand.id, f"coordination_{tier}")
    due_at = clock.due_at if clock is not None else None
    return "expired" if due_at is not None and at >= due_at else "unsettled"


def _latest_end(session: Session, case: Case, tier: int, at: datetime) -> datetime:
    """When the last tier ends if none of them settles the matter, from `tier` on."""
    calendar = clocks.calendar_of(session, None)
    for number in range(tier, TIERS[-1] + 1):
        terms = clocks.terms_of(session, case.demand, f"coordination_{number}")
        at = clocks.due_of(calendar, at, terms).due_at
    return at


def _party(session: Session, dispute: Dispute, unit_id: int, part: str) -> DisputeParty:
    for party in dispute.parties:
        if party.unit_id == unit_id:
            return party
    party = DisputeParty(dispute_id=dispute.id, unit_id=unit_id, part=part, position="")
    dispute.parties.append(party)
    session.flush()
    return party


def _request(session: Session, order: WorkOrder) -> ReturnRequest | None:
    return session.scalar(
        select(ReturnRequest)
        .where(ReturnRequest.order_id == order.id)
        .order_by(ReturnRequest.number.desc())
        .limit(1)
    )


def _unit(uow: UnitOfWork, given: Answers, field: str) -> HandlingUnit:
    unit = uow.session.get(HandlingUnit, given[field] or 0)
    if unit is None or not unit.active:
        raise Invalid(
            Phrase("请选择承办单位。", "Name the unit."),
            {field: Phrase("请从列表中选择承办单位。", "Choose a unit from the list.")},
        )
    return unit


def _ids(value: object) -> list[int]:
    return [int(str(one)) for one in value] if isinstance(value, list) else []

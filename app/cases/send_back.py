"""A unit sends an order back; what it must give and where that goes is the table `return_request`.

What the decision does to clocks, counters and the way the order takes is `return_decision`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import (
    clock_changes,
    clocks,
    co_handling,
    coordinating,
    history,
    merging,
    suspending,
    tables,
)
from app.cases.answers import Answers
from app.cases.charge import put_in_charge
from app.cases.coordinating import UNIT_CLOCKS
from app.cases.models.part import Relation
from app.cases.models.procedure import Procedure
from app.cases.models.send_back import ReturnRequest
from app.cases.models.work_order import OrderStatus
from app.cases.notices import register_messages
from app.cases.orders import SUBJECT, Case
from app.cases.procedures import procedures_of
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core import facts
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ClockRow, MessageWaitRow
from app.identity.models import HandlingUnit
from app.identity.policy import Role

register_messages(
    {
        "return_waiting": (
            Role.DUTY_MANAGER,
            Phrase(
                "工单{number}“{title}”的退单申请超时未审，请尽快审核。",
                "The return of {number} “{title}” waits too long: please decide.",
            ),
        ),
        "return_refused": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的退单申请未获同意，请继续办理，已用时间不返还。",
                "The return of {number} “{title}” was refused: go on, no time is given back.",
            ),
        ),
        "supplemented": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的要素已补齐，请继续办理。",
                "The facts of {number} “{title}” are complete now: please go on.",
            ),
        ),
        "supplement_waiting": (
            Role.DUTY_MANAGER,
            Phrase(
                "工单{number}“{title}”的补充要素已超时，请督促话务员。",
                "The facts of {number} “{title}” are still missing: please see to it.",
            ),
        ),
    }
)


@step("return_before_signing", gives={"return_route", "bouncing", "decision"})
@step("return_after_signing", gives={"return_route", "bouncing", "decision"})
def ask(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The liaison sends the order back with a reason. Gives `return_route`.

    Raises `Invalid` with the table's reason where the request is not admitted, `Conflict` where
    this unit has no return left, or the leader's ruling stands.
    """
    suspending.go_on(uow, case)
    order = case.ordered
    answer = tables.decide(
        uow,
        case.demand,
        "return_request",
        {
            "reason_code": given["reason_code"],
            "within_window": clocks.within(case, uow.session, "return_window", uow.now),
            "earlier_returns": order.returned_count,
            "has_basis": bool(given["return_basis"]),
            "has_suggested_unit": bool(given["suggested_unit"]),
        },
    ).outputs
    if not answer["admitted"]:
        fields = {"basis": "return_basis", "suggested_unit": "suggested_unit"}
        missing = fields.get(answer["must_add"])
        reason = Phrase(f"{answer['reason']}。", f"{answer['reason_en']}.")
        raise Invalid(reason, {missing: reason} if missing else {})
    suggested = _suggested(uow, case, given)
    route = str(answer["route"])
    _require_open(uow.session, case, route)
    assert order.lead_unit_id is not None  # only an order with a unit can be returned
    request = ReturnRequest(
        order_id=order.id,
        unit_id=order.lead_unit_id,
        number=len(requests_of(uow.session, order.id)) + 1,
        asked_at=uow.now,
        asked_by_name=uow.actor.name,
        reason_code=str(given["reason_code"]),
        statement=str(given["return_statement"]),
        legal_basis=str(given["return_basis"] or ""),
        suggested_unit_id=suggested,
        hazard=bool(given["hazard"]),
        route=route,
        bouncing=bool(answer["bouncing"]),
    )
    uow.session.add(request)
    uow.session.flush()
    order.status = OrderStatus.RETURN_ASKED
    if request.bouncing:
        facts.happened(
            uow, "bouncing", case.demand.id, request=request.id, unit=request.unit_id,
            returned_units=len({one.unit_id for one in requests_of(uow.session, order.id)}),
        )  # fmt: skip
    decided = {"decision": "coordinate"} if route == "coordination" else {}
    return {"return_route": route, "bouncing": request.bouncing, **decided}


@step("decide_return_request", gives={"decision"})
def decide(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The dispatcher decides; another unit must be named where the order is to go to one."""
    verdict = str(given["return_verdict"])
    order = case.ordered
    request = request_of(uow.session, case)
    if verdict in {"dispatch_error", "other_unit"}:
        unit = uow.session.get(HandlingUnit, given["new_lead_unit"] or 0)
        if unit is None or not unit.active or unit.id == order.lead_unit_id:
            raise Invalid(
                Phrase("改派须选择另一个承办单位。", "Name another unit that the order goes to."),
                {"new_lead_unit": Phrase("请选择承办单位。", "Choose the unit.")},
            )
        order.next_unit_id = unit.id
    if verdict == "refused" and not given["return_opinion"]:
        raise Invalid(
            Phrase("不同意退单的，须写明理由。", "When refusing, say why."),
            {"return_opinion": Phrase("请写明理由。", "Say why.")},
        )
    if verdict == "merge":
        merging.join(uow, case, str(given["merge_number"] or ""))
    request.decided_by_name = uow.actor.name
    return {"decision": verdict}


@service(
    Phrase("登记退单结果", "Record the outcome of a return"),
    results=frozenset({"signed", "contacted", "cause"}),
    decision=str,
)
def settle_return(occasion: Occasion, decision: str) -> dict[str, object]:
    """Counters, clocks and unit as the table says for the decision.

    Gives `signed` and `contacted`: whether the unit in charge now has done so, and `cause`, for
    which coordination would be opened.
    """
    uow, case, at = occasion.uow, occasion.case, occasion.at
    order = case.ordered
    request = request_of(uow.session, case)
    effect = tables.answer(
        uow.session, case.demand, "return_decision", {"decision": decision}
    ).outputs
    request.decision, request.decided_at = decision, at
    request.counts_as_return = bool(effect["counts_as_return"])
    request.counts_against_unit = bool(effect["counts_against_unit"])
    request.may_return_again = bool(effect["may_return_again"])
    cause = coordinating.cause_of(uow.session, request, order.returned_count)
    if request.counts_as_return:
        order.returned_count += 1
    clocks.stop(uow, case, "return_decision", at)
    evidence = {"return_request": request.id, "decision": decision}
    for name in UNIT_CLOCKS:
        _change(uow, case, name, str(effect["handling_clock"]), at, evidence)
    _change(uow, case, "total", str(effect["total_clock"]), at, evidence)
    match effect["next"]:
        case "re_dispatch":
            put_in_charge(uow, order, order.next_unit_id, at)
            order.next_unit_id = None
            order.dispatched_at, order.signed_at, order.contacted_at = at, None, None
            order.status = OrderStatus.DISPATCHED
        case "keep_unit":
            order.status = OrderStatus.HANDLING if order.signed_at else OrderStatus.DISPATCHED
        case "coordination":
            order.status = OrderStatus.IN_COORDINATION
    history.record(
        uow,
        case.demand.id,
        "settle_return",
        facts={"request": request.id, "decision": decision, "unit": request.unit_id},
        at=at,
    )
    return {
        "signed": order.signed_at is not None,
        "contacted": order.contacted_at is not None,
        "cause": cause,
    }


@step("supplement")
def supplement(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The agent fills in what was missing; the unit goes on, and its rested limit with it."""
    case.demand.content += f"\n【补充】{given['supplement_note']}"
    if given["supplement_address"]:
        case.demand.address = str(given["supplement_address"])
    clocks.stop(uow, case, "supplement", uow.now)
    for name in UNIT_CLOCKS:
        coordinating.go_on(uow, case, name, uow.now, {"supplemented": uow.now.isoformat()})
    order = case.ordered
    order.status = OrderStatus.HANDLING if order.signed_at else OrderStatus.DISPATCHED


def requests_of(session: Session, order_id: int) -> Sequence[ReturnRequest]:
    """The requests to send an order back, the oldest first."""
    return session.scalars(
        select(ReturnRequest)
        .where(ReturnRequest.order_id == order_id)
        .order_by(ReturnRequest.number)
    ).all()


def request_of(session: Session, case: Case) -> ReturnRequest:
    """The request that is to be decided, or was last. Raises `Conflict` where there is none."""
    found = requests_of(session, case.ordered.id)
    if not found:
        raise Conflict(Phrase("没有待审核的退单申请。", "No return waits to be decided."))
    return found[-1]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision on the return would do: in the words of the table, to the unit's limits and
    counters, and whether the order leaves its unit at once.
    """

    decision: str
    words: Phrase
    unit_limits: str
    counts_against_unit: bool
    leaves_unit: bool


def plans(session: Session, case: Case, decisions: Sequence[str]) -> list[Plan]:
    """For each decision that may be taken: what it would do. Nothing is stored."""
    found = []
    for decision in decisions:
        effect = tables.answer(
            session, case.demand, "return_decision", {"decision": decision}
        ).outputs
        found.append(
            Plan(
                decision,
                Phrase(str(effect["reason"]), str(effect["reason_en"])),
                str(effect["handling_clock"]),
                bool(effect["counts_against_unit"]),
                effect["next"] == "re_dispatch",
            )
        )
    return found


class Fate(StrEnum):
    """What becomes of something that runs beside an order when the order leaves its unit."""

    ENDS = "ends"
    GOES_ON = "goes_on"
    """For the new lead unit; it ends where its own unit leads from now on."""
    UNTOUCHED = "untouched"


def beside(session: Session, case: Case) -> list[tuple[Procedure, Fate]]:
    """What runs beside the order now, and what would become of each if the order left its unit."""
    going_on = procedures_of(session, case.demand.id, only_open=True)
    leaving = set(
        session.scalars(
            select(MessageWaitRow.process_id).where(
                MessageWaitRow.process_id.in_([one.process_id for one in going_on]),
                MessageWaitRow.kind == "signal",
                MessageWaitRow.name == "order_left_unit",
            )
        )
    )
    found = []
    for one in going_on:
        fate = Fate.ENDS if one.process_id in leaving else Fate.UNTOUCHED
        if fate is Fate.ENDS and one.kind == co_handling.KIND:
            part = co_handling.part_of(session, Case(case.demand, one))
            if part.relation == Relation.CO or part.above_id is not None:
                fate = Fate.GOES_ON
        found.append((one, fate))
    return found


def limits_now(session: Session, case: Case) -> list[ClockRow]:
    """The limits of the unit that run or rest now."""
    found = (engine.clock_of(session, SUBJECT, case.demand.id, name) for name in UNIT_CLOCKS)
    return [clock for clock in found if clock is not None and clock.stopped_at is None]


def _suggested(uow: UnitOfWork, case: Case, given: Answers) -> int | None:
    if not given["suggested_unit"]:
        return None
    unit = uow.session.get(HandlingUnit, given["suggested_unit"])
    if unit is None or not unit.active or unit.id == case.ordered.lead_unit_id:
        wrong = Phrase("请选择本单位以外的承办单位。", "Choose a unit other than your own.")
        raise Invalid(wrong, {"suggested_unit": wrong})
    return unit.id


def _require_open(session: Session, case: Case, route: str) -> None:
    """What was refused is not asked again, and the leader's ruling stands."""
    order = case.ordered
    if route == "coordination" and coordinating.is_final(session, order.id):
        raise Conflict(
            Phrase(
                "本单归属已由分管领导裁定，不再受理退单，请按裁定办理。",
                "The leader has ruled whose order it is: it cannot be sent back any more.",
            )
        )
    mine = [one for one in requests_of(session, order.id) if one.unit_id == order.lead_unit_id]
    if route not in {"coordination", "transfer_110"} and mine and not mine[-1].may_return_again:
        raise Conflict(
            Phrase(
                "本单位的退单申请已审核过，不能再次退单；权属有争议的，请以权属不清申请协调。",
                "Your unit's return was decided before and cannot be asked again; where ownership "
                "is disputed, ask for coordination.",
            )
        )


def _change(
    uow: UnitOfWork,
    case: Case,
    name: str,
    effect: str,
    at: datetime,
    evidence: Mapping[str, object],
) -> None:
    """What the table says of a limit: it rests, ends, or goes on. A restart is the next run's."""
    if effect == "pause":
        clock_changes.pause(uow, case, name, at, evidence)
    elif effect in {"stop", "restart"}:
        clocks.stop(uow, case, name, at)

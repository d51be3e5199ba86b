"""The duty manager's free hand: put an order elsewhere, give it to another unit, or cancel it.

What the diagram would not do by itself, for the case nobody foresaw. A reason and the evidence are
required; what it does to tasks and limits is shown before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import answers, clocks, history, merging, notices, queries
from app.cases.charge import put_in_charge
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import DispatchMode, OrderStatus, StepRecord
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import SUBJECT, Case, take
from app.cases.procedures import procedures_of
from app.core import audit
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ClockRow, HumanTaskRow, ProcessRow
from app.engine.diagram import Element, Process
from app.engine.forms import Field, FieldType, Form
from app.identity.models import HandlingUnit
from app.identity.policy import UNIT_ROLES, Role, require

PERMISSION = "order.free_hand"
ELEMENT = "free_hand"
"""Under this name the reasons are kept among the records of the case."""


class Move(StrEnum):
    """What the duty manager may do."""

    JUMP = "jump"
    REASSIGN = "reassign"
    CANCEL = "cancel"


_WHY = (
    Field(
        "reason",
        FieldType.LONG_TEXT,
        Phrase("处置理由", "Reason"),
        required=True,
        max_length=2000,
    ),
    Field(
        "evidence",
        FieldType.TEXT,
        Phrase("依据（批示、会议纪要、文号）", "Evidence: instruction, minutes, document number"),
        required=True,
        max_length=300,
    ),
)
FORMS = {
    Move.JUMP: Form(
        (
            Field("node", FieldType.TEXT, Phrase("跳转到", "Go to"), required=True, max_length=80),
            *_WHY,
        )
    ),
    Move.REASSIGN: Form(
        (Field("unit", FieldType.UNIT, Phrase("改派单位", "New unit"), required=True), *_WHY)
    ),
    Move.CANCEL: Form(_WHY),
}

register_messages(
    {
        "taken_away": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”已由值班长调整，不再由贵单位办理当前环节。",
                "The duty manager moved {number} “{title}”: your unit's present step is void.",
            ),
        ),
        "order_cancelled": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}已终止办理，详情可凭编号和查询码查询。",
                "Your demand {number} is not handled any further: ask with the query code.",
            ),
        ),
    }
)

_HANDLING = "handle"
"""The sub-process in which the unit's limit runs."""
_LEAVING = "order_leaves"
"""Where the diagram sends an order on to a unit."""
_KEPT = "total"
"""The promise to the requester runs on through everything."""

_ABOUT_A_UNIT = frozenset({"supplement"})
"""Nodes from which the diagram goes back to the unit."""
_AFTER_AN_ANSWER = frozenset({"ask_requester", "re_handle"})
"""Nodes that are about an answer, of a unit or of the centre: who answered may have to again."""

_STATUS_AT = {
    "supplement": OrderStatus.RETURN_ASKED,
    "dispatch": OrderStatus.PENDING_DISPATCH,
    "coordinate": OrderStatus.IN_COORDINATION,
    "sign_for": OrderStatus.DISPATCHED,
    _HANDLING: OrderStatus.HANDLING,
    "first_contact": OrderStatus.SIGNED,
    "reply": OrderStatus.HANDLING,
    "approve_reply": OrderStatus.IN_APPROVAL,
    "review_reply": OrderStatus.FEEDBACK,
    "ask_requester": OrderStatus.PENDING_CALLBACK,
    "re_handle": OrderStatus.PENDING_JUDGEMENT,
    "close": OrderStatus.PENDING_CLOSURE,
    "sign_closure": OrderStatus.PENDING_CLOSURE,
}
"""What an order is called at a node; at a designer's own it keeps its name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What going to a node does, before it is done."""

    element: Element
    entry: str
    """Where the process is put: before the node, where the diagram starts its clock."""
    ends: Sequence[HumanTaskRow]
    """The open steps of the main process that become void."""
    stops: tuple[str, ...]
    """Clocks that stop."""
    starts: tuple[str, ...]
    """Clocks that start or start anew."""
    goes_on: tuple[str, ...]
    """Clocks that run on, or go on within their original limit."""
    why_not: Phrase | None


def plans(session: Session, case: Case) -> list[Plan]:
    """Every node the order may be put at, in the order of the diagram, each with what it does."""
    process = _process(session, case)
    bundle = engine.bundle_of_process(session, process.id)
    diagram = bundle.processes[bundle.main]
    return [
        plan(session, case, element)
        for element in diagram.elements.values()
        if element.kind in {"userTask", "callActivity"} and element.id in _after_the_order(diagram)
    ]


def plan(session: Session, case: Case, element: Element) -> Plan:
    """What putting the order at a node does."""
    process = _process(session, case)
    bundle = engine.bundle_of_process(session, process.id)
    diagram = bundle.processes[bundle.main]
    running = {clock.name for clock in _clocks(session, case) if clock.stopped_at is None}
    ran = {clock.name for clock in _clocks(session, case)}
    starter = _starter(diagram, element)
    starts: set[str] = set()
    goes_on = {_KEPT} & running
    if starter is not None:
        starts = {_clock_of(starter)}
    inside = element.scope == _HANDLING and element.id != "review_reply"
    if inside:
        (goes_on if "handling" in ran else starts).add("handling")
    order = case.ordered
    needs_unit = element.role in UNIT_ROLES or inside or element.id in _ABOUT_A_UNIT
    if element.id in _AFTER_AN_ANSWER:
        needs_unit = order.dispatch_mode != DispatchMode.SELF
    why_not = None
    if needs_unit and order.lead_unit_id is None:
        why_not = Phrase("工单还没有承办单位。", "The order has no unit yet.")
    elif element.id == "sign_closure" and order.closing_reason is None:
        why_not = Phrase(
            "工单还没有办结结论，无从签字；请转到“办结归档”。",
            "There is no reason for closing yet that could be signed: go to “close”.",
        )
    return Plan(
        element,
        starter.id if starter is not None else element.id,
        ends=[t for t in queries.open_tasks(session, case.demand.id) if not t.scope],
        stops=tuple(sorted(running - goes_on)),
        starts=tuple(sorted(starts)),
        goes_on=tuple(sorted(goes_on)),
        why_not=why_not,
    )


def jump(uow: UnitOfWork, demand_id: int, given: Mapping[str, object]) -> Case:
    """Put the order at a node of its diagram. Raises `NotAllowed`, `Invalid`, `Conflict`."""
    case, checked = _begin(uow, demand_id, Move.JUMP, given)
    chosen = next(
        (one for one in plans(uow.session, case) if one.element.id == checked["node"]), None
    )
    if chosen is None or chosen.why_not is not None:
        reason = chosen.why_not if chosen is not None and chosen.why_not is not None else None
        sentence = reason or Phrase("请从列表中选择环节。", "Choose a step from the list.")
        raise Invalid(sentence, {"node": sentence})
    _record(uow, case, Move.JUMP, checked, to=chosen.element.id, entry=chosen.entry)
    _tell_unit(uow, case)
    _move_clocks(uow, case, chosen)
    order = case.ordered
    order.status = _STATUS_AT.get(chosen.element.id, order.status)
    if chosen.element.id == "dispatch":
        put_in_charge(uow, order, None, uow.now)
    if chosen.element.id in _AFTER_AN_ANSWER:
        order.reviewed_at = order.reviewed_at or uow.now  # callbacks count from the review
    if order.status in {OrderStatus.PENDING_DISPATCH, OrderStatus.DISPATCHED}:
        order.signed_at = order.contacted_at = None
    engine.jump(uow, _process(uow.session, case).id, chosen.entry)
    return case


def reassign(uow: UnitOfWork, demand_id: int, given: Mapping[str, object]) -> Case:
    """Give the order to another unit, which signs for it; the total limit runs on.

    Raises `NotAllowed`, `Invalid`, `Conflict`.
    """
    case, checked = _begin(uow, demand_id, Move.REASSIGN, given)
    unit = uow.session.get(HandlingUnit, checked["unit"] or 0)
    if unit is None or not unit.active or unit.id == case.ordered.lead_unit_id:
        sentence = Phrase("请选择另一个在用的承办单位。", "Choose another unit that is active.")
        raise Invalid(sentence, {"unit": sentence})
    _record(uow, case, Move.REASSIGN, checked, unit_before=case.ordered.lead_unit_id, unit=unit.id)
    _tell_unit(uow, case)
    give_to(uow, case, unit)
    return case


def give_to(uow: UnitOfWork, case: Case, unit: HandlingUnit) -> None:
    """The order is dispatched to `unit`, whatever it was doing: as after a return."""
    for clock in _clocks(uow.session, case):
        if clock.stopped_at is None and clock.name != _KEPT:
            clocks.stop(uow, case, clock.name, uow.now)
    order = case.ordered
    order.dispatch_mode = DispatchMode.ASSIGN
    put_in_charge(uow, order, unit.id, uow.now)
    order.next_unit_id = None
    order.dispatched_at, order.signed_at, order.contacted_at = uow.now, None, None
    order.status = OrderStatus.DISPATCHED
    engine.jump(uow, _process(uow.session, case).id, _LEAVING)


def cancel(uow: UnitOfWork, demand_id: int, given: Mapping[str, object]) -> Case:
    """End the order with all that runs beside it; the requester is told.

    Raises `NotAllowed`, `Invalid`, `Conflict`.
    """
    case, checked = _begin(uow, demand_id, Move.CANCEL, given)
    _record(uow, case, Move.CANCEL, checked)
    _tell_unit(uow, case)
    for procedure in procedures_of(uow.session, demand_id, only_open=True):
        if procedure.process_id is not None:
            engine.cancel(uow, procedure.process_id)
        clocks.stop_all(uow, Case(case.demand, procedure), uow.now)
        procedure.closed_at = uow.now
        procedure.outcome = "cancelled"
    engine.cancel(uow, _process(uow.session, case).id)
    clocks.stop_all(uow, case, uow.now)
    order = case.ordered
    order.status, order.closed_at = OrderStatus.CLOSED, uow.now
    order.closing_reason = "cancelled"
    case.demand.status, case.demand.closed_at = DemandStatus.CLOSED, uow.now
    notices.tell(uow, case, "order_cancelled")
    merging.tell_joined(uow, case)
    return case


def _begin(
    uow: UnitOfWork, demand_id: int, move: Move, given: Mapping[str, object]
) -> tuple[Case, answers.Answers]:
    """Take, let due deadlines pass, require, check; `Conflict` for an order that is over."""
    require(uow.actor, PERMISSION)
    case = take(uow, demand_id)
    checked = answers.check(FORMS[move], given, uow.actor.roles)
    if case.ordered.closed_at is not None:
        raise _over()
    _process(uow.session, case)
    return case, checked


def _process(session: Session, case: Case) -> ProcessRow:
    process = session.get(ProcessRow, case.demand.process_id)
    if case.order is None or process is None or process.status not in {"active", "stuck"}:
        raise _over()
    return process


def _over() -> Conflict:
    return Conflict(
        Phrase(
            "工单已办结或尚未生成，不能处置；已办结的请先重新办理。",
            "The order is closed or not made yet: it cannot be moved. Reopen a closed one first.",
        )
    )


def _move_clocks(uow: UnitOfWork, case: Case, chosen: Plan) -> None:
    for name in chosen.stops:
        clocks.stop(uow, case, name, uow.now)
    for clock in _latest(uow.session, case):
        if clock.name in chosen.goes_on and clock.stopped_at is not None:
            engine.continue_clock(uow, SUBJECT, case.demand.id, clock.name, uow.now, 0)
            history.record(uow, case.demand.id, "continue_clock", facts={"clock": clock.name})
    if chosen.entry == chosen.element.id:
        for name in chosen.starts:  # no service of the diagram starts it on this way
            clocks.start(uow, case, name, name, uow.now)


def _clocks(session: Session, case: Case) -> list[ClockRow]:
    return list(
        session.scalars(
            select(ClockRow)
            .where(
                ClockRow.subject_kind == SUBJECT,
                ClockRow.subject_id == case.demand.id,
                ClockRow.scope == 0,
            )
            .order_by(ClockRow.id)
        )
    )


def _latest(session: Session, case: Case) -> list[ClockRow]:
    """The last run of each clock."""
    return list({clock.name: clock for clock in _clocks(session, case)}.values())


def _starter(diagram: Process, element: Element) -> Element | None:
    """The service that starts the clock of a node: before it, with only gateways in between."""
    around = [element]
    for _step in range(3):
        before = [
            diagram.elements[diagram.flows[flow].source] for one in around for flow in one.incoming
        ]
        for found in before:
            if found.service is not None and found.service.name == "start_clock":
                return found
        around = [one for one in before if one.kind.endswith("Gateway")]
    return None


def _clock_of(starter: Element) -> str:
    assert starter.service is not None
    [clock] = [one.value for one in starter.service.parameters if one.name == "clock"]
    return clock.text.strip().strip('"')


def _after_the_order(diagram: Process) -> set[str]:
    """The nodes that lie behind the making of the order: the others ask about a mere demand."""
    todo, found = ["create_order"], set[str]()
    while todo:
        element = diagram.elements[todo.pop()]
        if element.id in found:
            continue
        found.add(element.id)
        todo += [diagram.flows[flow].target for flow in element.outgoing]
        todo += [one.id for one in diagram.attached(element.id)]
        todo += [one.id for one in diagram.within(element.id)]
    return found


def _tell_unit(uow: UnitOfWork, case: Case) -> None:
    if case.unit_id is not None:
        notices.tell(uow, case, "taken_away")


def _record(
    uow: UnitOfWork, case: Case, move: Move, checked: answers.Answers, **facts: object
) -> None:
    """Keep reason and evidence with a salt, and their digest in the chain."""
    text = orjson.dumps(checked, option=orjson.OPT_SORT_KEYS, default=str).decode()
    salt = audit.salt()
    kept = StepRecord(
        demand_id=case.demand.id,
        element_id=ELEMENT,
        done_at=uow.now,
        done_by=uow.actor.user_id,
        done_by_name=uow.actor.name,
        answers=text,
        salt=salt,
    )
    uow.session.add(kept)
    uow.session.flush()
    history.record(
        uow,
        case.demand.id,
        f"free_hand_{move}",
        facts={"record": audit.digest_of_text(salt, text), **facts},
        record_id=kept.id,
    )

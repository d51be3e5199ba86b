"""Co-handling and lower tiers: units that have a part of an order which another one answers.

One unit leads and answers the requester; a part has its own unit, limit and answer, and never
holds up the order. What a unit owes it is measured by: late and missing answers are its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clocks, history, notices
from app.cases.acts import sent_by
from app.cases.answers import Answers
from app.cases.heirs import heir_of
from app.cases.models.part import Part, Relation
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import OrderStatus
from app.cases.notices import register_messages
from app.cases.orders import SUBJECT, Case, find_in_scope
from app.cases.procedures import begin, close_procedure, open_procedure, opening, procedures_of
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.models import HandlingUnit
from app.identity.policy import Role

KIND = "sub_order"
CLOCK = "part"
STAGES = {Relation.CO: "co_handling", Relation.LOWER: "lower_tier_handling"}
"""Which row of the table of time limits a part is limited by."""

IN_HANDS = frozenset(
    {
        OrderStatus.DISPATCHED,
        OrderStatus.SIGNED,
        OrderStatus.HANDLING,
        OrderStatus.IN_APPROVAL,
        OrderStatus.RE_HANDLING,
        OrderStatus.SUSPENDED,
    }
)
"""An order in these states is in the hands of its lead unit."""

_DONE_WITH = frozenset(
    {
        OrderStatus.FEEDBACK,
        OrderStatus.PENDING_CALLBACK,
        OrderStatus.PENDING_JUDGEMENT,
        OrderStatus.PENDING_CLOSURE,
        OrderStatus.CLOSED,
        OrderStatus.ARCHIVED,
    }
)

clocks.NAMES[CLOCK] = Phrase("协办及下级时限", "Part of another unit")

register_messages(
    {
        "part_given": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”有一项任务交由贵单位办理，请在时限内答复交办单位。",
                "A part of work order {number} “{title}” is your unit's: answer within its limit.",
            ),
        ),
        "part_due_soon": (
            Role.UNIT_HANDLER,
            Phrase(
                "工单{number}“{title}”中贵单位的任务即将到期，请尽快答复交办单位。",
                "Your unit's part of {number} “{title}” is due soon: please answer.",
            ),
        ),
        "part_overdue": (
            Role.UNIT_APPROVER,
            Phrase(
                "工单{number}“{title}”中贵单位的任务已超期，请督促答复。",
                "Your unit's part of {number} “{title}” is overdue.",
            ),
        ),
        "part_late": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”：{unit}逾期未答复其任务，已计入该单位。",
                "{number} “{title}”: {unit} has not answered its part in time; that is its own.",
            ),
        ),
        "part_answered": (
            Role.UNIT_HANDLER,
            Phrase(
                "工单{number}“{title}”：{unit}已答复其任务，请并入贵单位的办理。",
                "{number} “{title}”: {unit} has answered its part; take it up in your handling.",
            ),
        ),
        "part_came_back": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”：{unit}退回了贵单位转派的任务，请自行办理或另行转派。",
                "{number} “{title}”: {unit} gave back what you passed on: handle it, or pass it on "
                "to another unit.",
            ),
        ),
        "part_return_asked": (
            Role.DISPATCHER,
            Phrase(
                "工单{number}“{title}”的协办单位申请退回协办任务，请审核。",
                "A co-unit of {number} “{title}” asks to be released: please decide.",
            ),
        ),
        "part_return_refused": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”：退回协办的申请未获同意，请按原时限答复。",
                "{number} “{title}”: your part stays yours; the limit is the same.",
            ),
        ),
        "part_taken_back": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”交由贵单位的任务已收回，不必再办。",
                "Your unit's part of {number} “{title}” was taken back: no answer is needed.",
            ),
        ),
    }
)


@opening(KIND)
def why_not_now(session: Session, case: Case, actor: Actor, _now: datetime) -> Phrase | None:
    """Parts are given while the lead unit has the order in its hands."""
    order = case.order
    if order is None or order.status not in IN_HANDS:
        return Phrase(
            "工单在承办单位办理期间，才能增加协办单位或转派下级。",
            "Units are added while the order is in the hands of its lead unit.",
        )
    leads = order.lead_unit_id == actor.unit_id and Role.UNIT_LIAISON in actor.roles
    if leads and not lower_units(session, order.lead_unit_id):
        return Phrase("本单位没有下级承办单位。", "Your unit has no units below it.")
    return None


@service(
    Phrase("下达协办任务", "Give the co-units their parts"),
    results=frozenset({"units"}),
    units=list,
)
def open_parts(occasion: Occasion, units: Sequence[int] | None) -> dict[str, object]:
    """Each co-unit that was named, or its heir, gets its part, unless it has one or leads.

    Gives `units`: none is left.
    """
    uow, case = occasion.uow, occasion.case
    if units:
        busy = {
            one.unit_id for one in procedures_of(uow.session, case.demand.id, KIND, only_open=True)
        }
        category = case.demand.category
        heirs = [heir_of(uow.session, unit_id, category) for unit_id in units]
        for unit_id in dict.fromkeys(heirs):
            if unit_id is not None and unit_id not in busy and unit_id != case.unit_id:
                _give(uow, case, unit_id, Relation.CO, None, occasion.at)
    return {"units": []}


def check_co_units(
    session: Session, lead_unit_id: int, chosen: object, field: str = "co_units"
) -> None:
    """Raise `Invalid` unless the units chosen in `field` may assist the lead unit."""
    for unit_id in chosen if isinstance(chosen, list) else []:
        unit = session.get(HandlingUnit, unit_id)
        if unit is None or not unit.active:
            raise _wrong(field, "请从列表中选择协办单位。", "Choose co-units from the list.")
        if unit.id == lead_unit_id:
            raise _wrong(
                field, "协办单位不能与主办单位相同。", "The lead unit cannot assist itself."
            )


@step("co_unit_added", gives={"part_stage"})
def add_co_unit(uow: UnitOfWork, made: Case, given: Answers) -> Facts:
    """The dispatcher adds a co-unit while the others work. Gives `part_stage`."""
    unit = _free_unit(uow, made.main, "co_unit", given["co_unit"])
    return _describe(uow, made, unit.id, Relation.CO, given["part_task"])


@step("passed_down", gives={"part_stage"})
def pass_down(uow: UnitOfWork, made: Case, given: Answers) -> Facts:
    """The lead unit passes its order on to a unit of its own, and still answers for it."""
    unit = _lower_unit(uow, made.main, given["lower_unit"])
    return _describe(uow, made, unit.id, Relation.LOWER, given["part_task"])


@step("part_passed_down")
def pass_part_down(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """A unit passes its part on to a unit of its own: a part of a part, with its own limit."""
    unit = _lower_unit(uow, case, given["lower_unit"])
    _give(uow, case, unit.id, Relation.LOWER, _text(given["part_task"]), uow.now)


@service(Phrase("系统代为签收", "Sign for the part"))
def sign_part(occasion: Occasion) -> None:
    """A part counts as signed for when it arrives: its limit runs from then on."""
    part_of(occasion.uow.session, occasion.case).signed_at = occasion.at


@step("answer_part")
def answer(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The unit answers the unit that gave it the part."""
    part = part_of(uow.session, case)
    part.answer, part.answered_at = str(given["part_answer"]), uow.now


@service(Phrase("登记任务超期", "The part is overdue"))
def mark_part_overdue(occasion: Occasion) -> None:
    """The lateness is the unit's own; whoever waits for the answer is told."""
    uow, case = occasion.uow, occasion.case
    part_of(uow.session, case).overdue = True
    history.record(
        uow,
        case.demand.id,
        "mark_part_overdue",
        facts={"procedure": case.scope, "unit": case.unit_id},
        at=occasion.at,
    )
    _tell_giver(occasion, "part_late")


@service(Phrase("告知交办单位", "Tell the unit that gave the part"), message=str)
def notify_giver(occasion: Occasion, message: str) -> None:
    """Send a message to the people of the unit that is answered."""
    _tell_giver(occasion, message)


@service(Phrase("结束任务", "Close the part"), outcome=str)
def close_part(occasion: Occasion, outcome: str) -> None:
    """The part has ended with `outcome`, and with it the parts that were given for it."""
    close_procedure(occasion, outcome)
    waiting = occasion.uow.session.scalars(
        select(Procedure)
        .join(Part, Part.procedure_id == Procedure.id)
        .where(Part.above_id == occasion.case.scope, Procedure.closed_at.is_(None))
        .order_by(Procedure.id)
    )
    for below in waiting.all():
        assert below.process_id is not None  # open_procedure made both
        engine.send(occasion.uow, below.process_id, "part_ended_above", at=occasion.at)


@service(
    Phrase("核对工单去向", "Look where the order has gone"), results=frozenset({"part_outcome"})
)
def settle_unanswered_part(occasion: Occasion) -> dict[str, object]:
    """What becomes of a part without an answer, once the order has left its unit.

    Gives `part_outcome`: `missing` where the order was answered without it, counted to the unit
    of the part; `void` where who gave it has nothing to do with the order any more, or the unit
    leads it now; else `goes_on`, for the new lead unit.
    """
    uow, case = occasion.uow, occasion.case
    part, order = part_of(uow.session, case), case.ordered
    if order.status in _DONE_WITH:
        return {"part_outcome": "missing" if order.replied_at is not None else "void"}
    if part.above_id is not None:
        return {"part_outcome": "goes_on"}
    if part.relation == Relation.LOWER or case.unit_id == order.lead_unit_id:
        return {"part_outcome": "void"}
    part.giver_unit_id = order.lead_unit_id
    return {"part_outcome": "goes_on"}


@step("part_return_asked", gives={"relation"})
def ask_release(uow: UnitOfWork, case: Case, _given: Answers) -> Facts:
    """The unit gives its part back. Gives `relation`: a co-unit's is decided by the dispatcher."""
    return {"relation": part_of(uow.session, case).relation}


@step("decide_part_return")
def decide_release(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The dispatcher releases the co-unit, sets another in its place, or keeps it."""
    if given["part_verdict"] == "replaced":
        _replace(uow, case, given["replacing_unit"])
    if given["part_verdict"] == "refused" and not given["part_opinion"]:
        raise Invalid(
            Phrase("不同意退回的，须写明理由。", "When refusing, say why."),
            {"part_opinion": Phrase("请写明理由。", "Say why.")},
        )


@step("part_withdrawn")
def withdraw(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The dispatcher takes the part back, and may give it to another unit at once."""
    if given["replacing_unit"]:
        _replace(uow, case, given["replacing_unit"])


@sent_by("part_called_back")
def giver_of(session: Session, case: Case) -> int | None:
    """What a unit has passed on to a unit of its own it may take back itself; a co-unit's part was
    given by the centre.
    """
    part = part_of(session, case)
    return part.giver_unit_id if part.relation == Relation.LOWER else None


def _replace(uow: UnitOfWork, case: Case, chosen: object) -> None:
    unit = _free_unit(uow, case, "replacing_unit", chosen)
    part = part_of(uow.session, case)
    above = find_in_scope(uow.session, case.demand.id, part.above_id or 0)
    _give(uow, above, unit.id, Relation(part.relation), part.task, uow.now)


def _give(
    uow: UnitOfWork,
    above: Case,
    unit_id: int,
    relation: Relation,
    task: str | None,
    at: datetime,
) -> None:
    made = open_procedure(uow, above, KIND, unit_id=unit_id, at=at)
    facts = _describe(uow, made, unit_id, relation, task, above)
    begin(uow, made, facts, at=at)


def _describe(
    uow: UnitOfWork,
    made: Case,
    unit_id: int,
    relation: Relation,
    task: object,
    above: Case | None = None,
) -> Facts:
    procedure = made.procedure
    assert procedure is not None
    above = above or made.main
    procedure.unit_id = unit_id
    uow.session.add(
        Part(
            procedure_id=procedure.id,
            relation=relation,
            above_id=above.scope or None,
            giver_unit_id=above.unit_id,
            task=_text(task),
        )
    )
    uow.session.flush()
    return {"part_stage": STAGES[relation]}


def _free_unit(uow: UnitOfWork, case: Case, field: str, chosen: object) -> HandlingUnit:
    """A unit that may get a part. Raises `Invalid`: it leads, or has one already."""
    unit = uow.session.get(HandlingUnit, chosen or 0)
    if unit is None or not unit.active:
        raise _wrong(field, "请从列表中选择承办单位。", "Choose a unit from the list.")
    if unit.id == case.ordered.lead_unit_id:
        raise _wrong(field, "该单位是主办单位。", "This unit leads the order.")
    open_parts_of_case = procedures_of(uow.session, case.demand.id, KIND, only_open=True)
    if any(unit.id == one.unit_id for one in open_parts_of_case):
        raise _wrong(field, "该单位已有一项未答复的任务。", "This unit has a part already.")
    return unit


def _lower_unit(uow: UnitOfWork, case: Case, chosen: object) -> HandlingUnit:
    unit = _free_unit(uow, case, "lower_unit", chosen)
    if unit.parent_id != case.unit_id:
        raise _wrong(
            "lower_unit",
            "只能转派给本单位的下级单位。",
            "Pass it on to a unit directly below yours.",
        )
    return unit


def _wrong(field: str, zh: str, en: str) -> Invalid:
    return Invalid(Phrase(zh, en), {field: Phrase(zh, en)})


def _text(value: object) -> str | None:
    return str(value) if value else None


def _tell_giver(occasion: Occasion, message: str) -> None:
    uow, case = occasion.uow, occasion.case
    part = part_of(uow.session, case)
    assert case.unit_id is not None  # a part has its unit from the beginning
    unit = uow.session.get_one(HandlingUnit, case.unit_id)
    above = find_in_scope(uow.session, case.demand.id, part.above_id or 0)
    if above.unit_id is not None:
        notices.tell(
            uow,
            above,
            message,
            at=occasion.at,
            element_id=occasion.element_id,
            values={"unit": unit.name_zh},
        )


@dataclass(frozen=True, slots=True)
class PartOfUnit:
    """A part with its procedure, its unit, and when it is due."""

    part: Part
    procedure: Procedure
    unit: HandlingUnit
    due_at: datetime | None


def parts_of(
    session: Session, demand_id: int, relation: Relation | None = None
) -> list[PartOfUnit]:
    """The parts of a case, oldest first; of one relation on request."""
    found = (
        select(Part, Procedure, HandlingUnit)
        .join(Procedure, Procedure.id == Part.procedure_id)
        .join(HandlingUnit, HandlingUnit.id == Procedure.unit_id)
        .where(Procedure.demand_id == demand_id)
        .order_by(Procedure.id)
    )
    if relation is not None:
        found = found.where(Part.relation == relation)
    return [
        PartOfUnit(part, procedure, unit, _due(session, demand_id, procedure.id))
        for part, procedure, unit in session.execute(found)
    ]


def parts_below(session: Session, case: Case) -> Iterator[PartOfUnit]:
    """The parts that are answered to the unit of the case, or of the part that is meant."""
    for one in parts_of(session, case.demand.id):
        if (one.part.above_id or 0) == case.scope:
            yield one


def lower_units(session: Session, unit_id: int | None) -> Sequence[HandlingUnit]:
    """The active units directly below a unit."""
    return session.scalars(
        select(HandlingUnit)
        .where(HandlingUnit.parent_id == unit_id, HandlingUnit.active)
        .order_by(HandlingUnit.id)
    ).all()


def part_of(session: Session, case: Case) -> Part:
    """The part that a procedure is about."""
    assert case.procedure is not None
    return session.get_one(Part, case.procedure.id)


def _due(session: Session, demand_id: int, procedure_id: int) -> datetime | None:
    clock = engine.clock_of(session, SUBJECT, demand_id, CLOCK, procedure_id)
    return clock.due_at if clock is not None else None

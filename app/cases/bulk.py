"""Extension of many orders at once, as after a flood or an outage: shown, approved, then applied.

One person chooses the orders and gives the reason, a second one approves; the ticker then moves
each limit in a transaction of its own. What has moved on since is left alone, and said so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clock_changes, history, notices
from app.cases.extending import CLOCK, GROUNDS
from app.cases.models.bulk_extension import (
    BulkExtension,
    BulkExtensionOrder,
    BulkOutcome,
    BulkStatus,
)
from app.cases.models.demand import Demand
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import SUBJECT, take
from app.cases.story import due_in_words
from app.core import jobs
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ClockRow
from app.identity.models import HandlingUnit
from app.identity.policy import Role, require
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline
from app.worktime.running import extended

JOB = "bulk_extension"
MOST_DAYS = 60
"""[P] The most days that may be given at once."""

EXTENDABLE = (
    OrderStatus.SIGNED,
    OrderStatus.HANDLING,
    OrderStatus.IN_APPROVAL,
    OrderStatus.RE_HANDLING,
)

register_messages(
    {
        "bulk_extension_granted": (
            Role.UNIT_LIAISON,
            Phrase(
                "因{reason}，工单{number}“{title}”统一延期至{due}。",
                "Work order {number} “{title}” was extended until {due}, as all of its kind "
                "({reason}).",
            ),
        ),
        "bulk_extension_told": (
            REQUESTER,
            Phrase(
                "因{reason}，您反映的诉求{number}办理期限延长至{due}，敬请谅解。",
                "Your demand {number} will take longer ({reason}): it is due {due} now.",
            ),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Query:
    """Which open orders are meant; what is empty narrows nothing."""

    district: str = ""
    category: str = ""
    unit_id: int | None = None
    arrived_from: datetime | None = None
    arrived_before: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it means every open order."""
        return self == Query()


@dataclass(frozen=True, slots=True)
class Prospect:
    """One order that would be extended, before and after."""

    demand: Demand
    order: WorkOrder
    unit: HandlingUnit
    clock_id: int
    due_before: datetime
    due_after: datetime


def preview(session: Session, query: Query, days: int, now: datetime) -> list[Prospect]:
    """The orders that the query means, in order of their deadlines; nothing is written.

    An order whose limit has passed, rests or has stopped is not among them: an extension never
    heals what is late. Days are in the unit of each limit. Raises `Invalid` for an empty query.
    """
    if query.is_empty:
        raise Invalid(
            Phrase(
                "请至少选一个条件：不能对全部在办工单延期。",
                "Choose a condition: not all open orders are extended at once.",
            )
        )
    rows = session.execute(
        select(Demand, WorkOrder, HandlingUnit, ClockRow)
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .join(HandlingUnit, HandlingUnit.id == WorkOrder.lead_unit_id)
        .join(ClockRow, ClockRow.subject_id == Demand.id)
        .where(
            ClockRow.subject_kind == SUBJECT,
            ClockRow.scope == 0,
            ClockRow.name == CLOCK,
            ClockRow.stopped_at.is_(None),
            ClockRow.paused_at.is_(None),
            ClockRow.due_at >= now,
            WorkOrder.status.in_(EXTENDABLE),
            *_conditions(query),
        )
        .order_by(ClockRow.due_at, Demand.id)
    )
    found = []
    calendars: dict[tuple[str, str], WorkingCalendar] = {}
    for demand, order, unit, clock in rows:
        given = Deadline.from_json(orjson.loads(clock.terms))
        stamp = given.calendar, given.version
        if stamp not in calendars:
            calendars[stamp] = offices.working_calendar(session, *stamp)
        after = extended(calendars[stamp], given, days, now)
        found.append(Prospect(demand, order, unit, clock.id, given.due_at, after.due_at))
    return found


def ask(uow: UnitOfWork, query: Query, days: int, ground: str, reason: str) -> BulkExtension:
    """Ask for more time for all orders that the query means now; a second person decides.

    Raises `NotAllowed`, `Invalid` when the query is empty or finds nothing, or a value is wrong.
    """
    require(uow.actor, "bulk_extension.ask")
    _check(days, ground, reason)
    found = preview(uow.session, query, days, uow.now)
    if not found:
        raise Invalid(
            Phrase("没有符合条件的在办工单。", "No open order meets these conditions."),
        )
    assert uow.actor.user_id is not None  # nothing asks by itself
    bulk = BulkExtension(
        asked_at=uow.now,
        asked_by=uow.actor.user_id,
        asked_by_name=uow.actor.name,
        query=orjson.dumps(asdict(query)).decode(),
        days=days,
        ground=ground,
        reason=reason,
        status=BulkStatus.WAITING,
    )
    uow.session.add(bulk)
    uow.session.flush()
    uow.session.add_all(
        BulkExtensionOrder(
            bulk_id=bulk.id,
            demand_id=one.demand.id,
            clock_id=one.clock_id,
            due_before=one.due_before,
            due_after=one.due_after,
        )
        for one in found
    )
    uow.session.flush()
    return bulk


def decide(uow: UnitOfWork, bulk_id: int, *, approved: bool, opinion: str) -> BulkExtension:
    """Approve or refuse; approved, the ticker begins to apply it.

    Raises `NotFound`, `NotAllowed`, `Invalid` for who asked, or a refusal without a reason, and
    `Conflict` when somebody else has decided.
    """
    require(uow.actor, "bulk_extension.decide")
    bulk = uow.session.get(BulkExtension, bulk_id, with_for_update=True, populate_existing=True)
    if bulk is None:
        raise NotFound(Phrase("没有这项批量延期。", "There is no such bulk extension."))
    if bulk.status != BulkStatus.WAITING:
        raise Conflict(
            Phrase(
                f"该批量延期已由{bulk.decided_by_name}审批，不能再次审批。",
                f"{bulk.decided_by_name} has decided on it already.",
            )
        )
    if bulk.asked_by == uow.actor.user_id:
        raise Invalid(
            Phrase("批量延期须由申请人以外的人审批。", "Somebody other than who asked must decide.")
        )
    if not approved and not opinion:
        raise Invalid(
            Phrase("不同意延期的，须写明理由。", "When refusing, say why."),
            {"opinion": Phrase("请写明理由。", "Say why.")},
        )
    bulk.status = BulkStatus.APPROVED if approved else BulkStatus.REFUSED
    bulk.decided_at, bulk.decided_by = uow.now, uow.actor.user_id
    bulk.decided_by_name, bulk.opinion = uow.actor.name, opinion
    if approved:
        jobs.ask(uow, JOB, _to_do(uow.session))
    return bulk


def next_orders(session: Session, limit: int) -> Sequence[int]:
    """The next orders of approved bulk extensions whose turn has not come, by id of their lines."""
    return session.scalars(
        select(BulkExtensionOrder.id)
        .join(BulkExtension, BulkExtension.id == BulkExtensionOrder.bulk_id)
        .where(*_WAITING)
        .order_by(BulkExtensionOrder.id)
        .limit(limit)
    ).all()


def apply(uow: UnitOfWork, line_id: int) -> bool:
    """Extend the order of a line; whether it was extended. Its history names who approved.

    Done twice, it changes nothing. An order that has moved on is skipped, with the reason.
    """
    line = uow.session.get_one(BulkExtensionOrder, line_id)
    case = take(uow, line.demand_id)
    line = uow.session.get_one(
        BulkExtensionOrder, line_id, with_for_update=True, populate_existing=True
    )
    if line.outcome is not None:
        return False
    bulk = uow.session.get_one(BulkExtension, line.bulk_id)
    clock = engine.clock_of(uow.session, SUBJECT, case.demand.id, CLOCK)
    moved_on = _moved_on(case.ordered, clock, line, uow.now)
    if moved_on is not None:
        line.outcome, line.note = BulkOutcome.SKIPPED, moved_on.zh
        return False
    evidence = {"bulk_extension": bulk.id, "ground": bulk.ground, "approved_by": bulk.decided_by}
    after = clock_changes.extend(uow, case, CLOCK, bulk.days, uow.now, evidence)
    line.outcome, line.due_after = BulkOutcome.EXTENDED, after.due_at
    history.record(
        uow,
        case.demand.id,
        "extend_in_bulk",
        facts={"bulk_extension": bulk.id, "approved_by": bulk.decided_by_name},
    )
    due = due_in_words(after.due_at)
    values = {"due": due, "reason": GROUNDS[bulk.ground].zh}
    notices.tell(uow, case, "bulk_extension_granted", values=values)
    notices.tell(uow, case, "bulk_extension_told", values=values)
    return True


def skip(uow: UnitOfWork, line_id: int, why: str) -> None:
    """Give up on a line that cannot be applied, with the reason."""
    line = uow.session.get_one(BulkExtensionOrder, line_id, with_for_update=True)
    line.outcome, line.note = BulkOutcome.SKIPPED, why


def bulk_extensions(session: Session) -> Sequence[BulkExtension]:
    """Every bulk extension, the newest first."""
    return session.scalars(select(BulkExtension).order_by(BulkExtension.id.desc())).all()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk extension has come, in orders."""

    total: int
    extended: int
    skipped: int

    @property
    def done(self) -> int:
        """How many have had their turn."""
        return self.extended + self.skipped


def progress(session: Session, bulk_id: int) -> Progress:
    """How many orders a bulk extension has, and how many of them were extended or skipped."""
    rows = session.execute(
        select(BulkExtensionOrder.outcome, func.count())
        .where(BulkExtensionOrder.bulk_id == bulk_id)
        .group_by(BulkExtensionOrder.outcome)
    )
    counted = {row[0]: row[1] for row in rows}
    return Progress(
        sum(counted.values()),
        counted.get(BulkOutcome.EXTENDED, 0),
        counted.get(BulkOutcome.SKIPPED, 0),
    )


def lines_of(
    session: Session, bulk_id: int
) -> list[tuple[BulkExtensionOrder, Demand, WorkOrder, HandlingUnit]]:
    """The orders of a bulk extension with their units, in order of their old deadlines."""
    found = session.execute(
        select(BulkExtensionOrder, Demand, WorkOrder, HandlingUnit)
        .join(Demand, Demand.id == BulkExtensionOrder.demand_id)
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .join(HandlingUnit, HandlingUnit.id == WorkOrder.lead_unit_id)
        .where(BulkExtensionOrder.bulk_id == bulk_id)
        .order_by(BulkExtensionOrder.due_before, BulkExtensionOrder.id)
    )
    return [(line, demand, order, unit) for line, demand, order, unit in found]


def _conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    if query.district:
        yield Demand.district == query.district
    if query.category:
        yield Demand.category == query.category
    if query.unit_id is not None:
        yield WorkOrder.lead_unit_id == query.unit_id
    if query.arrived_from is not None:
        yield Demand.arrived_at >= query.arrived_from
    if query.arrived_before is not None:
        yield Demand.arrived_at < query.arrived_before


def _check(days: int, ground: str, reason: str) -> None:
    wrong: dict[str, Phrase] = {}
    if not 1 <= days <= MOST_DAYS:
        wrong["days"] = Phrase(f"请填写 1 至 {MOST_DAYS} 天。", f"From 1 to {MOST_DAYS} days.")
    if ground not in GROUNDS:
        wrong["ground"] = Phrase("请选择延期理由。", "Choose the ground.")
    if not reason:
        wrong["reason"] = Phrase("请写明事由。", "Say what has happened.")
    if wrong:
        raise Invalid(Phrase("请更正标出的内容后再提交。", "Correct what is marked."), wrong)


def _moved_on(
    order: WorkOrder, clock: ClockRow | None, line: BulkExtensionOrder, now: datetime
) -> Phrase | None:
    """Why an order is not extended after all."""
    if order.status not in EXTENDABLE or clock is None or clock.stopped_at is not None:
        return Phrase("已答复、改派或挂账。", "Answered, re-dispatched or suspended meanwhile.")
    if clock.id != line.clock_id:
        return Phrase("时限已重新起算。", "Its limit has begun anew meanwhile.")
    if clock.paused_at is not None:
        return Phrase("时限正在暂停。", "Its limit stands still.")
    if clock.due_at is None or clock.due_at < now:
        return Phrase("期限已过。", "Its limit has passed meanwhile.")
    if clock.due_at > line.due_before:
        return Phrase("已另行延期。", "It has been extended otherwise meanwhile.")
    return None


def _to_do(session: Session) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(BulkExtensionOrder)
            .join(BulkExtension, BulkExtension.id == BulkExtensionOrder.bulk_id)
            .where(*_WAITING)
        )
        or 0
    )


_WAITING = (
    BulkExtension.status == BulkStatus.APPROVED,
    BulkExtensionOrder.outcome.is_(None),
)

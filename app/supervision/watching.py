"""What nobody reports because nothing happens: orders that stand still, reminders without an echo.

Looked for once a day, by one question to the database each; whether it is supervised is asked of
the table then, case by case. From how many on the table fires is found by asking it.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app import engine
from app.cases.clocks import calendar_of
from app.cases.models.history import HistoryEntry
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.orders import SUBJECT, Case, take
from app.core.clock import CHINA
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.decisions.dmn import Model
from app.engine import ClockRow, ClockRungRow
from app.supervision import instructions, occasions
from app.supervision.models import SupervisionCause, Trigger
from app.supervision.triggers import NOTHING, consider, open_supervision, wake

MOST = 60
"""[P] Up to how many idle days or reminders the table is asked."""
PATIENCE_DAYS = 1
"""[P] Working days after which a reminder that nobody has acted on counts as ignored."""

_WITH_THE_UNIT = (
    OrderStatus.DISPATCHED,
    OrderStatus.SIGNED,
    OrderStatus.HANDLING,
    OrderStatus.IN_APPROVAL,
    OrderStatus.RE_HANDLING,
)
_REMINDERS = ("overdue_1", "overdue_2")
"""The rungs of the handling limit at which the unit is reminded (催办)."""
_LOOKS = ("unmask", "open_identity")
"""What a person does to a case without moving it."""
_RETURNS = ("resume_order", "start_re_handling", "reopen_order")
"""What brings a case back to its unit by itself: it is not idle before."""


def standing_still(session: Session, now: datetime) -> Sequence[int]:
    """The demands whose orders a unit has, and with which nothing has happened for so many working
    days that the table of triggers fires; not those supervised for it since.
    """
    least = least_that_fires(session, "idle_working_days")
    if least is None:
        return []
    before = _idle_since(session, now, least)
    last = (
        select(func.max(HistoryEntry.at))
        .where(HistoryEntry.demand_id == WorkOrder.demand_id, _moves())
        .correlate(WorkOrder)
        .scalar_subquery()
    )
    known = exists().where(
        SupervisionCause.demand_id == WorkOrder.demand_id,
        SupervisionCause.trigger == Trigger.NO_PROGRESS,
        SupervisionCause.fired_at > last,
    )
    return session.scalars(
        select(WorkOrder.demand_id)
        .where(
            WorkOrder.closed_at.is_(None),
            WorkOrder.lead_unit_id.is_not(None),
            WorkOrder.status.in_(_WITH_THE_UNIT),
            WorkOrder.dispatched_at < before,
            last < before,
            ~known,
        )
        .order_by(WorkOrder.demand_id)
    ).all()


def supervise_idle(uow: UnitOfWork, demand_id: int) -> bool:
    """Put to the table how many working days nothing has happened; whether it fired.

    Counted are whole working days since the last act of anybody, by the unit's calendar.
    """
    case = take(uow, demand_id)
    order = case.order
    if order is None or order.closed_at is not None or order.status not in _WITH_THE_UNIT:
        return False
    last = uow.session.scalar(
        select(func.max(HistoryEntry.at)).where(HistoryEntry.demand_id == demand_id, _moves())
    )
    if last is None or _fired_since(uow.session, demand_id, Trigger.NO_PROGRESS, last):
        return False
    days = _whole_working_days(uow.session, case, last, uow.now)
    occasion = f"idle/{last.isoformat()}"
    return bool(consider(uow, case, occasion, uow.now, idle_working_days=days))


def instructed_before(session: Session, _now: datetime) -> Sequence[int]:
    """The demands with an instruction that waits for a unit although one has the order."""
    return session.scalars(
        select(WorkOrder.demand_id)
        .join(Procedure, Procedure.demand_id == WorkOrder.demand_id)
        .where(
            instructions.waits(),
            WorkOrder.closed_at.is_(None),
            WorkOrder.lead_unit_id.is_not(None),
        )
        .order_by(WorkOrder.demand_id)
    ).all()


def supervise_instructed(uow: UnitOfWork, demand_id: int) -> bool:
    """Supervise as was instructed before a unit had the order; whether that still waited."""
    case = take(uow, demand_id)
    waiting = open_supervision(uow.session, case)
    if waiting is None or case.order is None or case.order.lead_unit_id is None:
        return False
    wake(uow, waiting, uow.now)
    return True


def unheeded(session: Session, now: datetime) -> Sequence[int]:
    """The demands with so many reminders of one run that nobody at the unit has acted on that the
    table of triggers fires; not those supervised for it in that run.
    """
    least = least_that_fires(session, "reminders_ignored")
    if least is None:
        return []
    before = _idle_since(session, now, PATIENCE_DAYS)
    known = exists().where(
        SupervisionCause.demand_id == ClockRow.subject_id,
        SupervisionCause.trigger == Trigger.REMINDERS_IGNORED,
        SupervisionCause.fired_at > ClockRow.started_at,
        SupervisionCause.withdrawn_at.is_(None),
    )
    return session.scalars(
        select(ClockRow.subject_id)
        .join(ClockRungRow, ClockRungRow.clock_id == ClockRow.id)
        .where(*_ignored(before), ~known)
        .group_by(ClockRow.subject_id)
        .having(func.count() >= least)
        .order_by(ClockRow.subject_id)
    ).all()


def supervise_unheeded(uow: UnitOfWork, demand_id: int) -> bool:
    """Put to the table how many reminders of the running limit were ignored; whether it fired."""
    case = take(uow, demand_id)
    clock = engine.clock_of(uow.session, SUBJECT, demand_id, "handling")
    if case.order is None or clock is None or clock.due_at is None:
        return False
    before = _idle_since(uow.session, uow.now, PATIENCE_DAYS)
    times = uow.session.scalar(
        select(func.count())
        .select_from(ClockRungRow)
        .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
        .where(*_ignored(before), ClockRow.id == clock.id)
    )
    occasion = f"{occasions.reminders(clock.run)}{clock.due_at.isoformat()}"
    return bool(times and consider(uow, case, occasion, uow.now, reminders_ignored=times))


def least_that_fires(session: Session, fact: str) -> int | None:
    """From how many on the newest table fires for this fact alone; None: never up to `MOST`.

    Cases that began under an older table are looked at from there on, too.
    """
    return _least(registry.model(session, "supervision_triggers"), fact)


@lru_cache(maxsize=32)
def _least(table: Model, fact: str) -> int | None:
    for number in range(1, MOST + 1):
        inputs = {**NOTHING, fact: number, "closed": False, "time_left": False}
        if table.decide(inputs, key="supervision_triggers", version=0).outputs:
            return number
    return None


def _ignored(before: datetime) -> list[ColumnElement[bool]]:
    """Rungs of running handling limits that told the unit before a day, in vain until now."""
    acted = exists().where(
        HistoryEntry.demand_id == ClockRow.subject_id,
        HistoryEntry.unit_id.is_not(None),
        HistoryEntry.at >= ClockRungRow.fired_at,
        _moves(),
    )
    return [
        ClockRow.subject_kind == SUBJECT,
        ClockRow.scope == 0,
        ClockRow.name == "handling",
        ClockRow.stopped_at.is_(None),
        ClockRow.paused_at.is_(None),
        ClockRungRow.rung.in_(_REMINDERS),
        ClockRungRow.fired_at < before,
        ~acted,
    ]


def _moves() -> ColumnElement[bool]:
    """The entries at which something happened to a case."""
    by_a_person = and_(HistoryEntry.actor_id.is_not(None), HistoryEntry.command.not_in(_LOOKS))
    return or_(by_a_person, HistoryEntry.command.in_(_RETURNS))


def _idle_since(session: Session, now: datetime, days: int) -> datetime:
    """The end of the last day after which `days` whole working days have gone by before today, in
    the office's calendar.
    """
    calendar = calendar_of(session, None)
    today = now.astimezone(CHINA).date()
    first = calendar.add_working_days(today, -days)
    return datetime.combine(first, time(), CHINA)


def _whole_working_days(session: Session, case: Case, last: datetime, now: datetime) -> int:
    """Working days strictly between the day of `last` and the day of `now`."""
    calendar = calendar_of(session, case.unit_id)
    yesterday: date = now.astimezone(CHINA).date() - timedelta(days=1)
    return max(0, calendar.working_days_between(last.astimezone(CHINA).date(), yesterday))


def _fired_since(session: Session, demand_id: int, trigger: Trigger, since: datetime) -> bool:
    return (
        session.scalar(
            select(SupervisionCause.id)
            .where(
                SupervisionCause.demand_id == demand_id,
                SupervisionCause.trigger == trigger,
                SupervisionCause.fired_at > since,
            )
            .limit(1)
        )
        is not None
    )

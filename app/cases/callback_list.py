"""Whom to call now, whom later, and who may still rate by a link: the list of callback agents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.cases.models.demand import Demand
from app.cases.models.work_order import Callback, RatingWay, WorkOrder
from app.cases.orders import SUBJECT
from app.engine import ClockRow, ClockRungRow, HumanTaskRow, ProcessRow, TimerWaitRow

CALLS = {"callback": "callback", "re_check": "callback_re_check"}
"""The steps in which somebody calls, and the clock of each."""

RESTS = frozenset({"half_a_day", "next_half_day"})
"""Where a process rests until the next attempt."""

LINK = "link_lapsed"
"""Where it rests while the requester may rate by a link."""


@dataclass(frozen=True, slots=True)
class Call:
    """A requester to be called now; attempts are those in vain since the reply was reviewed."""

    task: HumanTaskRow
    demand: Demand
    order: WorkOrder
    attempts: int
    last_at: datetime | None
    clock: ClockRow | None
    yellow_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rest:
    """A requester to be called at `until`, or who may rate by a link until then."""

    demand: Demand
    order: WorkOrder
    by_link: bool
    until: datetime


def calls(session: Session, *, page: int = 1, size: int = 20) -> tuple[Sequence[Call], int]:
    """The calls to be made now, the one due first first, and how many there are."""
    yellow = aliased(ClockRungRow)
    in_vain = and_(
        Callback.order_id == WorkOrder.id,
        Callback.reached.is_(False),
        Callback.way != RatingWay.LINK,
        Callback.called_at >= WorkOrder.reviewed_at,
    )
    attempts = select(func.count()).where(in_vain).correlate(WorkOrder).scalar_subquery()
    last = (
        select(func.max(Callback.called_at)).where(in_vain).correlate(WorkOrder).scalar_subquery()
    )
    timed = and_(
        ClockRow.subject_kind == SUBJECT,
        ClockRow.subject_id == HumanTaskRow.subject_id,
        ClockRow.scope == HumanTaskRow.scope,
        ClockRow.stopped_at.is_(None),
        or_(
            *(
                and_(HumanTaskRow.element_id == step, ClockRow.name == name)
                for step, name in CALLS.items()
            )
        ),
    )
    chosen = (
        select(HumanTaskRow, Demand, WorkOrder, attempts, last, ClockRow, yellow.due_at)
        .join(Demand, Demand.id == HumanTaskRow.subject_id)
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .outerjoin(ClockRow, timed)
        .outerjoin(yellow, and_(yellow.clock_id == ClockRow.id, yellow.rung == "yellow"))
        .where(
            HumanTaskRow.closed_at.is_(None),
            HumanTaskRow.subject_kind == SUBJECT,
            HumanTaskRow.element_id.in_(CALLS),
        )
    )
    total = session.scalar(chosen.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    page = max(1, min(page, -(-total // size)))
    rows = session.execute(
        chosen.order_by(ClockRow.due_at.is_(None), ClockRow.due_at, HumanTaskRow.id)
        .limit(size)
        .offset((page - 1) * size)
    )
    return [Call(*row) for row in rows], total


def rests(session: Session, at_most: int = 100) -> Sequence[Rest]:
    """Who is called later or may rate by a link, the earliest first; at most so many."""
    rows = session.execute(
        select(Demand, WorkOrder, TimerWaitRow.element_id == LINK, TimerWaitRow.due_at)
        .select_from(TimerWaitRow)
        .join(ProcessRow, ProcessRow.id == TimerWaitRow.process_id)
        .join(Demand, and_(Demand.id == ProcessRow.subject_id, ProcessRow.subject_kind == SUBJECT))
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(
            TimerWaitRow.element_id.in_(RESTS | {LINK}),
            TimerWaitRow.due_at.is_not(None),
            ProcessRow.status == "active",
        )
        .order_by(TimerWaitRow.due_at, TimerWaitRow.id)
        .limit(at_most)
    )
    return [
        Rest(demand, order, by_link, until)
        for demand, order, by_link, until in rows
        if until is not None  # asked for above
    ]

"""Who held an order for how long, and whose lateness it is. Read from rows, for any order.

The time from arrival to the end (or to now) is cut where the main process opened or closed a step;
each part belongs to whoever's step was open: a unit, a desk of the centre, or nobody but a rest
that the diagram makes. The parts add up to the whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import orjson
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.cases import clocks, history, queries
from app.cases.models.history import HistoryEntry
from app.cases.orders import SUBJECT, Case, find_in_scope
from app.core.phrase import Phrase
from app.engine import ClockRow, HumanTaskRow, ProcessRow
from app.identity.models import HandlingUnit
from app.identity.policy import ROLE_NAMES, UNIT_ROLES
from app.worktime.calendars import WorkingCalendar

_TASKS = (
    select(HumanTaskRow)
    .join(ProcessRow, ProcessRow.id == HumanTaskRow.process_id)
    .where(
        ProcessRow.subject_kind == SUBJECT,
        ProcessRow.subject_id == bindparam("case"),
        ProcessRow.scope == bindparam("scope"),
    )
    .order_by(HumanTaskRow.id)
)
"""By way of their processes: of tasks that are done there is no index by case."""
_NOBODY = Phrase("流程等待", "The process waits")


@dataclass(frozen=True, slots=True)
class Holding:
    """A stretch during which one holder had the order. Half open: `until` belongs to the next."""

    since: datetime
    until: datetime
    unit_id: int | None
    """The unit; none for the centre and for a rest."""
    holder: Phrase
    step: Phrase
    worked: timedelta
    """Working time in the calendar of the order's unit."""

    @property
    def elapsed(self) -> timedelta:
        """Wall-clock time."""
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Lateness:
    """A clock that ran past its deadline, and who had the order meanwhile."""

    clock: ClockRow
    late: timedelta
    """Wall-clock time past the deadline."""
    held_by: Sequence[tuple[Phrase, timedelta]]
    """Each holder with how much of it, in order; the parts add up to `late`."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch before its holder is known."""

    since: datetime
    until: datetime
    task: HumanTaskRow | None


def holdings(session: Session, case: Case, now: datetime) -> list[Holding]:
    """Who had the order from its arrival to its end or `now`, in order, without gaps."""
    demand = case.demand
    end = demand.closed_at or now
    return _held(session, case, 0, _UnitsAt(session, case).unit, demand.arrived_at, end)


def lateness(
    session: Session, case: Case, held: Sequence[Holding], now: datetime
) -> list[Lateness]:
    """Every run of a clock that ended or stands past its deadline. Of a procedure's clock it is
    told who had the procedure meanwhile; `held` is who had the order.
    """
    found = []
    for clock, _yellow in queries.clocks_of(session, case.demand.id):
        until = clock.stopped_at or clock.paused_at or now
        if clock.due_at is None or until <= clock.due_at:
            continue
        holders = (
            _held_of_procedure(session, case, clock, clock.due_at, until) if clock.scope else held
        )
        parts: dict[Phrase, timedelta] = {}
        for one in holders:
            share = min(one.until, until) - max(one.since, clock.due_at)
            if share > timedelta(0):
                parts[one.holder] = parts.get(one.holder, timedelta(0)) + share
        late = until - clock.due_at
        rest = late - sum(parts.values(), timedelta(0))
        if rest:
            parts[_NOBODY] = parts.get(_NOBODY, timedelta(0)) + rest
        found.append(Lateness(clock, late, tuple(parts.items())))
    return found


def _held_of_procedure(
    session: Session, case: Case, clock: ClockRow, since: datetime, until: datetime
) -> Sequence[Holding]:
    """Who had the procedure that a clock belongs to: its unit, or the desk whose step was open."""
    unit_id = find_in_scope(session, case.demand.id, clock.scope).unit_id
    return _held(session, case, clock.scope, lambda _task: unit_id, since, until)


def _held(
    session: Session,
    case: Case,
    scope: int,
    unit_of: Callable[[HumanTaskRow], int | None],
    since: datetime,
    until: datetime,
) -> list[Holding]:
    calendar = clocks.calendar_of(session, case.unit_id)
    tasks = session.scalars(_TASKS, {"case": case.demand.id, "scope": scope}).all()
    found = [
        _holding(session, unit_of, calendar, stretch) for stretch in _stretches(tasks, since, until)
    ]
    return _joined(found)


def _stretches(tasks: Sequence[HumanTaskRow], begin: datetime, end: datetime) -> list[_Stretch]:
    """The time cut at every opening and closing; where several are open, the latest counts."""
    cuts = {begin, end}
    for task in tasks:
        cuts |= {at for at in (task.opened_at, task.closed_at) if at and begin < at < end}
    moments = sorted(cuts)
    stretches = []
    for since, until in pairwise(moments):
        around = [
            task
            for task in tasks
            if task.opened_at <= since and (task.closed_at is None or task.closed_at >= until)
        ]
        stretches.append(_Stretch(since, until, around[-1] if around else None))
    return stretches


class _UnitsAt:
    """Which unit had the order at an instant: whoever's people acted on it next."""

    def __init__(self, session: Session, case: Case) -> None:
        others = (
            _TASKS.with_only_columns(HumanTaskRow.element_id)
            .where(HumanTaskRow.unit_id.is_not(None))
            .order_by(None)
            .params(case=case.demand.id, scope=0)
        )
        self._last = case.unit_id
        self._acts = [
            (entry.at, entry.unit_id)
            for entry in session.scalars(
                history.entries(session)
                .where(
                    HistoryEntry.demand_id == case.demand.id,
                    HistoryEntry.unit_id.is_not(None),
                    HistoryEntry.command == "step",
                    HistoryEntry.element_id.not_in(others),
                )
                .order_by(HistoryEntry.position)
            )
            if "procedure" not in orjson.loads(entry.facts)
        ]

    def unit(self, task: HumanTaskRow) -> int | None:
        for at, unit_id in self._acts:
            if at >= task.opened_at and (task.closed_at is None or at <= task.closed_at):
                return unit_id
        following = [unit for at, unit in self._acts if at >= task.opened_at]
        return following[0] if task.closed_at and following else self._last


def _holding(
    session: Session,
    unit_of: Callable[[HumanTaskRow], int | None],
    calendar: WorkingCalendar,
    stretch: _Stretch,
) -> Holding:
    task = stretch.task
    worked = calendar.worked_between(stretch.since, stretch.until)
    if task is None:
        return Holding(stretch.since, stretch.until, None, _NOBODY, Phrase("", ""), worked)
    step = Phrase(task.name, task.name_en)
    if task.role in UNIT_ROLES or task.unit_id is not None:
        unit = session.get(HandlingUnit, task.unit_id or unit_of(task) or 0)
        holder = Phrase(unit.name_zh, unit.name_en) if unit else Phrase("承办单位", "The unit")
        unit_id = unit.id if unit else None
        return Holding(stretch.since, stretch.until, unit_id, holder, step, worked)
    role = ROLE_NAMES.get(task.role or "", Phrase(task.role or "", task.role or ""))
    holder = Phrase(f"热线中心（{role.zh}）", f"The centre ({role.en.lower()})")
    return Holding(stretch.since, stretch.until, None, holder, step, worked)


def _joined(found: Sequence[Holding]) -> list[Holding]:
    """Neighbours of one holder and one step as one stretch."""
    joined: list[Holding] = []
    for one in found:
        last = joined[-1] if joined else None
        if last is not None and (last.holder, last.step) == (one.holder, one.step):
            joined[-1] = Holding(
                last.since, one.until, one.unit_id, one.holder, one.step, last.worked + one.worked
            )
        else:
            joined.append(one)
    return joined

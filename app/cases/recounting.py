"""A new calendar version reaches the open clocks: what it would move, and moving it.

Per case, under its lock, by the engine's verb for moving a clock; the history names every clock
that went over to the new version and what had fired in vain. What is closed stays closed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clocks, history
from app.cases.models.demand import Demand
from app.cases.models.work_order import WorkOrder
from app.cases.notices import tell_of_moved_deadline
from app.cases.orders import SUBJECT, Case, take
from app.cases.overdue import withdraw_overdue
from app.cases.story import due_in_words
from app.core import jobs
from app.core.clock import CHINA
from app.core.jobs import Job
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ClockRow, ClockRungRow
from app.identity.policy import require
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.changes import after_publication
from app.worktime.deadlines import Deadline

JOB = "recount_clocks"
"""The kind of job that recounts the whole office."""


class Effect(StrEnum):
    """What a new calendar does to a clock."""

    EARLIER = "earlier"
    LATER = "later"
    OFFICIAL = "official"
    """The day stays, and is provisional no more."""
    SAME = "same"
    KEPT = "kept"
    """It does not follow: passed already, too little notice, or so its policy says."""


@dataclass(frozen=True, slots=True)
class Unfounded:
    """A rung that has fired and, in the new calendar, would not have by now."""

    rung: str
    fired_at: datetime
    due_at: datetime
    """When it would fire now."""


@dataclass(frozen=True, slots=True)
class Recount:
    """One open clock before and after."""

    demand_id: int
    number: str
    """Of the order, or of the demand while there is none."""
    unit_id: int | None
    clock: str
    run: int
    paused: bool
    before: Deadline
    after: Deadline
    reason: Phrase
    working_days: int
    """By how many working days the last day moves; negative: it comes earlier."""
    unfounded: tuple[Unfounded, ...]

    @property
    def moved(self) -> bool:
        """Whether the instant changes at which the clock is due."""
        return self.before.due_at != self.after.due_at

    @property
    def effect(self) -> Effect:
        """What the new calendar does to it."""
        if self.after.version == self.before.version:
            return Effect.KEPT
        if self.moved:
            return Effect.LATER if self.after.due_at > self.before.due_at else Effect.EARLIER
        if self.before.provisional and not self.after.provisional:
            return Effect.OFFICIAL
        return Effect.SAME


@dataclass(slots=True)
class Preview:
    """What a recount of the whole office would do now."""

    recounts: list[Recount] = field(default_factory=list)
    """Every clock but those that stay the same, in order of cases."""
    counts: Counter[Effect] = field(default_factory=Counter)

    @property
    def unfounded(self) -> int:
        """How many fired rungs would not have fired."""
        return sum(len(one.unfounded) for one in self.recounts)


def preview(session: Session, now: datetime) -> Preview:
    """What `recount` would do to each open clock at `now`. Nothing is written."""
    found = Preview()
    calendars, fired = _Calendars(session), _fired(session)
    for row in session.execute(_outdated(session).order_by(ClockRow.subject_id, ClockRow.id)):
        one = _recounted(session, calendars, row, fired, now)
        found.counts[one.effect] += 1
        if one.effect is not Effect.SAME or one.unfounded:
            found.recounts.append(one)
    return found


def recount(uow: UnitOfWork, demand_id: int) -> list[Recount]:
    """Bring the open clocks of a case to the newest versions of their calendars.

    Returns those that followed; a clock that is there already, or keeps its deadline, is left
    alone, so that doing it twice changes nothing. Raises `NotFound`, `NotAllowed`.
    """
    case = take(uow, demand_id)
    require(uow.actor, "calendar.keep")
    session, of_case = uow.session, ClockRow.subject_id == demand_id
    calendars, fired = _Calendars(session), _fired(session, [of_case])
    followed, in_time = [], []
    for row in session.execute(_outdated(session).where(of_case).order_by(ClockRow.id)).all():
        one = _recounted(session, calendars, row, fired, uow.now)
        if one.effect is not Effect.KEPT:
            _move(uow, case, row.id, calendars.of(one.after.calendar, one.after.version), one)
            followed.append(one)
            if one.clock == "handling" and any(rung.rung == "red" for rung in one.unfounded):
                in_time.append(row.id)
    for clock_id in in_time:  # once all have moved: it may end others of the case
        withdraw_overdue(uow, case, session.get_one(ClockRow, clock_id))
    return followed


def ask_for_all(uow: UnitOfWork) -> Job:
    """Ask for a recount of every case; the ticker does it. An open one goes on instead.

    Raises `NotAllowed`.
    """
    require(uow.actor, "calendar.keep")
    return jobs.ask(uow, JOB, outdated_cases(uow.session))


def outdated_cases(session: Session) -> int:
    """How many cases have an open clock that counts by an earlier version of its calendar."""
    distinct = func.count(ClockRow.subject_id.distinct())
    return session.scalar(select(distinct).where(*_is_outdated(session))) or 0


def next_cases(session: Session, after: int, limit: int) -> list[int]:
    """The next cases with a clock to recount, by id of their demands, greater than `after`."""
    return list(
        session.scalars(
            select(ClockRow.subject_id)
            .where(*_is_outdated(session), ClockRow.subject_id > after)
            .distinct()
            .order_by(ClockRow.subject_id)
            .limit(limit)
        )
    )


def last_open_deadline(session: Session) -> date | None:
    """The last day on which a running clock is due; none when nothing runs."""
    latest = session.scalar(select(func.max(ClockRow.due_at)).where(ClockRow.stopped_at.is_(None)))
    return None if latest is None else latest.astimezone(CHINA).date()


def _outdated(session: Session) -> Select[*tuple[Any, ...]]:
    return (
        select(
            ClockRow.id,
            ClockRow.subject_id,
            ClockRow.name,
            ClockRow.run,
            ClockRow.paused_at,
            ClockRow.terms,
            Demand.number.label("demand_number"),
            Demand.process_id,
            WorkOrder.number.label("order_number"),
            WorkOrder.lead_unit_id,
        )
        .join(Demand, Demand.id == ClockRow.subject_id)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(*_is_outdated(session))
    )


def _is_outdated(session: Session) -> Iterator[ColumnElement[bool]]:
    """Open, with a deadline, and counted by a version that is no longer the newest."""
    newest = offices.newest_versions(session)
    yield ClockRow.subject_kind == SUBJECT
    yield ClockRow.stopped_at.is_(None)
    yield ClockRow.due_at.is_not(None)
    yield or_(
        false(),
        *(
            and_(ClockRow.calendar_code == code, ClockRow.calendar_version != version)
            for code, version in newest.items()
        ),
    )


class _Calendars:
    """The calendars of one recount, each asked for once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: dict[tuple[str, str], WorkingCalendar] = {}
        self._since: dict[tuple[str, str], list[tuple[datetime, WorkingCalendar]]] = {}

    def since(self, given: Deadline) -> list[tuple[datetime, WorkingCalendar]]:
        """What was published after the calendar of a deadline, in order, each with its instant."""
        stamp = given.calendar, given.version
        if stamp not in self._since:
            self._since[stamp] = [
                (one.published_at, self.of(given.calendar, one.version))
                for one in offices.publications_since(self._session, *stamp)
            ]
        return self._since[stamp]

    def of(self, code: str, version: str) -> WorkingCalendar:
        """A version of a calendar."""
        stamp = code, version
        if stamp not in self._of:
            self._of[stamp] = offices.working_calendar(self._session, code, version)
        return self._of[stamp]


_Fired = Mapping[int, Mapping[str, datetime]]
"""By id of the clock: its rungs that told somebody, and when."""


def _fired(session: Session, narrowed: Sequence[ColumnElement[bool]] = ()) -> _Fired:
    found: dict[int, dict[str, datetime]] = {}
    for clock_id, rung, fired_at in session.execute(
        select(ClockRungRow.clock_id, ClockRungRow.rung, ClockRungRow.fired_at)
        .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
        .where(*_is_outdated(session), *narrowed, ClockRungRow.fired_at.is_not(None))
        .order_by(ClockRungRow.due_at)
    ):
        assert fired_at is not None  # the query asks for it
        found.setdefault(clock_id, {})[rung] = fired_at
    return found


def _recounted(
    session: Session, calendars: _Calendars, row: Any, fired: _Fired, now: datetime
) -> Recount:
    """A clock after every publication since its version, one after the other: what it comes to
    does not depend on when a recount was asked for, but for the notice that people get of it.
    """
    before = after = Deadline.from_json(orjson.loads(row.terms))
    reason = Phrase("", "")
    for published_at, calendar in calendars.since(before):
        change = after_publication(
            calendar, after, published_at, told_at=now, paused_at=row.paused_at
        )
        if change.moved or after.due_at == before.due_at:
            reason = change.reason
        after = change.deadline
    return Recount(
        demand_id=row.subject_id,
        number=row.order_number or row.demand_number,
        unit_id=row.lead_unit_id,
        clock=row.name,
        run=row.run,
        paused=row.paused_at is not None,
        before=before,
        after=after,
        reason=reason,
        working_days=_working_days(calendars, before, after),
        unfounded=_unfounded(session, calendars, row, after, fired.get(row.id, {}), now)
        if after.version != before.version
        else (),
    )


def _working_days(calendars: _Calendars, before: Deadline, after: Deadline) -> int:
    """Days gained are counted by the new calendar, days lost by the one they were promised in."""
    by = after if after.due_at >= before.due_at else before
    calendar = calendars.of(by.calendar, by.version)
    upto_after = calendar.rank(calendar.index(after.last_day) + 1)
    return upto_after - calendar.rank(calendar.index(before.last_day) + 1)


def _unfounded(
    session: Session,
    calendars: _Calendars,
    row: Any,
    after: Deadline,
    fired: Mapping[str, datetime],
    now: datetime,
) -> tuple[Unfounded, ...]:
    if not fired:
        return ()
    calendar = calendars.of(after.calendar, after.version)
    rungs = clocks.rungs_of(session, row.process_id, calendar, after)
    return tuple(
        Unfounded(rung, fired_at, rungs[rung])
        for rung, fired_at in fired.items()
        if rung in rungs and rungs[rung] >= now
    )


def _move(
    uow: UnitOfWork, case: Case, clock_id: int, calendar: WorkingCalendar, one: Recount
) -> None:
    """The clock, its evidence, its line in the history, and those who must know."""
    after = one.after
    clock = uow.session.get_one(ClockRow, clock_id, populate_existing=True)
    unfounded = [
        {"rung": rung.rung, "fired_at": rung.fired_at.isoformat()} for rung in one.unfounded
    ]
    engine.move_clock(
        uow,
        clock,
        due_at=after.due_at,
        rungs=clocks.rungs_of(uow.session, case.demand.process_id, calendar, after),
        what="calendar",
        at=uow.now,
        terms=after.to_json(),
        calendar_version=after.version,
        provisional=after.provisional,
        evidence={
            "before": one.before.to_json(),
            "reason": {"zh": one.reason.zh, "en": one.reason.en},
            "unfounded": unfounded,
        },
    )
    history.record(
        uow,
        case.demand.id,
        "recount_clock",
        facts={
            "clock": one.clock,
            "run": one.run,
            "due_before": one.before.due_at.isoformat(),
            "due_after": after.due_at.isoformat(),
            "calendar_before": f"{one.before.calendar}@{one.before.version}",
            "calendar": f"{after.calendar}@{after.version}",
            "provisional": after.provisional,
            "unfounded": unfounded,
        },
    )
    if one.moved and not one.paused:
        tell_of_moved_deadline(uow, case, one.clock, due_in_words(after.due_at))

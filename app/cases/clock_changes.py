"""What may happen to a running clock of a case: more time, a rest, going on.

The engine owns the row; the arithmetic is `app.worktime.running`. Every change is kept as a
revision of the run with its evidence, and stands in the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app import engine
from app.cases import clocks, history
from app.cases.orders import SUBJECT, Case
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ClockRow
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline, Pause
from app.worktime.running import extended, resumed


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs or rests, with the deadline and the calendar it is counted in."""

    clock: ClockRow
    deadline: Deadline
    calendar: WorkingCalendar


def running(uow: UnitOfWork, case: Case, name: str) -> Running:
    """The running clock `name` of the case. Raises `Conflict` when there is none."""
    clock = engine.clock_of(uow.session, SUBJECT, case.demand.id, name, case.scope)
    if clock is None or clock.stopped_at is not None:
        label = clocks.NAMES.get(name, Phrase(name, name))
        raise Conflict(
            Phrase(
                f"{label.zh}现在没有在计时，不能变更。",
                f"The limit “{label.en}” is not running now and cannot be changed.",
            )
        )
    counted = clocks.given(clock)
    return Running(
        clock, counted, offices.working_calendar(uow.session, counted.calendar, counted.version)
    )


def extend(
    uow: UnitOfWork, case: Case, name: str, days: int, at: datetime, evidence: Mapping[str, object]
) -> Deadline:
    """Give the clock `days` more, in the unit of its limit; the new deadline.

    Its lights are set anew: those that lie ahead burn again. Raises `Invalid` when the deadline
    has passed, `Conflict` when the clock does not run.
    """
    found = running(uow, case, name)
    after = extended(found.calendar, found.deadline, days, at)
    engine.move_clock(
        uow,
        found.clock,
        due_at=after.due_at,
        rungs=_rungs(uow, case, found.calendar, after),
        what="extension",
        at=at,
        terms=after.to_json(),
        evidence=evidence,
    )
    _record(uow, case, "extend_clock", found, after, at, days=days)
    return after


def pause(
    uow: UnitOfWork, case: Case, name: str, at: datetime, evidence: Mapping[str, object]
) -> bool:
    """Let the clock rest from `at`; whether one ran."""
    paused = engine.pause_clock(uow, SUBJECT, case.demand.id, name, at, evidence, scope=case.scope)
    if paused:
        history.record(uow, case.demand.id, "pause_clock", facts={"clock": name}, at=at)
    return paused


def resume(
    uow: UnitOfWork, case: Case, name: str, at: datetime, evidence: Mapping[str, object]
) -> Deadline:
    """Let a resting clock go on: what it rested is added. Raises `Conflict` if it does not rest."""
    found = running(uow, case, name)
    since = found.clock.paused_at
    after = (
        found.deadline
        if since is None
        else resumed(found.calendar, found.deadline, Pause(since, at))
    )
    engine.resume_clock(
        uow,
        SUBJECT,
        case.demand.id,
        name,
        at,
        scope=case.scope,
        due_at=after.due_at,
        rungs=_rungs(uow, case, found.calendar, after),
        terms=after.to_json(),
        evidence=evidence,
    )
    _record(uow, case, "resume_clock", found, after, at)
    return after


def _rungs(
    uow: UnitOfWork, case: Case, calendar: WorkingCalendar, after: Deadline
) -> dict[str, datetime]:
    return clocks.rungs_of(uow.session, case.demand.process_id, calendar, after)


def _record(
    uow: UnitOfWork,
    case: Case,
    command: str,
    found: Running,
    after: Deadline,
    at: datetime,
    **facts: object,
) -> None:
    history.record(
        uow,
        case.demand.id,
        command,
        facts={
            "clock": found.clock.name,
            "run": found.clock.run,
            "due_before": found.deadline.due_at.isoformat(),
            "due_after": after.due_at.isoformat(),
            **facts,
        },
        at=at,
    )

"""Letting due deadlines pass: rungs of clocks and timers of their own, in due order.

Whoever finds something due, the ticker or a command that takes the case, lets everything of that
subject pass that was due before it. Each firing is anchored at its due instant, so that after an
outage everything ends as if there had been none.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.core.uow import UnitOfWork
from app.engine import processes
from app.engine.processes import CLOCK, PROCESS, RUNG, TIMER
from app.engine.wiring import wired

_log = logging.getLogger(__name__)
_CLAIMS = 0x6A69  # the class of our advisory locks on PostgreSQL
MAX_PASSES = 10_000
"""Firings for one subject in one go; a cycle of seconds after a long outage."""


@dataclass(frozen=True, slots=True)
class Firing:
    """Something due: a rung of a clock (`rung`) or a timer of its own (`timer`)."""

    kind: str
    id: int
    due_at: datetime
    subject_kind: str
    subject_id: int


def due_firings(session: Session, now: datetime, limit: int = 500) -> list[Firing]:
    """What is due at `now`, in due order. Only reads, by index: nothing due costs next to nothing.

    A rung is due once `now` is later than its instant, a timer of its own from its instant on.
    """
    connection = session.connection()
    rungs = connection.execute(
        select(RUNG.c.id, RUNG.c.fire_at, CLOCK.c.subject_kind, CLOCK.c.subject_id)
        .join(CLOCK, CLOCK.c.id == RUNG.c.clock_id)
        .where(RUNG.c.fire_at < now)
        .order_by(RUNG.c.fire_at, RUNG.c.id)
        .limit(limit)
    )
    timers = connection.execute(
        select(TIMER.c.id, TIMER.c.due_at, PROCESS.c.subject_kind, PROCESS.c.subject_id)
        .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
        .where(TIMER.c.due_at <= now, PROCESS.c.status == "active")
        .order_by(TIMER.c.due_at, TIMER.c.id)
        .limit(limit)
    )
    found = [Firing("rung", *row) for row in rungs] + [Firing("timer", *row) for row in timers]
    found.sort(key=lambda f: (f.due_at, f.kind, f.id))
    return found[:limit]


def fire(uow: UnitOfWork, firing: Firing) -> int:
    """Let a firing pass, and before it whatever of the same subject was due earlier.

    Returns how many firings were done: 0 when another worker holds or has done it, or when it
    has been moved meanwhile. A process that fails is put into the repair queue, and the firing
    counts as done.
    """
    if not _claim(uow, firing):
        return 0
    wired().lock_subject(uow, firing.subject_kind, firing.subject_id)
    return _pass(uow, firing.subject_kind, firing.subject_id, firing.due_at)


def let_due_pass(uow: UnitOfWork, subject_kind: str, subject_id: int) -> int:
    """Let everything of a subject pass that is due at `uow.now`; how much that was.

    For commands, right after they have taken the subject under lock.
    """
    return _pass(uow, subject_kind, subject_id, uow.now)


def fire_passed(uow: UnitOfWork, process_id: int, at: datetime) -> None:
    """Fire the timers of a process that ask a rung which has passed already, oldest first."""
    for _ in range(MAX_PASSES):
        found = _passed_ask(uow.session, process_id, at)
        if found is None:
            return
        _tell(uow, process_id, found.token, found.element_id, found.rung_id, at)


def _claim(uow: UnitOfWork, firing: Firing) -> bool:
    """Whether no other worker is at this firing's subject.

    On PostgreSQL by an advisory lock that is skipped when held: it never waits, and as commands
    do not take it, it cannot close a circle with the lock of the case. On SQLite every writer is
    alone anyway.
    """
    session = uow.session
    if session.get_bind().dialect.name != "postgresql":
        return True
    key = firing.subject_id & 0x7FFFFFFF
    return bool(
        session.connection()
        .execute(text("SELECT pg_try_advisory_xact_lock(:c, :k)"), {"c": _CLAIMS, "k": key})
        .scalar_one()
    )


def _pass(uow: UnitOfWork, subject_kind: str, subject_id: int, until: datetime) -> int:
    done = 0
    while done < MAX_PASSES:
        found = _next(uow, subject_kind, subject_id, until)
        if found is None:
            return done
        if found.kind == "rung":
            _pass_rung(uow, found)
        else:
            _fire_timer(uow, found)
        done += 1
    return done


def _next(uow: UnitOfWork, subject_kind: str, subject_id: int, until: datetime) -> Firing | None:
    connection = uow.session.connection()
    rung = connection.execute(
        select(RUNG.c.id, RUNG.c.fire_at)
        .join(CLOCK, CLOCK.c.id == RUNG.c.clock_id)
        .where(
            CLOCK.c.subject_kind == subject_kind,
            CLOCK.c.subject_id == subject_id,
            RUNG.c.fire_at <= until,
            RUNG.c.fire_at < uow.now,
        )
        .order_by(RUNG.c.fire_at, RUNG.c.id)
        .limit(1)
    ).one_or_none()
    timer = connection.execute(
        select(TIMER.c.id, TIMER.c.due_at)
        .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
        .where(
            PROCESS.c.subject_kind == subject_kind,
            PROCESS.c.subject_id == subject_id,
            PROCESS.c.status == "active",
            TIMER.c.due_at <= until,
        )
        .order_by(TIMER.c.due_at, TIMER.c.id)
        .limit(1)
    ).one_or_none()
    if rung is not None and (timer is None or rung.fire_at <= timer.due_at):
        return Firing("rung", rung.id, rung.fire_at, subject_kind, subject_id)
    if timer is not None:
        return Firing("timer", timer.id, timer.due_at, subject_kind, subject_id)
    return None


def _pass_rung(uow: UnitOfWork, firing: Firing) -> None:
    """Mark the rung as passed and tell every timer that asks it."""
    connection = uow.session.connection()
    connection.execute(
        update(RUNG).where(RUNG.c.id == firing.id).values(fire_at=None, passed_at=firing.due_at)
    )
    clock = connection.execute(
        select(CLOCK.c.id, CLOCK.c.name, RUNG.c.rung)
        .join(RUNG, RUNG.c.clock_id == CLOCK.c.id)
        .where(RUNG.c.id == firing.id)
    ).one()
    asking = connection.execute(
        select(TIMER.c.process_id, TIMER.c.token, TIMER.c.element_id)
        .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
        .where(
            PROCESS.c.subject_kind == firing.subject_kind,
            PROCESS.c.subject_id == firing.subject_id,
            PROCESS.c.status == "active",
            TIMER.c.clock_name == clock.name,
            TIMER.c.rung == clock.rung,
        )
        .order_by(TIMER.c.id)
    ).all()
    for wait in asking:
        _tell(uow, wait.process_id, wait.token, wait.element_id, firing.id, firing.due_at)


def _tell(
    uow: UnitOfWork, process_id: int, token: str, element_id: str, rung_id: int, at: datetime
) -> None:
    """Tell one timer that its rung has passed: once per run, rung and element."""
    connection = uow.session.connection()
    rung = connection.execute(
        select(RUNG.c.fired_for, RUNG.c.fired_at).where(RUNG.c.id == rung_id)
    ).one()
    told = f"{process_id}:{element_id}"
    if told in rung.fired_for.split("\n"):
        return
    connection.execute(
        update(RUNG)
        .where(RUNG.c.id == rung_id)
        .values(
            fired_at=rung.fired_at or uow.now,
            fired_for=f"{rung.fired_for}\n{told}" if rung.fired_for else told,
        )
    )
    _move(uow, process_id, token, element_id, at)


def _fire_timer(uow: UnitOfWork, firing: Firing) -> None:
    wait = (
        uow.session.connection()
        .execute(
            select(TIMER.c.process_id, TIMER.c.token, TIMER.c.element_id).where(
                TIMER.c.id == firing.id
            )
        )
        .one()
    )
    _move(uow, wait.process_id, wait.token, wait.element_id, firing.due_at)


def _move(uow: UnitOfWork, process_id: int, token: str, element_id: str, at: datetime) -> None:
    """Fire a timer of a process; what fails goes to the repair queue and moves nothing."""
    try:
        with uow.session.begin_nested():
            loaded = processes.take(uow, process_id)
            outcome = loaded.instance.fire(token, at=at, host=loaded.host)
            processes.apply(uow, loaded, outcome, at)
    except Conflict as refused:
        _log.info("timer %s of process %d is no longer armed: %s", token, process_id, refused)
        processes.rebuild(uow, process_id)
        return
    except Exception as error:  # noqa: BLE001 - whatever a service raises must not stop the ticker
        _log.exception("timer %s of process %d failed", element_id, process_id)
        processes.hold(uow, process_id, f"fire {element_id}", f"{type(error).__name__}: {error}")
        return
    if any(timer.clock for timer in outcome.armed):
        fire_passed(uow, process_id, at)


def _passed_ask(session: Session, process_id: int, at: datetime) -> Any:
    """The oldest armed timer of a process whose rung, in the latest run, has passed by `at`."""
    latest = (
        select(func.max(CLOCK.c.run))
        .where(
            CLOCK.c.subject_kind == PROCESS.c.subject_kind,
            CLOCK.c.subject_id == PROCESS.c.subject_id,
            CLOCK.c.name == TIMER.c.clock_name,
        )
        .correlate(PROCESS, TIMER)
        .scalar_subquery()
    )
    rows = session.connection().execute(
        select(
            TIMER.c.token,
            TIMER.c.element_id,
            RUNG.c.id.label("rung_id"),
            RUNG.c.fired_for,
        )
        .select_from(TIMER)
        .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
        .join(
            CLOCK,
            and_(
                CLOCK.c.subject_kind == PROCESS.c.subject_kind,
                CLOCK.c.subject_id == PROCESS.c.subject_id,
                CLOCK.c.name == TIMER.c.clock_name,
                CLOCK.c.run == latest,
            ),
        )
        .join(RUNG, and_(RUNG.c.clock_id == CLOCK.c.id, RUNG.c.rung == TIMER.c.rung))
        .where(
            TIMER.c.process_id == process_id,
            PROCESS.c.status == "active",
            or_(RUNG.c.passed_at.is_not(None), RUNG.c.fire_at < at),
        )
        .order_by(RUNG.c.due_at, TIMER.c.id)
    )
    for row in rows:
        if f"{process_id}:{row.element_id}" not in row.fired_for.split("\n"):
            return row
    return None

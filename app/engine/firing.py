"""Letting due deadlines pass: rungs of clocks and timers of their own, in due order.

Whoever finds something due, the ticker or a command that takes the case, lets everything of that
subject pass that was due before it. Each firing is anchored at its due instant, so that after an
outage everything ends as if there had been none.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.uow import UnitOfWork
from app.engine import processes
from app.engine.errors import NotOpen
from app.engine.ports import Outcome, Thrown
from app.engine.processes import CLOCK, PROCESS, RUNG, TIMER, WAIT, Loaded
from app.engine.wiring import Subject, wired

_log = logging.getLogger(__name__)
_CLAIMS = 0x6A69  # the class of our advisory locks on PostgreSQL
MAX_PASSES = 10_000
"""Firings for one subject in one go; a cycle of seconds after a long outage."""

_ACTIVE = PROCESS.c.status == literal_column("'active'")
"""Written out: compared with a parameter, SQLite plans the statement anew at every execution,
because a partial index asks for another status."""

# Statements are built once: building one costs as much as running it.
# The rungs are chosen first and alone, so that only their partial index can serve: a server that
# has not counted its rows yet would otherwise read every clock.
_FIRST_RUNGS = (
    select(RUNG.c.id, RUNG.c.fire_at, RUNG.c.clock_id)
    .where(RUNG.c.fire_at < bindparam("now"))
    .order_by(RUNG.c.fire_at, RUNG.c.id)
    .limit(bindparam("most"))
    .subquery()
)
_DUE_RUNGS = (
    select(_FIRST_RUNGS.c.id, _FIRST_RUNGS.c.fire_at, CLOCK.c.subject_kind, CLOCK.c.subject_id)
    .join(CLOCK, CLOCK.c.id == _FIRST_RUNGS.c.clock_id)
    .order_by(_FIRST_RUNGS.c.fire_at, _FIRST_RUNGS.c.id)
)
_DUE_TIMERS = (
    select(TIMER.c.id, TIMER.c.due_at, PROCESS.c.subject_kind, PROCESS.c.subject_id)
    .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
    .where(TIMER.c.due_at <= bindparam("now"), _ACTIVE)
    .order_by(TIMER.c.due_at, TIMER.c.id)
    .limit(bindparam("most"))
)
_DUE_OF_SUBJECT = (
    union_all(
        select(
            literal("rung").label("kind"),
            RUNG.c.id.label("id"),
            RUNG.c.fire_at.label("due_at"),
            CLOCK.c.name.label("clock"),
            RUNG.c.rung.label("rung"),
            RUNG.c.fired_for.label("fired_for"),
            RUNG.c.fired_at.label("fired_at"),
            null().label("process_id"),
            null().label("token"),
            null().label("element_id"),
        )
        .join(CLOCK, CLOCK.c.id == RUNG.c.clock_id)
        .where(
            CLOCK.c.subject_kind == bindparam("kind"),
            CLOCK.c.subject_id == bindparam("subject"),
            RUNG.c.fire_at <= bindparam("until"),
            RUNG.c.fire_at < bindparam("now"),
        ),
        select(
            literal("timer"),
            TIMER.c.id,
            TIMER.c.due_at,
            null(),
            null(),
            null(),
            null(),
            TIMER.c.process_id,
            TIMER.c.token,
            TIMER.c.element_id,
        )
        .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
        .where(
            PROCESS.c.subject_kind == bindparam("kind"),
            PROCESS.c.subject_id == bindparam("subject"),
            _ACTIVE,
            TIMER.c.due_at <= bindparam("until"),
        ),
    )
    .order_by(text("due_at"), text("kind"), text("id"))
    .limit(1)
)
_ASKING = (
    select(TIMER.c.process_id, TIMER.c.token, TIMER.c.element_id)
    .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
    .where(
        PROCESS.c.subject_kind == bindparam("kind"),
        PROCESS.c.subject_id == bindparam("subject"),
        _ACTIVE,
        TIMER.c.clock_name == bindparam("clock"),
        TIMER.c.rung == bindparam("rung"),
    )
    .order_by(TIMER.c.id)
)
_ARMED = select(TIMER.c.id).where(
    TIMER.c.process_id == bindparam("process"), TIMER.c.token == bindparam("of")
)
_PASS_RUNG = (
    update(RUNG)
    .where(RUNG.c.id == bindparam("of"))
    .values(
        fire_at=None,
        passed_at=bindparam("passed"),
        fired_at=bindparam("fired"),
        fired_for=bindparam("told"),
    )
)
_latest_run = (
    select(func.max(CLOCK.c.run))
    .where(
        CLOCK.c.subject_kind == PROCESS.c.subject_kind,
        CLOCK.c.subject_id == PROCESS.c.subject_id,
        CLOCK.c.name == TIMER.c.clock_name,
    )
    .correlate(PROCESS, TIMER)
    .scalar_subquery()
)
_PASSED_ASKS = (
    select(
        TIMER.c.token,
        TIMER.c.element_id,
        RUNG.c.id.label("rung_id"),
        RUNG.c.fired_for,
        RUNG.c.fired_at,
    )
    .select_from(TIMER)
    .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
    .join(
        CLOCK,
        and_(
            CLOCK.c.subject_kind == PROCESS.c.subject_kind,
            CLOCK.c.subject_id == PROCESS.c.subject_id,
            CLOCK.c.name == TIMER.c.clock_name,
            CLOCK.c.run == _latest_run,
        ),
    )
    .join(RUNG, and_(RUNG.c.clock_id == CLOCK.c.id, RUNG.c.rung == TIMER.c.rung))
    .where(
        TIMER.c.process_id == bindparam("process"),
        _ACTIVE,
        or_(RUNG.c.passed_at.is_not(None), RUNG.c.fire_at < bindparam("at")),
    )
    .order_by(RUNG.c.due_at, TIMER.c.id)
)
_WAITING = (
    select(WAIT.c.process_id)
    .join(PROCESS, PROCESS.c.id == WAIT.c.process_id)
    .where(
        PROCESS.c.subject_kind == bindparam("kind"),
        PROCESS.c.subject_id == bindparam("subject"),
        _ACTIVE,
        WAIT.c.kind == bindparam("what"),
        WAIT.c.name == bindparam("name"),
    )
    .order_by(WAIT.c.id)
)
_TOLD = (
    update(RUNG)
    .where(RUNG.c.id == bindparam("of"))
    .values(fired_at=bindparam("fired"), fired_for=bindparam("told"))
)


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
    asked = {"now": now, "most": limit}
    found = [Firing("rung", *row) for row in connection.execute(_DUE_RUNGS, asked)]
    found += [Firing("timer", *row) for row in connection.execute(_DUE_TIMERS, asked)]
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
    return _pass(uow, (firing.subject_kind, firing.subject_id), firing.due_at)


def let_due_pass(uow: UnitOfWork, subject_kind: str, subject_id: int) -> int:
    """Let everything pass that is due at `uow.now`, of a subject and of those related to it; how
    much that was. For commands, right after they have taken the subject under lock.
    """
    return _pass(uow, (subject_kind, subject_id), uow.now)


def fire_passed(uow: UnitOfWork, process_id: int, at: datetime) -> None:
    """Fire the timers of a process that ask a rung which has passed already, oldest first."""
    connection = uow.session.connection()
    for _ in range(MAX_PASSES):
        for row in connection.execute(_PASSED_ASKS, {"process": process_id, "at": at}).all():
            told = f"{process_id}:{row.element_id}"
            if told in row.fired_for.split("\n"):
                continue
            connection.execute(
                _TOLD,
                {
                    "of": row.rung_id,
                    "fired": row.fired_at or uow.now,
                    "told": _joined(row.fired_for, [told]),
                },
            )
            if not _move(uow, process_id, row.token, row.element_id, at):
                _untell(uow, row.rung_id, told)
            break
        else:
            return


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


def _pass(uow: UnitOfWork, subject: Subject, until: datetime) -> int:
    """Fire what is due, the earliest first; what a firing did may change what comes next, and
    may have opened what is due itself.
    """
    for done in range(MAX_PASSES):
        due = [
            (row, related)
            for related in wired().related(uow.session, *subject)
            if (row := _first_due(uow, related, until)) is not None
        ]
        if not due:
            return done
        row, owner = min(due, key=lambda one: (one[0].due_at, one[0].kind, one[0].id))
        if row.kind == "rung":
            _pass_rung(uow, owner, row)
        else:
            _move(uow, row.process_id, row.token, row.element_id, row.due_at)
    return MAX_PASSES


def _first_due(uow: UnitOfWork, subject: Subject, until: datetime) -> Any:
    kind, subject_id = subject
    asked = {"kind": kind, "subject": subject_id, "until": until, "now": uow.now}
    return uow.session.connection().execute(_DUE_OF_SUBJECT, asked).first()


def _pass_rung(uow: UnitOfWork, subject: Subject, row: Any) -> None:
    """Mark a rung as passed and tell every timer that asks it, each once per run."""
    connection = uow.session.connection()
    kind, subject_id = subject
    asking = connection.execute(
        _ASKING,
        {"kind": kind, "subject": subject_id, "clock": row.clock, "rung": row.rung},
    ).all()
    before = set(row.fired_for.split("\n"))
    asking = [a for a in asking if f"{a.process_id}:{a.element_id}" not in before]
    told = [f"{a.process_id}:{a.element_id}" for a in asking]
    connection.execute(
        _PASS_RUNG,
        {
            "of": row.id,
            "passed": row.due_at,
            "fired": row.fired_at or (uow.now if asking else None),
            "told": _joined(row.fired_for, told),
        },
    )
    for place, (wait, line) in enumerate(zip(asking, told, strict=True)):
        if place and not _still_armed(uow, wait.process_id, wait.token):
            continue  # what an earlier timer of this rung did has ended it
        if not _move(uow, wait.process_id, wait.token, wait.element_id, row.due_at):
            _untell(uow, row.id, line)


def _still_armed(uow: UnitOfWork, process_id: int, token: str) -> bool:
    found = uow.session.connection().execute(_ARMED, {"process": process_id, "of": token})
    return found.first() is not None


def _joined(before: str, told: list[str]) -> str:
    return "\n".join([*([before] if before else []), *told])


def _untell(uow: UnitOfWork, rung_id: int, told: str) -> None:
    """The timer failed: it is told again when its process leaves the repair queue."""
    connection = uow.session.connection()
    before = connection.execute(select(RUNG.c.fired_for).where(RUNG.c.id == rung_id)).scalar_one()
    rest = "\n".join(line for line in before.split("\n") if line != told)
    connection.execute(update(RUNG).where(RUNG.c.id == rung_id).values(fired_for=rest))


def _move(uow: UnitOfWork, process_id: int, token: str, element_id: str, at: datetime) -> bool:
    """Fire a timer of a process; False when it failed and went to the repair queue."""
    return _guarded(
        uow,
        process_id,
        f"fire {element_id}",
        lambda loaded: loaded.instance.fire(token, at=at, host=loaded.host),
        at,
    )


def _guarded(
    uow: UnitOfWork, process_id: int, what: str, act: Callable[[Loaded], Outcome], at: datetime
) -> bool:
    """Move a process on nobody's behalf: what fails goes to the repair queue and moves nothing."""
    try:
        with uow.session.begin_nested():
            loaded = processes.take(uow, process_id)
            outcome = act(loaded)
            processes.apply(uow, loaded, outcome, at)
    except OperationalError:
        raise  # the database's trouble, not the process's: the next tick tries again
    except Exception as error:  # noqa: BLE001 - whatever a service raises must not stop the ticker
        if isinstance(error, NotOpen) and processes.rebuild(uow, process_id):
            return True  # the row was a left-over of a wait that is over
        _log.exception("%s of process %d failed", what, process_id)
        processes.hold(uow, process_id, what, f"{type(error).__name__}: {error}")
        return False
    follow(uow, loaded, outcome, at)
    return True


def follow(uow: UnitOfWork, loaded: Loaded, outcome: Outcome, at: datetime) -> None:
    """What follows from a verb: timers that ask a passed clock, and messages and signals for the
    other processes of the same subject and of those related to it.

    A message goes to the one process that waits for it; when nobody does it stays with the
    caller, in the outcome. A signal goes to all. A receiver that fails does not hurt the sender.
    """
    if any(timer.clock for timer in outcome.armed):
        fire_passed(uow, loaded.row.id, at)
    for thrown in outcome.thrown:
        if thrown.kind not in {"message", "signal"}:
            continue
        receivers = [
            row
            for kind, subject_id in wired().related(
                uow.session, loaded.row.subject_kind, loaded.row.subject_id
            )
            for row in uow.session.connection().execute(
                _WAITING,
                {"kind": kind, "subject": subject_id, "what": thrown.kind, "name": thrown.name},
            )
            if row.process_id != loaded.row.id
        ]
        if thrown.kind == "message" and len(receivers) > 1:
            processes.hold(
                uow,
                loaded.row.id,
                f"send {thrown.name}",
                f"{len(receivers)} processes wait for it: {[r.process_id for r in receivers]}",
            )
            continue
        for process_id in dict.fromkeys(row.process_id for row in receivers):
            _guarded(uow, process_id, f"receive {thrown.name}", _hand_over(thrown, at), at)


def _hand_over(thrown: Thrown, at: datetime) -> Callable[[Loaded], Outcome]:
    def act(loaded: Loaded) -> Outcome:
        verb = loaded.instance.send if thrown.kind == "message" else loaded.instance.signal
        return verb(thrown.name, thrown.data, at=at, host=loaded.host)

    return act

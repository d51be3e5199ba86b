"""Letting due deadlines pass: rungs of clocks and timers of their own, in due order.

Whoever finds something due, the ticker or a command that takes the case, lets everything of that
subject pass that was due before it. Each firing is anchored at its due instant, so that after an
outage everything ends as if there had been none; it is nobody's doing, whoever came upon it.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
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

from app.core.uow import SYSTEM, UnitOfWork
from app.engine import processes
from app.engine.errors import NotOpen
from app.engine.ports import Outcome, Thrown
from app.engine.processes import CLOCK, PROCESS, RUNG, TIMER, WAIT, Loaded
from app.engine.wiring import wired

_log = logging.getLogger(__name__)
_CLAIMS = 0x6A69
"""The class of our advisory locks on PostgreSQL."""
_KEY = 0x7FFFFFFF
"""What of an id goes into such a lock."""
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
_OF_SUBJECTS: BindParameter[int] = bindparam("subjects", expanding=True)
_DUE_OF_SUBJECTS = union_all(
    select(
        literal("rung").label("kind"),
        RUNG.c.id.label("id"),
        RUNG.c.fire_at.label("due_at"),
        CLOCK.c.subject_id.label("subject_id"),
        CLOCK.c.scope.label("scope"),
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
        CLOCK.c.subject_id.in_(_OF_SUBJECTS),
        RUNG.c.fire_at <= bindparam("until"),
        RUNG.c.fire_at < bindparam("now"),
    ),
    select(
        literal("timer"),
        TIMER.c.id,
        TIMER.c.due_at,
        PROCESS.c.subject_id,
        PROCESS.c.scope,
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
        PROCESS.c.subject_id.in_(_OF_SUBJECTS),
        _ACTIVE,
        TIMER.c.due_at <= bindparam("until"),
    ),
).order_by(text("due_at"), text("kind"), text("id"))
_ASKING = (
    select(
        PROCESS.c.subject_id,
        PROCESS.c.scope,
        TIMER.c.clock_name,
        TIMER.c.rung,
        TIMER.c.process_id,
        TIMER.c.token,
        TIMER.c.element_id,
    )
    .join(PROCESS, PROCESS.c.id == TIMER.c.process_id)
    .where(
        PROCESS.c.subject_kind == bindparam("kind"),
        PROCESS.c.subject_id.in_(_OF_SUBJECTS),
        _ACTIVE,
        TIMER.c.clock_name.is_not(None),
    )
    .order_by(TIMER.c.id)
)
_CLAIM = text(
    "SELECT subject FROM unnest(CAST(:subjects AS integer[])) AS subject"
    " WHERE pg_try_advisory_xact_lock(:claims, subject)"
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
        CLOCK.c.scope == PROCESS.c.scope,
        CLOCK.c.name == TIMER.c.clock_name,
    )
    .correlate(PROCESS, TIMER)
    .scalar_subquery()
)
_HAS_PASSED = or_(RUNG.c.passed_at.is_not(None), RUNG.c.fire_at < bindparam("at"))
_ANY_PASSED = (
    select(RUNG.c.id)
    .join(CLOCK, CLOCK.c.id == RUNG.c.clock_id)
    .where(
        CLOCK.c.subject_kind == bindparam("kind"),
        CLOCK.c.subject_id == bindparam("subject"),
        _HAS_PASSED,
    )
    .limit(1)
)
"""Asked first: mostly nothing has passed, and the join below is a dear way to learn that."""
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
            CLOCK.c.scope == PROCESS.c.scope,
            CLOCK.c.name == TIMER.c.clock_name,
            CLOCK.c.run == _latest_run,
        ),
    )
    .join(RUNG, and_(RUNG.c.clock_id == CLOCK.c.id, RUNG.c.rung == TIMER.c.rung))
    .where(
        TIMER.c.process_id == bindparam("process"),
        _ACTIVE,
        _HAS_PASSED,
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


@dataclass(frozen=True, slots=True)
class Move:
    """A timer of a process that is due."""

    subject_id: int
    process_id: int
    token: str
    element_id: str
    at: datetime
    rung_id: int | None = None
    """The rung that remembers that the timer was told."""


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


def fire(uow: UnitOfWork, *firings: Firing) -> int:
    """Let firings pass, and before each whatever of the same subject was due earlier.

    Returns how many were done: fewer than given when another worker holds or has done some, or
    when some have been moved meanwhile. A process that fails is put into the repair queue, and
    the firing counts as done.
    """
    done = 0
    for kind in sorted({firing.subject_kind for firing in firings}):
        until = _claimed(uow, [firing for firing in firings if firing.subject_kind == kind])
        if until:
            wired().lock_subjects(uow, kind, sorted(until))
            done += _pass(uow, kind, until)
    return done


def let_due_pass(uow: UnitOfWork, subject_kind: str, subject_id: int) -> int:
    """Let everything of a subject pass that is due at `uow.now`; how much that was.

    For commands, right after they have taken the subject under lock.
    """
    return _pass(replace(uow, actor=SYSTEM), subject_kind, {subject_id: uow.now})


def fire_passed(uow: UnitOfWork, process_id: int, at: datetime) -> None:
    """Fire the timers of a process that ask a rung which has passed already, oldest first."""
    uow = replace(uow, actor=SYSTEM)
    connection = uow.session.connection()
    subject = processes.row_of(uow.session, process_id)
    asked = {"kind": subject.subject_kind, "subject": subject.subject_id, "at": at}
    if connection.execute(_ANY_PASSED, asked).first() is None:
        return
    for _ in range(MAX_PASSES):
        for row in connection.execute(_PASSED_ASKS, {"process": process_id, "at": at}).all():
            told = _line(process_id, row.element_id)
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
            due = (process_id, row.token, row.element_id, at, row.rung_id)
            _make_one(uow, Move(subject.subject_id, *due))
            break
        else:
            return


def _claimed(uow: UnitOfWork, firings: Sequence[Firing]) -> dict[int, datetime]:
    """The subjects that no other worker is at, each with the instant up to which it is due.

    On PostgreSQL by advisory locks that are skipped when held: they never wait, and as commands
    do not take them, they cannot close a circle with the lock of a case. On SQLite every writer
    is alone anyway.
    """
    until: dict[int, datetime] = {}
    for firing in firings:
        last = until.get(firing.subject_id, firing.due_at)
        until[firing.subject_id] = max(last, firing.due_at)
    session = uow.session
    if session.get_bind().dialect.name != "postgresql":
        return until
    keys = sorted({subject & _KEY for subject in until})
    found = session.connection().execute(_CLAIM, {"claims": _CLAIMS, "subjects": keys})
    free = set(found.scalars())
    return {subject: at for subject, at in until.items() if subject & _KEY in free}


def _pass(uow: UnitOfWork, kind: str, until: Mapping[int, datetime]) -> int:
    """Fire what is due of some subjects, of each the earliest first, and look again: what a firing
    did may change what comes next.
    """
    connection = uow.session.connection()
    asked = {
        "kind": kind,
        "subjects": list(until),
        "until": max(until.values()),
        "now": uow.now,
    }
    done = 0
    for _ in range(MAX_PASSES):
        first: dict[int, Any] = {}
        for row in connection.execute(_DUE_OF_SUBJECTS, asked):
            if row.due_at <= until[row.subject_id]:
                first.setdefault(row.subject_id, row)
        if not first:
            break
        moves = _told(uow, kind, [row for row in first.values() if row.kind == "rung"])
        moves += [
            Move(row.subject_id, row.process_id, row.token, row.element_id, row.due_at)
            for row in first.values()
            if row.kind == "timer"
        ]
        _make(uow, moves)
        done += len(first)
    return done


def _told(uow: UnitOfWork, kind: str, rungs: Sequence[Any]) -> list[Move]:
    """Mark rungs of different subjects as passed; the moves of the timers that ask one of them,
    each once per run.
    """
    if not rungs:
        return []
    connection = uow.session.connection()
    asking: dict[tuple[int, int, str, str], list[Any]] = defaultdict(list)
    subjects = [row.subject_id for row in rungs]
    for wait in connection.execute(_ASKING, {"kind": kind, "subjects": subjects}):
        asking[wait.subject_id, wait.scope, wait.clock_name, wait.rung].append(wait)
    passed = []
    moves: list[Move] = []
    for row in rungs:
        before = row.fired_for.split("\n")
        waits = [
            wait
            for wait in asking[row.subject_id, row.scope, row.clock, row.rung]
            if _line(wait.process_id, wait.element_id) not in before
        ]
        lines = [_line(wait.process_id, wait.element_id) for wait in waits]
        passed.append(
            {
                "of": row.id,
                "passed": row.due_at,
                "fired": row.fired_at or (uow.now if waits else None),
                "told": _joined(row.fired_for, lines),
            }
        )
        moves += [
            Move(row.subject_id, w.process_id, w.token, w.element_id, row.due_at, row.id)
            for w in waits
        ]
    connection.execute(_PASS_RUNG, passed)
    return moves


def _make(uow: UnitOfWork, moves: Sequence[Move]) -> None:
    """Make moves that are due, the first of each subject together.

    The others follow one by one: what the first did may have ended them.
    """
    first: dict[int, Move] = {}
    for move in moves:
        first.setdefault(move.subject_id, move)
    together = list(first.values())
    if len(together) <= 1 or not _make_together(uow, together):
        for move in together:
            _make_one(uow, move)
    for move in moves:
        if move is not first[move.subject_id] and _still_armed(uow, move):
            _make_one(uow, move)


def _make_together(uow: UnitOfWork, moves: Sequence[Move]) -> bool:
    """Make moves of different processes with few statements; False, and nothing is done, when one
    fails: then each is to be made by itself.
    """
    processes.take_rows(uow, [move.process_id for move in moves])
    try:
        with uow.session.begin_nested():
            made = []
            for move in moves:
                loaded = processes.take(uow, move.process_id)
                outcome = loaded.instance.fire(move.token, at=move.at, host=loaded.host)
                made.append((loaded, outcome, move.at))
            processes.apply(uow, *made)
    except OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - made again one by one, where it is written down
        _log.info("%d moves are made one by one: %s", len(moves), type(error).__name__)
        return False
    for loaded, outcome, at in made:
        follow(uow, loaded, outcome, at)
    return True


def _make_one(uow: UnitOfWork, move: Move) -> None:
    made = _guarded(
        uow,
        move.process_id,
        f"fire {move.element_id}",
        lambda loaded: loaded.instance.fire(move.token, at=move.at, host=loaded.host),
        move.at,
    )
    if not made and move.rung_id is not None:
        _untell(uow, move.rung_id, _line(move.process_id, move.element_id))


def _line(process_id: int, element_id: str) -> str:
    """How a rung remembers that a timer was told."""
    return f"{process_id}:{element_id}"


def _still_armed(uow: UnitOfWork, move: Move) -> bool:
    asked = {"process": move.process_id, "of": move.token}
    return uow.session.connection().execute(_ARMED, asked).first() is not None


def _joined(before: str, told: list[str]) -> str:
    return "\n".join([*([before] if before else []), *told])


def _untell(uow: UnitOfWork, rung_id: int, told: str) -> None:
    """The timer failed: it is told again when its process leaves the repair queue."""
    connection = uow.session.connection()
    before = connection.execute(select(RUNG.c.fired_for).where(RUNG.c.id == rung_id)).scalar_one()
    rest = "\n".join(line for line in before.split("\n") if line != told)
    connection.execute(update(RUNG).where(RUNG.c.id == rung_id).values(fired_for=rest))


def _guarded(
    uow: UnitOfWork, process_id: int, what: str, act: Callable[[Loaded], Outcome], at: datetime
) -> bool:
    """Move a process on nobody's behalf: what fails goes to the repair queue and moves nothing."""
    try:
        with uow.session.begin_nested():
            loaded = processes.take(uow, process_id)
            outcome = act(loaded)
            processes.apply(uow, (loaded, outcome, at))
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
    other processes of the same subject.

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
            for row in uow.session.connection().execute(
                _WAITING,
                {
                    "kind": loaded.row.subject_kind,
                    "subject": loaded.row.subject_id,
                    "what": thrown.kind,
                    "name": thrown.name,
                },
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

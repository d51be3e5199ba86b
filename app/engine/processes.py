"""Processes that outlive a request: load, move, save, and keep the rows in step.

Every verb works in the caller's transaction and never commits. The instance lives for one verb
and is thrown away; what people and timers wait for is projected to rows by the difference the
verb made. A process changed by somebody else in between makes the later one fail with `Conflict`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from app.core.db import known
from app.core.errors import Conflict, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.errors import ambiguous, not_open
from app.engine.forms import Form
from app.engine.kernel import Bundle, Instance
from app.engine.models import (
    ClockRow,
    ClockRungRow,
    HumanTaskRow,
    MessageWaitRow,
    ProcessRow,
    RepairItemRow,
    TimerWaitRow,
)
from app.engine.passed import gone_on
from app.engine.ports import Description, EventWait, HumanTask, Outcome, TimerWait
from app.engine.versions import bundle_of, decisions_of
from app.engine.wiring import Process, wired

PROCESS: Table = ProcessRow.__table__  # type: ignore[assignment]
TASK: Table = HumanTaskRow.__table__  # type: ignore[assignment]
TIMER: Table = TimerWaitRow.__table__  # type: ignore[assignment]
WAIT: Table = MessageWaitRow.__table__  # type: ignore[assignment]
CLOCK: Table = ClockRow.__table__  # type: ignore[assignment]
RUNG: Table = ClockRungRow.__table__  # type: ignore[assignment]

_COLUMNS: tuple[Column[Any], ...] = (
    PROCESS.c.id,
    PROCESS.c.diagram_version_id,
    PROCESS.c.subject_kind,
    PROCESS.c.subject_id,
    PROCESS.c.scope,
    PROCESS.c.state,
    PROCESS.c.status,
    PROCESS.c.revision,
    PROCESS.c.started_at,
    PROCESS.c.passed,
)
_READ = select(*_COLUMNS).where(PROCESS.c.id == bindparam("process"))
_TAKE = _READ.with_for_update()
_TAKE_SOME = (
    select(*_COLUMNS)
    .where(PROCESS.c.id.in_(bindparam("processes", expanding=True)))
    .order_by(PROCESS.c.id)
    .with_for_update()
)
_TAKE_WITH_TASK = (
    select(HumanTaskRow, *_COLUMNS)
    .join(PROCESS, PROCESS.c.id == HumanTaskRow.process_id)
    .where(HumanTaskRow.id == bindparam("task"))
    .with_for_update(of=PROCESS)
    .execution_options(populate_existing=True)
)
_VERSION = select(PROCESS.c.diagram_version_id).where(PROCESS.c.id == bindparam("process"))
_SAVE = (
    update(PROCESS)
    .where(PROCESS.c.id == bindparam("process"), PROCESS.c.revision == bindparam("seen"))
    .values(
        state=bindparam("new_state"),
        status=bindparam("new_status"),
        revision=PROCESS.c.revision + 1,
        started_at=bindparam("begun"),
        ended_at=bindparam("ended"),
        passed=bindparam("way"),
    )
)
_CLOSE_TASK = (
    update(TASK)
    .where(TASK.c.process_id == bindparam("process"), TASK.c.token == bindparam("of"))
    .values(closed_at=bindparam("at"), closed_how=bindparam("how"))
)
_OPEN_TASK = insert(TASK)
_ARM = insert(TIMER)
_DISARM = delete(TIMER).where(
    TIMER.c.process_id == bindparam("process"), TIMER.c.token == bindparam("of")
)
_AWAIT = insert(WAIT)
_UNAWAIT = delete(WAIT).where(
    WAIT.c.process_id == bindparam("process"), WAIT.c.token == bindparam("of")
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a verb needs of the row of a process."""

    id: int
    diagram_version_id: int
    subject_kind: str
    subject_id: int
    scope: int
    state: bytes | None
    status: str
    revision: int
    started_at: datetime | None
    passed: bytes | None


@dataclass(slots=True)
class Loaded:
    """A process taken for one verb."""

    row: Stored
    bundle: Bundle
    instance: Instance
    host: Process


Made = tuple[Loaded, Outcome, datetime]
"""A verb that was done in memory: on what, what came of it, and at which instant."""

HEARER = "jieban.hearer"
"""Under this key of its `info` a session may keep a function that is told of every verb it saves:
a sandbox, which shows what its processes passed.
"""


def describe(session: Session, process_id: int) -> Description:
    """Tokens, open tasks, timers and waits of a process. Raises `NotFound`."""
    row = row_of(session, process_id)
    if row.state is None:
        return Description((), (), (), (), {}, row.status in {"completed", "cancelled"})
    bundle = bundle_of(session, row.diagram_version_id)
    return Instance.load(bundle, wired(), row.state).describe()


def rebuild(uow: UnitOfWork, process_id: int) -> int:
    """Bring the rows of tasks, timers and waits in step with the state.

    Returns how many rows were wrong; 0 unless somebody changed rows by hand.
    """
    row = row_of(uow.session, process_id, lock=True)
    if row.state is None:
        seen = Description((), (), (), (), {}, True)
    else:
        bundle = bundle_of(uow.session, row.diagram_version_id)
        seen = Instance.load(bundle, wired(), row.state).describe()
    return (
        _rebuild_tasks(uow.session, row, seen, uow.now)
        + _rebuild_timers(uow.session, row, seen, uow.now)
        + _rebuild_waits(uow.session, row, seen, uow.now)
    )


def _rebuild_tasks(session: Session, row: Stored, seen: Description, at: datetime) -> int:
    connection = session.connection()
    had = {
        task.token: task
        for task in connection.execute(select(TASK).where(TASK.c.process_id == row.id))
    }
    wanted = {task.token: task for task in seen.tasks}
    wrong = 0
    for token, task in wanted.items():
        old = had.get(token)
        values = {
            "element_id": task.element_id,
            "name": task.name,
            "name_en": task.name_en,
            "role": task.role,
            "unit_id": _unit_of(session, row, task),
            "closed_at": None,
            "closed_how": None,
        }
        if old is None:
            _project(session, (row, Outcome(opened=(task,)), at))
        elif any(getattr(old, name) != value for name, value in values.items()):
            connection.execute(update(TASK).where(TASK.c.id == old.id).values(values))
        else:
            continue
        wrong += 1
    gone = [t for t, old in had.items() if t not in wanted and old.closed_at is None]
    if gone:
        _project(session, (row, Outcome(closed=tuple((t, "cancelled") for t in gone)), at))
    return wrong + len(gone)


def _rebuild_timers(session: Session, row: Stored, seen: Description, at: datetime) -> int:
    connection = session.connection()
    had = {
        timer.token: (timer.element_id, timer.due_at, timer.clock_name, timer.rung)
        for timer in connection.execute(select(TIMER).where(TIMER.c.process_id == row.id))
    }
    wanted = {t.token: (t.element_id, t.due_at, t.clock, t.rung) for t in seen.timers}
    armed = tuple(t for t in seen.timers if had.get(t.token) != wanted[t.token])
    disarmed = tuple(token for token, old in had.items() if wanted.get(token) != old)
    _project(session, (row, Outcome(armed=armed, disarmed=disarmed), at))
    return len({t.token for t in armed} | set(disarmed))


def _rebuild_waits(session: Session, row: Stored, seen: Description, at: datetime) -> int:
    connection = session.connection()
    had = {
        wait.token: (wait.element_id, wait.kind, wait.name)
        for wait in connection.execute(select(WAIT).where(WAIT.c.process_id == row.id))
    }
    wanted = {w.token: (w.element_id, w.kind, w.name) for w in seen.waits}
    waits = tuple(w for w in seen.waits if had.get(w.token) != wanted[w.token])
    unwaits = tuple(token for token, old in had.items() if wanted.get(token) != old)
    _project(session, (row, Outcome(waits=waits, unwaits=unwaits), at))
    return len({w.token for w in waits} | set(unwaits))


def bundle_of_process(session: Session, process_id: int) -> Bundle:
    """The published version the process runs on."""
    return bundle_of(session, _version_of(session, process_id))


def form_of(session: Session, process_id: int, element_id: str) -> Form | None:
    """The form of a user task in the version the process runs on."""
    element = bundle_of_process(session, process_id).element(element_id)
    return None if element is None else element.form


def data_of(session: Session, process_id: int, token: str) -> Mapping[str, object]:
    """What expressions at a token see. Raises `NotFound` for a process there is not; where the
    token is gone, or the process has ended, there is nothing.
    """
    row = row_of(session, process_id)
    if row.state is None:
        return {}
    instance = Instance.load(bundle_of(session, row.diagram_version_id), wired(), row.state)
    return instance.data_at(token)


def decision_version(session: Session, process_id: int | None, key: str) -> int | None:
    """The version of a decision the process was published with; None: the newest."""
    if process_id is None:
        return None
    return decisions_of(session, _version_of(session, process_id)).get(key)


def _version_of(session: Session, process_id: int) -> int:
    """The version a process runs on, asked for once: a page or a step needs it several times."""
    taken = _taken(session).get(process_id)
    if taken is not None:
        return taken.diagram_version_id
    versions: dict[int, int] = known(session, "process_versions")
    if process_id not in versions:
        found = session.connection().execute(_VERSION, {"process": process_id})
        versions[process_id] = found.scalar_one()
    return versions[process_id]


def take_task(uow: UnitOfWork, task_id: int) -> HumanTaskRow | None:
    """A task as it is now, with its process under lock, as for completing it; None: no such task.

    One reading serves the task's form, the versions of its decisions and the move that follows.
    """
    found = uow.session.execute(_TAKE_WITH_TASK, {"task": task_id}).one_or_none()
    if found is None:
        return None
    task: HumanTaskRow
    task, *columns = found
    _taken(uow.session)[task.process_id] = Stored(*columns)
    return task


def give_tasks(
    uow: UnitOfWork, kind: str, subject_id: int, from_unit: int, to_unit: int
) -> Sequence[int]:
    """Another unit takes over the open tasks of a subject that name a unit; their ids."""
    given = uow.session.scalars(
        update(HumanTaskRow)
        .where(
            HumanTaskRow.subject_kind == kind,
            HumanTaskRow.subject_id == subject_id,
            HumanTaskRow.unit_id == from_unit,
            HumanTaskRow.closed_at.is_(None),
        )
        .values(unit_id=to_unit)
        .returning(HumanTaskRow.id)
    )
    return sorted(given)


def take_rows(uow: UnitOfWork, process_ids: Collection[int]) -> None:
    """Take several processes under lock by one statement; their verbs then need not read them."""
    taken = _taken(uow.session)
    wanted = {process_id for process_id in process_ids if process_id not in taken}
    if len(wanted) > 1:  # one is read by its verb
        found = uow.session.connection().execute(_TAKE_SOME, {"processes": sorted(wanted)})
        taken.update((row.id, Stored(*row)) for row in found)


def _taken(session: Session) -> dict[int, Stored]:
    """The processes that the transaction holds under lock, as it has left them."""
    return known(session, "processes")


def forget(uow: UnitOfWork, process_id: int) -> None:
    """Read the process anew at its next verb: its row was written past `apply`."""
    _taken(uow.session).pop(process_id, None)
    known(uow.session, "process_versions").pop(process_id, None)


def only_task(uow: UnitOfWork, subject_kind: str, subject_id: int) -> HumanTaskRow:
    """The one open task of a subject. Raises `Conflict` when there is none or more than one."""
    found = uow.session.scalars(
        select(HumanTaskRow)
        .where(
            HumanTaskRow.subject_kind == subject_kind,
            HumanTaskRow.subject_id == subject_id,
            HumanTaskRow.closed_at.is_(None),
        )
        .limit(2)
    ).all()
    if len(found) != 1:
        raise ambiguous(subject_kind, len(found)) if found else not_open(subject_kind)
    return found[0]


def hold(uow: UnitOfWork, process_id: int, what: str, error: str) -> None:
    """Put a process into the repair queue: it stays as it is until somebody has looked."""
    uow.session.execute(
        insert(RepairItemRow).values(
            process_id=process_id, what=what, error=error[:4000], opened_at=uow.now
        )
    )
    uow.session.connection().execute(
        update(PROCESS)
        .where(PROCESS.c.id == process_id, PROCESS.c.status == "active")
        .values(status="stuck", revision=PROCESS.c.revision + 1)
    )
    forget(uow, process_id)


def stuck_processes(session: Session) -> list[int]:
    """Active processes with no open task, no timer and no wait: they will never move again."""
    connection = session.connection()

    def none_in(table: Table, *conditions: Any) -> Any:
        return ~select(table.c.id).where(table.c.process_id == PROCESS.c.id, *conditions).exists()

    return list(
        connection.execute(
            select(PROCESS.c.id).where(
                PROCESS.c.status == "active",
                none_in(TASK, TASK.c.closed_at.is_(None)),
                none_in(TIMER),
                none_in(WAIT),
            )
        ).scalars()
    )


def take(uow: UnitOfWork, process_id: int, *, stuck: bool = False) -> Loaded:
    """Load an active process for one verb. Raises `NotFound`, `Conflict` when it has ended or is
    in the repair queue (unless `stuck`).
    """
    loaded = load(uow, process_id)
    status = loaded.row.status
    if status == "stuck" and not stuck:
        raise Conflict(
            Phrase(
                "该流程出现异常，正在由管理员修复：请稍后再试。",
                "This process ran into an error and is being repaired by an administrator: try "
                "again later.",
            )
        )
    if loaded.row.state is None:
        raise Conflict(
            Phrase(
                "该流程已经结束或尚未开始：请刷新后查看。",
                "This process has ended or not begun: reload and look.",
            )
        )
    return loaded


def apply(uow: UnitOfWork, *made: Made, ended: str = "completed") -> None:
    """Save the states and project what verbs changed, each of another process.

    Raises `Conflict` for a lost race.
    """
    left = {loaded.row.id: _left(loaded, outcome, at, ended) for loaded, outcome, at in made}
    saved = uow.session.connection().execute(
        _SAVE,
        [
            {
                "process": loaded.row.id,
                "seen": loaded.row.revision,
                "new_state": left[loaded.row.id].state,
                "new_status": left[loaded.row.id].status,
                "begun": left[loaded.row.id].started_at,
                "ended": at if outcome.completed else None,
                "way": left[loaded.row.id].passed,
            }
            for loaded, outcome, at in made
        ],
    )
    if saved.rowcount != len(made):
        raise not_open(", ".join(map(str, left)))
    _taken(uow.session).update(left)
    hearer = uow.session.info.get(HEARER)
    if hearer is not None:
        hearer(uow, made)
    _project(uow.session, *((loaded.row, outcome, at) for loaded, outcome, at in made))
    for process_id, row in left.items():
        if row.status == "stuck":
            uow.session.execute(
                insert(RepairItemRow).values(
                    process_id=process_id,
                    what="stuck",
                    error="no open task, no timer and no wait",
                    opened_at=uow.now,
                )
            )


def _left(loaded: Loaded, outcome: Outcome, at: datetime, ended: str) -> Stored:
    """How a verb leaves the row of its process."""
    row, instance, done = loaded.row, loaded.instance, outcome.completed
    stuck = not done and instance.describe().stuck
    return replace(
        row,
        state=None if done else instance.dump(),
        status=ended if done else "stuck" if stuck else "active",
        revision=row.revision + 1,
        started_at=row.started_at or at,
        passed=_passed(loaded, outcome),
    )


def _passed(loaded: Loaded, outcome: Outcome) -> bytes | None:
    row = loaded.row
    if row.passed is None and row.started_at is not None:
        return None  # it began before this was kept
    return gone_on(row.passed or b"", loaded.bundle, outcome.flows)


def load(uow: UnitOfWork, process_id: int) -> Loaded:
    """Load a process in whatever state it is. Raises `NotFound`."""
    row = row_of(uow.session, process_id, lock=True)
    bundle = bundle_of(uow.session, row.diagram_version_id)
    ports = wired()
    instance = (
        Instance(bundle, ports) if row.state is None else Instance.load(bundle, ports, row.state)
    )
    decisions = decisions_of(uow.session, row.diagram_version_id)
    host = Process(uow, row.id, row.subject_kind, row.subject_id, row.scope, decisions)
    return Loaded(row, bundle, instance, host)


def row_of(session: Session, process_id: int, *, lock: bool = False) -> Stored:
    """The row of a process; under lock it is read once in a transaction. Raises `NotFound`."""
    taken = _taken(session)
    if process_id in taken:
        return taken[process_id]
    statement = _TAKE if lock else _READ
    found = session.connection().execute(statement, {"process": process_id}).one_or_none()
    if found is None:
        raise NotFound(Phrase("没有这个流程。", "There is no such process."))
    row = Stored(*found)
    if lock:
        taken[process_id] = row
    return row


def _project(session: Session, *changes: tuple[Stored, Outcome, datetime]) -> None:
    """Bring the rows of tasks, timers and waits in step with what verbs changed."""
    connection = session.connection()
    closed, disarmed, unwaits, opened, armed, waits = [], [], [], [], [], []
    for row, outcome, at in changes:
        of = row.id
        closed += [{"process": of, "of": t, "at": at, "how": how} for t, how in outcome.closed]
        disarmed += [{"process": of, "of": token} for token in outcome.disarmed]
        unwaits += [{"process": of, "of": token} for token in outcome.unwaits]
        opened += [_task_values(session, row, task, at) for task in outcome.opened]
        armed += [_timer_values(of, timer) for timer in outcome.armed]
        waits += [_wait_values(of, wait) for wait in outcome.waits]
    for statement, rows in (
        (_CLOSE_TASK, closed),
        (_DISARM, disarmed),
        (_UNAWAIT, unwaits),
        (_OPEN_TASK, opened),
        (_ARM, armed),
        (_AWAIT, waits),
    ):
        if rows:
            connection.execute(statement, rows)


def _unit_of(session: Session, row: Stored, task: HumanTask) -> int | None:
    if task.unit is None:
        return None
    return wired().unit_named(session, row.subject_kind, row.subject_id, task.unit)


def _task_values(session: Session, row: Stored, task: HumanTask, at: datetime) -> dict[str, object]:
    return {
        "process_id": row.id,
        "token": task.token,
        "element_id": task.element_id,
        "instance": task.instance,
        "name": task.name,
        "name_en": task.name_en,
        "role": task.role,
        "unit_id": _unit_of(session, row, task),
        "subject_kind": row.subject_kind,
        "subject_id": row.subject_id,
        "scope": row.scope,
        "opened_at": at,
    }


def _timer_values(process: int, timer: TimerWait) -> dict[str, object]:
    return {
        "process_id": process,
        "token": timer.token,
        "element_id": timer.element_id,
        "clock_name": timer.clock,
        "rung": timer.rung,
        "due_at": timer.due_at,
        "armed_at": timer.armed_at,
    }


def _wait_values(process: int, wait: EventWait) -> dict[str, object]:
    return {
        "process_id": process,
        "token": wait.token,
        "element_id": wait.element_id,
        "kind": wait.kind,
        "name": wait.name,
    }

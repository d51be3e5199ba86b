"""The verbs that move a process, and what follows from each.

Every verb works in the caller's transaction and never commits.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import insert, select, update

from app.core.uow import UnitOfWork
from app.engine import state
from app.engine.errors import ambiguous, not_open
from app.engine.firing import fire_passed, follow
from app.engine.kernel import Instance
from app.engine.models import RepairItemRow
from app.engine.ports import Outcome
from app.engine.processes import PROCESS, WAIT, Loaded, apply, forget, load, take
from app.engine.versions import version_id_of

_CREATE = insert(PROCESS).returning(PROCESS.c.id)


def create(
    uow: UnitOfWork,
    key: str,
    subject_kind: str,
    subject_id: int,
    *,
    scope: int = 0,
    version: int | None = None,
) -> int:
    """A new process on the newest (or given) version of `key`; returns its id. It has not begun.

    Raises `NotFound` when no version is published.
    """
    process_id: int = (
        uow.session.connection()
        .execute(
            _CREATE,
            {
                "diagram_version_id": version_id_of(uow.session, key, version),
                "subject_kind": subject_kind,
                "subject_id": subject_id,
                "scope": scope,
                "state": None,
                "state_format": state.FORMAT,
                "status": "created",
                "revision": 0,
            },
        )
        .scalar_one()
    )
    return process_id


def start(
    uow: UnitOfWork,
    process_id: int,
    data: Mapping[str, object] | None = None,
    *,
    message: str | None = None,
    at: datetime | None = None,
) -> Outcome:
    """Begin a created process with its first data. Raises `Conflict` when it has begun."""
    loaded = load(uow, process_id)
    if loaded.row.status != "created":
        raise not_open(str(process_id))
    return _act(
        uow,
        loaded,
        at,
        lambda i, when: i.start(data or {}, at=when, host=loaded.host, message=message),
    )


def complete(
    uow: UnitOfWork,
    process_id: int,
    task: str,
    data: Mapping[str, object] | None = None,
    *,
    at: datetime | None = None,
) -> Outcome:
    """Complete an open task, named by token or element id; `Conflict` when it is not open."""
    loaded = take(uow, process_id)
    return _act(
        uow, loaded, at, lambda i, when: i.complete(task, data or {}, at=when, host=loaded.host)
    )


def send(
    uow: UnitOfWork,
    process_id: int,
    message: str,
    data: Mapping[str, object] | None = None,
    *,
    element: str | None = None,
    at: datetime | None = None,
) -> Outcome:
    """Deliver a message to the one place of the process that waits for it; else `Conflict`."""
    loaded = take(uow, process_id)
    return _act(
        uow,
        loaded,
        at,
        lambda i, when: i.send(message, data or {}, at=when, host=loaded.host, element=element),
    )


def send_to_subject(
    uow: UnitOfWork,
    subject_kind: str,
    subject_id: int,
    message: str,
    data: Mapping[str, object] | None = None,
) -> Outcome:
    """Deliver a message to the one process of a subject that waits for it; else `Conflict`."""
    found = (
        uow.session.connection()
        .execute(
            select(WAIT.c.process_id)
            .join(PROCESS, PROCESS.c.id == WAIT.c.process_id)
            .where(
                WAIT.c.kind == "message",
                WAIT.c.name == message,
                PROCESS.c.subject_kind == subject_kind,
                PROCESS.c.subject_id == subject_id,
                PROCESS.c.status == "active",
            )
            .distinct()
        )
        .scalars()
        .all()
    )
    if len(found) != 1:
        raise ambiguous(message, len(found)) if found else not_open(message)
    return send(uow, found[0], message, data)


def signal(
    uow: UnitOfWork,
    process_id: int,
    name: str,
    data: Mapping[str, object] | None = None,
    *,
    at: datetime | None = None,
) -> Outcome:
    """Let everything in the process that waits for the signal go on, as of `at` (else now)."""
    loaded = take(uow, process_id)
    return _act(
        uow, loaded, at, lambda i, when: i.signal(name, data or {}, at=when, host=loaded.host)
    )


def cancel(uow: UnitOfWork, process_id: int) -> Outcome:
    """End a process where it stands; works on stuck ones too."""
    loaded = take(uow, process_id, stuck=True)
    return _act(
        uow, loaded, None, lambda i, when: i.cancel(at=when, host=loaded.host), ended="cancelled"
    )


def jump(uow: UnitOfWork, process_id: int, element_id: str, *, token: str | None = None) -> Outcome:
    """Put a process at an element, whatever it was doing; works on stuck ones too."""
    loaded = take(uow, process_id, stuck=True)
    return _act(
        uow,
        loaded,
        None,
        lambda i, when: i.jump(element_id, at=when, token=token, host=loaded.host),
    )


def resume(uow: UnitOfWork, process_id: int) -> None:
    """Take a process out of the repair queue: its due timers are tried again."""
    uow.session.execute(
        update(RepairItemRow)
        .where(RepairItemRow.process_id == process_id, RepairItemRow.resolved_at.is_(None))
        .values(resolved_at=uow.now)
        .execution_options(synchronize_session=False)
    )
    uow.session.connection().execute(
        update(PROCESS)
        .where(PROCESS.c.id == process_id, PROCESS.c.status == "stuck")
        .values(status="active", revision=PROCESS.c.revision + 1)
    )
    forget(uow, process_id)
    fire_passed(uow, process_id, uow.now)


def _act(
    uow: UnitOfWork,
    loaded: Loaded,
    at: datetime | None,
    verb: Callable[[Instance, datetime], Outcome],
    *,
    ended: str = "completed",
) -> Outcome:
    when = at or uow.now
    outcome = verb(loaded.instance, when)
    apply(uow, (loaded, outcome, when), ended=ended)
    follow(uow, loaded, outcome, when)
    return outcome

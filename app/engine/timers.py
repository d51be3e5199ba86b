"""Clocks and their rungs: rows that own deadlines. Nothing here loads a process.

The caller has counted working time already and passes instants; here they are stored, armed,
moved and stopped. A deadline has passed when now is later than its due instant.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Table, bindparam, case, delete, insert, literal, select, update
from sqlalchemy.orm import Session

from app.core.db import Instant
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.models import ClockRevisionRow, ClockRow, ClockRungRow

Rungs = Mapping[str, datetime]

_RUNG: Table = ClockRungRow.__table__  # type: ignore[assignment]

_LATEST = (
    select(ClockRow)
    .where(
        ClockRow.subject_kind == bindparam("kind"),
        ClockRow.subject_id == bindparam("subject"),
        ClockRow.scope == bindparam("scope"),
        ClockRow.name == bindparam("name"),
    )
    .order_by(ClockRow.run.desc())
    .limit(1)
    .execution_options(populate_existing=True)
)
_ADD_RUNGS = insert(_RUNG)
_DISARM = (
    update(_RUNG)
    .where(_RUNG.c.clock_id == bindparam("clock"), _RUNG.c.fire_at.is_not(None))
    .values(fire_at=None)
)


def start_clock(
    uow: UnitOfWork,
    subject_kind: str,
    subject_id: int,
    name: str,
    *,
    scope: int = 0,
    started_at: datetime,
    due_at: datetime | None,
    rungs: Rungs,
    provisional: bool = False,
    calendar_code: str | None = None,
    calendar_version: str | None = None,
    terms: object = None,
    evidence: object = None,
) -> ClockRow:
    """Start a run of a clock; an earlier run that still goes on ends at the same instant."""
    before = clock_of(uow.session, subject_kind, subject_id, name, scope)
    if before is not None and before.stopped_at is None:
        _stop(uow, before, started_at)
    clock = ClockRow(
        subject_kind=subject_kind,
        subject_id=subject_id,
        scope=scope,
        name=name,
        run=1 if before is None else before.run + 1,
        started_at=started_at,
        due_at=due_at,
        provisional=provisional,
        calendar_code=calendar_code,
        calendar_version=calendar_version,
        terms=orjson.dumps(terms).decode(),
        evidence=orjson.dumps(evidence).decode(),
    )
    uow.session.add(clock)
    uow.session.flush()
    if rungs:
        uow.session.connection().execute(
            _ADD_RUNGS,
            [
                {"clock_id": clock.id, "rung": rung, "due_at": at, "fire_at": at, "fired_for": ""}
                for rung, at in rungs.items()
            ],
        )
    return clock


def move_clock(
    uow: UnitOfWork,
    clock: ClockRow,
    *,
    due_at: datetime | None,
    rungs: Rungs,
    what: str,
    at: datetime,
    terms: object = None,
    evidence: object = None,
    calendar_version: str | None = None,
    provisional: bool | None = None,
) -> None:
    """Give a run other instants (`what`: extension, calendar, …), kept as a revision.

    Rungs whose instant now lies ahead of `at` are armed again, even when they had passed; those
    behind it that had not passed yet pass at the next look, and what they start is anchored at
    `at`: before that nobody could know.
    """
    _revise(uow, clock, at, what, due_at, evidence)
    values: dict[str, object] = {"due_at": due_at}
    if terms is not None:
        values["terms"] = orjson.dumps(terms).decode()
    if calendar_version is not None:
        values["calendar_version"] = calendar_version
    if provisional is not None:
        values["provisional"] = provisional
    _update(uow, clock, values)
    _arm(uow, clock, rungs, at, standing=clock.paused_at is not None)


def rungs_as_they_are(session: Session, clock_id: int) -> list[dict[str, str | None]]:
    """The rungs of a run, to be kept until `put_back`; instants in ISO 8601."""
    rows = session.execute(
        select(
            ClockRungRow.rung, ClockRungRow.due_at, ClockRungRow.fire_at, ClockRungRow.passed_at,
            ClockRungRow.fired_at, ClockRungRow.fired_for,
        ).where(ClockRungRow.clock_id == clock_id).order_by(ClockRungRow.id)
    )  # fmt: skip
    return [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row._asdict().items()
        }
        for row in rows
    ]


def put_back(
    uow: UnitOfWork,
    clock: ClockRow,
    *,
    due_at: datetime | None,
    terms: object,
    rungs: Sequence[Mapping[str, str | None]],
    what: str,
    at: datetime,
    evidence: object = None,
) -> None:
    """Undo a `move_clock`, kept as a revision: the terms and `rungs` are as they were, those that
    had passed too. The caller has seen that nothing has passed or changed since.
    """
    _revise(uow, clock, at, what, due_at, evidence)
    _update(uow, clock, {"due_at": due_at, "terms": orjson.dumps(terms).decode()})
    uow.session.execute(
        delete(ClockRungRow)
        .where(ClockRungRow.clock_id == clock.id)
        .execution_options(synchronize_session=False)
    )
    instants = ("due_at", "fire_at", "passed_at", "fired_at")
    for rung in rungs:
        values = {
            name: datetime.fromisoformat(value) if value and name in instants else value
            for name, value in rung.items()
        }
        uow.session.execute(insert(ClockRungRow).values(clock_id=clock.id, **values))


def pause_clock(
    uow: UnitOfWork, subject_kind: str, subject_id: int, name: str, at: datetime,
    evidence: object = None, *, scope: int = 0,
) -> bool:  # fmt: skip
    """Let the clock stand still; its rungs pass no more. False when it does not run."""
    clock = _running(uow.session, subject_kind, subject_id, name, scope)
    if clock is None or clock.paused_at is not None:
        return False
    _revise(uow, clock, at, "pause", clock.due_at, evidence)
    _update(uow, clock, {"paused_at": at})
    _disarm(uow, clock)
    return True


def resume_clock(
    uow: UnitOfWork,
    subject_kind: str,
    subject_id: int,
    name: str,
    at: datetime,
    *,
    scope: int = 0,
    due_at: datetime | None,
    rungs: Rungs,
    terms: object = None,
    evidence: object = None,
) -> ClockRow:
    """Let a paused clock go on with the instants counted anew. Raises `Conflict` if not paused."""
    clock = _running(uow.session, subject_kind, subject_id, name, scope)
    if clock is None or clock.paused_at is None:
        raise Conflict(
            Phrase(
                f"计时“{name}”没有暂停，不能恢复：请刷新后查看。",
                f'Clock "{name}" is not paused and cannot be resumed: reload and look.',
            )
        )
    _update(uow, clock, {"paused_at": None})
    move_clock(
        uow, clock, due_at=due_at, rungs=rungs, what="resume", at=at, terms=terms,
        evidence=evidence,
    )  # fmt: skip
    return clock


def stop_clock(
    uow: UnitOfWork, subject_kind: str, subject_id: int, name: str, at: datetime, scope: int = 0
) -> bool:
    """Stop the running run; whether one ran."""
    clock = _running(uow.session, subject_kind, subject_id, name, scope)
    if clock is None:
        return False
    _stop(uow, clock, at)
    return True


def continue_clock(
    uow: UnitOfWork, subject_kind: str, subject_id: int, name: str, at: datetime, scope: int = 0
) -> ClockRow:
    """Let the last run go on as if it had never stopped: its instants stay what they were.

    Rungs that lie behind `at` and have not passed do so now, and what they start is anchored at
    `at`: while the clock stood still there was nobody to be late. Raises `Conflict` when the clock
    was never started.
    """
    clock = clock_of(uow.session, subject_kind, subject_id, name, scope)
    if clock is None:
        raise Conflict(
            Phrase(
                f"计时“{name}”尚未开始，不能继续：请核对流程图。",
                f'Clock "{name}" was never started and cannot continue: check the diagram.',
            )
        )
    if clock.stopped_at is not None:
        _revise(uow, clock, at, "continue", clock.due_at, None)
        _update(uow, clock, {"stopped_at": None})
        if clock.paused_at is None:
            due_at = ClockRungRow.due_at
            uow.session.execute(
                update(ClockRungRow)
                .where(ClockRungRow.clock_id == clock.id, ClockRungRow.passed_at.is_(None))
                .values(fire_at=case((due_at < at, literal(at, Instant())), else_=due_at))
                .execution_options(synchronize_session=False)
            )
    return clock


def clock_of(
    session: Session, subject_kind: str, subject_id: int, name: str, scope: int = 0
) -> ClockRow | None:
    """The latest run of a clock."""
    asked = {"kind": subject_kind, "subject": subject_id, "name": name, "scope": scope}
    return session.scalar(_LATEST, asked)


def _running(
    session: Session, kind: str, subject_id: int, name: str, scope: int
) -> ClockRow | None:
    clock = clock_of(session, kind, subject_id, name, scope)
    return clock if clock is not None and clock.stopped_at is None else None


def _stop(uow: UnitOfWork, clock: ClockRow, at: datetime) -> None:
    _update(uow, clock, {"stopped_at": at})
    _disarm(uow, clock)


def _update(uow: UnitOfWork, clock: ClockRow, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(clock, name, value)
    uow.session.flush()


def _revise(
    uow: UnitOfWork,
    clock: ClockRow,
    at: datetime,
    what: str,
    due_after: datetime | None,
    evidence: object,
) -> None:
    uow.session.execute(
        insert(ClockRevisionRow).values(
            clock_id=clock.id,
            at=at,
            what=what,
            due_before=clock.due_at,
            due_after=due_after,
            evidence=orjson.dumps(evidence).decode(),
        )
    )


def _disarm(uow: UnitOfWork, clock: ClockRow) -> None:
    uow.session.connection().execute(_DISARM, {"clock": clock.id})


def _arm(uow: UnitOfWork, clock: ClockRow, rungs: Rungs, at: datetime, *, standing: bool) -> None:
    known = {
        row.rung: row
        for row in uow.session.execute(
            select(ClockRungRow.id, ClockRungRow.rung, ClockRungRow.passed_at).where(
                ClockRungRow.clock_id == clock.id
            )
        )
    }
    for rung, due in rungs.items():
        row = known.get(rung)
        fire_at = None if standing else max(due, at)
        if row is None:
            uow.session.execute(
                insert(ClockRungRow).values(
                    clock_id=clock.id,
                    rung=rung,
                    due_at=due,
                    fire_at=fire_at,
                    fired_for="",
                )
            )
        elif row.passed_at is None:
            _set_rung(uow, row.id, due_at=due, fire_at=fire_at)
        elif due > at:
            _set_rung(
                uow, row.id, due_at=due, fire_at=fire_at, passed_at=None,
                fired_at=None, fired_for="",
            )  # fmt: skip
        else:
            _set_rung(uow, row.id, due_at=due)


def _set_rung(uow: UnitOfWork, rung_id: int, **values: object) -> None:
    uow.session.execute(
        update(ClockRungRow)
        .where(ClockRungRow.id == rung_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )

"""The dry run of a move, kept case by case: asked for by a designer, computed in the background.

A case that changes meanwhile is looked at again, until the move is decided on. Nothing of a case
is written; carrying out looks at every case once more.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import orjson
from sqlalchemy import delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from app import engine
from app.cases.models.demand import Demand
from app.cases.models.history import CaseHead
from app.cases.models.work_order import WorkOrder
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design.moving.models import CaseMove, CaseMoveLine, MoveStatus
from app.design.moving.orphans import Standing
from app.design.moving.prospects import (
    AT_ONCE,
    EVERY,
    IN_ORDER,
    SEEN,
    CaseProspect,
    Limits,
    Query,
    TaskChange,
    looked_at,
    meant,
)
from app.design.moving.sheet import dumped, in_lines, taken, told_of
from app.engine import DiagramVersionRow, ProcessRow, Verdict
from app.identity.policy import require

KEPT = timedelta(days=1)
"""How long a dry run is kept that nobody has asked to be carried out."""


def try_out(
    uow: UnitOfWork,
    diagram: str,
    version: int,
    *,
    query: Query = EVERY,
    recount_limits: bool = False,
) -> CaseMove:
    """Begin a dry run: what would become of the live cases of `diagram` that `query` means.

    The first of them are looked at at once, the others by the ticker. The same person's former
    dry run of this diagram goes. Raises `NotAllowed`, `NotFound`.
    """
    require(uow.actor, "design.move")
    assert uow.actor.user_id is not None  # nothing tries by itself
    engine.version_id_of(uow.session, diagram, version)
    _drop(
        uow,
        *uow.session.scalars(
            select(CaseMove.id).where(
                CaseMove.status == MoveStatus.TRIED,
                CaseMove.diagram == diagram,
                CaseMove.asked_by == uow.actor.user_id,
            )
        ),
    )
    move = CaseMove(
        diagram=diagram,
        version=version,
        mapping="{}",
        recount_limits=recount_limits,
        query=query.to_json(),
        reason="",
        status=MoveStatus.TRIED,
        open=False,
        asked_at=uow.now,
        asked_by=uow.actor.user_id,
        asked_by_name=uow.actor.name,
    )
    uow.session.add(move)
    uow.session.flush()
    add_lines(uow, move)
    _look_at_first(uow, move)
    return move


def choose(uow: UnitOfWork, move_id: int, mapping: Mapping[str, str]) -> CaseMove:
    """Name what takes the place of elements that the new version no longer has.

    The cases that stand there are looked at again. Names of other elements are passed over.
    Raises `NotAllowed`, `NotFound`, `Conflict` when it was asked for already.
    """
    require(uow.actor, "design.move")
    move = taken(uow, move_id, MoveStatus.TRIED)
    lost = {one.element_id for one in standing(uow.session, move_id)}
    names = {old: new for old, new in mapping.items() if new and old in lost}
    move.mapping = orjson.dumps(names, option=orjson.OPT_SORT_KEYS).decode()
    uow.session.execute(
        update(CaseMoveLine)
        .where(CaseMoveLine.move_id == move_id, CaseMoveLine.orphans != "[]")
        .values(seen=None, verdict=None)
    )
    _look_at_first(uow, move)
    return move


def add_lines(uow: UnitOfWork, move: CaseMove) -> None:
    """A line for each case that is meant and has none yet."""
    target = engine.version_id_of(uow.session, move.diagram, move.version)
    had = select(CaseMoveLine.process_id).where(CaseMoveLine.move_id == move.id)
    columns = select(
        literal(move.id),
        ProcessRow.id,
        Demand.id,
        func.coalesce(WorkOrder.number, Demand.number),
        DiagramVersionRow.version,
        literal(""),
        literal("[]"),
    ).select_from(ProcessRow)
    chosen = meant(columns, move.diagram, target, Query.from_json(move.query))
    uow.session.execute(
        insert(CaseMoveLine).from_select(
            ["move_id", "process_id", "demand_id", "number", "from_version", "note", "deadlines"],
            chosen.where(ProcessRow.id.not_in(had)).order_by(*IN_ORDER),
        )
    )


def next_lines(session: Session, limit: int) -> Sequence[int]:
    """The next lines to look at, by id: those of new dry runs, and of cases that changed since."""
    return session.scalars(
        select(CaseMoveLine.id)
        .join(CaseMove, CaseMove.id == CaseMoveLine.move_id)
        .join(ProcessRow, ProcessRow.id == CaseMoveLine.process_id)
        .outerjoin(CaseHead, CaseHead.demand_id == CaseMoveLine.demand_id)
        .where(
            CaseMove.status.in_((MoveStatus.TRIED, MoveStatus.WAITING)),
            or_(CaseMoveLine.seen.is_(None), CaseMoveLine.seen != SEEN),
        )
        .order_by(CaseMoveLine.id)
        .limit(limit)
    ).all()


def look(uow: UnitOfWork, line_ids: Sequence[int]) -> None:
    """Look at the cases of these lines and keep what was seen."""
    session = uow.session
    found: dict[int, dict[int, int]] = {}
    for line_id, move_id, process_id in session.execute(
        select(CaseMoveLine.id, CaseMoveLine.move_id, CaseMoveLine.process_id).where(
            CaseMoveLine.id.in_(line_ids)
        )
    ):
        found.setdefault(move_id, {})[process_id] = line_id
    for move_id, lines in sorted(found.items()):
        move = session.get(CaseMove, move_id, with_for_update=True, populate_existing=True)
        if move is None or move.status not in {MoveStatus.TRIED, MoveStatus.WAITING}:
            continue  # dropped, or decided on, since it was listed
        target = engine.version_id_of(session, move.diagram, move.version)
        limits = Limits(session, target, uow.now) if move.recount_limits else None
        mapping = orjson.loads(move.mapping)
        seen = looked_at(session, target, move.version, list(lines), mapping, limits)
        session.execute(
            update(CaseMoveLine),
            [{"id": lines[one.process_id], **_values(one)} for one in seen],
        )


def give_up(uow: UnitOfWork, line_id: int, error: str) -> None:
    """A case that could not be looked at, for a defect, counts as one that cannot move."""
    line = uow.session.get_one(CaseMoveLine, line_id)
    line.seen = uow.session.scalar(
        select(SEEN)
        .select_from(ProcessRow)
        .outerjoin(CaseHead, CaseHead.demand_id == ProcessRow.subject_id)
        .where(ProcessRow.id == line.process_id)
    )
    line.verdict, line.note = Verdict.CANNOT, in_lines(Phrase(error, error))


def sweep(uow: UnitOfWork) -> int:
    """Drop the dry runs that nobody went on with; returns how many there were."""
    old = uow.session.scalars(
        select(CaseMove.id).where(
            CaseMove.status == MoveStatus.TRIED, CaseMove.asked_at < uow.now - KEPT
        )
    ).all()
    _drop(uow, *old)
    return len(old)


def verdicts(session: Session, move_id: int) -> Counter[Verdict | None]:
    """How many cases there are of each verdict; None: they have not been looked at."""
    rows = session.execute(
        select(CaseMoveLine.verdict, func.count())
        .where(CaseMoveLine.move_id == move_id)
        .group_by(CaseMoveLine.verdict)
    )
    return Counter(
        {None if verdict is None else Verdict(verdict): int(count) for verdict, count in rows}
    )


def limits_changed(session: Session, move_id: int) -> int:
    """How many running clocks get another limit."""
    found = select(func.sum(CaseMoveLine.limits_changed)).where(CaseMoveLine.move_id == move_id)
    return session.scalar(found) or 0


def standing(session: Session, move_id: int) -> list[Standing]:
    """Where the cases stand that need a mapping, or got one."""
    rows = session.execute(
        select(CaseMoveLine.orphans, CaseMoveLine.from_version, func.count())
        .where(CaseMoveLine.move_id == move_id, CaseMoveLine.orphans != "[]")
        .group_by(CaseMoveLine.orphans, CaseMoveLine.from_version)
        .order_by(CaseMoveLine.orphans, CaseMoveLine.from_version)
    )
    return [
        Standing(element_id, version, count)
        for orphans, version, count in rows
        for element_id in orjson.loads(orphans)
    ]


def _look_at_first(uow: UnitOfWork, move: CaseMove) -> None:
    """So that nobody waits for the ticker who means a few cases only."""
    uow.session.flush()
    look(
        uow,
        uow.session.scalars(
            select(CaseMoveLine.id)
            .where(CaseMoveLine.move_id == move.id, CaseMoveLine.seen.is_(None))
            .order_by(CaseMoveLine.id)
            .limit(AT_ONCE)
        ).all(),
    )


def _values(one: CaseProspect) -> dict[str, object]:
    return {
        "seen": one.seen,
        "from_version": one.from_version,
        "verdict": one.verdict,
        "note": in_lines(*(obstacle.phrase for obstacle in one.obstacles)),
        "deadlines": dumped([told_of(clock) for clock in one.clocks]),
        "tasks": orjson.dumps([_pair(task) for task in one.tasks]).decode(),
        "orphans": orjson.dumps(one.orphans).decode(),
        "limits_changed": sum(clock.changes for clock in one.clocks),
    }


def _pair(task: TaskChange) -> list[list[str] | None]:
    after = None if task.after is None else [task.after.zh, task.after.en]
    return [[task.before.zh, task.before.en], after]


def _drop(uow: UnitOfWork, *move_ids: int) -> None:
    if move_ids:
        uow.session.execute(delete(CaseMoveLine).where(CaseMoveLine.move_id.in_(move_ids)))
        uow.session.execute(delete(CaseMove).where(CaseMove.id.in_(move_ids)))

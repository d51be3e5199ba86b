"""Moving live cases to another version of their diagram: asked, agreed, carried out, undone.

One person asks, with a reason, for what a dry run has shown; an administrator agrees; the ticker
then moves each process in a transaction of its own, under the lock of its case. Every line
says what became of it. What cannot move stays exactly as it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clocks, history, tables
from app.cases.notices import tell_of_moved_deadline
from app.cases.orders import Case, find_in_scope, take
from app.cases.story import due_in_words
from app.core import jobs
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design.moving import dry_runs
from app.design.moving.models import CaseMove, CaseMoveLine, MoveOutcome, MoveStatus
from app.design.moving.prospects import LIVE, ClockChange, Limits, unchanged
from app.design.moving.sheet import dumped, in_lines, taken, told_of
from app.engine import (
    ClockRow,
    ClockRungRow,
    DiagramVersionRow,
    ProcessMoveRow,
    ProcessRow,
    Verdict,
)
from app.identity.policy import may, require
from app.worktime import offices
from app.worktime.deadlines import Deadline

JOB = "move_cases"

OPEN = (MoveStatus.WAITING, MoveStatus.RUNNING, MoveStatus.INTERRUPTED, MoveStatus.UNDOING)


def ask(uow: UnitOfWork, move_id: int, reason: str) -> CaseMove:
    """Ask for what a dry run has shown to be done.

    Those that cannot move now are among the lines, too: what becomes of each is said. Raises
    `NotAllowed`, `NotFound`, `Invalid` without a reason or when none could move, `Conflict` while
    the dry run goes on or another move of the diagram is open.
    """
    require(uow.actor, "design.move")
    reason = reason.strip()
    if not reason:
        raise Invalid(
            Phrase("请写明迁移理由。", "Say why the cases are moved."),
            {"reason": Phrase("请写明迁移理由。", "Say why the cases are moved.")},
        )
    move = taken(uow, move_id, MoveStatus.TRIED)
    under_way = open_move(uow.session, move.diagram)
    if under_way is not None:
        raise Conflict(
            Phrase(
                f"该流程已有迁移单{under_way.id}（{under_way.asked_by_name}发起）尚未完成：请先办结。",
                f"Move {under_way.id} of this diagram, asked for by {under_way.asked_by_name}, is "
                "not finished: finish it first.",
            )
        )
    found = dry_runs.verdicts(uow.session, move_id)
    if found[None]:
        raise Conflict(
            Phrase(
                "预演还没有完成，请稍候再提交。",
                "The dry run is not finished: wait a moment, then ask.",
            )
        )
    if not found[Verdict.WILL_MOVE]:
        raise Invalid(
            Phrase(
                "没有可以迁移的案件：请调整条件，或先为各环节指定对应的新环节。",
                "No case could move: change the conditions, or name the new elements first.",
            )
        )
    assert uow.actor.user_id is not None  # nothing asks by itself
    move.status, move.open, move.reason = MoveStatus.WAITING, True, reason
    move.asked_at = uow.now
    move.asked_by, move.asked_by_name = uow.actor.user_id, uow.actor.name
    dry_runs.add_lines(uow, move)
    return move


def agree(uow: UnitOfWork, move_id: int, opinion: str = "") -> CaseMove:
    """A second person agrees: the ticker begins. Raises `NotAllowed`, `NotFound`, `Conflict`."""
    move = _decided(uow, move_id, opinion)
    move.status = MoveStatus.RUNNING
    jobs.ask(uow, JOB, left(uow.session, move_id))
    return move


def refuse(uow: UnitOfWork, move_id: int, opinion: str) -> CaseMove:
    """A second person refuses, with a reason. Raises as `agree`, and `Invalid`."""
    if not opinion.strip():
        raise Invalid(
            Phrase("不同意迁移的，须写明理由。", "When refusing, say why."),
            {"opinion": Phrase("请写明理由。", "Say why.")},
        )
    move = _decided(uow, move_id, opinion)
    move.status, move.open = MoveStatus.REFUSED, False
    return move


def withdraw(uow: UnitOfWork, move_id: int) -> CaseMove:
    """Take a move back that nobody has decided on. Raises `NotAllowed`, `NotFound`, `Conflict`."""
    require(uow.actor, "design.move")
    move = taken(uow, move_id, MoveStatus.WAITING)
    move.status, move.open = MoveStatus.WITHDRAWN, False
    return move


def interrupt(uow: UnitOfWork, move_id: int) -> CaseMove:
    """Stop after the case that is under way; what was moved stays moved.

    Whoever may ask or agree may stop it. Raises `NotAllowed`, `NotFound`, `Conflict`.
    """
    if not may(uow.actor, "design.move"):
        require(uow.actor, "design.agree_to_move")
    move = taken(uow, move_id, MoveStatus.RUNNING)
    move.status = MoveStatus.INTERRUPTED
    return move


def go_on(uow: UnitOfWork, move_id: int) -> CaseMove:
    """Go on with a move that was interrupted. Raises `NotAllowed`, `NotFound`, `Conflict`."""
    require(uow.actor, "design.agree_to_move")
    move = taken(uow, move_id, MoveStatus.INTERRUPTED)
    move.status = MoveStatus.RUNNING
    jobs.ask(uow, JOB, left(uow.session, move_id))
    return move


def undo(uow: UnitOfWork, move_id: int, reason: str) -> CaseMove:
    """Have every case put back that has not gone on since; the ticker does it, case by case.

    Raises `NotAllowed`, `NotFound`, `Invalid` without a reason, `Conflict` when nothing was moved
    or another move of the diagram is open.
    """
    require(uow.actor, "design.agree_to_move")
    if not reason.strip():
        raise Invalid(
            Phrase("请写明撤销理由。", "Say why it is undone."),
            {"reason": Phrase("请写明撤销理由。", "Say why it is undone.")},
        )
    move = taken(uow, move_id, MoveStatus.DONE, MoveStatus.INTERRUPTED)
    other = open_move(uow.session, move.diagram)
    if other is not None and other.id != move.id:
        raise Conflict(
            Phrase(
                f"该流程的迁移单{other.id}尚未完成：请先办结，再撤销本单。",
                f"Move {other.id} of this diagram is not finished: finish it first, then undo.",
            )
        )
    move.status, move.open = MoveStatus.UNDOING, True
    move.undone_by_name, move.undo_reason = uow.actor.name, reason.strip()
    jobs.ask(uow, JOB, left(uow.session, move_id))
    return move


def undo_case(uow: UnitOfWork, line_id: int) -> CaseMoveLine:
    """Put one case back to the version it was moved from.

    Raises `NotAllowed`, `NotFound`, `Conflict` when it has gone on since, or was not moved.
    """
    require(uow.actor, "design.agree_to_move")
    line = _line(uow.session, line_id)
    case = take(uow, line.demand_id)
    line = _line(uow.session, line_id, lock=True)
    if line.outcome != MoveOutcome.MOVED:
        raise Conflict(
            Phrase(
                "该案件没有迁移过，或已经撤销，不能再撤销。",
                "This case was not moved, or has been put back already.",
            )
        )
    _put_back(uow, case, line)
    return line


def next_lines(session: Session, limit: int) -> Sequence[int]:
    """The next lines whose turn has not come, by id."""
    return session.scalars(
        select(CaseMoveLine.id)
        .join(CaseMove, CaseMove.id == CaseMoveLine.move_id)
        .where(_TO_DO)
        .order_by(CaseMoveLine.id)
        .limit(limit)
    ).all()


def apply(uow: UnitOfWork, line_id: int) -> bool:
    """Move, or put back, the process of a line; whether it was done.

    Done twice, it changes nothing. What has ended is skipped, what cannot move is left as it is,
    with the reason.
    """
    line = _line(uow.session, line_id)
    case = take(uow, line.demand_id)
    line = _line(uow.session, line_id, lock=True)
    move = uow.session.get_one(CaseMove, line.move_id, populate_existing=True)
    if move.status == MoveStatus.RUNNING and line.outcome is None:
        return _move(uow, case, move, line)
    if move.status == MoveStatus.UNDOING and line.outcome == MoveOutcome.MOVED:
        try:
            _put_back(uow, case, line)
        except Conflict as gone_on:
            line.outcome, line.note = MoveOutcome.GONE_ON, in_lines(gone_on.phrase)
            return False
        return True
    return False


def fail(uow: UnitOfWork, line_id: int, error: str) -> None:
    """Give up on a line for a defect; the process is as it was."""
    line = _line(uow.session, line_id, lock=True)
    undoing = line.outcome == MoveOutcome.MOVED
    line.outcome = MoveOutcome.GONE_ON if undoing else MoveOutcome.FAILED
    line.note, line.done_at = f"{error}\n{error}", uow.now


def finish(uow: UnitOfWork) -> None:
    """Close the moves of which no line is left."""
    for move in uow.session.scalars(
        select(CaseMove)
        .where(CaseMove.status.in_((MoveStatus.RUNNING, MoveStatus.UNDOING)))
        .with_for_update()
    ).all():
        if left(uow.session, move.id) == 0:
            undone = move.status == MoveStatus.UNDOING
            move.status = MoveStatus.UNDONE if undone else MoveStatus.DONE
            move.open, move.finished_at = False, uow.now


def left(session: Session, move_id: int) -> int:
    """How many lines of a move that is under way have yet to be done."""
    found = select(func.count(CaseMoveLine.id)).join(CaseMove, CaseMove.id == CaseMoveLine.move_id)
    return session.scalar(found.where(_TO_DO, CaseMove.id == move_id)) or 0


def counts(session: Session, move_id: int) -> Counter[MoveOutcome | None]:
    """How many lines came to what; None: their turn has not come. They add up to all lines."""
    rows = session.execute(
        select(CaseMoveLine.outcome, func.count())
        .where(CaseMoveLine.move_id == move_id)
        .group_by(CaseMoveLine.outcome)
    )
    return Counter(
        {None if outcome is None else MoveOutcome(outcome): int(count) for outcome, count in rows}
    )


def open_move(session: Session, diagram: str) -> CaseMove | None:
    """The move of a diagram that is not finished, if there is one."""
    return session.scalar(select(CaseMove).where(CaseMove.diagram == diagram, CaseMove.open))


def moves_of_diagram(session: Session, diagram: str) -> Sequence[CaseMove]:
    """Every move of a diagram, the newest first."""
    return session.scalars(
        select(CaseMove).where(CaseMove.diagram == diagram).order_by(CaseMove.id.desc())
    ).all()


def moves_of_case(session: Session, demand_id: int) -> list[tuple[CaseMove, CaseMoveLine]]:
    """The moves that reached a case, oldest first, those that were undone too."""
    reached = (MoveOutcome.MOVED, MoveOutcome.UNDONE, MoveOutcome.GONE_ON)
    rows = session.execute(
        select(CaseMove, CaseMoveLine)
        .join(CaseMoveLine, CaseMoveLine.move_id == CaseMove.id)
        .where(CaseMoveLine.demand_id == demand_id, CaseMoveLine.outcome.in_(reached))
        .order_by(CaseMoveLine.id)
    )
    return [(move, line) for move, line in rows]


_TO_DO: ColumnElement[bool] = or_(
    (CaseMove.status == MoveStatus.RUNNING) & CaseMoveLine.outcome.is_(None),
    (CaseMove.status == MoveStatus.UNDOING) & (CaseMoveLine.outcome == MoveOutcome.MOVED),
)


def _move(uow: UnitOfWork, case: Case, move: CaseMove, line: CaseMoveLine) -> bool:
    session, line.done_at = uow.session, uow.now
    process = session.get_one(ProcessRow, line.process_id, populate_existing=True)
    version = session.get_one(DiagramVersionRow, process.diagram_version_id).version
    line.from_version, line.note = version, ""
    if process.status not in LIVE or version == move.version:
        line.outcome = MoveOutcome.SKIPPED
        line.note = in_lines(_ENDED if process.status not in LIVE else _THERE)
        return False
    names = orjson.loads(move.mapping)
    found = engine.can_move(session, process.id, move.version, names)
    if found.verdict is not Verdict.WILL_MOVE:
        mappable = found.verdict is Verdict.NEEDS_MAPPING
        line.outcome = MoveOutcome.NEEDS_MAPPING if mappable else MoveOutcome.REFUSED
        line.note = in_lines(found.obstacles[0].phrase)
        return False
    in_scope = find_in_scope(session, case.demand.id, process.scope)
    engine.move(uow, process.id, move.version, names)
    line.outcome = MoveOutcome.MOVED
    line.engine_move_id = session.scalar(
        select(func.max(ProcessMoveRow.id)).where(ProcessMoveRow.process_id == process.id)
    )
    _record(uow, in_scope, "move_process", move, version, move.version)
    line.deadlines = dumped(_with_limits(uow, in_scope, move))
    return True


def _with_limits(uow: UnitOfWork, case: Case, move: CaseMove) -> list[dict[str, Any]]:
    """Give the running clocks the new limits where that was asked for; what is kept of each."""
    session = uow.session
    target = engine.version_id_of(session, move.diagram, move.version)
    limits = Limits(session, target, uow.now)
    kept = []
    for clock in _running(session, case):
        anew = move.recount_limits and case.scope == 0
        change = limits.changed(case.demand, clock) if anew else unchanged(clock)
        told = told_of(change)
        if change.changes:
            told["rungs"] = engine.rungs_as_they_are(session, clock.id)
            _recount(uow, case, move, clock, change)
        kept.append(told)
    return kept


def _recount(
    uow: UnitOfWork, case: Case, move: CaseMove, clock: ClockRow, change: ClockChange
) -> None:
    demand, after = case.demand, change.after
    stage = orjson.loads(clock.evidence)["stage"]
    answer = tables.decide(uow, demand, "time_limits", clocks.limit_facts(demand, stage))
    calendar = offices.working_calendar(uow.session, after.calendar, after.version)
    engine.move_clock(
        uow,
        clock,
        due_at=after.due_at,
        rungs=clocks.rungs_of(uow.session, demand.process_id, calendar, after),
        what="move",
        at=uow.now,
        terms=after.to_json(),
        provisional=after.provisional,
        evidence={"move": move.id, "decision": answer.evidence.to_json(), "stage": stage},
    )
    _record_clock(uow, case, move, change.clock, change.run, change.before, after)
    if not change.paused and after.due_at != change.before.due_at:
        of_clock = find_in_scope(uow.session, demand.id, clock.scope)
        tell_of_moved_deadline(uow, of_clock, change.clock, due_in_words(after.due_at))


def _put_back(uow: UnitOfWork, case: Case, line: CaseMoveLine) -> None:
    """Undo one line, exactly. Raises `Conflict` when the case has gone on since."""
    session = uow.session
    move = session.get_one(CaseMove, line.move_id)
    last = session.scalar(
        select(func.max(ProcessMoveRow.id)).where(
            ProcessMoveRow.process_id == line.process_id, ProcessMoveRow.undone_at.is_(None)
        )
    )
    if last != line.engine_move_id:
        raise Conflict(_MOVED_AGAIN)
    told = [one for one in orjson.loads(line.deadlines) if one.get("rungs") is not None]
    for one in told:
        _require_untouched(session, one, line.done_at)
    engine.restore(uow, line.process_id)
    scope = session.get_one(ProcessRow, line.process_id).scope
    in_scope = find_in_scope(session, case.demand.id, scope)
    _record(uow, in_scope, "undo_move", move, move.version, line.from_version)
    for one in told:
        before, after = _deadlines(one)
        clock = session.get_one(ClockRow, one["clock_id"], populate_existing=True)
        engine.put_back(
            uow,
            clock,
            due_at=before.due_at,
            terms=before.to_json(),
            rungs=one["rungs"],
            what="move",
            at=uow.now,
            evidence={"move": move.id, "undone": True},
        )
        _record_clock(uow, in_scope, move, one["clock"], one["run"], after, before)
        if not one["paused"] and before.due_at != after.due_at:
            of_clock = find_in_scope(session, case.demand.id, clock.scope)
            tell_of_moved_deadline(uow, of_clock, one["clock"], due_in_words(before.due_at))
    line.outcome, line.note, line.done_at = MoveOutcome.UNDONE, "", uow.now


def _require_untouched(
    session: Session, told: Mapping[str, Any], moved_at: datetime | None
) -> None:
    """The clock stands as the move left it, and none of its rungs has passed since."""
    clock = session.get_one(ClockRow, told["clock_id"], populate_existing=True)
    as_left = (
        clock.stopped_at is None
        and (clock.paused_at is not None) == told["paused"]
        and orjson.loads(clock.terms) == told["after"]
    )
    passed = session.scalar(
        select(func.count(ClockRungRow.id)).where(
            ClockRungRow.clock_id == clock.id, ClockRungRow.passed_at > moved_at
        )
    )
    if not as_left or passed:
        raise Conflict(_CLOCK_WENT_ON)


def _running(session: Session, case: Case) -> Sequence[ClockRow]:
    """The clocks that a move of this process is about: of the main process, all of the case."""
    found = select(ClockRow).where(
        ClockRow.subject_kind == "demand",
        ClockRow.subject_id == case.demand.id,
        ClockRow.stopped_at.is_(None),
        ClockRow.due_at.is_not(None),
    )
    if case.scope:
        found = found.where(ClockRow.scope == case.scope)
    return session.scalars(
        found.order_by(ClockRow.id).execution_options(populate_existing=True)
    ).all()


def _record(
    uow: UnitOfWork, case: Case, command: str, move: CaseMove, before: int, after: int
) -> None:
    facts = {
        "move": move.id,
        "diagram": move.diagram,
        "from": before,
        "to": after,
        "asked_by": move.asked_by_name,
        "agreed_by": move.decided_by_name,
    }
    if case.scope:
        facts["procedure"] = case.scope
    history.record(uow, case.demand.id, command, facts=facts)


def _record_clock(
    uow: UnitOfWork,
    case: Case,
    move: CaseMove,
    clock: str,
    run: int,
    before: Deadline,
    after: Deadline,
) -> None:
    history.record(
        uow,
        case.demand.id,
        "limit_by_move",
        facts={
            "move": move.id,
            "clock": clock,
            "run": run,
            "due_before": before.due_at.isoformat(),
            "due_after": after.due_at.isoformat(),
        },
    )


def _deadlines(told: Mapping[str, Any]) -> tuple[Deadline, Deadline]:
    return Deadline.from_json(told["before"]), Deadline.from_json(told["after"])


def _line(session: Session, line_id: int, *, lock: bool = False) -> CaseMoveLine:
    line = session.get(CaseMoveLine, line_id, with_for_update=lock or None, populate_existing=lock)
    if line is None:
        raise NotFound(Phrase("迁移单中没有这件案件。", "The move has no such case."))
    return line


def _decided(uow: UnitOfWork, move_id: int, opinion: str) -> CaseMove:
    """A waiting move, decided on by a second person."""
    require(uow.actor, "design.agree_to_move")
    move = taken(uow, move_id, MoveStatus.WAITING)
    if move.asked_by == uow.actor.user_id:
        raise NotAllowed(
            Phrase("迁移须由申请人以外的人批准。", "Somebody other than who asked must decide.")
        )
    move.decided_at, move.decided_by = uow.now, uow.actor.user_id
    move.decided_by_name, move.opinion = uow.actor.name, opinion.strip()
    return move


_ENDED = Phrase("已经办结，无需迁移。", "It has ended: there is nothing to move.")
_THERE = Phrase("已经是该版本。", "It is at that version already.")
_MOVED_AGAIN = Phrase(
    "该案件之后又迁移过，不能撤销这一次：请改为再次迁移。",
    "The case was moved again since, so this move cannot be undone: move it again instead.",
)
_CLOCK_WENT_ON = Phrase(
    "该案件的时限之后又有变化，不能撤销：请改为再次迁移。",
    "A limit of the case has changed or passed since, so the move cannot be undone: move it again "
    "instead.",
)

"""The sheet of a move: finding it, taking it under lock, and how its lines are written."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy.orm import Session

from app.core.errors import Conflict, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design.moving.models import CaseMove, MoveStatus
from app.design.moving.prospects import ClockChange


def move_of(session: Session, move_id: int) -> CaseMove:
    """A move, or a dry run. Raises `NotFound`."""
    return _there(session.get(CaseMove, move_id))


def taken(uow: UnitOfWork, move_id: int, *wanted: MoveStatus) -> CaseMove:
    """A move under lock. Raises `NotFound`, and `Conflict` when it is none of `wanted`."""
    move = _there(uow.session.get(CaseMove, move_id, with_for_update=True, populate_existing=True))
    if move.status not in wanted:
        raise Conflict(
            Phrase(
                "这张迁移单的状态刚刚已变化，请刷新后再操作。",
                "This move has changed just now: reload the page, then decide.",
            )
        )
    return move


def told_of(change: ClockChange) -> dict[str, Any]:
    """A clock before and after, for the row of the line."""
    return {
        "clock_id": change.clock_id,
        "clock": change.clock,
        "run": change.run,
        "paused": change.paused,
        "before": change.before.to_json(),
        "after": change.after.to_json(),
        "kept": None if change.kept is None else [change.kept.zh, change.kept.en],
    }


def dumped(told: Sequence[Mapping[str, Any]]) -> str:
    """What was told of the clocks of a case, for its line."""
    return orjson.dumps(told).decode()


def in_lines(*phrases: Phrase) -> str:
    """What is noted of a case: a line in Chinese, a line in English; empty without a phrase."""
    if not phrases:
        return ""
    return "\n".join(("".join(one.zh for one in phrases), " ".join(one.en for one in phrases)))


def _there(move: CaseMove | None) -> CaseMove:
    if move is None:
        raise NotFound(
            Phrase(
                "没有这张迁移单；未提交的预演只保留一天，请重新预演。",
                "There is no such move. A dry run that was not submitted is kept for a day: make "
                "another one.",
            )
        )
    return move

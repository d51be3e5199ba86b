"""Dry runs of moves, and carrying out those that were agreed to, and undoing them, case by case."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, unit_of_work
from app.design.moving import dry_runs, moves
from app.design.moving.prospects import AT_ONCE as LOOKED_AT_TOGETHER
from app.jobs.line_by_line import AT_ONCE, Lines, carry_out

LINES = Lines(moves.JOB, moves.next_lines, moves.apply, moves.fail, moves.finish)

LOOKS_AT_ONCE = 50
"""Batches of cases looked at in one knock of the ticker: some seconds."""

_log = logging.getLogger(__name__)


def work(sessions: Sessions, clock: Callable[[], datetime], batches: int = AT_ONCE) -> int:
    """Go on with the moves that were agreed to, if any; returns how many cases had their turn."""
    return carry_out(LINES, sessions, clock, batches)


def look(sessions: Sessions, clock: Callable[[], datetime], batches: int = LOOKS_AT_ONCE) -> int:
    """Go on with the dry runs; returns how many cases were looked at.

    Two processes that do so at once do the same.
    """
    done = 0
    for _ in range(batches):
        with reading(sessions) as session:
            lines = dry_runs.next_lines(session, LOOKED_AT_TOGETHER)
        if not lines:
            break
        _look(sessions, clock, lines)
        done += len(lines)
    return done


def _look(sessions: Sessions, clock: Callable[[], datetime], lines: Sequence[int]) -> None:
    try:
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            dry_runs.look(uow, lines)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - the others do not suffer for one case
        if len(lines) > 1:
            for line in lines:
                _look(sessions, clock, [line])
            return
        _log.exception("line %d of a dry run could not be looked at", lines[0])
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            dry_runs.give_up(uow, lines[0], str(error))

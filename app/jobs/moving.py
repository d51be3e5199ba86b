"""Carrying out moves that were agreed to, and undoing them, case by case."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.core import jobs
from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, unit_of_work
from app.design.moving import moves

BATCH = 50
"""Cases between two reports of progress."""

AT_ONCE = 20
"""Batches a knock of the ticker, so that a stopping server waits seconds and not minutes."""

_log = logging.getLogger(__name__)


def work(sessions: Sessions, clock: Callable[[], datetime], batches: int = AT_ONCE) -> int:
    """Go on with the moves that were agreed to, if any; returns how many cases had their turn.

    Each case is a transaction of its own. One that fails is named with the reason and the others
    go on; a database that is gone ends this knock, and the next goes on.
    """
    with reading(sessions) as session:
        waiting = moves.next_lines(session, 1)
        if not waiting and not jobs.is_open(session, moves.JOB):
            return 0
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        if waiting:
            jobs.ask(uow, moves.JOB, len(waiting))  # one approved while the last job was ending
        job = jobs.hold(uow, moves.JOB)
    if job is None:
        return 0
    done = 0
    for _ in range(batches):
        with reading(sessions) as session:
            lines = moves.next_lines(session, BATCH)
        changed = sum(_apply(sessions, clock, line_id) for line_id in lines)
        done += len(lines)
        finished = len(lines) < BATCH
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            moves.finish(uow)
            jobs.report(
                uow,
                job.id,
                cursor=lines[-1] if lines else 0,
                done=len(lines),
                changed=changed,
                failed=0,
                error=None,
                finished=finished,
            )
        if finished:
            return done
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        jobs.release(uow, job.id)
    return done


def _apply(sessions: Sessions, clock: Callable[[], datetime], line_id: int) -> bool:
    try:
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            return moves.apply(uow, line_id)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - the others do not suffer for one case
        _log.exception("line %d of a move could not be carried out", line_id)
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            moves.fail(uow, line_id, str(error))
        return False

"""Applying approved bulk extensions, order by order."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.cases import bulk
from app.core import jobs
from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, unit_of_work

BATCH = 50
"""Orders between two reports of progress."""

AT_ONCE = 20
"""Batches a knock of the ticker, so that a stopping server waits seconds and not minutes."""

_log = logging.getLogger(__name__)


def work(sessions: Sessions, clock: Callable[[], datetime], batches: int = AT_ONCE) -> int:
    """Go on with what was approved, if anything was; returns how many orders had their turn.

    Each order is a transaction of its own. One that fails is skipped with the reason and the
    others go on; a database that is gone ends this knock, and the next goes on.
    """
    with reading(sessions) as session:
        waiting = bulk.next_orders(session, 1)
        if not waiting and not jobs.is_open(session, bulk.JOB):
            return 0
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        if waiting:
            jobs.ask(uow, bulk.JOB, len(waiting))  # one approved while the last job was ending
        job = jobs.hold(uow, bulk.JOB)
    if job is None:
        return 0
    done = 0
    for _ in range(batches):
        with reading(sessions) as session:
            lines = bulk.next_orders(session, BATCH)
        extended = sum(_apply(sessions, clock, line_id) for line_id in lines)
        done += len(lines)
        finished = len(lines) < BATCH
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            jobs.report(
                uow,
                job.id,
                cursor=lines[-1] if lines else 0,
                done=len(lines),
                changed=extended,
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
            return bulk.apply(uow, line_id)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - the others do not suffer for one order
        _log.exception("line %d of a bulk extension could not be applied", line_id)
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            bulk.skip(uow, line_id, str(error))
        return False

"""Carrying out what was agreed to for many orders at once: line by line, each in a transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import jobs
from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work

BATCH = 50
"""Lines between two reports of progress."""

AT_ONCE = 20
"""Batches a knock of the ticker, so that a stopping server waits seconds and not minutes."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of work that wait for their turn, each named by its id."""

    job: str
    next: Callable[[Session, int], Sequence[int]]
    """The next so many lines whose turn has not come."""
    apply: Callable[[UnitOfWork, int], bool]
    """Carry out a line; whether it changed anything. Done twice, it changes nothing."""
    give_up: Callable[[UnitOfWork, int, str], None]
    """Keep with a line why it could not be carried out."""
    after_batch: Callable[[UnitOfWork], None] = lambda _uow: None


def carry_out(
    lines: Lines, sessions: Sessions, clock: Callable[[], datetime], batches: int = AT_ONCE
) -> int:
    """Go on with what was agreed to, if anything was; returns how many lines had their turn.

    A line that fails is given up with the reason and the others go on; a database that is gone
    ends this knock of the ticker, and the next goes on.
    """
    with reading(sessions) as session:
        waiting = lines.next(session, 1)
        if not waiting and not jobs.is_open(session, lines.job):
            return 0
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        if waiting:
            jobs.ask(uow, lines.job, len(waiting))  # agreed to while the last job was ending
        job = jobs.hold(uow, lines.job)
    if job is None:
        return 0
    done = 0
    for _ in range(batches):
        with reading(sessions) as session:
            batch = lines.next(session, BATCH)
        changed = sum(_apply(lines, sessions, clock, line_id) for line_id in batch)
        done += len(batch)
        finished = len(batch) < BATCH
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            lines.after_batch(uow)
            jobs.report(
                uow,
                job.id,
                cursor=batch[-1] if batch else 0,
                done=len(batch),
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


def _apply(lines: Lines, sessions: Sessions, clock: Callable[[], datetime], line_id: int) -> bool:
    try:
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            return lines.apply(uow, line_id)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - the others do not suffer for one line
        _log.exception("line %d of %s could not be carried out", line_id, lines.job)
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            lines.give_up(uow, line_id, str(error))
        return False

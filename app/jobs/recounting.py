"""Bringing all open clocks to the newest calendars, case by case, as an administrator asked."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.cases import recounting
from app.core import jobs
from app.core.db import Sessions, reading
from app.core.jobs import Job
from app.core.uow import SYSTEM, Actor, unit_of_work
from app.identity.directory import actor_of
from app.identity.models import User

BATCH = 50
"""Cases between two reports of progress."""

AT_ONCE = 20
"""Batches a knock of the ticker, so that a stopping server waits seconds and not minutes."""

_log = logging.getLogger(__name__)


def work(sessions: Sessions, clock: Callable[[], datetime], batches: int = AT_ONCE) -> int:
    """Go on with the recount that was asked for, if any; returns how many cases were looked at.

    Each case is a transaction of its own. A case that fails is named in the log and on the page
    and the others go on; a database that is gone ends this knock, and the next goes on.
    """
    with reading(sessions) as session:
        if not jobs.is_open(session, recounting.JOB):
            return 0
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        job = jobs.hold(uow, recounting.JOB)
    if job is None:
        return 0
    actor = _in_whose_name(sessions, job)
    cursor, done = job.cursor, 0
    for _ in range(batches):
        batch = _batch(sessions, clock, actor, cursor)
        finished = batch.done < BATCH
        cursor = batch.cursor
        done += batch.done
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            jobs.report(
                uow,
                job.id,
                cursor=cursor,
                done=batch.done,
                changed=batch.changed,
                failed=batch.failed,
                error=batch.error,
                finished=finished,
            )
        if finished:
            return done
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        jobs.release(uow, job.id)
    return done


@dataclass(slots=True)
class _Batch:
    cursor: int
    done: int = 0
    changed: int = 0
    failed: int = 0
    error: str | None = None


def _batch(sessions: Sessions, clock: Callable[[], datetime], actor: Actor, after: int) -> _Batch:
    batch = _Batch(after)
    with reading(sessions) as session:
        cases = recounting.next_cases(session, after, BATCH)
    for demand_id in cases:
        try:
            with unit_of_work(sessions, actor, clock()) as uow:
                batch.changed += bool(recounting.recount(uow, demand_id))
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - the others do not suffer for one case
            _log.exception("the clocks of case %d could not be recounted", demand_id)
            batch.failed += 1
            batch.error = f"{demand_id}: {error}"
        batch.cursor = demand_id
        batch.done += 1
    return batch


def _in_whose_name(sessions: Sessions, job: Job) -> Actor:
    """Whoever asked, with the roles they have now."""
    if job.asked_by is None:
        return SYSTEM
    with reading(sessions) as session:
        return actor_of(session.get_one(User, job.asked_by))

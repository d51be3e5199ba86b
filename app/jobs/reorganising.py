"""Moving what a reorganised unit holds to its heirs, case by case, as an administrator asked."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.cases import reorganising
from app.core import jobs
from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, unit_of_work

BATCH = 50
"""Cases between two reports of progress."""

_log = logging.getLogger(__name__)


def work(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """Go on with the reorganisation that was asked for, if any; how many cases were looked at.

    Each case is a transaction of its own; killed half-way, it goes on behind its cursor. The people
    follow once no case is left; a case that fails is named and looked at again.
    """
    with reading(sessions) as session:
        if not jobs.is_open(session, reorganising.JOB):
            return 0
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        job = jobs.hold(uow, reorganising.JOB)
    if job is None:
        return 0
    with reading(sessions) as session:
        cases = reorganising.next_cases(session, job.cursor, BATCH)
    changed, failed, error, cursor = 0, 0, None, job.cursor
    for demand_id in cases:
        try:
            with unit_of_work(sessions, SYSTEM, clock()) as uow:
                changed += reorganising.move_case(uow, demand_id)
        except DBAPIError:
            raise
        except Exception as wrong:  # noqa: BLE001 - the others do not suffer for one case
            _log.exception("case %d could not be moved to the heir", demand_id)
            failed += 1
            error = f"{demand_id}: {wrong}"
        cursor = demand_id
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        left = reorganising.next_cases(uow.session, 0, 1)
        finished = not left
        if finished:
            reorganising.finish(uow)
        jobs.report(
            uow,
            job.id,
            cursor=cursor,
            done=len(cases),
            changed=changed,
            failed=failed,
            error=error,
            finished=finished,
        )
        if not finished:
            if len(cases) < BATCH:
                job = uow.session.get_one(jobs.Job, job.id)
                job.cursor = 0  # what failed is looked at again
            jobs.release(uow, job.id)
    return len(cases)

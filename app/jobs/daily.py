"""Once a day: anchor the histories, keep provisional years, look for what is stuck or ends, draw
the sample that is asked once more, supervise what stands still, file what was closed long ago, and
remove files that nothing names.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.cases import attachments, closing, history, rechecking, recounting, repairing
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.core.files import FileStore
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from app.design.moving import dry_runs
from app.supervision import watching
from app.worktime import offices

AT_ONCE = 500
"""Supervisions that one look of a round sets going at most."""

_log = logging.getLogger(__name__)


def every_day(sessions: Sessions, files: FileStore, clock: Callable[[], datetime]) -> None:
    """What is due for yesterday and today; doing it twice changes nothing."""
    now = clock()
    today = now.astimezone(CHINA).date()
    with unit_of_work(sessions, SYSTEM, now) as uow:
        offices.keep_provisional_years(uow)
        stuck = repairing.hold_stuck(uow)
        history.anchor(uow, today - timedelta(days=1))
        attachments.forget_waiting(uow)
        dry_runs.sweep(uow)
        latest = recounting.last_open_deadline(uow.session)
        alarm = offices.calendar_alarm(uow.session, today, latest)
        undrawn = rechecking.days_to_draw(uow.session, today)
    for day in undrawn:
        with unit_of_work(sessions, SYSTEM, now) as uow:
            rechecking.draw(uow, day)
    _supervise(sessions, now, watching.instructed_before, watching.supervise_instructed)
    _supervise(sessions, now, watching.unheeded, watching.supervise_unheeded)
    _supervise(sessions, now, watching.standing_still, watching.supervise_idle)
    with unit_of_work(sessions, SYSTEM, now) as uow:
        closing.archive(uow)
    with reading(sessions) as session:
        before = (now - attachments.WAITS_FOR).timestamp()
        files.sweep(before, lambda digests: attachments.named(session, digests))
    if stuck:
        _log.error("%d processes are stuck and wait in the repair queue", stuck)
    if alarm is not None:
        _log.warning("%s", alarm.phrase.en)


def _supervise(
    sessions: Sessions,
    now: datetime,
    found: Callable[[Session, datetime], Sequence[int]],
    supervise: Callable[[UnitOfWork, int], bool],
) -> None:
    """Each case in a transaction of its own; one that fails is logged, and the others go on.

    After `AT_ONCE` supervisions the rest waits for the next round.
    """
    with reading(sessions) as session:
        cases = found(session, now)
    fired = 0
    for demand_id in cases:
        try:
            with unit_of_work(sessions, SYSTEM, now) as uow:
                fired += supervise(uow, demand_id)
        except DBAPIError:
            raise
        except Exception:  # noqa: BLE001 - the others do not suffer for one case
            _log.exception("case %d could not be looked at for supervision", demand_id)
        if fired >= AT_ONCE:
            return

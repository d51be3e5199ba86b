"""Once a day: anchor the histories, keep provisional years, look for what is stuck or ends, draw
the sample that is asked once more, file what was closed long ago, and remove files that nothing
names.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from app.cases import attachments, closing, history, rechecking, recounting, repairing
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.core.files import FileStore
from app.core.uow import SYSTEM, unit_of_work
from app.worktime import offices

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
        latest = recounting.last_open_deadline(uow.session)
        alarm = offices.calendar_alarm(uow.session, today, latest)
        undrawn = rechecking.days_to_draw(uow.session, today)
    for day in undrawn:
        with unit_of_work(sessions, SYSTEM, now) as uow:
            rechecking.draw(uow, day)
    with unit_of_work(sessions, SYSTEM, now) as uow:
        closing.archive(uow)
    with reading(sessions) as session:
        before = (now - attachments.WAITS_FOR).timestamp()
        files.sweep(before, lambda digests: attachments.named(session, digests))
    if stuck:
        _log.error("%d processes are stuck and wait in the repair queue", stuck)
    if alarm is not None:
        _log.warning("%s", alarm.phrase.en)

"""Once a day: anchor the histories, keep provisional years, look for what is stuck or ends."""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases import history, repairing
from app.core.clock import CHINA
from app.core.db import Sessions
from app.core.uow import SYSTEM, unit_of_work
from app.engine import ClockRow
from app.worktime import offices

_log = logging.getLogger(__name__)


def every_day(sessions: Sessions, clock: Callable[[], datetime]) -> None:
    """What is due for yesterday and today; doing it twice changes nothing."""
    now = clock()
    today = now.astimezone(CHINA).date()
    with unit_of_work(sessions, SYSTEM, now) as uow:
        offices.keep_provisional_years(uow)
        stuck = repairing.hold_stuck(uow)
        history.anchor(uow, today - timedelta(days=1))
        alarm = offices.calendar_alarm(uow.session, today, last_open_deadline(uow.session))
    if stuck:
        _log.error("%d processes are stuck and wait in the repair queue", stuck)
    if alarm is not None:
        _log.warning("%s", alarm.phrase.en)


def last_open_deadline(session: Session) -> date | None:
    """The last day on which a running clock is due; none when nothing runs."""
    latest = session.scalar(select(func.max(ClockRow.due_at)).where(ClockRow.stopped_at.is_(None)))
    return None if latest is None else latest.astimezone(CHINA).date()

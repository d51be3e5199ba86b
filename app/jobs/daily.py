"""Once a day: anchor the histories, keep provisional years, look for the end of the calendar."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from app.cases import history
from app.core.clock import CHINA
from app.core.db import Sessions
from app.core.uow import SYSTEM, unit_of_work
from app.worktime import offices

_log = logging.getLogger(__name__)


def every_day(sessions: Sessions, clock: Callable[[], datetime]) -> None:
    """What is due for yesterday and today; doing it twice changes nothing."""
    now = clock()
    with unit_of_work(sessions, SYSTEM, now) as uow:
        offices.keep_provisional_years(uow)
        history.anchor(uow, now.astimezone(CHINA).date() - timedelta(days=1))

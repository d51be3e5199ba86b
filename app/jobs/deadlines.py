"""Letting due deadlines pass: each firing is a transaction of its own."""

import logging
from collections.abc import Callable
from datetime import datetime

from app import engine
from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, unit_of_work

AT_ONCE = 500
"""How many firings are fetched at a time; the loop goes on until nothing is due."""

_log = logging.getLogger(__name__)


def tick(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """Fire whatever is due, in order of the due instants; returns how many firings were done.

    A firing that fails goes to the repair queue inside its own transaction; a database error
    ends this tick, and the next one takes it up again.
    """
    done = 0
    while True:
        now = clock()
        with reading(sessions) as session:
            due = engine.due_firings(session, now, AT_ONCE)
        if not due:
            return done
        fired = 0
        for firing in due:
            with unit_of_work(sessions, SYSTEM, now) as uow:
                fired += engine.fire(uow, firing)
        done += fired
        if fired == 0:
            _log.info("%d due firings are being taken care of by another worker", len(due))
            return done

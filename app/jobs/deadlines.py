"""Letting due deadlines pass: a handful of firings in each transaction."""

import logging
from collections.abc import Callable
from datetime import datetime

from app import engine
from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, unit_of_work

AT_ONCE = 500
"""How many firings are fetched at a time; the loop goes on until nothing is due."""

TOGETHER = 20
"""Firings a transaction: what one commit costs on the disk is shared, and a crash repeats few."""

_log = logging.getLogger(__name__)


def tick(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """Fire whatever is due, in order of the due instants; returns how many firings were done.

    A firing that fails goes to the repair queue and the others go on; a database error undoes
    at most `TOGETHER` firings and ends this tick, and the next one takes them up again.
    """
    done = 0
    while True:
        now = clock()
        with reading(sessions) as session:
            due = engine.due_firings(session, now, AT_ONCE)
        if not due:
            return done
        fired = 0
        for start in range(0, len(due), TOGETHER):
            with unit_of_work(sessions, SYSTEM, now) as uow:
                fired += engine.fire(uow, *due[start : start + TOGETHER])
        done += fired
        if fired == 0:
            _log.info("%d due firings are being taken care of by another worker", len(due))
            return done

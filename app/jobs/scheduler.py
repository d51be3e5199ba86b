"""The ticker: APScheduler inside the server's process.

The rows of the database are the truth; the scheduler only knocks. Several processes may run
one each: a firing is claimed before it is done.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from app.core import clock
from app.jobs import (
    extending,
    moving,
    proposing,
    publishing,
    recounting,
    reorganising,
    replaying,
)
from app.jobs.daily import every_day
from app.jobs.deadlines import tick
from app.jobs.sending import send_waiting, senders
from app.office import Office


def start(office: Office) -> BackgroundScheduler:
    """Start the ticker of an office. Shut it down with `shutdown()`: running jobs finish first."""
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    carriers = senders(office.settings)
    scheduler = BackgroundScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    every = office.settings.tick_seconds
    sessions, now = office.sessions, clock.now
    knocks: dict[str, Callable[[], object]] = {
        "deadlines": lambda: tick(sessions, now),
        "outbox": lambda: send_waiting(sessions, now, carriers),
        "recounting": lambda: recounting.work(sessions, now),
        "bulk_extension": lambda: extending.work(sessions, now),
        "reorganisation": lambda: reorganising.work(sessions, now),
        "moving": lambda: moving.work(sessions, now),
        "dry_runs": lambda: moving.look(sessions, now),
        "proposing": lambda: proposing.work(sessions, now),
        "replaying": lambda: replaying.work(sessions, now),
        "publishing": lambda: publishing.work(sessions, now),
    }
    for name, knock in knocks.items():
        scheduler.add_job(knock, "interval", seconds=every, id=name)
    scheduler.add_job(
        lambda: every_day(office.sessions, office.files, clock.now),
        "interval",
        hours=1,
        id="daily",
        next_run_time=clock.now() + timedelta(seconds=every),
    )
    scheduler.start()
    return scheduler

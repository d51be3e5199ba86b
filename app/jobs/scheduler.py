"""The ticker: APScheduler inside the server's process.

The rows of the database are the truth; the scheduler only knocks. Several processes may run
one each: a firing is claimed before it is done.
"""

import logging
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
    scheduler.add_job(
        lambda: tick(office.sessions, clock.now), "interval", seconds=every, id="deadlines"
    )
    scheduler.add_job(
        lambda: send_waiting(office.sessions, clock.now, carriers),
        "interval",
        seconds=every,
        id="outbox",
    )
    scheduler.add_job(
        lambda: recounting.work(office.sessions, clock.now),
        "interval",
        seconds=every,
        id="recounting",
    )
    scheduler.add_job(
        lambda: extending.work(office.sessions, clock.now),
        "interval",
        seconds=every,
        id="bulk_extension",
    )
    scheduler.add_job(
        lambda: reorganising.work(office.sessions, clock.now),
        "interval",
        seconds=every,
        id="reorganisation",
    )
    scheduler.add_job(
        lambda: moving.work(office.sessions, clock.now),
        "interval",
        seconds=every,
        id="moving",
    )
    scheduler.add_job(
        lambda: proposing.work(office.sessions, clock.now),
        "interval",
        seconds=every,
        id="proposing",
    )
    scheduler.add_job(
        lambda: replaying.work(office.sessions, clock.now),
        "interval",
        seconds=every,
        id="replaying",
    )
    scheduler.add_job(
        lambda: publishing.work(office.sessions, clock.now),
        "interval",
        seconds=every,
        id="publishing",
    )
    scheduler.add_job(
        lambda: every_day(office.sessions, office.files, clock.now),
        "interval",
        hours=1,
        id="daily",
        next_run_time=clock.now() + timedelta(seconds=every),
    )
    scheduler.start()
    return scheduler

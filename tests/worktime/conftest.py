"""Calendars to count in, and a database with the nation's calendar in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from app.core.db import Base, Sessions, make_engine, make_sessions
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from app.worktime import models, offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.national import shipped_calendar

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TABLES = [
    table.__table__
    for table in (
        models.Calendar,
        models.HoursVersion,
        models.CalendarVersion,
        models.CalendarDay,
        models.CalendarNotice,
    )
]


@pytest.fixture
def cn() -> WorkingCalendar:
    return shipped_calendar("CN", "H7", 2029)


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    """A database of its own, seeded as a new installation is."""
    database = make_engine(f"sqlite:///{tmp_path}/calendars.db")
    Base.metadata.create_all(database, tables=TABLES)
    made = make_sessions(database)
    with unit_of_work(made, SYSTEM, NOW) as uow:
        offices.seed(uow)
    yield made
    database.dispose()


@pytest.fixture
def uow(sessions: Sessions) -> Iterator[UnitOfWork]:
    with unit_of_work(sessions, SYSTEM, NOW) as opened:
        yield opened

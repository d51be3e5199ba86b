"""The one place where the wall clock is read.

Entry points call `now()` once and put the instant into their unit of work; everything below
uses `uow.now`. The demo city and the tests pass their own instants instead.
"""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""The zone in which days are counted. Fixed: China has kept +08:00 without change since 1992."""


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place


def month_of(day: date) -> tuple[datetime, datetime]:
    """The first instant of the month that `day` is in, in China, and that of the next month."""
    begins = datetime(day.year, day.month, 1, tzinfo=CHINA)
    return begins, (begins + timedelta(days=32)).replace(day=1)

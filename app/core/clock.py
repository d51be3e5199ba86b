"""The one place where the wall clock is read.

Entry points call `now()` once and put the instant into their unit of work; everything below
uses `uow.now`. The demo city and the tests pass their own instants instead.
"""

from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
"""The zone in which days are counted. Fixed: China has kept +08:00 without change since 1992."""


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the one place

"""The same answers by counting on one's fingers: day by day, minute by minute.

Shares nothing with the product but the vocabulary of its inputs; slow and obvious.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from app.core.clock import CHINA

ONE_DAY = timedelta(days=1)
IsWorking = Callable[[date], bool]
Hours = Sequence[tuple[time, time]]


def nth_working_day(
    is_working: IsWorking,
    receipt: datetime,
    count: int,
    rule: str = "next",
    closes: time = time(17, 30),
    pauses: Sequence[tuple[datetime, datetime]] = (),
) -> date:
    """The last of `count` working days, suspended days left out."""
    local = receipt.astimezone(CHINA)
    day = local.date()
    if rule == "defer" and (not is_working(day) or local.time() > closes):
        day += ONE_DAY
        while not is_working(day):
            day += ONE_DAY
    if rule == "same":
        day -= ONE_DAY
    left = count
    while left:
        day += ONE_DAY
        if not is_working(day) or any(_given_back(day, pause) for pause in pauses):
            continue
        left -= 1
    for begun, over in pauses:
        if begun.astimezone(CHINA).date() == day and over.astimezone(CHINA).date() > day:
            day = over.astimezone(CHINA).date()
            while not is_working(day):
                day += ONE_DAY
    return day


def _given_back(day: date, pause: tuple[datetime, datetime]) -> bool:
    begun, over = (at.astimezone(CHINA).date() for at in pause)
    return begun < day <= over


def after_working_minutes(
    is_working: IsWorking,
    start: datetime,
    minutes: int,
    hours: Hours,
    pauses: Sequence[tuple[datetime, datetime]] = (),
) -> datetime:
    """The end of the last of so many working minutes after `start` (whole minutes)."""
    at = start.astimezone(CHINA)
    minute = timedelta(minutes=1)
    while minutes:
        open_now = is_working(at.date()) and any(a <= at.time() < b for a, b in hours)
        if open_now and not any(begun <= at < over for begun, over in pauses):
            minutes -= 1
        at += minute
    return at

"""Counting working days: the product's calendar beside the package `holidays`, interleaved."""

import random
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from time import process_time

import holidays

from app.worktime.deadlines import deadline
from app.worktime.limits import Limit, LimitUnit
from app.worktime.national import shipped_calendar
from app.worktime.policy import DayEnd, DayOne, Policy
from bench.figures import Figures

DAYS = 15
YEARS = range(2013, 2027)


def measure(figures: Figures, *, quick: bool) -> None:
    """The working-time series."""
    calendar = shipped_calendar("CN", "H7", YEARS[-1])
    theirs = holidays.country_holidays("CN", years=YEARS, expand=False)
    chance = random.Random(15)  # the same days in every run
    first = date(YEARS[0], 1, 1)
    span = (date(YEARS[-1], 11, 1) - first).days
    starts = [first + timedelta(days=chance.randrange(span)) for _ in range(400)]
    instants = [
        datetime(day.year, day.month, day.day, chance.randrange(24), tzinfo=UTC) for day in starts
    ]
    limit = Limit(DAYS, LimitUnit.WORKING_DAY)
    hours = Limit(DAYS, LimitUnit.WORKING_HOUR)
    policy = Policy(day_one=DayOne.DEFER, day_end=DayEnd.CLOSE)

    figures.put(
        "workday_differences_to_holidays",
        sum(
            calendar.add_working_days(d, DAYS) != theirs.get_nth_working_day(d, DAYS)
            for d in starts
        ),
    )

    def ours() -> None:
        for day in starts:
            calendar.add_working_days(day, DAYS)

    def package() -> None:
        for day in starts:
            theirs.get_nth_working_day(day, DAYS)

    def full_days() -> None:
        for at in instants:
            deadline(calendar, at, limit, policy)

    def full_hours() -> None:
        for at in instants:
            deadline(calendar, at, hours, policy)

    spent = interleaved((ours, package, full_days, full_hours), 3 if quick else 60)
    add_us, package_us, days_us, hours_us = (seconds / len(starts) * 1e6 for seconds in spent)
    figures.put("workday_add_us", add_us)
    figures.put("workday_holidays_n15_us", package_us)
    figures.put("workday_ratio_holidays_n15", package_us / add_us)
    figures.put("deadline_with_switches_us", days_us)
    figures.put("deadline_in_hours_us", hours_us)


def interleaved(calls: Sequence[Callable[[], None]], rounds: int) -> list[float]:
    """Median CPU seconds of each call, run in turns after one warm-up."""
    found: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for times, call in zip(found, calls, strict=True):
            before = process_time()
            call()
            times.append(process_time() - before)
    return [statistics.median(times) for times in found]

"""Counting working days: the product's calendar beside the package `holidays`, interleaved.

A call takes a microsecond, a neighbour on the machine doubles that: as for `timeit`, the fastest
of the rounds is the figure. The medians stand beside it.
"""

import random
import statistics
from collections.abc import Callable, Mapping
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

    calls = {"add": ours, "package": package, "days": full_days, "hours": full_hours}
    spent = interleaved(calls, 3 if quick else 100)
    for of, suffix in ((min, ""), (statistics.median, "_median")):
        us = {name: of(times) / len(starts) * 1e6 for name, times in spent.items()}
        figures.put(f"workday_add_us{suffix}", us["add"])
        figures.put(f"workday_holidays_n15_us{suffix}", us["package"])
        figures.put(f"workday_ratio_holidays_n15{suffix}", us["package"] / us["add"])
        figures.put(f"deadline_with_switches_us{suffix}", us["days"])
        figures.put(f"deadline_in_hours_us{suffix}", us["hours"])


def interleaved(calls: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each round of each call, run in turns after one warm-up."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            before = process_time()
            call()
            found[name].append(process_time() - before)
    return found

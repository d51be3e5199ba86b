"""Instants, durations and repetitions as diagrams write them (ISO 8601), strictly.

What is not certain is refused: an instant without an offset would be read eight hours wrong on
another machine, a duration of nothing would fire for ever.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from dateutil.relativedelta import relativedelta

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?"
    r"(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,10})S)?)?"
)
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - only lengths are compared
_LONGEST = relativedelta(years=100)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,6})?(?P<offset>Z|[+-]\d{2}:\d{2})?"
)
_REPETITION = re.compile(r"R(?P<times>\d{0,6})/(?:(?P<start>[^/]+)/)?(?P<every>P[^/]+)")


@dataclass(frozen=True, slots=True)
class Repetition:
    """`times` firings (None: without end), `every` so much, counted from `start` or, without
    one, from when the timer is armed.
    """

    times: int | None
    start: datetime | None
    every: relativedelta


def looks_like_instant(text: str) -> bool:
    """Whether `text` is meant as an instant literal, right or wrong, rather than an expression."""
    return re.match(r"\d{4}-\d{2}", text.strip()) is not None


def looks_like_duration(text: str) -> bool:
    """Whether `text` is meant as a duration literal, right or wrong, rather than an expression."""
    return re.match(r"-?P[T\d]", text.strip()) is not None


def parse_duration(text: str) -> relativedelta:
    """A duration of more than nothing and at most a century. Raises ValueError."""
    matched = _DURATION.fullmatch(text.strip())
    if matched is None:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as P3D or PT72H")
    parts = {name: int(value or 0) for name, value in matched.groupdict().items()}
    duration = relativedelta(**parts)  # type: ignore[arg-type]
    if not duration:
        raise ValueError(f"{text!r} is a duration of nothing")
    try:
        too_long = _EPOCH + duration > _EPOCH + _LONGEST
    except (OverflowError, ValueError):
        too_long = True
    if too_long:
        raise ValueError(f"{text!r} is longer than a century")
    return duration


def parse_instant(text: str) -> datetime:
    """An aware instant. Raises ValueError, also when the offset is missing."""
    matched = _INSTANT.fullmatch(text.strip())
    if matched is None:
        raise ValueError(f"{text!r} is not an instant such as 2026-03-01T17:30:00+08:00")
    if not matched["offset"]:
        raise ValueError(f"{text!r} lacks its offset, such as +08:00")
    return datetime.fromisoformat(text.strip())


def parse_repetition(text: str) -> Repetition:
    """A repetition such as R3/PT24H, R/P1D or R/2026-03-01T08:00:00+08:00/P1D.

    Raises ValueError, also for R0 (which never fires).
    """
    matched = _REPETITION.fullmatch(text.strip())
    if matched is None:
        raise ValueError(f"{text!r} is not a repetition such as R3/PT24H or R/P1D")
    times = int(matched["times"]) if matched["times"] else None
    if times == 0:
        raise ValueError(f"{text!r} repeats not even once")
    start = parse_instant(matched["start"]) if matched["start"] else None
    return Repetition(times, start, parse_duration(matched["every"]))

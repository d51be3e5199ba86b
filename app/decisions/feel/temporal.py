"""Dates, times and durations: reading their texts and writing them as the standard does."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.decisions.feel.values import Months, Value

_DATE = re.compile(r"(-?\d{4,9})-(\d\d)-(\d\d)\Z")
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?"
    r"(?:(Z|z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([A-Za-z0-9_+\-/]{1,64}))?\Z"
)
_DAY_TIME = re.compile(
    r"(-?)P(?:(\d{1,12})D)?(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{0,9}))?S)?)?\Z",
    re.ASCII,
)
_YEAR_MONTH = re.compile(r"(-?)P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?\Z", re.ASCII)


def read_date(text: str) -> date | None:
    """The date of `yyyy-mm-dd`, or None. Years outside 1 to 9999 are not supported."""
    match = _DATE.match(text)
    if not match or not text.isascii():
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """The time of `hh:mm:ss`, with fraction, offset or `@zone`; or None."""
    match = _TIME.match(text)
    if not match or not text.isascii():
        return None
    fraction = int((match[4] or "").ljust(6, "0")[:6])
    zone = _zone(match)
    if zone is _NO_ZONE:
        return None
    try:
        return time(int(match[1]), int(match[2]), int(match[3]), fraction, zone)
    except ValueError:
        return None


_NO_ZONE = timezone(timedelta(), "none")
"""Stands for a zone that does not exist."""


def _zone(match: re.Match[str]) -> tzinfo | None:
    if match[5]:
        return UTC
    if match[6]:
        hours, minutes, seconds = int(match[7]), int(match[8]), int(match[9] or 0)
        if hours > 14 or minutes > 59 or seconds > 59:
            return _NO_ZONE
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return timezone(-offset if match[6] == "-" else offset)
    if match[10]:
        return named_zone(match[10]) or _NO_ZONE
    return None


@lru_cache(maxsize=256)
def named_zone(name: str) -> ZoneInfo | None:
    """The zone of the IANA database, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_date_time(text: str) -> datetime | None:
    """The date and time of `yyyy-mm-ddThh:mm:ss…` (a bare date is midnight); or None."""
    day_text, separator, time_text = text.partition("T")
    day = read_date(day_text)
    if day is None:
        return None
    if not separator:
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local by the standard
    moment = read_time(time_text)
    return None if moment is None else datetime.combine(day, moment)


def read_duration(text: str) -> timedelta | Months | None:
    """The duration of an ISO 8601 text, of either kind; or None."""
    match = _DAY_TIME.match(text)
    if match and any(match[i] for i in range(2, 6)) and not text.endswith("T"):
        fraction = int((match[6] or "").ljust(6, "0")[:6])
        days, hours, minutes, seconds = (int(match[i] or 0) for i in range(2, 6))
        try:
            length = timedelta(days, seconds, fraction, 0, minutes, hours)
        except OverflowError:
            return None
        return -length if match[1] else length
    match = _YEAR_MONTH.match(text)
    if match and (match[2] or match[3]):
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return Months(-months if match[1] else months)
    return None


def at_literal(text: str) -> Value:
    """The value of `@"…"`: date, time, date and time or duration; None when it is none of them."""
    for read in (read_date, read_time, read_date_time, read_duration):
        value: Value = read(text)
        if value is not None:
            return value
    return None


def temporal_text(value: date | time | timedelta) -> str:
    """The text of a date, time, date and time or days and time duration."""
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, datetime):
        return f"{_date_text(value)}T{_time_text(value.timetz())}"
    if isinstance(value, time):
        return _time_text(value)
    return _date_text(value)


def _date_text(value: date) -> str:
    return f"{value.year:04}-{value.month:02}-{value.day:02}"


def _time_text(value: time) -> str:
    text = f"{value.hour:02}:{value.minute:02}:{value.second:02}"
    if value.microsecond:
        text += f".{value.microsecond:06}".rstrip("0")
    zone = value.tzinfo
    if zone is None:
        return text
    if isinstance(zone, ZoneInfo):
        return f"{text}@{zone.key}"
    offset = zone.utcoffset(None) or timedelta()
    if not offset:
        return text + "Z"
    seconds = abs(int(offset.total_seconds()))
    sign = "-" if offset < timedelta() else "+"
    text += f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return text + (f":{seconds % 60:02}" if seconds % 60 else "")


def _duration_text(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta() else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction:
        clock += f"{seconds}{fraction}S"
    days = f"{value.days}D" if value.days else ""
    if not days and not clock:
        return "PT0S"
    return f"{sign}P{days}" + (f"T{clock}" if clock else "")

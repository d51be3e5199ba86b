"""`value.name`: entries of contexts, and the properties of dates, times, durations and ranges."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.decisions.feel.errors import FeelNull
from app.decisions.feel.values import Months, Range, Spend, Value, kind


def member(value: Value, name: str, spend: Spend) -> Value:
    """The entry or property `name` of `value`; raises FeelNull when there is none."""
    cls = type(value)
    if value is None:
        return None
    if cls is dict:
        if name in value:
            return value[name]
        raise _absent(value, name)
    if cls is list:
        spend(len(value) + 1)
        return [member(item, name, spend) for item in value]
    read = _PROPERTIES.get(cls, {}).get(name)
    if read is None:
        raise _absent(value, name)
    return read(value)


def _absent(value: Value, name: str) -> FeelNull:
    return FeelNull(f"“{kind(value)}”里没有“{name}”。", f"{kind(value)} has no “{name}”.")


def _number(read: Callable[[Value], int]) -> Callable[[Value], Decimal]:
    return lambda value: Decimal(read(value))


def _offset(value: datetime | time) -> timedelta | None:
    return value.utcoffset()


def _zone(value: datetime | time) -> str | None:
    zone = value.tzinfo
    return zone.key if isinstance(zone, ZoneInfo) else None


def _part(value: timedelta, unit: int, modulus: int | None) -> int:
    seconds = int(abs(value).total_seconds()) // unit
    if modulus is not None:
        seconds %= modulus
    return -seconds if value < timedelta() else seconds


def _months(value: Months, *, years: bool) -> int:
    part = abs(value.months) // 12 if years else abs(value.months) % 12
    return -part if value.months < 0 else part


_DATE: Mapping[str, Callable[[Value], Value]] = {
    "year": _number(lambda value: value.year),
    "month": _number(lambda value: value.month),
    "day": _number(lambda value: value.day),
    "weekday": _number(lambda value: value.isoweekday()),
}
_TIME: Mapping[str, Callable[[Value], Value]] = {
    "hour": _number(lambda value: value.hour),
    "minute": _number(lambda value: value.minute),
    "second": lambda value: Decimal(value.second) + Decimal(value.microsecond) / 1_000_000,
    "time offset": _offset,
    "timezone": _zone,
}

_PROPERTIES: Mapping[type, Mapping[str, Callable[[Value], Value]]] = {
    date: _DATE,
    time: _TIME,
    datetime: {**_DATE, **_TIME},
    timedelta: {
        "days": _number(lambda value: _part(value, 86400, None)),
        "hours": _number(lambda value: _part(value, 3600, 24)),
        "minutes": _number(lambda value: _part(value, 60, 60)),
        "seconds": _number(lambda value: _part(value, 1, 60)),
    },
    Months: {
        "years": _number(lambda value: _months(value, years=True)),
        "months": _number(lambda value: _months(value, years=False)),
    },
    Range: {
        "start": lambda value: value.low,
        "end": lambda value: value.high,
        "start included": lambda value: value.low_included,
        "end included": lambda value: value.high_included,
    },
}

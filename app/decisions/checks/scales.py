"""The values of a type in their order: what lies below, between and above given values.

Numbers are dense, as the standard's decimals are. Dates go by days, durations of months by
months, and what has a time of day by seconds, because equality ignores their fractions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal

from app.decisions.feel.values import NUMBERS, Months, Value


@dataclass(frozen=True, slots=True)
class Scale:
    """How the values of one type lie. Each function gives None where there is no such value."""

    below: Callable[[Value], Value | None]
    between: Callable[[Value, Value], Value | None]
    above: Callable[[Value], Value | None]
    any: Value
    """Some value of the type, for a column whose cells name none."""


def scale_of(kind: str) -> Scale | None:
    """The scale of a type of FEEL; None for types without order."""
    return _SCALES.get(kind)


# --- numbers and texts ---------------------------------------------------------------------------

_ONE = Decimal(1)
_LARGEST = NUMBERS.next_minus(Decimal("Infinity"))


def _number_below(value: Decimal) -> Decimal | None:
    above = _number_above(-value)
    return None if above is None else -above


def _number_above(value: Decimal) -> Decimal | None:
    next_whole = NUMBERS.add(value.to_integral_value(ROUND_FLOOR), _ONE)
    if next_whole > value:
        return next_whole
    return NUMBERS.next_plus(value) if value < _LARGEST else None


def _number_between(low: Decimal, high: Decimal) -> Decimal | None:
    whole = _number_above(low)
    if whole is not None and whole < high:
        return whole
    middle = NUMBERS.divide(NUMBERS.add(low, high), Decimal(2))
    if low < middle < high:
        return middle
    step = NUMBERS.next_plus(low)
    return step if step < high else None


def _text_below(value: str) -> str | None:
    return "" if value else None


def _text_between(low: str, high: str) -> str | None:
    for candidate in (low + "其他", low + "0", low + "\x00"):
        if low < candidate < high:
            return candidate
    return None


# --- dates, times, durations ---------------------------------------------------------------------

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)


def _stepper(
    *steps: timedelta,
) -> tuple[
    Callable[[Value], Value | None],
    Callable[[Value, Value], Value | None],
    Callable[[Value], Value | None],
]:
    """Below, between and above by the first of `steps` that fits, the smallest last."""

    def moved(value: Value, by: timedelta) -> Value | None:
        try:
            return value + by
        except OverflowError:
            return None

    def below(value: Value) -> Value | None:
        return next((v for step in steps if (v := moved(value, -step)) is not None), None)

    def above(value: Value) -> Value | None:
        return next((v for step in steps if (v := moved(value, step)) is not None), None)

    def between(low: Value, high: Value) -> Value | None:
        candidates = (moved(low, step) for step in steps)
        return next((v for v in candidates if v is not None and low < v < high), None)

    return below, between, above


def _time_moved(value: time, by: timedelta) -> time | None:
    whole = datetime(2000, 1, 1, value.hour, value.minute, value.second, value.microsecond)  # noqa: DTZ001 - a time of day on some day
    moved = whole + by
    return moved.time().replace(tzinfo=value.tzinfo) if moved.date() == whole.date() else None


def _time_below(value: time) -> time | None:
    return _time_moved(value, -_HOUR) or _time_moved(value, -_SECOND)


def _time_above(value: time) -> time | None:
    return _time_moved(value, _HOUR) or _time_moved(value, _SECOND)


def _time_between(low: time, high: time) -> time | None:
    candidates = (_time_moved(low, step) for step in (_HOUR, timedelta(minutes=1), _SECOND))
    return next((v for v in candidates if v is not None and low < v < high), None)


def _months_between(low: Months, high: Months) -> Months | None:
    return Months(low.months + 1) if low.months + 1 < high.months else None


_SCALES: Mapping[str, Scale] = {
    "number": Scale(_number_below, _number_between, _number_above, _ONE),
    "string": Scale(_text_below, _text_between, lambda value: value + "其他", "其他"),
    "boolean": Scale(lambda _: None, lambda _low, _high: None, lambda _: None, any=True),
    "date": Scale(*_stepper(_DAY), date(2026, 1, 1)),
    "date and time": Scale(
        *_stepper(_DAY, _HOUR, _SECOND),
        datetime(2026, 1, 1),  # noqa: DTZ001 - local by the standard
    ),
    "time": Scale(_time_below, _time_between, _time_above, time(9)),
    "days and time duration": Scale(*_stepper(_DAY, _HOUR, _SECOND), _DAY),
    "years and months duration": Scale(
        lambda value: Months(value.months - 1),
        _months_between,
        lambda value: Months(value.months + 1),
        Months(1),
    ),
}

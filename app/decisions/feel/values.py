"""Values of FEEL as Python objects, their kinds, equality and order as the standard defines them.

A value is None, bool, Decimal, str, date, time, datetime, timedelta (days and time duration),
`Months` (years and months duration), list, dict (context), `Range` or `Function`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

Value = Any
"""A FEEL value. Python has no type for the union that would help a reader; see the module text."""

NUMBERS = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""IEEE 754 decimal128, the arithmetic the standard prescribes."""


SMALL_NUMBERS = {number: Decimal(number) for number in range(-100, 1001)}
"""The numbers that data mostly holds: looking them up is quicker than converting them."""


@dataclass(frozen=True, slots=True, order=True)
class Months:
    """A years and months duration, in months (negative: backwards)."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if self.months < 0 else "") + "P" + (text or "0M")


@dataclass(frozen=True, slots=True)
class Range:
    """A range; an end that is None is unbounded. `operator` remembers the form `(< 10)`."""

    low: Value
    high: Value
    low_included: bool
    high_included: bool
    operator: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function value: `parameters` by name; `call` receives the run and all arguments."""

    name: str
    parameters: tuple[str, ...]
    call: Callable[..., Value]


KINDS: Mapping[type, str] = {
    type(None): "Null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    date: "date",
    time: "time",
    datetime: "date and time",
    timedelta: "days and time duration",
    Months: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
    Function: "function",
}

_ATOMS = frozenset(KINDS) - {list, dict}


def kind(value: Value) -> str:
    """The name of the type of `value` in FEEL."""
    return KINDS.get(type(value), "Any")


Spend = Callable[[int], None]
"""Told how many elements were visited; raises when an evaluation has used up its bound."""


def uncounted(_count: int) -> None:
    """Visits that nobody counts."""


def to_feel(value: object, spend: Spend = uncounted) -> Value:
    """`value` as a FEEL value; the same object when nothing has to be converted.

    Raises TypeError for objects that have no counterpart: they do not enter expressions.
    """
    cls = type(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if cls in _ATOMS:
        return value
    if isinstance(value, int):
        return NUMBERS.create_decimal(int(value))
    if isinstance(value, float):
        return _from_float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return _mapping(value, spend)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return _sequence(value, spend)
    for base in (datetime, date, time, timedelta):
        if isinstance(value, base):
            return value
    raise TypeError(f"{cls.__name__} is not a value of FEEL")


def _from_float(value: float) -> Decimal | None:
    number = Decimal(repr(value))
    return NUMBERS.plus(number) if number.is_finite() else None


def _mapping(value: Mapping[object, object], spend: Spend) -> dict[str, Value]:
    spend(len(value) + 1)
    converted = {str(key): to_feel(item, spend) for key, item in value.items()}
    if type(value) is dict and all(converted.get(key) is item for key, item in value.items()):
        return value
    return converted


def _sequence(value: Sequence[object], spend: Spend) -> list[Value]:
    spend(len(value) + 1)
    converted = [to_feel(item, spend) for item in value]
    if type(value) is list and all(a is b for a, b in zip(converted, value, strict=True)):
        return value
    return converted


def to_python(value: Value, spend: Spend = uncounted) -> Any:
    """`value` for the world outside: whole numbers become int, inside lists and contexts too.

    Numbers beyond 34 digits stay Decimal.
    """
    cls = type(value)
    if cls is Decimal:
        whole = value.adjusted() < NUMBERS.prec and value == value.to_integral_value()
        return int(value) if whole else value
    if cls is list:
        spend(len(value) + 1)
        return [to_python(item, spend) for item in value]
    if cls is dict:
        spend(len(value) + 1)
        return {key: to_python(item, spend) for key, item in value.items()}
    return value


def equal(left: Value, right: Value, spend: Spend = uncounted) -> bool | None:
    """Equality: null equals only null, values of different types compare to null.

    Times are equal when they are in the same second: that is how fine the standard compares them.
    """
    if left is None or right is None:
        return left is right
    cls = type(left)
    if cls is not type(right):
        return None
    if cls is list:
        return _equal_lists(left, right, spend)
    if cls is dict:
        return _equal_contexts(left, right, spend)
    if cls is Range:
        return _equal_ranges(left, right)
    if cls is time or cls is datetime:
        return bool(left.replace(microsecond=0) == right.replace(microsecond=0))
    return bool(left == right)


def _equal_lists(left: list[Value], right: list[Value], spend: Spend) -> bool | None:
    if len(left) != len(right):
        return False
    spend(len(left) + 1)
    for a, b in zip(left, right, strict=True):
        same = equal(a, b, spend)
        if not same:
            return same
    return True


def _equal_contexts(left: dict[str, Value], right: dict[str, Value], spend: Spend) -> bool | None:
    if left.keys() != right.keys():
        return False
    spend(len(left) + 1)
    for key, a in left.items():
        same = equal(a, right[key], spend)
        if not same:
            return same
    return True


def _equal_ranges(left: Range, right: Range) -> bool | None:
    if left.operator != right.operator:
        return False
    if (left.low_included, left.high_included) != (right.low_included, right.high_included):
        return False
    low = equal(left.low, right.low)
    return equal(left.high, right.high) if low else low


_ORDERED = frozenset((Decimal, str, date, time, datetime, timedelta, Months))


def less(left: Value, right: Value) -> bool | None:
    """`left < right`; null where the two cannot be ordered."""
    cls = type(left)
    if cls is not type(right) or cls not in _ORDERED:
        return None
    try:
        return bool(left < right)
    except TypeError:  # one with, one without a zone
        return None


def less_equal(left: Value, right: Value) -> bool | None:
    """`left <= right`; null where the two cannot be ordered."""
    cls = type(left)
    if cls is not type(right) or cls not in _ORDERED:
        return None
    try:
        return bool(left <= right)
    except TypeError:
        return None


def in_range(value: Value, span: Range) -> bool | None:
    """Whether `value` lies in `span`; null where it cannot be compared with an end."""
    if span.operator is None and (span.low is None or span.high is None):
        return None
    if span.low is not None:
        above = less_equal(span.low, value) if span.low_included else less(span.low, value)
        if not above:
            return above
    if span.high is None:
        return True
    return less_equal(value, span.high) if span.high_included else less(value, span.high)

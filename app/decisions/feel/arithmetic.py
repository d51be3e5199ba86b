"""The operators `+ - * / **` on every pair of types that the standard defines."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from app.decisions.feel.errors import FeelNull
from app.decisions.feel.limits import MAX_STRING
from app.decisions.feel.values import NUMBERS, Months, Value, kind

_SECOND = timedelta(seconds=1)
_MICRO = timedelta(microseconds=1)


def add(left: Value, right: Value) -> Value:
    """`left + right`; raises FeelNull where the standard gives null."""
    pair = (type(left), type(right))
    if pair == (Decimal, Decimal):
        return NUMBERS.add(left, right)
    if pair == (str, str):
        if len(left) + len(right) > MAX_STRING:
            raise FeelNull("拼接后的文字太长。", "The joined text is too long.")
        return left + right
    if pair == (timedelta, timedelta):
        return left + right
    if pair == (Months, Months):
        return Months(left.months + right.months)
    if pair[1] in (timedelta, Months):
        return _shift(left, right)
    if pair[0] in (timedelta, Months):
        return _shift(right, left)
    raise _mismatch("+", left, right)


def subtract(left: Value, right: Value) -> Value:
    """`left - right`; raises FeelNull where the standard gives null."""
    pair = (type(left), type(right))
    if pair == (Decimal, Decimal):
        return NUMBERS.subtract(left, right)
    if pair == (timedelta, timedelta):
        return left - right
    if pair == (Months, Months):
        return Months(left.months - right.months)
    if pair == (time, time):
        return _time_difference(left, right)
    if pair[0] in (date, datetime) and pair[1] in (date, datetime):
        return _difference(left, right)
    if pair[1] is timedelta:
        return _shift(left, -right)
    if pair[1] is Months:
        return _shift(left, Months(-right.months))
    raise _mismatch("-", left, right)


def multiply(left: Value, right: Value) -> Value:
    """`left * right`; raises FeelNull where the standard gives null."""
    pair = (type(left), type(right))
    if pair == (Decimal, Decimal):
        return NUMBERS.multiply(left, right)
    if pair[1] is Decimal and pair[0] in (timedelta, Months):
        return _scaled(left, right)
    if pair[0] is Decimal and pair[1] in (timedelta, Months):
        return _scaled(right, left)
    raise _mismatch("*", left, right)


def divide(left: Value, right: Value) -> Value:
    """`left / right`; raises FeelNull where the standard gives null, as for a zero divisor."""
    pair = (type(left), type(right))
    if pair == (Decimal, Decimal):
        _refuse_zero(right)
        return NUMBERS.divide(left, right)
    if pair[1] is Decimal and pair[0] in (timedelta, Months):
        _refuse_zero(right)
        return _scaled(left, NUMBERS.divide(Decimal(1), right))
    if pair == (timedelta, timedelta):
        _refuse_zero(Decimal(right // _MICRO))
        return NUMBERS.divide(Decimal(left // _MICRO), Decimal(right // _MICRO))
    if pair == (Months, Months):
        _refuse_zero(Decimal(right.months))
        return NUMBERS.divide(Decimal(left.months), Decimal(right.months))
    raise _mismatch("/", left, right)


def power(left: Value, right: Value) -> Value:
    """`left ** right`; raises FeelNull where the standard gives null."""
    if type(left) is Decimal and type(right) is Decimal:
        if left == 0 and right == 0:
            return Decimal(1)
        return NUMBERS.power(left, right)
    raise _mismatch("**", left, right)


def negate(value: Value) -> Value:
    """`-value`; raises FeelNull for what has no negative."""
    cls = type(value)
    if cls is Decimal:
        return NUMBERS.minus(value)
    if cls is timedelta:
        return -value
    if cls is Months:
        return Months(-value.months)
    raise FeelNull(
        f"类型“{kind(value)}”不能取负。", f"A value of type {kind(value)} cannot be negated."
    )


def operate(operation: Callable[[Value, Value], Value], left: Value, right: Value) -> Value:
    """`operation` with failures of arithmetic turned into the one signal for null."""
    try:
        return operation(left, right)
    except DecimalException:
        raise FeelNull("算术结果无法表示。", "The result of the arithmetic has no value.") from None
    except (OverflowError, ValueError):
        raise FeelNull(
            "日期或时长超出可表示的范围。",
            "The date or duration is beyond what can be represented.",
        ) from None


OPERATIONS: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}


def _shift(moment: Value, by: Value) -> Value:
    cls = type(moment)
    if type(by) is Months:
        if cls not in (date, datetime):
            raise _mismatch("+", moment, by)
        return moment + relativedelta(months=by.months)
    if cls is time:
        return _shift_time(moment, by)
    if cls is date:
        midnight = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001
        return (midnight + by).date()
    if cls is datetime:
        if isinstance(moment.tzinfo, ZoneInfo):  # the clocks of a zone may change on the way
            return (moment.astimezone(UTC) + by).astimezone(moment.tzinfo)
        return moment + by
    raise _mismatch("+", moment, by)


def _shift_time(moment: time, by: timedelta) -> time:
    day = datetime(2000, 1, 1, tzinfo=None)  # noqa: DTZ001 - any day serves
    shifted = datetime.combine(day, moment.replace(tzinfo=None)) + (by % timedelta(days=1))
    return shifted.time().replace(tzinfo=moment.tzinfo)


def _as_datetime(moment: date) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def _difference(left: date, right: date) -> timedelta:
    if not isinstance(left, datetime) and not isinstance(right, datetime):
        return left - right
    first, second = _as_datetime(left), _as_datetime(right)
    if (first.tzinfo is None) != (second.tzinfo is None):
        raise FeelNull(
            "一个时刻有时区、另一个没有，不能相减。",
            "One instant has a zone and the other has none: they cannot be subtracted.",
        )
    if first.tzinfo is not None:  # two instants of one zone may lie on either side of a change
        return first.astimezone(UTC) - second.astimezone(UTC)
    return first - second


def _time_difference(left: time, right: time) -> timedelta:
    if (left.tzinfo is None) != (right.tzinfo is None):
        raise FeelNull(
            "一个时间有时区、另一个没有，不能相减。",
            "One time has a zone and the other has none: they cannot be subtracted.",
        )
    return _since_midnight(left) - _since_midnight(right)


def _since_midnight(moment: time) -> timedelta:
    offset = moment.utcoffset() or timedelta()
    return (
        timedelta(
            hours=moment.hour,
            minutes=moment.minute,
            seconds=moment.second,
            microseconds=moment.microsecond,
        )
        - offset
    )


def _scaled(length: Value, factor: Decimal) -> Value:
    if type(length) is Months:
        return Months(int(NUMBERS.multiply(Decimal(length.months), factor)))
    micros = NUMBERS.multiply(Decimal(length // _MICRO), factor)
    return timedelta(microseconds=int(micros))


def _refuse_zero(divisor: Decimal) -> None:
    if divisor == 0:
        raise FeelNull("除数是零。", "The divisor is zero.")


def _mismatch(operator: str, left: Value, right: Value) -> FeelNull:
    return FeelNull(
        f"“{operator}”不能用于“{kind(left)}”和“{kind(right)}”。",
        f"“{operator}” is not defined for {kind(left)} and {kind(right)}.",
    )

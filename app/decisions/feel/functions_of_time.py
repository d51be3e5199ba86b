"""Built-in functions on dates, times, durations and ranges."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from app.decisions.feel.errors import FeelNull
from app.decisions.feel.functions import builtin
from app.decisions.feel.run import Run
from app.decisions.feel.temporal import read_date, read_date_time, read_duration, read_time
from app.decisions.feel.values import Months, Range, Value, equal, less

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@builtin("date", "from: string")
def _date(_run: Run, text: str) -> date:
    value = read_date(text)
    if value is None:
        raise _unreadable("日期", "date")
    return value


@builtin("date", "from: moment")
def _date_of(_run: Run, moment: date) -> date:
    return date(moment.year, moment.month, moment.day)


@builtin("date", "year: number, month: number, day: number")
def _date_from_parts(_run: Run, year: Decimal, month: Decimal, day: Decimal) -> date:
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        raise _unreadable("日期", "date") from None


@builtin("time", "from: string")
def _time(_run: Run, text: str) -> time:
    value = read_time(text)
    if value is None:
        raise _unreadable("时间", "time")
    return value


@builtin("time", "from: clock")
def _time_of(_run: Run, moment: datetime | time) -> time:
    return moment if isinstance(moment, time) else moment.timetz()


@builtin("time", "from: date")
def _time_of_date(_run: Run, _day: date) -> time:
    return time(0, 0, 0, tzinfo=UTC)


@builtin("time", "hour: number, minute: number, second: number, offset?: days and time duration")
def _time_from_parts(
    _run: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: timedelta | None = None
) -> time:
    try:
        zone = None if offset is None else timezone(offset)
        micros = int((second - int(second)) * 1_000_000)
        return time(int(hour), int(minute), int(second), micros, zone)
    except (ValueError, OverflowError):
        raise _unreadable("时间", "time") from None


@builtin("date and time", "from: string")
def _date_and_time(_run: Run, text: str) -> datetime:
    value = read_date_time(text)
    if value is None:
        raise _unreadable("日期时间", "date and time")
    return value


@builtin("date and time", "from: moment")
def _date_and_time_of(_run: Run, moment: date) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - local


@builtin("date and time", "date: moment, time: time")
def _date_and_time_from(_run: Run, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock)


@builtin("duration", "from: string")
def _duration(_run: Run, text: str) -> timedelta | Months:
    value = read_duration(text)
    if value is None:
        raise _unreadable("时长", "duration")
    return value


@builtin("duration", "from: duration")
def _same_duration(_run: Run, value: Value) -> Value:
    return value


@builtin("years and months duration", "from: moment, to: moment")
def _years_and_months(_run: Run, start: date, end: date) -> Months:
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return Months(months)


def _unreadable(zh: str, en: str) -> FeelNull:
    return FeelNull(f"这不是有效的{zh}。", f"This is not a valid {en}.")


@builtin("now", "", pure=False)
def _now(run: Run) -> datetime:
    if run.now is None:
        raise FeelNull("这里没有当前时刻可用。", "There is no present instant here.")
    return run.now


@builtin("today", "", pure=False)
def _today(run: Run) -> date:
    return _now(run).date()


@builtin("day of year", "date: moment")
def _day_of_year(_run: Run, day: date) -> Decimal:
    return Decimal(day.timetuple().tm_yday)


@builtin("day of week", "date: moment")
def _day_of_week(_run: Run, day: date) -> str:
    return _DAYS[day.weekday()]


@builtin("month of year", "date: moment")
def _month_of_year(_run: Run, day: date) -> str:
    return _MONTHS[day.month - 1]


@builtin("week of year", "date: moment")
def _week_of_year(_run: Run, day: date) -> Decimal:
    return Decimal(day.isocalendar().week)


@builtin("is", "value1: any, value2: any", "value1: any", "value2: any")
def _is(_run: Run, first: Value, second: Value = None) -> bool:
    if type(first) is not type(second):
        return False
    if isinstance(first, datetime | time):
        return first.replace(tzinfo=None) == second.replace(tzinfo=None) and str(
            first.tzinfo
        ) == str(second.tzinfo)
    return bool(equal(first, second))


# --- relations of points and ranges, after Allen --------------------------------------------------


def _known(truth: bool | None) -> bool:
    if truth is None:
        raise FeelNull("这些值不能互相比较。", "These values cannot be compared.")
    return truth


def _lt(a: Value, b: Value) -> bool:
    return _known(less(a, b))


def _eq(a: Value, b: Value) -> bool:
    return _known(equal(a, b))


@builtin("before", "point1: point, point2: point")
def _before(_run: Run, a: Value, b: Value) -> bool:
    return _lt(a, b)


@builtin("before", "point: point, range: range")
def _before_range(_run: Run, point: Value, span: Range) -> bool:
    return _lt(point, span.low) or (_eq(point, span.low) and not span.low_included)


@builtin("before", "range: range, point: point")
def _range_before(_run: Run, span: Range, point: Value) -> bool:
    return _lt(span.high, point) or (_eq(span.high, point) and not span.high_included)


@builtin("before", "range1: range, range2: range")
def _range_before_range(_run: Run, a: Range, b: Range) -> bool:
    return _lt(a.high, b.low) or (_eq(a.high, b.low) and not (a.high_included and b.low_included))


@builtin("after", "point1: point, point2: point")
def _after(_run: Run, a: Value, b: Value) -> bool:
    return _lt(b, a)


@builtin("after", "point: point, range: range")
def _after_range(run: Run, point: Value, span: Range) -> bool:
    return _range_before(run, span, point)


@builtin("after", "range: range, point: point")
def _range_after(run: Run, span: Range, point: Value) -> bool:
    return _before_range(run, point, span)


@builtin("after", "range1: range, range2: range")
def _range_after_range(run: Run, a: Range, b: Range) -> bool:
    return _range_before_range(run, b, a)


@builtin("meets", "range1: range, range2: range")
def _meets(_run: Run, a: Range, b: Range) -> bool:
    return a.high_included and b.low_included and _eq(a.high, b.low)


@builtin("met by", "range1: range, range2: range")
def _met_by(run: Run, a: Range, b: Range) -> bool:
    return _meets(run, b, a)


@builtin("overlaps", "range1: range, range2: range")
def _overlaps(run: Run, a: Range, b: Range) -> bool:
    return not _range_before_range(run, a, b) and not _range_before_range(run, b, a)


@builtin("overlaps before", "range1: range, range2: range")
def _overlaps_before(run: Run, a: Range, b: Range) -> bool:
    starts = _lt(a.low, b.low) or (_eq(a.low, b.low) and a.low_included and not b.low_included)
    ends = _lt(a.high, b.high) or (_eq(a.high, b.high) and (not a.high_included or b.high_included))
    return starts and ends and not _range_before_range(run, a, b)


@builtin("overlaps after", "range1: range, range2: range")
def _overlaps_after(run: Run, a: Range, b: Range) -> bool:
    starts = _lt(b.low, a.low) or (_eq(b.low, a.low) and b.low_included and not a.low_included)
    ends = _lt(b.high, a.high) or (_eq(b.high, a.high) and (not b.high_included or a.high_included))
    return starts and ends and not _range_before_range(run, b, a)


@builtin("finishes", "point: point, range: range")
def _finishes_point(_run: Run, point: Value, span: Range) -> bool:
    return span.high_included and _eq(span.high, point)


@builtin("finishes", "range1: range, range2: range")
def _finishes(_run: Run, a: Range, b: Range) -> bool:
    return (
        a.high_included == b.high_included
        and _eq(a.high, b.high)
        and (_lt(b.low, a.low) or (_eq(a.low, b.low) and (not a.low_included or b.low_included)))
    )


@builtin("finished by", "range: range, point: point")
def _finished_by_point(run: Run, span: Range, point: Value) -> bool:
    return _finishes_point(run, point, span)


@builtin("finished by", "range1: range, range2: range")
def _finished_by(run: Run, a: Range, b: Range) -> bool:
    return _finishes(run, b, a)


@builtin("includes", "range: range, point: point")
def _includes_point(_run: Run, span: Range, point: Value) -> bool:
    above = _lt(span.low, point) or (span.low_included and _eq(span.low, point))
    return above and (_lt(point, span.high) or (span.high_included and _eq(span.high, point)))


@builtin("includes", "range1: range, range2: range")
def _includes(_run: Run, a: Range, b: Range) -> bool:
    low = _lt(a.low, b.low) or (_eq(a.low, b.low) and (a.low_included or not b.low_included))
    return low and (
        _lt(b.high, a.high) or (_eq(a.high, b.high) and (a.high_included or not b.high_included))
    )


@builtin("during", "point: point, range: range")
def _during_point(run: Run, point: Value, span: Range) -> bool:
    return _includes_point(run, span, point)


@builtin("during", "range1: range, range2: range")
def _during(run: Run, a: Range, b: Range) -> bool:
    return _includes(run, b, a)


@builtin("starts", "point: point, range: range")
def _starts_point(_run: Run, point: Value, span: Range) -> bool:
    return span.low_included and _eq(span.low, point)


@builtin("starts", "range1: range, range2: range")
def _starts(_run: Run, a: Range, b: Range) -> bool:
    return (
        a.low_included == b.low_included
        and _eq(a.low, b.low)
        and (
            _lt(a.high, b.high)
            or (_eq(a.high, b.high) and (not a.high_included or b.high_included))
        )
    )


@builtin("started by", "range: range, point: point")
def _started_by_point(run: Run, span: Range, point: Value) -> bool:
    return _starts_point(run, point, span)


@builtin("started by", "range1: range, range2: range")
def _started_by(run: Run, a: Range, b: Range) -> bool:
    return _starts(run, b, a)


@builtin("coincides", "point1: point, point2: point")
def _coincides_points(_run: Run, a: Value, b: Value) -> bool:
    return _eq(a, b)


@builtin("coincides", "range1: range, range2: range")
def _coincides(_run: Run, a: Range, b: Range) -> bool:
    return (
        _eq(a.low, b.low)
        and _eq(a.high, b.high)
        and a.low_included == b.low_included
        and a.high_included == b.high_included
    )

"""Algebra that must hold for every calendar, and agreement with counting on one's fingers."""

from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import CHINA
from app.worktime.calendars import HorizonError, WorkingCalendar, instant_of, local_date, micros_of
from app.worktime.days import DayKind, DayRow, Layer
from app.worktime.deadlines import Extension, Pause, deadline
from app.worktime.hours import HoursProfile, parse_segments
from app.worktime.limits import Limit, LimitUnit
from app.worktime.national import shipped_calendar
from app.worktime.policy import DayOne, ExtensionBase, Policy
from app.worktime.running import remaining, used
from tests.worktime.stepping import after_working_minutes, nth_working_day

MINUTE = 60_000_000


def scattered() -> WorkingCalendar:
    """Half days, days round the clock, night duty into the next day, odd weekends."""
    first, last = date(2024, 1, 1), date(2026, 12, 31)
    choices = ["09:00-12:00", "00:00-24:00", "20:00-06:00", "08:00-12:00,13:00-17:00", None]
    rows = []
    for number in range(0, 366, 3):
        hours = choices[number * 7 % 5]
        kind = (DayKind.HOLIDAY, DayKind.MAKEUP, DayKind.WORKDAY)[number % 5 % 3]
        rows.append(
            DayRow(
                first + timedelta(days=number),
                kind,
                "奇日",
                "",
                "试〔2024〕1号",
                parse_segments(hours) if hours else None,
            )
        )
    profile = HoursProfile("X", "试", parse_segments("08:30-12:00,14:00-17:30"))
    return WorkingCalendar(
        [
            Layer(
                "X",
                1,
                tuple(rows),
                hours=profile,
                first=first,
                last=last,
                official_through=last,
            )
        ]
    )


CALENDARS = [
    shipped_calendar("CN", "H7", 2029),
    shipped_calendar("HALL-6D", "H7S", 2029),
    shipped_calendar("CN", "H24", 2029),
    scattered(),
]
calendars = st.sampled_from(CALENDARS)
START, END = datetime(2024, 2, 1, tzinfo=CHINA), datetime(2024, 10, 1, tzinfo=CHINA)
instants = st.integers(0, micros_of(END) - micros_of(START)).map(
    lambda offset: instant_of(micros_of(START) + offset)
)
minutes = st.integers(0, 240 * 24 * 60).map(lambda m: START + timedelta(minutes=m))
days = st.integers(0, 240).map(lambda n: date(2024, 2, 1) + timedelta(days=n))
worked = st.integers(1, 200 * 3_600_000_000)
counts = st.integers(1, 40)


@given(calendars, instants, instants)
def test_work_never_runs_backwards_nor_faster_than_the_clock(
    calendar: WorkingCalendar, a: datetime, b: datetime
) -> None:
    first, second = sorted((a, b))
    gained = calendar.worked_between(first, second)
    assert timedelta(0) <= gained <= second - first


@given(calendars, instants, worked)
def test_adding_working_time_is_undone_by_measuring_it(
    calendar: WorkingCalendar, at: datetime, amount: int
) -> None:
    start = calendar.worked_before(micros_of(at))
    assert calendar.worked_before(calendar.earliest(start + amount)) == start + amount
    assert calendar.worked_before(calendar.latest(start + amount)) == start + amount
    span = timedelta(microseconds=amount)
    assert calendar.worked_between(at, calendar.add_worked(at, span)) == span


@given(calendars, instants)
def test_a_moment_lies_between_its_earliest_and_latest_equal(
    calendar: WorkingCalendar, at: datetime
) -> None:
    micros = micros_of(at)
    shown = calendar.worked_before(micros)
    assert calendar.earliest(shown) <= micros <= calendar.latest(shown)


@given(calendars, instants, worked, worked)
def test_adding_in_two_steps_is_adding_at_once(
    calendar: WorkingCalendar, at: datetime, a: int, b: int
) -> None:
    first, second = timedelta(microseconds=a), timedelta(microseconds=b)
    in_steps = calendar.add_worked(calendar.add_worked(at, first), second)
    assert in_steps == calendar.add_worked(at, first + second)


@given(calendars, days, counts, counts)
def test_counting_working_days_undoes_adding_them(
    calendar: WorkingCalendar, day: date, a: int, b: int
) -> None:
    later = calendar.add_working_days(day, a)
    assert calendar.is_working_day(later)
    assert calendar.working_days_between(day, later) == a
    assert calendar.add_working_days(later, b) == calendar.add_working_days(day, a + b)
    assert calendar.add_working_days(later, -a) == calendar.add_working_days(
        calendar.add_working_days(day, 1), -1
    )
    assert len(list(calendar.working_days(day, later))) == a


@given(calendars, days)
def test_zero_days_is_the_day_itself_or_the_next_working_day(
    calendar: WorkingCalendar, day: date
) -> None:
    found = calendar.add_working_days(day, 0)
    assert found >= day
    assert calendar.working_days_between(day, found) <= 1
    assert (found == day) == calendar.is_working_day(day)


@given(calendars, instants, instants, counts, st.sampled_from(list(DayOne)))
def test_a_later_start_is_never_due_earlier(
    calendar: WorkingCalendar, a: datetime, b: datetime, count: int, day_one: DayOne
) -> None:
    first, second = sorted((a, b))
    policy = Policy(day_one=day_one)
    for unit in LimitUnit:
        limit = Limit(min(count, 2) if unit is LimitUnit.MONTH else count, unit)
        early = deadline(calendar, first, limit, policy)
        assert early.due_at <= deadline(calendar, second, limit, policy).due_at
        assert early.due_at > first or day_one is DayOne.SAME


@given(calendars, instants, counts, st.lists(instants, min_size=2, max_size=6, unique=True))
def test_used_and_remaining_make_the_whole(
    calendar: WorkingCalendar, start: datetime, count: int, others: list[datetime]
) -> None:
    """For limits in working and natural hours and in working days, whatever was suspended."""
    later = sorted(at for at in others if at > start)
    pauses = tuple(Pause(a, b) for a, b in zip(later[0:-1:2], later[1::2], strict=False))
    for unit in (LimitUnit.WORKING_DAY, LimitUnit.WORKING_HOUR, LimitUnit.NATURAL_HOUR):
        given_ = deadline(calendar, start, Limit(count, unit), pauses=pauses)
        at = given_.due_at - timedelta(microseconds=1)
        if later and at < later[-1]:
            continue  # asked about a time before the last suspension
        whole = count * (1 if unit is LimitUnit.WORKING_DAY else 3_600_000_000)
        assert used(calendar, given_, at).amount + remaining(calendar, given_, at).amount == whole
        assert remaining(calendar, given_, at).amount >= 0
        assert remaining(calendar, given_, given_.due_at + timedelta(days=60)).amount < 0


@given(calendars, instants, counts, counts, instants)
def test_an_extension_of_the_original_limit_is_one_longer_limit(
    calendar: WorkingCalendar, start: datetime, count: int, more: int, approved: datetime
) -> None:
    for unit in (LimitUnit.WORKING_DAY, LimitUnit.WORKING_HOUR, LimitUnit.NATURAL_DAY):
        longer = deadline(calendar, start, Limit(count + more, unit))
        extended = deadline(
            calendar, start, Limit(count, unit), extensions=(Extension(more, approved),)
        )
        assert extended.due_at == longer.due_at
        from_approval = Extension(more, approved, ExtensionBase.APPROVAL)
        plain = deadline(calendar, start, Limit(count, unit))
        again = deadline(calendar, start, Limit(count, unit), extensions=(from_approval,))
        assert again.due_at >= plain.due_at


@given(calendars, instants, counts, instants, st.integers(0, 30 * 24 * 60))
def test_a_suspension_never_makes_a_deadline_earlier(
    calendar: WorkingCalendar, start: datetime, count: int, begun: datetime, length: int
) -> None:
    if begun < start:
        begun, start = start, begun
    pause = Pause(begun, begun + timedelta(minutes=length))
    for unit in LimitUnit:
        limit = Limit(min(count, 2) if unit is LimitUnit.MONTH else count, unit)
        plain = deadline(calendar, start, limit)
        paused = deadline(calendar, start, limit, pauses=(pause,))
        assert paused.due_at >= plain.due_at
        if begun > plain.due_at:
            assert paused.due_at == plain.due_at
        else:
            assert paused.due_at >= pause.end


@settings(max_examples=150)
@given(
    minutes,
    counts,
    st.sampled_from(["next", "defer", "same"]),
    st.integers(0, 20 * 24 * 60),
    st.integers(0, 20 * 24 * 60),
)
def test_days_agree_with_counting_day_by_day(
    start: datetime, count: int, rule: str, gap: int, length: int
) -> None:
    calendar = CALENDARS[0]
    policy = Policy(day_one=DayOne(rule))
    plain = deadline(calendar, start, Limit(count, LimitUnit.WORKING_DAY), policy)
    assert plain.last_day == nth_working_day(calendar.is_working_day, start, count, rule)
    pause = Pause(start + timedelta(minutes=gap), start + timedelta(minutes=gap + length))
    if pause.start > plain.due_at or rule != "next":
        return
    paused = deadline(calendar, start, Limit(count, LimitUnit.WORKING_DAY), policy, (pause,))
    assert paused.last_day == nth_working_day(
        calendar.is_working_day, start, count, pauses=[(pause.start, pause.end)]
    )


@settings(max_examples=40)
@given(minutes, st.integers(1, 1500), st.integers(0, 600), st.integers(0, 3000))
def test_hours_agree_with_counting_minute_by_minute(
    start: datetime, amount: int, gap: int, length: int
) -> None:
    calendar = CALENDARS[0]
    hours = [(time(8, 30), time(12)), (time(14), time(17, 30))]
    shown = calendar.worked_before(micros_of(start))
    due = instant_of(calendar.earliest(shown + amount * MINUTE))
    assert due == after_working_minutes(calendar.is_working_day, start, amount, hours)
    pause = Pause(start + timedelta(minutes=gap), start + timedelta(minutes=gap + length))
    whole = Limit(amount // 60 + 1, LimitUnit.WORKING_HOUR)
    if pause.start >= deadline(calendar, start, whole).due_at:
        return
    paused = deadline(calendar, start, whole, pauses=(pause,))
    assert paused.due_at == after_working_minutes(
        calendar.is_working_day,
        start,
        int(whole.amount) * 60,
        hours,
        [(pause.start, pause.end)],
    )


@given(calendars, st.integers(0, 10_000_000))
def test_the_flat_tables_agree_with_a_sum_over_days(calendar: WorkingCalendar, seed: int) -> None:
    """The prefix sums against the plain sum of what each day holds."""
    index = seed % 240
    days_ = [date(2024, 2, 1) + timedelta(days=n) for n in range(241)]
    per_day = [
        calendar.worked_between(
            datetime.combine(day, time(), CHINA),
            datetime.combine(day + timedelta(days=1), time(), CHINA),
        )
        for day in days_
    ]
    total = list(accumulate(per_day, initial=timedelta(0)))
    until = datetime.combine(days_[index], time(), CHINA)
    assert calendar.worked_between(START, until) == total[index]
    half = total[-1] / 2
    ends = bisect_left(total, half)
    if half:
        assert (
            local_date(calendar.add_worked(START, half) - timedelta.resolution) == days_[ends - 1]
        )


def test_nothing_beyond_the_calendar_is_ever_answered() -> None:
    for calendar in CALENDARS:
        early = datetime.combine(calendar.first - timedelta(days=1), time(12), CHINA)
        late = datetime.combine(calendar.last, time(12), CHINA)
        for unit in LimitUnit:
            with pytest.raises(HorizonError):
                deadline(calendar, late, Limit(40, unit), Policy(day_one=DayOne.NEXT))
        for unit in (LimitUnit.WORKING_DAY, LimitUnit.WORKING_HOUR, LimitUnit.NATURAL_DAY):
            with pytest.raises(HorizonError):
                deadline(calendar, early, Limit(1, unit))
        with pytest.raises(HorizonError):
            calendar.is_working_day(calendar.last + timedelta(days=1))
        with pytest.raises(HorizonError):
            calendar.add_working_days(calendar.first, -1)
        with pytest.raises(HorizonError):
            calendar.add_working_days(calendar.last, 1)
        with pytest.raises(HorizonError):
            calendar.working_days_between(calendar.first, calendar.last + timedelta(days=1))

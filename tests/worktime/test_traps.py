"""Where others went wrong: one test for each known trap."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from app.core.clock import CHINA
from app.worktime.calendars import WorkingCalendar
from app.worktime.days import DayKind, DayRow, Layer
from app.worktime.deadlines import Deadline, Extension, Pause, deadline
from app.worktime.explain import explain
from app.worktime.hours import HoursProfile, parse_segments
from app.worktime.limits import Limit
from app.worktime.national import shipped_calendar
from app.worktime.policy import DayEnd, DayOne, HoursEnd, PauseRule, Policy, Roll


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def due(calendar: WorkingCalendar, start: str, limit: str, **switches: object) -> Deadline:
    policy = Policy(**switches)  # type: ignore[arg-type]
    return deadline(calendar, china(start), Limit.parse(limit), policy)


def last_day(calendar: WorkingCalendar, start: str, limit: str, **switches: object) -> str:
    return due(calendar, start, limit, **switches).last_day.isoformat()


def at(found: Deadline) -> str:
    return found.due_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S.%f").removesuffix(".000000")


def test_a_make_up_day_is_no_day_zero_to_skip(cn: WorkingCalendar) -> None:
    assert last_day(cn, "2026-02-14T09:00", "1 工作日") == "2026-02-24"  # received on it
    assert last_day(cn, "2026-02-13T09:00", "1 工作日") == "2026-02-14"  # ends on it
    assert last_day(cn, "2024-02-17T10:00", "1 工作日") == "2024-02-18"  # a Sunday


def test_a_pause_on_a_make_up_day_uses_that_day_up(cn: WorkingCalendar) -> None:
    pause = Pause(china("2026-02-14T10:00"), china("2026-02-24T10:00"))
    found = deadline(cn, china("2026-02-13T09:00"), Limit.parse("2 工作日"), pauses=(pause,))
    assert found.last_day == date(2026, 2, 25)


def test_one_minute_before_midnight_is_another_day(cn: WorkingCalendar) -> None:
    assert last_day(cn, "2026-03-02T23:59", "1 工作日") == "2026-03-03"
    assert last_day(cn, "2026-03-03T00:00", "1 工作日") == "2026-03-04"


def test_closing_time_itself_is_still_in_time_and_a_microsecond_later_is_not(
    cn: WorkingCalendar,
) -> None:
    on_time, late = "2026-03-02T17:30:00", "2026-03-02T17:30:00.000001"
    assert last_day(cn, on_time, "1 工作日", day_one=DayOne.DEFER) == "2026-03-03"
    assert last_day(cn, late, "1 工作日", day_one=DayOne.DEFER) == "2026-03-04"


def test_a_start_in_the_lunch_break_counts_from_the_afternoon(cn: WorkingCalendar) -> None:
    assert at(due(cn, "2026-03-02T12:30", "1 工作小时")) == "2026-03-02 15:00:00"


def test_hours_that_fill_a_segment_end_with_it(cn: WorkingCalendar) -> None:
    assert at(due(cn, "2026-03-02T08:30", "3.5 工作小时")) == "2026-03-02 12:00:00"
    reopened = due(cn, "2026-03-02T08:30", "3.5 工作小时", hours=HoursEnd.NEXT_OPENING)
    assert at(reopened) == "2026-03-02 14:00:00"
    assert at(due(cn, "2026-03-02T08:30", "7 工作小时")) == "2026-03-02 17:30:00"


@pytest.mark.parametrize("offset", range(-3, 4))
def test_the_turn_of_the_year_is_crossed_day_by_day(cn: WorkingCalendar, offset: int) -> None:
    """Around 1 January 2026: off from the 1st to the 3rd, Sunday the 4th worked."""
    expected = {
        -3: "2025-12-30",
        -2: "2025-12-31",
        -1: "2026-01-04",
        0: "2026-01-04",
        1: "2026-01-04",
        2: "2026-01-04",
        3: "2026-01-05",
    }
    day = date(2026, 1, 1) + timedelta(days=offset)
    assert last_day(cn, f"{day}T10:00", "1 工作日") == expected[offset]


def test_a_new_notice_moves_deadlines_both_ways() -> None:
    before, after = (
        shipped_calendar(f"CN@{day}", "H7", 2023) for day in ("2019-03-01", "2019-03-22")
    )
    assert last_day(before, "2019-04-24T10:00", "3 工作日") == "2019-04-29"
    assert last_day(after, "2019-04-24T10:00", "3 工作日") == "2019-04-28"  # earlier
    assert last_day(before, "2019-04-30T10:00", "3 工作日") == "2019-05-06"
    assert last_day(after, "2019-04-30T10:00", "3 工作日") == "2019-05-07"  # later


def test_an_instant_kept_in_utc_is_counted_on_its_chinese_day(cn: WorkingCalendar) -> None:
    """16:00 to 24:00 UTC is the next day in China."""
    for start in (
        datetime(2026, 2, 13, 17, tzinfo=UTC),  # Saturday the 14th, 01:00
        datetime(2026, 2, 13, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 2, 13, 7, tzinfo=timezone(timedelta(hours=-10))),
    ):
        found = deadline(cn, start, Limit.parse("1 工作日"))
        assert found.last_day == date(2026, 2, 24)


def test_a_naive_instant_is_refused(cn: WorkingCalendar) -> None:
    with pytest.raises(TypeError):
        deadline(cn, datetime(2026, 3, 2, 9), Limit.parse("1 工作日"))


def test_one_working_day_is_neither_24_hours_nor_eight(cn: WorkingCalendar) -> None:
    start = "2026-03-06T16:30"
    ends = {at(due(cn, start, limit)) for limit in ("1 工作日", "24 自然小时", "8 工作小时")}
    assert ends == {"2026-03-10 00:00:00", "2026-03-07 16:30:00", "2026-03-09 17:30:00"}


def test_a_month_is_counted_from_its_origin(cn: WorkingCalendar) -> None:
    """31 January: one month ends in February, two end on 31 March and not on the 28th."""
    none = Roll.NONE
    assert last_day(cn, "2026-01-31T09:00", "1 月", roll=none) == "2026-02-28"
    assert last_day(cn, "2026-01-31T09:00", "2 月", roll=none) == "2026-03-31"


def test_a_year_without_notice_still_has_its_statutory_days() -> None:
    as_of = shipped_calendar("CN@2018-11-30", "H7", 2021)
    assert not as_of.is_working_day(date(2019, 1, 1))
    found = due(as_of, "2018-12-28T09:00", "2 工作日")
    assert found.last_day == date(2019, 1, 2)
    assert found.provisional


def test_what_lies_beyond_28_december_is_provisional_until_the_next_notice(
    cn: WorkingCalendar,
) -> None:
    assert not due(cn, "2026-12-25T09:00", "1 工作日").provisional
    assert due(cn, "2026-12-28T09:00", "1 工作日").provisional
    assert not due(cn, "2026-12-28T09:00", "72 自然小时").provisional
    assert not due(cn, "2026-12-28T09:00", "9 自然日", roll=Roll.NONE).provisional
    assert due(cn, "2026-12-28T09:00", "9 自然日").provisional


def test_a_make_up_saturday_stops_the_roll_of_natural_days(cn: WorkingCalendar) -> None:
    assert last_day(cn, "2026-02-10T09:00", "4 自然日") == "2026-02-14"
    assert last_day(cn, "2026-02-10T09:00", "5 自然日") == "2026-02-24"


def test_the_last_day_can_end_with_that_offices_own_hours() -> None:
    summer = shipped_calendar("CN", "H7S", 2029)
    for start, clock in (("2026-09-29T09:00", "18:00"), ("2026-09-30T09:00", "17:30")):
        found = due(summer, start, "1 工作日", day_end=DayEnd.CLOSE)
        assert at(found).endswith(f"{clock}:00")


def test_pauses_that_give_nothing_away(cn: WorkingCalendar) -> None:
    """Within a day, over lunch, within a weekend, within a holiday."""
    plain = due(cn, "2026-02-12T09:00", "5 工作日").due_at
    for begun, over in (
        ("2026-02-13T10:00", "2026-02-13T16:00"),
        ("2026-02-16T10:00", "2026-02-20T10:00"),
        ("2026-02-14T18:00", "2026-02-23T23:00"),
    ):
        pause = Pause(china(begun), china(over))
        found = deadline(cn, china("2026-02-12T09:00"), Limit.parse("5 工作日"), pauses=(pause,))
        assert found.due_at == plain
    lunch = Pause(china("2026-03-02T12:00"), china("2026-03-02T14:00"))
    start, four = china("2026-03-02T09:00"), Limit.parse("4 工作小时")
    assert deadline(cn, start, four, pauses=(lunch,)).due_at == deadline(cn, start, four).due_at


def test_a_pause_in_whole_days_gives_back_every_day_it_touched_once(cn: WorkingCalendar) -> None:
    whole = Policy(pause=PauseRule.WHOLE_DAYS)
    morning = Pause(china("2026-03-03T09:00"), china("2026-03-03T10:00"))
    afternoon = Pause(china("2026-03-03T15:00"), china("2026-03-04T09:00"))
    start, five = china("2026-03-02T09:00"), Limit.parse("5 工作日")
    assert deadline(cn, start, five, whole, (morning,)).last_day == date(2026, 3, 10)
    both = deadline(cn, start, five, whole, (morning, afternoon))
    assert both.last_day == date(2026, 3, 11)


def test_time_used_up_while_suspended_ends_with_the_day_of_resumption(cn: WorkingCalendar) -> None:
    start, five = china("2026-03-02T09:00"), Limit.parse("5 工作日")
    for over, expected in (("2026-03-12T10:00", 12), ("2026-03-14T10:00", 16)):
        pause = Pause(china("2026-03-09T10:00"), china(over))
        assert deadline(cn, start, five, pauses=(pause,)).last_day == date(2026, 3, expected)


def test_night_duty_runs_over_midnight_without_a_gap() -> None:
    duty = shipped_calendar("CN", "H24", 2029)
    assert at(due(duty, "2026-03-02T22:00", "4 工作小时")) == "2026-03-03 02:00:00"
    assert at(due(duty, "2026-03-06T22:00", "4 工作小时")) == "2026-03-09 02:00:00"
    assert due(duty, "2026-03-02T22:00", "2 工作小时").last_day == date(2026, 3, 2)


def test_a_pause_at_the_very_last_moment_still_counts(cn: WorkingCalendar) -> None:
    """On time means up to and including the due instant; the clock then ends on resumption."""
    start, three = china("2026-03-02T09:00"), Limit.parse("3 工作小时")
    for over, expected in (("2026-03-02T15:00", "15:00"), ("2026-03-02T13:00", "13:00")):
        pause = Pause(china("2026-03-02T12:00"), china(over))
        assert at(deadline(cn, start, three, pauses=(pause,))).endswith(f"{expected}:00")
    late = Pause(china("2026-03-02T12:00:00.000001"), china("2026-03-02T15:00"))
    assert at(deadline(cn, start, three, pauses=(late,))).endswith("12:00:00")


def test_a_pause_before_the_first_day_counted_gives_nothing_away(cn: WorkingCalendar) -> None:
    defer, one = Policy(day_one=DayOne.DEFER), Limit.parse("1 工作日")
    start = china("2026-03-07T09:00")  # a Saturday: received on Monday, day one is Tuesday
    pause = Pause(china("2026-03-07T10:00"), china("2026-03-08T10:00"))
    assert deadline(cn, start, one, defer, (pause,)).last_day == date(2026, 3, 10)


def test_natural_days_keep_their_suspension_when_extended(cn: WorkingCalendar) -> None:
    pause = Pause(china("2026-03-03T09:00"), china("2026-03-06T09:00"))
    more = Extension(5, china("2026-03-09T09:00"))
    none = Policy(roll=Roll.NONE)
    start, ten = china("2026-03-02T09:00"), Limit.parse("10 自然日")
    found = deadline(cn, start, ten, none, (pause,), (more,))
    assert found.last_day == date(2026, 3, 20)
    month = deadline(
        cn, start, Limit.parse("1 月"), none, (pause,), (Extension(1, more.approved_at),)
    )
    assert month.last_day == date(2026, 5, 5)


def test_a_short_segment_within_the_night_duty_before_does_not_cut_it_short() -> None:
    duty = parse_segments("20:00-06:00")
    early = DayRow(
        date(2026, 3, 3),
        DayKind.WORKDAY,
        "早班",
        "",
        "试〔2026〕1号",
        parse_segments("02:00-04:00"),
    )
    layer = Layer(
        "D",
        1,
        (early,),
        hours=HoursProfile("D", "夜班", duty),
        first=date(2026, 3, 1),
        last=date(2026, 3, 31),
    )
    calendar = WorkingCalendar([layer])
    assert at(due(calendar, "2026-03-02T20:00", "10 工作小时")) == "2026-03-03 06:00:00"
    closing = due(calendar, "2026-03-03T20:00", "1 工作日", day_end=DayEnd.CLOSE)
    assert at(closing) == "2026-03-05 06:00:00"
    assert "次日06:00" in explain(calendar, closing)[0].phrase.zh

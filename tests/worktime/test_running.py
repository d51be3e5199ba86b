"""What happens to a clock on the way: pause, extension, restart, transfer, warnings, preview."""

from datetime import date, datetime, timedelta

import pytest

from app.core.clock import CHINA
from app.core.errors import Invalid
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline, Pause, deadline
from app.worktime.explain import explain
from app.worktime.limits import Limit
from app.worktime.national import shipped_calendar
from app.worktime.policy import Anchor, DayEnd, DayOne, ExtensionBase, Policy, RestartRule
from app.worktime.running import (
    after_due,
    before_due,
    extended,
    preview,
    remaining,
    restarted,
    resumed,
    stage_deadline,
    transferred,
    used,
)


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def started(
    calendar: WorkingCalendar, start: str, limit: str, policy: Policy | None = None
) -> Deadline:
    return deadline(calendar, china(start), Limit.parse(limit), policy or Policy())


def clock(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def test_what_remains_is_counted_in_the_unit_of_the_limit(cn: WorkingCalendar) -> None:
    days = started(cn, "2026-02-12T09:00", "5 工作日")  # 13, 14, 24, 25, 26 February
    for at, left in (
        ("2026-02-12T10:00", 5),
        ("2026-02-14T23:59", 3),
        ("2026-02-20T12:00", 3),
        ("2026-02-26T23:00", 0),
        ("2026-02-27T00:01", -1),
        ("2026-03-02T09:00", -3),
    ):
        assert remaining(cn, days, china(at)).amount == left
    hours = started(cn, "2026-03-02T11:00", "4 工作小时")
    assert remaining(cn, hours, china("2026-03-02T13:00")).phrase.zh == "3 工作小时"
    assert remaining(cn, hours, china("2026-03-02T14:20")).phrase.en == "2 working hours 40 min"
    assert remaining(cn, hours, china("2026-03-02T17:30")).amount < 0


def test_a_last_day_whose_office_has_closed_is_overdue(cn: WorkingCalendar) -> None:
    until_close = started(cn, "2026-03-02T09:00", "1 工作日", Policy(day_end=DayEnd.CLOSE))
    assert remaining(cn, until_close, china("2026-03-03T17:30")).amount == 0
    assert remaining(cn, until_close, china("2026-03-03T17:31")).amount == -1


def test_resuming_adds_the_suspension_and_keeps_the_rest(cn: WorkingCalendar) -> None:
    running = started(cn, "2026-03-02T09:00", "5 工作日")
    begun, over = china("2026-03-04T10:00"), china("2026-03-09T10:00")
    left = remaining(cn, running, begun)
    again = resumed(cn, running, Pause(begun, over))
    assert again.last_day == date(2026, 3, 12)
    assert remaining(cn, again, over) == left
    assert used(cn, again, over) == used(cn, running, begun)


def test_a_suspension_cannot_end_before_it_began() -> None:
    with pytest.raises(Invalid):
        Pause(china("2026-03-04T10:00"), china("2026-03-04T09:00"))


def test_an_extension_is_appended_or_counted_from_its_approval(cn: WorkingCalendar) -> None:
    approved = china("2026-03-05T10:00")
    appended = started(cn, "2026-03-02T09:00", "5 工作日")
    assert extended(cn, appended, 3, approved).last_day == date(2026, 3, 12)
    anew = started(cn, "2026-03-02T09:00", "5 工作日", Policy(extension=ExtensionBase.APPROVAL))
    assert extended(cn, anew, 3, approved).last_day == date(2026, 3, 10)
    assert extended(cn, anew, 1, approved).last_day == anew.last_day  # never shorter


def test_an_extension_approved_too_late_is_refused(cn: WorkingCalendar) -> None:
    running = started(cn, "2026-03-02T09:00", "5 工作日")
    assert extended(cn, running, 1, running.due_at).last_day == date(2026, 3, 10)
    with pytest.raises(Invalid):
        extended(cn, running, 1, running.due_at + timedelta(microseconds=1))
    with pytest.raises(Invalid):
        extended(cn, running, 0, running.start)


def test_an_extension_approved_while_suspended_counts_from_the_resumption(
    cn: WorkingCalendar,
) -> None:
    anew = started(cn, "2026-03-02T09:00", "5 工作日", Policy(extension=ExtensionBase.APPROVAL))
    paused = resumed(cn, anew, Pause(china("2026-03-04T10:00"), china("2026-03-16T10:00")))
    assert extended(cn, paused, 5, china("2026-03-06T10:00")).last_day == date(2026, 3, 23)


def test_a_restart_gives_the_full_limit_or_what_was_left(cn: WorkingCalendar) -> None:
    at = china("2026-03-05T10:00")  # the third of five days
    afresh = restarted(cn, started(cn, "2026-03-02T09:00", "5 工作日"), at)
    assert (afresh.start, afresh.last_day) == (at, date(2026, 3, 12))
    rest = Policy(restart=RestartRule.CONTINUE)
    for limit, expected in (
        ("5 工作日", "2026-03-10 00:00"),
        ("30 工作小时", "2026-03-06 11:00"),
        ("96 自然小时", "2026-03-06 09:00"),
        ("9 自然日", "2026-03-12 00:00"),
        ("1 月", "2026-04-03 00:00"),
    ):
        running = started(cn, "2026-03-02T09:00", limit, rest)
        again = restarted(cn, running, at)
        assert clock(again.due_at) == clock(running.due_at) == expected
        assert remaining(cn, again, at) == remaining(cn, running, at) or limit == "1 月"
    later = started(cn, "2026-03-02T09:00", "5 工作日", rest)
    overdue = restarted(cn, later, china("2026-03-21T10:00"))
    assert overdue.last_day == date(2026, 3, 23)  # nothing left: the next working day


def test_a_transfer_carries_the_time_used_and_not_the_date(cn: WorkingCalendar) -> None:
    hall = shipped_calendar("HALL-6D", "H8", 2029)
    running = started(cn, "2026-03-02T09:00", "10 工作日")  # to Monday the 16th
    at = china("2026-03-05T10:00")  # three used
    moved = transferred(cn, hall, running, at)
    assert moved.last_day == date(2026, 3, 13)  # 6, 7 (Sat), 9, 10, 11, 12, 13
    assert moved.carried is not None
    assert (moved.carried.used, moved.carried.version) == (3, cn.version)
    assert remaining(hall, moved, at) == remaining(cn, running, at)
    assert used(hall, moved, at) == used(cn, running, at)
    back = transferred(hall, cn, moved, china("2026-03-07T10:00"))
    assert back.last_day == date(2026, 3, 13)  # five used: 9, 10, 11, 12, 13
    assert "CN" in explain(hall, moved)[-2].phrase.zh


def test_a_transfer_carries_extensions_suspensions_and_hours(cn: WorkingCalendar) -> None:
    other = shipped_calendar("CN", "H8", 2029)
    running = started(cn, "2026-03-02T09:00", "10 工作小时")
    running = resumed(cn, running, Pause(china("2026-03-02T10:00"), china("2026-03-03T10:00")))
    running = extended(cn, running, 4, china("2026-03-03T11:00"))
    at = china("2026-03-03T14:00")  # 1 h on Monday, 2 h on Tuesday: 11 left
    moved = transferred(cn, other, running, at)
    assert clock(moved.due_at) == "2026-03-04 17:00"  # 4 on Tuesday, 7 on Wednesday
    anew = started(cn, "2026-03-02T09:00", "5 工作日", Policy(extension=ExtensionBase.APPROVAL))
    anew = extended(cn, anew, 6, china("2026-03-05T10:00"))  # to Friday the 13th
    assert transferred(cn, other, anew, china("2026-03-06T10:00")).last_day == anew.last_day


def test_natural_time_only_meets_another_calendar_at_its_end(cn: WorkingCalendar) -> None:
    hall = shipped_calendar("HALL-6D", "H7", 2029)
    running = started(cn, "2026-02-27T09:00", "8 自然日")  # Saturday 7 March, rolled to Monday
    assert running.last_day == date(2026, 3, 9)
    assert transferred(cn, hall, running, china("2026-03-02T09:00")).last_day == date(2026, 3, 7)


@pytest.mark.parametrize(
    ("limit", "yellow"),
    [
        ("5 工作日", "2026-03-09 08:30"),  # 20 % is one day: the morning of the last
        ("3 工作日", "2026-03-05 08:30"),  # at least one working day
        ("20 工作日", "2026-03-25 08:30"),  # four days: 25, 26, 27, 30
        ("10 工作小时", "2026-03-03 10:00"),  # two hours before noon
        ("8.125 工作小时", "2026-03-03 08:30"),  # would be Monday's close: the next opening
        ("24 自然小时", "2026-03-03 04:12"),
        ("15 自然日", "2026-03-15 00:00"),
    ],
)
def test_yellow_comes_when_a_fifth_is_left(cn: WorkingCalendar, limit: str, yellow: str) -> None:
    running = started(cn, "2026-03-02T09:00", limit)
    assert clock(before_due(cn, running)) == yellow


def test_yellow_never_comes_before_the_start(cn: WorkingCalendar) -> None:
    running = started(cn, "2026-03-02T09:00", "1 工作日")
    assert before_due(cn, running, at_least=Limit.parse("9 工作日")) == running.start
    assert clock(before_due(cn, running, at_least=Limit.parse("1 工作日"))) == "2026-03-03 08:30"


def test_a_warning_may_be_a_fixed_time_before_the_end(cn: WorkingCalendar) -> None:
    running = started(cn, "2026-03-02T09:00", "20 工作日")
    two_hours, two_days = Limit.parse("2 自然小时"), Limit.parse("2 工作日")
    assert clock(before_due(cn, running, share=0, at_least=two_hours)) == "2026-03-30 22:00"
    assert clock(before_due(cn, running, share=0, at_least=two_days)) == "2026-03-27 08:30"
    assert before_due(cn, running, share=0) == running.due_at


def test_the_warning_of_a_deadline_after_a_holiday_comes_in_working_time(
    cn: WorkingCalendar,
) -> None:
    running = started(cn, "2026-02-13T09:00", "2 工作日")  # 14 and 24 February
    assert clock(before_due(cn, running, at_least=Limit.parse("2 工作日"))) == "2026-02-14 08:30"
    assert clock(before_due(cn, running)) == "2026-02-24 08:30"


def test_later_rungs_count_from_the_deadline(cn: WorkingCalendar) -> None:
    running = started(cn, "2026-03-02T09:00", "5 工作日")  # to the 9th, 24:00
    assert clock(after_due(cn, running, Limit.parse("1 工作日"))) == "2026-03-11 00:00"
    assert clock(after_due(cn, running, Limit.parse("2 自然小时"))) == "2026-03-10 02:00"
    hours = started(cn, "2026-03-02T09:00", "3 工作小时")
    assert clock(after_due(cn, hours, Limit.parse("1 工作小时"))) == "2026-03-02 15:00"
    closing = started(cn, "2026-03-02T09:00", "5 工作日", Policy(day_end=DayEnd.CLOSE))
    assert clock(after_due(cn, closing, Limit.parse("1 工作日"))) == "2026-03-10 17:30"


def test_a_suspension_of_what_is_late_leaves_the_deadline_and_puts_later_rungs_off(
    cn: WorkingCalendar,
) -> None:
    late = started(cn, "2026-03-02T09:00", "5 工作日")  # to Monday the 9th, 24:00
    pause = Pause(china("2026-03-11T10:00"), china("2026-03-17T10:00"))
    again = resumed(cn, late, pause)
    assert again.due_at == late.due_at
    # Two days had passed when it was suspended, the day of the suspension among them; three are
    # left after the day of the resumption.
    assert clock(after_due(cn, again, Limit.parse("5 工作日"))) == "2026-03-21 00:00"
    assert after_due(cn, again, Limit.parse("1 工作日")) == after_due(
        cn, late, Limit.parse("1 工作日")
    )
    assert clock(after_due(cn, again, Limit.parse("72 自然小时"))) == "2026-03-19 00:00"
    assert remaining(cn, again, china("2026-03-18T09:00")).amount == -3
    assert used(cn, again, china("2026-03-18T09:00")).amount == 8


def test_lateness_in_hours_leaves_a_suspension_out(cn: WorkingCalendar) -> None:
    late = started(cn, "2026-03-02T09:00", "1 工作小时")
    again = resumed(cn, late, Pause(china("2026-03-02T11:00"), china("2026-03-04T11:00")))
    assert remaining(cn, again, china("2026-03-04T11:30")).phrase.zh == "1 工作小时 30 分"
    assert clock(after_due(cn, again, Limit.parse("2 工作小时"))) == "2026-03-04 12:00"


def test_a_preview_before_sign_for_assumes_it_at_its_own_limit(cn: WorkingCalendar) -> None:
    policy = Policy(anchor=Anchor.SIGN_FOR)
    known = {Anchor.CALL: china("2026-03-02T08:00"), Anchor.DISPATCH: china("2026-03-02T09:00")}
    one, five = Limit.parse("1 工作日"), Limit.parse("5 工作日")
    foreseen = preview(cn, five, policy, known, one, Policy())
    assert foreseen.deadline.last_day == date(2026, 3, 10)  # signed on the 3rd, not on the 4th
    assert foreseen.assumption is not None
    assert "2026-03-03" in foreseen.assumption.zh
    known[Anchor.SIGN_FOR] = china("2026-03-02T11:00")
    signed = preview(cn, five, policy, known, one, Policy())
    assert (signed.deadline.last_day, signed.assumption) == (date(2026, 3, 9), None)


def test_a_preview_without_a_start_is_refused(cn: WorkingCalendar) -> None:
    one = Limit.parse("1 工作日")
    for anchor in (Anchor.SIGN_FOR, Anchor.DISPATCH):
        with pytest.raises(Invalid):
            preview(cn, one, Policy(anchor=anchor), {}, one, Policy())


def test_a_deadline_survives_storage(cn: WorkingCalendar) -> None:
    running = started(cn, "2026-03-02T09:00", "7.5 工作小时", Policy(day_one=DayOne.DEFER))
    running = resumed(cn, running, Pause(china("2026-03-02T10:00"), china("2026-03-02T11:00")))
    running = extended(cn, running, 2, china("2026-03-02T12:00"))
    moved = transferred(cn, cn, running, china("2026-03-02T15:00"))
    for given in (running, moved):
        stored = Deadline.from_json(given.to_json())
        assert stored == given
        assert explain(cn, stored) == explain(cn, given)


def test_what_begins_when_another_limit_ends_at_24_counts_the_very_next_day(
    cn: WorkingCalendar,
) -> None:
    """24:00 of Tuesday is 00:00 of Wednesday: a stage of one day that begins then is Wednesday."""
    tuesday = started(cn, "2026-03-02T09:00", "1 工作日").due_at
    assert clock(tuesday) == "2026-03-04 00:00"
    for limit, policy, ends in (
        ("1 工作日", Policy(), "2026-03-05 00:00"),
        ("1 自然日", Policy(), "2026-03-05 00:00"),
        ("1 工作日", Policy(day_one=DayOne.SAME), "2026-03-05 00:00"),
        ("1 工作日", Policy(day_end=DayEnd.CLOSE), "2026-03-04 17:30"),
        ("2 工作小时", Policy(), "2026-03-04 10:30"),
    ):
        due = stage_deadline(cn, tuesday, Limit.parse(limit), policy)
        assert clock(due.due_at) == ends, (limit, policy)
    told = explain(cn, stage_deadline(cn, tuesday, Limit.parse("1 工作日"), Policy()))
    assert any("自2026年3/3周二 24:00起" in line.phrase.zh for line in told), told
    # In the middle of a day nothing is different: the day of the beginning is not counted.
    noon = stage_deadline(cn, china("2026-03-04T12:00"), Limit.parse("1 工作日"), Policy())
    assert clock(noon.due_at) == "2026-03-06 00:00"

"""A new calendar version meets running deadlines."""

from datetime import date, datetime

from app.core.clock import CHINA
from app.worktime.calendars import WorkingCalendar
from app.worktime.changes import Change, after_publication
from app.worktime.deadlines import deadline
from app.worktime.limits import Limit
from app.worktime.national import shipped_calendar
from app.worktime.policy import CalendarChange, Policy


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def calendars(before: str, after: str) -> tuple[WorkingCalendar, WorkingCalendar]:
    return shipped_calendar(f"CN@{before}", "H7", 2023), shipped_calendar(f"CN@{after}", "H7", 2023)


def changed(
    spans: tuple[str, str],
    start: str,
    limit: str,
    published: str,
    rule: CalendarChange = CalendarChange.RECOMPUTE,
) -> Change:
    before, after = calendars(*spans)
    policy = Policy(calendar_change=rule)
    running = deadline(before, china(start), Limit.parse(limit), policy)
    return after_publication(after, running, china(published))


LONGER = ("2020-01-20", "2020-01-27")
"""The Spring Festival of 2020 was made longer."""
EARLIER = ("2019-03-01", "2019-03-22")
"""A Sunday of April 2019 became a working day."""


def test_a_later_deadline_applies_at_once() -> None:
    found = changed(LONGER, "2020-01-20T10:00", "5 工作日", "2020-01-27T09:00")
    assert (found.moved, found.deadline.last_day) == (True, date(2020, 2, 4))
    assert found.deadline.version.startswith("CN@2020-01-27")
    assert "2020-02-01" in found.reason.zh


def test_an_earlier_deadline_applies_when_there_is_notice_enough() -> None:
    found = changed(EARLIER, "2019-04-24T10:00", "3 工作日", "2019-04-25T09:00")
    assert (found.moved, found.deadline.last_day) == (True, date(2019, 4, 28))


def test_an_earlier_deadline_never_surprises_the_unit() -> None:
    """Published an hour before what would be the new deadline: the old one is kept."""
    found = changed(EARLIER, "2019-04-24T10:00", "3 工作日", "2019-04-28T23:00")
    assert (found.follows, found.moved) == (False, False)
    assert found.deadline.due_at == china("2019-04-30T00:00")
    assert found.deadline.version.startswith("CN@2019-03-01")
    assert "不足 24 小时" in found.reason.zh


def test_the_notice_begins_when_people_are_told_and_not_when_it_was_printed() -> None:
    before, after = calendars(*EARLIER)
    running = deadline(before, china("2019-04-24T10:00"), Limit.parse("3 工作日"))
    published = china("2019-04-24T12:00")
    in_time = after_publication(after, running, published, told_at=china("2019-04-28T00:00"))
    assert (in_time.moved, in_time.deadline.last_day) == (True, date(2019, 4, 28))
    late = after_publication(after, running, published, told_at=china("2019-04-28T00:01"))
    assert (late.moved, late.deadline.last_day) == (False, date(2019, 4, 29))


def test_a_deadline_that_passed_after_the_publication_is_counted_anew_however_late() -> None:
    before, after = calendars(*LONGER)
    running = deadline(before, china("2020-01-20T10:00"), Limit.parse("5 工作日"))
    found = after_publication(
        after, running, china("2020-01-27T09:00"), told_at=china("2020-02-03T09:00")
    )
    assert (found.moved, found.deadline.last_day) == (True, date(2020, 2, 4))


def test_a_suspended_clock_follows_although_its_date_has_gone_by() -> None:
    before, after = calendars(*LONGER)
    running = deadline(before, china("2020-01-20T10:00"), Limit.parse("5 工作日"))
    published = china("2020-03-01T09:00")
    paused = after_publication(after, running, published, paused_at=china("2020-01-22T09:00"))
    assert (paused.moved, paused.deadline.last_day) == (True, date(2020, 2, 4))
    too_late = after_publication(after, running, published, paused_at=china("2020-02-02T09:00"))
    assert not too_late.follows


def test_a_suspended_clock_is_not_found_late_when_it_goes_on() -> None:
    """Suspended on the last day: the earlier day would have ended before the suspension began."""
    before, after = calendars(*EARLIER)
    running = deadline(before, china("2019-04-24T10:00"), Limit.parse("3 工作日"))
    found = after_publication(
        after, running, china("2019-04-20T09:00"), paused_at=china("2019-04-29T10:00")
    )
    assert (found.follows, found.deadline.last_day) == (False, date(2019, 4, 29))


def test_a_deadline_that_had_passed_stays() -> None:
    found = changed(LONGER, "2020-01-20T10:00", "5 工作日", "2020-02-03T09:00")
    assert (found.moved, found.deadline.last_day) == (False, date(2020, 2, 1))
    assert found.deadline.version.startswith("CN@2020-01-20")


def test_the_policy_may_keep_or_take_the_later() -> None:
    kept = changed(LONGER, "2020-01-20T10:00", "5 工作日", "2020-01-27T09:00", CalendarChange.KEEP)
    assert (kept.moved, kept.deadline.last_day) == (False, date(2020, 2, 1))
    later = changed(
        EARLIER, "2019-04-24T10:00", "3 工作日", "2019-04-25T09:00", CalendarChange.LATER_OF
    )
    assert (later.moved, later.deadline.last_day) == (False, date(2019, 4, 29))
    assert not later.follows
    longer = changed(
        LONGER, "2020-01-20T10:00", "5 工作日", "2020-01-27T09:00", CalendarChange.LATER_OF
    )
    assert longer.moved


def test_a_change_elsewhere_moves_nothing_but_takes_the_new_version() -> None:
    found = changed(EARLIER, "2019-04-01T10:00", "3 工作日", "2019-04-02T09:00")
    assert (found.follows, found.moved) == (True, False)
    assert found.deadline.version.startswith("CN@2019-03-22")
    assert found.deadline.due_at == china("2019-04-05T00:00")

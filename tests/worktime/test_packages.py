"""Our days against two packages, day by day. They disagree with nothing we ship."""

import chinese_calendar
import holidays
from chinese_calendar import constants

from app.worktime.calendars import WorkingCalendar
from app.worktime.days import days_of
from app.worktime.national import provisional_rows, shipped_notices
from app.worktime.statutory import packaged_working_days, statutory_days

FIRST, LAST = 2013, 2026


def test_every_day_agrees_with_holidays(cn: WorkingCalendar) -> None:
    package = holidays.CN(years=range(FIRST, LAST + 1), expand=False, language="zh_CN")
    differ = [
        day
        for day in days_of(cn.first, cn.official_through)
        if cn.is_working_day(day) != package.is_working_day(day)
    ]
    assert differ == []


def test_every_day_agrees_with_chinese_calendar(cn: WorkingCalendar) -> None:
    differ = [
        day
        for day in days_of(cn.first, cn.official_through)
        if cn.is_working_day(day) != chinese_calendar.is_workday(day)
    ]
    assert differ == []
    assert max(constants.workdays).year >= LAST


def test_the_years_have_the_known_number_of_working_days(cn: WorkingCalendar) -> None:
    """From the notices: 2013 to 2026."""
    counts = [0] * 14
    for day in days_of(cn.first, cn.last):
        if day.year <= LAST:
            counts[day.year - FIRST] += cn.is_working_day(day)
    known = [250, 250, 249, 250, 249, 250, 250, 249, 250, 249, 249, 251, 248, 248]
    assert counts == known


def test_statutory_days_are_those_of_the_notices(cn: WorkingCalendar) -> None:
    """Every statutory holiday a shipped row names is one the package knows, and the reverse."""
    shipped = {
        (row.date, row.statutory)
        for notice in shipped_notices()
        for row in notice.rows
        if row.statutory
    }
    packaged = {
        (day, name) for year in range(FIRST, LAST + 1) for day, name in statutory_days(year).items()
    }
    assert packaged == shipped


def test_a_year_without_a_notice_has_statutory_days_and_no_make_up_days() -> None:
    rows = provisional_rows([2027, 2030])
    assert len(rows) == 26  # thirteen statutory days a year since 2025
    assert {row.kind.value for row in rows} == {"holiday"}
    assert {row.document for row in rows} == {""}
    assert {row.name for row in rows if row.date.month == 2} == {"农历除夕", "春节"}


def test_the_package_is_not_believed_about_a_year_it_only_guesses() -> None:
    assert packaged_working_days(2026) is not None
    assert packaged_working_days(2035) is None

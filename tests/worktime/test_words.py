"""Limits, policies, hours and files: what is read, written and refused."""

from datetime import date
from decimal import Decimal

import pytest

from app.core.errors import Invalid, NotFound
from app.worktime.days import DayKind
from app.worktime.files import day_rows, day_rows_csv, hours_profile, notice_forms, vector_rows
from app.worktime.hours import HoursProfile, parse_segments, segments_text
from app.worktime.limits import HOUR, Limit, LimitUnit
from app.worktime.national import shipped_calendar, shipped_hours, shipped_notices
from app.worktime.policy import STANDARD, DayOne, Policy


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("3 工作日", Limit(3, LimitUnit.WORKING_DAY)),
        ("3个工作日", Limit(3, LimitUnit.WORKING_DAY)),
        ("0.5工作小时", Limit(Decimal("0.5"), LimitUnit.WORKING_HOUR)),
        ("24 自然小时", Limit(24, LimitUnit.NATURAL_HOUR)),
        ("15 natural days", Limit(15, LimitUnit.NATURAL_DAY)),
        ("1 month", Limit(1, LimitUnit.MONTH)),
        ("2 working_hour", Limit(2, LimitUnit.WORKING_HOUR)),
        ("2.0 工作小时", Limit(2, LimitUnit.WORKING_HOUR)),
    ],
)
def test_a_limit_is_read_as_people_write_it(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit
    assert Limit.parse(str(limit)) == limit
    assert Limit.from_json(limit.to_json()) == limit


@pytest.mark.parametrize(
    "text", ["", "三工作日", "3 天", "24 小时", "1.5 工作日", "0 工作日", "-1 月"]
)
def test_a_limit_that_is_not_one_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Limit.parse(text)
    assert refusal.value.phrase.zh
    assert refusal.value.phrase.en


def test_hours_are_kept_to_the_microsecond_and_not_below() -> None:
    assert Limit.parse("0.25 工作小时").micros == HOUR // 4
    with pytest.raises(Invalid):
        Limit(Decimal("0.0000000001"), LimitUnit.WORKING_HOUR)


def test_limits_speak_both_languages() -> None:
    assert Limit.parse("1 工作日").phrase.en == "1 working day"
    assert Limit.parse("3 工作日").phrase.en == "3 working days"
    assert str(Limit.parse("3 working days")) == "3 工作日"


def test_a_policy_survives_storage_and_fills_gaps_with_the_standard() -> None:
    policy = Policy(day_one=DayOne.DEFER)
    assert Policy.from_json(policy.to_json()) == policy
    assert Policy.from_json({}) == STANDARD
    assert set(policy.to_json()) == {
        "day_one",
        "anchor",
        "day_end",
        "roll",
        "hours",
        "pause",
        "restart",
        "extension",
        "calendar_change",
    }


def test_an_unknown_switch_or_answer_is_named() -> None:
    with pytest.raises(Invalid) as refusal:
        Policy.from_json({"day_one": "tomorrow", "dayend": "24"})
    assert set(refusal.value.fields) == {"day_one", "dayend"}


def test_hours_know_seasons_weekdays_and_recurring_half_days() -> None:
    profile = HoursProfile.from_json(
        {
            "code": "X",
            "name": "试",
            "segments": "08:30-12:00,14:00-17:30",
            "seasons": [
                {"from": "06-01", "to": "09-30", "segments": "08:30-12:00,15:00-18:00"},
                {"from": "12-01", "to": "02-28", "segments": "09:00-16:00"},
                {"from": "03-08", "to": "03-08", "segments": "08:30-12:00"},
            ],
            "weekdays": {"5": "08:00-14:00"},
        }
    )
    assert HoursProfile.from_json(profile.to_json()) == profile
    on = {
        day: segments_text(profile.on(date.fromisoformat(day)))
        for day in (
            "2026-06-01",
            "2026-09-30",
            "2026-10-08",
            "2026-12-01",
            "2026-01-07",
            "2026-03-09",
            "2026-06-05",
            "2024-03-08",
        )
    }
    assert on == {
        "2026-06-01": "08:30-12:00,15:00-18:00",
        "2026-09-30": "08:30-12:00,15:00-18:00",
        "2026-10-08": "08:30-12:00,14:00-17:30",
        "2026-12-01": "09:00-16:00",
        "2026-01-07": "09:00-16:00",
        "2026-03-09": "08:30-12:00,14:00-17:30",
        "2026-06-05": "08:00-14:00",  # a Friday in summer
        "2024-03-08": "08:30-12:00",  # a Friday that is the half day of the year
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8:30-12:00",
        "08:30",
        "08:30-24:30",
        "14:00-17:00,08:00-12:00",
        "08:00-12:00,11:00-13:00",
        "20:00-06:00,05:00-07:00",
        "08:00-20:00,20:00-09:00",
    ],
)
def test_hours_that_overlap_or_are_none_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_segments(text)


@pytest.mark.parametrize("text", ["00:00-24:00", "08:30-12:00,14:00-17:30", "20:00-06:00"])
def test_hours_are_written_as_they_are_read(text: str) -> None:
    assert segments_text(parse_segments(text)) == text


def test_calendar_rows_survive_a_file() -> None:
    rows = shipped_notices()[-1].rows
    assert day_rows(day_rows_csv(rows)) == rows
    half = "date,kind,notice,hours\n2026-03-06,workday,试〔2026〕1号,08:30-12:00\n"
    assert day_rows(half)[0].hours == parse_segments("08:30-12:00")


def test_a_wrong_cell_is_named_by_row_and_column() -> None:
    text = (
        "date,kind,notice,hours\n"
        "2026-13-01,holiday,试1号,\n"
        "2026-10-01,feast,试1号,\n"
        "2026-10-02,holiday,,12:00-11:00-10:00\n"
    )
    with pytest.raises(Invalid) as refusal:
        day_rows(text)
    assert set(refusal.value.fields) == {"2.date", "3.kind", "4.notice", "4.hours"}
    assert "第 2 行“date”列" in refusal.value.phrase.zh
    assert 'Row 3, column "kind"' in refusal.value.phrase.en


def test_a_date_may_stand_only_once() -> None:
    with pytest.raises(Invalid, match="twice"):
        day_rows("date,kind,notice\n2026-10-01,holiday,试\n2026-10-01,makeup,试\n")


def test_missing_columns_are_named() -> None:
    with pytest.raises(Invalid, match="kind, notice"):
        day_rows("date\n2026-10-01\n")
    with pytest.raises(Invalid, match="deadline_at"):
        vector_rows("id,start,limit,unit,calendar,hours,deadline_date\n")


def test_json_that_is_none_or_lacks_something_is_refused() -> None:
    with pytest.raises(Invalid, match="line 1"):
        notice_forms("{")
    with pytest.raises(Invalid, match="nested"):
        notice_forms("[" * 100_000)
    with pytest.raises(Invalid, match="number"):
        notice_forms('[{"issued": "2025-11-04", "year": 2026, "lines": ["元旦：1月1日放假。"]}]')
    with pytest.raises(Invalid, match="segments"):
        hours_profile('{"code": "X", "name": "试", "segments": "25:00-26:00"}')


def test_shipped_calendars_that_do_not_exist_are_refused() -> None:
    for code in ("XX", "CN@tomorrow", "CN@2011-01-01"):
        with pytest.raises(NotFound):
            shipped_calendar(code, "H7", 2029)
    with pytest.raises(NotFound, match="H24"):
        shipped_hours("H9")


def test_kinds_of_days_know_whether_they_are_worked() -> None:
    assert [kind for kind in DayKind if kind.is_working] == [DayKind.WORKDAY, DayKind.MAKEUP]

"""Calendars in the database: seeded, layered, versioned, never changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.core.db import Sessions
from app.core.errors import Conflict, Invalid, NotFound
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.days import DayKind, DayRow, Layer, differences, overlaid
from app.worktime.deadlines import deadline
from app.worktime.hours import HoursProfile, parse_segments
from app.worktime.limits import Limit
from app.worktime.models import CalendarDay, CalendarLevel, CalendarNotice, CalendarVersion
from app.worktime.national import Notice
from app.worktime.notices import read_notice
from tests.worktime.conftest import NOW

NOTICE_2027 = """元旦：2027年1月1日至3日放假，共3天。
春节：2月5日至11日放假调休，共7天。2月20日（周六）上班。
清明节：4月3日至5日放假，共3天。
劳动节：5月1日至5日放假调休，共5天。5月8日（周六）上班。
端午节：6月9日放假，共1天。
中秋节：9月15日放假，共1天。
国庆节：10月1日至7日放假调休，共7天。10月9日（周六）上班。"""


def notice_2027() -> Notice:
    return read_notice(NOTICE_2027, "试发明电〔2026〕1号", date(2026, 11, 25), 2027)


def row(day: str, kind: DayKind, name: str = "三月三") -> DayRow:
    return DayRow(date.fromisoformat(day), kind, name, "", "桂政办〔2017〕1号")


def test_a_new_installation_holds_every_shipped_day(uow: UnitOfWork, cn: WorkingCalendar) -> None:
    seeded = offices.working_calendar(uow.session, "CN")
    assert (seeded.rows, seeded.first, seeded.last) == (cn.rows, cn.first, cn.last)
    assert seeded.official_through == date(2026, 12, 28)
    assert seeded.hours == cn.hours
    assert len(uow.session.scalars(select(CalendarNotice)).all()) == 17


def test_seeding_twice_publishes_nothing_twice(uow: UnitOfWork) -> None:
    before = len(offices.versions(uow.session, "CN"))
    offices.seed(uow)
    assert len(offices.versions(uow.session, "CN")) == before


def test_provisional_years_are_kept_three_years_ahead_of_any_date(sessions: Sessions) -> None:
    for year in (2027, 2031):
        with unit_of_work(sessions, SYSTEM, datetime(year, 1, 1, tzinfo=UTC)) as uow:
            offices.keep_provisional_years(uow)
            calendar = offices.working_calendar(uow.session, "CN")
            assert calendar.last == date(year + 3, 12, 31)
            assert not calendar.is_working_day(date(year + 3, 10, 1))
            assert calendar.official_through == date(2026, 12, 28)
            assert offices.keep_provisional_years(uow) is None


def test_an_installation_may_begin_on_any_date(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, datetime(2034, 5, 1, tzinfo=UTC)) as uow:
        offices.seed(uow)
        calendar = offices.working_calendar(uow.session, "CN")
        found = deadline(calendar, uow.now, Limit.parse("15 工作日"))
        assert found.provisional


def test_a_notice_makes_its_year_official(uow: UnitOfWork) -> None:
    before = offices.working_calendar(uow.session, "CN")
    offices.adopt(uow, [(notice_2027(), NOTICE_2027)])
    after = offices.working_calendar(uow.session, "CN")
    assert after.official_through == date(2027, 12, 28)
    assert after.is_working_day(date(2027, 2, 20))
    assert not before.is_working_day(date(2027, 2, 20))
    assert after.rows[date(2027, 2, 5)].document == "试发明电〔2026〕1号"
    assert after.rows[date(2028, 10, 1)].document == ""  # still provisional
    start, limit = datetime(2026, 12, 28, 1, tzinfo=UTC), Limit.parse("30 工作日")
    assert deadline(before, start, limit).provisional
    assert not deadline(after, start, limit).provisional


def test_a_notice_is_adopted_once(uow: UnitOfWork) -> None:
    offices.adopt(uow, [(notice_2027(), NOTICE_2027)])
    with pytest.raises(Conflict):
        offices.adopt(uow, [(notice_2027(), NOTICE_2027)])


def test_a_notice_about_single_days_does_not_make_a_year_official(uow: UnitOfWork) -> None:
    single = read_notice(
        "纪念日：9月3日放假，共1天。", "试发明电〔2026〕2号", date(2026, 11, 25), 2027
    )
    offices.adopt(uow, [(single, "")])
    calendar = offices.working_calendar(uow.session, "CN")
    assert calendar.official_through == date(2026, 12, 28)
    assert not calendar.is_working_day(date(2027, 9, 3))
    assert not calendar.is_working_day(date(2027, 10, 1))


def test_a_skipped_year_stays_provisional(uow: UnitOfWork) -> None:
    """The notice for 2028 without that for 2027 cannot make anything official."""
    wording = "元旦：1月1日放假。\n国庆节：10月1日至5日放假，共5天。"
    later = read_notice(wording, "试发明电〔2027〕1号", date(2027, 11, 25), 2028)
    offices.adopt(uow, [(later, wording)])
    calendar = offices.working_calendar(uow.session, "CN")
    assert calendar.official_through == date(2026, 12, 28)
    assert calendar.rows[date(2028, 10, 5)].document == "试发明电〔2027〕1号"


def test_each_layer_overrides_the_one_above_in_both_directions(uow: UnitOfWork) -> None:
    offices.open_calendar(uow, "GX", "广西", CalendarLevel.PROVINCE)
    offices.open_calendar(uow, "NN", "南宁", CalendarLevel.CITY, "GX")
    offices.open_calendar(uow, "NN-HALL", "南宁政务大厅", CalendarLevel.UNIT, "NN")
    province = offices.newest_layer(uow.session, "GX")
    rows = (row("2017-03-30", DayKind.HOLIDAY), row("2017-04-01", DayKind.RESTDAY))
    offices.publish(uow, replace(province, rows=rows), "三月三")
    city = offices.newest_layer(uow.session, "NN")
    offices.publish(uow, replace(city, rows=(row("2017-03-30", DayKind.WORKDAY),)), "照常")
    hall = offices.newest_layer(uow.session, "NN-HALL")
    morning = HoursProfile("HALL", "大厅", parse_segments("09:00-12:00"))
    offices.publish(uow, replace(hall, workweek="1111110", hours=morning), "周六开放")

    def works(code: str, day: str) -> bool:
        found = offices.working_calendar(uow.session, code)
        return found.is_working_day(date.fromisoformat(day))

    assert [works(code, "2017-03-30") for code in ("CN", "GX", "NN")] == [True, False, True]
    assert [works(code, "2017-04-01") for code in ("CN", "GX", "NN")] == [True, False, False]
    assert [works(code, "2017-04-15") for code in ("NN", "NN-HALL")] == [False, True]
    assert not works("NN-HALL", "2017-04-01")  # a document stands above the working week
    assert offices.working_calendar(uow.session, "NN-HALL").hours == morning
    assert offices.working_calendar(uow.session, "NN").hours.code == "H7"


def test_a_day_may_have_hours_of_its_own(uow: UnitOfWork) -> None:
    offices.open_calendar(uow, "HALF", "半日", CalendarLevel.CITY)
    half = replace(
        row("2026-03-06", DayKind.WORKDAY, "下午放假"), hours=parse_segments("08:30-12:00")
    )
    layer = replace(offices.newest_layer(uow.session, "HALF"), rows=(half,))
    offices.publish(uow, layer, "半日")
    calendar = offices.working_calendar(uow.session, "HALF")
    start = datetime(2026, 3, 6, 3, 0, tzinfo=UTC)  # 11:00
    due = deadline(calendar, start, Limit.parse("2 工作小时")).due_at
    assert due == datetime(2026, 3, 9, 1, 30, tzinfo=UTC)


def test_an_old_deadline_is_computed_again_with_its_own_version(uow: UnitOfWork) -> None:
    offices.open_calendar(uow, "JS", "江苏", CalendarLevel.PROVINCE)
    first = offices.working_calendar(uow.session, "JS")
    start, limit = datetime(2026, 12, 28, 1, tzinfo=UTC), Limit.parse("30 工作日")
    given = deadline(first, start, limit)
    offices.adopt(uow, [(notice_2027(), NOTICE_2027)])
    assert offices.working_calendar(uow.session, "JS").version != given.version
    replayed = offices.working_calendar(uow.session, given.calendar, given.version)
    assert deadline(replayed, start, limit) == given


def test_a_published_version_cannot_be_changed(sessions: Sessions) -> None:
    for table, column, value in (
        (CalendarVersion, "reason", "改"),
        (CalendarDay, "kind", "workday"),
        (CalendarNotice, "text", "改"),
    ):
        with sessions() as session:
            published = session.scalars(select(table)).first()
            setattr(published, column, value)
            with pytest.raises(TypeError, match="publish a new version"):
                session.flush()
            session.rollback()
            session.delete(published)
            with pytest.raises(TypeError, match="publish a new version"):
                session.flush()


def test_a_version_tampered_with_in_the_database_is_noticed(sessions: Sessions) -> None:
    with sessions() as session:
        offices.open_calendar(UnitOfWork(session, SYSTEM, NOW), "T", "篡改", CalendarLevel.CITY)
        layer = offices.newest_layer(session, "T")
        uow = UnitOfWork(session, SYSTEM, NOW)
        offices.publish(uow, replace(layer, rows=(row("2026-03-02", DayKind.HOLIDAY),)), "休")
        session.commit()
        session.execute(text("UPDATE calendar_day SET kind = 'workday' WHERE day = '2026-03-02'"))
        session.expire_all()
        with pytest.raises(RuntimeError, match="changed after its publication"):
            offices.working_calendar(session, "T")


def test_equal_content_is_not_published_again(uow: UnitOfWork) -> None:
    newest = offices.versions(uow.session, "CN")[0]
    again = offices.publish(uow, offices.newest_layer(uow.session, "CN"), "重复")
    assert again.id == newest.id


def test_a_day_without_a_document_is_not_published(uow: UnitOfWork) -> None:
    offices.open_calendar(uow, "JS", "江苏", CalendarLevel.PROVINCE)
    layer = offices.newest_layer(uow.session, "JS")
    nameless = DayRow(date(2026, 12, 14), DayKind.HOLIDAY, "无据")
    with pytest.raises(Invalid, match="2026-12-14"):
        offices.publish(uow, replace(layer, rows=(nameless,)), "无据")


def test_memory_holds_a_limited_number_of_calendars(
    uow: UnitOfWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offices, "_built", {})
    monkeypatch.setattr(offices, "_KEPT", 2)
    for code in ("A", "B", "C"):
        offices.open_calendar(uow, code, code, CalendarLevel.UNIT)
        offices.working_calendar(uow.session, code)
    held = [calendar.code for calendar in offices._built.values()]
    assert held == ["B", "C"]


def test_versions_can_be_compared(uow: UnitOfWork) -> None:
    before = offices.newest_layer(uow.session, "CN")
    offices.adopt(uow, [(notice_2027(), NOTICE_2027)])
    after = offices.newest_layer(uow.session, "CN")
    assert offices.layer_version(uow.session, "CN", int(before.number)).rows == before.rows
    changes = differences(before.rows, after.rows)
    assert {change.date.year for change in changes} == {2027}
    moved = {change.date for change in changes if change.moves_work}
    assert date(2027, 2, 20) in moved  # a Saturday now worked
    assert date(2027, 1, 1) not in moved  # off before and after


def test_a_rolled_back_version_leaves_no_trace_in_memory(sessions: Sessions) -> None:
    """The same number with other content later must not meet the cached one."""
    with sessions() as session:
        offices.adopt(UnitOfWork(session, SYSTEM, NOW), [(notice_2027(), NOTICE_2027)])
        assert offices.working_calendar(session, "CN").official_through == date(2027, 12, 28)
        session.rollback()
    with unit_of_work(sessions, SYSTEM, datetime(2027, 1, 2, tzinfo=UTC)) as uow:
        offices.keep_provisional_years(uow)
        assert offices.working_calendar(uow.session, "CN").official_through == date(2026, 12, 28)


def test_unknown_calendars_are_refused_in_words(uow: UnitOfWork) -> None:
    with pytest.raises(NotFound, match="XX"):
        offices.working_calendar(uow.session, "XX")
    with pytest.raises(NotFound, match="CN:99"):
        offices.working_calendar(uow.session, "CN", "CN:99")
    with pytest.raises(NotFound):
        offices.open_calendar(uow, "A", "甲", CalendarLevel.CITY, "XX")
    with pytest.raises(Conflict):
        offices.open_calendar(uow, "CN", "全国", CalendarLevel.NATION)


def test_administrators_are_warned_before_the_calendar_ends(uow: UnitOfWork) -> None:
    def severity(today: str, until: str | None = None) -> str | None:
        end = date.fromisoformat(until) if until else None
        alarm = offices.calendar_alarm(uow.session, date.fromisoformat(today), end)
        return alarm.severity if alarm else None

    assert severity("2026-10-24") is None
    assert severity("2026-10-25") == "notice"
    assert severity("2026-10-25", "2026-12-28") == "notice"
    assert severity("2026-10-25", "2026-12-29") == "alarm"
    assert severity("2026-03-01", "2027-01-05") == "alarm"
    assert severity("2026-12-29") == "alarm"
    offices.adopt(uow, [(notice_2027(), NOTICE_2027)])
    assert severity("2026-12-29", "2027-01-05") is None


def test_days_the_office_set_itself_outlive_the_profile_published_at_every_start(
    uow: UnitOfWork,
) -> None:
    profile = replace(Layer(offices.LOCAL, 0, ()), rows=(row("2027-03-30", DayKind.HOLIDAY),))
    offices.keep_local(uow, profile, "某市")
    offices.keep_local(uow, profile, "某市")
    assert [version.number for version in offices.versions(uow.session, offices.LOCAL)] == [2, 1]

    layer = offices.newest_layer(uow.session, offices.LOCAL)
    typhoon = DayRow(date(2027, 8, 4), DayKind.HOLIDAY, "台风停工", "", "市防指〔2027〕2号")
    offices.publish(uow, replace(layer, rows=(*layer.rows, typhoon)), typhoon.document)
    offices.keep_local(uow, profile, "某市")
    assert offices.newest_layer(uow.session, offices.LOCAL).number == 3

    offices.keep_local(uow, Layer(offices.LOCAL, 0, ()), "默认")
    assert offices.newest_layer(uow.session, offices.LOCAL).rows == (typhoon,)


def test_publications_name_every_layer_in_the_order_of_their_instants(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        offices.open_calendar(uow, "GX", "广西", CalendarLevel.PROVINCE)
        begun = offices.working_calendar(uow.session, "GX").version
        assert offices.publications_since(uow.session, "GX", begun) == []
    for hour, (code, day) in enumerate((("GX", "2027-03-30"), ("CN", "2027-03-31")), start=1):
        with unit_of_work(sessions, SYSTEM, NOW + timedelta(hours=hour)) as uow:
            layer = offices.newest_layer(uow.session, code)
            rows = overlaid([layer.rows, [row(day, DayKind.HOLIDAY)]])
            offices.publish(uow, replace(layer, rows=rows), "三月三")
    with unit_of_work(sessions, SYSTEM, NOW) as uow:
        found = offices.publications_since(uow.session, "GX", begun)
        nation = int(begun.split("+")[0].removeprefix("CN:"))
        assert found == [
            offices.Publication(NOW + timedelta(hours=1), f"CN:{nation}+GX:2"),
            offices.Publication(NOW + timedelta(hours=2), f"CN:{nation + 1}+GX:2"),
        ]
        assert offices.newest_versions(uow.session)["GX"] == found[-1].version
        assert offices.publications_since(uow.session, "CN", f"CN:{nation}") == [
            offices.Publication(NOW + timedelta(hours=2), f"CN:{nation + 1}")
        ]

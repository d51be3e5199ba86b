"""The calendar pages: what is in force, notices, local days, and the recount."""

from datetime import date, timedelta

import pytest
from lxml import html
from sqlalchemy import select

from app.core import clock
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.engine import ClockRow
from app.identity.directory import unit_by_code
from app.jobs.recounting import work
from app.worktime import offices
from tests.web.conftest import Desks

NOTICE = """关于2027年部分节假日安排的通知
试发明电〔2026〕1号
一、元旦：2027年1月1日至3日放假，共3天。
二、春节：2月5日至11日放假调休，共7天。2月20日（周六）上班。
三、清明节：4月3日至5日放假，共3天。
四、劳动节：5月1日至5日放假调休，共5天。5月8日（周六）上班。
五、端午节：6月9日放假，共1天。
六、中秋节：9月15日放假，共1天。
七、国庆节：10月1日至7日放假调休，共7天。10月9日（周六）上班。
2026年11月25日"""
GIVEN = {"text": NOTICE, "number": "试发明电〔2026〕1号", "issued": "2026-11-25", "year": "2027"}


@pytest.fixture
def sessions(worked: Desks) -> Sessions:
    from app.web.access import SESSIONS

    found: Sessions = worked.app.extensions[SESSIONS]
    return found


def newest(sessions: Sessions, code: str) -> int:
    with reading(sessions) as session:
        return int(offices.newest_layer(session, code).number)


def working_day_ahead(sessions: Sessions) -> date:
    """A working day within every limit that runs since today."""
    with reading(sessions) as session:
        calendar = offices.working_calendar(session, "CN")
    day = clock.now().astimezone(CHINA).date() + timedelta(days=1)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return day


def in_words(answer: str) -> str:
    return " ".join(html.fromstring(answer).text_content().split())


def test_the_list_says_what_is_in_force_and_what_is_missing(worked: Desks) -> None:
    page = worked.of("admin").page("/calendars")
    words = " ".join(page.text_content().split())
    assert "全国 CN" in words
    assert "2026-12-28" in words
    assert "在办时限都按现行日历计算" in words
    assert page.xpath("//a[@href='/calendar/notice']")
    assert page.xpath("//nav//a[@href='/calendars' and @aria-current='page']")


def test_a_notice_is_shown_with_what_it_changes_and_published_after_agreeing(
    worked: Desks, sessions: Sessions
) -> None:
    admin = worked.of("admin")
    before = newest(sessions, "CN")
    shown = admin.post("/calendar/notice", GIVEN)
    assert shown.status_code == 200
    assert "2027-02-20" in shown.text
    assert "调休上班" in shown.text
    assert newest(sessions, "CN") == before
    form = html.fromstring(shown.text).xpath("//form[.//button[@name='agreed']]")[0]
    back = admin.post("/calendar/notice", {**dict(form.form_values()), "agreed": "no"})
    [typed] = html.fromstring(back.text).xpath("//textarea[@name='text']")
    assert typed.text_content().strip() == GIVEN["text"].strip()
    assert newest(sessions, "CN") == before
    agreed = admin.post("/calendar/notice", {**dict(form.form_values()), "agreed": "yes"})
    assert (agreed.status_code, agreed.location) == (302, "/calendar/recount")
    assert newest(sessions, "CN") == before + 1
    with reading(sessions) as session:
        assert offices.is_adopted(session, GIVEN["number"])
        [version, *_] = offices.versions(session, "CN")
        assert version.published_by == "何平"
    again = admin.post("/calendar/notice", GIVEN)
    assert "这件通知已经导入过" in again.text


def test_a_notice_that_contradicts_itself_is_refused_and_the_text_kept(worked: Desks) -> None:
    wrong = NOTICE.replace("2月20日（周六）", "2月20日（周日）")
    answer = worked.of("admin").post("/calendar/notice", {**GIVEN, "text": wrong})
    assert answer.status_code == 422
    assert "2027-02-20 是星期六" in answer.text
    assert "2月20日（周日）" in html.fromstring(answer.text).xpath("string(//textarea)")


def test_who_publishes_what_was_changed_meanwhile_is_asked_to_look_again(
    worked: Desks, sessions: Sessions
) -> None:
    answer = worked.of("admin").post("/calendar/notice", {**GIVEN, "agreed": "yes", "seen": "1"})
    assert answer.status_code == 422
    assert "请刷新后再改" in answer.text


def local_day(worked: Desks, sessions: Sessions) -> str:
    """A local calendar for the unit of the open case, closed on a day ahead."""
    admin = worked.of("admin")
    made = admin.post(
        "/calendars", {"code": "CG", "name": "城管局", "level": "unit", "parent": "CN"}
    )
    assert made.location == "/calendars/CG"
    day = working_day_ahead(sessions)
    given = {"day": str(day), "kind": "holiday", "document": "市政办〔2026〕9号", "name": "停水"}
    answer = admin.post("/calendars/CG/days", {**given, "seen": "1"})
    assert answer.location == f"/calendars/CG?year={day.year}"
    return str(day)


def test_a_local_day_is_set_with_its_document_and_removed_again(
    worked: Desks, sessions: Sessions
) -> None:
    day = local_day(worked, sessions)
    admin = worked.of("admin")
    page = admin.page(f"/calendars/CG?year={day[:4]}")
    row = page.xpath(f"//tr[td[1]='{day}']")[0].text_content()
    assert "放假" in row
    assert "市政办〔2026〕9号" in row
    stale = admin.post("/calendars/CG/days/remove", {"day": day, "seen": "1"})
    assert stale.status_code == 409
    gone = admin.post("/calendars/CG/days/remove", {"day": day, "seen": "2"})
    assert gone.status_code == 302
    assert not admin.page(f"/calendars/CG?year={day[:4]}").xpath(f"//tr[td[1]='{day}']")
    assert newest(sessions, "CG") == 3


def test_a_day_without_a_document_or_with_strange_hours_is_refused_in_words(
    worked: Desks, sessions: Sessions
) -> None:
    admin = worked.of("admin")
    admin.post("/calendars", {"code": "CG", "name": "城管局", "level": "unit", "parent": "CN"})
    given = {"day": "2027-03-30", "kind": "holiday", "name": "三月三", "seen": "1"}
    answer = admin.post("/calendars/CG/days", given)
    assert answer.status_code == 422
    assert "请填写发文字号" in answer.text
    strange = admin.post("/calendars/CG/days", {**given, "document": "甲〔1〕", "hours": "上午"})
    assert strange.status_code == 422
    assert "无法识别时段“上午”" in strange.text
    nation = admin.post("/calendars/CN/days", {**given, "document": "甲〔1〕"})
    assert nation.status_code == 422
    assert "全国日历只能随" in nation.text
    taken = admin.post(
        "/calendars", {"code": "CN", "name": "另一个", "level": "city", "parent": "CN"}
    )
    assert taken.status_code == 422
    assert "已被使用" in taken.text


def test_the_recount_is_shown_agreed_to_and_done_by_the_ticker(
    worked: Desks, sessions: Sessions
) -> None:
    local_day(worked, sessions)
    admin = worked.of("admin")
    assert (
        admin.post("/calendars/CG/units", {"unit": worked.unit("urban_management")}).status_code
        == 302
    )
    with reading(sessions) as session:
        unit = unit_by_code(session, "urban_management")
        assert unit is not None
        assert unit.calendar_code == "CG"
    case = worked.handled(title="新单")  # counts by the unit's own calendar from now on
    day = working_day_ahead(sessions)
    while True:  # the next working day of the unit that is not closed yet
        day += timedelta(days=1)
        with reading(sessions) as session:
            if offices.working_calendar(session, "CG").is_working_day(day):
                break
    seen = str(newest(sessions, "CG"))
    given = {"day": str(day), "kind": "holiday", "document": "市政办〔2026〕10号", "seen": seen}
    assert admin.post("/calendars/CG/days", given).status_code == 302
    assert "仍按旧版日历计算" in admin.get("/calendars").text

    shown = admin.page("/calendar/recount")
    rows = shown.xpath(f"//tr[td/a[@href='{case}']]")
    assert [row.xpath("string(td[6])") for row in rows] == ["+1"]
    assert "延后" in rows[0].text_content()
    assert admin.page("/calendar/recount?effect=earlier").xpath("//p[@class='empty']")
    watcher = worked.of("designer").page("/calendar/recount")
    assert not watcher.xpath("//form[@action='/calendar/recount']")
    assert worked.of("designer").post("/calendar/recount").status_code == 403

    assert admin.post("/calendar/recount").location == "/calendar/recount"
    running = admin.page("/calendar/recount")
    assert running.xpath("//*[@hx-get='/calendar/recount/progress']")
    assert not running.xpath("//form[@action='/calendar/recount']")
    assert "已核对 0 / 1 件" in admin.get("/calendar/recount/progress").text
    assert work(sessions, clock.now) == 1
    done = admin.get("/calendar/recount/progress")
    assert (done.status_code, done.headers["HX-Refresh"]) == (204, "true")
    assert "核对 1 件，改动 1 件" in in_words(admin.get("/calendar/recount").text)
    story = worked.of("handler").get(f"{case}?tab=progress").text
    assert "办理时限按新工作日历重算" in story
    with reading(sessions) as session:
        stamps = {
            row.calendar_version
            for row in session.scalars(select(ClockRow))
            if row.name == "handling" and row.calendar_code == "CG"
        }
    assert len(stamps) == 1

"""A demand becomes a closed order, as the pages let people do it."""

import re

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import select

from app.core import clock
from app.core.uow import SYSTEM, unit_of_work
from app.engine import ProcessRow, RepairItemRow
from app.office import Office
from tests.web.conftest import DEMAND, REPLY, Browser, Desks


def test_a_demand_is_registered_ordered_handled_reviewed_called_back_and_closed(
    desks: Desks,
) -> None:
    case = desks.handled()
    desks.do("handler", case, REPLY)
    desks.do("approver", case, {"approval": "approved"})
    desks.do("reviewer", case, {"review": "passed"})
    rating = {"efficiency": "satisfied", "attitude": "satisfied", "result": "satisfied"}
    desks.do("callback", case, {"reached": "yes", "solved": "yes", **rating})
    answer = desks.do("reviewer", case, {"closing_reason": "resolved"})
    assert answer.status_code == 302
    page = desks.of("reviewer").page(case)
    assert "已办结" in page.xpath("//div[@class='head']")[0].text_content()
    assert not page.xpath("//form[starts-with(@action, '/tasks/')]")


def test_a_demand_answered_at_once_becomes_no_order(desks: Desks) -> None:
    case = desks.register(nature="consultation")
    desks.do("agent", case, {"outcome": "answered", "answer": "请拨打供电热线。"})
    page = desks.of("agent").page(case)
    assert "在线答复" in page.xpath("//div[@class='head']")[0].text_content()
    assert "请拨打供电热线。" in page.text_content()


def test_before_a_refusal_the_agent_reads_why_and_which_channel_is_lawful(desks: Desks) -> None:
    case = desks.register(non_acceptance_ground="N3")
    page = desks.of("agent").page(case)
    assert "已受理" not in page.xpath("//div[@class='head']")[0].text_content()
    assert "受理审查表" in page.xpath("//div[@class='side']")[0].text_content()
    channel = page.xpath("//input[@name='lawful_channel']/@value")[0]
    assert "人民法院" in channel
    desks.do("agent", case, {"lawful_channel": channel, "explanation": "请依法起诉。"})
    page = desks.of("agent").page(case)
    assert "不予受理" in page.xpath("//div[@class='head']")[0].text_content()


def test_missing_elements_are_named_at_their_fields_and_the_rest_is_kept(desks: Desks) -> None:
    answer = desks.of("agent").post("/demands/new", {**DEMAND, "address": "", "requester_name": ""})
    assert answer.status_code == 422
    page = html.fromstring(answer.text)
    wrong = {link[1:] for link in page.xpath("//*[@role='alert']//a/@href")}
    assert wrong == {"address"} or wrong == {"address", "requester_name"}
    assert page.xpath("//input[@name='title']/@value") == [DEMAND["title"]]
    assert page.xpath("//textarea[@name='content']")[0].text.split() == DEMAND["content"].split()
    assert page.xpath("//select[@name='category']//option[@selected]/@value") == ["street_lamps"]


def test_an_anonymous_requester_needs_neither_name_nor_number(desks: Desks) -> None:
    case = desks.register(requester_name="", requester_phone="", anonymous="true")
    assert "匿名" in desks.of("agent").page(case).text_content()


def test_similar_demands_are_shown_while_typing_and_beside_the_decision(desks: Desks) -> None:
    desks.ordered()
    typed = {name: DEMAND[name] for name in ("requester_phone", "category", "district", "address")}
    hint = desks.of("agent").post("/demands/similar", typed).text
    assert DEMAND["title"] in hint
    assert "同一电话" in hint
    assert "13812345678" not in hint
    second = desks.register(title="又是路灯")
    assert "同一地点和类别" in desks.of("agent").page(second).text_content()


def test_the_dispatcher_sees_the_proposal_its_reason_and_the_deadline(desks: Desks) -> None:
    case = desks.ordered()
    browser = desks.of("dispatcher")
    page = browser.page(case)
    assert "派单目录" in page.xpath("//div[@class='side']")[0].text_content()
    assert "预计办理期限" in page.xpath("//*[@id='foreseen']")[0].text_content()
    select = page.xpath("//select[@name='lead_unit']")[0]
    assert select.xpath(".//option[@selected]/@value") == [desks.unit("urban_management")]
    other = browser.get(f"{select.get('hx-get')}?lead_unit={desks.unit('water_group')}").text
    assert "预计办理期限" in other
    assert "<html" not in other


def test_a_liaison_signs_for_several_orders_at_once(desks: Desks) -> None:
    cases = [desks.ordered(title=f"路灯{number}") for number in range(2)]
    for case in cases:
        desks.do("dispatcher", case, {"lead_unit": desks.unit("urban_management")})
    browser = desks.of("liaison")
    tasks = browser.page("/worklist").xpath("//input[@name='task']/@value")
    assert len(tasks) == 2
    answer = browser.post("/worklist/sign-for", {"task": tasks})
    assert answer.status_code == 302
    page = browser.page("/worklist")
    assert "已签收 2 件" in page.text_content()
    assert not page.xpath("//input[@name='task']")


def test_signing_for_nothing_says_what_to_do(desks: Desks) -> None:
    browser = desks.of("liaison")
    browser.post("/worklist/sign-for")
    assert "请先勾选" in browser.page("/worklist").text_content()


def test_the_second_of_two_people_reads_who_was_first_and_keeps_the_text(desks: Desks) -> None:
    case = desks.handled()
    late = desks.of("handler2")
    action = late.page(case).xpath("//form[starts-with(@action, '/tasks/')]/@action")[0]
    desks.do("handler", case, REPLY)
    answer = late.post(action, {**REPLY, "reply_text": "我写了很久的答复。"})
    assert answer.status_code == 409
    page = html.fromstring(answer.text)
    alert = page.xpath("//*[@role='alert']")[0].text_content()
    assert "王敏" in alert
    assert "已有人先处理" in alert
    assert "我写了很久的答复。" in page.xpath("//textarea[@name='reply_text']")[0].text
    assert not page.xpath("//form[starts-with(@action, '/tasks/')]//button")


def test_a_rejected_reply_comes_back_with_the_opinion_in_the_story(desks: Desks) -> None:
    case = desks.handled()
    desks.do("handler", case, REPLY)
    refused = desks.do("approver", case, {"approval": "rejected"})
    assert refused.status_code == 422
    desks.do("approver", case, {"approval": "rejected", "approval_opinion": "请补充照片。"})
    browser = desks.of("handler")
    assert browser.page(case).xpath("//form[starts-with(@action, '/tasks/')]")
    assert "请补充照片。" in browser.page(f"{case}?tab=progress").text_content()


def test_the_number_is_masked_until_somebody_looks_which_is_recorded(desks: Desks) -> None:
    case = desks.handled()
    browser = desks.of("handler")
    assert "13812345678" not in browser.page(case).text_content()
    assert "138****5678" in browser.page(case).text_content()
    shown = browser.post(f"{case}/unmask")
    assert "13812345678" in shown.text
    assert "张小生" in shown.text
    assert "13812345678" not in browser.page(case).text_content()
    assert "王敏" in browser.page(f"{case}?tab=progress").text_content()
    assert "完整联系方式" in browser.page(f"{case}?tab=progress").text_content()


def test_a_confidential_requester_stays_unknown_to_the_unit(desks: Desks) -> None:
    case = desks.handled(confidential="true")
    browser = desks.of("handler")
    page = browser.page(case).text_content()
    assert "张" not in page
    assert "查看完整联系方式" not in page
    assert browser.post(f"{case}/unmask").status_code == 403


def test_people_of_another_unit_do_not_see_the_case(desks: Desks) -> None:
    case = desks.handled()
    stranger = desks.of("stranger")
    assert stranger.get(case).status_code == 403
    assert stranger.get(f"{case}/diagram.bpmn").status_code == 403
    assert not stranger.page("/worklist").xpath("//tbody/tr")
    assert not stranger.page("/orders").xpath("//tbody/tr")


def test_a_step_of_somebody_else_cannot_be_done_by_its_address(desks: Desks) -> None:
    case = desks.handled()
    action = desks.of("handler").page(case).xpath("//form[starts-with(@action, '/tasks/')]/@action")
    for login in ("approver", "stranger", "reviewer", "agent"):
        assert desks.of(login).post(action[0], REPLY).status_code == 403, login


@pytest.mark.parametrize("tab", ["basic", "progress", "deadlines", "diagram"])
def test_a_tab_alone_is_what_the_whole_page_shows_in_its_panel(desks: Desks, tab: str) -> None:
    case = desks.handled()
    browser = desks.of("handler")
    panel = browser.get(f"{case}?tab={tab}", **{"HX-Request": "true"}).text
    assert "<html" not in panel
    whole = browser.page(f"{case}?tab={tab}").xpath("//*[@id='panel']")[0]
    assert (
        html.fromstring(f"<div>{panel}</div>").text_content().split()
        == whole.text_content().split()
    )
    assert whole.xpath(".//a[@aria-current='page']/@href")[0].endswith(tab)


def test_the_deadline_is_explained_in_sentences(desks: Desks) -> None:
    case = desks.handled()
    page = desks.of("handler").page(f"{case}?tab=deadlines")
    assert "办理时限" in page.text_content()
    assert len(page.xpath("//details[@open]//li")) >= 2


def test_the_diagram_marks_the_token_and_the_list_says_the_same(desks: Desks) -> None:
    case = desks.handled()
    page = desks.of("handler").page(f"{case}?tab=diagram")
    drawing = page.xpath("//*[@data-diagram]")
    if drawing:
        assert drawing[0].get("data-active") == "reply"
        assert "dispatch" in drawing[0].get("data-done").split()
    active = page.xpath("//li[@class='is-active']")
    assert ["办理答复" in one.text_content() for one in active] == [True]
    source = desks.of("handler").get(f"{case}/diagram.bpmn")
    assert source.mimetype == "application/xml"
    assert b'id="reply"' in source.data


def test_whoever_decides_reads_what_was_done_before(desks: Desks) -> None:
    case = desks.handled()
    desks.do("handler", case, {**REPLY, "reply_text": "已更换六盏灯具。"})
    for login, answers in (
        ("approver", {"approval": "approved", "approval_opinion": "情况属实。"}),
        ("reviewer", {"review": "passed"}),
    ):
        assert "已更换六盏灯具。" in desks.of(login).page(case).text_content(), login
        desks.do(login, case, answers)
    page = desks.of("callback").page(case)
    recent = page.xpath("//section[@class='recent']//li//strong/text()")
    assert recent == ["热线审核", "单位审核", "办理答复", "先行联系", "派单"]


def test_a_returned_reply_begins_with_the_opinion_and_the_text_to_be_mended(desks: Desks) -> None:
    case = desks.handled()
    first = desks.of("handler").page(case)
    assert not first.xpath("//textarea[@name='reply_text']")[0].text_content().strip()
    desks.do("handler", case, {**REPLY, "reply_text": "已更换灯具。"})
    desks.do("approver", case, {"approval": "approved"})
    desks.do("reviewer", case, {"review": "rejected", "review_opinion": "请写明数量。"})
    page = desks.of("handler").page(case)
    side = page.xpath("//div[@class='side']")[0].text_content()
    assert "已退回：热线审核" in side
    assert "请写明数量。" in side
    assert page.xpath("//textarea[@name='reply_text']")[0].text.strip() == "已更换灯具。"
    assert page.xpath("//input[@name='truth'][@checked]/@value") == [REPLY["truth"]]


def test_between_two_calls_the_page_says_until_when_it_waits(desks: Desks) -> None:
    case = desks.handled()
    desks.do("handler", case, REPLY)
    desks.do("approver", case, {"approval": "approved"})
    desks.do("reviewer", case, {"review": "passed"})
    desks.do("callback", case, {"reached": "no"})
    page = desks.of("callback").page(case)
    assert not page.xpath("//form[starts-with(@action, '/tasks/')]")
    waiting = page.xpath("//section[@aria-labelledby='waiting']")[0].text_content()
    assert re.search(r"间隔半日\s+至 20\d\d-\d\d-\d\d \d\d:\d\d", waiting)


@pytest.mark.parametrize("typed", ["11/20/2026", "昨天", "2026-02-30", "2026-11"])
def test_a_date_that_is_none_is_named_and_left_out(desks: Desks, typed: str) -> None:
    case = desks.handled()
    page = desks.of("handler").page(f"/worklist?arrived_from={typed}")
    assert "如 2026-01-31" in page.xpath("//p[@id='arrived_from-wrong']")[0].text_content()
    assert page.xpath("//input[@name='arrived_from']/@value") == [typed]
    assert page.xpath(f"//tbody//a[starts-with(@href, '{case}?task=')]")


def test_days_are_written_as_the_office_writes_them(desks: Desks) -> None:
    case = desks.handled()
    handler = desks.of("handler")
    early = handler.page("/worklist?arrived_from=2020/1/5")
    assert early.xpath(f"//tbody//a[starts-with(@href, '{case}?task=')]")
    later = handler.page("/worklist?arrived_from=2199.12.31")
    assert not later.xpath("//tbody//a")
    assert "没有符合条件的待办" in later.text_content()
    turned = handler.page("/worklist?arrived_from=2026-11-02&arrived_to=2026-11-01")
    assert "止日早于起日" in turned.xpath("//p[@id='arrived_to-wrong']")[0].text_content()


def test_a_designer_begins_with_the_published_processes(desks: Desks) -> None:
    designer = desks.of("designer")
    assert designer.get("/").location == "/processes"
    [address] = designer.page("/processes").xpath("//tbody//a[contains(@href, 'work_order')]/@href")
    page = designer.page(address)
    assert "userTask reply 办理答复" in page.xpath("//pre")[0].text_content()
    drawn = page.xpath("//div[@data-diagram]/@data-diagram")[0]
    assert 'name="办理答复"' in designer.get(drawn).text
    designer.post("/language", {"language": "en"})
    assert 'name="Handle and reply"' in designer.get(drawn).text
    assert designer.get("/processes/no_such").status_code == 404


def test_who_has_no_pages_yet_is_told_so(desks: Desks) -> None:
    page = desks.of("newcomer").page("/")
    assert "volunteer" in page.xpath("//main")[0].text_content()


def test_the_worklist_is_narrowed_by_word_light_and_day(desks: Desks) -> None:
    desks.ordered(title="甲路灯")
    desks.ordered(title="乙路灯", category="municipal_facilities")
    browser = desks.of("dispatcher")

    def titles(query: str) -> list[str]:
        rows = browser.page(f"/worklist?{query}").xpath("//tbody//*[@class='title']")
        return sorted(row.text_content().strip() for row in rows)

    assert titles("") == ["乙路灯", "甲路灯"]
    assert titles("text=甲") == ["甲路灯"]
    assert titles("category=municipal_facilities") == ["乙路灯"]
    assert titles("light=red") == []
    assert titles("arrived_from=2020-01-01") == ["乙路灯", "甲路灯"]
    assert titles("arrived_to=2020-01-01") == []
    assert titles("light=purple&arrived_from=yesterday&page=-3") == ["乙路灯", "甲路灯"]


def test_an_order_is_found_by_its_number_and_not_by_a_wildcard(desks: Desks) -> None:
    desks.ordered()
    browser = desks.of("dispatcher")
    number = browser.page("/orders").xpath("//tbody//a/text()")[0]
    assert browser.page(f"/orders?text={number}").xpath("//tbody//a/text()") == [number]
    assert not browser.page("/orders?text=%25%25").xpath("//tbody//a")


@pytest.mark.parametrize(("login", "path"), [("agent", "/demands"), ("reviewer", "/orders")])
def test_beyond_the_last_page_comes_the_last_page(desks: Desks, login: str, path: str) -> None:
    case = desks.ordered()
    page = desks.of(login).page(f"{path}?page=99")
    assert page.xpath(f"//tbody//a[@href='{case}']")
    assert not page.xpath("//a[@rel='prev']")


def test_a_page_of_a_case_that_is_not_there_is_not_found(desks: Desks) -> None:
    browser = desks.of("reviewer")
    assert browser.get("/cases/99999").status_code == 404
    assert browser.post("/tasks/99999").status_code == 404
    assert browser.get("/tasks/99999/foreseen").status_code == 404


def test_markup_in_a_demand_is_shown_as_text(desks: Desks, app: Flask) -> None:
    case = desks.register(title="<script>alert(1)</script>", content="<b>粗</b>")
    text = desks.of("agent").get(case).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_an_agent_finds_the_demands_of_the_shift(desks: Desks) -> None:
    desks.ordered()
    browser: Browser = desks.of("agent")
    assert DEMAND["title"] in browser.page("/demands").text_content()


def test_the_administrator_sees_people_with_their_roles(desks: Desks) -> None:
    text = desks.of("admin").page("/users").text_content()
    assert "王敏" in text
    assert "承办人" in text
    assert "市城市管理局" in text


def test_looking_at_the_number_leaves_the_form_beside_it_alone(desks: Desks) -> None:
    case = desks.handled()
    browser = desks.of("handler")
    headers = {"HX-Request": "true", "X-CSRF-Token": browser.token()}
    answer = browser.client.post(f"{case}/unmask", headers=headers)
    assert "13812345678" in answer.text
    assert "reply_text" not in answer.text


def test_reloading_the_address_of_a_step_leads_to_its_case(desks: Desks) -> None:
    case = desks.handled()
    browser = desks.of("handler")
    action = browser.page(case).xpath("//form[starts-with(@action, '/tasks/')]/@action")[0]
    task = action.rsplit("/", 1)[1]
    assert browser.get(action).location == f"{case}?task={task}"


def test_the_limit_names_the_row_of_the_table_that_set_it(desks: Desks) -> None:
    case = desks.handled()
    page = desks.of("handler").page(f"{case}?tab=deadlines").text_content()
    assert "时限表第 1 版第" in page


def test_a_process_in_the_repair_queue_is_listed_with_its_reason(
    desks: Desks, office: Office
) -> None:
    case = desks.handled()
    with unit_of_work(office.sessions, SYSTEM, clock.now()) as uow:
        process_id = uow.session.scalars(select(ProcessRow.id)).one()
        uow.session.add(
            RepairItemRow(
                process_id=process_id, what="fire handling/red", error="除数为零", opened_at=uow.now
            )
        )
    page = desks.of("admin").page("/repair")
    assert "除数为零" in page.text_content()
    assert page.xpath("//tbody//a/@href") == [case]


@pytest.mark.parametrize(
    "path",
    ["/cases/99999999999999999999", "/tasks/9223372036854775808", "/cases/-1", "/cases/x"],
)
def test_an_impossible_key_is_no_page(desks: Desks, path: str) -> None:
    assert desks.of("reviewer").get(path).status_code == 404


def test_nonsense_in_forms_and_filters_is_refused_and_never_breaks_anything(desks: Desks) -> None:
    case = desks.ordered()
    dispatcher = desks.of("dispatcher")
    action = dispatcher.page(case).xpath("//form[starts-with(@action, '/tasks/')]/@action")[0]
    for unit in ("", "0", "-1", "９", "x", "9" * 30, "\0"):
        assert dispatcher.post(action, {"lead_unit": unit}).status_code == 422, unit
        assert dispatcher.get(f"{action}/foreseen", query={"lead_unit": unit}).status_code == 200
    for name in ("text", "category", "light", "page", "arrived_from"):
        for value in ("\0", "9" * 40, "%", "'", "٣"):
            assert dispatcher.get("/worklist", query={name: value}).status_code == 200
    assert dispatcher.post("/worklist/sign-for", {"task": ["x", "9" * 30]}).status_code == 302
    agent = desks.of("agent")
    assert agent.post("/demands/new", {**DEMAND, "title": "灯\0坏"}).status_code == 302


def test_too_much_is_refused_with_a_sentence(desks: Desks) -> None:
    answer = desks.of("agent").client.post("/demands/new", data={"content": "长" * 1_000_000})
    assert answer.status_code == 413
    assert "请减少附件或缩短文字" in answer.text

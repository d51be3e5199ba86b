"""The pages of parts, of orders that rest, and of bulk extensions."""

from io import BytesIO
from typing import Any

from lxml import html

from app.core import clock
from app.core.db import Sessions
from app.core.uow import SYSTEM, unit_of_work
from app.identity.directory import add_user
from app.identity.models import HandlingUnit
from app.jobs import extending
from app.office import Office
from tests.web.conftest import PASSWORD, REPLY, Desks

ASKED = {
    "days": "3",
    "ground": "other",
    "reason": "暴雨红色预警。",
    "district": "qingshi",
}


def parsed(text: str) -> Any:
    return html.fromstring(text)


def act_address(desks: Desks, login: str, case: str, element: str) -> str:
    page = desks.of(login).page(case)
    address = page.xpath(f"//ul[@class='acts']//a[contains(@href, '/{element}-')]/@href")[0]
    return str(address)


def test_the_dispatcher_names_co_units_and_the_lead_reads_their_answers(desks: Desks) -> None:
    case = desks.ordered()
    page = desks.of("dispatcher").page(case)
    lead, co_unit = desks.unit("urban_management"), desks.unit("water_group")
    offered = page.xpath("//input[@type='checkbox'][@name='co_units']/@value")
    assert {str(lead), str(co_unit)} <= set(offered)
    kept = desks.of("dispatcher").post(
        page.xpath("//form[@data-keep]/@action")[0], {"lead_unit": "", "co_units": [co_unit]}
    )
    assert kept.status_code == 422
    ticked = html.fromstring(kept.text).xpath("//input[@name='co_units'][@checked]/@value")
    assert ticked == [str(co_unit)]
    desks.do("dispatcher", case, {"lead_unit": lead, "co_units": [co_unit]})
    desks.do("liaison", case, {})
    asked = desks.of("stranger").page(case).xpath("//section[@class='card']")[0].text_content()
    assert "答复交办单位" in asked
    desks.do("handler", case, {"contact_way": "phone", "contact_note": "已联系。"})
    assert (
        "办理中"
        in desks.of("handler").page(case).xpath("//div[@class='side']//table")[0].text_content()
    )
    desks.do("stranger", case, {"part_result": "done", "part_answer": "管线无渗漏。"})
    table = desks.of("handler").page(case).xpath("//div[@class='side']//table")[0].text_content()
    facts = desks.of("reviewer").page(case).xpath("//div[@id='panel']")[0].text_content()
    assert "市水务集团（协办）已答复" in " ".join(facts.split())
    assert "管线无渗漏。" in table
    assert "已答复" in table


def test_a_suspended_order_stands_in_the_register_of_its_unit(desks: Desks) -> None:
    case = desks.handled()
    liaison = desks.of("liaison")
    address = act_address(desks, "liaison", case, "suspension_asked")
    review = (clock.now().date().replace(day=1)).isoformat()
    answer = liaison.client.post(
        address,
        data={
            "csrf_token": liaison.token(),
            "suspension_ground": "season",
            "suspension_reason": "须待气温回升。",
            "review_on": review,
            "suspension_papers": (BytesIO("计划".encode()), "计划.txt"),
        },
    )
    assert answer.status_code == 422
    assert "须在今天之后" in answer.text
    kept = parsed(answer.text).xpath("//input[@name='suspension_papers'][@value]/@value")
    answer = liaison.post(
        address,
        {
            "suspension_ground": "season",
            "suspension_reason": "须待气温回升。",
            "suspension_condition": "气温回升",
            "suspension_papers": kept,
        },
    )
    assert answer.status_code == 302
    desks.do("duty", case, {"suspension_verdict": "approved"})
    register = desks.of("liaison").page("/suspended")
    assert "气温回升" in register.xpath("//table")[0].text_content()
    assert not desks.of("stranger").page("/suspended").xpath("//table")
    assert (
        "已挂账" in desks.of("liaison").page(case).xpath("//div[@class='head']")[0].text_content()
    )


def test_a_bulk_extension_is_previewed_asked_for_approved_and_done(
    desks: Desks, office: Office
) -> None:
    desks.handled()
    dispatcher = desks.of("dispatcher")
    shown = dispatcher.post("/extensions", ASKED)
    assert shown.status_code == 200
    page = parsed(shown.text)
    assert "将延期 1 件" in page.text_content()
    seen = page.xpath("//input[@name='seen']/@value")[0]
    desks.handled(requester_phone="13812340000", title="另一处路灯不亮")
    again = dispatcher.post("/extensions", {**ASKED, "seen": seen})
    assert "请核对新的名单" in again.text
    seen = parsed(again.text).xpath("//input[@name='seen']/@value")[0]
    made = dispatcher.post("/extensions", {**ASKED, "seen": seen})
    assert made.status_code == 302
    address = made.headers["Location"]
    assert not dispatcher.page(address).xpath("//input[@name='verdict']")
    assert "由申请人以外的值班长或分管领导审批" in dispatcher.page(address).text_content()
    assert dispatcher.post(address, {"verdict": "approved"}).status_code == 403
    duty = desks.of("duty")
    assert duty.post(address, {"verdict": "refused"}).status_code == 422
    assert duty.post(address, {"verdict": "approved"}).status_code == 302
    assert duty.page(address).xpath("//progress")
    assert extending.work(office.sessions, clock.now) == 2
    table = duty.page(address).xpath("//table")[0].text_content()
    assert table.count("已延期") == 2
    assert duty.post(address, {"verdict": "approved"}).status_code == 409


def test_a_bulk_extension_needs_a_condition(desks: Desks) -> None:
    answer = desks.of("dispatcher").post("/extensions", {**ASKED, "district": ""})
    assert answer.status_code == 422
    assert "至少选一个条件" in answer.text


def test_the_dispatcher_reads_which_unit_wants_to_be_relieved_of_its_part(
    desks: Desks, sessions: Sessions
) -> None:
    case = desks.ordered()
    lead, co_unit = desks.unit("urban_management"), desks.unit("water_group")
    desks.do("dispatcher", case, {"lead_unit": lead, "co_units": [co_unit]})
    waiting = desks.of("dispatcher").page(case).xpath("//section[@aria-labelledby='waiting']")[0]
    assert "答复交办单位 市水务集团 承办人" in " ".join(waiting.text_content().split())
    withdrawing = act_address(desks, "dispatcher", case, "part_withdrawn")
    assert "市水务集团" in desks.of("dispatcher").page(withdrawing).xpath("//h1")[0].text_content()
    with unit_of_work(sessions, SYSTEM, clock.now()) as uow:
        unit = uow.session.get_one(HandlingUnit, int(co_unit))
        add_user(uow, "water", "江流", PASSWORD, ["unit_liaison"], unit)
    asking = act_address(desks, "water", case, "part_return_asked")
    assert desks.of("water").post(asking, {"part_return_reason": "不属我处。"}).status_code == 302
    side = desks.of("dispatcher").page(case).xpath("//div[@class='side']")[0].text_content()
    assert "申请退回的单位：市水务集团" in " ".join(side.split())


def test_who_comes_too_late_with_an_act_finds_what_was_typed_on_the_page(desks: Desks) -> None:
    case = desks.handled()
    address = act_address(desks, "liaison", case, "return_after_signing")
    desks.do("handler", case, REPLY)
    desks.do("approver", case, {"approval": "approved"})
    desks.do("reviewer", case, {"review": "passed"})
    late = desks.of("liaison").post(
        address, {"reason_code": "R01", "return_statement": "写了很久的理由。"}
    )
    assert late.status_code == 409
    page = parsed(late.text)
    assert page.xpath("//textarea[@name='return_statement']")[0].text_content().strip() == (
        "写了很久的理由。"
    )
    assert "您填写的内容仍保留在页面上" in page.xpath("//main")[0].text_content()
    assert not page.xpath("//main//button")
    assert desks.of("liaison").get(address).location == case


def test_what_was_typed_is_kept_when_the_order_has_gone_to_another_unit(desks: Desks) -> None:
    case = desks.handled()
    step = desks.of("handler").page(case).xpath("//form[starts-with(@action, '/tasks/')]/@action")
    sending = act_address(desks, "liaison", case, "return_after_signing")
    asked = {"reason_code": "R05", "return_statement": "未写明是哪一栋楼。"}
    given_away = {"unit": desks.unit("water_group"), "reason": "误派。", "evidence": "值班记录"}
    duty = desks.of("duty")
    moved = duty.post(f"{case}/free-hand", {"move": "reassign", **given_away})
    assert moved.status_code == 302, moved.text
    late = desks.of("handler").post(step[0], {**REPLY, "reply_text": "写了很久的答复。"})
    assert late.status_code == 409
    [typed] = parsed(late.text).xpath("//textarea[@name='reply_text']")
    assert typed.text_content().strip() == "写了很久的答复。"
    assert "柳荫路" not in late.text
    refused = desks.of("liaison").post(sending, asked)
    assert refused.status_code == 403
    assert "不由贵单位" in refused.text
    [typed] = parsed(refused.text).xpath("//textarea[@name='return_statement']")
    assert typed.text_content().strip() == "未写明是哪一栋楼。"

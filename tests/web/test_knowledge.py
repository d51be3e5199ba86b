"""The pages of the knowledge base, and the answer that is taken from it."""

from datetime import timedelta
from typing import Any

from lxml import html

from app.core import clock
from tests.web.conftest import DEMAND, Browser, Desks


def item(**changes: str) -> dict[str, str]:
    tomorrow = clock.now().astimezone(clock.CHINA).date() + timedelta(days=200)
    return {
        "title": "路灯不亮找谁修",
        "content": "由市城市管理局负责，一般三日内修复。",
        "source": "市政设施管理办法第十二条",
        "category": "street_lamps",
        "keywords": "灯坏 黑灯",
        "expires_on": tomorrow.isoformat(),
        **changes,
    }


def published(editor: Browser, **changes: str) -> str:
    answer = editor.post("/knowledge/new", item(**changes))
    assert answer.status_code == 302, answer.text
    editor.post(f"{answer.location}/publish")
    return answer.location


def test_an_agent_answers_with_an_item_of_the_base(desks: Desks) -> None:
    editor, agent = desks.of("editor"), desks.of("agent")
    address = published(editor)
    case = desks.register(nature="consultation")
    page = agent.page(case)
    (use,) = page.xpath("//a[contains(@href, 'knowledge=')]/@href")
    begun = agent.page(use)
    assert begun.xpath("//input[@name='outcome'][@checked]/@value") == ["answered"]
    text = begun.xpath("//textarea[@name='answer']")[0].text
    number = begun.xpath("//input[@name='knowledge_number']/@value")[0]
    assert "三日内修复" in text
    given = {"outcome": "answered", "answer": text, "knowledge_number": number}
    assert desks.do("agent", use, given).status_code == 302
    assert "在线答复" in agent.get(case).text
    used = " ".join(editor.page(address).xpath("//dl")[0].text_content().split())
    assert "引用次数1" in used


def test_a_refused_item_keeps_its_text_and_says_what_is_missing(desks: Desks) -> None:
    editor = desks.of("editor")
    refused = editor.post("/knowledge/new", item(source="", expires_on="2020-01-01"))
    assert refused.status_code == 422
    assert "三日内修复" in refused.text
    assert "请填写依据" in refused.text
    refused = editor.post("/knowledge/new", item(expires_on="2020-01-01"))
    assert "有效期已过" in refused.text


def test_drafts_are_for_editors_only(desks: Desks) -> None:
    editor, agent = desks.of("editor"), desks.of("agent")
    editor.post("/knowledge/new", item(title="尚未发布的口径"))
    assert "尚未发布的口径" in editor.get("/knowledge").text
    assert "尚未发布的口径" not in agent.get("/knowledge").text
    assert agent.get("/knowledge/new").status_code == 403
    assert agent.get("/knowledge/gaps").status_code == 403


def test_a_closed_consultation_waits_for_an_editor_who_fills_the_gap(desks: Desks) -> None:
    case = desks.handled(nature="consultation", title="路灯归谁管")
    reply = {"truth": "true", "handling_result": "explained", "reply_text": "已说明。"}
    desks.do("handler", case, {**reply, "public_reply": "路灯由市城市管理局管理。"})
    desks.do("approver", case, {"approval": "approved"})
    desks.do("reviewer", case, {"review": "passed"})
    rated = dict.fromkeys(("efficiency", "attitude", "result"), "satisfied")
    desks.do("callback", case, {"reached": "yes", "solved": "yes", **rated})
    desks.do("reviewer", case, {"closing_reason": "explained"})
    editor = desks.of("editor")
    assert editor.get("/").location == "/knowledge/gaps"
    page = editor.page("/knowledge/gaps")
    assert "路灯归谁管" in page.text_content()
    (write,) = page.xpath("//a[contains(@href, '/knowledge/new?gap=')]/@href")
    form = editor.page(write)
    assert form.xpath("//textarea[@name='content']")[0].text.strip() == "路灯由市城市管理局管理。"
    gap = form.xpath("//input[@name='gap']/@value")[0]
    saved = editor.post("/knowledge/new", item(gap=gap))
    editor.post(f"{saved.location}/publish")
    assert "没有待补充的知识" in editor.get("/knowledge/gaps").text


def test_a_specialist_answers_in_a_call_of_three_and_the_page_says_so(desks: Desks) -> None:
    case = desks.register(nature="consultation", enterprise="true")
    page = desks.of("agent").get(case).text
    assert "企业诉求" in page
    desks.do("agent", case, {"outcome": "three_party"})
    expert = desks.of("expert")
    assert "三方通话答复" in expert.get("/worklist").text
    given = {"three_party_outcome": "answered", "three_party_reply": "可以申请补贴。"}
    assert desks.do("expert", case, given).status_code == 302
    facts = " ".join(html.fromstring(expert.get(case).text).xpath("//dl")[0].text_content().split())
    assert "答复方式政策专员三方通话答复" in facts
    assert "答复人段知" in facts


def test_the_ownership_authority_reads_and_has_nothing_to_fill_in(desks: Desks) -> None:
    case = desks.handled()
    authority = desks.of("authority")
    assert authority.get(case).status_code == 200
    assert not authority.page(case).xpath("//form[starts-with(@action, '/tasks/')]")
    assert authority.get("/orders").status_code == 200
    assert "没有待办" in authority.page("/worklist").text_content()


def offered(agent: Browser) -> str:
    """The number of the one item offered while a title about lamps is typed."""
    hint = html.fromstring(agent.post("/demands/similar", {"title": "路灯不亮"}).text)
    numbers: Any = hint.xpath("//button[@name='answer_with']/@value")
    (number,) = numbers
    return str(number)


def test_knowledge_is_offered_while_the_agent_types_and_answers_in_one_step(desks: Desks) -> None:
    editor, agent = desks.of("editor"), desks.of("agent")
    address = published(editor)
    form = agent.page("/demands/new")
    title = form.xpath("//input[@name='title']")[0]
    assert title.get("hx-target") == "#similar"
    assert "title" in title.get("hx-params").split(",")
    hint = html.fromstring(agent.post("/demands/similar", {"title": "小区路灯不亮了"}).text)
    buttons: Any = hint.xpath("//button[@name='answer_with']")
    (use,) = buttons
    assert use.get("form") == form.xpath("//form[@data-keep]/@id")[0]
    assert "三日内修复" in hint.text_content()
    typed = {**DEMAND, "title": "小区路灯不亮了", "nature": "consultation"}
    answer = agent.post("/demands/new", {**typed, "answer_with": use.get("value")})
    assert answer.status_code == 302, answer.text
    case = agent.page(answer.location)
    assert "在线答复" in case.text_content()
    assert "并以知识库内容答复" in case.text_content()
    used = " ".join(editor.page(address).xpath("//dl")[0].text_content().split())
    assert "引用次数1" in used


def test_a_wrong_registration_keeps_what_was_typed_and_the_offer(desks: Desks) -> None:
    published(desks.of("editor"))
    agent = desks.of("agent")
    use = offered(agent)
    typed = {**DEMAND, "title": "路灯不亮", "address": "", "answer_with": use}
    refused = agent.post("/demands/new", typed)
    assert refused.status_code == 422
    page = html.fromstring(refused.text)
    assert page.xpath("//input[@name='title']/@value") == ["路灯不亮"]
    assert page.xpath("//button[@name='answer_with']/@value") == [use]


def test_an_item_withdrawn_meanwhile_answers_nothing_and_nothing_is_registered(
    desks: Desks,
) -> None:
    editor, agent = desks.of("editor"), desks.of("agent")
    address = published(editor)
    use = offered(agent)
    editor.post(f"{address}/withdraw")
    refused = agent.post("/demands/new", {**DEMAND, "answer_with": use})
    assert refused.status_code == 422
    assert "已撤回" in refused.text
    assert DEMAND["title"] in refused.text
    assert DEMAND["title"] not in agent.get("/orders").text


def test_a_demand_that_is_not_accepted_is_not_answered_from_the_base(desks: Desks) -> None:
    published(desks.of("editor"))
    agent = desks.of("agent")
    use = offered(agent)
    typed = {**DEMAND, "non_acceptance_ground": "N3", "answer_with": use}
    answer = agent.post("/demands/new", typed)
    assert answer.status_code == 302
    page = agent.page(answer.location).text_content()
    assert "不予受理告知" in page
    assert "并以知识库内容答复" not in page

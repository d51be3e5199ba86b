"""The whole path in Chromium, under the strict policy, with pictures to look at."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import AXE, Desk, Desks, Site, open_desk

pytestmark = pytest.mark.browser

UNIT = "chengguan"
"""The demo people of the city's urban management bureau, which answers for street lamps."""


def register(desk: Desk, title: str) -> str:
    """Register a demand about a lamp; gives the path of its case."""
    page = desk.page
    desk.go("/demands/new")
    page.fill("[name=requester_name]", "梁晓雨")
    page.fill("[name=requester_phone]", "13812345678")
    desk.choose("nature", "complaint")
    desk.choose_below("category", "城乡建设与管理", "市政设施 / 路灯")
    page.select_option("[name=district]", index=2)
    page.fill("[name=address]", "青石区柳荫路8号")
    page.fill("[name=happened]", "三天前")
    page.fill("[name=title]", title)
    page.fill("[name=content]", "整条路的路灯都不亮，晚归不安全。")
    desk.submit()
    return page.url.removeprefix(desk.site.address).split("?")[0]


def test_a_demand_goes_from_the_call_to_the_closed_order(desks: Desks) -> None:
    agent = desks["agent1"]
    agent.go("/demands/new")
    agent.look("01-register")
    agent.submit()
    expect(agent.page.get_by_role("alert")).to_contain_text("需要修改")
    agent.look("02-register-refused")
    case = register(agent, "柳荫路路灯不亮")
    agent.look("03-answer-or-order")
    agent.choose("outcome", "order")
    agent.submit()
    agent.go("/demands")
    agent.look("04-my-demands")

    dispatcher = desks["dispatcher1"]
    dispatcher.go("/worklist")
    dispatcher.look("05-dispatcher-worklist")
    dispatcher.go(case)
    expect(dispatcher.page.locator(".side")).to_contain_text("派单目录")
    before = dispatcher.page.locator("#foreseen").inner_text()
    assert "预计办理期限" in before
    dispatcher.look("06-dispatch")
    with dispatcher.page.expect_response("**/foreseen?*") as answered:
        dispatcher.choose_below("lead_unit", "公用事业单位", "市水务集团有限公司")
    assert answered.value.ok
    dispatcher.choose_below("lead_unit", "市级部门", "市城市管理局")
    dispatcher.page.fill("[name=instructions]", "请尽快修复。")
    dispatcher.submit()

    liaison = desks[f"liaison.{UNIT}"]
    liaison.go("/worklist?text=柳荫路路灯不亮")
    liaison.page.check("tbody input[type=checkbox]")
    expect(liaison.page.locator("[data-selected-count]")).to_have_text("1")
    liaison.look("07-liaison-worklist")
    with liaison.page.expect_navigation():
        liaison.page.click("text=批量签收")
    expect(liaison.page.get_by_role("status")).to_contain_text("已签收 1 件")

    handler = desks[f"handler.{UNIT}"]
    handler.go("/worklist")
    handler.look("08-handler-worklist")
    handler.go(case)
    handler.choose("contact_way", "phone")
    handler.page.fill("[name=contact_note]", "已电话联系，约定今晚抢修。")
    handler.look("09-first-contact")
    handler.submit()
    handler.works_at(case)
    handler.choose("truth", "true")
    handler.choose("handling_result", "resolved")
    handler.page.fill("[name=reply_text]", "已更换六盏灯具，当晚恢复照明。")
    handler.page.fill("[name=public_reply]", "路灯已修复。")
    for tab in ("progress", "deadlines", "diagram", "basic"):
        handler.page.click(f".tabs a[href$='tab={tab}']")
        handler.page.wait_for_selector(f".tabs a[href$='tab={tab}'][aria-current=page]")
        if tab == "diagram":
            handler.page.wait_for_selector("[data-diagram][data-ready='1']")
            assert handler.page.locator(".djs-element.is-active").count() == 1
            expect(handler.page.locator(".bjs-powered-by")).to_be_visible()
        handler.look(f"10-reply-{tab}")
    assert handler.page.input_value("[name=reply_text]").startswith("已更换"), "tabs keep the text"
    handler.page.click("text=查看完整联系方式")
    expect(handler.page.locator("#panel")).to_contain_text("13812345678")
    handler.look("11-unmasked")
    handler.submit()

    approver = desks[f"approver.{UNIT}"]
    approver.go(case)
    approver.choose("approval", "approved")
    approver.look("12-approval")
    approver.submit()

    reviewer = desks["reviewer1"]
    reviewer.go(f"{case}?tab=progress")
    reviewer.choose("review", "passed")
    reviewer.look("13-review")
    reviewer.submit()

    callback = desks["callback1"]
    callback.go(case)
    callback.choose("reached", "yes")
    for name in ("efficiency", "attitude", "result"):
        callback.choose(name, "satisfied")
    callback.choose("solved", "yes")
    callback.look("14-callback")
    callback.submit()

    reviewer.go(case)
    reviewer.choose("closing_reason", "resolved")
    reviewer.submit()
    reviewer.go(f"{case}?tab=progress")
    expect(reviewer.page.locator(".head").first).to_contain_text("已办结")
    reviewer.look("15-closed")


def test_the_slower_of_two_keeps_the_text_and_reads_who_was_first(desks: Desks) -> None:
    agent, dispatcher = desks["agent2"], desks["dispatcher2"]
    case = register(agent, "路灯忽明忽暗")
    agent.choose("outcome", "order")
    agent.submit()
    late = desks["dispatcher1"]
    late.go(case)
    late.page.fill("[name=instructions]", "这一段写了很久。")
    dispatcher.go(case)
    dispatcher.submit()
    late.submit()
    expect(late.page.get_by_role("alert")).to_contain_text("罗致远")
    assert late.page.input_value("[name=instructions]") == "这一段写了很久。"
    late.look("16-second")


def test_similar_demands_appear_while_the_agent_types(desks: Desks) -> None:
    agent = desks["agent1"]
    register(agent, "路灯坏了")
    agent.go("/demands/new")
    with agent.page.expect_response("**/demands/similar"):
        agent.page.locator("[name=requester_phone]").press_sequentially("13812345678")
    expect(agent.page.locator("#similar")).to_contain_text("路灯坏了")
    agent.look("17-similar")


def test_the_pages_beside_the_path_can_be_looked_at(desks: Desks) -> None:
    admin = desks["admin"]
    for name, path in {"users": "/users", "repair": "/repair", "password": "/password"}.items():
        admin.go(path)
        admin.look(f"19-{name}")
    admin.go("/no-such-page")
    expect(admin.page.locator("h1")).to_have_text("没有找到")
    admin.look("20-not-found")
    designer = desks["designer"]
    designer.go("/processes/work_order")
    designer.page.wait_for_selector("[data-diagram][data-ready='1']")
    designer.look("24-process")
    handler = desks[f"handler.{UNIT}"]
    handler.page.click("text=English")
    for name, path in {"worklist": "/worklist", "orders": "/orders"}.items():
        handler.go(path)
        handler.look(f"21-english-{name}")
    with handler.page.expect_navigation():
        handler.page.click("text=Sign out")
    handler.look("22-sign-in")
    handler.page.click("text=中文")


def test_typing_keeps_the_session_alive(desks: Desks) -> None:
    page = desks["agent1"].page
    page.clock.install()
    desks["agent1"].go("/demands/new")
    page.clock.fast_forward("06:00")
    with page.expect_response("**/still-here") as answered:
        page.fill("[name=title]", "路灯")
    assert answered.value.status == 204


def test_text_written_while_the_session_ended_is_not_lost(desks: Desks) -> None:
    agent = desks["agent1"]
    agent.go("/demands/new")
    agent.page.fill("[name=content]", "写了很久的一段话。")
    agent.page.context.clear_cookies()
    agent.submit()
    agent.look("23-session-ended")
    agent.page.fill("#login", "agent1")
    agent.page.fill("#password", "jieban-demo")
    agent.submit()
    expect(agent.page.locator("main")).to_contain_text("写了很久的一段话。")
    agent.submit()
    assert agent.page.input_value("[name=content]") == "写了很久的一段话。"
    asked: list[str] = []
    agent.page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    agent.page.click("h1")  # a browser asks only who has touched the page
    agent.go("/demands")
    assert asked == ["beforeunload"]


def test_the_slash_key_leads_to_the_search(desks: Desks) -> None:
    reviewer = desks["reviewer1"]
    reviewer.go("/worklist")
    reviewer.page.keyboard.press("/")
    reviewer.page.keyboard.type("路灯")
    with reviewer.page.expect_navigation():
        reviewer.page.keyboard.press("Enter")
    assert "/orders?text=" in reviewer.page.url
    reviewer.look("18-orders")


def test_a_person_without_scripts_can_work(chromium: Browser, site: Site) -> None:
    desk = open_desk(chromium, site, java_script_enabled=False)
    page = desk.page
    page.goto(site.address + "/sign-in")
    page.fill("#login", "dispatcher1")
    page.fill("#password", "jieban-demo")
    page.click("main button")
    page.goto(site.address + "/worklist")
    page.locator("tbody a").first.click()
    expect(page.locator("select[name=lead_unit]")).to_be_visible()
    page.click("text=流程图")
    expect(page.locator(".steps li.is-active").first).to_be_visible()
    page.context.close()


PLACES = [
    ("agent1", ["/demands/new", "/demands"]),
    ("dispatcher1", ["/worklist", "FIRST"]),
    (f"handler.{UNIT}", ["/worklist", "FIRST", "FIRST?tab=progress", "FIRST?tab=deadlines",
                         "FIRST?tab=diagram", "/orders", "/no-such-page", "/password"]),
    ("callback1", ["/worklist", "FIRST"]),
    ("policy1", ["/worklist", "FIRST", "/knowledge"]),
    ("editor", ["/knowledge/gaps", "/knowledge", "/knowledge/new", "/knowledge/1"]),
    ("authority1", ["/orders"]),
    ("admin", ["/users"]),
    ("designer", ["/processes", "/processes/work_order"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("login", "paths", "language"),
    [(*place, "zh") for place in PLACES] + [(*place, "en") for place in PLACES[:1] + PLACES[2:3]],
)
def test_pages_pass_the_accessibility_rules(
    chromium: Browser, site: Site, login: str, paths: list[str], language: str
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run python -m app.web.build")
    desk = open_desk(chromium, site, bypass_csp=True)  # the checker is injected from outside
    page = desk.page
    desk.sign_in(login)
    if language == "en":
        page.click("text=English")
    if "FIRST" in paths:
        desk.go("/worklist")
    shown = page.locator("tbody a").first.get_attribute("href") if "FIRST" in paths else ""
    first = (shown or "").split("?")[0]
    found = []
    for path in paths:
        desk.go(path.replace("FIRST", first))
        if page.locator("[data-diagram]").count():
            page.wait_for_selector("[data-diagram][data-ready='1']")
        page.evaluate(AXE.read_text())
        found += [
            (path, problem["id"], [node["html"] for node in problem["nodes"][:3]])
            for problem in page.evaluate("axe.run()")["violations"]
        ]
    page.context.close()
    assert found == []

"""The duty manager's pages, the whole story, and matters that several demands are about."""

from tests.web.conftest import Desks

WHY = {"reason": "会议决定。", "evidence": "纪要〔2026〕3号"}


def panel(desks: Desks, login: str, case: object, tab: str) -> str:
    return desks.of(login).get(f"{case}?tab={tab}").text


def test_the_free_hand_shows_what_each_node_does_and_puts_the_order_there(desks: Desks) -> None:
    case = desks.handled()
    page = desks.of("duty").page(f"{case}/free-hand")
    rows = {
        row.xpath(".//input/@value")[0]: row.text_content()
        for row in page.xpath("//tbody/tr[.//input]")
    }
    assert "办理时限" in rows["dispatch"]
    assert "派单时限" in rows["dispatch"]
    answer = desks.of("duty").post(f"{case}/free-hand", {"move": "jump", "node": "dispatch", **WHY})
    assert answer.status_code == 302
    assert "派单" in desks.of("dispatcher").page(case).text_content()
    assert "值班长处置" in panel(desks, "duty", case, "story")


def test_without_a_reason_the_page_comes_again_with_what_was_typed(desks: Desks) -> None:
    case = desks.handled()
    answer = desks.of("duty").post(
        f"{case}/free-hand", {"move": "cancel", "reason": "重复", "evidence": ""}
    )
    assert answer.status_code == 422
    assert "重复" in answer.text


def test_only_the_duty_manager_has_a_free_hand(desks: Desks) -> None:
    case = desks.handled()
    for login in ("dispatcher", "handler", "agent", "admin"):
        assert desks.of(login).get(f"{case}/free-hand").status_code == 403
    assert "值班长处置" not in desks.of("dispatcher").page(case).text_content()
    assert "值班长处置" in desks.of("duty").page(case).text_content()


def test_an_ended_order_cannot_be_moved_and_the_page_says_so(desks: Desks) -> None:
    case = desks.handled()
    desks.of("duty").post(f"{case}/free-hand", {"move": "cancel", **WHY})
    answer = desks.of("duty").post(f"{case}/free-hand", {"move": "cancel", **WHY})
    assert answer.status_code == 409
    assert "工单已办结" in answer.text


def test_who_stands_in_for_several_roles_is_offered_a_reopening_once(desks: Desks) -> None:
    case = desks.handled()
    names = desks.of("duty").page(case).xpath("//section[@aria-labelledby='acts']//li/text()")
    offered = [" ".join(name.split()) for name in names if "重开" in name]
    assert len(offered) == 1


def test_an_urgent_order_has_a_slip_to_print_and_stands_on_the_panel(desks: Desks) -> None:
    desks.ordered(urgency="critical")
    page = desks.of("duty").page("/urgent")
    assert "呈阅件" in page.text_content()
    assert page.xpath("//td/a[contains(@href, '/slip')]/@href")
    slip = desks.of("duty").page(page.xpath("//td/a[contains(@href, '/slip')]/@href")[0])
    assert "领导批示" in slip.text_content()


def test_what_came_from_110_is_returned_there_from_the_panel(desks: Desks) -> None:
    case = desks.register(channel="police_110", police_number="JQ77")
    assert "等待结果" in desks.of("duty").page("/urgent").text_content()
    desks.do("agent", case, {"outcome": "answered", "answer": "已答复。"})
    page = desks.of("duty").page("/urgent")
    action = page.xpath("//form[contains(@action, 'return-110')]/@action")[0]
    assert desks.of("duty").post(action, {"result": ""}).status_code == 302
    assert desks.of("duty").post(action, {"result": "已调解。"}).status_code == 302
    assert "已调解。" in desks.of("duty").page("/urgent").text_content()


def test_a_matter_lists_every_demand_about_it(desks: Desks) -> None:
    desks.handled()
    second = desks.register(requester_phone="13812340000", requester_name="钱二")
    desks.do("agent", second, {"outcome": "merged"})
    page = desks.of("agent").page("/matters")
    [address] = page.xpath("//td/a[contains(@href, '/matters/')]/@href")
    shown = desks.of("agent").page(address).text_content()
    assert "共 2 件诉求，2 人反映" in shown
    assert "并案办理" in shown
    assert "13812340000" not in shown


def test_the_story_is_a_tab_of_the_case_in_both_languages(desks: Desks) -> None:
    case = desks.handled()
    shown = panel(desks, "handler", case, "story")
    assert "经过与依据" in shown
    assert "在谁手里、责任在谁" in shown
    assert "13812345678" not in shown


def test_each_row_of_the_worklist_opens_its_own_step(desks: Desks) -> None:
    desks.ordered(urgency="critical")
    duty = desks.of("duty")
    rows = duty.page("/worklist").xpath("//tbody/tr")
    for row in rows:
        [address] = set(row.xpath(".//a/@href"))
        step = duty.page(address).xpath("//h2[@id='step-name']")[0].text_content()
        assert step.removeprefix("办理：") in row.text_content()
    assert len(rows) == 2

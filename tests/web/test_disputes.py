"""Returns and disputes in the browser: the plan before a decision, the board, the catalogue."""

from tests.web.conftest import Browser, Desks

BASIS = "三定方案第四条"


def words(browser: Browser, path: str) -> str:
    return " ".join(browser.page(path).text_content().split())


def asked(desks: Desks, reason: str) -> str:
    """A case at its handler that its unit sends back."""
    case = desks.handled()
    liaison = desks.of("liaison")
    (act,) = [
        one
        for one in liaison.page(case).xpath("//ul[@class='acts']//a/@href")
        if "return_after_signing" in one
    ]
    assert "在退单时限内" in words(liaison, act)
    given = {
        "reason_code": reason,
        "return_statement": "路灯由水务集团建设。",
        "return_basis": BASIS,
        "suggested_unit": desks.unit("water_group"),
        "hazard": "on",
    }
    answer = liaison.post(act, given)
    assert answer.status_code == 302, answer.text
    return case


def ruled(desks: Desks) -> str:
    """A case that the coordinator ruled upon, and that waits for the catalogue to learn from it."""
    case = desks.ordered()
    desks.do("dispatcher", case, {"owner_unclear": "on"})
    given = {
        "settled": "yes",
        "ruled_unit": desks.unit("water_group"),
        "ruling": "按产权由市水务集团主办。",
        "minutes": "三方到会。",
    }
    answer = desks.do("coordinator", case, given)
    assert answer.status_code == 302, answer.text
    return case


def test_the_plan_stands_beside_the_decision_on_a_return(desks: Desks) -> None:
    case = asked(desks, "R01")
    shown = words(desks.of("dispatcher"), case)
    for part in (
        "单位反映现场有险情",
        BASIS,
        "停止，新单位签收后重新起算",
        "照走，不返还",
        "市水务集团",
    ):
        assert part in shown
    page = desks.of("dispatcher").page(case)
    chosen = page.xpath("//select[@name='new_lead_unit']//option[@selected]/@value")
    assert chosen == [desks.unit("water_group")]
    refused = desks.do("dispatcher", case, {"return_verdict": "refused"})
    assert refused.status_code == 422
    assert "请写明理由" in refused.text


def test_the_liaison_settles_what_the_board_shows(desks: Desks) -> None:
    case = asked(desks, "R03")
    board = words(desks.of("coordinator"), "/disputes")
    for part in ("权属不清", "一级：单位协商", "市城市管理局", "险情"):
        assert part in board
    one = words(desks.of("authority"), "/disputes/1")
    for part in ("各方意见", "市水务集团", "申请退单"):
        assert part in one
    assert "各方意见" in words(desks.of("liaison"), case)
    assert desks.of("liaison").get("/disputes").status_code == 403
    given = {"settled": "yes", "ruling": "一致同意。", "ruled_unit": desks.unit("water_group")}
    assert desks.do("liaison", case, given).status_code == 302
    assert "没有在办的权属争议" in words(desks.of("coordinator"), "/disputes")


def test_the_coordinator_calls_a_meeting_from_the_case(desks: Desks) -> None:
    case = desks.ordered()
    desks.do("dispatcher", case, {"owner_unclear": "on"})
    coordinator = desks.of("coordinator")
    (act,) = [
        one
        for one in coordinator.page(case).xpath("//ul[@class='acts']//a/@href")
        if "meeting_called" in one
    ]
    answer = coordinator.post(
        act, {"meets_at": "2099-03-03T14:00", "meeting_place": "市民中心 301"}
    )
    assert answer.status_code == 302, answer.text
    assert "市民中心 301" in words(coordinator, "/disputes/1")


def test_a_second_person_publishes_what_the_ruling_changes(desks: Desks) -> None:
    case = ruled(desks)
    coordinator, dispatcher = desks.of("coordinator"), desks.of("dispatcher")
    own = coordinator.page("/disputes")
    assert not own.xpath("//button[@name='verdict']")
    board = words(dispatcher, "/disputes")
    assert "市城市管理局" in board
    assert "市水务集团" in board
    (action,) = dispatcher.page("/disputes").xpath("//form[contains(@action, 'changes')]/@action")
    answer = dispatcher.post(action, {"verdict": "publish"})
    assert answer.status_code == 302
    assert "已发布派单目录第 2 版" in words(dispatcher, "/disputes")
    later = desks.ordered(title="另一处路灯不亮")
    assert "按协调裁定 CD" in words(dispatcher, later)
    desks.do("dispatcher", later, {"lead_unit": desks.unit("water_group")})
    assert "派单依据" in words(dispatcher, later)
    assert "派单依据" not in words(dispatcher, case)
    again = dispatcher.post(action, {"verdict": "publish"})
    assert again.status_code == 302
    assert "已由陈刚审核" in words(dispatcher, "/disputes")


def test_turning_a_change_down_takes_a_reason(desks: Desks) -> None:
    ruled(desks)
    dispatcher = desks.of("dispatcher")
    (action,) = dispatcher.page("/disputes").xpath("//form[contains(@action, 'changes')]/@action")
    dispatcher.post(action, {"verdict": "turn_down"})
    assert "须写明理由" in words(dispatcher, "/disputes")
    dispatcher.post(action, {"verdict": "turn_down", "remark": "仅此一案。"})
    assert "没有待审核的目录变更" in words(dispatcher, "/disputes")


def test_the_authority_gives_its_opinion_with_a_file(desks: Desks) -> None:
    case = desks.ordered()
    desks.do("dispatcher", case, {"owner_unclear": "on"})
    given = {"settled": "no", "ruling": "未能一致。"}
    desks.do("coordinator", case, given)
    answer = desks.do("authority", case, {"opinion": "宜按产权确定。"})
    assert answer.status_code == 302
    assert desks.of("authority").get(answer.location).status_code == 200

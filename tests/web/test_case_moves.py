"""Moving live cases in the browser: looked at, asked for, agreed to, and undone."""

import re

from app.core import clock
from app.core.uow import SYSTEM, unit_of_work
from app.design import documents, publishing
from app.design.documents import Document
from app.design.models import Kind
from app.jobs import moving
from app.web.access import SESSIONS
from tests.web.conftest import Browser, Desks

OF = "/design/moves/of/work_order"


def words(browser: Browser, path: str) -> str:
    return " ".join(browser.page(path).text_content().split())


def publish_renamed(desks: Desks) -> None:
    """Version 2 of the main diagram, in which the reply has another id."""
    with unit_of_work(desks.app.extensions[SESSIONS], SYSTEM, clock.now()) as uow:
        what = Document(Kind.DIAGRAM, "work_order")
        last = documents.newest(uow.session, what)
        assert last is not None
        naming = re.compile('((?:id|sourceRef|targetRef|bpmnElement|attachedToRef)=)"reply"')
        publishing.put(uow, {what: naming.sub(r'\1"answer_in_full"', last.content)})


def carry_out(desks: Desks) -> None:
    while moving.work(desks.app.extensions[SESSIONS], clock.now):
        pass


def tried(desks: Desks, **given: str) -> str:
    """The address of a dry run of all three cases."""
    answer = desks.of("designer").post(OF, {"version": "2", **given})
    assert answer.status_code == 302, answer.text
    return answer.location


def asked(desks: Desks) -> str:
    """The address of a move of all three cases that was asked for."""
    publish_renamed(desks)
    move, designer = tried(desks), desks.of("designer")
    assert designer.post(f"{move}/mapping", {"map.reply": "answer_in_full"}).status_code == 302
    assert designer.post(f"{move}/ask", {"reason": "新版已修正。"}).status_code == 302
    return move


def test_the_dry_run_offers_the_counterpart_first_and_tells_every_case(worked: Desks) -> None:
    designer = worked.of("designer")
    assert "只有一个版本" in words(designer, OF)
    publish_renamed(worked)
    assert OF in designer.get("/design/diagram/work_order").text
    move = tried(worked, recount="1")
    page = designer.page(move)
    offered = page.xpath("//select[@name='map.reply']/option/@value")
    assert offered[:2] == ["", "answer_in_full"]
    told = " ".join(page.text_content().split())
    assert "可以迁移 2" in told
    assert "需指定对应环节 1" in told
    assert page.xpath("//*[@data-diagram]/@data-side") == ["old", "new"]
    assert "办理答复 → —" in words(designer, f"{move}?list=needs_mapping")
    assert designer.post(f"{move}/mapping", {"map.reply": "answer_in_full"}).status_code == 302
    assert "可以迁移 3" in words(designer, move)
    assert "没有这样的案件" in words(designer, f"{move}?list=needs_mapping")
    assert f'href="{OF}"' in designer.get("/design/moves/of/call_back").text
    assert worked.of("duty").post(OF, {"version": "2"}).status_code == 403
    assert worked.of("duty").post(f"{move}/ask", {"reason": "好。"}).status_code == 403


def test_a_move_is_asked_for_agreed_to_and_carried_out(worked: Desks) -> None:
    move, designer, admin = asked(worked), worked.of("designer"), worked.of("admin")
    assert "待批准" in words(designer, move)
    assert designer.post(f"{move}/agree").status_code == 403
    assert admin.post(f"{move}/agree", {"opinion": "同意。"}).status_code == 302
    assert "已处理 0 / 3" in words(designer, f"{move}/progress")
    carry_out(worked)
    assert "已迁移 3" in words(admin, move)
    assert "已完成" in words(designer, OF)
    told = words(worked.of("duty"), "/cases/3?tab=story")
    assert "新版已修正。" in told
    assert "迁移到第2版" in told
    undone = admin.page(move).xpath("//form[contains(@action, '/lines/')]/@action")[0]
    assert admin.post(undone).status_code == 302
    assert admin.post(undone).status_code == 409
    assert admin.post(f"{move}/undo", {"reason": ""}).status_code == 422
    assert admin.post(f"{move}/undo", {"reason": "有误。"}).status_code == 302
    carry_out(worked)
    assert "已撤销 3" in words(admin, move)


def test_a_move_is_refused_withdrawn_interrupted_and_goes_on(worked: Desks) -> None:
    first, designer, admin = asked(worked), worked.of("designer"), worked.of("admin")
    again = designer.post(f"{tried(worked)}/ask", {"reason": "又一次。"})
    assert again.status_code == 409
    assert admin.post(f"{first}/refuse").status_code == 422
    assert admin.post(f"{first}/refuse", {"opinion": "高峰期。"}).status_code == 302
    second = tried(worked)
    assert designer.post(f"{second}/ask").status_code == 422
    assert designer.post(f"{second}/ask", {"reason": "夜间。"}).status_code == 302
    assert designer.post(f"{second}/withdraw").status_code == 302
    third = tried(worked)
    designer.post(f"{third}/ask", {"reason": "夜间。"})
    admin.post(f"{third}/agree")
    assert designer.post(f"{third}/interrupt").status_code == 302
    carry_out(worked)
    assert "待处理 3" in words(admin, third)
    assert admin.post(f"{third}/continue").status_code == 302
    carry_out(worked)
    assert "已迁移 2" in words(admin, third)
    assert "缺少对应环节 1" in words(admin, third)
    assert worked.of("agent").get(third).status_code == 403

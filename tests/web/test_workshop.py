"""The workshop in the browser: changes, drafts, and what the editors say to the server."""

from pathlib import Path
from typing import Any

from sqlalchemy import delete
from werkzeug.test import TestResponse

from app.core import clock
from app.core.texts import DocumentVersion
from app.core.uow import SYSTEM, unit_of_work
from app.design.models import ShippedOffer
from app.jobs import proposing, publishing
from app.web.access import SESSIONS
from tests.web.conftest import Browser, Desks
from tests.web.test_files import send


def words(browser: Browser, path: str) -> str:
    return " ".join(browser.page(path).text_content().split())


def opened(desks: Desks, document: str = "diagram:extension") -> str:
    """A draft of that document in a change of its own; the address of its page."""
    designer = desks.of("designer")
    answer = designer.post("/design/changes", {"title": "展期改名", "reason": "市里统一用词。"})
    assert answer.status_code == 302, answer.text
    added = designer.post(f"{answer.location}/documents", {"document": document})
    assert added.status_code == 302, added.text
    return added.location


def put(browser: Browser, draft: str, content: dict[str, Any]) -> TestResponse:
    return browser.client.put(
        f"{draft}/content", json=content, headers={"X-CSRF-Token": browser.token()}
    )


def told(answer: TestResponse) -> Any:
    assert answer.json is not None, answer.text
    return answer.json


def test_a_designer_opens_a_change_and_takes_a_diagram_into_it(desks: Desks) -> None:
    draft = opened(desks)
    designer = desks.of("designer")
    assert "延期" in words(designer, draft)
    assert "展期改名" in words(designer, "/design")
    assert "通过" in words(designer, "/design/changes/1")


def test_a_document_is_edited_from_its_own_page(desks: Desks) -> None:
    designer, address = desks.of("designer"), "/design/diagram/extension"
    nameless = designer.post(f"{address}/edit", {"title": "展期改名", "reason": ""})
    assert nameless.status_code == 422
    assert "请写明变更事由" in nameless.text
    assert 'value="展期改名"' in nameless.text
    made = designer.post(f"{address}/edit", {"title": "展期改名", "reason": "统一用词。"})
    assert made.status_code == 302
    assert "延期" in words(designer, made.location)
    assert "正在修改：展期改名" in words(designer, address)
    # The next document goes into the change that is open.
    other = designer.post("/design/table/extension/edit", {"change": "1"})
    assert other.status_code == 302
    page = words(designer, "/design/changes/1")
    assert page.count("延期") >= 2
    assert "/design/drafts/2" in other.location


def test_a_change_without_a_reason_is_refused_on_the_page(desks: Desks) -> None:
    answer = desks.of("designer").post("/design/changes", {"title": "无理由"})
    assert answer.status_code == 422
    assert "请写明变更事由" in answer.text


def test_an_editor_loads_saves_and_hears_what_is_wrong(desks: Desks) -> None:
    draft, designer = opened(desks), desks.of("designer")
    loaded = told(designer.get(f"{draft}/content"))
    assert loaded["kind"] == "diagram"
    broken = loaded["content"].replace('name="duty_manager"', 'name="nobody_there"')
    answer = told(put(designer, draft, {"revision": loaded["revision"], "content": broken}))
    assert answer["revision"] == 2
    worse = loaded["content"].replace('sourceRef="approved"', 'sourceRef="gone"')
    found = told(put(designer, draft, {"revision": 2, "content": worse}))["findings"]
    assert found[0]["severity"] == "error"
    assert found[0]["element"]
    assert found[0]["text"] == found[0]["zh"]


def test_two_editors_who_save_at_once_lose_nothing(desks: Desks) -> None:
    draft, designer = opened(desks), desks.of("designer")
    text = told(designer.get(f"{draft}/content"))["content"]
    put(designer, draft, {"revision": 1, "content": text + "<!-- 甲 -->"})
    late = put(designer, draft, {"revision": 1, "content": text + "<!-- 乙 -->"})
    assert late.status_code == 409
    assert (told(late)["revision"], told(late)["by"]) == (2, "屠乔")
    assert "甲" in told(late)["content"]
    shown = designer.post(draft, {"revision": "1", "content": text + "<!-- 丙 -->"})
    assert shown.status_code == 409
    assert "甲" in shown.text
    assert "丙" in shown.text


def test_what_is_no_diagram_is_refused_in_words(desks: Desks) -> None:
    draft, designer = opened(desks), desks.of("designer")
    for content in ({"revision": 1, "content": "x"}, {"content": "x"}, {"revision": 1}):
        answer = put(designer, draft, content)
        assert answer.status_code == 422
        assert told(answer)["text"]


def test_an_editor_checks_without_saving(desks: Desks) -> None:
    draft, designer = opened(desks, "table:extension"), desks.of("designer")
    text = told(designer.get(f"{draft}/content"))["content"]
    broken = text.replace('typeRef="string"', 'typeRef="number"', 1)
    answer = designer.client.post(
        f"{draft}/check", json={"content": broken}, headers={"X-CSRF-Token": designer.token()}
    )
    found = told(answer)["findings"]
    assert any(one["severity"] == "error" and one["row"] for one in found)
    assert told(designer.get(f"{draft}/content"))["revision"] == 1


def test_the_names_a_diagram_may_use_are_offered(desks: Desks) -> None:
    names = told(desks.of("designer").get(f"{opened(desks)}/names"))
    services = {one["name"]: one for one in names["services"]}
    assert [p["name"] for p in services["start_clock"]["parameters"]] == ["clock", "stage"]
    decisions = {one["key"]: one for one in names["decisions"]}
    assert "requested_days" in decisions["extension"]["inputs"]
    assert decisions["extension"]["outputs"]
    assert {"name": "unit_handler", "label": "承办人"} in names["roles"]
    assert any(one["key"] == "work_order" for one in names["processes"])
    assert any(one["name"] == "extension_verdict" for one in names["variables"])
    assert "working_days" in names["functions"]
    assert all(clock["rungs"] for clock in names["clocks"])


def test_who_does_not_design_reads_at_most(desks: Desks) -> None:
    draft = opened(desks)
    assert desks.of("agent").get("/design").status_code == 403
    duty = desks.of("duty")
    assert duty.get(draft).status_code == 200
    assert put(duty, draft, {"revision": 1, "content": "x"}).status_code == 403
    assert duty.post("/design/changes", {"title": "甲", "reason": "乙"}).status_code == 403


def renamed(desks: Desks) -> tuple[str, str]:
    """A change in which the extension's diagram has another name; its address, and its draft's."""
    draft, designer = opened(desks), desks.of("designer")
    text = told(designer.get(f"{draft}/content"))["content"]
    put(designer, draft, {"revision": 1, "content": text.replace('name="延期"', 'name="展期"')})
    return "/design/changes/1", draft


def propose(desks: Desks, change: str) -> None:
    """Propose a change and let the ticker weigh it; the scenarios are tried elsewhere."""
    sessions = desks.app.extensions[SESSIONS]
    with unit_of_work(sessions, SYSTEM, clock.now()) as uow:
        uow.session.execute(delete(DocumentVersion).where(DocumentVersion.kind == "scenarios"))
    designer = desks.of("designer")
    assert designer.post(f"{change}/propose").status_code == 302
    assert "正在检查" in words(designer, change)
    assert proposing.work(sessions, clock.now) == 1


def due(desks: Desks) -> int:
    """The ticker knocks."""
    return publishing.work(desks.app.extensions[SESSIONS], clock.now)


def test_a_change_goes_from_a_designer_over_a_second_person_into_force(desks: Desks) -> None:
    change, _draft = renamed(desks)
    designer, duty = desks.of("designer"), desks.of("duty")
    propose(desks, change)
    own = words(designer, change)
    assert "待审批" in own
    assert not designer.page(change).xpath("//form[contains(@action, 'approve')]")
    assert designer.post(f"{change}/approve").status_code == 403
    seen = words(duty, change)
    for part in ("提交时的差别", "名称", "延期", "展期", "依据第 1 版"):
        assert part in seen
    assert duty.post(f"{change}/approve", {"note": "同意。"}).status_code == 302
    assert due(desks) == 1
    assert "已发布" in words(designer, change)
    document = words(designer, "/design/diagram/extension")
    for part in ("展期", "变更", "展期改名", "屠乔", "吴稳", "随版本"):
        assert part in document
    second = duty.post(f"{change}/approve", {})
    assert second.status_code == 409
    assert "吴稳" in second.text


def test_a_time_that_has_passed_is_refused_in_its_field(desks: Desks) -> None:
    change, _draft = renamed(desks)
    propose(desks, change)
    answer = desks.of("duty").post(f"{change}/approve", {"effective_at": "2020-01-01 09:00"})
    assert answer.status_code == 422
    assert "生效时间须在现在之后" in answer.text


def test_a_change_is_sent_back_and_withdrawn_with_a_reason(desks: Desks) -> None:
    change, _draft = renamed(desks)
    designer, duty = desks.of("designer"), desks.of("duty")
    propose(desks, change)
    assert duty.post(f"{change}/reject", {"note": ""}).status_code == 422
    assert duty.post(f"{change}/reject", {"note": "名称不妥。"}).status_code == 302
    assert "名称不妥" in words(designer, change)
    assert designer.post(f"{change}/recall").status_code == 409
    assert designer.post(f"{change}/withdraw", {"note": ""}).status_code == 422
    assert designer.post(f"{change}/withdraw", {"note": "不改了。"}).status_code == 302
    assert "已撤回" in words(designer, change)


def test_what_is_wrong_with_a_draft_stands_on_the_change(desks: Desks) -> None:
    change, draft = renamed(desks)
    designer = desks.of("designer")
    text = told(designer.get(f"{draft}/content"))["content"]
    worse = text.replace('sourceRef="approved"', 'sourceRef="gone"')
    put(designer, draft, {"revision": 2, "content": worse})
    propose(desks, change)
    page = words(designer, change)
    assert "未能提交审批" in page
    assert "处错误，须先改正" in page
    assert "编辑中" in words(designer, change)


def test_two_versions_stand_side_by_side_with_what_differs(desks: Desks) -> None:
    _change, draft = renamed(desks)
    designer = desks.of("designer")
    page = designer.page("/design/compare?kind=diagram&key=extension&before=v1&after=d1")
    assert "展期" in page.text_content()
    drawn = page.xpath("//*[@data-diagram]/@data-diagram")
    assert drawn == ["/design/diagram/extension/1/diagram.bpmn", f"{draft}/diagram.bpmn"]
    for address in drawn:
        assert designer.get(address).mimetype == "application/xml"
    assert designer.get("/design/compare?kind=diagram&key=extension&after=v9").status_code == 404
    assert designer.get("/design/compare?kind=table&key=extension&after=d1").status_code == 404
    assert designer.get("/design/compare?kind=x&key=extension&after=d1").status_code == 404


def test_two_versions_of_a_table_show_the_cells_that_differ(desks: Desks) -> None:
    draft, designer = opened(desks, "table:time_limits"), desks.of("designer")
    text = told(designer.get(f"{draft}/content"))["content"]
    put(
        designer,
        draft,
        {"revision": 1, "content": text.replace("<text>5</text>", "<text>4</text>")},
    )
    page = designer.page("/design/compare?kind=table&key=time_limits&before=v1&after=d1")
    marked = page.xpath("//table[@class='decision']//mark/text()")
    assert set(marked) == {"5", "4"}
    cells = page.xpath("//table[@class='differences']//tr/td[position() > 3]/text()")
    assert set(cells) == {"5", "4"}


def test_an_older_version_is_brought_back_by_a_change_of_its_own(desks: Desks) -> None:
    change, _draft = renamed(desks)
    designer, duty = desks.of("designer"), desks.of("duty")
    propose(desks, change)
    duty.post(f"{change}/approve")
    assert due(desks) == 1
    answer = designer.post("/design/diagram/extension/2/restore", {"reason": "不便。"})
    assert answer.status_code == 422
    answer = designer.post("/design/diagram/extension/1/restore", {"reason": "基层不便。"})
    assert answer.status_code == 302
    propose(desks, answer.location)
    assert "恢复第 1 版" in words(duty, answer.location)
    duty.post(f"{answer.location}/approve")
    assert due(desks) == 1
    assert "恢复第 1 版" in words(designer, "/design/diagram/extension")


def test_a_document_tells_who_uses_it_and_how_many_cases_live(worked: Desks) -> None:
    designer = worked.of("designer")
    called = words(designer, "/design/diagram/call_back")
    assert "调用" in called
    assert "工单规则直接查询" in words(designer, "/design/table/time_limits")
    main = designer.page("/design/diagram/work_order")
    assert main.xpath("//table//tbody/tr[1]/td[7]/text()") == ["3"]


def test_a_version_is_read_and_exported(desks: Desks) -> None:
    designer = desks.of("designer")
    assert "第 1 版" in words(designer, "/design/table/time_limits/1")
    file = designer.get("/design/diagram/extension/1/file")
    assert file.headers["Content-Disposition"].endswith('"extension.1.bpmn"')
    assert file.text == Path("bpmn/extension.bpmn").read_text()
    assert designer.get("/design/diagram/extension/7").status_code == 404


def test_a_new_shipped_text_of_an_own_document_is_offered_and_taken(desks: Desks) -> None:
    change, _draft = renamed(desks)
    designer, duty = desks.of("designer"), desks.of("duty")
    propose(desks, change)
    duty.post(f"{change}/approve")
    assert due(desks) == 1
    with unit_of_work(desks.app.extensions[SESSIONS], SYSTEM, clock.now()) as uow:
        uow.session.add(
            ShippedOffer(
                kind="diagram",
                key="extension",
                content=Path("bpmn/extension.bpmn").read_text().replace("延期", "顺延"),
                sha256="x",
                offered_at=uow.now,
            )
        )
    assert "出厂新版" in words(designer, "/design")
    assert "出厂新版" in words(designer, "/design/diagram/extension")
    compared = words(designer, "/design/compare?kind=diagram&key=extension&before=v2&after=o1")
    assert "顺延" in compared
    taken = designer.post("/design/offers/1/take")
    assert taken.status_code == 302
    assert "顺延" in words(designer, taken.location)
    assert "出厂新版 本次升级" not in words(designer, "/design/diagram/extension")


def test_a_file_is_brought_in_and_a_bad_one_is_refused_in_words(desks: Desks) -> None:
    opened(desks, "table:extension")
    designer = desks.of("designer")
    text = Path("bpmn/extension.bpmn").read_bytes().replace("延期".encode(), "展期".encode())
    there = "/design/changes/1/file"
    answer = send(designer, there, {"key": "more_time"}, file=(text, "x.bpmn"))
    assert answer.status_code == 302
    assert "more_time" in words(designer, answer.location + "?plain=1")
    for data in (b"", b"hello", b"x" * 3_000_000, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"):
        assert send(designer, there, {}, file=(data, "x.bpmn")).status_code == 422
    assert send(designer, there, {}, file=(bytes(9_000_000), "x.bpmn")).status_code == 413


def test_a_text_of_two_megabytes_is_kept_and_a_larger_one_refused(desks: Desks) -> None:
    draft, designer = opened(desks), desks.of("designer")
    text = told(designer.get(f"{draft}/content"))["content"]
    filled = text + "<!--" + '"' * (2_000_000 - len(text.encode()) - 7) + "-->"
    assert put(designer, draft, {"revision": 1, "content": filled}).status_code == 200
    for more in (1, 5_000_000):
        late = put(designer, draft, {"revision": 2, "content": filled + "x" * more})
        assert late.status_code == 422
        assert "大" in told(late)["text"] or "MB" in told(late)["text"]


def test_the_citys_profile_is_edited_in_a_form_that_says_what_changes(desks: Desks) -> None:
    draft, designer = opened(desks, "profile:city"), desks.of("designer")
    shown = words(designer, draft)
    assert "安装时确定，这里不能改" in shown
    assert "重启后生效" in shown
    values = {
        "revision": "1",
        "title_zh": "云江市",
        "title_en": "Yunjiang",
        "issuer_zh": "云江市12345热线中心",
        "issuer_en": "",
        "hours": "H8",
    }
    assert designer.post(draft, values).status_code == 302
    shown = words(designer, draft)
    assert "请填写文书落款（英文）" in shown
    assert "工时沿用全国标准工时（八小时）" in shown
    late = designer.post(draft, {**values, "title_zh": "别市"})
    assert late.status_code == 409
    assert "对方保存的内容" in late.text
    assert designer.post(draft, {**values, "revision": "2", "issuer_en": "x"}).status_code == 302
    compared = words(designer, draft)
    assert "城市名称默认方案云江市" in compared


def test_the_page_of_the_profile_shows_who_uses_it_and_each_version_in_words(desks: Desks) -> None:
    designer = desks.of("designer")
    assert "填入" in words(designer, "/design/profile/city")
    shown = words(designer, "/design/profile/city/1")
    assert "文书落款12345 政务服务便民热线中心" in shown

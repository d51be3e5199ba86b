"""The workshop in the browser: changes, drafts, and what the editors say to the server."""

from typing import Any

from werkzeug.test import TestResponse

from tests.web.conftest import Browser, Desks


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

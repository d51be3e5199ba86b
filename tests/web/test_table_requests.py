"""What the editor of tables asks the server: right answers, and refusals of everything else."""

from base64 import b64encode
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import Browser, Desks
from tests.web.test_workshop import opened, told

ASKED = {"closing_reason": "resolved", "solved": "yes", "re_handled": 7}
LARGE = b64encode(b"\0" * 3_000_000).decode()


def sent(browser: Browser, address: str, body: Any) -> TestResponse:
    return browser.client.post(address, json=body, headers={"X-CSRF-Token": browser.token()})


def test_a_table_is_asked_and_reviewed_as_it_is_typed(desks: Desks) -> None:
    draft, designer = opened(desks, "table:closing"), desks.of("designer")
    content = told(designer.get(f"{draft}/content"))["content"]
    answer = told(sent(designer, f"{draft}/ask", {"content": content, "inputs": ASKED}))
    assert "reviewer" in str(answer["outputs"])
    assert answer["rows"]["closing"]


def test_a_gap_is_told_with_an_example_and_the_row_that_is_missing(desks: Desks) -> None:
    draft, designer = opened(desks, "table:traffic_light"), desks.of("designer")
    content = told(designer.get(f"{draft}/content"))["content"]
    narrower = content.replace("&lt;= 5", "&lt;= 4", 1)
    assert narrower != content
    review = told(sent(designer, f"{draft}/review", {"content": narrower}))
    [gap] = [one for one in review["findings"] if one["code"] == "gap"]
    assert gap["example"] == {"unit": "working_day", "amount": 5}
    assert gap["missing"] == ['"working_day"', "(4..5]"]


def test_what_was_tried_becomes_a_test_row_of_the_same_change(desks: Desks) -> None:
    draft, designer = opened(desks, "table:closing"), desks.of("designer")
    content = told(designer.get(f"{draft}/content"))["content"]
    row = {"content": content, "inputs": ASKED, "name": "第七次"}
    kept = sent(designer, f"{draft}/tests", row)
    assert kept.status_code == 200, kept.text
    again = sent(designer, f"{draft}/tests", row)
    assert again.status_code == 422
    assert "已有输入相同的测试行" in told(again)["text"]


def test_a_workbook_that_went_out_comes_in_as_no_change(desks: Desks) -> None:
    draft, designer = opened(desks, "table:closing"), desks.of("designer")
    content = told(designer.get(f"{draft}/content"))["content"]
    book = b64encode(designer.get(f"{draft}/sheet").data).decode()
    taken = told(sent(designer, f"{draft}/sheet", {"content": content, "sheet": book}))
    assert taken["differences"] == []


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("ask", {}),
    "no inputs": ("ask", {"content": "…"}),
    "inputs are a list": ("ask", {"content": "…", "inputs": ["resolved"]}),
    "no table": ("ask", {"content": "<html/>", "inputs": {}}),
    "no text": ("ask", {"content": 5, "inputs": {}}),
    "an entity": (
        "ask",
        {"content": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x/>', "inputs": {}},
    ),
    "a test row without a name": ("tests", {"content": "…", "inputs": {}}),
    "no workbook": ("sheet", {"content": "…", "sheet": "no base64!"}),
    "a text for a workbook": ("sheet", {"content": "…", "sheet": b64encode(b"a,b").decode()}),
    "zeros for a workbook": ("sheet", {"content": "…", "sheet": LARGE}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_refused_in_words(desks: Desks, name: str) -> None:
    draft, designer = opened(desks, "table:closing"), desks.of("designer")
    content = told(designer.get(f"{draft}/content"))["content"]
    what, body = WRONG[name]
    body = {key: content if value == "…" else value for key, value in body.items()}
    answer = sent(designer, f"{draft}/{what}", body)
    assert answer.status_code == 422, answer.text
    assert told(answer)["zh"].endswith("。")
    assert told(answer)["en"].endswith(".")
    assert "root:" not in answer.text
    assert told(designer.get(f"{draft}/content"))["revision"] == 1


def test_only_designers_ask_and_only_about_tables(desks: Desks) -> None:
    draft = opened(desks, "table:closing")
    body = {"content": "", "inputs": {}, "name": "", "sheet": ""}
    for login in ("agent", "handler"):
        other = desks.of(login)
        for what in ("review", "ask", "tests", "sheet"):
            assert sent(other, f"{draft}/{what}", body).status_code == 403, (login, what)
        assert other.get(f"{draft}/sheet").status_code == 403
    designer = desks.of("designer")
    assert designer.client.post(f"{draft}/ask", json=body).status_code == 400  # no token
    diagram = opened(desks, "diagram:extension")
    refused = sent(designer, f"{diagram}/ask", body)
    assert refused.status_code == 422
    assert "不是决策表" in told(refused)["text"]
    assert sent(designer, "/design/drafts/999/ask", body).status_code == 404


def test_a_text_that_is_too_large_is_refused_unread(desks: Desks) -> None:
    draft, designer = opened(desks, "table:closing"), desks.of("designer")
    for what in ("ask", "review"):
        body = {"content": "x" * 5_000_000, "inputs": {}}
        assert sent(designer, f"{draft}/{what}", body).status_code in {413, 422}

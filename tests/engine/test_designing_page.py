"""The examples of docs/designing.md are what the product understands."""

import re
from pathlib import Path

from lxml import etree

from app.cases.expressions import compile_expression
from app.engine.forms import read_form
from app.engine.markup import JIEBAN
from app.engine.spec import TIMER_FUNCTIONS
from app.engine.steps_script import read_script

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "designing.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for spoken, text in fenced if spoken == language]


def test_the_script_on_the_page_can_be_read() -> None:
    (script,) = [block for block in blocks("yaml") if "steps:" in block]
    assert len(read_script(script.encode(), "page").steps) == 8


def test_the_form_on_the_page_has_no_problem() -> None:
    (form,) = blocks("xml")
    node = etree.fromstring(form.replace("<jieban:form>", f'<jieban:form xmlns:jieban="{JIEBAN}">'))
    found, problems = read_form(node)
    assert problems == ()
    assert [field.name for field in found.fields] == ["result", "reply", "came_on", "left_on"]


def test_the_expressions_on_the_page_compile() -> None:
    (block,) = [b for b in blocks("") if "approved" in b]
    for line in block.strip().splitlines():
        compile_expression(line, {})
    for text in re.findall(r"`((?:clock|working_days|working_hours|duration)\([^`]*\))`", PAGE):
        compile_expression(text, TIMER_FUNCTIONS)

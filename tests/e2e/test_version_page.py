"""A published diagram as a designer reads it: drawing, elements in words, what is found."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import AXE, Desk, Site, open_desk


@pytest.fixture
def desk(chromium: Browser, studio: Site) -> Iterator[Desk]:
    opened = open_desk(chromium, studio)
    opened.page.set_default_timeout(15_000)
    opened.sign_in("designer")
    yield opened
    complaints = opened.complaints
    opened.page.context.close()
    assert complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_canvas_and_words_lead_to_each_other(desk: Desk, language: str) -> None:
    page = desk.page
    if language == "en":
        desk.go("/design")
        page.locator("button[name=language]").click()
        page.wait_for_selector('html[lang^="en"]')
    desk.go("/design/diagram/extension/1")
    page.wait_for_selector('.diagram[data-ready="1"]')
    page.locator('.djs-element[data-element-id="grant_extension"]').click()
    told = page.locator('[data-element="grant_extension"]')
    expect(told).to_have_attribute("open", "")
    other = page.locator('[data-element="decide_extension"]')
    other.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(other.locator("dl")).to_contain_text("值班长" if language == "zh" else "Duty manager")
    expect(told).not_to_have_attribute("open", "")
    expect(page.locator(".djs-element.is-chosen")).to_have_attribute(
        "data-element-id", "decide_extension"
    )
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    if language == "en":  # whatever has an English name bears it, on the canvas too
        drawn = " ".join(page.locator(".diagram svg text").all_text_contents())
        assert not re.search("[\u4e00-\u9fff]", drawn), drawn
    desk.look(f"version-{language}")

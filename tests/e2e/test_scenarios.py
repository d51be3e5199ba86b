"""Scenarios in Chromium: replayed by the keyboard, recorded by clicking; axe objects to nothing."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import AXE, Desk, Site, open_desk

pytestmark = pytest.mark.browser


@pytest.fixture
def designer(chromium: Browser, studio: Site) -> Desk:
    desk = open_desk(chromium, studio)
    desk.sign_in("designer")
    return desk


def drawn(desk: Desk) -> None:
    desk.page.wait_for_selector('.diagram[data-ready="1"]')


def accessible(desk: Desk) -> None:
    desk.page.evaluate(AXE.read_text())
    found = desk.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [one["id"] for one in found["violations"]] == []
    assert desk.complaints == []


def test_a_scenario_is_turned_over_by_the_arrow_keys(designer: Desk) -> None:
    page = designer.page
    designer.go("/design/trials/extension/1")
    drawn(designer)
    rows = page.locator("[data-replay] > [data-step]")
    expect(rows.nth(0)).to_have_class(re.compile("is-current"))
    for _ in range(rows.count() - 1):
        page.keyboard.press("ArrowRight")
    expect(rows.last).to_have_class(re.compile("is-current"))
    assert "is-added" in (
        page.locator('[data-element-id="extended"]').first.get_attribute("class") or ""
    )
    page.keyboard.press("ArrowLeft")
    expect(page.locator('.is-active[data-element-id="decide_extension"]')).to_have_count(1)
    designer.look("scenario-replay")
    accessible(designer)


def test_what_scenarios_pass_is_drawn_and_counted(designer: Desk) -> None:
    designer.go("/design/trials/promise?run=1")
    drawn(designer)
    expect(designer.page.locator(".diagram .count").first).to_be_visible()
    expect(designer.page.locator(".is-added.djs-connection").first).to_be_attached()
    designer.look("scenario-coverage")
    accessible(designer)


def test_a_story_is_clicked_together_and_kept(designer: Desk) -> None:
    page = designer.page
    designer.go("/design/trials/promise")
    page.click("text=录制新情景")
    page.wait_for_url("**/design/recordings/*")
    page.click('form[action$="/step"] button')
    expect(page.locator("#waiting")).to_be_visible()
    page.select_option("#until", "reply")
    page.click('form[action$="/way"] button')
    expect(page.locator("#step")).to_contain_text("办理答复")
    page.click('a:has-text("登记承诺")')
    page.click('form[action$="/step"] button')
    page.click("text=跳到最近期限")
    drawn(designer)
    designer.look("scenario-recording")
    accessible(designer)
    page.fill("#scenario-name", "点出来的承诺")
    page.click('form[action$="/save"] button')
    expect(page.locator("table")).to_contain_text("点出来的承诺")
    page.click("text=全部运行")
    expect(page.locator(".notice").last).to_contain_text("0 个与预期不符")

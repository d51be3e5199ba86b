"""The heat map in Chromium: coloured, read aloud without fault, the same at both widths."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import AXE, Desk, Desks

pytestmark = pytest.mark.browser


def without_fault(desk: Desk) -> None:
    desk.page.evaluate(AXE.read_text("utf-8"))
    found = desk.page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]] == []


def test_the_heat_map_is_coloured_and_every_page_of_it_can_be_read(desks: Desks) -> None:
    desk = desks["duty"]
    desk.go("/design/watch/work_order?measure=median")
    expect(desk.page.locator(".diagram[data-ready='1']")).to_have_count(1)
    assert desk.page.locator(".diagram .heat-4").count() >= 1
    badges = desk.page.locator(".diagram .count").all_text_contents()
    assert len(badges) > 3
    without_fault(desk)
    desk.look("60-heat-map")
    desk.go("/design/watch/work_order/variants")
    without_fault(desk)
    desk.look("61-ways")
    desk.go("/design/watch")
    without_fault(desk)
    desk.look("62-watched")
    desk.go("/design/watch/work_order?measure=now&sort=now")
    desk.page.locator("tbody a").first.click()
    desk.page.wait_for_selector("td .title")
    without_fault(desk)

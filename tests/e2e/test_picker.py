"""Several of a long list are found by name, with the keyboard alone, and stand above the list."""

from playwright.sync_api import expect
from sqlalchemy import select

from app.cases.models.work_order import OrderStatus, WorkOrder
from app.core.db import reading
from tests.e2e.conftest import Desks


def test_co_units_are_found_and_ticked_by_keyboard_and_kept_when_refused(desks: Desks) -> None:
    desk = desks["dispatcher1"]
    with reading(desk.site.sessions) as session:
        waiting = select(WorkOrder.demand_id).where(
            WorkOrder.status == OrderStatus.PENDING_DISPATCH
        )
        case = session.scalars(waiting.order_by(WorkOrder.id.desc())).first()
    desk.go(f"/cases/{case}")
    page = desk.page
    picker = page.locator("[data-picker]")
    for ticked in picker.locator("input:checked").all():
        ticked.uncheck()
    expect(picker.locator(".picked")).to_have_text("未选")
    search = picker.get_by_role("searchbox")
    search.focus()
    page.keyboard.type("水务")
    page.keyboard.press("Enter")  # the only one left is meant, and nothing is sent
    expect(picker.locator(".picked")).to_have_text("已选 1 个：市水务集团有限公司")
    search.fill("街道")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(picker.locator(".picked")).to_have_text("已选 2 个：沿江街道办事处、市水务集团有限公司")
    search.fill("没有这样的单位")
    expect(picker.locator("label:visible")).to_have_count(2)  # what is ticked stays in sight
    search.press("Escape")
    assert search.input_value() == ""
    page.select_option("#lead_unit", "")
    desk.submit()
    expect(picker.locator(".picked")).to_have_text("已选 2 个：沿江街道办事处、市水务集团有限公司")

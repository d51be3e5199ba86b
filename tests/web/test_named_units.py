"""A step that a diagram gives to one unit, on the pages of those who do it and those who wait."""

import pytest

from app.office import DIAGRAMS
from tests.design.new_step import with_step
from tests.web.conftest import Desks

FORM = '<jieban:form><jieban:field name="seen" type="text" label="现场情况"/></jieban:form>'


@pytest.fixture
def case(desks: Desks) -> str:
    """A case at a step that the diagram gives to another unit; the address of its page."""
    text = (DIAGRAMS / "work_order.bpmn").read_text(encoding="utf-8")
    text = with_step(text, FORM, unit="water_group")
    return desks.signed_under(text)


def test_the_unit_finds_the_step_in_its_list_and_does_it_on_the_page(
    desks: Desks, case: str
) -> None:
    stranger = desks.of("stranger")
    assert "现场核实" in stranger.page("/worklist").text_content()
    assert "办理：现场核实" in stranger.page(case).text_content()
    assert desks.do("stranger", case, {"seen": "灯已修好"}).status_code == 302
    stranger.page("/worklist")  # says once that it is done
    assert "现场核实" not in stranger.page("/worklist").text_content()
    assert "灯已修好" in stranger.page(f"{case}?tab=progress").text_content()
    assert "柳荫路路灯不亮" in stranger.page("/orders").text_content()


def test_the_unit_in_charge_reads_for_whom_the_order_waits(desks: Desks, case: str) -> None:
    handler = desks.of("handler")
    assert "现场核实" not in handler.page("/worklist").text_content()
    page = handler.page(case).text_content()
    assert "办理：现场核实" not in page
    assert "承办人" in page.split("现场核实", 1)[1]

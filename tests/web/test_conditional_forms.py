"""A form whose fields depend on each other, on the pages."""

import pytest
from werkzeug.datastructures import MultiDict

from app.office import DIAGRAMS
from tests.design.new_step import with_step
from tests.web.conftest import Desks

FORM = """<jieban:form>
<jieban:field name="seen" type="choice" label="现场情况" label_en="What was seen" required="true">
  <jieban:option value="as_told" label="与诉求一致" label_en="As told"/>
  <jieban:option value="other" label="与诉求不符" label_en="Otherwise"/>
</jieban:field>
<jieban:field name="difference" type="text" label="不符之处" label_en="Difference"
  shown_when='seen = "other"' required_when='seen = "other"'/>
<jieban:field name="came_on" type="date" label="到场日期" default="=date(&quot;2026-03-02&quot;)"/>
<jieban:field name="left_on" type="date" label="离场日期" label_en="Left on">
  <jieban:rule holds="came_on &lt;= left_on" message="离场不早于到场。" message_en="Not before."/>
</jieban:field>
</jieban:form>"""


@pytest.fixture
def case(desks: Desks) -> str:
    """A case at a step that a designer drew; the address of its page."""
    text = with_step((DIAGRAMS / "work_order.bpmn").read_text(encoding="utf-8"), FORM)
    return desks.signed_under(text)


def test_a_field_that_does_not_apply_is_marked_and_comes_when_it_does(
    desks: Desks, case: str
) -> None:
    handler = desks.of("handler")
    page = handler.page(case)
    assert "办理：现场核实" in page.text_content()
    (form,) = page.xpath("//form[@data-look]")
    assert form.xpath(".//*[@data-field='difference' and @data-off]")
    assert form.xpath(".//input[@name='came_on']/@value") == ["2026-03-02"]
    look = form.get("data-look")
    stands = handler.post(look, {"seen": "as_told"}).get_json()
    assert stands == {"hidden": ["difference"], "required": ["seen"]}
    stands = handler.post(look, {"seen": "other"}).get_json()
    assert stands == {"hidden": [], "required": ["difference", "seen"]}


def test_a_broken_rule_is_told_in_words_at_its_field_and_what_was_typed_is_kept(
    desks: Desks, case: str
) -> None:
    typed = MultiDict({"seen": "other", "difference": "井盖是电力的", "came_on": "2026-03-02"})
    typed["left_on"] = "2026-03-01"
    refused = desks.do("handler", case, typed)
    assert refused.status_code == 422
    assert "离场不早于到场。" in refused.text
    assert 'value="2026-03-01"' in refused.text
    assert "井盖是电力的" in refused.text
    assert "data-off" not in refused.text
    done = desks.do("handler", case, {**typed, "left_on": "2026-03-03"})
    assert done.status_code == 302
    story = desks.of("handler").page(f"{case}?tab=progress").text_content()
    assert "与诉求不符" in story
    assert "井盖是电力的" in story


def test_the_worklist_and_the_search_have_the_new_step(desks: Desks, case: str) -> None:
    assert "现场核实" in desks.of("handler").page("/worklist").text_content()


def test_how_a_form_stands_is_for_who_sees_the_case(desks: Desks, case: str) -> None:
    (form,) = desks.of("handler").page(case).xpath("//form[@data-look]")
    assert desks.of("stranger").post(form.get("data-look"), {}).status_code in {403, 404}

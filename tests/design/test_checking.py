"""What the office does not have is found before anybody could run into it."""

import pytest

from app.cases import expressions
from app.design import checking, documents, drafts
from app.design.models import Kind
from app.engine import read_diagram
from tests.design.desk import Workshop


def codes(workshop: Workshop, draft_id: int) -> dict[str, str]:
    """The errors of a draft: code → element."""
    with workshop.reading() as session:
        found = checking.check_draft(session, drafts.draft(session, draft_id))
    return {one.code: one.element for one in found if one.severity == "error"}


def test_what_is_shipped_has_no_errors_in_the_workshop(workshop: Workshop) -> None:
    with workshop.reading() as session:
        for kind in Kind:
            for what, one in documents.newest_of(session, kind).items():
                found = checking.check_document(session, {one.document: one.content}, one.document)
                errors = [x.phrase.zh for x in found if x.severity == "error"]
                assert errors == [], (kind, what)


def test_a_form_may_name_whatever_a_condition_of_a_shipped_diagram_reads(
    workshop: Workshop,
) -> None:
    with workshop.reading() as session:
        shipped = [one.content for one in documents.newest_of(session, Kind.DIAGRAM).values()]
    read = {
        name
        for text in shipped
        for process in read_diagram(text.encode(), "shipped.bpmn").processes.values()
        for flow in process.flows.values()
        if flow.condition is not None
        for name in expressions.compile_expression(flow.condition.feel, {}).names
    }
    assert len(read) > 40
    draft = workshop.draft("diagram", "extension")
    fields = "".join(
        f'<jieban:field name="f{n}" type="text" label="x" shown_when="{name} = null"/>'
        for n, name in enumerate(sorted(read))
    )
    workshop.save(
        draft, 1, workshop.text(draft).replace("<jieban:form>", "<jieban:form>" + fields, 1)
    )
    with workshop.reading() as session:
        found = checking.check_draft(session, drafts.draft(session, draft))
    assert [one.phrase.en for one in found] == []


@pytest.mark.parametrize(
    ("key", "before", "after", "code"),
    [
        ("extension", 'name="duty_manager"', 'name="mayor"', "unknown_role"),
        ("supervision", "value='\"", "value='\"x_", "unknown_message"),
        ("extension", '"extension_decision"', '"no_such_stage"', "unknown_stage"),
    ],
)
def test_what_the_office_does_not_have_is_an_error(
    workshop: Workshop, key: str, before: str, after: str, code: str
) -> None:
    draft = workshop.draft("diagram", key)
    text = workshop.text(draft)
    assert before in text
    workshop.save(draft, 1, text.replace(before, after))
    assert code in codes(workshop, draft)


def test_a_stage_that_the_same_change_adds_to_the_limits_is_known(workshop: Workshop) -> None:
    change = workshop.change()
    diagram = workshop.draft("diagram", "extension", change=change)
    text = workshop.text(diagram)
    workshop.save(diagram, 1, text.replace('"extension_decision"', '"site_visit"'))
    assert "unknown_stage" in codes(workshop, diagram)
    table = workshop.draft("table", "time_limits", change=change)
    limits = workshop.text(table)
    workshop.save(table, 1, limits.replace('"extension_decision"', '"site_visit"'))
    assert "unknown_stage" not in codes(workshop, diagram)


def test_test_rows_are_asked_of_the_draft_of_their_table(workshop: Workshop) -> None:
    change = workshop.change()
    table = workshop.draft("table", "time_limits", change=change)
    limits = workshop.text(table)
    workshop.save(table, 1, limits.replace("<text>5</text>", "<text>4</text>"))
    with workshop.reading() as session:
        found = checking.check_draft(session, drafts.draft(session, table))
    assert [(one.code, one.severity) for one in found] == [("example", "warning")]
    rows = workshop.draft("examples", "time_limits", change=change)
    assert "example" in codes(workshop, rows)
    workshop.save(rows, 1, workshop.text(rows).replace("amount: 5", "amount: 4"))
    with workshop.reading() as session:
        found = checking.check_draft(session, drafts.draft(session, table))
    assert found == ()


@pytest.mark.parametrize("text", ["x", "examples: 3", "examples: [{}]", "a: &a [1]\nexamples: *a"])
def test_test_rows_that_cannot_be_read_are_an_error(workshop: Workshop, text: str) -> None:
    draft = workshop.draft("examples", "time_limits")
    workshop.save(draft, 1, text)
    assert "unreadable" in codes(workshop, draft)


def test_the_key_of_a_document_cannot_be_edited_away(workshop: Workshop) -> None:
    draft = workshop.draft("table", "time_limits")
    workshop.save(draft, 1, workshop.text(draft).replace('id="time_limits"', 'id="other"'))
    assert codes(workshop, draft)

"""A change is weighed beside the office before it is proposed: its scenarios must come out."""

import orjson
import pytest

from app.core import jobs
from app.core.errors import Invalid
from app.design import changes, evidence, trying
from app.jobs import proposing
from tests.design.desk import Workshop

VISIT = (
    '<bpmn:userTask id="site_visit" name="现场核实"><bpmn:extensionElements>'
    '<jieban:role name="unit_handler" /><jieban:form><jieban:field name="seen" type="text" '
    'label="所见" required="true" /></jieban:form></bpmn:extensionElements>'
    "<bpmn:incoming>{0}</bpmn:incoming><bpmn:outgoing>visit_over</bpmn:outgoing></bpmn:userTask>"
    '<bpmn:sequenceFlow id="visit_over" sourceRef="site_visit" targetRef="deciding" />'
)


def propose(workshop: Workshop, change_id: int) -> str:
    """The status of the change once the ticker has weighed it."""
    with workshop.acting() as uow:
        changes.ask_to_propose(uow, change_id)
        changes.ask_to_propose(uow, change_id)  # asked twice, weighed once
    assert proposing.work(workshop.office.sessions, lambda: workshop.office.now) == 1
    assert proposing.work(workshop.office.sessions, lambda: workshop.office.now) == 0
    with workshop.reading() as session:
        return changes.change(session, change_id).status


def test_what_the_checkers_refuse_is_not_tried_first(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = workshop.draft("table", "merge", change=(change := workshop.change()))
    workshop.save(draft, 1, workshop.text(draft).replace("<text>", "<text>(", 1))

    def run_all(*_given: object, **_more: object) -> trying.Report:
        raise AssertionError("the scenarios of the office were run")

    monkeypatch.setattr(trying, "run_all", run_all)
    with pytest.raises(Invalid):
        evidence.weigh(workshop.office.sessions, workshop.office.now, change)


def test_a_change_whose_scenarios_come_out_is_proposed_with_its_evidence(
    workshop: Workshop,
) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "promise", change=change)
    workshop.save(draft, 1, workshop.text(draft).replace('name="申请承诺', 'name="申请办理承诺'))
    assert propose(workshop, change) == "proposed"
    with workshop.reading() as session:
        found = changes.change(session, change)
        trial = orjson.loads(found.evidence)["trial"]
        assert found.proposed_by_name == workshop.name("designer")
    assert trial["run"] > 0
    assert trial["failed"] == []


def test_a_change_whose_scenarios_differ_says_which_and_why(workshop: Workshop) -> None:
    change = workshop.change()
    draft = workshop.draft("diagram", "extension", change=change)
    text = workshop.text(draft)
    flow = "extension_asked_to_deciding"
    rewired = text.replace(
        f'id="{flow}" sourceRef="extension_asked" targetRef="deciding" />',
        f'id="{flow}" sourceRef="extension_asked" targetRef="site_visit" />' + VISIT.format(flow),
    )
    assert rewired != text
    rewired = rewired.replace(
        f"<bpmn:incoming>{flow}</bpmn:incoming>", "<bpmn:incoming>visit_over</bpmn:incoming>", 1
    )
    workshop.save(draft, 1, rewired)
    assert propose(workshop, change) == "open"
    with workshop.reading() as session:
        job = jobs.latest(session, changes.proposal(change))
    assert job is not None
    assert "情景与预期不符" in str(job.last_error)
    assert "scenarios came out otherwise" in str(job.last_error)

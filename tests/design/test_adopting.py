"""Adopting what came of a scenario as what is expected of it."""

from textwrap import dedent

import pytest

from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.design import adopting, comparing_scenarios, drafts, scenario_text, scenarios, trying
from app.design.documents import Document
from app.design.models import Kind
from app.design.scenarios import Scenario
from app.office import DIAGRAMS
from tests.design.desk import Workshop
from tests.design.new_step import with_step
from tests.office import Office

SHIPPED = scenario_text.read((DIAGRAMS / "work_order.scenarios.yaml").read_text(), "work_order")
DRAWN = {
    Document(Kind.DIAGRAM, "work_order"): with_step((DIAGRAMS / "work_order.bpmn").read_text(), "")
}


def scenario(story: str, expect: str = "{}") -> Scenario:
    text = f"scenarios: [{{name: 试, story: {story}, expect: {expect}}}]"
    return scenario_text.read(dedent(text), "test").scenarios[0]


def amended(office: Office, before: Scenario, *, drawn: bool = False) -> Scenario:
    """What adopting makes of it, once it was seen to fail before and to hold afterwards."""
    open_ = trying.opener(office.sessions, office.now, DRAWN if drawn else {})
    assert not scenarios.run("work_order", before, SHIPPED.usual, open_).ok
    after = adopting.amended(before, SHIPPED.usual, open_)
    assert scenarios.run("work_order", after, SHIPPED.usual, open_).difference is None
    return after


def differences(before: Scenario, after: Scenario) -> list[tuple[str, str, str]]:
    return [
        (one.aspect.zh, one.before.zh, one.after.zh)
        for one in comparing_scenarios.of_one(before, after)
    ]


def test_a_new_step_on_the_way_stands_where_the_old_one_was_expected(office: Office) -> None:
    [before] = [one for one in SHIPPED.scenarios if one.name.zh == "逾期未签收，系统自动签收"]
    after = amended(office, before, drawn=True)
    assert differences(before, after) == [
        (
            "预期经过（sign_automatically 之后）",
            "start_handling_clock、first_contact",
            "signed、site_visit",
        ),
        ("预期未完成的环节", "first_contact", "site_visit"),
    ]
    assert after.story == before.story


def test_a_step_that_waits_behind_a_new_one_is_come_to_in_the_usual_way(office: Office) -> None:
    before = scenario(
        "[{register: {}}, {go_on: sign_for}, {do: sign_for}, {do: first_contact}]",
        "{open: [reply]}",
    )
    after = amended(office, before, drawn=True)
    assert [scenario_text.line(one) for one in after.story] == [
        "register: {}",
        "go_on: sign_for",
        "do: sign_for",
        "go_on: first_contact",
        "do: first_contact",
    ]
    assert after.expect == before.expect


def test_of_what_was_expected_what_held_stays_and_the_rest_is_as_it_came(office: Office) -> None:
    before = scenario(
        "[{register: {}}, {go_on: sign_for}, {check: {outcome: closed}}, {wait: 到sign_for红灯}]",
        "{passed: [dispatch, reply, sign_for, sign_for_late], not_passed: [order_leaves, reply],"
        " notices: [dispatched, yellow], lights: {sign_for: green, handling: red},"
        " deadlines: {dispatch: 2020-01-01}, open: [], outcome: dispatched}",
    )
    after = amended(office, before).expect
    assert after.passed[0] == "dispatch"
    assert after.passed[-2:] == ("sign_for", "sign_for_late")
    assert "notify_unit" in after.passed  # what was passed where `reply` was not
    assert after.not_passed == ("order_leaves", "reply")
    assert after.notices == ("dispatched", "sign_for_overdue")
    assert after.lights == {"sign_for": "red"}
    assert after.deadlines == {"dispatch": "2026-03-02"}
    assert (after.open, after.outcome) == (("sign_for",), "dispatched")


def test_a_recorded_scenario_is_expected_exactly_as_it_came(office: Office) -> None:
    open_ = trying.opener(office.sessions, office.now, {})
    before = scenario("[{register: {}}, {go_on: sign_for}, {do: sign_for}]", "{outcome: closed}")
    recorded = adopting.amended(before, SHIPPED.usual, open_)
    with open_(before.begin, SHIPPED.usual) as sandbox:
        for step in before.story:
            scenarios.do_step(sandbox, step)
        was = scenarios.as_it_was(sandbox)
    recorded = Scenario(before.name, before.story, was)
    after = amended(office, recorded, drawn=True)
    assert after.expect.exactly
    assert differences(recorded, after)[0] == (
        "预期经过（work_order/signed 之后）",
        "、".join(
            f"work_order/{name}"
            for name in (
                "start_handling_clock",
                "start_first_contact_clock",
                "to_be_handled",
                "handle",
                "handling_begins",
                "contacted",
                "first_contact",
            )
        ),
        "work_order/site_visit",
    )


@pytest.mark.parametrize(
    ("story", "words"),
    [
        ("[{register: {}}, {do: no_such_step}]", "第 2 步办不成，须先改这个情景的步骤"),
        ("[{register: {}}, {go_on: dispatch}, {do: dispatch, refused: 理由}]", "会被拒绝"),
        ("[{register: {}}, {wait: 到handling红灯}]", "没有“handling”的这个期限"),
    ],
)
def test_a_story_that_does_not_go_so_any_more_is_left_to_its_author(
    office: Office, story: str, words: str
) -> None:
    open_ = trying.opener(office.sessions, office.now, {})
    with pytest.raises(Invalid) as refusal:
        adopting.amended(scenario(story), SHIPPED.usual, open_)
    assert words in refusal.value.phrase.zh
    assert refusal.value.phrase.en


def test_it_takes_the_place_of_the_scenario_in_a_draft_of_the_change(workshop: Workshop) -> None:
    change_id = workshop.change()
    before = SHIPPED.scenarios[1]
    after = Scenario(before.name, before.story[:1], before.expect)
    with workshop.acting() as uow:
        text = adopting.adopt(uow, change_id, "work_order", before, after).content
    read = scenario_text.read(text, "work_order")
    assert [one.name for one in read.scenarios] == [one.name for one in SHIPPED.scenarios]
    assert read.scenarios[1] == after
    assert read.usual == SHIPPED.usual
    with workshop.acting() as uow, pytest.raises(Conflict):
        adopting.adopt(uow, change_id, "work_order", before, after)  # it is another one by now
    with workshop.reading() as session:
        held = drafts.held_by(session, Document(Kind.SCENARIOS, "work_order"))
        assert held is not None
        assert held.change_id == change_id


def test_differences_of_scenarios_are_told_story_by_story() -> None:
    before = (DIAGRAMS / "work_order.scenarios.yaml").read_text()
    read = scenario_text.read(before, "work_order")
    other = scenario("[{register: {}}]")
    after = scenario_text.write(
        scenarios.Document(
            (*read.scenarios[1:], other), {**read.usual, "close": {"closing_reason": "solved"}}
        )
    )
    found = comparing_scenarios.differences(before, after)
    assert [(one.what.value, one.subject, one.aspect.zh) for one in found] == [
        ("added", Phrase("试", "试"), "情景"),
        ("removed", Phrase("按时办结", "Closed in time"), "情景"),
        ("added", Phrase("close", "close"), "通常填写"),
    ]
    assert comparing_scenarios.differences(before, scenario_text.write(read)) == []

"""Services, gateways and events: how often cases passed them, and which way they went."""

import pytest

from app.core.db import reading
from app.core.errors import NotAllowed
from app.core.uow import Actor
from app.design import passages, watching
from app.design.passages import Passage, Passages
from app.design.visits import Selection
from app.engine import ProcessRow
from tests.office import Office

FIGURES_ONLY = Actor(None, "", frozenset({"process_designer"}))
ALL = Selection("work_order")


def counted(office: Office, actor: Actor | None = None) -> Passages:
    with reading(office.sessions) as session:
        return passages.passages(session, ALL, office.now, actor or office.actor("duty"))


def by_id(found: Passages) -> dict[str, Passage]:
    return {one.element.id: one for one in found.elements}


def test_gateways_tell_which_way_the_cases_went(office: Office) -> None:
    office.bring_to("dispatch")
    office.bring_to("dispatch")
    answered = office.register()
    office.do(answered, "answer_or_order", outcome="answered", answer="可以。")
    found = by_id(counted(office))
    gate = found["answered"]
    assert (gate.cases, gate.passed) == (3, 3)
    assert {way.target.id: way.count for way in gate.ways} == {"close_online": 1, "same_matter": 2}
    assert [round(way.share, 2) for way in gate.ways] == [0.33, 0.67]
    assert (found["create_order"].cases, found["close_online"].cases) == (2, 1)
    assert found["answered_online"].passed == 1
    assert found["arrive"].passed == 3
    assert found["notify_unit"].passed == 0
    assert "register" not in found


def test_a_rejected_reply_passes_its_gateway_again(office: Office) -> None:
    case = office.bring_to("approve_reply")
    office.do(case, "approve_reply", approval="rejected", approval_opinion="请补充。")
    office.do(case, "reply")
    office.do(case, "approve_reply")
    again = [one for one in counted(office).elements if one.passed == 2 and one.cases == 1]
    assert again


def test_cases_that_passed_an_element_are_listed_for_who_may_see_them(office: Office) -> None:
    office.bring_to("dispatch")
    answered = office.register()
    office.do(answered, "answer_or_order", outcome="answered", answer="可以。")
    with reading(office.sessions) as session:
        rows, total = passages.cases(session, ALL, "close_online", office.now, office.actor("duty"))
        assert ([demand.id for demand, _order, _at in rows], total) == ([answered], 1)
        with pytest.raises(NotAllowed):
            passages.cases(session, ALL, "close_online", office.now, FIGURES_ONLY)
        assert passages.cases(session, ALL, "arrive", office.now, office.actor("stranger"))[1] == 0


def test_figures_of_a_few_cases_are_kept_from_who_may_not_see_cases(office: Office) -> None:
    for _ in range(watching.SMALL):
        office.bring_to("dispatch")
    answered = office.register()
    office.do(answered, "answer_or_order", outcome="answered", answer="可以。")
    found = by_id(counted(office, FIGURES_ONLY))
    assert found["close_online"].hidden
    assert not found["create_order"].hidden


def test_processes_that_began_before_ways_were_kept_are_told_apart(office: Office) -> None:
    case = office.bring_to("dispatch")
    with office.acting("agent") as uow:
        process_id = office.demand(case).process_id
        uow.session.get_one(ProcessRow, process_id).passed = None
    office.bring_to("dispatch")
    found = counted(office)
    assert (found.counted, found.unknown) == (1, 1)
    assert by_id(found)["create_order"].passed == 1


def test_cases_that_ever_came_to_a_step_are_listed_too(office: Office) -> None:
    case = office.bring_to("reply")
    with reading(office.sessions) as session:
        duty = office.actor("duty")
        assert watching.cases(session, ALL, "dispatch", office.now, duty) == ([], 0)
        rows, total = watching.cases(session, ALL, "dispatch", office.now, duty, ever=True)
    assert ([demand.id for demand, _order, _at in rows], total) == ([case], 1)

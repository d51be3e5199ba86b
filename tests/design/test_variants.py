"""The ways of cases, and what late ones have in common."""

from datetime import datetime

import pytest

from app.core.clock import CHINA
from app.core.db import reading
from app.core.uow import Actor
from app.design import variants
from app.design.variants import Distinction, Ways
from app.design.visits import Selection
from tests.office import Office

FIGURES_ONLY = Actor(None, "", frozenset({"process_designer"}))


def ways(office: Office, *, alone: bool = False) -> Ways:
    actor = FIGURES_ONLY if alone else office.actor("duty")
    with reading(office.sessions) as session:
        return variants.ways(session, Selection("work_order"), office.now, actor)


def names(found: Ways) -> list[list[str]]:
    return [[one.id for one in way.path] for way in found.variants]


def test_ways_are_counted_with_their_share_and_the_common_ones_come_first(office: Office) -> None:
    for number in range(3):
        case = office.bring_to("callback")
        office.do(case, "callback")
        for step in office._main_steps(case):
            office.do(case, step)
        if number == 0:
            other = office.bring_to("approve_reply")
            office.do(other, "approve_reply", approval="rejected", approval_opinion="请补充。")
    found = ways(office)
    assert (found.ended, found.running) == (3, 1)
    assert [one.count for one in found.variants] == [3]
    assert found.variants[0].share == 1
    [path] = names(found)
    assert path[:3] == ["register", "answer_or_order", "dispatch"]
    assert found.variants[0].late == 0


def test_rare_ways_are_not_told_to_who_may_not_see_cases(office: Office) -> None:
    case = office.bring_to("callback")
    office.do(case, "callback")
    for step in office._main_steps(case):
        office.do(case, step)
    assert len(ways(office).variants) == 1
    alone = ways(office, alone=True)
    assert (alone.variants, alone.rest_variants, alone.rest_cases) == ([], 1, 1)


def test_late_cases_are_told_apart_by_what_they_have_in_common(office: Office) -> None:
    for _ in range(6):
        office.bring_to("dispatch", channel="web")
    office.now = datetime(2026, 4, 20, 9, tzinfo=CHINA)
    office.tick()
    for _ in range(6):
        office.register(channel="phone")
    with reading(office.sessions) as session:
        found = {
            (one.aspect, one.value): one
            for one in variants.distinctions(session, Selection("work_order"), office.now)
        }
    web = found["channel", "web"]
    assert (web.cases, web.late, web.share, web.lift) == (6, 6, 1, 2)
    assert web.few
    assert not web.stands_out  # too few to say so
    assert found["channel", "phone"].late == 0
    assert ("category", "noise") not in found  # all are: it tells nothing apart


def test_nothing_is_told_apart_where_no_case_is_late(office: Office) -> None:
    office.register()
    with reading(office.sessions) as session:
        assert variants.distinctions(session, Selection("work_order"), office.now) == []


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = variants.wilson(10, 100)
    assert low == pytest.approx(0.0552, abs=1e-4)
    assert high == pytest.approx(0.1744, abs=1e-4)
    assert variants.wilson(0, 5)[0] == 0
    assert Distinction("unit", "1", 100, 30, 0.1).stands_out
    assert not Distinction("unit", "1", 100, 12, 0.1).stands_out

"""Where cases are and how long they stay, counted by hand."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cases import free_hand
from app.core.clock import CHINA
from app.core.db import make_engine, reading
from app.core.errors import NotAllowed, NotFound
from app.core.uow import Actor
from app.design import variants, visits, watching
from app.design.visits import Selection
from app.design.watching import Figures, HeatMap
from app.worktime.calendars import micros_of
from app.worktime.national import shipped_calendar
from tests.office import Office

HOUR = timedelta(hours=1)
WHY: dict[str, object] = {"reason": "紧急会议决定。", "evidence": "会议纪要〔2026〕3号"}
FIGURES_ONLY = Actor(None, "", frozenset({"process_designer"}))


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


def seen(office: Office, actor: Actor | None = None, **chosen: object) -> HeatMap:
    selection = Selection(**{"key": "work_order", **chosen})  # type: ignore[arg-type]
    with reading(office.sessions) as session:
        return watching.heat_map(session, selection, office.now, actor or office.actor("duty"))


def figures(office: Office, element: str, **chosen: object) -> Figures:
    found = {one.element.id: one for one in seen(office, **chosen).figures}
    return found[element]


def replied(office: Office, opened: datetime, done: datetime, **given: object) -> int:
    """A case whose reply is open from one instant to the other."""
    office.now = opened
    case = office.bring_to("reply", **given)
    office.now = done
    office.do(case, "reply")
    return case


def test_a_weekend_is_no_working_time(office: Office) -> None:
    replied(office, at(3, 6, 17), at(3, 9, 9))  # Friday afternoon to Monday morning
    found = figures(office, "reply")
    assert found.worked is not None
    assert found.natural is not None
    assert found.worked.median == HOUR  # 17:00-17:30 and 8:30-9:00
    assert found.natural.median == 64 * HOUR
    assert (found.passed, found.now, found.cases) == (1, 0, 1)


def test_a_saturday_made_up_for_a_holiday_counts_as_a_working_day(office: Office) -> None:
    replied(office, at(5, 8, 17), at(5, 11, 9))  # Saturday 9 May is worked
    found = figures(office, "reply")
    assert found.worked is not None
    assert found.worked.median == 8 * HOUR


def test_nine_of_ten_visits_were_no_longer_than_the_ninetieth_percentile(office: Office) -> None:
    for minutes in range(10, 110, 10):
        replied(office, at(3, 3, 9), at(3, 3, 9) + timedelta(minutes=minutes))
    found = figures(office, "reply")
    assert found.worked is not None
    assert found.worked.median == timedelta(minutes=50)
    assert found.worked.ninetieth == timedelta(minutes=90)


def test_a_step_done_again_is_told_with_the_time_it_cost(office: Office) -> None:
    case = replied(office, at(3, 3, 9), at(3, 3, 10))
    office.do(case, "approve_reply", approval="rejected", approval_opinion="请补充。")
    office.now = at(3, 3, 11, 30)
    office.do(case, "reply")
    found = figures(office, "reply")
    assert (found.cases, found.passed, found.again) == (1, 2, 1)
    assert found.times == 2
    assert found.again_worked == 1.5 * HOUR


def test_a_visit_is_late_when_a_deadline_passes_meanwhile(office: Office) -> None:
    replied(office, at(3, 3, 9), at(3, 3, 10))
    late = office.bring_to("reply")
    assert figures(office, "reply").late == 0
    office.now = at(4, 20, 9)
    office.tick()
    office.do(late, "reply")
    found = figures(office, "reply")
    assert (found.late, found.passed) == (1, 2)
    assert found.late_share == 0.5
    waiting = figures(office, "approve_reply")
    assert (waiting.late, waiting.now) == (1, 2)  # the first case waits there for good
    office.register()
    assert seen(office, light="red").cases == 2
    assert seen(office, light="green").cases + seen(office, light="yellow").cases == 1


def test_a_call_is_one_visit_with_all_that_happens_inside(office: Office) -> None:
    office.now = at(3, 3, 9)
    case = office.bring_to("callback")
    office.now = at(3, 3, 10)
    office.do(case, "callback")
    inside = figures(office, "callback", key="call_back")
    assert inside.worked is not None
    assert inside.worked.median == HOUR
    [call] = [
        one for one in seen(office).figures
        if one.element.called == "call_back" and one.cases
    ]  # fmt: skip
    assert call.worked is not None
    assert (call.passed, call.worked.median) == (1, HOUR)


def test_what_is_open_now_is_counted_where_it_is(office: Office) -> None:
    first = office.bring_to("reply")
    office.bring_to("dispatch")
    found = {one.element.id: one.now for one in seen(office).figures}
    assert (found["reply"], found["dispatch"], found["sign_for"]) == (1, 1, 0)
    with reading(office.sessions) as session:
        rows, total = watching.cases(
            session, Selection("work_order"), "reply", office.now, office.actor("duty")
        )
        assert ([demand.id for demand, _order, _since in rows], total) == ([first], 1)
        stranger = office.actor("stranger")
        assert watching.cases(session, Selection("work_order"), "reply", office.now, stranger) == (
            [],
            0,
        )
        with pytest.raises(NotAllowed):
            watching.cases(session, Selection("work_order"), "reply", office.now, FIGURES_ONLY)


def test_cases_are_chosen_by_period_unit_category_and_version(office: Office) -> None:
    replied(office, at(3, 3, 9), at(3, 3, 10))
    replied(office, at(3, 5, 9), at(3, 5, 10))
    assert seen(office).cases == 2
    assert seen(office, arrived_before=at(3, 4, 0)).cases == 1
    assert seen(office, arrived_from=at(3, 5, 9), arrived_before=at(3, 5, 9)).cases == 0
    assert seen(office, unit_id=office.unit("urban_management")).cases == 2
    assert seen(office, unit_id=office.unit("water_group")).cases == 0
    assert seen(office, category="noise").cases == 2
    assert seen(office, category="other").cases == 0
    assert seen(office, version=1).cases == 2
    with pytest.raises(NotFound):
        seen(office, version=99)
    with pytest.raises(NotFound):
        seen(office, key="no_such_process")


def test_figures_of_a_few_cases_are_kept_from_who_may_not_see_cases(office: Office) -> None:
    for _ in range(watching.SMALL):
        office.bring_to("dispatch")
    office.bring_to("reply")
    shown = {one.element.id: one.hidden for one in seen(office, FIGURES_ONLY).figures}
    assert shown["reply"]
    assert not shown["dispatch"]
    assert not any(one.hidden for one in seen(office).figures)


def test_the_main_line_adds_up_to_the_working_time_of_the_case(office: Office) -> None:
    office.now = at(3, 6, 16)
    case = office.register()
    for number in range(40):
        waiting = office._main_steps(case)
        if not waiting:
            break
        office.now += timedelta(minutes=37 * (number % 5) + 11)
        office.do(case, waiting[0])
    with reading(office.sessions) as session:
        chosen = Selection("work_order")
        known = visits.ground(session, "work_order")
        [journey] = visits.journeys(session, chosen, known, office.now)
        stays = list(journey.visits)
        calendar = visits.Calendars(session).of(journey.unit_id)
        end = journey.until or micros_of(office.now)
        rests = sum(
            calendar.worked_before(later) - calendar.worked_before(earlier)
            for earlier, later in pairwise(sorted({journey.since, *_edges(stays), end}))
            if not any(one.since <= earlier and (one.until or end) >= later for one in stays)
        )
    assert len(stays) >= 6
    assert sum(one.worked for one in stays) + rests == journey.worked


def _edges(stays: list[visits.Visit]) -> list[int]:
    return [edge for one in stays for edge in (one.since, one.until) if edge is not None]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30)),
        min_size=2,
        max_size=12,
    )
)
def test_the_working_times_of_steps_that_follow_each_other_add_up(
    moments: list[datetime],
) -> None:
    before = shipped_calendar("CN", "H7", 2027).worked_before
    edges = sorted(micros_of(one.replace(tzinfo=CHINA)) for one in moments)
    parts = [before(later) - before(earlier) for earlier, later in pairwise(edges)]
    assert sum(parts) == before(edges[-1]) - before(edges[0])
    assert min(parts) >= 0


@pytest.mark.postgres
def test_postgres_answers_as_sqlite_does(office: Office, postgres_url: str) -> None:
    other = Office(make_engine(postgres_url))
    other.found()
    for one in (office, other):
        replied(one, at(3, 6, 17), at(3, 9, 9))
        one.bring_to("dispatch")
        one.now = at(4, 20, 9)
        one.tick()
    for light in ("", "red", "yellow", "green"):
        assert [_plain(one) for one in seen(office, light=light).figures] == [
            _plain(one) for one in seen(other, light=light).figures
        ]
    other.database.dispose()


def _plain(one: Figures) -> tuple[object, ...]:
    return (one.element.id, one.cases, one.now, one.passed, one.worked, one.natural, one.late)


def test_a_visit_counts_for_the_unit_that_was_in_charge_then(office: Office) -> None:
    office.now = at(3, 3, 9)
    case = office.bring_to("reply")
    office.now = at(3, 4, 9)
    with office.acting("duty") as uow:
        given = {**WHY, "unit": str(office.unit("water_group"))}
        free_hand.reassign(uow, case, given)
    office.now = at(3, 4, 11)
    first, then = office.unit("urban_management"), office.unit("water_group")
    assert seen(office, unit_id=first).cases == seen(office, unit_id=then).cases == 1
    was, came = (
        {one.element.id: (one.now, one.passed, one.called_off) for one in found.figures}
        for found in (seen(office, unit_id=first), seen(office, unit_id=then))
    )
    assert (was["sign_for"], came["sign_for"]) == ((0, 1, 0), (1, 0, 0))
    assert (was["reply"], came["reply"]) == ((0, 0, 1), (0, 0, 0))
    with reading(office.sessions) as session:
        known = visits.ground(session, "work_order")
        [journey] = visits.journeys(session, Selection("work_order"), known, office.now)
    assert {one.unit_id for one in journey.visits if one.element_id == "sign_for"} == {first, then}


def test_an_order_that_became_late_is_put_down_to_the_unit_that_had_it_then(
    office: Office,
) -> None:
    for _ in range(watching.SMALL):
        replied(office, at(3, 3, 9), at(3, 3, 10))
    office.now = at(3, 3, 9)
    late = [office.bring_to("reply") for _ in range(watching.SMALL)]
    office.now = at(4, 20, 9)
    office.tick()
    with office.acting("duty") as uow:
        for case in late:
            free_hand.reassign(uow, case, {**WHY, "unit": str(office.unit("water_group"))})
    with reading(office.sessions) as session:
        found = variants.distinctions(session, Selection("work_order"), office.now)
    units = {one.value: one.late for one in found if one.aspect == "unit"}
    assert str(office.unit("water_group")) not in units

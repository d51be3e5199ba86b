"""Supervised and handled again at the same time: the reopening is proposed by itself."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.cases import closing, in_words, rechecking
from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import OrderStatus
from app.core.db import reading
from app.core.errors import Conflict
from app.core.uow import SYSTEM, unit_of_work
from app.supervision import superior
from tests.office import Office

DAY = date(2026, 3, 2)
ALL_DISSATISFIED = {
    "efficiency": "dissatisfied",
    "attitude": "dissatisfied",
    "result": "dissatisfied",
    "solved": "no",
}


def listed(office: Office, *cases: int, day: date = DAY) -> list[str]:
    """The superior's report of the day lists these orders as dissatisfied; what became of each."""
    with office.acting("inspector") as uow:
        numbers = "\n".join(office.order(case).number for case in cases)
        return [line.result for line in superior.adopt(uow, day, numbers).lines]


def filed(office: Office) -> None:
    """All that is closed is filed away, once its time is up."""
    office.wait(days=100)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert closing.archive(uow) > 0


def proposed(office: Office) -> list[tuple[int, str | None]]:
    """The proposals to reopen: which case, and for which cause."""
    with reading(office.sessions) as session:
        return [
            (one.demand_id, one.cause)
            for one in session.scalars(
                select(Procedure).where(Procedure.kind == "reopening").order_by(Procedure.id)
            )
        ]


def closed(office: Office) -> int:
    case = office.bring_to("close")
    office.do(case, "close")
    return case


def test_a_closed_order_the_superior_lists_is_proposed_and_the_duty_manager_decides(
    office: Office,
) -> None:
    case = closed(office)
    listed(office, case)
    assert proposed(office) == [(case, "supervision:1")]
    assert set(office.waiting(case)) == {"supervision_feedback", "decide_reopening"}
    assert any("提请重开" in line and "列为不满意" in line for line in office.story(case))
    office.do(case, "decide_reopening")
    assert office.order(case).status == OrderStatus.RE_HANDLING
    assert "supervision_feedback" in office.waiting(case)  # supervised while it is handled again


def test_an_order_filed_away_is_proposed_too_and_opened_again(office: Office) -> None:
    case = closed(office)
    filed(office)
    assert listed(office, case, day=date(2026, 8, 1)) == ["proposed"]
    office.do(case, "decide_reopening")
    assert office.order(case).status == OrderStatus.RE_HANDLING
    office.bring_to("close", case)
    office.do(case, "close")
    assert office.order(case).status == OrderStatus.CLOSED


def test_filed_away_a_requester_is_told_to_register_anew_and_an_inspector_may_ask(
    office: Office,
) -> None:
    case = closed(office)
    filed(office)
    asked = {"reopening_ground": "not_done", "reopening_reason": "诉求人再次来电。"}
    with pytest.raises(Conflict, match="register a new demand"):
        office.act(case, "reopening_by_agent", "agent", **asked)
    office.act(case, "reopening_by_inspector", "inspector", **asked)
    assert office.waiting(case) == ["decide_reopening"]


def test_what_the_centre_answered_itself_is_proposed_though_no_unit_can_be_supervised(
    office: Office,
) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="self")
    office.do(case, "answer_self")
    office.bring_to("close", case)
    office.do(case, "close")
    assert listed(office, case) == ["only_proposed"]
    assert office.waiting(case) == ["decide_reopening"]
    with reading(office.sessions) as session:
        [asked] = session.scalars(select(Procedure).where(Procedure.kind == "reopening"))
        cause = in_words.cause_of(asked)
        assert cause is not None
        assert cause.zh == "上级2026-03-02热线日报列为不满意"


def test_what_joined_another_order_is_listed_for_that_one(office: Office) -> None:
    case = closed(office)
    other = office.bring_to("sign_for")
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        uow.session.get_one(Demand, other).merged_into_id = case
    assert listed(office, other) == ["proposed"]
    assert proposed(office) == [(case, "supervision:1")]


def test_a_refused_proposal_leaves_the_supervision_alone(office: Office) -> None:
    case = closed(office)
    listed(office, case)
    office.do(case, "decide_reopening", reopening_verdict="refused")
    assert office.order(case).status == OrderStatus.CLOSED
    assert office.waiting(case) == ["supervision_feedback"]


def test_a_second_cause_while_one_proposal_waits_proposes_nothing_more(office: Office) -> None:
    case = closed(office)
    listed(office, case)
    assert listed(office, case, day=DAY + timedelta(days=1)) == ["waiting"]
    assert len(proposed(office)) == 1


def test_an_order_still_at_its_unit_needs_no_proposal(office: Office) -> None:
    case = office.bring_to("reply")
    listed(office, case)
    office.now += timedelta(hours=1)
    office.bring_to("close", case)
    office.do(case, "close")
    assert proposed(office) == []  # the unit replied after it was listed


def test_what_is_listed_on_its_way_to_closure_is_proposed_once_closed(office: Office) -> None:
    case = office.bring_to("close")
    office.now += timedelta(hours=1)
    listed(office, case)
    assert proposed(office) == []
    office.do(case, "close")
    assert proposed(office) == [(case, "supervision:1")]


def test_what_an_inspector_judged_at_the_callback_is_not_proposed_besides(office: Office) -> None:
    case = office.bring_to("callback")
    office.do(case, "callback", **ALL_DISSATISFIED)
    office.do(case, "judge", judgement="close", judgement_opinion="诉求不合理。")
    office.do(case, "close", closing_reason="unreasonable", closing_note="见核查材料。")
    if "sign_closure" in office.waiting(case):
        office.do(case, "sign_closure")
    assert office.order(case).status == OrderStatus.CLOSED
    assert proposed(office) == []


def test_a_dissatisfied_recheck_is_supervised_and_proposed_once(office: Office) -> None:
    case = closed(office)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert rechecking.draw(uow, office.now.date()) == 1
    office.do(case, "re_check", result="dissatisfied", solved="no")
    assert proposed(office) == [(case, "supervision:1")]

"""What is not accepted, what the requester may hold against it, and orders that no unit handles."""

import pytest
from sqlalchemy import select

from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import OrderStatus
from app.core.db import reading
from app.core.errors import DomainError, Invalid, NotAllowed
from app.core.outbox import OutboxMessage
from tests.office import Office

OBJECTION: dict[str, object] = {"objection_text": "诉讼已撤回，有裁定书。"}


def refused(office: Office, ground: str = "N3", **answers: object) -> int:
    case = office.register(non_acceptance_ground=ground)
    office.do(case, "tell_non_acceptance", **answers)
    return case


def sent(office: Office, template: str) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(select(OutboxMessage.content).where(OutboxMessage.template == template))
        )


# ---- not accepted


def test_a_refused_demand_waits_for_an_objection_without_holding_anybody(office: Office) -> None:
    case = refused(office)
    demand = office.demand(case)
    assert demand.status == DemandStatus.NOT_ACCEPTED
    assert demand.closed_at == office.now
    assert office.waiting(case) == []
    assert office.last_day(office.clock(case, "non_acceptance_objection")) == "2026-03-09"
    office.wait(days=9)
    assert any("维持不予受理" in line for line in office.story(case))
    assert office.clock(case, "non_acceptance_objection").stopped_at is not None
    assert sent(office, "refusal_confirmed") == []
    assert "objection_raised" not in {act.element.id for act in office.acts(case, "agent")}


def test_a_right_objection_brings_the_demand_back_into_acceptance(office: Office) -> None:
    case = refused(office)
    office.act(case, "objection_raised", "agent", **OBJECTION)
    assert office.waiting(case) == ["decide_objection"]
    office.do(case, "decide_objection")
    assert office.waiting(case) == ["answer_or_order"]
    demand = office.demand(case)
    assert (demand.status, demand.closed_at) == (DemandStatus.ACCEPTED, None)
    assert len(sent(office, "accepted_after_all")) == 1
    office.bring_to("close", case)


def test_a_wrong_objection_is_the_only_one(office: Office) -> None:
    case = refused(office)
    office.act(case, "objection_raised", "agent", **OBJECTION)
    office.do(case, "decide_objection", objection_verdict="refused")
    assert office.demand(case).status == DemandStatus.NOT_ACCEPTED
    assert office.waiting(case) == []
    assert len(sent(office, "refusal_confirmed")) == 1
    assert "objection_raised" not in {act.element.id for act in office.acts(case, "agent")}


def test_an_objection_is_decided_by_a_second_person(office: Office) -> None:
    case = office.register(non_acceptance_ground="N3")
    office.do(case, "tell_non_acceptance", by="duty")
    office.act(case, "objection_raised", "agent", **OBJECTION)
    with pytest.raises(NotAllowed, match="somebody else"):
        office.do(case, "decide_objection", by="duty")
    with pytest.raises(NotAllowed):
        office.do(case, "decide_objection", by="agent")
    office.do(case, "decide_objection")


def test_a_decision_on_an_objection_that_waits_is_urged(office: Office) -> None:
    case = refused(office)
    office.act(case, "objection_raised", "agent", **OBJECTION)
    office.wait(days=4)
    assert len(sent(office, "objection_waiting")) == 1
    assert office.waiting(case) == ["decide_objection"]


def test_what_belongs_to_an_emergency_line_leaves_no_objection(office: Office) -> None:
    case = refused(office, "N2")
    assert office.waiting(case) == []
    assert "objection_raised" not in {act.element.id for act in office.acts(case, "agent")}
    assert any("维持不予受理" in line for line in office.story(case))


def returned_as_none_of_ours(office: Office) -> int:
    case = office.bring_to("sign_for")
    office.act(
        case,
        "return_before_signing",
        "liaison",
        reason_code="R08",
        return_statement="已进入行政复议。",
        return_basis="行政复议法第十一条",
    )
    office.do(case, "decide_return_request", return_verdict="non_acceptance")
    return case


def test_a_returned_order_that_is_not_accepted_names_its_ground(office: Office) -> None:
    case = returned_as_none_of_ours(office)
    assert office.waiting(case) == ["tell_non_acceptance"]
    with pytest.raises(Invalid) as refusal:
        office.do(case, "tell_non_acceptance")
    assert set(refusal.value.fields) == {"told_ground"}
    office.do(case, "tell_non_acceptance", told_ground="N3")
    assert office.order(case).status == OrderStatus.PENDING_CLOSURE
    office.wait(days=9)
    assert office.waiting(case) == ["close"]
    office.do(case, "close", closing_reason="explained")
    assert office.order(case).status == OrderStatus.CLOSED
    assert office.order(case).published is False
    assert office.demand(case).status == DemandStatus.NOT_ACCEPTED


def test_a_returned_order_that_is_accepted_after_all_is_dispatched_anew(office: Office) -> None:
    case = returned_as_none_of_ours(office)
    office.do(case, "tell_non_acceptance", told_ground="N3")
    office.act(case, "objection_raised", "agent", **OBJECTION)
    office.do(case, "decide_objection")
    assert office.waiting(case) == ["dispatch"]
    assert office.order(case).status == OrderStatus.PENDING_DISPATCH
    assert office.demand(case).status == DemandStatus.ORDERED


# ---- told of the acceptance


def test_the_acceptance_is_told_with_number_code_and_promised_date(office: Office) -> None:
    case = office.register()
    [told] = sent(office, "accepted")
    demand = office.demand(case)
    assert demand.number in told
    assert demand.query_code in told
    assert "2026-03-23 24:00" in told
    office.bring_to("dispatch", case)
    assert office.last_day(office.clock(case, "total")) == "2026-03-23"
    assert all(demand.query_code not in line for line in office.story(case))


# ---- no unit


def test_the_centre_answers_itself_and_asks_the_requester(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="self", lead_unit="")
    assert office.waiting(case) == ["answer_self"]
    office.do(case, "answer_self")
    assert office.waiting(case) == ["callback"]
    office.bring_to("close", case)
    office.do(case, "close", closing_reason="explained")
    order = office.order(case)
    assert (order.status, order.dispatch_mode, order.lead_unit_id) == ("closed", "self", None)


def test_what_the_centre_answered_badly_it_answers_again(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="self", lead_unit="")
    office.do(case, "answer_self")
    office.do(case, "callback", result="dissatisfied")
    office.do(case, "judge")
    assert office.waiting(case) == ["answer_self"]
    assert office.clock(case, "handling").stopped_at is None
    office.do(case, "answer_self")
    assert office.clock(case, "handling").stopped_at == office.now
    assert office.waiting(case) == ["callback"]


def test_what_the_centre_answered_is_reopened_in_the_centre(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="self", lead_unit="")
    office.bring_to("close", case)
    office.do(case, "close")
    office.act(
        case,
        "reopening_by_agent",
        "agent",
        reopening_ground="new_facts",
        reopening_reason="有新的材料。",
    )
    office.do(case, "decide_reopening")
    assert office.waiting(case) == ["answer_self"]


def test_a_referred_order_is_closed_once_the_answer_is_recorded(office: Office) -> None:
    case = office.bring_to("dispatch")
    with pytest.raises(Invalid) as refusal:
        office.do(case, "dispatch", dispatch_mode="refer", lead_unit="")
    assert set(refusal.value.fields) == {"referred_to"}
    office.do(case, "dispatch", dispatch_mode="refer", lead_unit="", referred_to="邻市热线")
    assert office.waiting(case) == []
    assert "邻市热线" in sent(office, "referred")[0]
    assert all("邻市热线" not in line for line in office.story(case))
    with pytest.raises((DomainError, AssertionError)):
        office.act(case, "referral_answered", "liaison", referral_answer="已办。")
    office.act(
        case,
        "referral_answered",
        "dispatcher",
        referral_answer="邻市已处理。",
        referral_answer_number="临热〔2026〕8号",
    )
    assert office.waiting(case) == ["close"]
    assert office.order(case).referral_number == "临热〔2026〕8号"


def test_a_referral_without_an_answer_ends_with_the_total_limit(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="refer", lead_unit="", referred_to="邻市热线")
    due = office.clock(case, "total").due_at
    assert due is not None
    office.wait_until(due)
    assert office.waiting(case) == []
    office.wait(seconds=1)
    assert office.waiting(case) == ["close"]
    assert office.order(case).replied_at is None

"""Where the facts of the triggers come from: what happens to orders, by the real commands."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.cases import steps
from app.cases.orders import take
from app.core import facts
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict
from app.supervision.models import SupervisionCause, SupervisionLetter
from tests.office import Office

RETURN: dict[str, object] = {
    "reason_code": "R02",
    "return_statement": "不属本单位职责。",
    "return_basis": "三定方案第三条",
}
INSTRUCTION: dict[str, object] = {"instruction_text": "请速办。"}


def fired(office: Office, case: int) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(SupervisionCause.trigger)
                .where(SupervisionCause.demand_id == case)
                .order_by(SupervisionCause.id)
            )
        )


def numbers(office: Office) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(select(SupervisionLetter.number).order_by(SupervisionLetter.id))
        )


def tell(office: Office, case: int, kind: str, **told: int) -> None:
    with office.acting("agent") as uow:
        take(uow, case)
        facts.happened(uow, kind, case, at=office.now, **told)


def test_an_urgent_order_nobody_signs_for_is_buck_passing(office: Office) -> None:
    case = office.bring_to("sign_for", urgency="urgent")
    office.wait(days=2)
    assert fired(office, case)[0] == "buck_passing"


def test_an_ordinary_order_nobody_signs_for_is_not(office: Office) -> None:
    case = office.bring_to("sign_for")
    office.wait_until(office.now + timedelta(days=4))
    assert "buck_passing" not in fired(office, case)


def test_two_units_that_send_an_order_back_pass_the_buck(office: Office) -> None:
    case = office.bring_to("sign_for")
    water = office.unit("water_group")
    office.act(case, "return_before_signing", "liaison", **RETURN, suggested_unit=water)
    office.do(
        case,
        "decide_return_request",
        "dispatcher",
        return_verdict="other_unit",
        new_lead_unit=water,
        return_opinion="改派水务集团。",
    )
    assert fired(office, case) == []
    office.act(
        case,
        "return_before_signing",
        "stranger",
        **RETURN,
        suggested_unit=office.unit("urban_management"),
    )
    assert fired(office, case) == ["buck_passing"]


def test_a_second_reply_that_is_sent_back_is_a_poor_reply(office: Office) -> None:
    case = office.bring_to("review_reply")
    rejected = {"review": "rejected", "review_opinion": "未附照片。"}
    office.do(case, "review_reply", **rejected)
    assert fired(office, case) == []
    for element in ("reply", "approve_reply"):
        office.do(case, element)
    office.do(case, "review_reply", **rejected)
    assert fired(office, case) == ["poor_reply"]


@pytest.mark.parametrize("times", [2, 3, 4])
def test_the_third_complaint_of_one_matter_is_supervised(office: Office, times: int) -> None:
    case = office.bring_to("reply")
    tell(office, case, "repeat_complaint", matter=case, order_of=case, times=times)
    assert fired(office, case) == (["repeat_complaint"] if times >= 3 else [])


def test_the_same_cause_fires_once_however_often_it_is_told(office: Office) -> None:
    case = office.bring_to("reply")
    for _ in range(2):
        tell(office, case, "repeat_complaint", matter=case, order_of=case, times=3)
    assert fired(office, case) == ["repeat_complaint"]
    tell(office, case, "repeat_complaint", matter=case, order_of=case, times=4)
    assert fired(office, case) == ["repeat_complaint", "repeat_complaint"]
    assert len(numbers(office)) == 1  # the fourth joins the open supervision: no graver rung


def test_a_repeat_without_an_order_supervises_the_order_the_matter_had(office: Office) -> None:
    answered = office.bring_to("close")
    office.do(answered, "close")
    again = office.register()
    tell(office, again, "repeat_complaint", matter=answered, order_of=again, times=3)
    assert (fired(office, answered), fired(office, again)) == (["repeat_complaint"], [])


@pytest.mark.parametrize("dissatisfied", [True, False])
def test_only_a_dissatisfied_recheck_is_supervised(office: Office, dissatisfied: bool) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    tell(office, case, "rechecked", procedure=1, dissatisfied=dissatisfied)
    assert fired(office, case) == (["recheck_dissatisfied"] if dissatisfied else [])


def test_still_dissatisfied_after_being_handled_again_is_a_cause_of_its_own(
    office: Office,
) -> None:
    case = office.bring_to("callback")
    for _ in range(2):
        office.do(case, "callback", result="dissatisfied", solved="no")
        if "judge" in office.waiting(case) and not fired(office, case):
            office.do(case, "judge")
            office.bring_to("callback", case)
    assert fired(office, case) == ["still_dissatisfied"]


def test_two_who_answer_at_once_the_second_reads_who_was_first(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    task = office.task(case, "supervision_feedback")
    given = {"feedback_result": "resolved", "feedback_text": "已处理。"}
    with office.acting("approver") as uow:
        steps.complete(uow, task, given)
    with pytest.raises(Conflict) as refusal, office.acting("approver") as uow:
        steps.complete(uow, task, given)
    assert "已由褚审核" in refusal.value.phrase.zh


def test_numbers_run_on_within_a_year_and_begin_anew_with_the_next(office: Office) -> None:
    for _ in range(2):
        case = office.bring_to("reply")
        office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    assert numbers(office) == ["DB〔2026〕1号", "DB〔2026〕2号"]
    for case in (1, 2):
        office.act(case, "supervision_withdrawn", "inspector", withdrawal_reason="已办。")
    office.wait_until(datetime(2027, 1, 4, 9, tzinfo=CHINA), ticking=False)
    case = office.bring_to("reply")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    assert numbers(office)[-1] == "DB〔2027〕1号"

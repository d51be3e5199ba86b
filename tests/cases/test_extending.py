"""Extension: who may ask when, who decides, and what becomes of the one deadline."""

import pytest
from sqlalchemy import select

from app.cases import acts
from app.cases.models.procedure import Procedure
from app.cases.orders import find
from app.cases.procedures import procedures_of
from app.core.db import reading
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed
from app.core.outbox import OutboxMessage
from tests.office import Office

ASKED: dict[str, object] = {
    "days": "3",
    "ground": "complex",
    "extension_reason": "须与住建、生态环境部门联合检测。",
    "legal_basis": "市热线管理办法第二十条",
}


def ask(office: Office, case: int, **answers: object) -> None:
    office.act(case, "extension_asked", "liaison", **(ASKED | answers))


def outcomes(office: Office, case: int) -> list[str | None]:
    with reading(office.sessions) as session:
        return [procedure.outcome for procedure in procedures_of(session, case, "extension")]


def messages(office: Office, template: str) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(OutboxMessage.recipient).where(OutboxMessage.template == template)
            )
        )


def test_an_approved_extension_moves_the_one_deadline_and_tells_both_sides(office: Office) -> None:
    case = office.bring_to("reply")
    assert office.last_day(office.clock(case, "handling")) == "2026-03-09"
    ask(office, case)
    office.do(case, "decide_extension")
    assert office.last_day(office.clock(case, "handling")) == "2026-03-12"
    assert outcomes(office, case) == ["approved"]
    assert messages(office, "extension_told") == ["13800001234"]
    assert len(messages(office, "extension_granted")) == 1
    assert office.waiting(case) == ["reply"]


def test_the_lights_burn_again_before_the_new_deadline(office: Office) -> None:
    case = office.bring_to("reply")
    ask(office, case)
    office.wait(days=7, hours=1)  # the morning of the last day: yellow
    before = len(messages(office, "yellow"))
    office.do(case, "decide_extension")
    office.wait(days=3)  # the morning of the new last day
    assert (before, len(messages(office, "yellow"))) == (2, 4)


def test_refused_leaves_the_limit_and_takes_a_reason(office: Office) -> None:
    case = office.bring_to("reply")
    ask(office, case)
    with pytest.raises(Invalid) as refusal:
        office.do(case, "decide_extension", extension_verdict="refused")
    assert refusal.value.fields["extension_opinion"].zh == "请写明理由。"
    office.do(
        case, "decide_extension", extension_verdict="refused", extension_opinion="事由不充分。"
    )
    assert office.last_day(office.clock(case, "handling")) == "2026-03-09"
    assert outcomes(office, case) == ["refused"]


def test_fewer_days_may_be_granted_but_not_more(office: Office) -> None:
    case = office.bring_to("reply")
    ask(office, case)
    with pytest.raises(Invalid):
        office.do(case, "decide_extension", days_granted="4")
    office.do(case, "decide_extension", days_granted="2")
    assert office.last_day(office.clock(case, "handling")) == "2026-03-11"


def test_the_second_is_the_leaders_and_the_third_is_refused_at_once(office: Office) -> None:
    case = office.bring_to("reply")
    ask(office, case)
    office.do(case, "decide_extension")
    ask(office, case, days="2")
    assert "decide_second_extension" in office.waiting(case)
    with pytest.raises(NotAllowed):
        office.do(case, "decide_second_extension", by="dispatcher")
    office.do(case, "decide_second_extension")
    with pytest.raises(Invalid) as refusal:
        ask(office, case, days="1")
    assert "已延期两次" in refusal.value.phrase.zh
    assert outcomes(office, case) == ["approved", "approved"]


@pytest.mark.parametrize(
    ("given", "answers", "says"),
    [
        ({"nature": "consultation"}, {"days": "1"}, "咨询件不予延期"),
        ({"urgency": "urgent"}, {"days": "1"}, "紧急和特急件不予延期"),
        ({}, {"days": "11"}, "不能超过 10 天"),
        ({}, {"days": "6"}, "不能超过原时限"),
    ],
)
def test_what_the_table_does_not_admit_is_refused_with_its_reason(
    office: Office, given: dict[str, object], answers: dict[str, object], says: str
) -> None:
    case = office.bring_to("reply", **given)
    with pytest.raises(Invalid) as refusal:
        ask(office, case, **answers)
    assert says in refusal.value.phrase.zh
    assert outcomes(office, case) == []


def test_on_the_last_day_it_is_too_late_to_ask(office: Office) -> None:
    case = office.bring_to("reply")
    office.wait(days=7)
    with pytest.raises(Invalid) as refusal:
        ask(office, case)
    assert "须在到期前 1 天以上提出" in refusal.value.phrase.zh


def test_a_request_decided_after_the_deadline_can_only_be_refused(office: Office) -> None:
    case = office.bring_to("reply")
    ask(office, case)
    office.wait(days=9)
    with pytest.raises(Invalid) as refusal:
        office.do(case, "decide_extension")
    assert "期限已过" in refusal.value.phrase.zh
    assert len(messages(office, "extension_waiting")) == 1


def test_one_request_at_a_time_and_the_unit_may_withdraw_it(office: Office) -> None:
    case = office.bring_to("reply")
    ask(office, case)
    with pytest.raises(Conflict) as refusal:
        ask(office, case)
    assert refusal.value.phrase.zh == "已有一件延期申请待审批。"
    office.act(case, "extension_withdrawn", "liaison")
    assert outcomes(office, case) == ["withdrawn"]
    ask(office, case)


def test_only_the_liaison_of_the_unit_in_charge_may_ask(office: Office) -> None:
    case = office.bring_to("reply")
    key = office.act_key(case, "extension_asked", "liaison")
    for login in ("stranger", "handler", "dispatcher"):
        assert key not in [act.key for act in office.acts(case, login)]
        with pytest.raises(DomainError), office.acting(login) as uow:
            acts.act(uow, case, key, ASKED)


def test_a_request_lapses_when_the_order_leaves_the_unit(office: Office) -> None:
    case = office.bring_to("reply")
    ask(office, case)
    for step in ("reply", "approve_reply", "review_reply"):
        office.do(case, step)
    assert outcomes(office, case) == ["void"]
    with reading(office.sessions) as session:
        assert find(session, case).demand.status == "ordered"
        assert session.scalar(select(Procedure.closed_at)) == office.now


def test_before_it_is_signed_for_there_is_nothing_to_extend(office: Office) -> None:
    case = office.bring_to("sign_for")
    with pytest.raises(Conflict) as refusal:
        ask(office, case)
    assert "办理中的工单" in refusal.value.phrase.zh

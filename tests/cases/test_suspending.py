"""Suspension: an order rests with its clocks, is looked at again, and goes on."""

from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from app import engine
from app.cases import attachments, queries, steps
from app.cases.models.suspension import Suspension
from app.cases.procedures import procedures_of
from app.cases.suspending import pending
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.files import FileStore
from app.core.outbox import OutboxMessage
from tests.office import Office

ASKED: dict[str, object] = {
    "suspension_ground": "season",
    "suspension_reason": "沥青摊铺须待气温回升。",
    "review_on": "2026-04-20",
}


def paper(office: Office, folder: Path) -> str:
    with office.acting("liaison") as uow:
        received = attachments.receive(FileStore(folder), "计划.txt", BytesIO("计划".encode()))
        return str(attachments.keep(uow, received).id)


def ask(office: Office, case: int, folder: Path, **answers: object) -> None:
    given = ASKED | {"suspension_papers": [paper(office, folder)]} | answers
    office.act(case, "suspension_asked", "liaison", **given)


def suspended(office: Office, folder: Path, **answers: object) -> int:
    """A case whose order rests since Monday morning."""
    case = office.bring_to("reply")
    ask(office, case, folder, **answers)
    office.do(case, next(one for one in office.waiting(case) if one.startswith("decide_")))
    return case


def outcomes(office: Office, case: int) -> list[str | None]:
    with reading(office.sessions) as session:
        return [one.outcome for one in procedures_of(session, case, "suspension")]


def suspension(office: Office) -> Suspension:
    with reading(office.sessions) as session:
        return session.scalars(select(Suspension)).one()


def told(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        found = select(OutboxMessage.recipient).where(OutboxMessage.template == template)
        return len(session.scalars(found).all())


def test_an_approved_order_rests_with_its_clocks_and_stands_in_the_register(
    office: Office, tmp_path: Path
) -> None:
    case = suspended(office, tmp_path)
    assert office.order(case).status == "suspended"
    assert office.order(case).closed_at is None
    for name in ("handling", "total"):
        assert office.clock(case, name).paused_at == office.now
    assert office.clock(case, "suspension_decision").stopped_at == office.now
    with reading(office.sessions) as session:
        (line,) = pending(session)
        assert line.order.demand_id == case
        assert pending(session, office.unit("water_group")) == []
        assert pending(session, ground="budget") == []
    assert (told(office, "suspended"), told(office, "suspension_told")) == (1, 1)
    office.wait(days=30)
    assert not office.order(case).overdue
    assert told(office, "yellow") == 0


def test_what_rests_stands_below_what_has_to_be_done(office: Office, tmp_path: Path) -> None:
    case = suspended(office, tmp_path)
    later = office.bring_to("reply")
    with reading(office.sessions) as session:
        lines = queries.worklist(session, office.actor("handler"), office.now).items
    assert [line.demand.id for line in lines] == [later, case]


def test_on_the_day_of_review_it_goes_on_with_what_was_left(office: Office, tmp_path: Path) -> None:
    case = suspended(office, tmp_path)
    assert office.last_day(office.clock(case, "handling")) == "2026-03-09"
    office.wait(days=49)
    assert office.now.astimezone(CHINA).date().isoformat() == "2026-04-20"
    office.do(case, "review_suspension")
    assert outcomes(office, case) == ["resumed"]
    assert office.order(case).status == "handling"
    assert office.clock(case, "handling").paused_at is None
    assert office.last_day(office.clock(case, "handling")) == "2026-04-27"  # five working days
    assert (told(office, "handling_goes_on"), told(office, "suspension_over")) == (1, 1)
    assert office.waiting(case) == ["reply"]


def test_the_unit_says_that_the_condition_is_met_before_the_day(
    office: Office, tmp_path: Path
) -> None:
    case = suspended(office, tmp_path)
    office.wait(days=7)
    office.act(case, "condition_met", "liaison", condition_note="气温提前回升。")
    assert office.waiting(case) == ["reply", "review_suspension"]
    office.do(case, "review_suspension")
    assert outcomes(office, case) == ["resumed"]


def test_what_was_late_when_it_was_suspended_is_urged_again_only_in_time_that_counts(
    office: Office, tmp_path: Path
) -> None:
    case = office.bring_to("reply")  # due on Monday the 9th, 24:00
    ask(office, case, tmp_path)
    office.wait_until(datetime(2026, 3, 11, 10, tzinfo=CHINA))
    assert told(office, "overdue_1")
    assert not told(office, "overdue_2")
    office.do(case, "decide_suspension")
    office.wait_until(datetime(2026, 3, 30, 10, tzinfo=CHINA))
    office.act(case, "condition_met", "liaison", condition_note="已升温。")
    office.do(case, "review_suspension")
    # Two of five working days had passed; the others are 31 March, 1 and 2 April.
    office.wait_until(datetime(2026, 4, 2, 23, tzinfo=CHINA))
    assert not told(office, "overdue_2")
    office.wait_until(datetime(2026, 4, 3, 1, tzinfo=CHINA))
    assert told(office, "overdue_2")


def test_a_condition_that_is_not_met_lets_it_rest_on_until_the_next_review(
    office: Office, tmp_path: Path
) -> None:
    case = suspended(office, tmp_path)
    office.wait(days=49)
    office.do(case, "review_suspension", condition_met="false", next_review_on="2026-05-06")
    assert outcomes(office, case) == [None]
    assert suspension(office).renewals == 1
    assert told(office, "suspension_renewed") == 1
    assert office.waiting(case) == ["reply"]
    office.wait(days=16)
    assert office.waiting(case) == ["reply", "review_suspension"]


def test_the_next_review_comes_after_a_month_when_no_day_is_named(
    office: Office, tmp_path: Path
) -> None:
    case = suspended(office, tmp_path, review_on="2026-03-31")
    office.wait(days=29)
    office.do(case, "review_suspension", condition_met="false")
    assert suspension(office).review_on.isoformat() == "2026-04-30"


def test_after_the_longest_time_it_goes_on_all_the_same_and_the_leader_is_told(
    office: Office, tmp_path: Path
) -> None:
    case = suspended(office, tmp_path, review_on="2026-09-02")
    office.wait(days=184)
    office.do(case, "review_suspension", condition_met="false")
    assert outcomes(office, case) == ["resumed"]
    assert office.order(case).status == "handling"
    with reading(office.sessions) as session:
        told_leader = select(OutboxMessage.recipient).where(
            OutboxMessage.template == "suspension_too_long"
        )
        assert len(session.scalars(told_leader).all()) == 1


def test_a_condition_without_a_day_is_reviewed_each_month(office: Office, tmp_path: Path) -> None:
    suspended(office, tmp_path, review_on="", suspension_condition="管线迁改完成")
    assert suspension(office).review_on.isoformat() == "2026-04-02"


def test_engineering_and_budget_are_the_leaders_to_decide(office: Office, tmp_path: Path) -> None:
    case = office.bring_to("reply")
    ask(office, case, tmp_path, suspension_ground="budget")
    with pytest.raises(NotAllowed):
        office.do(case, "decide_suspension_as_leader", by="dispatcher")
    office.do(case, "decide_suspension_as_leader")
    assert office.order(case).status == "suspended"


@pytest.mark.parametrize(
    ("given", "answers", "field", "says"),
    [
        ({}, {"suspension_ground": "other"}, "suspension_ground", "只有受季节、工程、经费限制"),
        ({}, {"suspension_papers": []}, "suspension_papers", "请附书面材料"),
        ({}, {"review_on": ""}, "review_on", "请写明复核日期或恢复办理的条件"),
        ({}, {"review_on": "2026-10-01"}, "review_on", "挂账时间过长"),
        ({}, {"review_on": "2026-03-02"}, "review_on", "须在今天之后"),
        ({"urgency": "urgent"}, {}, "review_on", "紧急和特急件不得挂账"),
    ],
)
def test_what_the_table_does_not_admit_is_refused_with_its_reason(
    office: Office,
    tmp_path: Path,
    given: dict[str, object],
    answers: dict[str, object],
    field: str,
    says: str,
) -> None:
    case = office.bring_to("reply", None, **given)
    with pytest.raises(Invalid) as refusal:
        ask(office, case, tmp_path, **answers)
    assert says in refusal.value.phrase.zh
    assert field in refusal.value.fields
    assert outcomes(office, case) == []


def test_refused_leaves_everything_as_it_was_and_takes_a_reason(
    office: Office, tmp_path: Path
) -> None:
    case = office.bring_to("reply")
    ask(office, case, tmp_path)
    with pytest.raises(Invalid) as refusal:
        office.do(case, "decide_suspension", suspension_verdict="refused")
    assert "suspension_opinion" in refusal.value.fields
    office.do(
        case, "decide_suspension", suspension_verdict="refused", suspension_opinion="可采用冷补料。"
    )
    assert outcomes(office, case) == ["refused"]
    assert office.order(case).status == "handling"
    assert told(office, "suspension_refused") == 1


def test_of_two_who_decide_the_second_is_told_who_was_first(office: Office, tmp_path: Path) -> None:
    case = office.bring_to("reply")
    ask(office, case, tmp_path)
    task = office.task(case, "decide_suspension")
    office.do(case, "decide_suspension")
    with pytest.raises(Conflict) as late, office.acting("duty") as uow:
        steps.complete(uow, task, {"suspension_verdict": "approved"})
    assert "已由吴值班" in late.value.phrase.zh


def test_the_clocks_run_on_while_the_request_waits_and_the_decision_is_urged(
    office: Office, tmp_path: Path
) -> None:
    case = office.bring_to("reply")
    ask(office, case, tmp_path)
    office.wait(days=3)
    assert told(office, "suspension_waiting") == 1
    assert office.clock(case, "handling").paused_at is None


def test_one_request_at_a_time_and_the_unit_may_withdraw_it(office: Office, tmp_path: Path) -> None:
    case = office.bring_to("reply")
    ask(office, case, tmp_path)
    with pytest.raises(Conflict) as refusal:
        ask(office, case, tmp_path)
    assert "已申请挂账" in refusal.value.phrase.zh
    office.act(case, "suspension_withdrawn", "liaison")
    assert outcomes(office, case) == ["withdrawn"]
    ask(office, case, tmp_path)


def test_only_an_order_that_is_being_handled_can_rest(office: Office, tmp_path: Path) -> None:
    case = office.bring_to("first_contact")
    with pytest.raises(Conflict) as refusal:
        ask(office, case, tmp_path)
    assert "先行联系之后" in refusal.value.phrase.zh
    for login in ("stranger", "handler", "dispatcher"):
        offered = [act.element.id for act in office.acts(case, login)]
        assert "suspension_asked" not in offered


def test_a_reply_lets_the_order_go_on_first(office: Office, tmp_path: Path) -> None:
    case = suspended(office, tmp_path)
    office.wait(days=30)
    office.do(case, "reply")
    assert outcomes(office, case) == ["ended"]
    assert office.order(case).status == "in_approval"
    assert office.clock(case, "handling").paused_at is None
    office.do(case, "approve_reply")
    assert office.order(case).replied_at == office.now
    assert suspension(office).resumed_at == office.now


def test_a_reply_while_the_request_waits_makes_it_void(office: Office, tmp_path: Path) -> None:
    case = office.bring_to("reply")
    ask(office, case, tmp_path)
    office.do(case, "reply")
    with pytest.raises(Invalid) as refusal:
        office.do(case, "decide_suspension")
    assert "不能再挂账" in refusal.value.phrase.zh
    office.do(case, "approve_reply")
    office.do(case, "review_reply")
    assert outcomes(office, case) == ["void"]


def test_a_return_lets_the_order_go_on_first(office: Office, tmp_path: Path) -> None:
    case = suspended(office, tmp_path)
    office.act(
        case,
        "return_after_signing",
        "liaison",
        reason_code="R01",
        return_statement="属水务集团职责。",
        return_basis="三定方案第四条",
        suggested_unit=str(office.unit("water_group")),
    )
    assert outcomes(office, case) == ["ended"]
    assert office.clock(case, "handling").paused_at is None


@pytest.mark.parametrize("signal", ["order_left_unit", "order_closed"])
def test_a_rest_ends_when_the_order_leaves_or_is_closed(
    office: Office, tmp_path: Path, signal: str
) -> None:
    case = suspended(office, tmp_path)
    throw(office, case, signal)
    assert outcomes(office, case) == ["ended"]
    assert suspension(office).resumed_at == office.now


def test_a_request_lapses_when_the_order_is_closed(office: Office, tmp_path: Path) -> None:
    case = office.bring_to("reply")
    ask(office, case, tmp_path)
    throw(office, case, "order_closed")
    assert outcomes(office, case) == ["void"]


def throw(office: Office, case: int, signal: str) -> None:
    with reading(office.sessions) as session:
        (procedure,) = procedures_of(session, case, "suspension")
    assert procedure.process_id is not None
    with office.acting("duty") as uow:
        engine.signal(uow, procedure.process_id, signal)

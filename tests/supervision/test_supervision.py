"""Supervision: what fires, the ladder with its clocks and letters, and how it ends."""

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from app.cases import free_hand, steps
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import OrderStatus
from app.cases.orders import find
from app.core.db import reading
from app.core.errors import Conflict, DomainError, Invalid
from app.core.outbox import OutboxMessage
from app.core.uow import SYSTEM, unit_of_work
from app.supervision import triggers, watching
from app.supervision.models import SupervisionCase, SupervisionCause, SupervisionLetter
from tests.office import Office

ALL_DISSATISFIED = {
    "efficiency": "dissatisfied",
    "attitude": "dissatisfied",
    "result": "dissatisfied",
    "solved": "no",
}
INSTRUCTION: dict[str, object] = {
    "instruction_text": "请速办并报结果。",
    "instruction_number": "批1号",
}
RECORDED = INSTRUCTION | {"special_ground": "leader_instructed"}
FEEDBACK: dict[str, object] = {"feedback_result": "resolved", "feedback_text": "已到现场处理。"}


def causes(office: Office, case: int) -> list[tuple[str, str, str]]:
    with reading(office.sessions) as session:
        rows = session.scalars(
            select(SupervisionCause)
            .where(SupervisionCause.demand_id == case)
            .order_by(SupervisionCause.id)
        )
        return [(one.trigger, one.rung, one.timing) for one in rows]


def letters(office: Office) -> list[SupervisionLetter]:
    with reading(office.sessions) as session:
        return list(session.scalars(select(SupervisionLetter).order_by(SupervisionLetter.id)))


def outcomes(office: Office, case: int) -> list[str | None]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(Procedure.outcome)
                .where(Procedure.demand_id == case, Procedure.kind == "supervision")
                .order_by(Procedure.id)
            )
        )


def rung(office: Office) -> str:
    with reading(office.sessions) as session:
        return session.scalars(select(SupervisionCase.rung)).one()


def told(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        found = session.scalars(select(OutboxMessage.id).where(OutboxMessage.template == template))
        return len(list(found))


def overdue(office: Office) -> int:
    """A case whose handling limit has just passed; its supervision begins at a reminder letter."""
    case = office.bring_to("reply")
    due = office.clock(case, "handling").due_at
    assert due is not None
    office.wait_until(due + timedelta(minutes=1))
    return case


def feed_back(office: Office, case: int, verdict: str = "accepted", **more: object) -> None:
    office.do(case, "supervision_feedback", "approver", **FEEDBACK)
    office.do(case, "assess_feedback", "inspector", feedback_verdict=verdict, **more)


def test_what_could_be_done_and_was_not_is_supervised_at_its_limit(office: Office) -> None:
    case = overdue(office)
    assert causes(office, case) == [("due_but_undone", "reminder_letter", "post_closure")]
    [letter] = letters(office)
    assert letter.number == "TX〔2026〕1号"
    assert letter.issued_at == office.clock(case, "handling").due_at
    assert letter.reply_by == office.clock(case, "supervision").due_at
    assert office.waiting(case) == ["reply", "supervision_feedback"]
    assert told(office, "supervision_issued") == 1


def test_a_cause_keeps_its_evidence_the_facts_and_the_row_of_the_table(office: Office) -> None:
    overdue(office)
    with reading(office.sessions) as session:
        evidence = orjson.loads(session.scalars(select(SupervisionCause.evidence)).one())
    assert evidence["facts"] == {"owner_clear": True, "solvable": True, "overdue": True}
    assert [row["row"] for row in evidence["table"]][-1] == 3


def test_the_letter_is_the_profile_s_text_as_it_was_when_issued(office: Office) -> None:
    case = overdue(office)
    [letter] = letters(office)
    assert letter.text_zh is not None
    assert letter.text_zh.startswith("工作提醒函\n编号：TX〔2026〕1号\n\n市城市管理局：")
    assert office.order(case).number in letter.text_zh
    assert "应办未办。" in letter.text_zh
    assert "政府督查室" in letter.text_zh
    assert letter.text_en is not None
    assert "Due but undone." in letter.text_en


def test_an_accepted_answer_closes_the_supervision(office: Office) -> None:
    case = overdue(office)
    feed_back(office, case)
    assert outcomes(office, case) == ["accepted"]
    [letter] = letters(office)
    assert (letter.settled_as, letter.answered_by_name) == ("accepted", "褚审核")
    assert office.waiting(case) == ["reply"]
    assert office.clock(case, "supervision").stopped_at == office.now


def test_an_answer_that_is_not_accepted_raises_the_rung_and_takes_a_reason(office: Office) -> None:
    case = overdue(office)
    office.do(case, "supervision_feedback", "approver", **FEEDBACK)
    with pytest.raises(Invalid) as refusal:
        office.do(case, "assess_feedback", "inspector", feedback_verdict="rejected")
    assert refusal.value.fields["feedback_opinion"].zh == "请写明理由。"
    office.do(
        case,
        "assess_feedback",
        "inspector",
        feedback_verdict="rejected",
        feedback_opinion="没有到现场。",
    )
    assert rung(office) == "supervision_notice"
    assert [one.number for one in letters(office)] == ["TX〔2026〕1号", "DB〔2026〕1号"]
    assert outcomes(office, case) == [None]


def test_every_missed_limit_raises_the_rung_until_it_goes_to_discipline_inspection(
    office: Office,
) -> None:
    case = overdue(office)
    seen = []
    while outcomes(office, case) == [None]:
        seen.append(letters(office)[-1].series)
        due = office.clock(case, "supervision").due_at
        assert due is not None
        office.wait_until(due + timedelta(minutes=1))
        if "sign_letter" in office.waiting(case):
            office.do(case, "sign_letter", "leader")
    assert seen == ["TX", "DB", "XC", "YT", "TB"]
    assert outcomes(office, case) == ["referred"]
    assert {one.settled_as for one in letters(office)} == {"unanswered"}
    assert told(office, "supervision_raised") == 4
    assert told(office, "supervision_referred") == 1
    assert told(office, "supervision_copied") == 4


def test_an_outage_of_the_ticker_changes_nothing(office: Office) -> None:
    case = overdue(office)
    due = office.clock(case, "supervision").due_at
    assert due is not None
    office.wait(days=40)
    second = letters(office)[1]
    assert (second.issued_at, second.series) == (due, "DB")


def test_from_the_fourth_rung_on_the_leader_signs_before_anything_goes_out(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(
        case, "instruction_recorded", "inspector", **INSTRUCTION, special_ground="media_exposed"
    )
    assert letters(office) == []
    assert office.waiting(case) == ["reply", "sign_letter"]
    assert told(office, "supervision_to_be_signed") == 1
    with pytest.raises(DomainError):
        office.do(case, "sign_letter", "inspector")
    office.do(case, "sign_letter", "leader")
    assert [one.number for one in letters(office)] == ["XC〔2026〕1号"]


def test_a_letter_signed_while_no_unit_has_the_order_goes_to_the_one_it_is_about(
    office: Office,
) -> None:
    case = office.bring_to("reply")
    office.act(
        case, "instruction_recorded", "inspector", **INSTRUCTION, special_ground="media_exposed"
    )
    given = {"node": "dispatch", "reason": "重新派单。", "evidence": "会议纪要3号"}
    with office.acting("duty") as uow:
        free_hand.jump(uow, case, given)
    office.do(case, "sign_letter", "leader")
    assert [one.unit_id for one in letters(office)] == [office.unit("urban_management")]


def test_before_a_limit_ends_the_unit_is_reminded_once(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "instruction_recorded", "inspector", **RECORDED)
    due = office.clock(case, "supervision").due_at
    assert due is not None
    office.wait_until(due - timedelta(minutes=1))
    office.wait(seconds=1)
    assert told(office, "supervision_due") == 1
    assert office.waiting(case) == ["reply", "supervision_feedback"]


def test_three_dimensions_dissatisfied_are_supervised_beside_the_re_handling(
    office: Office,
) -> None:
    case = office.bring_to("callback")
    office.do(case, "callback", **ALL_DISSATISFIED)
    assert [(trigger, where) for trigger, where, _timing in causes(office, case)] == [
        ("callback_dissatisfied", "supervision_notice")
    ]
    assert sorted(office.waiting(case)) == ["judge", "supervision_feedback"]


def test_one_dimension_alone_is_not_supervised(office: Office) -> None:
    case = office.bring_to("callback")
    office.do(case, "callback", **ALL_DISSATISFIED | {"attitude": "satisfied"})
    assert causes(office, case) == []


def test_a_further_cause_joins_the_open_supervision_and_a_graver_one_raises_it(
    office: Office,
) -> None:
    case = overdue(office)
    for element in ("reply", "approve_reply", "review_reply"):
        office.do(case, element)
    office.do(case, "callback", **ALL_DISSATISFIED)
    assert [trigger for trigger, *_ in causes(office, case)] == [
        "due_but_undone",
        "callback_dissatisfied",
    ]
    assert outcomes(office, case) == [None]
    first, second = letters(office)
    assert (first.settled_as, second.series) == ("set_aside", "DB")
    assert rung(office) == "supervision_notice"


def test_a_leader_may_instruct_at_any_time_also_when_the_order_is_closed(office: Office) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    assert causes(office, case) == [("leader_or_media", "supervision_notice", "post_closure")]
    feed_back(office, case)
    assert outcomes(office, case) == ["accepted"]


def test_the_same_instruction_is_not_supervised_twice(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    with pytest.raises(Conflict):
        office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    with pytest.raises(Invalid) as refusal:
        office.act(case, "leader_adds", "leader", **INSTRUCTION)
    assert "不再重复督办" in refusal.value.phrase.zh
    office.act(case, "instruction_added", "inspector", **RECORDED | {"instruction_number": "批2号"})
    assert [one.settled_as for one in letters(office)] == ["set_aside", None]


def test_a_leader_who_instructs_again_joins_the_open_supervision_and_a_new_letter_is_issued(
    office: Office,
) -> None:
    case = overdue(office)
    office.act(case, "leader_adds", "leader", **INSTRUCTION)
    assert causes(office, case) == [
        ("due_but_undone", "reminder_letter", "post_closure"),
        ("leader_or_media", "supervision_notice", "post_closure"),
    ]
    assert [(one.series, one.settled_as) for one in letters(office)] == [
        ("TX", "set_aside"),
        ("DB", None),
    ]
    feed_back(office, case)
    assert outcomes(office, case) == ["accepted"]


def test_an_inspector_may_withdraw_a_supervision_with_a_reason(office: Office) -> None:
    case = overdue(office)
    with pytest.raises(Invalid):
        office.act(case, "supervision_withdrawn", "inspector")
    office.act(case, "supervision_withdrawn", "inspector", withdrawal_reason="系统故障所致。")
    assert outcomes(office, case) == ["withdrawn"]
    assert office.waiting(case) == ["reply"]
    assert told(office, "supervision_withdrawn") == 1
    office.wait(days=30)
    [letter] = letters(office)
    assert letter.settled_as == "withdrawn"


def test_who_answers_after_the_limit_reads_that_it_is_too_late(office: Office) -> None:
    case = overdue(office)
    task = office.task(case, "supervision_feedback")
    office.wait(days=10, ticking=False)
    with pytest.raises(Conflict), office.acting("approver") as uow:
        steps.complete(uow, task, FEEDBACK)


def test_only_the_unit_that_is_asked_answers_and_only_inspectors_assess(office: Office) -> None:
    case = overdue(office)
    for login in ("stranger", "handler", "inspector"):
        with pytest.raises(DomainError):
            office.do(case, "supervision_feedback", login, **FEEDBACK)
    office.do(case, "supervision_feedback", "approver", **FEEDBACK)
    with pytest.raises(DomainError):
        office.do(case, "assess_feedback", "reviewer", feedback_verdict="accepted")


def test_the_month_s_choice_begins_where_the_inspector_says(office: Office) -> None:
    case = office.bring_to("reply")
    chosen = INSTRUCTION | {"special_ground": "selected"}
    with pytest.raises(Invalid) as refusal:
        office.act(case, "instruction_recorded", "inspector", **chosen)
    assert "first_rung" in refusal.value.fields
    office.act(case, "instruction_recorded", "inspector", **chosen, first_rung="reminder")
    [reminder] = letters(office)
    assert (reminder.number, reminder.text_zh) == ("CB〔2026〕1号", None)
    assert told(office, "supervision_reminder") == 1


@pytest.mark.parametrize("element", ["answer_or_order", "dispatch"])
def test_an_instruction_before_dispatch_urges_it_and_supervises_once_a_unit_has_the_order(
    office: Office, element: str
) -> None:
    case = office.bring_to(element)
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    assert told(office, "instructed_before_dispatch") == 1
    assert letters(office) == []
    assert office.waiting(case) == [element]
    with pytest.raises(Conflict) as twice:
        office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    assert "等待派单" in twice.value.phrase.zh
    office.bring_to("sign_for", case)
    assert [trigger for trigger, *_ in causes(office, case)] == ["leader_or_media"]
    [letter] = letters(office)
    assert letter.unit_id == office.unit("urban_management")
    assert set(office.waiting(case)) == {"sign_for", "supervision_feedback"}


def _given_a_unit_unheard(office: Office, case: int) -> None:
    """A unit gets the order without the main process telling, as by one of an older version."""
    with office.acting("dispatcher") as uow:
        order = find(uow.session, case).ordered
        order.lead_unit_id = office.unit("urban_management")
        order.status = OrderStatus.HANDLING


def test_an_instruction_that_did_not_hear_of_the_unit_is_supervised_the_next_day(
    office: Office,
) -> None:
    case = office.bring_to("dispatch")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    assert _instructed(office) == []
    _given_a_unit_unheard(office, case)
    assert _instructed(office) == [case]
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert watching.supervise_instructed(uow, case)
    assert [trigger for trigger, *_ in causes(office, case)] == ["leader_or_media"]
    assert _instructed(office) == []


def _instructed(office: Office) -> list[int]:
    with reading(office.sessions) as session:
        return list(watching.instructed_before(session, office.now))


def test_another_cause_meets_an_instruction_that_did_not_hear_of_the_unit(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    _given_a_unit_unheard(office, case)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        triggers.consider(uow, find(uow.session, case), "return", office.now, returned_units=3)
    assert {trigger for trigger, *_ in causes(office, case)} == {"leader_or_media", "buck_passing"}
    assert outcomes(office, case) == [None]


def test_what_the_media_expose_before_dispatch_is_supervised_like_an_instruction(
    office: Office,
) -> None:
    case = office.bring_to("dispatch")
    exposed = INSTRUCTION | {"special_ground": "media_exposed"}
    office.act(case, "instruction_recorded", "inspector", **exposed)
    office.wait(days=1)
    office.do(case, "dispatch")
    with reading(office.sessions) as session:
        evidence = orjson.loads(session.scalars(select(SupervisionCause.evidence)).one())
    assert evidence["facts"]["media_exposed"] is True


def test_a_month_s_choice_must_be_with_a_unit(office: Office) -> None:
    case = office.bring_to("dispatch")
    chosen = INSTRUCTION | {"special_ground": "selected", "first_rung": "reminder"}
    with pytest.raises(Invalid) as refusal:
        office.act(case, "instruction_recorded", "inspector", **chosen)
    assert "尚未派给承办单位" in refusal.value.phrase.zh


def test_an_instruction_falls_away_where_the_demand_ends_without_a_unit(office: Office) -> None:
    case = office.bring_to("answer_or_order")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    office.do(case, "answer_or_order", outcome="answered", answer="已当场答复。")
    assert outcomes(office, case) == ["void"]
    with pytest.raises(Conflict) as over:
        office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    assert "已结束且没有承办单位" in over.value.phrase.zh


def test_an_extension_that_was_granted_makes_lateness_plain_overdue(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(
        case,
        "extension_asked",
        "liaison",
        days="3",
        ground="complex",
        extension_reason="须联合检测。",
        legal_basis="市热线管理办法第二十条",
    )
    office.do(case, "decide_extension")
    due = office.clock(case, "handling").due_at
    assert due is not None
    office.wait_until(due + timedelta(minutes=1))
    assert [trigger for trigger, *_ in causes(office, case)] == ["overdue"]
    assert letters(office)[0].series == "CB"


def test_the_history_tells_of_cause_letter_and_outcome(office: Office) -> None:
    case = overdue(office)
    feed_back(office, case)
    story = office.story(case)
    assert "触发督办：应办未办" in story
    assert "出具督办文书TX〔2026〕1号" in story

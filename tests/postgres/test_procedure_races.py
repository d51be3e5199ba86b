"""Races of what runs beside the order, on a real PostgreSQL: one wins, the other reads why not."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.cases import acts, bulk, free_hand, orders, reorganising, repeats
from app.cases.bulk import BulkStatus, Query
from app.cases.co_handling import parts_of
from app.cases.models.bulk_extension import BulkExtension
from app.cases.models.demand import DailyNumber
from app.cases.models.procedure import Procedure
from app.cases.orders import lock_some, take
from app.core import facts
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict, NotAllowed
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, unit_of_work
from app.engine import ProcessRow, RepairItemRow
from app.identity.directory import add_user
from app.jobs.deadlines import tick
from app.jobs.reorganising import work
from app.supervision.models import SupervisionCase, SupervisionCause, SupervisionLetter
from tests.office import Office
from tests.postgres.meeting import Doing, act, at_once, in_turn, sentence, step, whole, won

pytestmark = pytest.mark.postgres

EXTENSION: dict[str, object] = {
    "days": "3",
    "ground": "complex",
    "extension_reason": "须联合检测。",
    "legal_basis": "办法第二十条",
}
RETURN: dict[str, object] = {
    "reason_code": "R01",
    "return_statement": "不属我局职责。",
    "return_basis": "三定方案第四条",
}
INSTRUCTION: dict[str, object] = {"instruction_text": "请速办并报结果。"}
REOPENING: dict[str, object] = {"reopening_ground": "came_back", "reopening_reason": "又在施工。"}
UNDONE = Phrase("撤销。", "Undone.")
WHY: dict[str, object] = {"reason": "紧急会议决定。", "evidence": "会议纪要〔2026〕3号"}


@pytest.fixture(autouse=True)
def _nothing_broke(office: Office) -> object:
    """After every race the chains add up, and no process waits to be repaired."""
    yield
    assert whole(office)
    with reading(office.sessions) as session:
        assert session.scalars(select(RepairItemRow.error)).all() == []
        assert set(session.scalars(select(ProcessRow.status))) <= {
            "active",
            "completed",
            "cancelled",
        }


def ticker(office: Office) -> Doing:
    return lambda: tick(office.sessions, lambda: office.now)


def outcomes(office: Office, case: int, kind: str) -> list[str | None]:
    with reading(office.sessions) as session:
        found = select(Procedure.outcome).where(Procedure.demand_id == case, Procedure.kind == kind)
        return list(session.scalars(found.order_by(Procedure.id)))


def due_of(office: Office, case: int, clock: str) -> datetime:
    due = office.clock(case, clock).due_at
    assert due is not None
    return due


def letters(office: Office) -> list[str]:
    with reading(office.sessions) as session:
        found = select(SupervisionLetter.number).order_by(SupervisionLetter.position)
        return list(session.scalars(found))


@pytest.mark.parametrize("approval_first", [True, False])
def test_of_two_who_decide_one_extension_the_second_reads_who_was_first(
    office: Office, approval_first: bool
) -> None:
    case = office.bring_to("reply")
    office.act(case, "extension_asked", "liaison", **EXTENSION)
    approve = step(office, case, "decide_extension")
    refuse = step(
        office, case, "decide_extension", extension_verdict="refused", extension_opinion="不充分。"
    )
    results = in_turn(office, case, *((approve, refuse) if approval_first else (refuse, approve)))
    assert won(results) == [True, False]
    assert "已由吴值班于03月02日09:00办理" in sentence(results[1])
    assert outcomes(office, case, "extension") == ["approved" if approval_first else "refused"]
    last_day = "2026-03-12" if approval_first else "2026-03-09"
    assert office.last_day(office.clock(case, "handling")) == last_day


def test_a_decision_and_the_withdrawal_of_the_request_are_not_both_done(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "extension_asked", "liaison", **EXTENSION)
    withdraw = act(office, case, "extension_withdrawn", "liaison", {})
    results = in_turn(office, case, withdraw, step(office, case, "decide_extension"))
    assert won(results) == [True, False]
    assert "仍保留在页面上" in sentence(results[1])
    assert outcomes(office, case, "extension") == ["withdrawn"]


@pytest.mark.parametrize("return_first", [True, False])
def test_a_return_that_is_asked_while_the_order_goes_to_another_unit(
    office: Office, return_first: bool
) -> None:
    case = office.bring_to("reply")
    water = office.unit("water_group")
    asked = RETURN | {"suggested_unit": water}
    ask = act(office, case, "return_after_signing", "liaison", asked)

    def give_away() -> None:
        with office.acting("duty") as uow:
            free_hand.reassign(uow, case, WHY | {"unit": str(water)})

    results = in_turn(office, case, *((ask, give_away) if return_first else (give_away, ask)))
    # Asked first, the free hand moves the order from where it stands then: both were in time.
    assert won(results) == [True, return_first]
    if not return_first:
        assert isinstance(results[1], Conflict | NotAllowed)  # it is no longer the unit's
    assert office.order(case).lead_unit_id == water
    assert office.waiting(case) == ["sign_for"]


def test_of_two_decisions_on_one_return_one_counts(office: Office) -> None:
    case = office.bring_to("reply")
    water = office.unit("water_group")
    office.act(case, "return_after_signing", "liaison", **RETURN, suggested_unit=water)
    give = {"return_verdict": "other_unit", "new_lead_unit": water}
    keep = {"return_verdict": "refused", "return_opinion": "属你局职责。"}
    results = in_turn(
        office,
        case,
        step(office, case, "decide_return_request", **give),
        step(office, case, "decide_return_request", "dispatcher2", **keep),
    )
    assert won(results) == [True, False]
    assert "已由王派单" in sentence(results[1])
    assert office.order(case).lead_unit_id == water
    assert office.order(case).returned_count == 1


def test_of_two_who_approve_one_bulk_extension_one_does(office: Office) -> None:
    office.bring_to("reply")
    with office.acting("dispatcher") as uow:
        asked = bulk.ask(uow, Query(district="jiangpan"), 3, "other", "暴雨红色预警。").id

    def decide(by: str, approved: bool) -> Doing:
        def doing() -> None:
            with office.acting(by) as uow:
                bulk.decide(uow, asked, approved=approved, opinion="情况属实。")

        return doing

    row = select(BulkExtension.id).where(BulkExtension.id == asked)
    results = in_turn(office, row, decide("duty", True), decide("leader", False))
    assert won(results) == [True, False]
    assert sentence(results[1]) == "该批量延期已由吴值班审批，不能再次审批。"
    with reading(office.sessions) as session:
        assert session.get_one(BulkExtension, asked).status == BulkStatus.APPROVED


@pytest.mark.parametrize("answer_first", [True, False])
def test_a_co_units_answer_and_the_withdrawal_of_its_part(
    office: Office, answer_first: bool
) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", co_units=[str(office.unit("water_group"))])
    answer = step(office, case, "answer_part")
    withdraw = act(office, case, "part_withdrawn", "dispatcher", {"withdraw_reason": "派错单位。"})
    results = in_turn(office, case, *((answer, withdraw) if answer_first else (withdraw, answer)))
    assert won(results) == [True, False]
    assert isinstance(results[1], Conflict)
    with reading(office.sessions) as session:
        [part] = parts_of(session, case)
        assert part.procedure.outcome == ("answered" if answer_first else "withdrawn")
        assert (part.part.answered_at is not None) == answer_first


def test_a_fact_that_two_report_at_the_same_instant_is_supervised_once(office: Office) -> None:
    case = office.bring_to("reply")

    def report() -> None:
        with office.acting("agent") as uow:
            take(uow, case)
            facts.happened(
                uow, "repeat_complaint", case, at=office.now, order_of=case, matter=case, times=3
            )

    assert won(in_turn(office, case, report, report, report)) == [True] * 3
    with reading(office.sessions) as session:
        assert len(session.scalars(select(SupervisionCause.id)).all()) == 1
        assert len(session.scalars(select(SupervisionCase.procedure_id)).all()) == 1
    assert len(letters(office)) == 1


def test_two_causes_at_the_same_instant_are_one_supervision(office: Office) -> None:
    case = office.bring_to("reply")
    instruct = act(office, case, "leader_instructs", "leader", INSTRUCTION)
    recorded = {"special_ground": "hot_topic", "instruction_text": "多家媒体关注。"}
    record = act(office, case, "instruction_recorded", "inspector", recorded)
    results = in_turn(office, case, instruct, record)
    assert won(results) == [True, False]
    assert sentence(results[1]) == "已在督办：请用“补登督办事由”登记。"
    assert outcomes(office, case, "supervision") == [None]


@pytest.mark.parametrize("ticker_first", [True, False])
def test_feedback_in_the_instant_its_limit_passes_is_late_once(
    office: Office, ticker_first: bool
) -> None:
    case = office.bring_to("reply")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    due = due_of(office, case, "supervision")
    answer = step(
        office,
        case,
        "supervision_feedback",
        feedback_result="resolved",
        feedback_text="已到现场处理。",
    )
    office.wait_until(due + timedelta(seconds=1), ticking=False)
    answers, ticks = (1, 0) if ticker_first else (0, 1)
    doings: list[Callable[[], object]] = [answer, answer]
    doings[ticks] = ticker(office)
    results = in_turn(office, case, *doings)
    assert won(results)[answers] is False  # whoever takes the case lets the limit pass first
    assert isinstance(results[answers], Conflict)
    office.tick()
    with reading(office.sessions) as session:
        settled = session.scalars(
            select(SupervisionLetter.settled_as).order_by(SupervisionLetter.id)
        ).all()
    assert settled == ["unanswered"]
    assert office.waiting(case).count("sign_letter") == 1  # raised once, to the leader's own


def test_feedback_in_the_last_instant_counts_and_the_ticker_finds_nothing(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "leader_instructs", "leader", **INSTRUCTION)
    due = due_of(office, case, "supervision")
    office.wait_until(due - timedelta(seconds=1))
    answer = step(
        office, case, "supervision_feedback", feedback_result="resolved", feedback_text="已处理。"
    )
    late = due + timedelta(seconds=1)
    results = in_turn(office, case, answer, lambda: tick(office.sessions, lambda: late))
    assert won(results) == [True, True]
    assert "assess_feedback" in office.waiting(case)
    assert letters(office) == ["DB〔2026〕1号"]


def test_ten_letters_at_once_are_numbered_without_a_gap_though_two_are_undone(
    office: Office,
) -> None:
    cases = [office.bring_to("reply") for _ in range(12)]
    undone = {cases[0], cases[7]}

    def instruct(case: int) -> Doing:
        issue = office.act_key(case, "leader_instructs", "leader")
        actor = office.actor("leader")

        def doing() -> None:
            with unit_of_work(office.sessions, actor, office.now) as uow:
                acts.act(uow, case, issue, INSTRUCTION)
                if case in undone:
                    raise Conflict(UNDONE)

        return doing

    results = at_once(*map(instruct, cases))
    assert won(results) == [case not in undone for case in cases]
    assert letters(office) == [f"DB〔2026〕{number}号" for number in range(1, 11)]
    with reading(office.sessions) as session:
        numbers = sorted(session.scalars(select(SupervisionCase.number)))
    assert numbers == [f"DC20260302{number:04d}" for number in range(1, 11)]


def test_numbers_that_a_ticker_and_a_leader_take_crosswise_do_not_block_each_other(
    office: Office,
) -> None:
    raised = office.bring_to("reply")
    office.wait_until(due_of(office, raised, "handling"))
    office.wait(seconds=1)  # supervised, and to be answered soon
    overdue = office.bring_to("reply")
    missed = due_of(office, raised, "supervision")
    office.wait_until(missed - timedelta(seconds=1))
    assert missed < due_of(office, overdue, "handling")
    office.wait_until(due_of(office, overdue, "handling") + timedelta(seconds=1), ticking=False)
    office.act(office.bring_to("reply"), "leader_instructs", "leader", **INSTRUCTION)
    assert letters(office) == ["TX〔2026〕1号", "DB〔2026〕1号"]
    instructed = office.bring_to("reply")
    # The ticker numbers a letter of the first case, then the supervision of the second; the leader
    # the supervision of a third, then its letter of the same series.
    supervisions = select(DailyNumber.last).where(
        DailyNumber.prefix == "DC", DailyNumber.day == f"{office.now.astimezone(CHINA):%Y%m%d}"
    )
    instruct = act(office, instructed, "leader_instructs", "leader", INSTRUCTION)
    results = in_turn(office, supervisions, instruct, ticker(office))
    assert won(results) == [True, True]
    assert sorted(letters(office)) == [
        "DB〔2026〕1号",
        "DB〔2026〕2号",
        "DB〔2026〕3号",
        "TX〔2026〕1号",
        "TX〔2026〕2号",
    ]


@pytest.mark.parametrize("ticker_first", [True, False])
def test_a_ruling_in_the_instant_its_tier_runs_out_of_time(
    office: Office, ticker_first: bool
) -> None:
    case = office.bring_to("reply")
    water = office.unit("water_group")
    asked = RETURN | {"reason_code": "R03", "suggested_unit": water}
    office.act(case, "return_after_signing", "liaison", **asked)
    due = due_of(office, case, "coordination_1")
    agree = step(office, case, "agree_ownership", ruled_unit=water)
    office.wait_until(due + timedelta(seconds=1), ticking=False)
    doings = (ticker(office), agree) if ticker_first else (agree, ticker(office))
    results = in_turn(office, case, *doings)
    ruled = results[1] if ticker_first else results[0]
    assert isinstance(ruled, Conflict)
    office.tick()
    assert office.waiting(case) == ["rule_ownership"]
    assert office.order(case).lead_unit_id == office.unit("urban_management")


def test_two_orders_that_are_merged_into_each_other_at_once_become_one(office: Office) -> None:
    one, other = office.bring_to("reply"), office.bring_to("reply", None, title="夜里打桩")
    for case in (one, other):
        asked = RETURN | {"suggested_unit": office.unit("water_group")}
        office.act(case, "return_after_signing", "liaison", **asked)

    def merge(case: int, into: int, by: str) -> Doing:
        verdict = {"return_verdict": "merge", "merge_number": office.order(into).number}
        return step(office, case, "decide_return_request", by, **verdict)

    results = at_once(merge(one, other, "dispatcher"), merge(other, one, "dispatcher2"))
    assert sorted(won(results)) == [False, True]
    refused = next(result for result in results if result is not None)
    assert sentence(refused) in {
        "相关工单正在由他人办理，请稍后再提交。",
        "原工单已办结，不能并入，请关联或另行派单。",
    }
    into = [office.demand(case).merged_into_id for case in (one, other)]
    assert into in ([other, None], [None, one])


def test_who_relates_a_demand_to_an_order_that_is_being_worked_on_gives_way(
    office: Office,
) -> None:
    earlier = office.bring_to("reply")
    demand = office.bring_to("answer_or_order")
    number = office.order(earlier).number
    relate = step(office, demand, "answer_or_order", merge_number=number)

    def ticker_at_both() -> None:
        with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
            take(uow, earlier)
            lock_some(uow, [earlier, demand])

    results = in_turn(office, earlier, ticker_at_both, relate)
    assert won(results) == [True, False]
    assert sentence(results[1]) == "相关工单正在由他人办理，请稍后再提交。"
    relate()  # again, a moment later
    assert "answer_or_order" not in office.waiting(demand)


def test_two_repeats_of_one_matter_at_once_are_counted_one_after_the_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second and the third complaint: whoever comes later counts the other, so that the third
    is seen and supervised.
    """
    monkeypatch.setattr(orders, "EARLIER_MS", 20_000)  # nobody gives way, however slow the machine
    first = office.bring_to("reply")
    number = office.order(first).number
    again = [office.bring_to("answer_or_order") for _ in range(2)]
    doings = [
        step(office, demand, "answer_or_order", by, merge_number=number)
        for demand, by in zip(again, ("agent", "duty"), strict=True)
    ]
    assert won(in_turn(office, first, *doings)) == [True, True]
    with reading(office.sessions) as session:
        causes = session.scalars(select(SupervisionCause)).all()
        assert [one.trigger for one in causes] == ["repeat_complaint"]
        assert '"repeat_complaints":3' in causes[0].evidence
        assert repeats.matter(session, first).repeats == 2


def test_a_reopening_that_two_ask_for_at_once_is_asked_for_once(office: Office) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    results = in_turn(
        office,
        case,
        act(office, case, "reopening_by_agent", "agent", REOPENING),
        act(office, case, "reopening_by_inspector", "inspector", REOPENING),
        act(office, case, "reopening_by_leader", "leader", REOPENING),
    )
    assert won(results) == [True, False, False]
    assert [sentence(result) for result in results[1:]] == ["已有一件重开申请待审批。"] * 2
    assert office.waiting(case) == ["decide_reopening"]


@pytest.mark.parametrize("signature_first", [True, False])
def test_a_unit_that_signs_while_its_orders_go_to_its_heir(
    office: Office, signature_first: bool
) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        add_user(uow, "admin", "何平", "correct horse", ["administrator"], None)
    case = office.bring_to("sign_for")
    sign = step(office, case, "sign_for")
    heir = office.unit("water_group")
    with office.acting("admin") as uow:
        reorganising.carry_out(
            uow,
            {
                "unit": str(office.unit("urban_management")),
                "kind": "merged",
                "heir": str(heir),
                "basis": "编办〔2026〕8号",
                "shares": "",
            },
        )

    def move() -> object:
        return work(office.sessions, lambda: office.now)

    results = in_turn(office, case, *((sign, move) if signature_first else (move, sign)))
    assert won(results) == [True, signature_first]
    if not signature_first:
        assert "须属于本单位" in sentence(results[1])  # the page was the old unit's
        assert office.waiting(case) == ["sign_for"]
        office.do(case, "sign_for")  # its people have come along meanwhile
    assert office.order(case).lead_unit_id == heir
    assert office.waiting(case) == ["first_contact"]

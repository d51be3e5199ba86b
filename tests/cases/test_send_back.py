"""Returns: what a unit must give, who decides, and what becomes of limits and counters."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.cases import acts, return_ledger, send_back, steps
from app.cases.models.send_back import ReturnRequest
from app.cases.orders import find
from app.cases.return_ledger import Count
from app.core import facts
from app.core.db import reading
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed
from app.core.facts import Happening
from app.core.outbox import OutboxMessage
from app.core.uow import UnitOfWork
from tests.office import Office

ASKED: dict[str, object] = {
    "reason_code": "R01",
    "return_statement": "供水管线渗漏不属我局职责。",
    "return_basis": "市水务集团三定方案第四条",
}


def send(office: Office, case: int, by: str = "liaison", **given: object) -> None:
    """Send the order back, from wherever it may be."""
    asked = ASKED | {"suggested_unit": office.unit("water_group")} | given
    where = {act.element.id for act in office.acts(case, by)} & {
        "return_before_signing",
        "return_after_signing",
    }
    assert where, office.waiting(case)
    office.act(case, where.pop(), by, **asked)


def requests(office: Office, case: int) -> list[ReturnRequest]:
    with reading(office.sessions) as session:
        return list(send_back.requests_of(session, office.order(case).id))


def messages(office: Office, template: str) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(OutboxMessage.recipient).where(OutboxMessage.template == template)
            )
        )


def sent_back(office: Office, step: str = "reply", **given: object) -> int:
    case = office.bring_to(step)
    send(office, case, **given)
    return case


def test_another_units_order_goes_there_with_a_new_limit_and_the_old_total(office: Office) -> None:
    case = sent_back(office)
    total = office.clock(case, "total").due_at
    office.wait(days=1)
    office.do(
        case,
        "decide_return_request",
        return_verdict="other_unit",
        new_lead_unit=office.unit("water_group"),
    )
    order = office.order(case)
    assert (order.lead_unit_id, order.status) == (office.unit("water_group"), "dispatched")
    assert order.returned_count == 1
    assert office.clock(case, "handling").stopped_at == office.now
    office.do(case, "sign_for", by="stranger")
    assert (office.clock(case, "handling").run, office.clock(case, "total").run) == (2, 1)
    assert office.last_day(office.clock(case, "handling")) == "2026-03-10"
    assert office.clock(case, "total").due_at == total
    assert office.waiting(case) == ["first_contact"]


def test_a_dispatch_error_is_no_mark_against_the_unit(office: Office) -> None:
    case = sent_back(office, "sign_for", reason_code="R10")
    office.do(
        case,
        "decide_return_request",
        return_verdict="dispatch_error",
        new_lead_unit=office.unit("water_group"),
    )
    [request] = requests(office, case)
    assert (request.counts_as_return, request.counts_against_unit) == (False, False)
    assert office.order(case).returned_count == 0
    send(office, case, "stranger", suggested_unit=office.unit("urban_management"))
    assert office.waiting(case) == ["decide_return_request"]


def test_refused_gives_no_time_back_and_counts_against_the_unit(office: Office) -> None:
    case = sent_back(office)
    due = office.clock(case, "handling").due_at
    office.wait(days=1)
    with pytest.raises(Invalid) as refusal:
        office.do(case, "decide_return_request", return_verdict="refused")
    assert "return_opinion" in refusal.value.fields
    office.do(
        case, "decide_return_request", return_verdict="refused", return_opinion="属你局职责。"
    )
    clock = office.clock(case, "handling")
    assert (clock.due_at, clock.run, clock.stopped_at, clock.paused_at) == (due, 1, None, None)
    assert office.waiting(case) == ["reply"]
    assert len(messages(office, "return_refused")) == 1
    with reading(office.sessions) as session:
        counted = return_ledger.counted(session, office.now.date())
        assert counted == {office.unit("urban_management"): Count(1, 1, 1, 1)}
        assert not return_ledger.counted(session, office.now.date() - timedelta(days=40))


def test_refused_before_signing_it_waits_for_its_signature_again(office: Office) -> None:
    case = sent_back(office, "sign_for")
    office.do(
        case, "decide_return_request", return_verdict="refused", return_opinion="属你局职责。"
    )
    assert office.waiting(case) == ["sign_for"]
    assert office.order(case).status == "dispatched"


def test_what_the_limit_passed_while_it_was_decided_still_counts(office: Office) -> None:
    case = office.bring_to("reply")
    send(office, case)
    office.wait(days=8)
    assert len(messages(office, "return_waiting")) == 1
    assert not office.order(case).overdue
    office.do(
        case, "decide_return_request", return_verdict="refused", return_opinion="属你局职责。"
    )
    office.tick()
    assert office.order(case).overdue


def test_after_a_refusal_the_same_unit_can_only_ask_for_coordination(office: Office) -> None:
    case = sent_back(office)
    office.do(
        case, "decide_return_request", return_verdict="refused", return_opinion="属你局职责。"
    )
    with pytest.raises(Conflict) as refusal:
        send(office, case, reason_code="R06")
    assert "不能再次退单" in refusal.value.phrase.zh
    send(office, case, reason_code="R03")
    assert office.order(case).status == "in_coordination"


def test_the_second_return_opens_coordination_at_once_and_is_told_as_bouncing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Happening] = []
    monkeypatch.setattr(facts, "_LISTENERS", {"bouncing": [_listener(told)]})
    case = sent_back(office)
    office.do(
        case,
        "decide_return_request",
        return_verdict="other_unit",
        new_lead_unit=office.unit("water_group"),
    )
    assert told == []
    send(office, case, "stranger", suggested_unit=office.unit("urban_management"))
    assert office.waiting(case) == ["rule_ownership"]
    assert [request.bouncing for request in requests(office, case)] == [False, True]
    assert [(one.kind, one.subject_id, one.facts["returned_units"]) for one in told] == [
        ("bouncing", case, 2)
    ]
    assert office.order(case).returned_count == 2


def _listener(told: list[Happening]):  # type: ignore[no-untyped-def] # a listener of facts
    def listen(_uow: UnitOfWork, happening: Happening) -> None:
        told.append(happening)

    return listen


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"return_basis": ""}, "return_basis"),
        ({"suggested_unit": ""}, "suggested_unit"),
    ],
)
def test_what_is_missing_is_named_at_its_field(
    office: Office, given: dict[str, object], field: str
) -> None:
    case = office.bring_to("sign_for")
    with pytest.raises(Invalid) as refusal:
        send(office, case, **given)
    assert field in refusal.value.fields
    assert requests(office, case) == []


def test_its_own_unit_cannot_be_suggested_nor_be_sent_the_order_again(office: Office) -> None:
    case = office.bring_to("sign_for")
    with pytest.raises(Invalid):
        send(office, case, suggested_unit=office.unit("urban_management"))
    send(office, case)
    with pytest.raises(Invalid) as refusal:
        office.do(
            case,
            "decide_return_request",
            return_verdict="other_unit",
            new_lead_unit=office.unit("urban_management"),
        )
    assert "new_lead_unit" in refusal.value.fields


def test_after_the_window_a_return_is_refused_with_what_can_be_done_instead(
    office: Office,
) -> None:
    case = office.bring_to("reply")
    office.wait(days=3)
    with pytest.raises(Invalid) as refusal:
        send(office, case)
    assert "已过退单时限" in refusal.value.phrase.zh


def test_an_emergency_may_be_passed_on_after_the_window(office: Office) -> None:
    case = office.bring_to("reply")
    office.wait(days=3)
    send(office, case, reason_code="R09")
    assert office.waiting(case) == ["decide_return_request"]


def test_only_the_liaison_of_the_unit_may_send_it_back(office: Office) -> None:
    case = office.bring_to("sign_for")
    for login in ("stranger", "handler", "dispatcher"):
        offered = {act.element.id for act in office.acts(case, login)}
        assert "return_before_signing" not in offered
    send(office, case)
    with pytest.raises(NotAllowed):
        office.do(case, "decide_return_request", by="liaison", return_verdict="supplement")


def test_who_is_second_reads_that_it_has_been_sent_back(office: Office) -> None:
    case = office.bring_to("sign_for")
    task = office.task(case, "sign_for")
    send(office, case)
    with pytest.raises(Conflict), office.acting("liaison") as uow:
        steps.complete(uow, task, {})
    with pytest.raises(DomainError), office.acting("liaison") as uow:
        acts.act(uow, case, f"return_before_signing-{office.demand(case).process_id}", ASKED)


def test_an_order_that_is_closed_cannot_be_sent_back(office: Office) -> None:
    case = office.bring_to("reply")
    key = office.act_key(case, "return_after_signing", "liaison")
    office.bring_to("close", case)
    office.do(case, "close")
    with pytest.raises(Conflict) as refusal, office.acting("liaison") as uow:
        acts.act(uow, case, key, ASKED)
    assert "流程已继续" in refusal.value.phrase.zh


def test_for_a_supplement_the_limit_rests_and_goes_on_where_it_was(office: Office) -> None:
    case = sent_back(office, reason_code="R05")
    office.do(case, "decide_return_request", return_verdict="supplement")
    assert office.waiting(case) == ["supplement"]
    assert office.clock(case, "handling").paused_at == office.now
    due = office.clock(case, "handling").due_at
    office.wait(days=2)
    assert len(messages(office, "supplement_waiting")) == 1
    office.do(case, "supplement", supplement_address="江畔区幸福小区5号楼")
    clock = office.clock(case, "handling")
    assert clock.paused_at is None
    assert due is not None
    assert clock.due_at == due + timedelta(days=2)
    assert office.clock(case, "supplement").stopped_at == office.now
    assert office.waiting(case) == ["reply"]
    assert "补充楼栋号" in office.demand(case).content
    assert office.demand(case).address == "江畔区幸福小区5号楼"
    assert len(messages(office, "supplemented")) == 1


def test_a_supplement_before_signing_leads_back_to_the_signature(office: Office) -> None:
    case = sent_back(office, "sign_for", reason_code="R05")
    office.do(case, "decide_return_request", return_verdict="supplement")
    assert office.clock(case, "sign_for").paused_at == office.now
    office.do(case, "supplement")
    assert office.waiting(case) == ["sign_for"]
    assert office.clock(case, "sign_for").paused_at is None


def test_a_duplicate_joins_the_order_that_exists_and_all_its_clocks_stop(office: Office) -> None:
    other = office.bring_to("reply")
    case = sent_back(office, "sign_for", reason_code="R06")
    number = office.order(other).number
    office.do(case, "decide_return_request", return_verdict="merge", merge_number=number)
    assert office.waiting(case) == []
    assert office.demand(case).merged_into_id == other
    assert office.clock(case, "total").stopped_at == office.now


def test_what_is_not_the_hotlines_leads_to_non_acceptance_with_the_clocks_stopped(
    office: Office,
) -> None:
    case = sent_back(office, reason_code="R08")
    office.do(case, "decide_return_request", return_verdict="non_acceptance")
    assert office.waiting(case) == ["tell_non_acceptance"]
    assert office.clock(case, "handling").stopped_at == office.now
    assert office.clock(case, "total").stopped_at == office.now


def test_accepted_after_all_it_is_dispatched_anew_and_the_total_limit_goes_on(
    office: Office,
) -> None:
    case = sent_back(office, reason_code="R08")
    total = office.clock(case, "total").due_at
    office.do(case, "decide_return_request", return_verdict="non_acceptance")
    office.do(case, "tell_non_acceptance", told_ground="N3")
    office.act(case, "objection_raised", "agent", objection_text="诉讼已撤回。")
    office.do(case, "decide_objection")
    assert office.waiting(case) == ["dispatch"]
    clock = office.clock(case, "total")
    assert (clock.due_at, clock.run, clock.stopped_at) == (total, 1, None)


def in_parallel(office: Office) -> int:
    """A case at its lead unit, with a co-unit at work and an extension asked for."""
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", co_units=[office.unit("riverside")])
    for step in ("sign_for", "first_contact"):
        office.do(case, step)
    asked = {
        "days": "2",
        "ground": "complex",
        "extension_reason": "须检测。",
        "legal_basis": "第五条",
    }
    office.act(case, "extension_asked", "liaison", **asked)
    return case


def beside(office: Office, case: int) -> dict[str, str]:
    with reading(office.sessions) as session:
        found = send_back.beside(session, find(session, case))
        return {procedure.kind: str(fate) for procedure, fate in found}


def test_a_re_dispatch_ends_what_is_the_units_and_leaves_the_co_units_at_work(
    office: Office,
) -> None:
    case = in_parallel(office)
    send(office, case)
    assert beside(office, case) == {"sub_order": "goes_on", "extension": "ends"}
    assert "answer_part" in office.waiting(case)
    office.do(
        case,
        "decide_return_request",
        return_verdict="other_unit",
        new_lead_unit=office.unit("water_group"),
    )
    assert sorted(office.waiting(case)) == ["answer_part", "sign_for"]
    assert beside(office, case) == {"sub_order": "goes_on"}


def test_a_refused_return_leaves_everything_that_runs_beside_as_it_was(office: Office) -> None:
    case = in_parallel(office)
    before = sorted(office.waiting(case))
    send(office, case)
    office.do(
        case, "decide_return_request", return_verdict="refused", return_opinion="属你局职责。"
    )
    assert sorted(office.waiting(case)) == before


def test_a_returned_order_that_joins_another_ends_what_runs_beside_it(office: Office) -> None:
    other = office.bring_to("reply")
    case = in_parallel(office)
    send(office, case, reason_code="R06")
    number = office.order(other).number
    office.do(case, "decide_return_request", return_verdict="merge", merge_number=number)
    assert beside(office, case) == {}
    assert office.waiting(case) == []


def test_the_plan_says_what_each_decision_does_before_it_is_taken(office: Office) -> None:
    case = sent_back(office)
    with reading(office.sessions) as session:
        found = find(session, case)
        refused, other = send_back.plans(session, found, ["refused", "other_unit"])
        running = [clock.name for clock in send_back.limits_now(session, found)]
    assert (refused.unit_limits, refused.counts_against_unit) == ("continue", True)
    assert (other.unit_limits, other.leaves_unit) == ("restart", True)
    assert running == ["handling"]

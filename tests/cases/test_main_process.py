"""Every path through bpmn/work_order.bpmn, walked with the real commands."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from app.cases import history, queries
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import OrderStatus
from app.cases.queries import Light
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from tests.office import Office


def test_a_demand_becomes_a_closed_order(office: Office) -> None:
    case = office.register()
    for element in (
        "answer_or_order",
        "dispatch",
        "sign_for",
        "first_contact",
        "reply",
        "approve_reply",
        "review_reply",
        "callback",
        "close",
    ):
        assert office.waiting(case) == [element]
        office.wait(minutes=20)
        office.do(case, element)
    order = office.order(case)
    assert office.waiting(case) == []
    assert (order.status, order.closing_reason) == (OrderStatus.CLOSED, "resolved")
    assert order.closed_at is not None
    assert not order.overdue
    assert office.demand(case).status == DemandStatus.CLOSED
    assert office.demand(case).number.startswith("SQ20260302")
    assert order.number.startswith("GD20260302")
    assert all(
        office.clock(case, name).stopped_at is not None
        for name in ("total", "sign_for", "handling", "callback")
    )


def test_what_can_be_answered_at_once_never_becomes_an_order(office: Office) -> None:
    case = office.register(nature="consultation")
    office.do(case, "answer_or_order", outcome="answered", answer="可在政务服务网办理。")
    demand = office.demand(case)
    assert demand.status == DemandStatus.ANSWERED_ONLINE
    assert demand.answer == "可在政务服务网办理。"
    assert demand.closed_at == office.now
    assert office.waiting(case) == []
    with pytest.raises(Exception, match="No row"):
        office.order(case)


def test_an_online_answer_needs_words(office: Office) -> None:
    case = office.register()
    with pytest.raises(Invalid) as refusal:
        office.do(case, "answer_or_order", outcome="answered")
    assert list(refusal.value.fields) == ["answer"]
    assert office.waiting(case) == ["answer_or_order"]


def test_a_demand_outside_the_hotlines_remit_is_refused_with_its_lawful_channel(
    office: Office,
) -> None:
    case = office.register(non_acceptance_ground="N3")
    assert office.waiting(case) == ["tell_non_acceptance"]
    with office.acting("agent") as uow:
        from app.cases import steps

        steps.complete(
            uow,
            office.task(case, "tell_non_acceptance"),
            {"lawful_channel": "江畔区人民法院", "explanation": "已在诉讼中。"},
        )
    assert office.demand(case).status == DemandStatus.NOT_ACCEPTED
    assert "江畔区人民法院" in (office.demand(case).answer or "")


def test_an_unsigned_order_is_urged_at_the_limit_and_signed_by_the_system_later(
    office: Office,
) -> None:
    case = office.bring_to("sign_for")
    clock = office.clock(case, "sign_for")
    assert clock.due_at is not None
    office.wait_until(clock.due_at)
    assert "发送通知(1人):工单签收已超时，请立即签收。" not in office.story(case)
    office.wait(seconds=1)
    assert office.waiting(case) == ["sign_for"]
    assert any("签收已超时" in line for line in office.story(case))
    office.wait(days=4)
    order = office.order(case)
    assert order.signed_automatically
    assert order.signed_at is not None
    assert order.signed_at < office.now
    assert office.waiting(case) == ["first_contact"]
    handling = office.clock(case, "handling")
    assert handling.started_at == order.signed_at
    # Signed at 24:00 of Wednesday the 4th: of the five working days, Thursday is the first.
    assert office.last_day(handling) == "2026-03-11"


@pytest.mark.parametrize(
    ("element", "clock", "words"),
    [
        ("dispatch", "dispatch", "派单已超时"),
        ("first_contact", "first_contact", "先行联系已超时"),
        ("review_reply", "review", "超时未审"),
        ("callback", "callback", "超时未回访"),
    ],
)
def test_whose_step_is_late_is_told_once_after_its_limit(
    office: Office, element: str, clock: str, words: str
) -> None:
    case = office.bring_to(element)
    due_at = office.clock(case, clock).due_at
    assert due_at is not None
    office.wait_until(due_at)
    assert not any(words in line for line in office.story(case))
    office.wait(seconds=1)
    told = [line for line in office.story(case) if words in line]
    assert len(told) == 1
    assert element in office.waiting(case)
    office.wait(days=1)
    assert [line for line in office.story(case) if words in line] == told
    office.do(case, element)


def test_the_handling_limit_counts_working_days_from_sign_for(office: Office) -> None:
    """A complaint signed for on Monday 2 March has five working days: until Monday the 9th."""
    case = office.bring_to("first_contact")
    clock = office.clock(case, "handling")
    assert office.last_day(clock) == "2026-03-09"
    assert not clock.provisional


def test_a_consultation_has_three_working_days(office: Office) -> None:
    case = office.bring_to("first_contact", nature="consultation")
    assert office.last_day(office.clock(case, "handling")) == "2026-03-05"


def test_yellow_red_and_reminders_fire_once_each_and_leave_the_order_with_its_handler(
    office: Office,
) -> None:
    case = office.bring_to("reply")
    office.wait(days=6, hours=3)  # Sunday: the last working day lies ahead
    assert not office.order(case).overdue
    office.wait(days=1)  # Monday the 9th, the last day
    assert any("即将到期" in line for line in office.story(case))
    office.wait(days=1)  # the 10th: overdue
    assert office.order(case).overdue
    office.wait(days=14)
    story = "\n".join(office.story(case))
    assert story.count("办理超期") == 1
    assert story.count("人）：催办：") == 1
    assert story.count("再次催办：") == 1
    assert "reply" in office.waiting(case)


def test_a_late_reply_is_overdue_once_and_can_still_be_given(office: Office) -> None:
    case = office.bring_to("reply")
    office.wait(days=9)
    office.do(case, "reply")
    office.do(case, "approve_reply")
    assert office.order(case).overdue
    assert "review_reply" in office.waiting(case)
    office.wait(days=30)
    assert "\n".join(office.story(case)).count("再次催办") == 0


def test_a_reply_given_in_time_is_not_made_late_by_a_slow_review(office: Office) -> None:
    case = office.bring_to("review_reply")
    office.wait(days=20)
    assert not office.order(case).overdue


def test_a_rejected_reply_goes_on_under_its_original_limit(office: Office) -> None:
    case = office.bring_to("review_reply")
    due = office.clock(case, "handling").due_at
    with pytest.raises(Invalid) as refusal:
        office.do(case, "review_reply", review="rejected")
    assert list(refusal.value.fields) == ["review_opinion"]
    office.do(case, "review_reply", review="rejected", review_opinion="缺现场照片，请补充。")
    assert office.waiting(case) == ["reply"]
    clock = office.clock(case, "handling")
    assert (clock.run, clock.due_at, clock.stopped_at) == (1, due, None)
    assert office.order(case).rejected_count == 1


def test_a_rejection_after_the_limit_makes_the_order_overdue_from_then_on(office: Office) -> None:
    case = office.bring_to("review_reply")
    office.wait(days=12)
    office.do(case, "review_reply", review="rejected", review_opinion="答非所问，请重新核实。")
    came_back = office.now
    office.wait(minutes=1)
    assert office.order(case).overdue
    with reading(office.sessions) as session:
        entries = history.story(session, case)
    assert [one.at for one in entries if one.command == "mark_overdue"] == [came_back]
    assert [one.at for one in entries] == sorted(one.at for one in entries)


def test_the_unit_may_send_its_handler_back_to_work(office: Office) -> None:
    case = office.bring_to("approve_reply")
    office.do(case, "approve_reply", approval="rejected", approval_opinion="补充处罚依据。")
    assert office.waiting(case) == ["reply"]
    assert office.order(case).replied_at is None


def test_an_anonymous_requester_is_not_called_back(office: Office) -> None:
    case = office.bring_to("review_reply", anonymous=True, requester_name="", requester_phone="")
    office.do(case, "review_reply")
    assert office.waiting(case) == ["close"]


def test_who_is_not_anonymous_gives_a_name_and_a_number(office: Office) -> None:
    with pytest.raises(Invalid) as refusal:
        office.register(requester_name="", requester_phone="")
    assert set(refusal.value.fields) == {"requester_name", "requester_phone"}


@pytest.mark.parametrize(
    ("element", "by"),
    [
        ("dispatch", "agent"),
        ("sign_for", "dispatcher"),
        ("sign_for", "stranger"),
        ("reply", "liaison"),
        ("reply", "stranger"),
        ("approve_reply", "handler"),
        ("review_reply", "approver"),
        ("callback", "reviewer"),
        ("reply", "duty"),
    ],
)
def test_a_step_is_refused_to_whoever_it_is_not_for(office: Office, element: str, by: str) -> None:
    case = office.bring_to(element)
    with pytest.raises(NotAllowed):
        office.do(case, element, by=by)
    assert office.waiting(case) == [element]


def test_the_second_person_reads_who_was_first_and_when(office: Office) -> None:
    case = office.bring_to("reply")
    task = office.task(case, "reply")
    office.do(case, "reply")
    office.wait(minutes=5)
    from app.cases import steps

    with pytest.raises(Conflict) as refusal, office.acting("handler2") as uow:
        steps.complete(uow, task, {"reply_text": "我也写了一份"})
    assert "冯经办于03月02日09:00办理" in refusal.value.phrase.zh


def test_an_outage_of_the_ticker_changes_nothing_but_the_moment_of_noticing(
    office: Office,
) -> None:
    case = office.bring_to("sign_for")
    office.wait(days=30, ticking=False)
    assert office.waiting(case) == ["sign_for"]
    office.tick()
    order = office.order(case)
    assert order.signed_automatically
    assert order.overdue
    handling = office.clock(case, "handling")
    assert handling.started_at == order.signed_at
    story = "\n".join(office.story(case))
    assert story.index("签收已超时") < story.index("自动签收") < story.index("即将到期")
    assert story.index("即将到期") < story.index("办理超期") < story.index("再次催办")


def test_a_changed_limit_moves_the_deadlines_of_new_orders_only(office: Office) -> None:
    """A case keeps the limits it began under; the table's new version is for new cases."""
    from app import engine
    from app.cases import services, tables
    from app.core.uow import SYSTEM, unit_of_work
    from app.decisions import registry
    from app.engine.diagram import read_diagram
    from app.office import DIAGRAMS
    from app.profiles.folders import TABLES

    begun = office.bring_to("sign_for")
    table = (TABLES / "time_limits.dmn").read_text(encoding="utf-8")
    before, row, after = table.partition('<rule id="time_limits_row_8">')
    changed = before + row + after.replace("<text>5</text>", "<text>4</text>", 1)
    assert changed != table
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        registry.publish(uow, "time_limits", changed.encode())
        source = (DIAGRAMS / "work_order.bpmn").read_bytes()
        engine.publish(
            uow,
            "work_order",
            [read_diagram(source, "work_order.bpmn")],
            services=services.declarations(),
            keeps=tables.KEPT,
        )
    new = office.bring_to("first_contact")
    office.bring_to("first_contact", begun)
    assert office.last_day(office.clock(begun, "handling")) == "2026-03-09"
    assert office.last_day(office.clock(new, "handling")) == "2026-03-06"


def test_an_order_to_be_dispatched_the_same_day_is_green_until_a_quarter_of_it_is_left(
    office: Office,
) -> None:
    case = office.bring_to("dispatch")
    with reading(office.sessions) as session:
        [yellow] = [
            yellow_at
            for clock, yellow_at in queries.clocks_of(session, case)
            if clock.name == "dispatch"
        ]
    assert yellow == datetime(2026, 3, 2, 18, 0, tzinfo=CHINA)


def test_first_contact_and_review_run_on_clocks_of_their_own(office: Office) -> None:
    case = office.bring_to("first_contact")
    order = office.order(case)
    contact = office.clock(case, "first_contact")
    assert contact.started_at == order.signed_at
    assert office.last_day(contact) == "2026-03-03"
    assert [item.light(office.now) for item in worklist(office, "handler")] == [Light.GREEN]
    office.wait(days=2)
    assert [item.light(office.now) for item in worklist(office, "handler")] == [Light.RED]
    office.do(case, "first_contact")
    assert office.clock(case, "first_contact").stopped_at == office.now
    assert [item.light(office.now) for item in worklist(office, "handler")] == [Light.GREEN]
    office.bring_to("review_reply", case)
    first = office.clock(case, "review")
    assert (first.started_at, office.last_day(first)) == (office.now, "2026-03-05")
    office.do(case, "review_reply", review="rejected", review_opinion="未写现场情况，请补充。")
    assert office.clock(case, "review").stopped_at == office.now
    office.wait(hours=2)
    office.bring_to("review_reply", case)
    assert (office.clock(case, "review").run, office.clock(case, "review").stopped_at) == (2, None)
    office.bring_to("close", case)
    assert office.clock(case, "review").stopped_at is not None


def test_the_limit_for_first_contact_ends_with_the_unit_that_was_under_it(office: Office) -> None:
    case = office.bring_to("first_contact")
    office.act(
        case,
        "return_after_signing",
        "liaison",
        reason_code="R01",
        return_statement="属供水管线。",
        return_basis="三定方案第四条",
        suggested_unit=str(office.unit("water_group")),
    )
    office.do(
        case,
        "decide_return_request",
        return_verdict="other_unit",
        new_lead_unit=office.unit("water_group"),
        return_opinion="同意改派。",
    )
    assert office.clock(case, "first_contact").stopped_at is not None
    office.do(case, "sign_for", by="stranger")
    again = office.clock(case, "first_contact")
    assert (again.run, again.stopped_at) == (2, None)


def worklist(office: Office, login: str) -> Sequence[queries.Item]:
    with reading(office.sessions) as session:
        return queries.worklist(session, office.actor(login), office.now).items

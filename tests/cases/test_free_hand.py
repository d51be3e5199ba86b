"""The duty manager puts an order elsewhere, gives it to another unit, or ends it."""

import pytest
from sqlalchemy import select

from app.cases import free_hand
from app.cases.free_hand import Plan, plans
from app.cases.models.work_order import OrderStatus
from app.cases.orders import find
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.outbox import OutboxMessage
from tests.office import Office

WHY: dict[str, object] = {"reason": "紧急会议决定。", "evidence": "会议纪要〔2026〕3号"}


def jump(office: Office, case: int, node: str, by: str = "duty") -> None:
    with office.acting(by) as uow:
        free_hand.jump(uow, case, WHY | {"node": node})


def reassign(office: Office, case: int, unit: str, by: str = "duty") -> None:
    with office.acting(by) as uow:
        free_hand.reassign(uow, case, WHY | {"unit": str(office.unit(unit))})


def cancel(office: Office, case: int, by: str = "duty") -> None:
    with office.acting(by) as uow:
        free_hand.cancel(uow, case, WHY)


def plan(office: Office, case: int, node: str) -> Plan:
    with reading(office.sessions) as session:
        return next(one for one in plans(session, find(session, case)) if one.element.id == node)


def running(office: Office, case: int) -> list[str]:
    with reading(office.sessions) as session:
        found = free_hand._clocks(session, find(session, case))
        return sorted(clock.name for clock in found if clock.stopped_at is None)


def test_back_to_the_dispatcher_voids_the_units_step_and_starts_the_dispatch_clock(
    office: Office,
) -> None:
    case = office.bring_to("reply")
    shown = plan(office, case, "dispatch")
    assert [task.element_id for task in shown.ends] == ["reply"]
    assert (shown.stops, shown.starts, shown.goes_on) == (("handling",), ("dispatch",), ("total",))
    jump(office, case, "dispatch")
    assert office.waiting(case) == ["dispatch"]
    assert running(office, case) == ["dispatch", "total"]
    assert office.order(case).status == OrderStatus.PENDING_DISPATCH
    office.bring_to("callback", case)


def test_back_to_the_unit_continues_the_limit_that_was_held(office: Office) -> None:
    case = office.bring_to("callback")
    due = office.clock(case, "handling").due_at
    assert plan(office, case, "reply").goes_on == ("handling", "total")
    jump(office, case, "reply")
    assert office.waiting(case) == ["reply"]
    assert running(office, case) == ["handling", "total"]
    assert office.clock(case, "handling").due_at == due
    office.bring_to("close", case)


def test_on_to_the_closing_stops_every_limit_but_the_promise(office: Office) -> None:
    case = office.bring_to("sign_for")
    jump(office, case, "close")
    assert office.waiting(case) == ["close"]
    assert running(office, case) == ["total"]
    office.do(case, "close")
    assert running(office, case) == []


@pytest.mark.parametrize("node", ["sign_for", "first_contact", "approve_reply", "ask_requester"])
def test_every_node_it_is_put_at_goes_on_to_the_end(office: Office, node: str) -> None:
    case = office.bring_to("reply")
    jump(office, case, node)
    office.bring_to("close", case)
    office.do(case, "close")
    assert office.order(case).status == OrderStatus.CLOSED


@pytest.mark.parametrize("node", ["reply", "supplement", "ask_requester", "re_handle"])
def test_what_needs_a_unit_waits_for_one(office: Office, node: str) -> None:
    case = office.bring_to("dispatch")
    with pytest.raises(Invalid, match="no unit yet"):
        jump(office, case, node)
    with pytest.raises(Invalid, match="from the list"):
        jump(office, case, "register")


@pytest.mark.parametrize(
    ("stands_at", "tier"), [("answer_or_order", None), ("dispatch", 2), ("first_contact", 1)]
)
def test_whose_duty_it_is_can_be_coordinated_from_anywhere(
    office: Office, stands_at: str, tier: int | None
) -> None:
    case = office.bring_to(stands_at)
    if tier is None:
        with pytest.raises(NotFound):
            jump(office, case, "coordinate")
        return
    jump(office, case, "coordinate")
    assert office.waiting(case) == ["agree_ownership" if tier == 1 else "rule_ownership"]
    assert running(office, case) == [f"coordination_{tier}", "total"]


def test_a_unit_that_was_given_what_the_centre_kept_handles_it_again(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="self", lead_unit="")
    reassign(office, case, "urban_management")
    office.bring_to("callback", case)
    office.do(case, "callback", result="dissatisfied", solved="no")
    office.do(case, "judge")
    assert office.waiting(case) == ["take_charge"]


def test_nothing_is_signed_before_there_is_a_reason_for_closing(office: Office) -> None:
    case = office.bring_to("reply")
    with pytest.raises(Invalid, match="no reason for closing"):
        jump(office, case, "sign_closure")


def test_what_the_centre_answered_itself_is_asked_about_without_a_unit(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", dispatch_mode="self", lead_unit="")
    jump(office, case, "ask_requester")
    assert office.waiting(case) == ["callback"]


def test_another_unit_signs_anew_and_the_total_runs_on(office: Office) -> None:
    case = office.bring_to("reply")
    total = office.clock(case, "total").due_at
    office.wait(days=1)
    reassign(office, case, "water_group")
    assert office.waiting(case) == ["sign_for"]
    assert office.order(case).lead_unit_id == office.unit("water_group")
    assert running(office, case) == ["sign_for", "total"]
    assert office.clock(case, "total").due_at == total
    with pytest.raises(NotAllowed):
        office.do(case, "sign_for")
    office.do(case, "sign_for", by="stranger")
    assert office.clock(case, "handling").run == 2
    with pytest.raises(Invalid, match="Choose another unit"):
        reassign(office, case, "water_group")


def test_a_cancelled_order_leaves_nothing_open_and_the_requester_is_told(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "extension_asked", "liaison", days="2", ground="complex",
               extension_reason="须会商。", legal_basis="办法")  # fmt: skip
    cancel(office, case)
    assert office.waiting(case) == []
    assert running(office, case) == []
    assert office.order(case).closing_reason == "cancelled"
    assert office.clock(case, "extension_decision").stopped_at == office.now
    with reading(office.sessions) as session:
        found = select(OutboxMessage.recipient).where(OutboxMessage.template == "order_cancelled")
        assert session.scalars(found).all() == ["13800001234"]
    office.wait(days=30)
    assert not office.order(case).overdue
    with pytest.raises(Conflict, match="is closed"):
        cancel(office, case)
    with pytest.raises(Conflict, match="is closed"):
        jump(office, case, "close")


def test_nobody_else_may_and_a_reason_is_required(office: Office) -> None:
    case = office.bring_to("reply")
    for login in ("dispatcher", "leader", "handler", "reviewer"):
        with pytest.raises(NotAllowed):
            cancel(office, case, by=login)
    with pytest.raises(Invalid) as refusal, office.acting("duty") as uow:
        free_hand.cancel(uow, case, {"reason": "", "evidence": ""})
    assert set(refusal.value.fields) == {"reason", "evidence"}
    assert office.waiting(case) == ["reply"]
    assert any("跳转" in line for line in office.story(case)) is False

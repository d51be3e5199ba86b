"""Urgent reports by day and night, and what goes to 110 and comes from it."""

from datetime import datetime

import pytest
from sqlalchemy import select

from app.cases.models.procedure import Procedure
from app.cases.models.urgent import PoliceTransfer, UrgentReport
from app.cases.orders import find
from app.cases.procedures import procedures_of
from app.cases.transfer_110 import return_result
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict, NotAllowed
from app.core.outbox import OutboxMessage
from tests.office import Office

NIGHT = datetime(2026, 3, 7, 23, 30, tzinfo=CHINA)
"""A Saturday, half an hour before midnight."""

PASSED_ON: dict[str, object] = {"way": "one_key", "transfer_note": "小区北门有人持械聚集。"}


def report(office: Office) -> UrgentReport:
    with reading(office.sessions) as session:
        return session.scalars(select(UrgentReport)).one()


def transfer(office: Office) -> PoliceTransfer:
    with reading(office.sessions) as session:
        return session.scalars(select(PoliceTransfer)).one()


def outcomes(office: Office, case: int) -> list[str | None]:
    with reading(office.sessions) as session:
        return [
            one.outcome
            for one in procedures_of(session, case)
            if one.kind in {"urgent_report", "transfer_110"}
        ]


def told(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        found = select(OutboxMessage.id).where(OutboxMessage.template == template)
        return len(session.scalars(found).all())


def at_night(office: Office, urgency: str) -> int:
    office.wait_until(NIGHT)
    return office.bring_to("dispatch", urgency=urgency)


def test_a_critical_order_goes_to_the_leader_within_half_an_hour_at_night(office: Office) -> None:
    case = at_night(office, "critical")
    clock = office.clock(case, "urgent_report")
    assert clock.due_at == datetime(2026, 3, 8, 0, 0, tzinfo=CHINA)
    assert told(office, "urgent_arrived") == 1
    assert sorted(office.waiting(case)) == ["acknowledge_urgent", "dispatch"]
    office.do(case, "acknowledge_urgent")
    assert office.clock(case, "urgent_report").stopped_at is None
    office.do(case, "acknowledge_slip")
    assert office.clock(case, "urgent_report").stopped_at == office.now
    assert report(office).instruction == "请立即处置，确保安全。"
    assert report(office).number.startswith("CY20260307")
    office.do(case, "dispatch")
    office.act(case, "feed_back_from_spot", "handler", spot_feedback="围挡已拆，无人受伤。")
    assert report(office).feedback == "围挡已拆，无人受伤。"
    assert outcomes(office, case) == ["reported"]
    assert office.clock(case, "urgent_feedback").stopped_at == office.now
    assert office.waiting(case) == ["sign_for"]


def test_an_urgent_order_stays_with_the_duty_officer(office: Office) -> None:
    case = at_night(office, "urgent")
    office.do(case, "dispatch")
    with pytest.raises(NotAllowed):
        office.do(case, "acknowledge_urgent", by="dispatcher")
    office.do(case, "acknowledge_urgent")
    assert office.clock(case, "urgent_report").stopped_at == office.now
    assert office.waiting(case) == ["sign_for"]
    assert report(office).report_to == "duty_manager"


def test_a_report_nobody_acknowledges_is_escalated_in_the_night_once(office: Office) -> None:
    case = at_night(office, "critical")
    office.wait(minutes=30)
    assert not report(office).late
    office.wait(minutes=1)
    office.wait(hours=5)
    assert report(office).late
    assert told(office, "urgent_late") == 1
    office.do(case, "acknowledge_urgent")
    office.do(case, "acknowledge_slip")


def test_feedback_that_does_not_come_is_escalated_and_may_still_be_given(office: Office) -> None:
    case = at_night(office, "urgent")
    office.do(case, "acknowledge_urgent")
    office.do(case, "dispatch")
    office.wait(hours=3)
    assert told(office, "urgent_late") == 1
    office.act(case, "feed_back_from_spot", "handler", spot_feedback="已到场。")
    assert outcomes(office, case) == ["reported"]


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_report_ends_with_its_order(office: Office, acknowledged: bool) -> None:
    case = office.bring_to("close", urgency="urgent")
    if acknowledged:
        office.do(case, "acknowledge_urgent")
    office.do(case, "close")
    assert office.waiting(case) == []
    assert outcomes(office, case) == ["void"]


def test_an_ordinary_order_has_no_report(office: Office) -> None:
    case = office.bring_to("close")
    assert outcomes(office, case) == []


def test_a_matter_is_passed_to_110_by_one_key_and_its_result_comes_back(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.act(case, "transfer_asked", "agent", **PASSED_ON)
    assert "dispatch" in office.waiting(case)
    office.do(case, "police_accepts")
    assert transfer(office).police_number == "JQ20260302001"
    with pytest.raises(Conflict, match="waits for the result"):
        office.act(case, "transfer_asked", "agent", **PASSED_ON)
    office.act(case, "await_result", "agent", police_result="民警已到场调解，双方散去。")
    assert transfer(office).result_at == office.now
    assert told(office, "transfer_result") == 1
    assert outcomes(office, case) == ["result_back"]
    assert office.waiting(case) == ["dispatch"]


@pytest.mark.parametrize(
    ("agreed", "way", "outcome"),
    [("hotline", "first_receiver", "kept"), ("unclear", "first_receiver", "kept")],
)
def test_what_stays_unclear_in_a_call_of_three_is_kept_by_the_first_receiver(
    office: Office, agreed: str, way: str, outcome: str
) -> None:
    case = office.bring_to("dispatch")
    office.act(case, "transfer_asked", "agent", **(PASSED_ON | {"way": "three_party"}))
    office.do(case, "talk_of_three", agreed=agreed)
    assert transfer(office).way == way
    assert outcomes(office, case) == [outcome]
    assert office.waiting(case) == ["dispatch"]


def test_what_110_agrees_to_take_gets_its_number(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.act(case, "transfer_asked", "agent", **(PASSED_ON | {"way": "three_party"}))
    office.do(case, "talk_of_three")
    assert "police_accepts" in office.waiting(case)
    office.wait(hours=3)
    assert told(office, "transfer_waiting") == 1


def test_a_returned_order_waits_for_the_police_and_is_closed_with_their_result(
    office: Office,
) -> None:
    case = office.bring_to("sign_for")
    office.act(case, "return_before_signing", "liaison", reason_code="R09",
               return_statement="持械斗殴，属110。")  # fmt: skip
    office.do(case, "decide_return_request", return_verdict="transfer_110")
    assert office.waiting(case) == ["police_accepts"]
    office.do(case, "police_accepts")
    office.act(case, "await_result", "agent", police_result="已处置。")
    assert office.waiting(case) == ["close"]
    assert office.order(case).public_reply == "已处置。"
    with reading(office.sessions) as session:
        [procedure] = session.scalars(select(Procedure).where(Procedure.kind == "transfer_110"))
    assert procedure.outcome == "result_back"


def test_what_is_over_cannot_be_passed_on(office: Office) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    with pytest.raises(Conflict, match="The demand is over"):
        office.act(case, "transfer_asked", "agent", **PASSED_ON)


def test_what_came_from_110_is_returned_there_once(office: Office) -> None:
    case = office.bring_to("close", channel="police_110", police_number="JQ1")
    found = transfer(office)
    assert (found.direction, found.police_number) == ("in", "JQ1")
    with pytest.raises(Conflict), office.acting("duty") as uow:
        return_result(uow, find(uow.session, case), "还没有办结。")
    office.do(case, "close")
    assert told(office, "police_result_due") == 1
    with office.acting("duty") as uow:
        return_result(uow, find(uow.session, case), "已办结。")
    assert transfer(office).result == "已办结。"
    with pytest.raises(Conflict), office.acting("duty") as uow:
        return_result(uow, find(uow.session, case), "已办结。")

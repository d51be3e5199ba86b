"""From the callback to the file: what the tables say of attempts, ratings, reasons and repeats."""

import pytest
from sqlalchemy import select

from app.cases.models.work_order import Callback, OrderStatus
from app.core.db import reading
from app.core.errors import Invalid
from app.decisions import registry
from app.decisions.models import DecisionRecord
from app.profiles.folders import TABLES
from tests.office import Office


def waiting(office: Office, case: int) -> list[str]:
    """The open steps of the order itself; a supervision beside it has its own."""
    return [element for element in office.waiting(case) if not element.startswith("supervision")]


def judged(office: Office, times: int, **rating: str) -> int:
    """A case whose requester has been dissatisfied so many times and that is to be judged."""
    case = office.bring_to("callback")
    for number in range(times):
        if number:
            office.do(case, "judge")
            office.bring_to("callback", case)
        office.do(case, "callback", **({"result": "dissatisfied"} | rating))
    assert waiting(office, case) == ["judge"]
    return case


def asked(office: Office, case: int, table: str) -> list[str]:
    """The evidence of each question of the case to a table: the rows that answered."""
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(DecisionRecord.rows)
                .where(DecisionRecord.subject_id == case, DecisionRecord.decision_key == table)
                .order_by(DecisionRecord.id)
            )
        )


def test_what_awaits_the_judgement_does_not_read_as_if_the_requester_were_to_be_called(
    office: Office,
) -> None:
    case = office.bring_to("callback")
    assert office.order(case).status == OrderStatus.PENDING_CALLBACK
    office.do(case, "callback", result="dissatisfied")
    assert office.order(case).status == OrderStatus.PENDING_JUDGEMENT
    office.do(case, "judge", judgement="close")
    assert office.order(case).status == OrderStatus.PENDING_CLOSURE


def test_nobody_reached_is_tried_three_times_half_a_working_day_apart(office: Office) -> None:
    case = office.bring_to("callback")
    for attempt in range(1, 4):
        office.do(case, "callback", reached="no")
        if attempt < 3:
            assert waiting(office, case) == []
            assert office.clock(case, "callback").stopped_at is None
            office.wait(hours=3)
            assert waiting(office, case) == []
            office.wait(days=3)
            assert waiting(office, case) == ["callback"]
    assert waiting(office, case) == []
    assert office.clock(case, "callback").stopped_at == office.now
    office.wait(days=4)
    assert waiting(office, case) == ["close"]
    assert office.order(case).status == OrderStatus.PENDING_CLOSURE
    assert len(asked(office, case, "callback")) == 3


def test_silence_is_not_a_rating(office: Office) -> None:
    case = office.bring_to("callback")
    with pytest.raises(Invalid) as refusal:
        office.do(case, "callback", efficiency="", solved="")
    assert set(refusal.value.fields) == {"efficiency", "solved"}


def test_who_will_not_rate_is_neither_asked_again_nor_counted_as_satisfied(office: Office) -> None:
    case = office.bring_to("callback")
    office.do(case, "callback", reached="declined")
    assert waiting(office, case) == ["close"]
    with reading(office.sessions) as session:
        [attempt] = session.scalars(select(Callback))
    assert attempt.reached
    assert (attempt.efficiency, attempt.attitude, attempt.result) == (None, None, None)
    assert attempt.solved is None


def test_an_order_is_handled_again_twice_and_the_second_time_under_supervision(
    office: Office,
) -> None:
    case = judged(office, 1)
    office.do(case, "judge")
    assert waiting(office, case) == ["take_charge"]
    office.do(case, "take_charge")
    assert waiting(office, case) == ["first_contact"]
    assert office.clock(case, "handling").run == 2
    assert office.order(case).status == OrderStatus.RE_HANDLING
    office.bring_to("callback", case)
    office.do(case, "callback", attitude="dissatisfied")
    office.do(case, "judge")
    assert office.order(case).re_handled_count == 2
    assert ['"supervise":true' in rows for rows in asked(office, case, "re_handling")] == [
        False,
        True,
    ]


def test_three_dissatisfied_dimensions_bring_supervision_at_once(office: Office) -> None:
    case = judged(office, 1, efficiency="dissatisfied", attitude="dissatisfied")
    office.do(case, "judge")
    [rows] = asked(office, case, "re_handling")
    assert '"supervise":true' in rows


def test_a_third_time_is_refused_and_the_closure_is_signed_by_the_leader(office: Office) -> None:
    case = judged(office, 3)
    with pytest.raises(Invalid, match="handled again twice") as refusal:
        office.do(case, "judge")
    assert set(refusal.value.fields) == {"judgement"}
    office.do(case, "judge", judgement="close", judgement_opinion="诉求无法律依据。")
    assert office.order(case).status == OrderStatus.PENDING_CLOSURE
    with pytest.raises(Invalid) as missing:
        office.do(case, "close", closing_reason="unreasonable")
    assert set(missing.value.fields) == {"closing_note"}
    office.do(case, "close", closing_reason="unreasonable", closing_note="依据见判定意见。")
    assert waiting(office, case) == ["sign_closure"]
    with pytest.raises(Invalid):
        office.do(case, "sign_closure", signature="rejected")
    office.do(case, "sign_closure", signature="rejected", signature_opinion="请补充政策依据。")
    assert waiting(office, case) == ["close"]
    office.do(case, "close", closing_reason="unreasonable", closing_note="已补充政策依据。")
    office.do(case, "sign_closure")
    assert waiting(office, case) == []
    order = office.order(case)
    assert (order.status, order.closing_reason) == (OrderStatus.CLOSED, "unreasonable")


def test_what_the_requester_calls_unsolved_is_not_closed_as_resolved(office: Office) -> None:
    case = office.bring_to("callback")
    office.do(case, "callback", solved="no")
    with pytest.raises(Invalid, match="not solved") as refusal:
        office.do(case, "close")
    assert set(refusal.value.fields) == {"closing_reason"}
    office.do(case, "close", closing_reason="explained")
    assert office.order(case).closing_reason == "explained"


def test_the_rest_of_a_partly_resolved_matter_is_written_down(office: Office) -> None:
    case = office.bring_to("close")
    with pytest.raises(Invalid) as refusal:
        office.do(case, "close", closing_reason="partly_resolved")
    assert set(refusal.value.fields) == {"closing_note"}
    office.do(case, "close", closing_reason="partly_resolved", closing_note="余下路段下月施工。")
    assert office.order(case).status == OrderStatus.CLOSED


def test_a_case_keeps_the_number_of_attempts_it_began_with(office: Office) -> None:
    old = office.bring_to("callback")
    text = (TABLES / "callback.dmn").read_text(encoding="utf-8")
    changed = text.replace("<text>&lt; 3</text>", "<text>&lt; 2</text>")
    changed = changed.replace("<text>&gt;= 3</text>", "<text>&gt;= 2</text>")
    with office.acting("duty") as uow:
        assert registry.publish(uow, "callback", changed.encode()).version == 2
    for _ in range(2):
        office.do(old, "callback", reached="no")
        office.wait(days=3)
    assert office.waiting(old) == ["callback"]

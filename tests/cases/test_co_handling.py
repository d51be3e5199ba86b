"""Parts of an order: co-units and lower tiers, each with its own limit, answer and lateness."""

import pytest
from sqlalchemy import select

from app import engine
from app.cases import acts, steps
from app.cases.co_handling import PartOfUnit, parts_of
from app.cases.models.work_order import OrderStatus
from app.cases.orders import find
from app.cases.queries import concerns, open_tasks
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.outbox import OutboxMessage
from tests.office import Office

GIVE_BACK = {"part_return_reason": "管线不在我司供水范围，依据特许经营协议附图。"}
TAKE_BACK = {"withdraw_reason": "派错单位。"}


def with_co_unit(office: Office, until: str = "reply", **given: object) -> int:
    """A case whose order has the water group as co-unit, brought to a step of the lead unit."""
    case = office.bring_to("dispatch", None, **given)
    office.do(case, "dispatch", co_units=[str(office.unit("water_group"))])
    while until not in office.waiting(case):
        office.do(case, next(one for one in office.waiting(case) if one != "answer_part"))
    return case


def parts(office: Office, case: int) -> list[PartOfUnit]:
    with reading(office.sessions) as session:
        return parts_of(session, case)


def outcomes(office: Office, case: int) -> list[tuple[str, str | None]]:
    return [(one.unit.code, one.procedure.outcome) for one in parts(office, case)]


def told(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        found = select(OutboxMessage.recipient).where(OutboxMessage.template == template)
        return len(session.scalars(found).all())


def test_a_co_unit_named_in_dispatching_answers_the_lead_within_its_own_limit(
    office: Office,
) -> None:
    case = with_co_unit(office, "sign_for")
    assert sorted(office.waiting(case)) == ["answer_part", "sign_for"]
    (part,) = parts(office, case)
    assert part.part.signed_at == office.now
    assert office.last_day(office.clock(case, "part")) == "2026-03-06"  # four working days
    office.do(case, "answer_part")
    (part,) = parts(office, case)
    assert (part.procedure.outcome, part.part.answered_at) == ("answered", office.now)
    assert part.part.answer == "管线已探明，无渗漏。"
    assert told(office, "part_answered") == 2
    assert office.clock(case, "part").stopped_at == office.now
    assert office.waiting(case) == ["sign_for"]


def test_a_part_never_blocks_the_order_and_its_missing_answer_is_the_co_units(
    office: Office,
) -> None:
    case = with_co_unit(office)
    for step in ("reply", "approve_reply", "review_reply"):
        office.do(case, step)
    assert outcomes(office, case) == [("water_group", "missing")]
    assert office.waiting(case) == ["callback"]
    assert not office.order(case).overdue


def test_the_lights_of_a_part_burn_for_its_own_unit(office: Office) -> None:
    case = with_co_unit(office)
    office.wait(days=4)  # Friday: the last day of the part
    assert (told(office, "part_due_soon"), told(office, "part_overdue")) == (1, 0)
    office.wait(days=3)  # Monday: the order itself is due today
    (part,) = parts(office, case)
    assert part.part.overdue
    assert not office.order(case).overdue
    assert (told(office, "part_overdue"), told(office, "part_late")) == (1, 1)
    office.do(case, "answer_part")  # late, but still of use
    assert outcomes(office, case) == [("water_group", "answered")]


def test_a_unit_cannot_assist_itself_and_must_exist(office: Office) -> None:
    case = office.bring_to("dispatch")
    for wrong in (str(office.unit("urban_management")), "999"):
        with pytest.raises(Invalid) as refusal:
            office.do(case, "dispatch", co_units=[wrong])
        assert "co_units" in refusal.value.fields
    assert office.waiting(case) == ["dispatch"]


def test_only_the_co_unit_answers_its_part(office: Office) -> None:
    case = with_co_unit(office)
    with pytest.raises(NotAllowed):
        office.do(case, "answer_part", by="handler")
    with pytest.raises(NotAllowed):
        office.do(case, "answer_part", by="duty")


def test_a_co_unit_sees_the_order_and_others_do_not(office: Office) -> None:
    case = with_co_unit(office)
    with reading(office.sessions) as session:
        assert concerns(session, case, office.unit("water_group"))
        assert not concerns(session, case, office.unit("riverside"))


def test_a_co_unit_is_added_while_the_others_work_and_not_twice(office: Office) -> None:
    case = with_co_unit(office)
    more = {"co_unit": str(office.unit("riverside")), "part_task": "请核实店外经营。"}
    office.act(case, "co_unit_added", "dispatcher", **more)
    assert outcomes(office, case) == [("water_group", None), ("riverside", None)]
    assert parts(office, case)[1].part.task == "请核实店外经营。"
    with pytest.raises(Invalid) as refusal:
        office.act(case, "co_unit_added", "dispatcher", **more)
    assert "已有一项未答复的任务" in refusal.value.phrase.zh
    with pytest.raises(Invalid):
        office.act(
            case, "co_unit_added", "dispatcher", co_unit=str(office.unit("urban_management"))
        )


def test_nobody_is_added_before_dispatch_or_after_the_answer(office: Office) -> None:
    case = office.bring_to("dispatch")
    more = {"co_unit": str(office.unit("water_group"))}
    with pytest.raises(Conflict):
        office.act(case, "co_unit_added", "dispatcher", **more)
    office.bring_to("callback", case)
    with pytest.raises(Conflict) as refusal:
        office.act(case, "co_unit_added", "dispatcher", **more)
    assert "办理期间" in refusal.value.phrase.zh


def test_a_released_co_unit_owes_nothing(office: Office) -> None:
    case = with_co_unit(office)
    office.act(case, "part_return_asked", "stranger", **GIVE_BACK)
    assert told(office, "part_return_asked") == 2
    with pytest.raises(NotAllowed):
        office.do(case, "decide_part_return", by="reviewer")
    office.do(case, "decide_part_return")
    assert outcomes(office, case) == [("water_group", "released")]
    assert office.waiting(case) == ["reply"]


def test_another_unit_takes_the_place_of_one_that_gives_its_part_back(office: Office) -> None:
    case = with_co_unit(office)
    office.act(case, "part_return_asked", "stranger", **GIVE_BACK)
    with pytest.raises(Invalid):
        office.do(case, "decide_part_return", part_verdict="replaced")
    office.do(
        case,
        "decide_part_return",
        part_verdict="replaced",
        replacing_unit=str(office.unit("riverside")),
    )
    assert outcomes(office, case) == [("water_group", "released"), ("riverside", None)]
    office.do(case, "answer_part", by="subdistrict")


def test_a_refused_co_unit_goes_on_within_the_same_limit(office: Office) -> None:
    case = with_co_unit(office)
    due = office.clock(case, "part").due_at
    office.act(case, "part_return_asked", "stranger", **GIVE_BACK)
    with pytest.raises(Invalid) as refusal:
        office.do(case, "decide_part_return", part_verdict="refused")
    assert "part_opinion" in refusal.value.fields
    office.do(case, "decide_part_return", part_verdict="refused", part_opinion="在供水范围内。")
    assert told(office, "part_return_refused") == 1
    assert office.clock(case, "part").due_at == due
    office.do(case, "answer_part")
    assert outcomes(office, case) == [("water_group", "answered")]


def test_a_refused_co_unit_is_not_warned_twice(office: Office) -> None:
    case = with_co_unit(office)
    office.wait(days=4)
    office.act(case, "part_return_asked", "stranger", **GIVE_BACK)
    office.do(case, "decide_part_return", part_verdict="refused", part_opinion="在供水范围内。")
    office.wait(hours=1)
    assert told(office, "part_due_soon") == 1


def test_the_dispatcher_withdraws_a_part_or_gives_it_to_another(office: Office) -> None:
    case = with_co_unit(office)
    office.act(
        case,
        "part_withdrawn",
        "dispatcher",
        replacing_unit=str(office.unit("riverside")),
        **TAKE_BACK,
    )
    assert outcomes(office, case) == [("water_group", "withdrawn"), ("riverside", None)]
    assert told(office, "part_taken_back") == 1
    office.act(case, "part_withdrawn", "dispatcher", **TAKE_BACK)
    assert outcomes(office, case)[1] == ("riverside", "withdrawn")
    with pytest.raises(AssertionError):
        office.act(case, "part_withdrawn", "dispatcher", **TAKE_BACK)


def test_a_part_that_was_answered_first_cannot_be_withdrawn(office: Office) -> None:
    case = with_co_unit(office)
    key = office.act_key(case, "part_withdrawn", "dispatcher")
    office.do(case, "answer_part")
    with pytest.raises(Conflict), office.acting("dispatcher") as uow:
        acts.act(uow, case, key, TAKE_BACK)


def test_four_tiers_deep_each_with_its_own_limit_and_answer(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "passed_down", "liaison", lower_unit=str(office.unit("riverside")))
    office.wait(days=1)
    office.act(case, "part_passed_down", "subdistrict", lower_unit=str(office.unit("willow_lane")))
    first, second = parts(office, case)
    assert (second.part.above_id, second.part.giver_unit_id) == (
        first.procedure.id,
        office.unit("riverside"),
    )
    assert first.due_at is not None
    assert second.due_at is not None
    assert second.due_at > first.due_at
    office.do(case, "answer_part", by="subdistrict")  # answers upward before the lowest did
    assert outcomes(office, case) == [("riverside", "answered"), ("willow_lane", "void")]


def test_the_answer_of_the_lowest_tier_reaches_the_one_above(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "passed_down", "liaison", lower_unit=str(office.unit("riverside")))
    office.act(case, "part_passed_down", "subdistrict", lower_unit=str(office.unit("willow_lane")))
    tasks = office.waiting(case)
    assert tasks == ["reply", "answer_part", "answer_part"]
    lowest = parts(office, case)[1].procedure.id
    with reading(office.sessions) as session:
        (task,) = (task for task in open_tasks(session, case) if task.scope == lowest)
    with office.acting("community") as uow:
        steps.complete(uow, task.id, {"part_result": "done", "part_answer": "已上门核实。"})
    assert told(office, "part_answered") == 1
    office.do(case, "answer_part", by="subdistrict")
    assert [outcome for _unit, outcome in outcomes(office, case)] == ["answered", "answered"]


def test_only_a_unit_directly_below_gets_what_is_passed_down(office: Office) -> None:
    case = office.bring_to("reply")
    for code in ("water_group", "willow_lane"):
        with pytest.raises(Invalid) as refusal:
            office.act(case, "passed_down", "liaison", lower_unit=str(office.unit(code)))
        assert "下级单位" in refusal.value.phrase.zh


def test_a_unit_without_units_below_it_is_told_so(office: Office) -> None:
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", lead_unit=office.unit("water_group"))
    (act,) = [one for one in office.acts(case, "stranger") if one.element.id == "passed_down"]
    assert act.why_not is not None
    assert "没有下级承办单位" in act.why_not.zh


def test_what_a_lower_unit_gives_back_is_the_business_of_the_unit_above(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "passed_down", "liaison", lower_unit=str(office.unit("riverside")))
    office.act(case, "part_return_asked", "subdistrict", **GIVE_BACK)
    assert outcomes(office, case) == [("riverside", "returned")]
    assert told(office, "part_came_back") == 1
    office.act(case, "passed_down", "liaison", lower_unit=str(office.unit("riverside")))


def test_after_a_re_dispatch_the_co_units_work_for_the_new_lead_unit(office: Office) -> None:
    case = with_co_unit(office, "sign_for")
    office.act(
        case,
        "co_unit_added",
        "dispatcher",
        co_unit=str(office.unit("willow_lane")),
    )
    due = parts(office, case)[0].due_at
    office.act(
        case,
        "return_before_signing",
        "liaison",
        reason_code="R01",
        return_statement="属街道职责。",
        return_basis="三定方案第四条",
        suggested_unit=str(office.unit("willow_lane")),
    )
    task = office.task(case, "decide_return_request")
    with office.acting("dispatcher") as uow:
        answers = {
            "return_verdict": "other_unit",
            "new_lead_unit": office.unit("willow_lane"),
            "return_opinion": "同意改派。",
        }
        steps.complete(uow, task, answers)
    assert outcomes(office, case) == [("water_group", None), ("willow_lane", "void")]
    part = parts(office, case)[0]
    assert part.part.giver_unit_id == office.unit("willow_lane")
    assert part.due_at == due


def test_a_part_ends_when_the_order_is_closed_without_an_answer(office: Office) -> None:
    case = with_co_unit(office)
    process_id = parts(office, case)[0].procedure.process_id
    assert process_id is not None
    with office.acting("duty") as uow:
        find(uow.session, case).ordered.status = OrderStatus.CLOSED
        engine.signal(uow, process_id, "order_closed")
    assert outcomes(office, case) == [("water_group", "void")]


def test_two_parts_late_at_the_same_instant_are_two_notices(office: Office) -> None:
    case = with_co_unit(office)
    office.act(case, "co_unit_added", "dispatcher", co_unit=str(office.unit("riverside")))
    office.wait(days=5)
    assert [one.part.overdue for one in parts(office, case)] == [True, True]
    assert told(office, "part_late") == 2


def test_a_part_ends_when_the_order_is_merged_into_another(office: Office) -> None:
    office.bring_to("reply")
    case = with_co_unit(office, "sign_for")
    office.act(
        case,
        "return_before_signing",
        "liaison",
        reason_code="R06",
        return_statement="与在办工单同一事项。",
        return_basis="在办工单",
        suggested_unit="",
    )
    office.do(case, "decide_return_request", return_verdict="merge", return_opinion="并单。")
    assert office.order(case).status == "closed"
    assert outcomes(office, case) == [("water_group", "void")]


def test_a_unit_takes_back_itself_what_it_passed_on_to_a_lower_one(office: Office) -> None:
    case = office.bring_to("reply")
    office.act(case, "passed_down", "liaison", lower_unit=str(office.unit("riverside")))
    office.act(case, "part_passed_down", "subdistrict", lower_unit=str(office.unit("willow_lane")))
    recall = {"withdraw_reason": "改由本单位直接办理。"}
    with pytest.raises(AssertionError, match="is offered"):
        office.act(case, "part_called_back", "community", **recall)
    [of_lead] = [
        one for one in office.acts(case, "liaison") if one.element.id == "part_called_back"
    ]
    [of_middle] = [
        one for one in office.acts(case, "subdistrict") if one.element.id == "part_called_back"
    ]
    assert of_lead.key != of_middle.key
    with pytest.raises(NotAllowed), office.acting("subdistrict") as uow:
        acts.act(uow, case, of_lead.key, recall)
    with office.acting("liaison") as uow:
        acts.act(uow, case, of_lead.key, recall)
    assert outcomes(office, case) == [("riverside", "withdrawn"), ("willow_lane", "void")]
    assert told(office, "part_taken_back") == 1
    with pytest.raises(Conflict), office.acting("subdistrict") as uow:
        acts.act(uow, case, of_middle.key, recall)
    office.act(case, "passed_down", "liaison", lower_unit=str(office.unit("riverside")))


def test_the_lead_unit_does_not_take_back_what_the_centre_gave_a_co_unit(office: Office) -> None:
    case = with_co_unit(office)
    assert "part_called_back" not in {one.element.id for one in office.acts(case, "liaison")}
    assert "part_withdrawn" in {one.element.id for one in office.acts(case, "dispatcher")}

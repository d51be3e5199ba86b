"""After the unit has finished: the link to a rating, the head who takes charge, the sample that is
asked once more, the unit that objects, and the order that is opened again.
"""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from app.cases import calling_back, closing, rechecking, steps
from app.cases.calling_back import RATER
from app.cases.models.demand import DemandStatus
from app.cases.models.procedure import Procedure
from app.cases.models.rating import RatingLink, RatingObjection, ReCheckSample
from app.cases.models.work_order import Callback, OrderStatus
from app.cases.procedures import procedures_of
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.files import FileStore
from app.core.outbox import OutboxMessage
from app.core.uow import SYSTEM, unit_of_work
from app.jobs.daily import every_day
from tests.office import Office

GOOD = {
    "efficiency": "satisfied",
    "attitude": "satisfied",
    "result": "basically_satisfied",
    "solved": "yes",
}
BAD = GOOD | {"result": "dissatisfied", "solved": "no"}
WHY: dict[str, object] = {
    "objection_ground": "mistaken",
    "objection_statement": "诉求人评价的是另一件工单，录音可证。",
}
ASKS: dict[str, object] = {"reopening_ground": "came_back", "reopening_reason": "夜间又在施工。"}


def not_reached(office: Office) -> int:
    """A case whose requester was called three times in vain and has a link now."""
    case = office.bring_to("callback")
    for attempt in range(3):
        office.do(case, "callback", reached="no")
        if attempt < 2:
            office.wait(hours=5)
            office.wait(days=3)
    return case


def closed(office: Office, **given: object) -> int:
    case = office.bring_to("close", **given)
    office.do(case, "close")
    return case


def code(office: Office) -> str:
    with reading(office.sessions) as session:
        return session.scalars(select(RatingLink.code).order_by(RatingLink.id.desc())).first() or ""


def rate(office: Office, with_code: str, **given: str) -> None:
    with unit_of_work(office.sessions, RATER, office.now) as uow:
        calling_back.rate_by_link(uow, with_code, GOOD | given)


def ratings(office: Office) -> list[Callback]:
    with reading(office.sessions) as session:
        return list(session.scalars(select(Callback).order_by(Callback.id)))


def messages(office: Office, template: str) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(select(OutboxMessage.content).where(OutboxMessage.template == template))
        )


def outcomes(office: Office, case: int, kind: str) -> list[str | None]:
    with reading(office.sessions) as session:
        return [procedure.outcome for procedure in procedures_of(session, case, kind)]


def drawn(office: Office) -> int:
    """Draw the sample of today's closed orders."""
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        return rechecking.draw(uow, office.now.date())


# ---- the link


def test_who_was_not_reached_gets_a_link_whose_code_stays_out_of_the_history(
    office: Office,
) -> None:
    case = not_reached(office)
    [sent] = messages(office, "rating_link")
    assert code(office) in sent
    assert office.waiting(case) == []
    assert all(code(office) not in line for line in office.story(case))


def test_a_rating_by_the_link_counts_like_one_by_phone(office: Office) -> None:
    case = not_reached(office)
    rate(office, code(office))
    assert office.waiting(case) == ["close"]
    last = ratings(office)[-1]
    assert (last.way, last.result, last.solved) == ("link", "basically_satisfied", True)
    assert last.unit_id == office.unit("urban_management")


def test_dissatisfaction_by_the_link_is_judged(office: Office) -> None:
    case = not_reached(office)
    rate(office, code(office), result="dissatisfied")
    assert office.waiting(case) == ["judge"]


def test_a_link_is_used_once(office: Office) -> None:
    not_reached(office)
    rate(office, code(office))
    with pytest.raises(Conflict, match="used already"):
        rate(office, code(office))
    assert [kept.way for kept in ratings(office)] == ["phone", "phone", "phone", "link"]


def test_half_a_rating_is_refused_and_the_link_stays_good(office: Office) -> None:
    case = not_reached(office)
    with pytest.raises(Invalid) as refusal:
        rate(office, code(office), solved="perhaps")
    assert set(refusal.value.fields) == {"solved"}
    rate(office, code(office))
    assert office.waiting(case) == ["close"]


def test_a_link_lapses_and_silence_is_no_rating(office: Office) -> None:
    case = not_reached(office)
    office.wait(days=5)
    assert office.waiting(case) == ["close"]
    with pytest.raises(Conflict):
        rate(office, code(office))
    assert all(kept.result is None for kept in ratings(office))


def test_an_unknown_code_opens_nothing(office: Office) -> None:
    with pytest.raises(NotFound):
        rate(office, "nobody-has-this")


# ---- the head takes charge


def dissatisfied(office: Office, **rating: str) -> int:
    case = office.bring_to("callback")
    office.do(case, "callback", **({"result": "dissatisfied"} | rating))
    return case


def test_the_head_of_the_unit_takes_charge_before_it_is_handled_again(office: Office) -> None:
    case = dissatisfied(office)
    office.do(case, "judge")
    assert office.waiting(case) == ["take_charge"]
    assert len(messages(office, "take_charge")) == 1
    with pytest.raises(NotAllowed):
        office.do(case, "take_charge", by="stranger")
    office.do(case, "take_charge")
    assert office.waiting(case) == ["first_contact"]


def test_a_head_who_does_nothing_does_not_stop_the_order(office: Office) -> None:
    case = dissatisfied(office)
    office.do(case, "judge")
    office.wait(days=8)
    assert office.waiting(case)[0] == "first_contact"
    assert office.order(case).overdue


# ---- the sample


def test_a_sample_is_drawn_once_a_day_and_can_be_drawn_again_by_anybody(office: Office) -> None:
    closed(office)
    assert drawn(office) == 1
    assert drawn(office) == 0
    with reading(office.sessions) as session:
        kept = session.scalars(select(ReCheckSample)).one()
    assert (kept.day, kept.closed, kept.drawn) == (date(2026, 3, 2), 1, 1)
    numbers = [f"GD20260302{n:04d}" for n in range(40)]
    once = rechecking.sample(numbers, kept.seed, 5)
    assert once == rechecking.sample(list(reversed(numbers)), kept.seed, 5)
    assert len(once) == 2
    assert rechecking.sample(numbers, "another", 5) != once


def test_every_day_draws_for_the_days_that_were_missed_and_files_what_is_old(
    office: Office, tmp_path: Path
) -> None:
    case = closed(office)
    office.wait(days=3)
    files = FileStore(tmp_path)
    for _ in range(2):
        every_day(office.sessions, files, lambda: office.now)
    assert office.waiting(case) == ["re_check"]
    with reading(office.sessions) as session:
        days = list(session.scalars(select(ReCheckSample.day).order_by(ReCheckSample.day)))
    assert (len(days), days[0], days[-1]) == (7, date(2026, 2, 26), date(2026, 3, 4))
    office.do(case, "re_check")
    office.wait(days=31)
    every_day(office.sessions, files, lambda: office.now)
    assert office.order(case).status == OrderStatus.ARCHIVED


def test_who_is_still_satisfied_stays_closed(office: Office) -> None:
    case = closed(office)
    drawn(office)
    assert office.waiting(case) == ["re_check"]
    office.do(case, "re_check")
    assert outcomes(office, case, "recheck") == ["satisfied"]
    assert office.order(case).status == OrderStatus.CLOSED
    assert ratings(office)[-1].way == "re_check"


def test_a_recheck_is_tried_three_times_and_its_clock_reminds(office: Office) -> None:
    case = closed(office)
    drawn(office)
    office.wait(days=5)
    assert len(messages(office, "recheck_waiting")) == 1
    for _ in range(3):
        assert office.waiting(case) == ["re_check"]
        office.do(case, "re_check", reached="no")
        office.wait(days=3)
    assert outcomes(office, case, "recheck") == ["no_contact"]


def test_dissatisfaction_at_the_recheck_proposes_a_reopening(office: Office) -> None:
    case = closed(office)
    drawn(office)
    office.do(case, "re_check", **BAD)
    assert outcomes(office, case, "recheck") == ["dissatisfied"]
    assert "decide_reopening" in office.waiting(case)
    office.do(case, "decide_reopening")
    assert "first_contact" in office.waiting(case)
    assert office.order(case).reopened_count == 1


def test_a_recheck_of_a_reopened_order_is_void(office: Office) -> None:
    case = closed(office)
    drawn(office)
    office.act(case, "reopening_by_agent", "agent", **ASKS)
    office.do(case, "decide_reopening")
    assert outcomes(office, case, "recheck") == ["void"]
    assert office.waiting(case) == ["first_contact"]


def test_nobody_anonymous_is_asked_again(office: Office) -> None:
    closed(office, anonymous=True, requester_name="", requester_phone="")
    assert drawn(office) == 0


# ---- the objection of a unit


def test_an_approved_objection_takes_the_rating_out_of_the_score_and_keeps_it(
    office: Office,
) -> None:
    case = dissatisfied(office)
    office.act(case, "rating_objected", "liaison", **WHY)
    assert "decide_rating_objection" in office.waiting(case)
    office.do(case, "decide_rating_objection")
    [rating] = ratings(office)
    assert rating.result == "dissatisfied"
    assert rating.excluded_by is not None
    assert outcomes(office, case, "rating_objection") == ["approved"]
    assert len(messages(office, "rating_excluded")) == 1
    assert "judge" in office.waiting(case)


def test_a_refused_objection_leaves_the_rating_and_cannot_be_raised_again(office: Office) -> None:
    case = dissatisfied(office)
    office.act(case, "rating_objected", "liaison", **WHY)
    office.do(case, "decide_rating_objection", rating_verdict="refused")
    assert ratings(office)[0].excluded_by is None
    assert len(messages(office, "rating_kept")) == 1
    with pytest.raises(Conflict, match="possible once"):
        office.act(case, "rating_objected", "liaison", **WHY)


def test_an_objection_can_be_withdrawn(office: Office) -> None:
    case = dissatisfied(office)
    office.act(case, "rating_objected", "liaison", **WHY)
    office.act(case, "objection_withdrawn", "liaison")
    assert outcomes(office, case, "rating_objection") == ["withdrawn"]


def test_after_two_working_days_it_is_too_late_to_object(office: Office) -> None:
    case = dissatisfied(office)
    office.wait(days=3)
    with pytest.raises(Conflict, match="time to object is over"):
        office.act(case, "rating_objected", "liaison", **WHY)


def test_a_satisfied_rating_leaves_nothing_to_object_to(office: Office) -> None:
    case = office.bring_to("close")
    with pytest.raises(Conflict, match="no dissatisfied rating"):
        office.act(case, "rating_objected", "liaison", **WHY)


def test_only_the_unit_that_was_rated_is_offered_the_objection(office: Office) -> None:
    case = dissatisfied(office)
    offered = {act.element.id for act in office.acts(case, "stranger")}
    assert "rating_objected" not in offered


def test_the_inspector_is_reminded_of_an_objection(office: Office) -> None:
    case = dissatisfied(office)
    office.act(case, "rating_objected", "liaison", **WHY)
    office.wait(days=4)
    assert len(messages(office, "rating_objection_waiting")) == 1
    with reading(office.sessions) as session:
        assert session.scalars(select(RatingObjection.approved)).one() is None


# ---- reopening


@pytest.mark.parametrize(
    ("start", "by"),
    [
        ("reopening_by_agent", "agent"),
        ("reopening_by_inspector", "inspector"),
        ("reopening_by_leader", "leader"),
    ],
)
def test_a_reopened_order_is_handled_again_with_one_history(
    office: Office, start: str, by: str
) -> None:
    case = closed(office)
    before = office.story(case)
    office.act(case, start, by, **ASKS)
    office.do(case, "decide_reopening")
    order = office.order(case)
    assert (order.status, order.reopened_count, order.re_handled_count) == ("re_handling", 1, 1)
    assert (order.closed_at, order.closing_reason) == (None, None)
    assert office.demand(case).status == DemandStatus.ORDERED
    assert office.clock(case, "handling").run == 2
    assert office.story(case)[: len(before)] == before
    office.bring_to("close", case)
    office.do(case, "close")
    assert office.order(case).status == OrderStatus.CLOSED
    assert outcomes(office, case, "reopening") == ["approved"]


def test_a_refused_reopening_leaves_the_order_closed(office: Office) -> None:
    case = closed(office)
    office.act(case, "reopening_by_agent", "agent", **ASKS)
    office.do(case, "decide_reopening", reopening_verdict="refused")
    assert outcomes(office, case, "reopening") == ["refused"]
    assert office.order(case).status == OrderStatus.CLOSED
    assert office.waiting(case) == []


def test_who_asked_does_not_decide_and_a_second_request_waits(office: Office) -> None:
    case = closed(office)
    office.act(case, "reopening_by_agent", "duty", **ASKS)
    with pytest.raises(NotAllowed, match="somebody else"):
        office.do(case, "decide_reopening")
    with pytest.raises(Conflict, match="waiting already"):
        office.act(case, "reopening_by_inspector", "inspector", **ASKS)


def test_of_two_who_decide_at_once_the_second_reads_who_was_first(office: Office) -> None:
    case = closed(office)
    office.act(case, "reopening_by_agent", "agent", **ASKS)
    task = office.task(case, "decide_reopening")
    office.do(case, "decide_reopening")
    with pytest.raises(Conflict) as late, office.acting("duty") as uow:
        steps.complete(uow, task, {"reopening_verdict": "refused", "reopening_opinion": "不。"})
    assert "吴值班" in late.value.phrase.zh
    assert office.order(case).reopened_count == 1


def test_an_order_can_be_reopened_more_than_once_and_each_is_counted(office: Office) -> None:
    case = closed(office)
    for times in (1, 2):
        office.act(case, "reopening_by_agent", "agent", **ASKS)
        office.do(case, "decide_reopening")
        assert office.order(case).reopened_count == times
        office.bring_to("close", case)
        office.do(case, "close")
    assert outcomes(office, case, "reopening") == ["approved", "approved"]


def test_the_duty_manager_is_reminded_of_a_request(office: Office) -> None:
    case = closed(office)
    office.act(case, "reopening_by_agent", "agent", **ASKS)
    office.wait(days=4)
    assert len(messages(office, "reopening_waiting")) == 1


def test_an_open_order_is_not_reopened(office: Office) -> None:
    case = office.bring_to("reply")
    with pytest.raises(Conflict, match="Only closed orders"):
        office.act(case, "reopening_by_agent", "agent", **ASKS)


# ---- closing and filing


@pytest.mark.parametrize(
    ("given", "public_reply", "published"),
    [({}, "已责令停工。", True), ({}, "", False), ({"confidential": True}, "已责令停工。", False)],
)
def test_whether_the_result_is_published_is_decided_at_the_closure(
    office: Office, given: dict[str, object], public_reply: str, published: bool
) -> None:
    case = office.bring_to("reply", **given)
    office.do(case, "reply", public_reply=public_reply)
    office.bring_to("close", case)
    office.do(case, "close")
    assert office.order(case).published is published


def test_an_order_is_filed_after_a_month_and_then_stays_closed(office: Office) -> None:
    case = closed(office)
    office.wait(days=29)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert closing.archive(uow) == 0
    office.wait(days=2)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert closing.archive(uow) == 1
    assert office.order(case).status == OrderStatus.ARCHIVED
    assert office.demand(case).status == DemandStatus.ARCHIVED
    with pytest.raises(Conflict, match="filed away"):
        office.act(case, "reopening_by_agent", "agent", **ASKS)


def test_what_is_being_rechecked_is_not_filed(office: Office) -> None:
    case = closed(office)
    drawn(office)
    office.wait(days=40)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert closing.archive(uow) == 0
    with reading(office.sessions) as session:
        [open_one] = session.scalars(select(Procedure).where(Procedure.demand_id == case))
        assert open_one.closed_at is None

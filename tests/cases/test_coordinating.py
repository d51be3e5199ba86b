"""Coordination: three tiers, each with its limit, from the units' own talks to the leader."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.cases import coordinating, queries, send_back, steps
from app.cases.models.dispute import Dispute, Ruling
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.outbox import OutboxMessage
from tests.office import Office

ASKED: dict[str, object] = {
    "reason_code": "R03",
    "return_statement": "井盖权属不明。",
    "return_basis": "井内管线未标产权",
}


def disputed(office: Office, step: str = "reply", **given: object) -> int:
    """A case whose unit does not know whose the matter is: tier 1."""
    case = office.bring_to(step)
    where = "return_before_signing" if step == "sign_for" else "return_after_signing"
    asked = ASKED | {"suggested_unit": office.unit("water_group")} | given
    office.act(case, where, "liaison", **asked)
    return case


def unclear(office: Office) -> int:
    """A case whose owner the dispatcher could not find: tier 2."""
    case = office.bring_to("dispatch")
    office.do(case, "dispatch", owner_unclear="true", lead_unit="")
    return case


def dispute(office: Office, case: int) -> Dispute:
    """The latest dispute about the order."""
    with reading(office.sessions) as session:
        return session.scalars(
            select(Dispute)
            .where(Dispute.order_id == office.order(case).id)
            .order_by(Dispute.id.desc())
        ).first() or pytest.fail("no dispute")


def ruling(office: Office, case: int) -> Ruling:
    with reading(office.sessions) as session:
        return session.scalars(
            select(Ruling).where(Ruling.dispute_id == dispute(office, case).id)
        ).one()


def parties(office: Office, case: int) -> list[tuple[str, str, str]]:
    with reading(office.sessions) as session:
        found = session.get_one(Dispute, dispute(office, case).id)
        return [(party.unit.code, party.part, party.position) for party in found.parties]


def messages(office: Office, template: str) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(OutboxMessage.recipient).where(OutboxMessage.template == template)
            )
        )


def test_the_list_shows_the_limit_that_runs_and_not_the_one_that_rests(office: Office) -> None:
    case = disputed(office)
    office.wait(hours=20)
    office.do(case, "agree_ownership", settled="no")
    office.do(case, "rule_ownership", settled="no")
    rests, runs = office.clock(case, "handling"), office.clock(case, "coordination_3")
    assert office.last_day(rests) < office.last_day(runs)
    with reading(office.sessions) as session:
        [mine] = queries.worklist(session, office.actor("authority"), office.now).items
        assert mine.light(office.now) == "green"


def test_the_units_agree_and_the_order_goes_to_the_one_they_named(office: Office) -> None:
    case = disputed(office)
    assert office.waiting(case) == ["agree_ownership"]
    assert office.order(case).status == "in_coordination"
    assert office.clock(case, "handling").paused_at == office.now
    assert office.last_day(office.clock(case, "coordination_1")) == "2026-03-03"
    assert parties(office, case) == [
        ("urban_management", "first_receiver", ""),
        ("water_group", "proposed_unit", ""),
    ]
    office.do(case, "agree_ownership", ruled_unit=office.unit("water_group"))
    order = office.order(case)
    assert (order.lead_unit_id, order.status) == (office.unit("water_group"), "dispatched")
    assert office.waiting(case) == ["sign_for"]
    assert office.clock(case, "handling").stopped_at == office.now
    assert office.clock(case, "coordination_1").stopped_at == office.now
    settled = ruling(office, case)
    assert (settled.tier, settled.settlement) == (1, "agreed")
    assert settled.number == "CD202603020001"
    assert dispute(office, case).closed_at == office.now


def test_a_ruling_names_no_unit_twice(office: Office) -> None:
    case = disputed(office)
    water = office.unit("water_group")
    with pytest.raises(Invalid) as refusal:
        office.do(case, "agree_ownership", ruled_unit=water, ruled_co_units=[water])
    assert refusal.value.fields["ruled_co_units"].zh == "协办单位不能与主办单位相同。"
    assert office.waiting(case) == ["agree_ownership"]


def test_the_requester_is_told_by_when_it_is_settled_at_the_latest(office: Office) -> None:
    case = disputed(office)
    assert messages(office, "in_coordination") == ["13800001234"]
    # a working day for the units, two for the centre, five for the leader, each from the next day
    promised = dispute(office, case).promised_at.astimezone(CHINA) - timedelta(microseconds=1)
    assert f"{promised:%Y-%m-%d}" == "2026-03-12"
    assert any("最迟2026-03-12 24:00前明确" in line for line in office.story(case))


def test_a_unit_that_keeps_the_order_goes_on_with_its_limit(office: Office) -> None:
    case = disputed(office)
    due = office.clock(case, "handling").due_at
    office.wait(hours=24)
    office.do(case, "agree_ownership", ruled_unit=office.unit("urban_management"))
    clock = office.clock(case, "handling")
    assert due is not None
    assert (clock.run, clock.paused_at, clock.due_at) == (1, None, due + timedelta(days=1))
    assert office.waiting(case) == ["reply"]
    assert office.order(case).status == "handling"


def test_units_that_are_to_assist_get_their_parts_though_the_lead_stays(office: Office) -> None:
    case = disputed(office)
    office.do(
        case,
        "agree_ownership",
        ruled_unit=office.unit("urban_management"),
        ruled_co_units=[office.unit("water_group")],
    )
    assert sorted(office.waiting(case)) == ["answer_part", "reply"]


def test_before_it_was_signed_for_the_signature_is_asked_again(office: Office) -> None:
    case = disputed(office, "sign_for")
    assert office.clock(case, "sign_for").paused_at == office.now
    office.do(case, "agree_ownership", ruled_unit=office.unit("urban_management"))
    assert office.waiting(case) == ["sign_for"]
    assert office.clock(case, "sign_for").paused_at is None


def test_each_tier_is_tried_and_the_leader_rules_upon_an_opinion(office: Office) -> None:
    case = disputed(office)
    office.do(case, "agree_ownership", settled="no", ruling="双方各执一词。")
    assert office.waiting(case) == ["rule_ownership"]
    assert office.last_day(office.clock(case, "coordination_2")) == "2026-03-04"
    office.do(case, "rule_ownership", settled="no", ruling="会上未能一致。", minutes="三方到会。")
    assert office.waiting(case) == ["give_opinion"]
    assert office.last_day(office.clock(case, "coordination_3")) == "2026-03-09"
    office.do(case, "give_opinion")
    with pytest.raises(NotAllowed):
        office.do(case, "rule_by_leader", by="coordinator", ruled_unit=office.unit("water_group"))
    office.do(case, "rule_by_leader", ruled_unit=office.unit("water_group"))
    settled = ruling(office, case)
    assert (settled.tier, settled.settlement, settled.ruled_by_name) == (3, "ruled", "蒋分管")
    assert office.clock(case, "coordination_3").stopped_at == office.now
    assert len(messages(office, "dispute_at_centre")) == 1
    assert len(messages(office, "dispute_for_opinion")) == 1


def test_a_tier_that_lasts_too_long_ends_by_itself_and_the_place_takes_the_order(
    office: Office,
) -> None:
    case = disputed(office)
    task = office.task(case, "agree_ownership")
    office.wait(days=2)
    assert office.waiting(case) == ["rule_ownership"]
    # Tier 1 ended at 24:00 of Tuesday the 3rd: Wednesday is the first day of tier 2.
    assert office.last_day(office.clock(case, "coordination_2")) == "2026-03-05"
    with pytest.raises(Conflict), office.acting("liaison") as uow:
        steps.complete(uow, task, {"settled": "no", "ruling": "迟到。"})
    office.wait(days=3)
    assert office.waiting(case) == ["give_opinion"]
    office.wait(days=7)
    settled = ruling(office, case)
    assert (settled.tier, settled.settlement) == (3, "fallback")
    assert office.order(case).lead_unit_id == office.unit("jiangpan_government")
    assert "逾期" in settled.words
    assert settled.ruled_by is None


def test_a_ticker_that_was_down_for_weeks_ends_in_the_same_state(office: Office) -> None:
    case = disputed(office)
    office.wait(days=20, ticking=False)
    office.tick()
    assert office.order(case).lead_unit_id == office.unit("jiangpan_government")
    assert office.last_day(office.clock(case, "coordination_3")) == "2026-03-12"


def test_a_leader_who_cannot_rule_leaves_it_to_the_place(office: Office) -> None:
    case = disputed(office)
    office.do(case, "agree_ownership", settled="no", ruling="未一致。")
    office.do(case, "rule_ownership", settled="no", ruling="未一致。")
    office.do(case, "give_opinion")
    office.do(case, "rule_by_leader", settled="no", ruling="三定方案均未列明。")
    assert ruling(office, case).settlement == "fallback"
    assert office.waiting(case) == ["sign_for"]


def test_a_leader_too_late_to_rule_leaves_it_to_the_place(office: Office) -> None:
    case = disputed(office)
    office.do(case, "agree_ownership", settled="no", ruling="未一致。")
    office.do(case, "rule_ownership", settled="no", ruling="未一致。")
    office.do(case, "give_opinion")
    office.wait(days=8)
    assert ruling(office, case).settlement == "fallback"


def test_without_an_owner_the_centre_settles_it_from_tier_two(office: Office) -> None:
    case = unclear(office)
    assert office.waiting(case) == ["rule_ownership"]
    assert dispute(office, case).cause == "no_owner_found"
    office.do(
        case,
        "rule_ownership",
        ruled_unit=office.unit("urban_management"),
        ruled_co_units=[office.unit("water_group")],
    )
    assert ruling(office, case).co_units == "water_group"
    assert sorted(office.waiting(case)) == ["answer_part", "sign_for"]


def test_a_ruling_that_is_contested_goes_to_the_leader_and_no_further(office: Office) -> None:
    case = disputed(office)
    office.do(case, "agree_ownership", ruled_unit=office.unit("water_group"))
    contested = ASKED | {"suggested_unit": office.unit("urban_management")}
    office.act(case, "return_before_signing", "stranger", **contested)
    assert dispute(office, case).cause == "ruling_contested"
    assert office.waiting(case) == ["give_opinion"]
    office.do(case, "give_opinion")
    office.do(case, "rule_by_leader", ruled_unit=office.unit("water_group"))
    with pytest.raises(Conflict) as refusal:
        office.act(case, "return_before_signing", "stranger", **contested)
    assert "已由分管领导裁定" in refusal.value.phrase.zh


def test_the_first_receiver_sees_to_danger_while_it_is_settled(office: Office) -> None:
    case = disputed(office, hazard="true")
    assert dispute(office, case).hazard
    office.act(case, "hazard_handled", "liaison", hazard_report="已围挡并加装临时钢板。")
    assert dispute(office, case).hazard_handled_at == office.now
    assert office.waiting(case) == ["agree_ownership"]
    assert "hazard_handled" not in {act.element.id for act in office.acts(case, "stranger")}


def test_positions_and_meetings_are_recorded_and_the_parties_told(office: Office) -> None:
    case = disputed(office)
    office.do(case, "agree_ownership", settled="no", ruling="未一致。")
    office.act(
        case,
        "position_given",
        "coordinator",
        party_unit=office.unit("water_group"),
        position="管线产权已移交街道。",
    )
    office.act(
        case,
        "position_given",
        "coordinator",
        party_unit=office.unit("jiangpan_government"),
        position="未办理移交。",
    )
    assert [position for _unit, _part, position in parties(office, case)] == [
        "",
        "管线产权已移交街道。",
        "未办理移交。",
    ]
    with pytest.raises(Invalid) as refusal:
        call(office, case, "2026-03-01T09:00:00+08:00")
    assert "meets_at" in refusal.value.fields
    call(office, case, "2026-03-03T14:00:00+08:00")
    assert len(messages(office, "meeting_called")) == 2  # the district has nobody here
    with reading(office.sessions) as session:
        found = session.get_one(Dispute, dispute(office, case).id)
        assert [(one.place, one.tier) for one in found.meetings] == [("市民中心 301", 2)]


def call(office: Office, case: int, when: str) -> None:
    office.act(case, "meeting_called", "coordinator", meets_at=when, meeting_place="市民中心 301")


def test_a_ruling_must_name_a_unit(office: Office) -> None:
    case = disputed(office)
    with pytest.raises(Invalid) as refusal:
        office.do(case, "agree_ownership")
    assert "ruled_unit" in refusal.value.fields


def test_two_at_once_and_only_the_first_settles_it(office: Office) -> None:
    case = disputed(office)
    task = office.task(case, "agree_ownership")
    office.do(case, "agree_ownership", ruled_unit=office.unit("water_group"))
    with pytest.raises(Conflict) as refusal, office.acting("liaison") as uow:
        steps.complete(uow, task, {"settled": "no", "ruling": "不同意。"})
    assert "郑联络" in refusal.value.phrase.zh


def test_nobody_can_send_an_order_back_while_it_is_disputed(office: Office) -> None:
    case = disputed(office)
    offered = {act.element.id for act in office.acts(case, "liaison")}
    assert not offered & {"return_before_signing", "return_after_signing"}
    with reading(office.sessions) as session:
        [request] = send_back.requests_of(session, office.order(case).id)
        assert (request.decision, request.decided_by_name) == ("coordinate", None)
        assert not coordinating.is_ruled(session, office.order(case).id)

"""Demands about one matter: found, merged into one order, counted, and all of them answered."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.cases import joined_rating, likeness, repeats
from app.cases.calling_back import RATER
from app.cases.likeness import measure
from app.cases.merging import joined
from app.cases.models.demand import DemandStatus
from app.cases.models.history import HistoryEntry
from app.cases.models.rating import JoinedRating
from app.cases.models.repeat import RelatedDemand
from app.cases.models.work_order import Callback
from app.core.db import reading
from app.core.errors import Conflict, Invalid
from app.core.outbox import OutboxMessage
from app.core.uow import unit_of_work
from app.jobs.demand_console import read_accounts, shipped_relation
from tests.office import Office

PAIRS = Path(__file__).parent / "data" / "demands_alike.csv"


def told(office: Office, template: str) -> list[str]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(OutboxMessage.recipient)
                .where(OutboxMessage.template == template)
                .order_by(OutboxMessage.id)
            )
        )


def merge(office: Office, into: int | None, **given: object) -> int:
    case = office.register(**given)
    number = office.order(into).number if into else ""
    office.do(case, "answer_or_order", outcome="merged", merge_number=number)
    return case


def test_what_is_alike_is_measured_on_labelled_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(read_accounts(PAIRS), shipped_relation())
    with capsys.disabled():
        print(f"\n{found}")
    assert found.pairs >= 200
    assert found.precision >= 0.80
    assert found.recall >= 0.85
    assert found.hinted_recall >= 0.98


def test_the_same_text_is_wholly_alike_and_a_strange_one_not_at_all() -> None:
    text = "工地夜里十二点还在施工，打桩声音特别大。"
    assert likeness.text_likeness(text, text) == 100
    assert likeness.text_likeness(text, "水费账单比平时多了三倍。") < 15
    assert likeness.text_likeness("", text) == 0
    for one, other in combinations([account.content for account in read_accounts(PAIRS)][:20], 2):
        assert likeness.text_likeness(one, other) == likeness.text_likeness(other, one)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("江畔区幸福小区3号楼", "幸福小区3栋", True),
        ("江畔区幸福小区3号楼", "幸福小区", True),
        ("江畔区幸福小区3号楼", "幸福小区5栋", False),
        ("香樟路52号", "江畔区香樟路60号", False),
        ("香樟路52号一楼", "江畔区香樟路52号", True),
        ("滨江广场", "红枫里小区", False),
        ("", "红枫里小区", False),
    ],
)
def test_a_place_is_the_same_as_far_as_both_addresses_go(one: str, other: str, same: bool) -> None:
    assert likeness.same_place(one, other) is same


def test_another_persons_demand_joins_the_order_and_hears_the_result(office: Office) -> None:
    first = office.bring_to("reply")
    second = merge(office, first, requester_phone="13700000002", content="半夜打桩，没法睡觉。")
    assert office.waiting(second) == []
    assert office.demand(second).status == DemandStatus.MERGED
    assert told(office, "merged_told") == ["13700000002"]
    assert len(told(office, "merged_more")) == 1
    office.do(first, "reply", public_reply="已责令夜间停工。")
    office.bring_to("close", first)
    office.do(first, "close")
    assert told(office, "merged_result_to_rate") == ["13700000002"]


def test_what_was_due_of_the_order_passes_before_a_demand_joins_it(office: Office) -> None:
    first = office.bring_to("sign_for")
    office.wait(ticking=False, days=3)
    merge(office, first, requester_phone="13700000002")
    with reading(office.sessions) as session:
        instants = list(
            session.scalars(
                select(HistoryEntry.at)
                .where(HistoryEntry.demand_id == first)
                .order_by(HistoryEntry.position)
            )
        )
    assert instants == sorted(instants)
    assert office.waiting(first) == ["first_contact"]  # signed for by itself: its limit had passed


def test_without_a_number_it_joins_the_likeliest_open_order(office: Office) -> None:
    office.bring_to("reply", title="别的事", category="noise", address="江畔区滨江广场",
                    requester_phone="13700000009", content="广场舞音响太吵。")  # fmt: skip
    first = office.bring_to("reply")
    second = merge(office, None, requester_phone="13700000002")
    assert office.demand(second).merged_into_id == first


def test_a_more_urgent_demand_hastens_the_order_and_never_makes_it_late(office: Office) -> None:
    case = office.bring_to("reply")
    before = office.clock(case, "handling")
    office.wait(days=2)
    merge(office, case, requester_phone="13700000002", urgency="urgent")
    after = office.clock(case, "handling")
    assert before.due_at is not None
    assert after.due_at is not None
    assert office.now < after.due_at < before.due_at
    assert office.demand(case).urgency == "urgent"
    assert "提高紧急程度" in "".join(office.story(case))
    office.wait(days=2)
    assert office.order(case).overdue


def test_a_less_urgent_demand_leaves_the_limits_as_they_are(office: Office) -> None:
    case = office.bring_to("reply", urgency="urgent")
    before = office.clock(case, "handling").due_at
    merge(office, case, requester_phone="13700000002")
    assert office.clock(case, "handling").due_at == before
    assert office.demand(case).urgency == "urgent"


def test_what_is_answered_or_closed_takes_no_more_demands(office: Office) -> None:
    case = office.bring_to("callback")
    with pytest.raises(Invalid, match="answered and awaits review"):
        merge(office, case)
    office.do(case, "callback")
    office.do(case, "close")
    with pytest.raises(Invalid, match="is closed"):
        merge(office, case)
    with pytest.raises(Invalid, match="no other order with this number"):
        other = office.register()
        office.do(other, "answer_or_order", outcome="merged", merge_number="GD1")


def test_repeats_of_one_person_are_counted_and_related_ones_count_too(office: Office) -> None:
    first = office.bring_to("close")
    number = office.order(first).number
    office.do(first, "close")
    office.wait(days=3)
    second = office.register()
    office.do(second, "answer_or_order", outcome="order", merge_number=number)
    office.bring_to("reply", second)
    third = merge(office, second)
    with reading(office.sessions) as session:
        rows = session.scalars(select(RelatedDemand).order_by(RelatedDemand.demand_id)).all()
        assert [(row.demand_id, row.matter_id, row.counts_as, row.merged) for row in rows] == [
            (second, first, "repeat", False),
            (third, first, "repeat", True),
        ]
        found = repeats.matter(session, first)
    assert (found.demands, found.repeats, found.requesters) == (3, 2, 1)
    assert not found.is_mass


def test_many_people_with_one_matter_are_a_mass_demand(office: Office) -> None:
    first = office.bring_to("reply")
    for number in range(4):
        merge(office, first, requester_phone=f"1370000000{number}")
    with reading(office.sessions) as session:
        [found], total = repeats.matters(session)
        assert len(joined(session, first)) == 4
    assert (total, found.requesters, found.is_mass) == (1, 5, True)
    assert found.first.id == first


def test_a_returned_order_that_joins_another_leaves_no_open_limit(office: Office) -> None:
    first = office.bring_to("reply")
    second = merge(office, first, requester_phone="13700000002")
    with reading(office.sessions) as session:
        assert [demand.id for demand in joined(session, first)] == [second]
    third = office.bring_to("sign_for", requester_phone="13700000003", content="又在打桩。")
    office.act(third, "return_before_signing", "liaison", reason_code="R06",
               return_statement="与在办工单重复。")  # fmt: skip
    office.do(third, "decide_return_request", "dispatcher", return_verdict="merge")
    assert office.demand(third).status == DemandStatus.MERGED
    assert office.waiting(third) == []
    assert office.clock(third, "total").stopped_at == office.now


RATING = {
    "efficiency": "satisfied",
    "attitude": "satisfied",
    "result": "satisfied",
    "solved": "yes",
}


def links(office: Office, case: int) -> Sequence[JoinedRating]:
    with reading(office.sessions) as session:
        return joined_rating.ratings_of(session, office.order(case).id)


def rate(office: Office, code: str, **given: object) -> None:
    with unit_of_work(office.sessions, RATER, office.now) as uow:
        link = joined_rating.link_of(uow.session, code)
        assert link is not None
        joined_rating.rate(uow, link, RATING | given)


def closed_with(office: Office, *phones: str, **given: object) -> int:
    """A closed order that demands from these numbers had joined."""
    case = office.bring_to("reply")
    for phone in phones:
        merge(office, case, requester_phone=phone, **given)
    office.bring_to("close", case)
    office.do(case, "close")
    return case


def test_everybody_who_joined_rates_by_a_link_of_their_own_and_the_order_counts_once(
    office: Office,
) -> None:
    case = closed_with(office, "13700000002", "13700000003")
    first, second = links(office, case)
    rate(office, first.code)
    assert [one.result for one in links(office, case)] == ["satisfied", None]
    assert office.waiting(case) == []
    with reading(office.sessions) as session:
        assert session.scalar(select(func.count(Callback.id))) == 1
    with pytest.raises(Conflict, match="used already"):
        rate(office, first.code)
    with pytest.raises(Invalid) as half:
        rate(office, second.code, solved="", attitude="splendid")
    assert set(half.value.fields) == {"attitude", "solved"}
    office.wait(days=7)
    with pytest.raises(Conflict, match="time to rate is over"):
        rate(office, second.code)
    assert any("并案诉求人评价" in line for line in office.story(case))


def test_who_joined_and_is_dissatisfied_has_the_order_proposed_for_reopening_once(
    office: Office,
) -> None:
    case = closed_with(office, "13700000002", "13700000003")
    first, second = links(office, case)
    rate(office, first.code, solved="no")
    assert office.waiting(case) == ["decide_reopening"]
    rate(office, second.code, result="dissatisfied")
    assert office.waiting(case) == ["decide_reopening"]
    office.do(case, "decide_reopening")
    assert office.order(case).reopened_count == 1


def test_nobody_is_asked_twice_or_without_a_number(office: Office) -> None:
    """The order's own requester was called back; a second demand of one person is not asked for
    again; who is anonymous is told and asked nothing.
    """
    case = office.bring_to("reply")
    merge(office, case)
    merge(office, case, requester_phone="13700000002")
    merge(office, case, requester_phone="13700000002")
    merge(office, case, requester_phone="13700000009", anonymous="true")
    office.bring_to("close", case)
    office.do(case, "close")
    assert len(links(office, case)) == 1
    assert told(office, "merged_result_to_rate") == ["13700000002"]
    assert sorted(told(office, "merged_result")) == ["13700000002", "13700000009", "13800001234"]


def test_a_link_ends_with_the_reopening_and_the_next_closing_sends_another(office: Office) -> None:
    case = closed_with(office, "13700000002")
    [old] = links(office, case)
    office.act(case, "reopening_by_agent", "agent", reopening_ground="not_done",
               reopening_reason="仍在夜间施工。")  # fmt: skip
    office.do(case, "decide_reopening")
    with pytest.raises(Conflict):
        rate(office, old.code)
    office.bring_to("close", case)
    office.do(case, "close")
    _old, new = links(office, case)
    rate(office, new.code)
    with pytest.raises(Conflict):
        rate(office, old.code)

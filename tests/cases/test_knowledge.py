"""The knowledge base, and who answers without an order."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.cases import knowledge
from app.cases.models.demand import AnswerWay, DemandStatus
from app.cases.models.knowledge import KnowledgeGap, KnowledgeItem
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from tests.office import Office

ITEM: dict[str, object] = {
    "title": "夜间施工噪音几点以后可以投诉",
    "content": "二十二时至次日六时禁止产生噪音的施工，可向城管部门投诉。",
    "source": "噪声污染防治法第四十三条",
    "category": "noise",
    "keywords": "打桩 工地 扰民",
    "expires_on": "2026-12-31",
}


def written(office: Office, *, published: bool = True, **changes: object) -> KnowledgeItem:
    with office.acting("editor") as uow:
        item = knowledge.write(uow, ITEM | changes)
        if published:
            knowledge.publish(uow, item.id)
        return item


def offered(office: Office, demand_id: int) -> list[str]:
    with reading(office.sessions) as session:
        demand = office.demand(demand_id)
        texts = (demand.title, demand.content)
        found = knowledge.suggestions(session, office.now, texts, demand.category)
        return [item.title for item in found]


def gap(office: Office, demand_id: int) -> KnowledgeGap | None:
    with reading(office.sessions) as session:
        return session.scalar(select(KnowledgeGap).where(KnowledgeGap.demand_id == demand_id))


def closed_consultation(office: Office) -> int:
    demand_id = office.bring_to("close", nature="consultation")
    office.do(demand_id, "close", closing_reason="explained")
    return demand_id


def test_an_item_is_a_draft_until_it_is_published_and_keeps_every_state(office: Office) -> None:
    item = written(office, published=False)
    assert item.number.startswith("ZS20260302")
    demand_id = office.register()
    assert offered(office, demand_id) == []
    with office.acting("editor") as uow:
        knowledge.publish(uow, item.id)
    assert offered(office, demand_id) == [ITEM["title"]]
    with office.acting("editor") as uow:
        knowledge.write(uow, ITEM | {"content": "改过的口径。"}, item.id)
        knowledge.withdraw(uow, item.id)
    assert offered(office, demand_id) == []
    with reading(office.sessions) as session:
        edits = knowledge.edits_of(session, item.id)
    assert [edit.status for edit in edits] == ["withdrawn", "published", "published", "draft"]
    assert edits[0].content == "改过的口径。"
    assert edits[-1].content == ITEM["content"]
    assert edits[0].by_name == "文编辑"


def test_only_editors_write(office: Office) -> None:
    with office.acting("agent") as uow, pytest.raises(NotAllowed):
        knowledge.write(uow, ITEM)


@pytest.mark.parametrize(
    "wrong",
    [{"expires_on": "2026-03-01"}, {"expires_on": ""}, {"category": "moon"}, {"source": ""}],
)
def test_an_item_has_a_source_a_known_category_and_a_last_day_ahead(
    office: Office, wrong: dict[str, object]
) -> None:
    with office.acting("editor") as uow, pytest.raises(Invalid) as refusal:
        knowledge.write(uow, ITEM | wrong)
    assert set(refusal.value.fields) == set(wrong)


def test_after_its_last_day_an_item_is_not_offered_used_or_published(office: Office) -> None:
    item = written(office, expires_on="2026-03-03")
    demand_id = office.register()
    office.wait(days=1)
    assert offered(office, demand_id) == [ITEM["title"]], "the last day itself counts"
    office.wait(days=1)
    assert offered(office, demand_id) == []
    with pytest.raises(Invalid) as refusal:
        office.do(
            demand_id,
            "answer_or_order",
            outcome="answered",
            answer="x",
            knowledge_number=item.number,
        )
    assert set(refusal.value.fields) == {"knowledge_number"}
    with office.acting("editor") as uow, pytest.raises(Conflict):
        knowledge.publish(uow, item.id)


def test_the_likeliest_items_come_first_and_unlike_ones_not_at_all(office: Office) -> None:
    written(office, title="公积金怎么提取", keywords="", category="")
    written(office, title="扰民", keywords="夜间施工", category="")
    written(office)
    demand_id = office.register()
    assert offered(office, demand_id) == [ITEM["title"], "扰民"]


def test_an_answer_from_the_base_names_its_item_and_counts_its_use(office: Office) -> None:
    item = written(office)
    demand_id = office.register()
    office.do(
        demand_id,
        "answer_or_order",
        outcome="answered",
        answer="可向城管部门投诉。",
        knowledge_number=item.number,
    )
    demand = office.demand(demand_id)
    assert (demand.status, demand.answered_way) == (
        DemandStatus.ANSWERED_ONLINE,
        AnswerWay.AGENT,
    )
    assert demand.knowledge_item_id == item.id
    with reading(office.sessions) as session:
        assert knowledge.find(session, item.id).used == 1


def test_what_the_agent_cannot_answer_a_specialist_may_answer_in_a_call_of_three(
    office: Office,
) -> None:
    given: dict[str, object] = {
        "three_party_outcome": "answered",
        "policy_basis": "市政办〔2026〕1号",
    }
    demand_id = office.register(enterprise=True)
    office.do(demand_id, "answer_or_order", outcome="three_party")
    assert office.waiting(demand_id) == ["three_party_answer"]
    with pytest.raises(Invalid) as refusal:
        office.do(demand_id, "three_party_answer", **given)
    assert set(refusal.value.fields) == {"three_party_reply"}
    with pytest.raises(NotAllowed):
        office.do(demand_id, "three_party_answer", by="agent", **given)
    office.do(demand_id, "three_party_answer", three_party_reply="可以申请。", **given)
    demand = office.demand(demand_id)
    assert demand.status == DemandStatus.ANSWERED_ONLINE
    assert demand.answered_way == AnswerWay.THREE_PARTY
    assert demand.answered_by == office.actor("expert").user_id
    assert demand.answer == "可以申请。"
    assert "三方通话答复" in office.story(demand_id)


def test_what_the_specialist_cannot_answer_becomes_an_order(office: Office) -> None:
    demand_id = office.register()
    office.do(demand_id, "answer_or_order", outcome="three_party")
    office.do(demand_id, "three_party_answer", three_party_outcome="order")
    assert office.waiting(demand_id) == ["dispatch"]
    assert office.demand(demand_id).answered_way is None


def test_a_closed_consultation_asks_an_editor_for_knowledge_within_a_working_day(
    office: Office,
) -> None:
    demand_id = closed_consultation(office)
    noted = gap(office, demand_id)
    assert noted is not None
    assert noted.closed_at is None
    due = noted.due_at.astimezone(CHINA) - timedelta(microseconds=1)
    assert due.date() == date(2026, 3, 3)
    other = office.bring_to("close")
    office.do(other, "close")
    assert gap(office, other) is None, "a complaint is no question"
    online = office.register(nature="consultation")
    office.do(online, "answer_or_order", outcome="answered", answer="可以。")
    assert gap(office, online) is None, "the base could answer it"


def test_an_order_closed_a_second_time_leaves_the_gap_it_has(office: Office) -> None:
    case = office.bring_to("close", nature="consultation")
    office.do(case, "close")
    first = gap(office, case)
    asks = {"reopening_ground": "came_back", "reopening_reason": "政策又有变化。"}
    office.act(case, "reopening_by_agent", "agent", **asks)
    office.do(case, "decide_reopening")
    office.bring_to("close", case)
    office.do(case, "close")
    again = gap(office, case)
    assert first is not None
    assert again is not None
    assert (again.id, again.opened_at) == (first.id, first.opened_at)


def test_a_gap_is_closed_when_its_item_is_published(office: Office) -> None:
    demand_id = closed_consultation(office)
    noted = gap(office, demand_id)
    assert noted is not None
    item = written(office, published=False)
    with office.acting("editor") as uow:
        knowledge.fill_gap(uow, noted.id, item.id)
    still = gap(office, demand_id)
    assert still is not None
    assert still.closed_at is None
    with office.acting("editor") as uow:
        knowledge.publish(uow, item.id)
    filled = gap(office, demand_id)
    assert filled is not None
    assert (filled.closed_by_name, filled.item_id) == ("文编辑", item.id)
    with office.acting("editor") as uow, pytest.raises(Conflict):
        knowledge.dismiss_gap(uow, noted.id, "重复")


def test_a_gap_that_needs_no_item_is_closed_with_a_reason(office: Office) -> None:
    demand_id = closed_consultation(office)
    noted = gap(office, demand_id)
    assert noted is not None
    with office.acting("editor") as uow, pytest.raises(Invalid):
        knowledge.dismiss_gap(uow, noted.id, " ")
    with office.acting("editor") as uow:
        knowledge.dismiss_gap(uow, noted.id, "个案，无普遍意义。")
    with reading(office.sessions) as session:
        assert knowledge.gaps(session) == []

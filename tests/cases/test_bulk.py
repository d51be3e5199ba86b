"""Bulk extension: shown before it is asked for, approved by a second person, applied once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.cases import bulk
from app.cases.bulk import Progress, Query
from app.cases.models.bulk_extension import BulkExtensionOrder
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.outbox import OutboxMessage
from app.jobs import extending
from tests.office import Office

FLOOD = Query(district="jiangpan")


def ask(office: Office, query: Query = FLOOD, by: str = "dispatcher", days: int = 3) -> int:
    with office.acting(by) as uow:
        made = bulk.ask(uow, query, days, "other", "暴雨红色预警，外业停止。")
        return made.id


def decide(office: Office, bulk_id: int, by: str = "duty", **how: object) -> None:
    with office.acting(by) as uow:
        approved = bool(how.get("approved", True))
        bulk.decide(uow, bulk_id, approved=approved, opinion=str(how.get("opinion", "")))


def work(office: Office) -> int:
    return extending.work(office.sessions, lambda: office.now)


def progress(office: Office, bulk_id: int) -> Progress:
    with reading(office.sessions) as session:
        return bulk.progress(session, bulk_id)


def told(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        found = select(OutboxMessage.recipient).where(OutboxMessage.template == template)
        return len(session.scalars(found).all())


def last_day(office: Office, case: int) -> str:
    return office.last_day(office.clock(case, "handling"))


def test_the_preview_names_every_order_with_both_deadlines_and_writes_nothing(
    office: Office,
) -> None:
    case = office.bring_to("reply")
    office.bring_to("sign_for")  # no handling limit yet
    with reading(office.sessions) as session:
        (one,) = bulk.preview(session, FLOOD, 3, office.now)
        assert one.order.demand_id == case
        assert one.due_after - one.due_before == timedelta(days=3)
        assert bulk.preview(session, Query(district="qingshi"), 3, office.now) == []
        assert bulk.preview(session, Query(category="noise"), 3, office.now)
        assert bulk.preview(session, Query(unit_id=office.unit("water_group")), 3, office.now) == []
        later = Query(arrived_from=office.now + timedelta(minutes=1))
        assert bulk.preview(session, later, 3, office.now) == []
        assert bulk.preview(session, Query(arrived_before=office.now), 3, office.now) == []
    assert last_day(office, case) == "2026-03-09"


def test_approved_each_limit_moves_once_and_both_sides_are_told(office: Office) -> None:
    cases = [office.bring_to("reply") for _ in range(3)]
    made = ask(office)
    assert work(office) == 0  # nothing happens before the approval
    decide(office, made)
    assert work(office) == 3
    assert work(office) == 0
    assert [last_day(office, case) for case in cases] == ["2026-03-12"] * 3
    assert progress(office, made) == Progress(total=3, extended=3, skipped=0)
    assert told(office, "bulk_extension_told") == 3
    assert "批量延期" in "".join(office.story(cases[0]))


def test_what_moved_on_meanwhile_is_skipped_with_the_reason(office: Office) -> None:
    answered, late, extended, kept = (office.bring_to("reply") for _ in range(4))
    made = ask(office)
    office.do(answered, "reply")
    office.do(answered, "approve_reply")
    office.act(
        extended,
        "extension_asked",
        "liaison",
        days="1",
        ground="complex",
        extension_reason="须检测。",
        legal_basis="办法第二十条",
    )
    office.do(extended, "decide_extension")
    decide(office, made)
    assert work(office) == 4
    with reading(office.sessions) as session:
        notes = {line.demand_id: line.note for line, *_rest in bulk.lines_of(session, made)}
    assert notes[answered] == "已答复、改派或挂账。"
    assert notes[extended] == "已另行延期。"
    assert notes[late] is None
    assert notes[kept] is None
    assert progress(office, made) == Progress(total=4, extended=2, skipped=2)


def test_an_order_that_is_late_is_never_healed(office: Office) -> None:
    case = office.bring_to("reply")
    made = ask(office)
    office.wait(days=9)
    with reading(office.sessions) as session:
        assert bulk.preview(session, FLOOD, 3, office.now) == []
    decide(office, made)
    work(office)
    assert last_day(office, case) == "2026-03-09"
    assert progress(office, made).skipped == 1


def test_who_asked_does_not_approve_and_only_one_decides(office: Office) -> None:
    office.bring_to("reply")
    made = ask(office, by="duty")
    with pytest.raises(Invalid) as refusal:
        decide(office, made, by="duty")
    assert "申请人以外" in refusal.value.phrase.zh
    with pytest.raises(NotAllowed):
        decide(office, made, by="dispatcher")
    with pytest.raises(Invalid) as refusal:
        decide(office, made, by="leader", approved=False)
    assert "opinion" in refusal.value.fields
    decide(office, made, by="leader", approved=False, opinion="影响范围过大。")
    with pytest.raises(Conflict) as late:
        decide(office, made, by="leader")
    assert "蒋分管" in late.value.phrase.zh
    assert work(office) == 0
    with pytest.raises(NotFound):
        decide(office, made + 1)


def test_not_everything_at_once_not_nothing_and_not_by_anybody(office: Office) -> None:
    with pytest.raises(Invalid) as refusal:
        ask(office)
    assert "没有符合条件" in refusal.value.phrase.zh
    office.bring_to("reply")
    with pytest.raises(Invalid) as refusal:
        ask(office, Query())
    assert "至少选一个条件" in refusal.value.phrase.zh
    with pytest.raises(Invalid) as refusal:
        ask(office, days=0)
    assert "days" in refusal.value.fields
    with pytest.raises(NotAllowed):
        ask(office, by="agent")


def test_a_line_done_twice_changes_nothing(office: Office) -> None:
    case = office.bring_to("reply")
    decide(office, ask(office))
    with reading(office.sessions) as session:
        line = session.scalars(select(BulkExtensionOrder.id)).one()
    for first in (True, False):
        with office.acting("duty") as uow:
            assert bulk.apply(uow, line) is first
    assert last_day(office, case) == "2026-03-12"


def test_two_bulk_extensions_at_once_are_both_applied(office: Office) -> None:
    first = office.bring_to("reply")
    one = ask(office)
    second = office.bring_to("reply", title="另一件", requester_phone="13800005678")
    two = ask(office, days=1)
    decide(office, two)
    decide(office, one)
    work(office)
    assert last_day(office, first) in {"2026-03-10", "2026-03-12"}
    assert last_day(office, second) == "2026-03-10"
    assert progress(office, one).done == 1
    assert progress(office, two).done == 2

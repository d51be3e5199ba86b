"""A unit is merged, split or closed: its orders, parts, people and catalogue rows find heirs."""

import pytest
from sqlalchemy import select

from app.cases import answers, reorganising, tables
from app.cases.co_handling import parts_of
from app.cases.heirs import heir_of
from app.cases.models.demand import Demand
from app.cases.proposals import proposal
from app.cases.reorganising import plan
from app.core import jobs
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from app.core.uow import SYSTEM, unit_of_work
from app.identity.directory import add_user
from app.identity.models import HandlingUnit
from app.jobs.reorganising import work
from app.office import publish_shipped
from app.supervision.models import SupervisionLetter
from tests.office import Office


@pytest.fixture
def big(office: Office) -> Office:
    """An office with an administrator and a third unit."""
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        add_user(uow, "admin", "何平", "correct horse", ["administrator"], None)
        uow.session.add(
            HandlingUnit(code="third", name_zh="第三局", name_en="Third", kind="department")
        )
    return office


def given(office: Office, kind: str = "merged", **more: str) -> dict[str, object]:
    return {
        "unit": str(office.unit("urban_management")),
        "kind": kind,
        "heir": str(office.unit("water_group")),
        "basis": "云编办〔2026〕8号",
        "shares": "",
        **more,
    }


def carry_out(office: Office, kind: str = "merged", by: str = "admin", **more: str) -> None:
    with office.acting(by) as uow:
        reorganising.carry_out(uow, given(office, kind, **more))


def move(office: Office) -> None:
    for _knock in range(5):
        work(office.sessions, lambda: office.now)


def lead_for(office: Office, category: str) -> str:
    with reading(office.sessions) as session:
        matter = {"category": category, "district": "jiangpan"}
        return str(tables.answer(session, None, "dispatch_catalogue", matter).outputs["lead_unit"])


def is_open(office: Office) -> bool:
    with reading(office.sessions) as session:
        return jobs.is_open(session, reorganising.JOB)


def test_a_merged_units_orders_go_on_with_the_heir_where_they_stand(big: Office) -> None:
    cases = [big.bring_to(step) for step in ("sign_for", "reply", "callback")]
    closed = big.bring_to("close")
    big.do(closed, "close")
    due = big.clock(cases[1], "handling").due_at
    carry_out(big)
    move(big)
    heir = big.unit("water_group")
    assert [big.order(case).lead_unit_id for case in cases] == [heir] * 3
    assert big.order(closed).lead_unit_id == big.unit("urban_management")
    assert big.clock(cases[1], "handling").due_at == due
    assert "机构调整" in "".join(big.story(cases[0]))
    assert not is_open(big)
    big.do(cases[0], "sign_for")  # its people came along
    big.do(cases[1], "reply")
    assert big.actor("handler").unit_id == heir


def test_the_catalogue_names_the_heir_and_a_release_does_not_undo_it(big: Office) -> None:
    before = lead_for(big, "illegal_construction")
    assert before == "urban_management"
    carry_out(big)
    assert lead_for(big, "illegal_construction") == "water_group"
    publish_shipped(big.sessions, big.now)
    assert lead_for(big, "illegal_construction") == "water_group"
    with pytest.raises(Invalid):
        case = big.bring_to("dispatch")
        big.do(case, "dispatch", lead_unit=big.unit("urban_management"))


def test_a_split_unit_has_an_heir_for_each_category(big: Office) -> None:
    noise = big.bring_to("reply")
    carry_out(big, "split", shares="noise=third")
    move(big)
    assert big.order(noise).lead_unit_id == big.unit("third")
    assert lead_for(big, "illegal_construction") == "water_group"


def test_parts_of_the_unit_go_along(big: Office) -> None:
    case = big.bring_to("reply")
    big.act(case, "extension_asked", "liaison", days="2", ground="complex",
            extension_reason="须会商。", legal_basis="办法")  # fmt: skip
    carry_out(big)
    move(big)
    assert "extension_withdrawn" in {act.element.id for act in big.acts(case, "stranger")}


@pytest.mark.parametrize("begun", ["before", "after"])
def test_the_supervision_of_a_closed_order_asks_the_heir(big: Office, begun: str) -> None:
    case = big.bring_to("close")
    big.do(case, "close")
    heard = {"instruction_text": "请速办。", "instruction_number": "批1号"}

    def supervise() -> None:
        heard["special_ground"] = "media_exposed"
        big.act(case, "instruction_recorded", "inspector", **heard)

    if begun == "before":
        supervise()
    carry_out(big)
    move(big)
    if begun == "after":
        supervise()
    big.do(case, "sign_letter", "leader")
    with reading(big.sessions) as session:
        letter = session.scalars(select(SupervisionLetter)).one()
        assert letter.unit_id == big.unit("water_group")
    big.do(case, "supervision_feedback", "approver")  # its people came along


def test_the_preview_counts_and_changes_nothing(big: Office) -> None:
    case = big.bring_to("reply")
    with reading(big.sessions) as session:
        checked = answers.check(reorganising.FORM, given(big), frozenset({"administrator"}))
        found = plan(session, checked)
        assert [(order.demand_id, heir.code) for order, _demand, heir in found.orders] == [
            (case, "water_group")
        ]
        assert found.people == 4
        assert found.rows > 0
    assert big.order(case).lead_unit_id == big.unit("urban_management")
    assert lead_for(big, "illegal_construction") == "urban_management"


def test_who_may_not_and_what_is_wrong_is_refused(big: Office) -> None:
    for login in ("duty", "dispatcher", "leader"):
        with pytest.raises(NotAllowed):
            carry_out(big, by=login)
    with pytest.raises(Invalid) as same:
        carry_out(big, heir=str(big.unit("urban_management")))
    assert set(same.value.fields) == {"heir"}
    with pytest.raises(Invalid) as unlisted:
        carry_out(big, "split")
    assert set(unlisted.value.fields) == {"shares"}
    with pytest.raises(Invalid) as unknown:
        carry_out(big, "split", shares="nothing=nobody")
    assert set(unknown.value.fields) == {"shares"}
    carry_out(big)
    with pytest.raises(Conflict, match="under way"):
        carry_out(big, unit=str(big.unit("third")))


def test_killed_half_way_it_goes_on_and_twice_changes_nothing(big: Office) -> None:
    cases = [big.bring_to("sign_for") for _number in range(3)]
    carry_out(big)
    with unit_of_work(big.sessions, SYSTEM, big.now) as uow:
        assert reorganising.move_case(uow, cases[0])
    with unit_of_work(big.sessions, SYSTEM, big.now) as uow:
        assert not reorganising.move_case(uow, cases[0])
    move(big)
    assert {big.order(case).lead_unit_id for case in cases} == {big.unit("water_group")}
    assert not is_open(big)


REOPENS: dict[str, object] = {"reopening_ground": "came_back", "reopening_reason": "问题反复。"}


def reopened_after(office: Office, kind: str, **more: str) -> int:
    """An order that was closed before its unit was reorganised, and is opened again after that."""
    case = office.bring_to("close")
    office.do(case, "close")
    carry_out(office, kind, **more)
    move(office)
    office.wait(days=2)
    office.act(case, "reopening_by_agent", "agent", **REOPENS)
    office.do(case, "decide_reopening")
    return case


@pytest.mark.parametrize(
    ("kind", "shares", "heir"),
    [
        ("merged", "", "water_group"),
        ("closed", "", "water_group"),
        ("split", "noise=third", "third"),
    ],
)
def test_an_order_reopened_after_its_unit_is_gone_is_proposed_to_the_heir(
    big: Office, kind: str, shares: str, heir: str
) -> None:
    case = reopened_after(big, kind, shares=shares)
    assert big.waiting(case) == ["dispatch"]
    order = big.order(case)
    assert (order.status, order.lead_unit_id, order.reopened_count) == ("pending_dispatch", None, 1)
    clock = big.clock(case, "dispatch")
    assert clock.stopped_at is None
    assert clock.due_at is not None
    assert clock.due_at > big.now
    with reading(big.sessions) as session:
        proposed = proposal(session, session.get_one(Demand, case))
    assert proposed is not None
    assert proposed.unit.code == heir
    assert "撤并" in proposed.reason.zh
    big.do(case, "dispatch", lead_unit=big.unit("riverside"))
    assert big.order(case).lead_unit_id == big.unit("riverside")
    assert big.waiting(case) == ["sign_for"]


def test_an_heir_that_is_gone_itself_has_an_heir(big: Office) -> None:
    case = big.bring_to("close")
    big.do(case, "close")
    carry_out(big)
    move(big)
    carry_out(big, unit=str(big.unit("water_group")), heir=str(big.unit("third")))
    move(big)
    with reading(big.sessions) as session:
        gone = big.unit("urban_management")
        assert heir_of(session, gone, "noise") == big.unit("third")


def test_a_unit_that_is_gone_without_an_heir_leaves_the_dispatcher_the_choice(big: Office) -> None:
    case = big.bring_to("close")
    big.do(case, "close")
    with unit_of_work(big.sessions, SYSTEM, big.now) as uow:
        uow.session.get_one(HandlingUnit, big.unit("urban_management")).active = False
    big.act(case, "reopening_by_agent", "agent", **REOPENS)
    big.do(case, "decide_reopening")
    assert big.waiting(case) == ["dispatch"]
    assert big.order(case).next_unit_id is None
    big.do(case, "dispatch", lead_unit=big.unit("third"))
    assert big.order(case).lead_unit_id == big.unit("third")


def test_what_a_unit_passed_on_is_answered_to_its_heir(big: Office) -> None:
    case = big.bring_to("reply")
    big.act(case, "passed_down", "liaison", lower_unit=str(big.unit("riverside")))
    carry_out(big)
    move(big)
    with reading(big.sessions) as session:
        [part] = parts_of(session, case)
        assert part.part.giver_unit_id == big.unit("water_group")
    assert "part_called_back" in {act.element.id for act in big.acts(case, "stranger")}

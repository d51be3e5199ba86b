"""The dispatch catalogue learns from rulings: drafted, reviewed by another, and kept."""

import pytest

from app.cases import catalogue
from app.cases.models.dispute import CatalogueChange
from app.cases.models.work_order import WorkOrder
from app.cases.orders import find
from app.cases.proposals import proposal
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from app.decisions import registry
from app.office import publish_shipped
from tests.cases.test_coordinating import disputed, ruling, unclear
from tests.office import Office


def ruled(office: Office, unit: str = "water_group", co_unit: str | None = None) -> int:
    """A case whose owner the coordinator ruled; its catalogue change waits."""
    case = unclear(office)
    assisting = [office.unit(co_unit)] if co_unit else []
    office.do(case, "rule_ownership", ruled_unit=office.unit(unit), ruled_co_units=assisting)
    return case


def change(office: Office) -> CatalogueChange:
    """The change that waits the longest."""
    with reading(office.sessions) as session:
        return catalogue.waiting(session)[0]


def publish(office: Office, by: str = "dispatcher") -> int:
    with office.acting(by) as uow:
        version = catalogue.publish(uow, change(office).id, "同意。").version
    assert version is not None
    return version


def version(office: Office) -> int:
    with reading(office.sessions) as session:
        return registry.newest_version(session, catalogue.KEY)


def proposed(office: Office, case: int) -> tuple[str, list[str], str]:
    with reading(office.sessions) as session:
        found = proposal(session, find(session, case).demand)
        assert found is not None
        return found.unit.code, [unit.code for unit in found.co_units], found.reason.zh


def test_a_ruling_that_was_reviewed_sends_the_next_order_to_its_unit(office: Office) -> None:
    case = ruled(office, co_unit="urban_management")
    before = version(office)
    with reading(office.sessions) as session:
        seen = catalogue.difference(session, catalogue.waiting(session)[0])
    assert (seen.lead_before, seen.lead_after, seen.co_after) == (
        "urban_management",
        "water_group",
        ("urban_management",),
    )
    office.wait(hours=1)
    assert publish(office) == before + 1
    later = office.bring_to("dispatch")
    number = ruling(office, case).number
    assert proposed(office, later) == (
        "water_group",
        ["urban_management"],
        f"派单目录第 {before + 1} 版第 1 行：按协调裁定 {number} 派单",
    )
    office.do(later, "dispatch", lead_unit=office.unit("water_group"))
    with reading(office.sessions) as session:
        order = session.get_one(WorkOrder, office.order(later).id)
        behind = catalogue.ruling_behind(session, order)
        assert behind is not None
        assert behind.number == number
        first = session.get_one(WorkOrder, office.order(case).id)
        assert catalogue.ruling_behind(session, first) is None
    assert "审核派单目录变更" in office.story(case)


def test_an_order_sent_elsewhere_does_not_name_the_ruling(office: Office) -> None:
    ruled(office)
    publish(office)
    later = office.bring_to("sign_for")
    with reading(office.sessions) as session:
        order = session.get_one(WorkOrder, office.order(later).id)
        assert catalogue.ruling_behind(session, order) is None


def test_another_district_is_not_touched(office: Office) -> None:
    ruled(office)
    publish(office)
    matter = {"category": "noise", "district": "qingshi"}
    with reading(office.sessions) as session:
        assert registry.answer(session, catalogue.KEY, matter).outputs["lead_unit"] == (
            "urban_management"
        )


def test_nobody_reviews_their_own_ruling_and_no_unit_does(office: Office) -> None:
    ruled(office)
    for login in ("coordinator", "liaison", "agent"):
        with pytest.raises(NotAllowed):
            publish(office, login)
    assert publish(office, "dispatcher2") == version(office)


def test_who_is_second_reads_who_was_first(office: Office) -> None:
    ruled(office)
    waiting = change(office).id
    publish(office)
    with pytest.raises(Conflict) as refusal, office.acting("dispatcher2") as uow:
        catalogue.turn_down(uow, waiting, "个案。")
    assert "王派单" in refusal.value.phrase.zh


def test_a_change_may_be_turned_down_with_a_reason(office: Office) -> None:
    ruled(office)
    before = version(office)
    with pytest.raises(Invalid), office.acting("dispatcher") as uow:
        catalogue.turn_down(uow, change(office).id, " ")
    with office.acting("dispatcher") as uow:
        catalogue.turn_down(uow, change(office).id, "仅此一案。")
    assert version(office) == before
    with reading(office.sessions) as session:
        assert catalogue.waiting(session) == []


def test_a_later_ruling_on_the_same_matter_takes_the_place_of_the_earlier(
    office: Office,
) -> None:
    ruled(office)
    ruled(office, "jiangpan_government")
    publish(office)
    publish(office)
    later = office.bring_to("dispatch")
    assert proposed(office, later)[0] == "jiangpan_government"
    matter = {"category": "noise", "district": "qingshi"}
    with reading(office.sessions) as session:
        before, after = (
            registry.answer(session, catalogue.KEY, matter, version=number).evidence.rows[0].index
            for number in (1, version(office))
        )
    assert after == before + 1  # one row of a ruling, not two


def test_a_release_that_starts_keeps_what_was_ruled(office: Office) -> None:
    ruled(office)
    published = publish(office)
    publish_shipped(office.sessions, office.now)
    assert version(office) == published
    assert proposed(office, office.bring_to("dispatch"))[0] == "water_group"


def test_what_the_units_agreed_is_written_into_the_catalogue_too(office: Office) -> None:
    case = disputed(office)
    office.do(case, "agree_ownership", ruled_unit=office.unit("water_group"))
    assert change(office).ruling_id == ruling(office, case).id

"""The month's quota and the superior's daily report."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed
from app.supervision import quota, superior
from app.supervision.models import SupervisionCause
from tests.office import Office

DAY = date(2026, 3, 2)
CHOSEN: dict[str, object] = {
    "special_ground": "selected",
    "first_rung": "reminder",
    "instruction_text": "月度督办选件。",
}


def adopt(office: Office, text: str, by: str = "inspector", day: date = DAY) -> dict[str, str]:
    with office.acting(by) as uow:
        report = superior.adopt(uow, day, text)
        return {line.number: line.result for line in report.lines}


def standing(office: Office) -> quota.Quota:
    with reading(office.sessions) as session:
        return quota.quota(session, office.now)


def proposed(office: Office) -> list[int]:
    with reading(office.sessions) as session:
        return [one.demand.id for one in quota.candidates(session, office.now, 10)]


def fired(office: Office) -> list[str]:
    with reading(office.sessions) as session:
        return list(session.scalars(select(SupervisionCause.trigger)))


def test_a_report_supervises_by_the_numbers_of_orders_and_demands_each_once(
    office: Office,
) -> None:
    first, second = office.bring_to("reply"), office.bring_to("close")
    office.do(second, "close")
    order, demand = office.order(first).number, office.demand(second).number
    done = adopt(office, f"{order} 三不满意，{order}；{demand}\n电话13800001234 日期20260302")
    assert done == {order: "supervised", demand: "proposed"}
    assert fired(office) == ["district_dissatisfied", "district_dissatisfied"]


def test_the_same_report_is_imported_once_and_the_same_order_fires_once_a_day(
    office: Office,
) -> None:
    case = office.bring_to("reply")
    number = office.order(case).number
    adopt(office, number)
    with pytest.raises(Conflict):
        adopt(office, f"1. {number}")
    assert adopt(office, f"{number} GD202001010001") == {
        number: "known",
        "GD202001010001": "unknown",
    }
    assert adopt(office, number, day=DAY + timedelta(days=1)) == {number: "supervised"}


def test_an_order_no_unit_has_is_reported_and_not_supervised(office: Office) -> None:
    case = office.bring_to("dispatch")
    number = office.order(case).number
    assert adopt(office, number) == {number: "no_unit"}


def test_a_text_without_numbers_and_a_person_without_the_right_are_refused(office: Office) -> None:
    with pytest.raises(Invalid):
        adopt(office, "今日无不满意工单，电话13800001234")
    with pytest.raises(NotAllowed):
        adopt(office, "GD202603020001", by="dispatcher")


def test_the_quota_is_a_fifth_of_last_month_s_accepted_and_fills_the_list(office: Office) -> None:
    cases = [office.bring_to("reply") for _ in range(6)]
    office.wait(days=30, ticking=False)  # April; nothing of March is supervised yet
    before = standing(office)
    assert (before.accepted, before.supervised, before.missing) == (6, 0, 2)
    assert (before.target, before.is_met) == (Decimal(20), False)
    assert proposed(office) == cases


def test_who_is_supervised_counts_and_is_not_proposed_again(office: Office) -> None:
    plain, bad = office.bring_to("reply"), office.bring_to("review_reply")
    office.do(bad, "review_reply", review="rejected", review_opinion="未附照片。")
    assert proposed(office) == [bad, plain]
    office.act(bad, "instruction_recorded", "inspector", **CHOSEN)
    assert proposed(office) == [plain]
    assert standing(office).supervised == 1


def test_without_anything_accepted_the_quota_is_met(office: Office) -> None:
    assert (standing(office).missing, standing(office).is_met) == (0, True)

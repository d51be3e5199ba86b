"""What supervision asks of the database, and the count of visits, on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from sqlalchemy import select

from app.core import visits
from app.core.db import reading
from app.core.uow import SYSTEM, unit_of_work
from app.supervision import superior, watching
from app.supervision.models import SupervisionCause, SupervisionLetterCopy
from tests.office import Office


def causes(office: Office) -> list[str]:
    with reading(office.sessions) as session:
        return list(session.scalars(select(SupervisionCause.trigger).order_by(SupervisionCause.id)))


def test_what_stands_still_and_ignores_reminders_is_found_and_supervised(office: Office) -> None:
    case = office.bring_to("reply")
    for days in (8, 8, 4):  # the limit, both reminders, and a working day after them
        office.wait(days=days)
    with reading(office.sessions) as session:
        assert watching.standing_still(session, office.now) == [case]
        assert watching.unheeded(session, office.now) == [case]
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        assert watching.supervise_unheeded(uow, case)
        assert watching.supervise_idle(uow, case)
    with reading(office.sessions) as session:
        assert watching.standing_still(session, office.now) == []
        assert watching.unheeded(session, office.now) == []
    assert causes(office) == ["due_but_undone", "reminders_ignored", "no_progress"]
    office.do(case, "sign_letter")
    with reading(office.sessions) as session:
        codes = set(session.scalars(select(SupervisionLetterCopy.code)))
    assert "member_units" in codes


def test_a_closed_order_on_the_superior_s_list_is_proposed_for_reopening(office: Office) -> None:
    case = office.bring_to("close")
    office.now += timedelta(hours=1)
    with office.acting("inspector") as uow:
        superior.adopt(uow, date(2026, 3, 2), office.order(case).number)
    office.do(case, "close")
    assert "decide_reopening" in office.waiting(case)


def test_twenty_visits_at_once_are_counted_one_after_the_other(office: Office) -> None:
    def visit(_number: int) -> bool:
        with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
            return visits.admit(
                uow, "rating", "192.0.2.1", "s" * 40, most=7, within=timedelta(minutes=10)
            )

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(visit, range(20))) == 7

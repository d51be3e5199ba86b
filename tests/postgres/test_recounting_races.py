"""A recount beside people, tickers and other recounts, on a real PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from app.cases import recounting, steps
from app.core import jobs
from app.core.db import reading
from app.core.errors import Conflict
from app.core.outbox import OutboxMessage
from app.core.uow import SYSTEM, unit_of_work
from app.engine import ClockRevisionRow
from app.jobs.deadlines import tick
from app.jobs.recounting import work
from app.worktime import offices
from app.worktime.days import DayKind, DayRow, overlaid
from tests.office import WAY, Office
from tests.postgres.meeting import at_once, whole

pytestmark = pytest.mark.postgres


def close_a_day(office: Office, day: date) -> None:
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        layer = offices.newest_layer(uow.session, "CN")
        row = DayRow(day, DayKind.HOLIDAY, "停工", "", "市政府〔2026〕1号")
        offices.publish(uow, replace(layer, rows=overlaid([layer.rows, [row]])), row.document)


def recounting_of(office: Office, case: int) -> Callable[[], object]:
    def act() -> object:
        with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
            return len(recounting.recount(uow, case))

    return act


def revisions(office: Office) -> int:
    with reading(office.sessions) as session:
        of_calendar = ClockRevisionRow.what == "calendar"
        return session.scalar(select(func.count(ClockRevisionRow.id)).where(of_calendar)) or 0


def test_a_recount_and_the_approval_of_a_reply_at_once_lose_nothing(
    office: Office,
) -> None:
    case = office.bring_to("approve_reply")
    close_a_day(office, date(2026, 3, 5))
    task, actor = office.task(case, "approve_reply"), office.actor("approver")

    def approve() -> object:
        with unit_of_work(office.sessions, actor, office.now) as uow:
            return steps.complete(uow, task, WAY["approve_reply"][1])

    results = at_once(approve, recounting_of(office, case))
    assert not [result for result in results if isinstance(result, Exception)], results
    assert office.waiting(case) == ["review_reply"]
    handling = office.clock(case, "handling")
    assert handling.stopped_at == office.now
    assert office.last_day(handling) in {"2026-03-09", "2026-03-10"}  # stopped first, or moved
    assert results[1] == (2 if office.last_day(handling) == "2026-03-10" else 1)
    assert whole(office)


def test_two_recounts_and_a_ticker_at_once_move_every_clock_once(office: Office) -> None:
    cases = [office.bring_to("reply") for _ in range(4)]
    close_a_day(office, date(2026, 3, 5))
    clocks = 2 * len(cases)  # the total and the handling clock of each
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        recounting.ask_for_all(uow)
    results = at_once(
        lambda: work(office.sessions, lambda: office.now),
        lambda: work(office.sessions, lambda: office.now),
        lambda: tick(office.sessions, lambda: office.now),
        *[recounting_of(office, case) for case in cases],
    )
    assert not [result for result in results if isinstance(result, Exception)], results
    assert revisions(office) == clocks
    with reading(office.sessions) as session:
        told = list(session.scalars(select(OutboxMessage.template)))
        job = jobs.latest(session, recounting.JOB)
    assert told.count("handling_moved") == 2 * len(cases)  # two handlers in the unit
    assert job is not None
    assert job.finished_at is not None
    assert whole(office)


def test_of_two_administrators_at_once_one_publishes_and_one_looks_again(
    office: Office,
) -> None:
    from app.cases import calendar_keeping
    from app.worktime.models import CalendarLevel

    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        offices.open_calendar(uow, "CG", "城管局", CalendarLevel.UNIT)

    def publish(day: int) -> Callable[[], object]:
        def act() -> object:
            row = DayRow(date(2026, 3, day), DayKind.HOLIDAY, "", "", "市政府〔2026〕1号")
            with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
                return calendar_keeping.set_day(uow, "CG", row, seen=1).number

        return act

    results = at_once(publish(5), publish(6))
    assert [result for result in results if not isinstance(result, Exception)] == [2]
    assert [type(result) for result in results if isinstance(result, Exception)] == [Conflict]

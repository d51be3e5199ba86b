"""Races on a real PostgreSQL: whoever is second is told so, and nothing happens twice."""

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.cases import intake, steps
from app.core.db import reading
from app.core.errors import Conflict
from app.core.outbox import OutboxMessage
from app.core.uow import unit_of_work
from app.jobs.deadlines import tick
from tests.office import DEMAND, WAY, Office
from tests.postgres.meeting import at_once, whole

pytestmark = pytest.mark.postgres


def test_of_two_replies_at_once_one_counts_and_the_other_hears_of_it(office: Office) -> None:
    case = office.bring_to("reply")
    task, given = office.task(case, "reply"), WAY["reply"][1]

    def reply(login: str) -> Callable[[], object]:
        actor = office.actor(login)

        def act() -> object:
            with unit_of_work(office.sessions, actor, office.now) as uow:
                return steps.complete(uow, task, given)

        return act

    results = at_once(reply("handler"), reply("handler2"))
    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(error) for error in refused] == [Conflict]
    assert "已由" in refused[0].phrase.zh  # type: ignore[attr-defined]
    assert office.waiting(case) == ["approve_reply"]
    assert whole(office)


def test_two_tickers_fire_everything_once(office: Office) -> None:
    cases = [office.bring_to("reply") for _ in range(6)]
    office.wait(days=30, ticking=False)
    results = at_once(*[lambda: tick(office.sessions, lambda: office.now)] * 3)
    assert all(isinstance(result, int) for result in results), results
    office.tick()
    with reading(office.sessions) as session:
        sent = Counter(session.scalars(select(OutboxMessage.template)))
    assert sent["overdue_2"] == len(cases)
    for case in cases:
        story = "\n".join(office.story(case))
        assert [story.count(words) for words in ("办理超期", "再次催办")] == [1, 1]
    assert whole(office)


def test_ten_registrations_at_once_get_ten_numbers_without_gaps(office: Office) -> None:
    actor = office.actor("agent")

    def register() -> object:
        with unit_of_work(office.sessions, actor, office.now) as uow:
            return intake.register(uow, DEMAND).demand.number

    numbers = at_once(*[register] * 10)
    assert sorted(map(str, numbers)) == [f"SQ20260302{n:04d}" for n in range(1, 11)]


def test_signing_and_the_lapse_of_the_limit_at_the_same_moment_sign_once(office: Office) -> None:
    case = office.bring_to("sign_for")
    task = office.task(case, "sign_for")
    office.wait(days=7, ticking=False)
    liaison = office.actor("liaison")

    def sign() -> object:
        with unit_of_work(office.sessions, liaison, office.now) as uow:
            return steps.complete(uow, task, {})

    results = at_once(sign, lambda: tick(office.sessions, lambda: office.now))
    assert isinstance(results[0], Conflict)  # the limit lapsed long before the click
    office.tick()
    assert office.order(case).signed_automatically
    assert office.waiting(case) == ["first_contact"]
    assert whole(office)


def test_the_whole_way_on_postgresql(office: Office) -> None:
    case = office.bring_to("close")
    office.do(case, "close")
    assert office.waiting(case) == []
    assert whole(office)

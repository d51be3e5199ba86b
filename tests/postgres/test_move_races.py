"""Moving live cases beside people, tickers and other workers, on a real PostgreSQL."""

import pytest
from sqlalchemy import func, select

from app.core.db import reading
from app.core.errors import Conflict
from app.core.uow import SYSTEM, unit_of_work
from app.design.moving import moves
from app.design.moving.models import MoveOutcome
from app.engine import ProcessMoveRow
from app.jobs.deadlines import tick
from app.jobs.moving import work
from tests.design.desk import Workshop
from tests.design.test_moves import ask, go, longer_name, outcomes
from tests.office import Office
from tests.postgres.meeting import Doing, at_once, in_turn, step, whole, won

pytestmark = pytest.mark.postgres


def agreed(workshop: Workshop) -> int:
    longer_name(workshop.office)
    move_id = ask(workshop)
    with workshop.acting("admin") as uow:
        moves.agree(uow, move_id)
    return move_id


def applying(office: Office, line: int) -> Doing:
    def act() -> object:
        with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
            return moves.apply(uow, line)

    return act


def lines(office: Office) -> list[int]:
    with reading(office.sessions) as session:
        return list(moves.next_lines(session, 10))


def test_a_reply_and_the_move_of_its_case_at_once_lose_nothing(office: Office) -> None:
    workshop = Workshop(office)
    cases = [office.bring_to("reply"), office.bring_to("reply")]
    move_id = agreed(workshop)
    first, second = lines(office)
    reply_first = in_turn(
        office, cases[0], step(office, cases[0], "reply"), applying(office, first)
    )
    move_first = in_turn(
        office, cases[1], applying(office, second), step(office, cases[1], "reply")
    )
    assert won(reply_first) == won(move_first) == [True, True]
    assert outcomes(office, move_id) == [MoveOutcome.MOVED] * 2
    for case in cases:
        assert office.waiting(case) == ["approve_reply"]
        office.do(case, "approve_reply")
    assert whole(office)


def test_two_workers_and_a_ticker_at_once_move_every_case_once(office: Office) -> None:
    workshop = Workshop(office)
    for _ in range(4):
        office.bring_to("sign_for")
    move_id = agreed(workshop)
    office.wait(days=2, ticking=False)
    results = at_once(
        lambda: work(office.sessions, lambda: office.now),
        lambda: work(office.sessions, lambda: office.now),
        lambda: tick(office.sessions, lambda: office.now),
        *[applying(office, line) for line in lines(office)],
    )
    assert not [result for result in results if isinstance(result, Exception)], results
    go(office)
    assert outcomes(office, move_id) == [MoveOutcome.MOVED] * 4
    with reading(office.sessions) as session:
        assert session.scalar(select(func.count(ProcessMoveRow.id))) == 4
    assert whole(office)


def test_of_two_who_decide_at_once_one_is_told_to_look_again(office: Office) -> None:
    workshop = Workshop(office)
    office.bring_to("reply")
    longer_name(office)
    move_id, admin = ask(workshop), office.actor("admin")

    def decide(*, agree: bool) -> None:
        with unit_of_work(office.sessions, admin, office.now) as uow:
            if agree:
                moves.agree(uow, move_id)
            else:
                moves.refuse(uow, move_id, "高峰期。")

    results = at_once(lambda: decide(agree=True), lambda: decide(agree=False))
    assert sorted(won(results)) == [False, True]
    assert [type(one) for one in results if isinstance(one, Exception)] == [Conflict]

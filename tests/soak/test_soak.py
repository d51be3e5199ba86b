"""A few weeks of a random office; `make soak` goes on for years."""

import random
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.history import HistoryEntry
from app.core.clock import CHINA
from app.core.db import make_engine, reading
from app.core.uow import SYSTEM, unit_of_work
from app.engine import (
    ClockRow,
    ClockRungRow,
    HumanTaskRow,
    MessageWaitRow,
    TimerWaitRow,
)
from tests.office import Office
from tests.soak import seldom
from tests.soak.filling import City
from tests.soak.invariants import faults_of_case, faults_of_office
from tests.soak.life import Life

MARCH = datetime(2019, 3, 15, tzinfo=CHINA)
"""On 22 March 2019 the days around the first of May were arranged anew."""


def test_some_weeks_of_anything_leave_no_fault(office: Office, tmp_path: Path) -> None:
    life = Life(office, seed=2019, files=tmp_path, begin=MARCH)
    life.live(demands=12, days=11)
    assert life.tally.done["register"] == 12
    assert life.tally.done["holiday notice"] == 1
    assert life.tally.done["case to recount"] > 0
    assert life.tally.done["deadline passed"] > 5
    assert life.tally.refused.total() > 20


def test_a_life_that_goes_on_where_it_was_kept_is_the_same_life(
    founded: Path, tmp_path: Path
) -> None:
    tallies = []
    for number, days in enumerate([[2], [1, 1]]):
        shutil.copy(founded, path := tmp_path / f"{number}.db")
        remembered = None
        for count in days:
            made = Office(make_engine(f"sqlite:///{path}"))
            life = Life(made, 7, tmp_path / str(number), begin=MARCH, remembered=remembered)
            for _ in range(count):
                life.live(demands=4, days=2, each_day=lambda _words: False)
            remembered = life.remembered()
            made.database.dispose()
        tallies.append((life.day, life.tally.done, life.tally.refused))
    assert tallies[0] == tallies[1]


def _try(office: Office, make_up: Callable[[seldom.Situation], seldom.Attempt | None]) -> None:
    """Make an attempt up and make it."""
    city = City([], [], [])
    with reading(office.sessions) as session:
        made = make_up(seldom.Situation(session, random.Random(1), city, office.now, None))
    assert made is not None
    assert made.who is not None
    with unit_of_work(office.sessions, made.who, office.now) as uow:
        made.do(uow)


def test_a_life_reaches_a_second_extension_and_an_objection_to_a_rating(office: Office) -> None:
    case = office.bring_to("reply")
    _try(office, seldom.ask_for_time)
    office.do(case, "decide_extension")
    office.bring_to("reply")  # another, which was granted nothing, comes after it
    _try(office, seldom.ask_for_time)
    assert "decide_second_extension" in office.waiting(case)
    office.do(case, "decide_second_extension")
    office.bring_to("callback", case)
    office.do(case, "callback", result="dissatisfied", solved="no")
    _try(office, seldom.object_to_a_rating)
    assert "decide_rating_objection" in office.waiting(case)


def _stop_waiting(session: Session) -> None:
    for table in (HumanTaskRow, TimerWaitRow, MessageWaitRow):
        session.execute(delete(table))


def _wrong_due(session: Session) -> None:
    session.execute(update(ClockRow).where(ClockRow.name == "sign_for").values(due_at=MARCH))


def _runs_twice(session: Session) -> None:
    columns = "subject_kind, subject_id, scope, name, started_at, due_at, provisional, terms"
    session.execute(
        text(
            f"INSERT INTO clock ({columns}, evidence, run) SELECT {columns}, evidence, 2"
            " FROM clock WHERE name = 'sign_for'"
        )
    )


def _of_nobody(session: Session) -> None:
    session.execute(update(HumanTaskRow).values(role="nobody"))


def _told_twice(session: Session) -> None:
    session.execute(update(ClockRungRow).values(fired_for="1:red\n1:red"))


def _rewritten(session: Session) -> None:
    session.execute(
        update(HistoryEntry).where(HistoryEntry.command == "arrive").values(actor_name="别人")
    )


def _closed_but_running(session: Session) -> None:
    session.execute(update(Demand).values(status="closed"))


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (_stop_waiting, "waits for nothing"),
        (_wrong_due, "its terms say"),
        (_runs_twice, "runs 2 times at once"),
        (_of_nobody, "nobody of the office can do sign_for"),
        (_told_twice, "told a timer twice"),
        (_rewritten, "was changed"),
        (_closed_but_running, "the main process should run 0 times"),
    ],
)
def test_what_is_broken_is_found(
    office: Office, break_it: Callable[[Session], None], words: str
) -> None:
    case = office.bring_to("sign_for")
    people = [office.actor(login) for login in ("dispatcher", "liaison", "handler")]
    with reading(office.sessions) as session:
        assert list(faults_of_case(session, case, people, office.now)) == []
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        break_it(uow.session)
    with reading(office.sessions) as session:
        found = "\n".join(faults_of_case(session, case, people, office.now))
    assert words in found


def test_a_deadline_that_nobody_let_pass_is_found(office: Office) -> None:
    office.bring_to("sign_for")
    office.wait(days=30, ticking=False)
    with reading(office.sessions) as session:
        found = "\n".join(faults_of_office(session, [], office.now, ticked=True))
    assert "sign_for red" in found
    assert "not fired" in found

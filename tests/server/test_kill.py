"""The server is killed in the middle of the work: no half step, nothing lost, work goes on."""

import random
import socket
import threading
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import engine
from app.cases import queries
from app.cases.history import faults
from app.cases.models.demand import Demand
from app.cases.models.history import HistoryEntry
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import StepRecord
from app.core import clock
from app.core.db import Sessions, make_engine, make_sessions, reading
from app.core.uow import SYSTEM, unit_of_work
from app.demo.city import PASSWORD
from app.engine import HumanTaskRow, ProcessRow
from app.identity.directory import actor_of
from app.identity.models import HandlingUnit, User
from app.office import wire
from tests.office import DEMAND, WAY
from tests.server.running import Person, Server

COMMANDS = 200
WHO = {
    "agent1": ("answer_or_order",),
    "dispatcher1": ("dispatch",),
    "liaison.chengguan": ("sign_for",),
    "handler.chengguan": ("first_contact", "reply"),
    "approver.chengguan": ("approve_reply",),
    "reviewer1": ("review_reply", "close"),
    "callback1": ("callback",),
}


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    wire()
    return make_sessions(make_engine(f"sqlite:///{tmp_path / 'jieban.db'}"))


def open_tasks(sessions: Sessions, login: str) -> list[HumanTaskRow]:
    with reading(sessions) as session:
        user = session.scalars(select(User).where(User.login == login)).one()
        page = queries.worklist(session, actor_of(user), clock.now(), size=50)
        return [item.task for item in page.items if item.task.element_id in WHO[login]]


class Crowd:
    """Six people at work at once, until enough was done."""

    def __init__(self, server: Server, sessions: Sessions, seed: int) -> None:
        self.sessions = sessions
        self.done: Counter[str] = Counter()
        self.answered = 0
        self.enough = threading.Event()
        self._lock = threading.Lock()
        self._seed = seed
        self._people = {login: Person(server.address, login, PASSWORD) for login in WHO}
        with reading(sessions) as session:
            self._unit = session.scalars(
                select(HandlingUnit.id).where(HandlingUnit.code == "urban_management")
            ).one()

    def work(self, until: int) -> None:
        threads = [
            threading.Thread(target=self._work_as, args=(login, until)) for login in self._people
        ]
        for thread in threads:
            thread.start()
        self.enough.wait(timeout=120)

    def _work_as(self, login: str, until: int) -> None:
        dice = random.Random(f"{self._seed} {login}")
        while not self.enough.is_set():
            status = self._act(login, dice)
            with self._lock:
                if status == 0:
                    self.enough.set()
                self.answered += status in {200, 409, 422}
                if self.answered >= until:
                    self.enough.set()

    def _act(self, login: str, dice: random.Random) -> int:
        person = self._people[login]
        tasks = open_tasks(self.sessions, login)
        if login == "agent1" and (not tasks or dice.random() < 0.5):
            form = {name: str(value) for name, value in DEMAND.items()}
            form |= {"title": f"第{dice.randrange(10**9)}件"}
            status = person.post("/demands/new", form)
            if status == 200:
                self.done["register"] += 1
            return status
        if not tasks:
            return -1
        task = dice.choice(tasks)
        form = {name: str(value) for name, value in WAY[task.element_id][1].items()}
        if task.element_id == "dispatch":
            form["lead_unit"] = str(self._unit)
        status = person.post(f"/tasks/{task.id}", form)
        if status == 200:
            with self._lock:
                self.done[task.element_id] += 1
        return status


def assert_whole(sessions: Sessions, done: Counter[str], before: Counter[str]) -> None:
    """Chains hold, rows follow the states, and every answered command is there."""
    with reading(sessions) as session:
        assert list(faults(session)) == []
        steps = session.scalar(
            select(func.count()).select_from(HistoryEntry).where(HistoryEntry.command == "step")
        )
        assert steps == session.scalar(select(func.count()).select_from(StepRecord))
        kept = Counter(session.scalars(select(StepRecord.element_id)))
        for element, count in done.items():
            assert kept[element] - before[element] >= count, element
        assert engine.stuck_processes(session) == []
        started = set(session.scalars(select(Demand.process_id)))
        started |= set(session.scalars(select(Procedure.process_id)))
        running = list(session.scalars(select(ProcessRow.id)))
        assert started == set(running)
    with unit_of_work(sessions, SYSTEM, clock.now()) as uow:
        assert [engine.rebuild(uow, process) for process in running] == [0] * len(running)


def test_killed_in_the_middle_of_two_hundred_commands(
    tmp_path: Path, port: int, sessions: Sessions
) -> None:
    server = Server(tmp_path, port)
    with reading(sessions) as session:
        before = Counter(session.scalars(select(StepRecord.element_id)))
    done: Counter[str] = Counter()
    answered, round_ = 0, 0
    while answered < COMMANDS:
        crowd = Crowd(server, sessions, seed=round_)
        crowd.work(until=min(COMMANDS // 4, COMMANDS - answered))
        server.kill()  # while the others still have requests under way
        answered, round_ = answered + crowd.answered, round_ + 1
        done += crowd.done
        assert_whole(sessions, done, before)
        server = Server(tmp_path, port)
    assert sum(done.values()) > COMMANDS // 2
    crowd = Crowd(server, sessions, seed=99)
    crowd.work(until=20)
    server.stop()
    assert_whole(sessions, done + crowd.done, before)

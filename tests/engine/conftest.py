"""A real database per test: SQLite in a file, and PostgreSQL where its wheel is installed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app import engine
from app.core.db import Base, Sessions, make_engine, make_sessions
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from tests.engine.builder import diagram
from tests.engine.host import T0, Host


class Office:
    """A database, a host and a clock."""

    def __init__(self, sessions: Sessions, host: Host) -> None:
        self.sessions = sessions
        self.host = host
        self.now = T0
        self.process = 0

    @contextmanager
    def uow(self, now: datetime | None = None) -> Iterator[UnitOfWork]:
        with unit_of_work(self.sessions, SYSTEM, now or self.now) as uow:
            yield uow

    def publish(self, key: str, text_: str, *more: tuple[str, str]) -> None:
        diagrams = [diagram(k, t) for k, t in ((key, text_), *more)]
        with self.uow() as uow:
            engine.publish(uow, key, diagrams)

    def start(self, key: str, subject: int = 1, **data: object) -> int:
        with self.uow() as uow:
            self.process = engine.create(uow, key, "case", subject)
            engine.start(uow, self.process, data)
        return self.process

    def do(self, task: str, **data: object) -> None:
        with self.uow() as uow:
            engine.complete(uow, self.process, task, data)

    def tick(self) -> int:
        done = 0
        while True:
            with self.sessions() as session:
                due = engine.due_firings(session, self.now)
            with self.uow() as uow:
                fired = engine.fire(uow, *due)
            done += fired
            if not fired:
                return done

    def wait(self, *, tick: bool = True, **span: float) -> int:
        """Let time pass, looking for due deadlines every hour."""
        end = self.now + timedelta(**span)
        done = 0
        while self.now < end:
            self.now = min(end, self.now + timedelta(hours=1))
            if tick:
                done += self.tick()
        return done

    def open(self, process_id: int | None = None) -> list[str]:
        with self.sessions() as session:
            rows = session.execute(
                text(
                    "select element_id from human_task where process_id = :p and closed_at is null"
                    " order by element_id"
                ),
                {"p": process_id or self.process},
            )
            return [row[0] for row in rows]

    def status(self, process_id: int | None = None) -> str:
        with self.sessions() as session:
            return session.get_one(engine.ProcessRow, process_id or self.process).status


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Prints a line although output is captured: for figures that belong to the result."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def write(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n{line}", end="")

    return write


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    if request.param == "sqlite":
        database = make_engine(f"sqlite:///{tmp_path}/office.db")
    else:
        database = make_engine(request.getfixturevalue("postgres_url"))
        with database.begin() as connection:
            connection.execute(text("set lock_timeout = '20s'"))  # a leaked lock fails, not hangs
            connection.execute(text("drop schema public cascade"))
            connection.execute(text("create schema public"))
    tables = [
        table
        for table in Base.metadata.sorted_tables
        if table.name in {t.__tablename__ for t in ENGINE_TABLES}
    ]
    Base.metadata.create_all(database, tables=tables)
    host = Host()
    engine.wire(host)
    yield Office(make_sessions(database), host)
    database.dispose()


ENGINE_TABLES = [
    engine.DiagramVersionRow,
    engine.ProcessRow,
    engine.HumanTaskRow,
    engine.ClockRow,
    engine.ClockRungRow,
    engine.ClockRevisionRow,
    engine.TimerWaitRow,
    engine.MessageWaitRow,
    engine.RepairItemRow,
    engine.ProcessMoveRow,
]

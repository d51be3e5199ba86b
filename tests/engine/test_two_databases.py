"""Two databases in one process: versions of the same number that say different things."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app import engine
from app.core.db import Base, make_engine, make_sessions
from tests.engine.builder import diagram
from tests.engine.conftest import Office
from tests.engine.host import Host

OUTER = """
    start s
    call inside process=inner
    user after role=handler
    end e
    s > inside > after > e
"""
INNER = """
    start s
    user {0} role=handler
    end e
    s > {0} > e
"""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Office]]:
    databases = []

    def open_one(name: str) -> Office:
        databases.append(make_engine(f"sqlite:///{tmp_path}/{name}.db"))
        Base.metadata.create_all(databases[-1])
        engine.wire(host := Host())
        return Office(make_sessions(databases[-1]), host)

    yield open_one
    for database in databases:
        database.dispose()


def test_each_runs_its_own_version_also_of_what_is_called(opened: Callable[[str], Office]) -> None:
    offices = {name: opened(name) for name in ("first", "second")}
    for name, office in offices.items():
        office.publish("inner", INNER.format(name))
        office.publish("outer", OUTER)

    def live(name: str) -> list[list[str]]:
        office = offices[name]
        seen = []
        for _ in range(5):
            office.start("outer")
            seen.append(office.open())
            office.do(name)
            seen.append(office.open())
        return seen

    with ThreadPoolExecutor(4) as pool:
        lives = pool.map(lambda name: (name, live(name)), ["first", "second"])
        for name, seen in lives:
            assert seen == [[name], ["after"]] * 5


def test_a_version_that_was_not_committed_does_not_stay(opened: Callable[[str], Office]) -> None:
    office = opened("office")
    with pytest.raises(RuntimeError), office.uow() as uow:
        engine.publish(uow, "inner", [diagram("inner", INNER.format("never"))])
        engine.start(uow, engine.create(uow, "inner", "case", 1))
        raise RuntimeError
    office.publish("inner", INNER.format("ever"))
    office.start("inner")
    assert office.open() == ["ever"]

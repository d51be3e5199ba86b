"""Visits of a page without sign-in are counted together and forgotten again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from app.core import visits
from app.core.db import Base, Sessions, make_engine, make_sessions, reading
from app.core.uow import SYSTEM, unit_of_work
from app.core.visits import VisitCount

NOW = datetime(2026, 3, 2, 9, 4, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'visits.db'}")
    Base.metadata.create_all(engine, tables=[VisitCount.__table__])
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(database: Engine) -> Sessions:
    return make_sessions(database)


def admits(sessions: Sessions, address: str, at: datetime = NOW, page: str = "rating") -> bool:
    with unit_of_work(sessions, SYSTEM, at) as uow:
        return visits.admit(uow, page, address, "s" * 40, most=2, within=timedelta(minutes=10))


def test_one_too_many_is_refused_and_the_next_span_begins_anew(sessions: Sessions) -> None:
    assert [admits(sessions, "192.0.2.1") for _ in range(3)] == [True, True, False]
    assert not admits(sessions, "192.0.2.1", NOW + timedelta(minutes=5))
    assert admits(sessions, "192.0.2.1", NOW + timedelta(minutes=10))


def test_addresses_and_pages_are_counted_apart(sessions: Sessions) -> None:
    assert [admits(sessions, "192.0.2.1") for _ in range(3)][-1] is False
    assert admits(sessions, "192.0.2.2")
    assert admits(sessions, "192.0.2.1", page="progress")


def test_who_has_an_ipv6_network_has_one_share(sessions: Sessions) -> None:
    answers = [admits(sessions, f"2001:db8:0:1::{n}") for n in range(3)]
    assert answers == [True, True, False]
    assert admits(sessions, "2001:db8:0:2::1")


def test_an_address_is_not_kept_and_takes_one_row(sessions: Sessions) -> None:
    for minutes in range(0, 600, 7):
        admits(sessions, "192.0.2.1", NOW + timedelta(minutes=minutes))
    with reading(sessions) as session:
        assert session.scalar(select(func.count()).select_from(VisitCount)) == 1
        assert set(VisitCount.__table__.columns.keys()) == {"bucket", "span", "visits"}

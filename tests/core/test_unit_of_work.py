"""The unit of work: all or nothing, at one instant, with instants that carry their offset."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from app.core.db import Base, Sessions, known, make_engine, make_sessions, reading
from app.core.outbox import OutboxMessage, post
from app.core.uow import SYSTEM, unit_of_work

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    engine = make_engine(f"sqlite:///{tmp_path / 'core.db'}")
    Base.metadata.create_all(engine)
    return make_sessions(engine)


def messages(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        return list(session.scalars(select(OutboxMessage.key)))


def test_leaving_normally_commits(sessions: Sessions) -> None:
    with unit_of_work(sessions, SYSTEM, NOON) as uow:
        post(uow, "a", "sms", "138", "dispatched", {})
    assert messages(sessions) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_leaving_by_an_exception_leaves_nothing(
    sessions: Sessions, error: type[BaseException]
) -> None:
    with pytest.raises(error), unit_of_work(sessions, SYSTEM, NOON) as uow:
        post(uow, "a", "sms", "138", "dispatched", {})
        uow.session.flush()
        raise error
    assert messages(sessions) == []


def test_a_message_is_posted_once_whatever_happens(sessions: Sessions) -> None:
    for _ in range(2):
        with unit_of_work(sessions, SYSTEM, NOON) as uow:
            post(uow, "a", "sms", "138", "dispatched", {})
    assert messages(sessions) == ["a"]


def test_a_unit_of_work_needs_an_aware_instant(sessions: Sessions) -> None:
    with (
        pytest.raises(ValueError, match="aware"),
        unit_of_work(sessions, SYSTEM, datetime(2026, 3, 2)),
    ):
        pass


def test_a_naive_instant_never_reaches_the_database(sessions: Sessions) -> None:
    with pytest.raises(StatementError, match="naive"), reading(sessions) as session:
        session.scalars(
            select(OutboxMessage).where(OutboxMessage.created_at > datetime(2026, 3, 2))
        )


def test_instants_come_back_in_utc_to_the_microsecond(sessions: Sessions) -> None:
    at = NOON.replace(microsecond=123456)
    with unit_of_work(sessions, SYSTEM, at) as uow:
        post(uow, "a", "sms", "138", "dispatched", {})
    with reading(sessions) as session:
        found = session.scalars(select(OutboxMessage.created_at)).one()
    assert found == at
    assert found.tzinfo is UTC


def test_what_a_transaction_knows_is_forgotten_with_a_savepoint_and_at_its_end(
    sessions: Sessions,
) -> None:
    with unit_of_work(sessions, SYSTEM, NOON) as uow:
        known(uow.session, "rows")[1] = "locked"
        with uow.session.begin_nested():
            pass
        assert known(uow.session, "rows") == {1: "locked"}
        undone = uow.session.begin_nested()
        known(uow.session, "rows")[2] = "written"
        undone.rollback()
        assert known(uow.session, "rows") == {}
        known(uow.session, "rows")[1] = "locked"
        uow.session.commit()
        assert known(uow.session, "rows") == {}

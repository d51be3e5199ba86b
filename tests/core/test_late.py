"""Rows that are written once a transaction."""

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, event, select
from sqlalchemy.orm import Session

from app.core import late
from app.core.db import Sessions, make_engine, make_sessions

LINE = Table("line", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
def database() -> Iterator[Engine]:
    made = make_engine("sqlite://")
    LINE.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def sessions(database: Engine) -> Sessions:
    return make_sessions(database)


def write(session: Session, rows: Sequence[late.Row]) -> None:
    session.connection().execute(LINE.insert(), rows)


def add(session: Session, *numbers: int) -> None:
    for number in numbers:
        late.add(session, write, {"number": number})


def stored(session: Session) -> list[int]:
    return list(session.scalars(select(LINE.c.number).order_by(LINE.c.number)))


def test_rows_are_written_together_before_the_commit(database: Engine, sessions: Sessions) -> None:
    statements: list[str] = []

    @event.listens_for(database, "before_cursor_execute")
    def _note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with sessions() as session:
        add(session, 1, 2)
        assert stored(session) == []
        add(session, 3)
        session.commit()
        assert stored(session) == [1, 2, 3]
    assert sum(statement.startswith("INSERT") for statement in statements) == 1


def test_whoever_reads_earlier_asks_for_them(sessions: Sessions) -> None:
    with sessions() as session:
        add(session, 1)
        late.write_out(session)
        assert stored(session) == [1]
        add(session, 2)
        session.commit()
        assert stored(session) == [1, 2]


def test_a_savepoint_that_is_rolled_back_takes_its_rows_along(sessions: Sessions) -> None:
    with sessions() as session:
        add(session, 1)
        with session.begin_nested():
            add(session, 2)
            with session.begin_nested() as inner:
                add(session, 3)
                inner.rollback()
            add(session, 4)
        with session.begin_nested() as outer:
            with session.begin_nested():
                add(session, 5)
            outer.rollback()
        add(session, 6)
        session.commit()
        assert stored(session) == [1, 2, 4, 6]


def test_what_was_written_out_inside_a_lost_savepoint_is_written_again(
    sessions: Sessions,
) -> None:
    with sessions() as session:
        add(session, 1)
        with session.begin_nested() as savepoint:
            add(session, 2)
            late.write_out(session)
            assert stored(session) == [1, 2]
            savepoint.rollback()
        add(session, 3)
        session.commit()
        assert stored(session) == [1, 3]


def test_a_transaction_that_is_rolled_back_leaves_nothing_to_the_next(sessions: Sessions) -> None:
    with sessions() as session:
        add(session, 1)
        session.rollback()
        add(session, 2)
        session.commit()
        assert stored(session) == [2]

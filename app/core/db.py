"""The database: declarative base, column types, engines."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Pool,
    StaticPool,
    create_engine,
    event,
)
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, sessionmaker
from sqlalchemy.types import TypeDecorator

READ_ONLY = "jieban_read_only"
"""Execution option of a connection that only reads: SQLite then takes no write lock."""

PATIENCE_S = 30
"""How long a transaction waits for a lock, in seconds. A lock that is never released (a console
left open in a transaction) must not take one thread of the server after the other.
"""


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. A naive value is refused: it would be eight hours wrong."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; raises `ValueError` for a naive value."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: instants carry their offset")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer(), "sqlite")
"""Surrogate keys: 64 bits on both databases (SQLite needs the type name INTEGER for a rowid)."""


Published = TypeVar("Published", bound="Base")


class Base(DeclarativeBase):
    """Every table of the product."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant()}


def never_changes(rows: type[Published]) -> type[Published]:
    """A class of rows that are published: added, and neither changed nor removed ever after."""
    event.listen(rows, "before_update", _refuse_change)
    event.listen(rows, "before_delete", _refuse_change)
    return rows


def _refuse_change(_mapper: object, _connection: Connection, row: Any) -> None:
    session = Session.object_session(row)
    if session is None or row in session.deleted or session.is_modified(row):
        raise AssertionError(f"{row.__tablename__} {row.id} is published: it never changes")


def make_engine(url: str, *, poolclass: type[Pool] | None = None) -> Engine:
    """An engine for SQLite (file or memory) or PostgreSQL, set up the way the product needs it.

    `poolclass` is another pool than SQLAlchemy's own choice: one connection for a database in
    memory that several threads use one after the other.

    SQLite: write-ahead log, foreign keys on, full fsync at commit, and transactions that begin
    IMMEDIATE, so that two writers queue up instead of failing half-way. A new file gets pages of
    2 KB: the log consists of whole pages, and becomes half as long at the same speed.

    PostgreSQL: a pooled connection whose server has gone is replaced when it is taken, and none
    is used for longer than half an hour.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        server = create_engine(
            url,
            pool_size=10,
            max_overflow=20,
            pool_recycle=1800,
            connect_args={"options": f"-c lock_timeout={PATIENCE_S}s"},
        )
        event.listen(server, "checkout", _require_server)
        return server
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    shared = {"check_same_thread": False} if poolclass is StaticPool else {}
    engine = create_engine(url, connect_args={"timeout": PATIENCE_S, **shared}, poolclass=poolclass)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves
        for pragma in (
            "page_size=2048",  # before the first table
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _require_server(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool connect anew where the server has hung up.

    A server that stops says so and closes the connection: there is something to read then, and
    between transactions there never is otherwise. This asks the operating system, and not the
    server once a transaction.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if connection.closed or waiting.poll(0):
        raise DisconnectionError("the server has closed the connection")


Sessions = sessionmaker[Session]


def make_sessions(engine: Engine) -> Sessions:
    """The factory of sessions that entry points hand to `unit_of_work`."""
    return sessionmaker(engine, expire_on_commit=False)


_KNOWN = "jieban.known"

KEPT = "jieban.kept"
"""In the information of sessions that have a database to themselves: what they may know beyond a
transaction, by `what`. Whoever gives it empties it when something else writes.
"""


def known(session: Session, what: str) -> dict[Any, Any]:
    """What the running transaction has read or written under lock and need not ask again.

    Empty again when the transaction ends and when a savepoint is rolled back: what was written
    since was never written, and what was locked since may be changed by others.
    """
    kept: dict[str, dict[Any, Any]] = session.info.get(KEPT, {})
    if what in kept:
        return kept[what]
    remembered: dict[str, dict[Any, Any]] = session.info.setdefault(_KNOWN, {})
    return remembered.setdefault(what, {})


@event.listens_for(Session, "after_soft_rollback")
def _forget_undone(session: Session, _transaction: SessionTransaction) -> None:
    session.info.pop(_KNOWN, None)
    for kept in session.info.get(KEPT, {}).values():
        kept.clear()


@event.listens_for(Session, "after_transaction_end")
def _forget_all(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_KNOWN, None)


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """A session that only reads and never holds a write lock."""
    with sessions() as session:
        session.connection(execution_options={READ_ONLY: True})
        yield session

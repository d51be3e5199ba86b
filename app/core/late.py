"""Rows that are written together, once a transaction: just before its commit.

For tables that are only added to and that hardly anybody reads in the transaction that writes
them. Whoever does asks for `write_out` first. A savepoint that is rolled back takes its rows along.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

Row = dict[str, Any]
Write = Callable[[Session, Sequence[Row]], None]

_LATE = "jieban.late"


@dataclass(slots=True)
class _Rows:
    """What one writer has to write in the running transaction, oldest first."""

    rows: list[Row] = field(default_factory=list)
    written: int = 0
    """How many of them the database has got already."""
    marks: dict[SessionTransaction, tuple[int, int]] = field(default_factory=dict)
    """How many rows there were, and how many written, when a savepoint was set."""


def add(session: Session, write: Write, row: Row) -> None:
    """Let `write` have the row, with all others of the transaction, before the commit."""
    if not session.in_transaction():
        session.begin()  # the rows belong to it, and end with it
    waiting: dict[Write, _Rows] = session.info.setdefault(_LATE, {})
    if write not in waiting:
        waiting[write] = _Rows()
        savepoint = session.get_nested_transaction()
        while savepoint is not None:  # there were no rows when these were set
            waiting[write].marks[savepoint] = (0, 0)
            savepoint = _outer(savepoint)
    waiting[write].rows.append(row)


def rows(session: Session, write: Write) -> Sequence[Row]:
    """What `write` was given in the running transaction, written out or not, oldest first."""
    waiting: dict[Write, _Rows] = session.info.get(_LATE, {})
    return waiting[write].rows if write in waiting else ()


def write_out(session: Session) -> None:
    """Write what waits: for whoever reads in the transaction what it has added."""
    waiting: dict[Write, _Rows] = session.info.get(_LATE, {})
    for write, late in waiting.items():
        fresh = late.rows[late.written :]
        if fresh:
            write(session, fresh)
            late.written = len(late.rows)


def _outer(savepoint: SessionTransaction) -> SessionTransaction | None:
    """The savepoint that a savepoint is set in, if it is."""
    outer = savepoint.parent
    while outer is not None and not outer.nested:
        outer = outer.parent
    return outer


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    if session.get_nested_transaction() is None:  # else only a savepoint is released
        write_out(session)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        for late in session.info.get(_LATE, {}).values():
            late.marks[transaction] = len(late.rows), late.written


@event.listens_for(Session, "after_soft_rollback")
def _drop_undone(session: Session, transaction: SessionTransaction) -> None:
    for late in session.info.get(_LATE, {}).values():
        if transaction in late.marks:
            kept, written = late.marks[transaction]
            del late.rows[kept:]
            late.written = min(late.written, written)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_LATE, None)

"""Many open orders out of one: its rows, copied inside the database with shifted ids."""

from collections.abc import Iterator

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    Text,
    cast,
    false,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.cases.orders import SUBJECT
from app.core.db import Base

STEP = 1_000
"""How far apart the ids of two copies lie unless said otherwise; the originals' are below it."""

SHIFTED: dict[str, tuple[str, ...]] = {
    "demand": ("id", "process_id"),
    "work_order": ("id", "demand_id"),
    "process": ("id", "subject_id"),
    "human_task": ("id", "process_id", "subject_id"),
    "clock": ("id", "subject_id"),
    "clock_rung": ("id", "clock_id"),
    "timer_wait": ("id", "process_id"),
    "case_head": ("demand_id",),
}
"""The tables of an open order, with the columns that tell copies apart; others are not read."""

_HANG_ON = {
    "demand_id": "demand",
    "subject_id": "demand",
    "clock_id": "clock",
    "process_id": "process",
}

EVIDENCE = {("clock", "terms"), ("clock", "evidence")}
"""Long texts that nothing due looks at."""


def multiply(
    session: Session, copies: int, *, step: int = STEP, with_evidence: bool = False
) -> None:
    """Copy every open order, its main process and its clocks `copies` times.

    What runs beside a main process is not copied, nor what was written of a case.
    """
    numbers = select(literal(1, Integer).label("k")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.k + 1).where(numbers.c.k < copies))
    for name, shifted in SHIFTED.items():
        table = Base.metadata.tables[name]
        chosen = select(
            *(
                table.c[c.name]
                if with_evidence and (name, c.name) in EVIDENCE
                else copied(table, c.name, shifted, numbers.c.k, step)
                for c in table.c
            )
        )
        chosen = chosen.select_from(table).join(numbers, literal(1) == literal(1))
        chosen = chosen.where(*_of_open_cases(table))
        session.execute(insert(table).from_select([c.name for c in table.c], chosen))
        _go_on_after(session, table)


def _of_open_cases(table: Table) -> Iterator[ColumnElement[bool]]:
    """Rows of open cases and of their main processes, directly or through what they hang on."""
    if "closed_at" in table.c:
        yield table.c.closed_at.is_(None)
    if "scope" in table.c:
        yield table.c.scope == 0
    for column, owner in _HANG_ON.items():
        if column in table.c and table.name != "demand":
            owners = Base.metadata.tables[owner]
            ids = next(iter(owners.primary_key))
            of_one = table.c[column].in_(select(ids).where(*_of_open_cases(owners)))
            of_none = table.c.subject_kind != SUBJECT if column == "subject_id" else false()
            yield or_(of_one, of_none)


def _go_on_after(session: Session, table: Table) -> None:
    """Let what comes later be numbered after the copies; SQLite counts on from the highest id."""
    counted = table.autoincrement_column
    if counted is None or session.get_bind().dialect.name != "postgresql":
        return
    highest = select(func.max(counted)).scalar_subquery()
    sequence = func.pg_get_serial_sequence(table.name, counted.name)
    session.execute(select(func.setval(sequence, highest)))


def copied(
    table: Table, column: str, shifted: tuple[str, ...], k: object, step: int = STEP
) -> object:
    """A column of the `k`-th copy."""
    original = table.c[column]
    if column in shifted:
        return original + k * step
    if column == "number":
        return original + "-" + cast(k, Text)
    if (table.name, column) in EVIDENCE:
        return literal("{}")
    return original

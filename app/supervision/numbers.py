"""Numbers of supervisions and of their letters, without gaps: a counter stays locked until the end.

A ticker numbers for many cases in one transaction while people number for one. So that two of them
never wait for each other's counters crosswise, all pass one gate before the first.
"""

from sqlalchemy import text, update
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.orders import next_number
from app.core.uow import UnitOfWork
from app.supervision.models import YearlyNumber

_GATE = text("SELECT pg_advisory_xact_lock(27242)")


def next_supervision(uow: UnitOfWork) -> str:
    """The number of a supervision, such as DC202611210042."""
    _pass_the_gate(uow)
    return next_number(uow, "DC")


def next_letter(uow: UnitOfWork, series: str, year: int) -> int:
    """The place of a letter in its series of the year, from 1."""
    _pass_the_gate(uow)
    connection = uow.session.connection()
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        build(YearlyNumber)
        .values(series=series, year=year, last=0)
        .on_conflict_do_nothing(index_elements=["series", "year"])
    )
    taken = connection.execute(
        update(YearlyNumber)
        .where(YearlyNumber.series == series, YearlyNumber.year == year)
        .values(last=YearlyNumber.last + 1)
        .returning(YearlyNumber.last)
    )
    return int(taken.scalar_one())


def _pass_the_gate(uow: UnitOfWork) -> None:
    """Wait until no other transaction numbers; on SQLite every writer is alone anyway."""
    connection = uow.session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_GATE)

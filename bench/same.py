"""Whether two offices hold the same rows: compared after every step, not assumed."""

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sqlalchemy import Table

from app.core.db import Base, reading
from bench.databases import Place
from bench.lives import Life
from bench.office_cases import OfficeCases

OWN = {
    "process": {"state", "state_format", "revision", "passed"},
    "human_task": {"token"},
    "message_wait": {"token"},
    "timer_wait": {"token"},
    "app_user": {"password_hash"},
}
"""Columns that are the engine's own (state, the flows passed, names of tokens) or random."""

Content = dict[str, list[tuple[object, ...]]]


def differences(
    first: tuple[OfficeCases, Place], second: tuple[OfficeCases, Place], life: Life
) -> list[str]:
    """What differs, in words, after each transition of one life led in both offices."""
    found: list[str] = []
    with _no_chance() as restart:
        restart()
        cases = [first[0].begin()]
        restart()
        cases.append(second[0].begin())
        found += _compare("registration", first[1], second[1])
        for number, move in enumerate(life):
            for (office, _), case in zip((first, second), cases, strict=True):
                ticket = office.ticket(case, move.element)
                restart()
                office.do(case, move, ticket)
            found += _compare(f"{number + 1}. {move.element}", first[1], second[1])
    return found


def _compare(when: str, first: Place, second: Place) -> list[str]:
    one, other = content(first), content(second)
    return [
        f"{when}: {table}: {sorted(set(one[table]) ^ set(other[table]), key=repr)[:4]}"
        for table in one
        if one[table] != other[table]
    ]


def content(place: Place) -> Content:
    """Every row of every table but what is the engine's own."""
    with reading(place.sessions) as session:
        return {
            table.name: sorted(
                (tuple(row) for row in session.execute(table.select().with_only_columns(*columns))),
                key=repr,
            )
            for table in Base.metadata.sorted_tables
            if (columns := _compared(table))
        }


def _compared(table: Table) -> list[object]:
    return [column for column in table.c if column.name not in OWN.get(table.name, set())]


@contextmanager
def _no_chance() -> Iterator[object]:
    """Salts and query codes come from a fixed sequence inside the block."""
    source = random.Random()

    def restart() -> None:
        source.seed(7)

    with (
        patch.object(secrets, "token_bytes", source.randbytes),
        patch.object(secrets, "choice", source.choice),
    ):
        yield restart

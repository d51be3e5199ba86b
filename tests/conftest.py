"""What several groups of tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.db import make_engine
from app.engine import forget_bundles
from tests.office import Office


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
    forget_bundles()
    made = Office(make_engine(f"sqlite:///{path}"))
    yield made
    made.database.dispose()

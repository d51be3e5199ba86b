"""What several groups of tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office import Office, make_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office on a Monday morning, with the shipped diagrams and tables."""
    made = make_office(str(tmp_path / "office.db"))
    yield made
    made.database.dispose()

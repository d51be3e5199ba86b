"""The demo city without its past, once a session; every test gets a copy of the file."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.db import Base, make_engine
from app.core.uow import SYSTEM, unit_of_work
from app.demo import city
from app.office import publish_shipped
from tests.office import MONDAY, Office


@pytest.fixture(scope="session")
def city_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("city") / "office.db"
    office = Office(make_engine(f"sqlite:///{path}"))
    Base.metadata.create_all(office.database)
    publish_shipped(office.sessions, MONDAY)
    with unit_of_work(office.sessions, SYSTEM, MONDAY) as uow:
        city._load_city(uow)
    office.database.dispose()
    return path


@pytest.fixture
def city_under(city_file: Path, tmp_path: Path) -> Callable[[str], Office]:
    """The demo city's office, as it is started under a profile."""

    def started(profile: str) -> Office:
        path = tmp_path / f"{profile}.db"
        shutil.copy(city_file, path)
        office = Office(make_engine(f"sqlite:///{path}"))
        publish_shipped(office.sessions, MONDAY, profile)
        return office

    return started

"""Migrations: numbered, one head, up and down and up again, and equal to the models."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from app.core import migrating
from app.core.db import Base, make_engine
from migrations.new import import_models

VERSIONS = migrating.MIGRATIONS / "versions"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        engine = make_engine(request.getfixturevalue("postgres_url"))
    yield engine
    engine.dispose()


def test_files_are_numbered_without_gaps_and_the_head_file_names_the_last() -> None:
    names = sorted(path.stem for path in VERSIONS.glob("*.py"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", name) for name in names)
    head = (migrating.MIGRATIONS / ".current-head").read_text().strip()
    assert head == names[-1]
    assert head.startswith(migrating.head())


def test_up_down_and_up_again(empty: Engine) -> None:
    migrating.upgrade(empty)
    tables = set(inspect(empty).get_table_names())
    migrating.downgrade(empty, "base")
    assert set(inspect(empty).get_table_names()) <= {"alembic_version"}
    migrating.upgrade(empty)
    assert set(inspect(empty).get_table_names()) == tables


def test_the_migrations_make_what_the_models_say(empty: Engine) -> None:
    import_models()
    migrating.upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_of_a_later_release_is_refused_in_words(empty: Engine) -> None:
    migrating.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrating.DatabaseIsNewer, match="9999"):
        migrating.upgrade(empty)

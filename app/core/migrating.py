"""The schema of the database: which migration it is at, and bringing it to the newest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


class DatabaseIsNewer(Exception):
    """The database was brought up by a later release than this one; the message says so."""

    def __init__(self, found: str, newest: str) -> None:
        super().__init__(
            f"The database is at migration {found}, which this release does not know "
            f"(its newest is {newest}). Start the release that last used the database, "
            "or restore a backup taken before it."
        )


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run the missing migrations. Raises `DatabaseIsNewer`."""
    check_not_newer(engine)
    with _connected(engine) as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, to)
        connection.commit()


def downgrade(engine: Engine, to: str) -> None:
    """Take migrations back, down to and without the one after `to` (`base`: all of them)."""
    with _connected(engine) as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, to)
        connection.commit()


def check_not_newer(engine: Engine) -> None:
    """Raise `DatabaseIsNewer` when the database knows a migration that this release does not."""
    found = revision(engine)
    scripts = ScriptDirectory.from_config(_configuration())
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseIsNewer(found, head())


def revision(engine: Engine) -> str | None:
    """The migration the database is at; none for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest migration of this release."""
    newest = ScriptDirectory.from_config(_configuration()).get_current_head()
    assert newest is not None
    return newest


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """A connection on which SQLite may rebuild a table: it cannot change one in place, and would
    take the rows that refer to the old one for orphans. They are checked afterwards.

    Raises `RuntimeError` when a row refers to nothing.
    """
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            yield connection
            orphans = raw.execute("PRAGMA foreign_key_check").fetchall()
            if orphans:
                raise RuntimeError(f"rows refer to nothing after the migration: {orphans[:5]}")
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return configuration

"""The schema of the database: which migration it is at, and bringing it to the newest."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

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
    with engine.connect() as connection:
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, to)
        connection.commit()


def downgrade(engine: Engine, to: str) -> None:
    """Take migrations back, down to and without the one after `to` (`base`: all of them)."""
    with engine.connect() as connection:
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


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return configuration

"""An office in operation: its settings, its database, and everything wired together."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from app import engine
from app.cases import services
from app.cases.ports import OfficeHost
from app.core import migrating
from app.core.db import Sessions, make_engine, make_sessions
from app.core.files import FileStore
from app.core.uow import SYSTEM, unit_of_work
from app.design import shipped
from app.profiles.folders import DEFAULT
from app.settings import Settings
from app.worktime import offices

ROOT = Path(__file__).resolve().parent.parent
DIAGRAMS = ROOT / "bpmn"
RULES = ("app.cases", "app.supervision", "app.design.moving")
"""The packages whose modules register services, steps, listeners and parts of a case's story."""


@dataclass(frozen=True, slots=True)
class Office:
    """What entry points need to work."""

    settings: Settings
    database: Engine
    sessions: Sessions
    files: FileStore


def open_office(settings: Settings) -> Office:
    """Connect to the database of `settings` and wire the engine to the office's rules.

    Touches no data: see `prepare`.
    """
    database = make_engine(settings.database_url)
    wire()
    return Office(settings, database, make_sessions(database), FileStore(settings.files))


def wire() -> None:
    """Give the engine the office's services, decisions and working time."""
    services.load(*RULES)
    engine.wire(OfficeHost())


def prepare(office: Office, now: datetime) -> None:
    """Bring the database to the newest migration and publish what the release brought along.

    Calendars, tables and diagrams get a new version only where they changed, be it by the
    release or by another profile. Raises `migrating.DatabaseIsNewer` when the database was used
    by a later release, and as `publish_shipped` does.
    """
    migrating.upgrade(office.database)
    publish_shipped(office.sessions, now, office.settings.profile)


def publish_shipped(sessions: Sessions, now: datetime, profile: str = DEFAULT) -> None:
    """Publish the shipped calendars, the decision tables under `profile` and the diagrams.

    What has not changed is not published again, and what the office has changed in the workshop
    stays as it is. Raises as `shipped.publish` does.
    """
    with unit_of_work(sessions, SYSTEM, now) as uow:
        offices.seed(uow)
        shipped.publish(uow, profile, DIAGRAMS)

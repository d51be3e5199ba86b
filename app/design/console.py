"""`jieban log export`: the event log of a process, for tools that mine them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from app.core import clock
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.core.errors import DomainError
from app.design import event_log
from app.design.event_log import Format, Wanted
from app.design.visits import Selection
from app.settings import read_settings

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def log() -> None:
    """Event logs of processes."""


@log.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--process", "key", default="", help="Key of the process; without it, every process.")
@click.option("--version", type=int, help="Number of the published version.")
@click.option("--from", "since", type=_DAY, help="First day on which the demands arrived.")
@click.option("--to", "until", type=_DAY, help="First day that is no longer wanted.")
@click.option(
    "--format",
    "form",
    type=click.Choice([one.name.lower() for one in Format]),
    default=Format.XES.name.lower(),
    show_default=True,
)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--people", is_flag=True, help="With a lasting pseudonym of who did each step.")
def export(
    file: Path,
    key: str,
    version: int | None,
    since: datetime | None,
    until: datetime | None,
    form: str,
    language: str,
    people: bool,
) -> None:
    """Write the log of the chosen cases to FILE. It holds no personal data.

    XES is IEEE 1849, OCEL the JSON form of version 2.0; CSV has one line an event.
    """
    secret = read_settings().secret_key.encode() if people else b""
    chosen = Selection(key, version, _in_china(since), _in_china(until))
    wanted = Wanted(chosen, Format[form.upper()], language, secret)
    sessions: Sessions = click.get_current_context().obj["sessions"]()
    partial = file.with_name(f"{file.name}.part")
    try:
        with reading(sessions) as session:
            pieces = event_log.written(session, wanted, clock.now())
            with partial.open("wb") as opened:
                size = _write(opened, pieces)
    except DomainError as refusal:
        raise click.ClickException(f"{refusal.phrase.zh} {refusal.phrase.en}") from None
    partial.replace(file)
    click.echo(f"{file}: {size:,} bytes")


def _write(opened: BinaryIO, pieces: Iterator[bytes]) -> int:
    return sum(opened.write(piece) for piece in pieces)


def _in_china(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=CHINA)

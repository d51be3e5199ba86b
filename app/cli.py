"""The console: `jieban …`. Each area brings its own group of commands."""

import importlib
import logging
import socket
import sys
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import OperationalError

from app.cases.expressions import compile_expression
from app.core import clock
from app.settings import SETTINGS, SettingError, read_settings

if TYPE_CHECKING:
    from app.core.phrase import Phrase
    from app.engine import WorkingTime
    from app.office import Office

GROUPS = {
    "calendar": ("app.jobs.console", "Working calendars: show, import a notice, recount."),
    "demand": ("app.jobs.demand_console", "Demands: how well like ones are found."),
    "deadline": ("app.worktime.console", "Deadlines: check a file of computed ones."),
    "profile": ("app.profiles.console", "City profiles: list, show, compare two."),
    "log": ("app.design.console", "Event logs of processes: XES, OCEL 2.0, CSV."),
    "design": ("app.jobs.design_console", "The workshop: replay real cases, moves."),
    "order": ("app.jobs.order_console", "Orders: the whole story of one."),
    "process": ("app.engine.console", "Diagrams: check, run in memory, outline."),
    "rules": ("app.decisions.console", "Decision tables: check, evaluate, run examples."),
}
"""Groups that are imported only when they are used, so that `jieban --help` is quick."""


class _Console(click.Group):
    """The commands of this file and, by name, those of the areas."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *GROUPS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in GROUPS:
            module, _summary = GROUPS[cmd_name]
            command: click.Command = getattr(importlib.import_module(module), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, summary) for name, (_module, summary) in GROUPS.items()]
        for name in super().list_commands(ctx):
            command = super().get_command(ctx, name)
            if command is not None:
                rows.append((name, command.get_short_help_str(70)))
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows))


@click.group(cls=_Console)
@click.pass_context
def jieban(context: click.Context) -> None:
    """Case management for Chinese 12345 government hotlines."""
    context.ensure_object(dict)
    context.obj.setdefault("sessions", lambda: _ready().sessions)
    context.obj.setdefault("compile_expression", compile_expression)
    context.obj.setdefault("due", _due_by_the_national_calendar)
    context.obj.setdefault("unit_names", _unit_names)


@jieban.command()
def serve() -> None:
    """Bring the database up to date and serve the product, ticker included."""
    from waitress.server import create_server

    from app import create_app
    from app.demo import city
    from app.jobs import scheduler

    settings = read_settings()
    _port_must_be_free(settings.host, settings.port)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    office = _ready()
    if settings.demo and city.is_empty(office.sessions):
        click.echo("正在载入演示城市云江市 / Loading the demo city …")
        city.load(office.sessions, office.files, clock.now())
    server = create_server(
        create_app(office),
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        ident="jieban",
        clear_untrusted_proxy_headers=not settings.proxies,
    )
    ticker = scheduler.start(office)
    click.echo(f"\n接办 Jieban: http://{settings.host}:{settings.port}/")
    click.echo(f"城市方案 / city profile: {settings.profile}")
    if settings.demo:
        click.echo(f"演示账号，密码均为 {city.PASSWORD} / demo sign-ins, all with this password:")
        for login, name, roles in city.sign_ins():
            click.echo(f"  {login:<22} {name}  {roles}")
    click.echo("按 Ctrl+C 停止 / Press Ctrl+C to stop.")
    try:
        server.run()
    finally:
        ticker.shutdown()
        office.database.dispose()


@jieban.command()
def prepare() -> None:
    """Bring the database to the newest migration and publish the shipped tables and diagrams."""
    _ready()
    click.echo("ready")


@jieban.command()
def tick() -> None:
    """Let everything due pass once, send what waits in the outbox, and stop."""
    from app.jobs import deadlines, sending

    office = _ready()
    fired = deadlines.tick(office.sessions, clock.now)
    sent = sending.send_waiting(office.sessions, clock.now, sending.senders(office.settings))
    click.echo(f"{fired} fired, {sent} messages tried")


@jieban.command()
def verify() -> None:
    """Prove every case's history and files and the chain of daily anchors; exit 1 when broken."""
    from app.cases import attachments, history
    from app.core.db import reading

    faults = 0
    office = _ready()
    with reading(office.sessions) as session:
        for fault in chain(history.faults(session), attachments.faults(session, office.files)):
            click.echo(fault)
            faults += 1
    click.echo("every chain holds" if not faults else f"{faults} faults")
    sys.exit(1 if faults else 0)


@jieban.command("add-user")
@click.argument("login")
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@click.option("--unit", "unit_code", help="Code of the handling unit.")
@click.password_option()
def add_user(
    login: str, name: str, roles: tuple[str, ...], unit_code: str | None, password: str
) -> None:
    """Add a person who signs in."""
    from app.core.uow import SYSTEM, unit_of_work
    from app.identity import directory
    from app.identity.policy import Role

    unknown = set(roles) - set(Role)
    if unknown:
        raise click.ClickException(
            f"no role {', '.join(sorted(unknown))}; there are: {', '.join(Role)}"
        )
    with unit_of_work(_ready().sessions, SYSTEM, clock.now()) as uow:
        unit = directory.unit_by_code(uow.session, unit_code) if unit_code else None
        if unit_code and unit is None:
            raise click.ClickException(f"no unit with the code {unit_code}")
        directory.add_user(uow, login, name, password, list(roles), unit)
    click.echo(f"{login} can sign in")


@jieban.command()
def settings() -> None:
    """List every setting: its variable, its default, what it means."""
    for setting in SETTINGS.values():
        click.echo(f"{setting.variable}  ({setting.default or 'none'})\n    {setting.meaning}")


def main() -> None:
    """Run the console; a refusal is one sentence on stderr, never a traceback."""
    from app.core.errors import DomainError
    from app.core.migrating import DatabaseIsNewer

    try:
        jieban(prog_name="jieban")
    except (SettingError, DatabaseIsNewer) as refusal:
        _stop(str(refusal))
    except DomainError as refusal:
        _stop(f"{refusal.phrase.zh}\n{refusal.phrase.en}")
    except (OSError, OperationalError) as error:
        sentence = _in_words(error)
        if sentence is None:
            raise
        _stop(sentence)


def _unit_names() -> "dict[str, Phrase]":
    """The units of the demo city by code, which the shipped catalogue names."""
    from app.demo import city

    return city.unit_names()


def _due_by_the_national_calendar(ask: "WorkingTime", at: datetime) -> datetime:
    """Working time in trial runs, which have no office and no database of their own."""
    from app.worktime.deadlines import deadline
    from app.worktime.limits import Limit, LimitUnit
    from app.worktime.national import shipped_calendar

    calendar = shipped_calendar("CN", "H7", at.year + 3)
    return deadline(calendar, at, Limit(ask.amount, LimitUnit(ask.unit))).due_at


def _ready() -> "Office":
    """The office of the environment, its database at the newest migration."""
    from app.office import open_office
    from app.office import prepare as prepare_office

    office = open_office(read_settings())
    prepare_office(office, clock.now())
    return office


def _port_must_be_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingError(
                f"PORT={port} on {host} cannot be used ({error.strerror}): "
                "another program listens there. Stop it or set PORT to a free port."
            ) from None


def _in_words(error: Exception) -> str | None:
    """A sentence for what operators meet: no disk space, no access, no database."""
    text = str(error)
    if "disk is full" in text or "No space left" in text:
        return "The disk is full: free some space (the data is unharmed) and start again."
    if "readonly database" in text or "unable to open database" in text:
        return "The database file cannot be opened for writing: check the path and its owner."
    if isinstance(error, OperationalError) and ("connect" in text or "connection" in text):
        return f"The database cannot be reached: {text.splitlines()[0]}"
    if isinstance(error, PermissionError):
        return f"No permission for {error.filename}."
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{error.filename} is not a folder: give another path."
    return None


def _stop(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(2)

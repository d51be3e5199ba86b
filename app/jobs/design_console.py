"""`jieban design`: real cases are run again, as they were or under a change's drafts; moves."""

from datetime import timedelta

import click
import orjson

from app.core import clock
from app.core.db import Sessions, reading
from app.core.errors import DomainError
from app.core.uow import Actor, unit_of_work
from app.design.replay import asking
from app.identity.policy import Role
from app.jobs.move_console import move
from app.jobs.replaying import work

_OPERATOR = Actor(None, "jieban design replay", frozenset({Role.PROCESS_DESIGNER}))

_FIGURES = (
    "cases", "deadlines", "escalations", "moved", "appeared", "gone", "gained", "lost",
    "undecided", "adapted", "impossible", "faults",
)  # fmt: skip


@click.group()
def design() -> None:
    """The workshop: replay real cases, dry runs of moves."""


design.add_command(move)


@design.command()
@click.option("--days", default=31, show_default=True, help="Cases of the last so many days.")
@click.option("--change", "change_id", type=int, help="Under the drafts of this change.")
@click.option("--processes", type=int, help="As many as there are cores unless given.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
def replay(*, days: int, change_id: int | None, processes: int | None, as_json: bool) -> None:
    """Run real cases again in memory and compare deadlines and escalations with what happened.

    Without --change under the versions of then: everything should come out as it did. Exit status
    1 when it does not, or when something could not be done.
    """
    sessions: Sessions = click.get_current_context().obj["sessions"]()
    begun = clock.now()
    try:
        with unit_of_work(sessions, _OPERATOR, begun) as uow:
            asked = asking.ask(uow, begun - timedelta(days=days), change_id).id
    except DomainError as refusal:
        raise click.ClickException(f"{refusal.phrase.zh} {refusal.phrase.en}") from None
    while work(sessions, clock.now, processes=processes):
        pass
    with reading(sessions) as session:
        done = asking.replay(session, asked)
    if not done.result:
        raise click.ClickException(
            "服务器正在运行这次回放，结果见“回放”页面。 The server runs it: see the page."
        )
    figures = orjson.loads(done.result)
    if as_json:
        click.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(", ".join(f"{figures[name]} {name}" for name in _FIGURES))
        wall = (clock.now() - begun).total_seconds()
        click.echo(f"{wall:.1f} s, {done.cpu_seconds:.1f} s of processor time")
    differs = any(figures[name] for name in _FIGURES[3:])
    if change_id is None and differs:
        raise SystemExit(1)

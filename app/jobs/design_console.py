"""`jieban design`: real cases are run again, as they were or under a change's drafts; moves."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

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

_WORDS = {
    "moved": "移动 moved", "appeared": "新增 appeared", "gone": "消失 gone",
    "gained": "新增 gained", "lost": "消失 lost", "shifted": "时刻改变 shifted",
    "undecided": "未定 undecided", "adapted": "改办 adapted", "impossible": "无法办理 impossible",
    "faults": "出错 faults",
}  # fmt: skip
_LINES = (
    ("期限 deadlines", "deadlines", ("moved", "appeared", "gone")),
    ("升级 escalations", "escalations", ("gained", "lost", "shifted")),
    ("办理 what was done", "", ("undecided", "adapted", "impossible", "faults")),
)
_MOST = 10
"""Kinds of differences that are told of each list."""


@click.group()
def design() -> None:
    """The workshop: replay real cases, dry runs of moves."""


design.add_command(move)


@design.command()
@click.option("--days", default=31, show_default=True, help="Cases of the last so many days.")
@click.option("--change", "change_id", type=int, help="Under the drafts of this change.")
@click.option("--processes", type=int, help="As many as there are cores unless given.")
@click.option("--cases", is_flag=True, help="Every difference with the number of its case.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
def replay(
    *, days: int, change_id: int | None, processes: int | None, cases: bool, as_json: bool
) -> None:
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
        parts = asking.results(session, asked) if cases else ()
    if not done.result:
        raise click.ClickException(
            "服务器正在运行这次回放，结果见“回放”页面。 The server runs it: see the page."
        )
    figures = orjson.loads(done.result)
    if as_json:
        click.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    else:
        for line in [*_told(figures), *_each(parts)]:
            click.echo(line)
        wall = (clock.now() - begun).total_seconds()
        click.echo(f"{wall:.1f} s, {done.cpu_seconds:.1f} s of processor time")
    if change_id is None and any(figures[name] for name in _WORDS):
        raise SystemExit(1)


def _told(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures as lines, and of each list that is not empty what is in it."""
    yield f"{figures['cases']} 件诉求 demands"
    for title, total, names in _LINES:
        counts = ", ".join(f"{_WORDS[name]} {figures[name]}" for name in names)
        yield f"{title} {figures[total]}: {counts}" if total else f"{title}: {counts}"
    if figures["moved"]:
        days = ", ".join(f"{day:+d} × {count}" for day, count in figures["histogram"])
        yield f"移动的工作日 working days moved: {days}"
    kinds = {"moved": figures["clocks"]} | {
        name: figures[f"{name}_what"] for name in _WORDS if f"{name}_what" in figures
    }
    for name, found in kinds.items():
        for what, count in [*found.items()][:_MOST]:
            yield f"  {_WORDS[name]}: {what} × {count}"


def _each(parts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Every difference: the list, the case, what, before and after."""
    for part in parts:
        for name in _WORDS:
            for one in part[name]:
                if isinstance(one, Mapping):
                    what = one.get("what") or f"{one['procedure']}/{one['clock']}#{one['run']}"
                    instants = (one.get("at") or one.get("before"), one.get("after"))
                    cells = [one["number"], what, *(at or "—" for at in instants)]
                else:
                    cells = list(map(str, one))
                yield "\t".join([name, *cells])

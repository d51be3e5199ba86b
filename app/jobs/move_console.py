"""`jieban design move`: the dry run of a move on the console, and how far moves have come."""

from collections import Counter
from collections.abc import Sequence

import click
import orjson
from sqlalchemy import select

from app.core import clock
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.core.errors import DomainError
from app.design import documents
from app.design.documents import Document
from app.design.models import Kind
from app.design.moving import dry_runs, moves
from app.design.moving.models import CaseMove, MoveStatus
from app.design.moving.prospects import CaseProspect, Query, prospects
from app.engine import Verdict
from app.worktime.deadlines import Deadline

_NAMES = {
    Verdict.WILL_MOVE: "可以迁移 will move",
    Verdict.NEEDS_MAPPING: "需指定对应环节 needs a mapping",
    Verdict.CANNOT: "不能迁移 cannot move",
}


@click.group()
def move() -> None:
    """Live cases to another version of their diagram: dry run, progress."""


@move.command("dry-run")
@click.argument("key")
@click.option("--to", "version", type=int, help="Version to move to; the newest unless given.")
@click.option(
    "--map", "mapped", multiple=True, metavar="OLD=NEW", help="What replaces a lost step."
)
@click.option("--number", "numbers", multiple=True, help="Only these orders or demands.")
@click.option("--category", default="", help="Only demands of this category.")
@click.option("--recount", is_flag=True, help="Running limits follow the new version's tables.")
@click.option("--cases", "with_cases", is_flag=True, help="A line for each case.")
@click.option("--json", "as_json", is_flag=True, help="Each case as a line of JSON.")
def dry_run(
    *,
    key: str,
    version: int | None,
    mapped: Sequence[str],
    numbers: Sequence[str],
    category: str,
    recount: bool,
    with_cases: bool,
    as_json: bool,
) -> None:
    """What would become of the live cases of the diagram KEY. Nothing is written.

    Asking for a move and agreeing to it are for two people in the workshop.
    """
    sessions: Sessions = click.get_current_context().obj["sessions"]()
    counted: Counter[Verdict] = Counter()
    lost: Counter[str] = Counter()
    try:
        mapping = dict(_pair(text) for text in mapped)
        with reading(sessions) as session:
            newest = documents.newest_number(session, Document(Kind.DIAGRAM, key))
            for one in prospects(
                session,
                key,
                version or newest or 1,
                query=Query(category=category, numbers=tuple(numbers)),
                mapping=mapping,
                recount=recount,
                now=clock.now(),
            ):
                counted[one.verdict] += 1
                lost.update(one.orphans)
                if as_json:
                    click.echo(orjson.dumps(_figures(one)).decode())
                elif with_cases:
                    click.echo(_line(one))
    except DomainError as refusal:
        raise click.ClickException(f"{refusal.phrase.zh} {refusal.phrase.en}") from None
    if not as_json:
        for verdict, name in _NAMES.items():
            click.echo(f"{counted[verdict]:>7,} {name}")
        for element, count in lost.most_common():
            click.echo(f"{count:>7,} {element} → {mapping.get(element, '?')}")


@move.command()
@click.argument("move_id", type=int, required=False)
@click.option("--json", "as_json", is_flag=True, help="Each move as a line of JSON.")
def progress(move_id: int | None, *, as_json: bool) -> None:
    """How far moves have come: one, or all that are not over."""
    sessions: Sessions = click.get_current_context().obj["sessions"]()
    with reading(sessions) as session:
        wanted = CaseMove.id == move_id if move_id is not None else CaseMove.status.in_(_GOING_ON)
        found = session.scalars(select(CaseMove).where(wanted).order_by(CaseMove.id)).all()
        if move_id is not None and not found:
            raise click.ClickException(f"没有迁移单 {move_id}。 There is no move {move_id}.")
        for one in found:
            tried = one.status in {MoveStatus.TRIED, MoveStatus.WAITING}
            counts = (dry_runs.verdicts if tried else moves.counts)(session, one.id)
            figures = {str(what or "to_come"): count for what, count in counts.items()}
            told = {"move": one.id, "diagram": one.diagram, "version": one.version}
            told |= {"status": str(one.status), "total": sum(figures.values())}
            if as_json:
                click.echo(orjson.dumps(told | {"counts": figures}).decode())
            else:
                parts = ", ".join(f"{count:,} {what}" for what, count in sorted(figures.items()))
                click.echo(f"{one.id}: {one.diagram} → {one.version}, {one.status}: {parts}")


_GOING_ON = (
    MoveStatus.TRIED,
    MoveStatus.WAITING,
    MoveStatus.RUNNING,
    MoveStatus.INTERRUPTED,
    MoveStatus.UNDOING,
)


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not (old and sign and new):
        raise click.BadParameter(f"--map {text}: OLD=NEW")
    return old, new


def _figures(one: CaseProspect) -> dict[str, object]:
    return {
        "number": one.number,
        "from_version": one.from_version,
        "verdict": one.verdict,
        "why": [{"zh": o.phrase.zh, "en": o.phrase.en} for o in one.obstacles],
        "stands_at": one.orphans,
        "clocks": [
            {
                "clock": change.clock,
                "before": change.before.due_at.isoformat(),
                "after": change.after.due_at.isoformat(),
                "kept": None if change.kept is None else change.kept.zh,
            }
            for change in one.clocks
        ],
    }


def _line(one: CaseProspect) -> str:
    moved = [
        f"{change.clock} {_moment(change.before)} → {_moment(change.after)}"
        for change in one.clocks
        if change.changes
    ]
    why = [f"{obstacle.phrase.zh} {obstacle.phrase.en}" for obstacle in one.obstacles]
    return "  ".join([one.number, f"v{one.from_version}", one.verdict, *moved, *why])


def _moment(deadline: Deadline) -> str:
    return f"{deadline.due_at.astimezone(CHINA):%Y-%m-%d %H:%M}"

"""`jieban calendar recount`: new calendar versions reach the open clocks, shown first."""

import sys

import click
import orjson

from app.cases import recounting
from app.cases.clocks import NAMES
from app.cases.recounting import Effect, Preview, Recount
from app.cases.story import due_in_words
from app.core import clock, jobs
from app.core.db import Sessions, reading
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, unit_of_work
from app.identity.directory import units
from app.jobs.recounting import work
from app.worktime.console import calendar


@calendar.command()
@click.option("--preview", "shown", is_flag=True, help="Show what would change; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The preview as JSON.")
@click.option("--apply", "applied", is_flag=True, help="Recount every open clock.")
def recount(*, shown: bool, as_json: bool, applied: bool) -> None:
    """Bring open clocks to the newest calendar versions: --preview shows, --apply does it.

    Deadlines that move earlier keep a day of notice, what has passed stays. Stopped half-way, it
    goes on where it was; done twice, it changes nothing. Exit status 1 when a case failed.
    """
    if shown == applied:
        raise click.UsageError("say --preview or --apply")
    sessions: Sessions = click.get_current_context().obj["sessions"]()
    if shown:
        _show(sessions, as_json=as_json)
    else:
        sys.exit(_apply(sessions))


def _show(sessions: Sessions, *, as_json: bool) -> None:
    with reading(sessions) as session:
        found = recounting.preview(session, clock.now())
        names = {unit.id: unit.code for unit in units(session)}
    if as_json:
        click.echo(orjson.dumps(_json(found, names), option=orjson.OPT_INDENT_2).decode())
        return
    for one in found.recounts:
        click.echo(_line(one, names))
    counts = ", ".join(f"{found.counts[effect]} {effect}" for effect in Effect)
    click.echo(f"{counts}; {found.unfounded} fired that would not have")


def _line(one: Recount, names: dict[int, str]) -> str:
    name = NAMES.get(one.clock, Phrase(one.clock, one.clock)).zh
    unit = names.get(one.unit_id or 0, "-")
    fired = "".join(f"  {rung.rung}!" for rung in one.unfounded)
    return (
        f"{one.number}  {unit}  {name}#{one.run}  {due_in_words(one.before.due_at)} → "
        f"{due_in_words(one.after.due_at)}  {one.working_days:+d}  {one.effect}{fired}  "
        f"{one.reason.zh} / {one.reason.en}"
    )


def _json(found: Preview, names: dict[int, str]) -> dict[str, object]:
    return {
        "counts": {effect.value: found.counts[effect] for effect in Effect},
        "clocks": [
            {
                "number": one.number,
                "unit": names.get(one.unit_id or 0),
                "clock": one.clock,
                "run": one.run,
                "paused": one.paused,
                "effect": one.effect,
                "due_before": one.before.due_at,
                "due_after": one.after.due_at,
                "working_days": one.working_days,
                "provisional_before": one.before.provisional,
                "provisional_after": one.after.provisional,
                "calendar_before": one.before.version,
                "calendar_after": one.after.version,
                "reason": {"zh": one.reason.zh, "en": one.reason.en},
                "would_not_have_fired": [
                    {"rung": rung.rung, "fired_at": rung.fired_at, "due_at": rung.due_at}
                    for rung in one.unfounded
                ],
            }
            for one in found.recounts
        ],
    }


def _apply(sessions: Sessions) -> int:
    with unit_of_work(sessions, SYSTEM, clock.now()) as uow:
        job_id = recounting.ask_for_all(uow).id
    while work(sessions, clock.now):
        pass
    with reading(sessions) as session:
        job = session.get_one(jobs.Job, job_id)
    if job.finished_at is None:
        click.echo(
            "服务器正在重算，进度见“日历管理”页面。 / "
            "The server is recounting already; its progress is on the calendar page."
        )
        return 0
    click.echo(f"{job.done} cases, {job.changed} changed, {job.failed} failed")
    return 1 if job.failed else 0

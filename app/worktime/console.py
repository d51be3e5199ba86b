"""Commands for operators: `jieban deadline …` needs no database, `jieban calendar …` does."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from app.core import clock
from app.core.db import Sessions, reading
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, unit_of_work
from app.worktime import offices
from app.worktime.days import DayChange, DayKind, DayRow, Layer, differences, overlaid
from app.worktime.explain import explain
from app.worktime.files import day_rows, day_rows_csv, hours_profile, notice_forms
from app.worktime.models import CalendarLevel
from app.worktime.national import Notice
from app.worktime.notices import packaged_differences, read_notice
from app.worktime.vectors import verdicts

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DATE = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def deadline() -> None:
    """Deadlines: recompute files of them. Needs no database."""


@deadline.command()
@click.argument("file", type=_FILE)
@click.option("--explain", "explained", is_flag=True, help="Explain every deadline.")
@click.option(
    "--language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    help="Language of the explanation: zh or en.",
)
def check(file: Path, explained: bool, language: str) -> None:
    """Recompute every deadline in FILE (CSV) and name those that come out differently.

    Columns: id, start, limit, unit (WD working days, WH working hours, NH natural hours, ND
    natural days, MON months), calendar (CN, CN@YYYY-MM-DD as known on that day, BJ-APEC, GX-2017,
    HALL-6D), hours (H7, H8, H7S, H24), receipt_rule (next, defer, same), end_rule (24, close),
    roll (1: a last day that is a rest day moves on), pauses (from/to;…), extension
    (amount@orig|approve@instant), deadline_date, deadline_at, status (final, provisional).
    Instants without an offset are China's. The exit status is 0 when all agree.
    """
    passed = failed = 0
    for verdict in verdicts(_read(file)):
        if verdict.mismatches:
            failed += 1
        else:
            passed += 1
        for mismatch in verdict.mismatches:
            click.echo(f"{verdict.id}: {_both(mismatch)}")
        if explained and verdict.calendar and verdict.deadline:
            click.echo(f"{verdict.id}:")
            for line in explain(verdict.calendar, verdict.deadline):
                click.echo(f"  {line.phrase.in_language(language)}")
    click.echo(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


@click.group()
def calendar() -> None:
    """Working calendars: show, import a notice, export, extend."""


@calendar.command()
@click.argument("code", default=offices.NATION)
@click.option("--year", type=int, help="List the special days of this year.")
@click.option("--version", "number", type=int, help="Show this version instead of the newest.")
def show(code: str, year: int | None, number: int | None) -> None:
    """Show the versions of calendar CODE and, for a year, its special days."""
    with reading(_sessions()) as session:
        for version in reversed(offices.versions(session, code)):
            click.echo(
                f"{code}:{version.number}  {version.published_at:%Y-%m-%d %H:%M} UTC  "
                f"official through {version.official_through or '-'}  "
                f"{version.first_day or '-'}…{version.last_day or '-'}  {version.reason}"
            )
        layer = (
            offices.layer_version(session, code, number)
            if number
            else offices.newest_layer(session, code)
        )
    for row in layer.rows:
        if row.date.year == year:
            click.echo(f"{row.date} {row.date:%a}  {_what(row)}")


@calendar.command()
@click.argument("file", type=_FILE)
@click.option("--number", help="Document number, where the text lacks it.")
@click.option("--issued", type=_DATE, help="Date of issue, where the text lacks it.")
@click.option("--year", type=int, help="The year it arranges, where the text lacks it.")
@click.option("--yes", is_flag=True, help="Publish without asking.")
def notice(
    file: Path, number: str | None, issued: datetime | None, year: int | None, yes: bool
) -> None:
    """Import a holiday notice of the State Council from FILE.

    FILE is the text of one notice, or JSON with one or several objects (number, issued, year,
    lines). Weekdays and day counts in it are checked, the change to the newest version is shown,
    and nothing is published before you agree.
    """
    text = _read(file)
    if file.suffix == ".json":
        found = [
            (read_notice(form.text, form.number, form.issued, form.year), form.text)
            for form in notice_forms(text)
        ]
    else:
        day = issued.date() if issued else None
        found = [(read_notice(text, number, day, year), text)]
    sessions = _sessions()
    with reading(sessions) as session:
        fresh = [pair for pair in found if not offices.is_adopted(session, pair[0].number)]
        before = offices.newest_layer(session, offices.NATION)
    for read, _ in found:
        known = " (imported before: 已导入)" if (read, _) not in fresh else ""
        click.echo(f"{read.number}  {read.issued}  {read.year}: {len(read.rows)} days{known}")
        _cross_check(read)
    if not fresh:
        click.echo(_both(Phrase("没有新的通知。", "There is nothing new.")))
        return
    after = before
    for read, _ in fresh:
        after = offices.with_notice(after, read)
    _publish_after_asking(sessions, before, after, yes, fresh)


@calendar.command("export")
@click.argument("code", default=offices.NATION)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: screen.")
def export_days(code: str, output: Path | None) -> None:
    """Write the days of calendar CODE's own layer as CSV; provisional days are left out."""
    with reading(_sessions()) as session:
        text = day_rows_csv(offices.newest_layer(session, code).rows)
    if output:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)


@calendar.command("import")
@click.argument("code")
@click.argument("file", type=_FILE)
@click.option("--official-through", type=_DATE, help="Last date that is final from now on.")
@click.option("--yes", is_flag=True, help="Publish without asking.")
def import_days(code: str, file: Path, official_through: datetime | None, yes: bool) -> None:
    """Publish the days in FILE (CSV, as exported) as the next version of calendar CODE.

    They take the place of all the layer's days but the provisional ones of later years.
    """
    rows = day_rows(_read(file))
    sessions = _sessions()
    with reading(sessions) as session:
        before = offices.newest_layer(session, code)
    official = official_through.date() if official_through else before.official_through
    provisional = [
        row
        for row in before.rows
        if not row.document and (official is None or row.date.year > official.year)
    ]
    after = replace(before, rows=overlaid([provisional, rows]), official_through=official)
    _publish_after_asking(sessions, before, after, yes)


@calendar.command()
@click.argument("code")
@click.argument("name")
@click.option(
    "--level", type=click.Choice([level.value for level in CalendarLevel]), default="unit"
)
@click.option("--parent", default=offices.NATION, help="Calendar it overrides.")
def add(code: str, name: str, level: str, parent: str) -> None:
    """Set up calendar CODE for a province, city or unit."""
    with unit_of_work(_sessions(), SYSTEM, clock.now()) as uow:
        offices.open_calendar(uow, code, name, CalendarLevel(level), parent)
    click.echo(f"{code}:1")


@calendar.command("set")
@click.argument("code")
@click.option("--hours", type=_FILE, help="Office hours as JSON.")
@click.option("--workweek", help="Seven digits from Monday to Sunday, 1 for work: 1111110.")
def set_rules(code: str, hours: Path | None, workweek: str | None) -> None:
    """Publish other office hours or another working week for calendar CODE."""
    if workweek is not None and (len(workweek) != 7 or set(workweek) - set("01")):
        raise Invalid(
            Phrase(
                f"工作周“{workweek}”不对，应为从周一到周日的七位 0 或 1。",
                f'The working week "{workweek}" is wrong: seven digits 0 or 1, Monday to Sunday.',
            )
        )
    with unit_of_work(_sessions(), SYSTEM, clock.now()) as uow:
        layer = offices.newest_layer(uow.session, code)
        if hours:
            layer = replace(layer, hours=hours_profile(_read(hours)))
        if workweek:
            layer = replace(layer, workweek=workweek)
        version = offices.publish(uow, layer, "工时或工作周调整")
        click.echo(f"{code}:{version.number}")


@calendar.command()
@click.argument("code")
@click.argument("old", type=int)
@click.argument("new", type=int)
def diff(code: str, old: int, new: int) -> None:
    """Show what changed between two versions of calendar CODE."""
    with reading(_sessions()) as session:
        before = offices.layer_version(session, code, old)
        after = offices.layer_version(session, code, new)
    _show(differences(before.rows, after.rows))


@calendar.command()
@click.option("--open-until", type=_DATE, help="Last day of the latest open deadline.")
@click.option("--today", type=_DATE, help="Default: today.")
def alarm(open_until: datetime | None, today: datetime | None) -> None:
    """Say whether the next year's notice is missing; exit status 1 when something is to be done."""
    day = today.date() if today else clock.now().astimezone(clock.CHINA).date()
    with reading(_sessions()) as session:
        found = offices.calendar_alarm(session, day, open_until.date() if open_until else None)
    if found:
        click.echo(f"{found.severity}: {_both(found.phrase)}")
    sys.exit(1 if found else 0)


def _publish_after_asking(
    sessions: Sessions,
    before: Layer,
    after: Layer,
    yes: bool,
    notices: Iterable[tuple[Notice, str]] = (),
) -> None:
    changes = differences(before.rows, after.rows)
    _show(changes)
    if before.official_through != after.official_through:
        click.echo(f"official through: {before.official_through} → {after.official_through}")
    if not changes and before.official_through == after.official_through and not notices:
        click.echo(_both(Phrase("内容没有变化，未发布。", "Nothing changes; not published.")))
        return
    if not yes and not click.confirm("发布为新版本? / Publish as a new version?"):
        click.echo(_both(Phrase("未发布。", "Not published.")))
        return
    with unit_of_work(sessions, SYSTEM, clock.now()) as uow:
        pairs = list(notices)
        version = offices.adopt(uow, pairs) if pairs else offices.publish(uow, after, "CSV 导入")
        click.echo(_both(Phrase("已发布", "Published")) + f": {after.code}:{version.number}")


def _cross_check(read: Notice) -> None:
    """Say how the notice compares with the package, where that knows the year."""
    wrong = packaged_differences(read)
    if wrong is None:
        return
    if wrong:
        days = ", ".join(str(day) for day in wrong)
        click.echo(
            _both(
                Phrase(
                    f"与 holidays 软件包不一致的日子：{days}，请核对原文。",
                    f"The package holidays sees these days differently: {days}; check the text.",
                )
            )
        )
    else:
        click.echo(_both(Phrase("与 holidays 软件包一致。", "Agrees with the package holidays.")))


def _show(changes: Iterable[DayChange]) -> None:
    for change in changes:
        mark = "*" if change.moves_work else " "
        click.echo(
            f"{mark} {change.date} {change.date:%a}  {_what(change.before)} → {_what(change.after)}"
        )


def _what(row: DayRow | None) -> str:
    if row is None:
        return "-"
    known = row.document or ("provisional" if row.kind is DayKind.HOLIDAY else "")
    return " ".join(part for part in (row.kind, row.name, known) if part)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(
            Phrase(
                f"文件 {file.name} 不是 UTF-8 编码，请另存为 UTF-8 后再试。",
                f"{file.name} is not in UTF-8; save it as UTF-8 and try again.",
            )
        ) from None


def _sessions() -> Sessions:
    sessions: Sessions = click.get_current_context().obj["sessions"]()
    return sessions


def _both(phrase: Phrase) -> str:
    return f"{phrase.zh} / {phrase.en}"

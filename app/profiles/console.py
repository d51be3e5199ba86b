"""The console's commands on city profiles: list, show, compare, renew."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import click

from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.decisions import xml
from app.profiles import comparing, inheriting
from app.profiles.comparing import Demand, Outcome
from app.profiles.folders import DEFAULT, names
from app.profiles.profile import Given, Profile
from app.profiles.shelf import load
from app.profiles.words import NATURES, OTHERS, STAGES, URGENCIES

_LANGUAGE = click.option(
    "--language", type=click.Choice(["zh", "en"]), default="zh", help="zh or en."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
Names = Callable[[], Mapping[str, Phrase]]


@click.group()
def profile() -> None:
    """City profiles: whose limits and rules new cases follow."""


@profile.command("list")
@_LANGUAGE
@_JSON
def list_(language: str, *, as_json: bool) -> None:
    """Every profile: its name, whose practice it is, and in a sentence what it says."""
    found = [load(name) for name in names()]
    if as_json:
        _print_json([_brief(each) for each in found])
        return
    width = max(len(each.name) for each in found) + 2
    for each in found:
        title = f"{each.title.in_language(language)}（{each.level.phrase.zh}）"
        if language == "en":
            title = f"{each.title.en} ({each.level.phrase.en})"
        click.echo(f"{_padded(each.name, width)}{title}")
        click.echo(f"{' ' * width}{each.summary.in_language(language)}")


@profile.command()
@click.argument("name")
@_LANGUAGE
@_JSON
def show(name: str, language: str, *, as_json: bool) -> None:
    """What a profile says, by which source, and what it inherits."""
    found = load(name)
    if as_json:
        _print_json(_brief(found) | _detail(found))
        return
    for line in _shown(found, language):
        click.echo(line)


@profile.command()
@click.argument("one")
@click.argument("other")
@_LANGUAGE
@_JSON
@click.pass_context
def compare(context: click.Context, one: str, other: str, language: str, *, as_json: bool) -> None:
    """How the same twenty demands would be timed and routed under two profiles."""
    here, there = load(one), load(other)
    units: Names = context.obj["unit_names"]
    rows = list(comparing.compared(here, there))
    if as_json:
        _print_json(
            {
                "profiles": [one, other],
                "demands": [_row_json(here, there, *row) for row in rows],
                "differing": sum(a != b for _demand, a, b in map(_terms_only, rows)),
                "other_differences": _other_differences(here, there),
            }
        )
        return
    for line in _comparison(here, there, rows, units(), language):
        click.echo(line)


@profile.command()
@click.argument("given", metavar="NAME...", nargs=-1)
def renew(given: tuple[str, ...]) -> None:
    """Take the default's rows over again into the tables of the profiles NAME (default: all)."""
    base = load(DEFAULT)
    for name in given or [name for name in names() if name != DEFAULT]:
        for path in inheriting.renew(load(name), base):
            click.echo(f"{name}/{path.name}")


def _shown(found: Profile, language: str) -> Iterator[str]:
    def say(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    def text(phrase: Phrase) -> str:
        return phrase.in_language(language)

    yield f"{text(found.title)} · {found.name} · {text(found.level.phrase)}"
    yield text(found.summary)
    if found.valid_from or found.valid_through:
        first, last = found.valid_from or "…", found.valid_through or "…"
        yield say(
            f"来源所指的时间：{first} 至 {last}。", f"The sources speak of {first} to {last}."
        )
    elif found.sources:
        yield say("来源没有写起止日期。", "The sources give no dates.")
    if found.sources:
        yield ""
        yield say("来源", "Sources")
    for source in found.sources:
        kind = _listed(filter(None, (text(source.kind.phrase), source.dated)), language)
        yield f"  {text(source.title)}{say(f'（{kind}）', f' ({kind})')}"
        if source.address:
            yield f"    {source.address}"
    for heading, lines in (
        (say("来源给出的", "What they give"), [_given(each, language) for each in found.gives]),
        (
            say("来源没有给出、沿用默认的", "What they do not give and is inherited"),
            [f"  {text(phrase)}" for phrase in found.inherits],
        ),
    ):
        if lines:
            yield heading
            yield from lines
    yield ""
    for line in found.lines:
        yield say(f"专线 {line.number}：{line.name.zh}", f"Line {line.number}: {line.name.en}")
    yield say(f"文书落款：{found.issuer.zh}", f"Letters are issued by: {found.issuer.en}")
    satisfaction = found.report.satisfaction.phrase
    yield say(f"满意口径：{satisfaction.zh}", f"Counts as satisfied: {satisfaction.en}")
    counts = found.report.counts_superior_platform
    yield say(
        f"诉求总量{'含' if counts else '不含'}上级平台下派",
        f"The total {'includes' if counts else 'leaves out'} what the superior platform sends",
    )
    own = [_called(found, key, language) for key in sorted(found.own)]
    listed = _listed(own, language) or say("无", "nothing")
    yield say(f"自有：{listed}", f"Its own: {listed}")


def _given(given: Given, language: str) -> str:
    tables = f" [{', '.join(given.tables)}]" if given.tables else ""
    return f"  {given.what.in_language(language)}{tables}"


def _comparison(
    here: Profile,
    there: Profile,
    rows: list[tuple[Demand, Outcome, Outcome]],
    units: Mapping[str, Phrase],
    language: str,
) -> Iterator[str]:
    chinese = language == "zh"
    titles = (here.title.in_language(language), there.title.in_language(language))
    blocks = [(row[0], list(_lines(row[1], row[2], units, language))) for row in rows]
    everything = [("", *titles), *(line for _demand, lines in blocks for line in lines)]
    widths = (
        max(_width(label) for label, _a, _b in everything) + 2,
        max(_width(one) for _label, one, _b in everything) + 2,
    )
    yield _columns(("", *titles), widths)
    differing = 0
    for demand, lines in blocks:
        kind = f"{NATURES[demand.nature].in_language(language)} · "
        kind += URGENCIES[demand.urgency].in_language(language)
        arrived = f"{demand.arrived_at:%Y-%m-%d %H:%M}"
        yield ""
        yield f"{demand.number:>2} {demand.title.in_language(language)} · {kind} · {arrived}"
        differing += any(one != other for _label, one, other in lines)
        for line in lines:
            mark = "" if line[1] == line[2] else ("  ≠" if chinese else "  differs")
            yield _columns(line, widths) + mark
    yield ""
    yield (
        f"{len(rows)} 件诉求中 {differing} 件的时限或承办单位不同。"
        if chinese
        else f"{differing} of {len(rows)} demands are timed or routed differently."
    )
    others = _other_differences(here, there)
    if others:
        listed = _listed((_called(here, key, language) for key in others), language)
        yield f"另有不同：{listed}。" if chinese else f"They also differ in: {listed}."


def _lines(
    one: Outcome, other: Outcome, units: Mapping[str, Phrase], language: str
) -> Iterator[tuple[str, str, str]]:
    """Label and what stands under each profile."""

    def unit(outcome: Outcome) -> str:
        listed = [outcome.lead_unit, *outcome.co_units]
        named = (units[code].in_language(language) if code in units else code for code in listed)
        return _listed(named, language)

    yield "承办单位" if language == "zh" else "units", unit(one), unit(other)
    for stage in one.stages:
        a, b = one.stages[stage], other.stages[stage]
        label = STAGES[stage].in_language(language)
        yield label, a.phrase.in_language(language), b.phrase.in_language(language)
        if stage == "handling" and (a.yellow_at or b.yellow_at):
            label = "  变黄" if language == "zh" else "  yellow"
            yield label, _moment(a.yellow_at), _moment(b.yellow_at)


def _called(found: Profile, key: str, language: str) -> str:
    """What a reader calls something a profile has: a table by the name in its file."""
    if key in OTHERS:
        return OTHERS[key].in_language(language)
    if language == "en":
        return key.replace("_", " ")
    return xml.parse(found.tables[key].read_bytes()).get("name") or key


def _listed(items: Iterable[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(items)


def _moment(at: Any) -> str:
    return f"{at.astimezone(CHINA):%m-%d %H:%M}" if at else "—"


def _terms_only(row: tuple[Demand, Outcome, Outcome]) -> tuple[Demand, object, object]:
    demand, one, other = row
    return demand, _outcome_json(one), _outcome_json(other)


def _other_differences(here: Profile, there: Profile) -> list[str]:
    """What else one of the two has of its own: tables, letters, settings, lines."""
    timed = {"time_limits", "traffic_light", "dispatch_catalogue", "calendar"}
    own = (here.own | there.own) - timed
    found = sorted(key for key in own if not _same(here, there, key))
    if here.lines != there.lines:
        found.append("lines")
    return found


def _same(here: Profile, there: Profile, key: str) -> bool:
    if key in here.tables:
        return here.tables[key].read_bytes() == there.tables[key].read_bytes()
    kind, _, name = key.partition(".")
    if kind == "report":
        return bool(getattr(here.report, name) == getattr(there.report, name))
    if kind == "letters":
        return {k.value: v for k, v in here.letters.items()}[name] == {
            k.value: v for k, v in there.letters.items()
        }[name]
    return bool(getattr(here, kind) == getattr(there, kind))


def _row_json(
    here: Profile, there: Profile, demand: Demand, one: Outcome, other: Outcome
) -> dict[str, Any]:
    first, second = _outcome_json(one), _outcome_json(other)
    return {
        "number": demand.number,
        "title": demand.title.zh,
        "title_en": demand.title.en,
        "nature": demand.nature,
        "urgency": demand.urgency,
        "channel": demand.channel,
        "category": demand.category,
        "district": demand.district,
        "arrived_at": demand.arrived_at.isoformat(),
        "outcomes": {here.name: first, there.name: second},
        "differs": first != second,
    }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "lead_unit": outcome.lead_unit,
        "co_units": list(outcome.co_units),
        "stages": {
            stage: {
                "limit": timed.due.limit.to_json(),
                "due_at": timed.due.due_at.astimezone(CHINA).isoformat(),
                "last_day": timed.due.last_day.isoformat(),
                "yellow_at": timed.yellow_at.astimezone(CHINA).isoformat()
                if timed.yellow_at
                else None,
            }
            for stage, timed in outcome.stages.items()
        },
    }


def _brief(found: Profile) -> dict[str, Any]:
    return {
        "name": found.name,
        "title": _both(found.title),
        "level": found.level.value,
        "summary": _both(found.summary),
    }


def _detail(found: Profile) -> dict[str, Any]:
    return {
        "valid_from": found.valid_from.isoformat() if found.valid_from else None,
        "valid_through": found.valid_through.isoformat() if found.valid_through else None,
        "sources": [
            {
                "id": source.id,
                "title": _both(source.title),
                "kind": source.kind.value,
                "dated": source.dated,
                "address": source.address,
            }
            for source in found.sources
        ],
        "gives": [
            {"what": _both(given.what), "source": given.source, "tables": list(given.tables)}
            for given in found.gives
        ],
        "inherits": [_both(phrase) for phrase in found.inherits],
        "lines": [{"number": line.number, "name": _both(line.name)} for line in found.lines],
        "issuer": _both(found.issuer),
        "report": {
            "satisfaction": found.report.satisfaction.value,
            "counts_superior_platform": found.report.counts_superior_platform,
        },
        "own": sorted(found.own),
    }


def _both(phrase: Phrase) -> dict[str, str]:
    return {"zh": phrase.zh, "en": phrase.en}


def _columns(line: tuple[str, str, str], widths: tuple[int, int]) -> str:
    label, one, other = line
    return f"   {_padded(label, widths[0])}{_padded(one, widths[1])}{other}".rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - _width(text))


def _width(text: str) -> int:
    """The columns of a terminal a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _print_json(data: object) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))

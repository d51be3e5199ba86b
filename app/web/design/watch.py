"""Pages that watch processes: the heat map with its figures, the ways of cases, logs.

Who may not look cases up sees figures only, and none of fewer than five cases.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request, url_for

from app import engine
from app.core import clock
from app.core.db import reading
from app.core.errors import NotAllowed, NotFound
from app.core.phrase import Phrase
from app.design import documents, event_log, passages, variants, visits, watching
from app.design.diagram_words import called
from app.design.documents import Document
from app.design.event_log import Format, Wanted
from app.design.models import Kind
from app.design.passages import Passages
from app.design.variants import Distinction, Variant
from app.design.visits import Selection
from app.design.watching import SMALL, Figures, HeatMap
from app.engine.forms import Field, FieldType, Form, Option
from app.identity.models import HandlingUnit
from app.identity.policy import may
from app.web import labels
from app.web.access import permission, reading_session
from app.web.design.running import sessions
from app.web.drawings import drawing
from app.web.forms import Choices, FormView, form_view, number_in
from app.web.language import _, language, say
from app.web.lists import asked_day
from app.web.paging import ROWS, asked_page, page_out_of

LEVELS = 4
"""Shades of the heat map; the number in the badge says the same."""

_LIGHTS = (
    Option("red", Phrase("已超期", "Overdue")),
    Option("yellow", Phrase("将到期", "Due soon")),
    Option("green", Phrase("正常", "In time")),
)

MEASURES: Mapping[str, tuple[Phrase, Callable[[Figures], float]]] = {
    "now": (Phrase("目前在办件数", "Cases there now"), lambda one: one.now),
    "passed": (Phrase("经过次数", "Times passed"), lambda one: one.passed),
    "median": (
        Phrase("中位时长（工作小时）", "Median (working hours)"),
        lambda one: _hours(one.worked.median) if one.worked else 0,
    ),
    "ninetieth": (
        Phrase("九成时长（工作小时）", "90th percentile (working hours)"),
        lambda one: _hours(one.worked.ninetieth) if one.worked else 0,
    ),
    "late": (Phrase("期间超期占比（%）", "Share late (%)"), lambda one: 100 * one.late_share),
    "times": (Phrase("每件平均次数", "Times per case"), lambda one: one.times),
    "again": (
        Phrase("重复办理耗时（工作小时）", "Time done again (working hours)"),
        lambda one: _hours(one.again_worked),
    ),
}
"""What the drawing may be coloured by, and how much of it an element has."""

SORTS: Mapping[str, Callable[[Figures], float]] = {
    **{name: value for name, (_words, value) in MEASURES.items()},
    "called_off": lambda one: one.called_off,
    "natural": lambda one: _hours(one.natural.median) if one.natural else 0,
    "natural_ninetieth": lambda one: _hours(one.natural.ninetieth) if one.natural else 0,
}
"""What the table may be sorted by."""


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process in the list."""

    key: str
    title: str
    version: int
    live: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A heading of the table: a link that sorts by it."""

    address: str
    label: str
    sorted: bool


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One element in the table, in the reader's words."""

    name: str
    address: str
    """Of the cases there now; empty where the reader may not see them."""
    ever: str
    """Of all cases that came there; likewise."""
    cells: Sequence[str]
    hidden: bool


@dataclass(frozen=True, slots=True)
class PassageRow:
    """What is no step of people in the table: how often it was passed, and which way."""

    name: str
    address: str
    """Of its cases; empty where the reader may not see them."""
    cases: str
    passed: str
    ways: Sequence[str]


@dataclass(frozen=True, slots=True)
class Heat:
    """What the drawing shows."""

    address: str
    levels: Mapping[str, int]
    badges: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case that stands at an element."""

    address: str
    number: str
    title: str
    unit: str
    since: datetime


@dataclass(frozen=True, slots=True)
class DistinctionRow:
    """One group of cases in the reader's words."""

    aspect: str
    value: str
    one: Distinction
    share: str
    between: str
    lift: str


def add_to(web: Blueprint) -> None:
    """Put these pages under `/design/watch`."""
    for rule, endpoint, view in (
        ("", "watched", watched),
        ("/<key>", "watch", watch),
        ("/<key>/figures.csv", "watch_figures", watch_figures),
        ("/<key>/diagram.bpmn", "watch_drawing", watch_drawing),
        ("/<key>/cases", "watch_cases", watch_cases),
        ("/<key>/variants", "watch_variants", watch_variants),
        ("/<key>/log", "watch_log", watch_log),
    ):
        web.add_url_rule(f"/design/watch{rule}", endpoint, view)


@permission("design.watch")
def watched() -> str:
    """The processes that can be watched."""
    session = reading_session()
    live = documents.live_by_key(session)
    newest = documents.newest_of(session, Kind.DIAGRAM)
    rows = [
        ProcessRow(key, say(documents.title(one.document, one.content)), one.number,
                   live.get(key, 0))
        for key, one in newest.items()
    ]  # fmt: skip
    return render_template("design/watched.html", rows=rows)


@permission("design.watch")
def watch(key: str) -> str:
    """The heat map of a process."""
    chosen, errors = _chosen(key)
    session, now = reading_session(), clock.now()
    found = watching.heat_map(session, chosen, now, g.actor)
    through = passages.passages(session, chosen, now, g.actor)
    measure = _measure()
    return render_template(
        "design/watch.html",
        **_frame(key, chosen, errors),
        found=found,
        small=SMALL,
        measure=say(MEASURES[measure][0]),
        heat=_heat(key, chosen, found, through, measure),
        heads=_heads(key),
        rows=[_row(key, one) for one in _sorted(found.figures)],
        csv=_here("web.watch_figures", key),
        through=through,
        passages=_passages(key, through),
        never=[
            say(called(through.process, one.element)) for one in through.elements if not one.passed
        ],
    )


@permission("design.watch")
def watch_figures(key: str) -> Response:
    """The same figures as a file."""
    chosen, _errors = _chosen(key)
    found = watching.heat_map(reading_session(), chosen, clock.now(), g.actor)
    lines = [[_("编号"), _("环节"), *(one.label for one in _heads(key))]]
    lines += [[one.element.id, say(one.element.label), *_cells(one)] for one in found.figures]
    return _file(_csv(lines), f"{key}.csv", "text/csv; charset=utf-8")


@permission("design.watch")
def watch_drawing(key: str) -> Response:
    """The drawing of the version that is looked at, by default the newest."""
    session = reading_session()
    number = number_in(request.args.get("version", ""))
    bundle = engine.bundle_of(session, engine.version_id_of(session, key, number))
    return drawing(bundle.diagrams[0])


@permission("design.watch")
def watch_cases(key: str) -> str:
    """The cases that stand at an element, or ever came there, for who may see them."""
    chosen, errors = _chosen(key)
    session = reading_session()
    element_id = request.args.get("element", "")
    known = visits.ground(session, key, chosen.version)
    element = known.process.elements.get(element_id) or known.elements.get(element_id)
    ever = request.args.get("ever") == "1"
    if element_id not in known.elements:
        asked, since_head = passages.cases, _("来电时间")
    elif ever:
        asked, since_head = partial(watching.cases, ever=True), _("首次到达")
    else:
        asked, since_head = watching.cases, _("何时起")
    found, total = asked(
        session, chosen, element_id, clock.now(), g.actor, page=asked_page(), size=ROWS
    )
    rows = [
        CaseRow(
            url_for("web.case", demand_id=demand.id),
            order.number if order is not None else demand.number,
            demand.title,
            _unit(order.lead_unit_id if order is not None else None),
            since,
        )
        for demand, order, since in found
    ]
    return render_template(
        "design/watch_cases.html",
        **_frame(key, chosen, errors),
        element=say(called(known.process, element)) if element is not None else element_id,
        since_head=since_head,
        page=page_out_of(rows, total),
    )


@permission("design.watch")
def watch_variants(key: str) -> str:
    """The ways cases take, what is done again, and what late cases have in common."""
    chosen, errors = _chosen(key)
    session, now = reading_session(), clock.now()
    found = watching.heat_map(session, chosen, now, g.actor)
    city = labels.City(session)
    return render_template(
        "design/watch_variants.html",
        **_frame(key, chosen, errors),
        ways=variants.ways(session, chosen, now, g.actor),
        again=sorted(
            (one for one in found.figures if one.again and not one.hidden),
            key=lambda one: -one.again_worked,
        ),
        distinctions=[
            _distinction(one, city) for one in variants.distinctions(session, chosen, now)[:40]
        ],
        path_of=_path,
        hours=_shown,
        small=SMALL,
    )


@permission("design.watch")
def watch_log(key: str) -> Response:
    """The log of the chosen cases, written while it is read."""
    chosen, _errors = _chosen(key)
    asked = request.args.get("format", "")
    if asked not in set(Format):
        raise NotFound(Phrase("没有这种日志格式。", "There is no such form of log."))
    form = Format(asked)
    people = request.args.get("people") == "1"
    if people and not may(g.actor, "design.watch_people"):
        raise NotAllowed(
            Phrase(
                "您没有导出人员代号的权限，请不勾选后再导出。",
                "You may not have pseudonyms of people in a log: leave that unticked.",
            )
        )
    secret = str(current_app.secret_key).encode() if people else b""
    wanted = Wanted(chosen, form, language(), secret)
    visits.ground(reading_session(), key, chosen.version)  # refuses before the file begins
    opened, now = sessions(), clock.now()

    def pieces() -> Iterator[bytes]:
        with reading(opened) as session:
            yield from event_log.written(session, wanted, now)

    kinds = {
        Format.XES: "application/xml",
        Format.OCEL: "application/json",
        Format.CSV: "text/csv; charset=utf-8",
    }
    return _file(pieces(), f"{key}.{form.value}", kinds[form])


def _frame(key: str, chosen: Selection, errors: Mapping[str, str]) -> dict[str, object]:
    """What every page of a process needs."""
    session = reading_session()
    what = Document(Kind.DIAGRAM, key)
    newest = documents.newest(session, what)
    return {
        "key": key,
        "title": say(documents.title(what, newest.content if newest is not None else "")),
        "version": chosen.version,
        "filters": _filters(key, errors),
        "map_address": _here("web.watch", key),
        "variants_address": _here("web.watch_variants", key),
        "logs": [(one.name, _here("web.watch_log", key, format=one.value)) for one in Format],
        "may_have_people": may(g.actor, "design.watch_people"),
        "people_logs": [
            (one.name, _here("web.watch_log", key, format=one.value, people="1"))
            for one in Format
        ],
        "sees_cases": watching.sees_cases(g.actor),
    }  # fmt: skip


def _chosen(key: str) -> tuple[Selection, dict[str, str]]:
    """The selection in the address, and what is wrong with its dates."""
    asked = request.args
    first, last = asked_day(asked.get("arrived_from", "")), asked_day(asked.get("arrived_to", ""))
    errors = {
        name: _("请按 年-月-日 填写日期，如 2026-01-31。")
        for name, day in (("arrived_from", first), ("arrived_to", last))
        if day is None and asked.get(name, "").strip()
    }
    light = asked.get("light", "")
    return (
        Selection(
            key,
            number_in(asked.get("version", "")),
            first,
            last + timedelta(days=1) if last is not None else None,
            number_in(asked.get("unit", "")),
            asked.get("category", ""),
            light if light in {one.value for one in _LIGHTS} else "",
        ),
        errors,
    )


def _filters(key: str, errors: Mapping[str, str]) -> FormView:
    session = reading_session()
    city = labels.City(session)
    numbers = documents.numbers(session, Document(Kind.DIAGRAM, key))
    versions = tuple(
        Option(str(one), Phrase(f"第 {one} 版", f"Version {one}")) for one, _at in numbers
    )
    measures = tuple(Option(name, words) for name, (words, _value) in MEASURES.items())
    form = Form(
        (
            Field("measure", FieldType.CHOICE, Phrase("着色", "Coloured by"), options=measures),
            Field("version", FieldType.CHOICE, Phrase("版本", "Version"), options=versions),
            Field("arrived_from", FieldType.DATE, Phrase("来电日期（起）", "Arrived from")),
            Field("arrived_to", FieldType.DATE, Phrase("来电日期（止）", "Arrived until")),
            Field("unit", FieldType.UNIT, Phrase("承办单位", "Unit")),
            Field("category", FieldType.CATEGORY, Phrase("诉求类别", "Category")),
            Field("light", FieldType.CHOICE, Phrase("时限状态", "Time limit"), options=_LIGHTS),
        )
    )
    choices: dict[str, Choices] = {
        FieldType.CATEGORY: city.categories(),
        FieldType.UNIT: city.units(),
    }
    return form_view(
        form,
        g.actor.roles,
        typed=request.args | {"measure": _measure()},
        errors=errors,
        choices=choices,
        blank=_("全部"),
    )


def _measure() -> str:
    asked = request.args.get("measure", "")
    return asked if asked in MEASURES else "median"


def _heat(key: str, chosen: Selection, found: HeatMap, through: Passages, measure: str) -> Heat:
    """Shades by the share of the greatest; nothing where there is nothing to tell."""
    value = MEASURES[measure][1]
    told = {} if found.hidden else {
        one.element.id: value(one) for one in found.figures if not one.hidden and value(one) > 0
    }  # fmt: skip
    if measure == "passed" and not found.hidden:
        told |= {
            one.element.id: one.passed
            for one in through.elements
            if one.passed and not one.hidden and one.element.kind != "subProcess"
        }  # what is inside a sub-process is coloured itself
    most = max(told.values(), default=1)
    number: dict[str, Any] = {} if chosen.version is None else {"version": str(chosen.version)}
    return Heat(
        url_for("web.watch_drawing", key=key, **number),
        {one: min(LEVELS, 1 + int(LEVELS * amount / most)) for one, amount in told.items()},
        {one: _amount(measure, amount) for one, amount in told.items()},
    )


def _amount(measure: str, amount: float) -> str:
    if measure in {"now", "passed"}:
        return str(int(amount))
    return f"{amount:.0f}%" if measure == "late" else f"{amount:.1f}"


def _sorted(figures: Sequence[Figures]) -> Sequence[Figures]:
    by = SORTS.get(request.args.get("sort", ""))
    return figures if by is None else sorted(figures, key=lambda one: (one.hidden, -by(one)))


def _heads(key: str) -> list[Cell]:
    sort = request.args.get("sort", "")
    return [
        Cell(_here("web.watch", key, sort=name), label, sort == name)
        for name, label in (
            ("now", _("目前在办")),
            ("passed", _("经过")),
            ("called_off", _("取消")),
            ("median", _("中位（工作小时）")),
            ("ninetieth", _("九成（工作小时）")),
            ("natural", _("中位（自然小时）")),
            ("natural_ninetieth", _("九成（自然小时）")),
            ("late", _("期间超期")),
            ("times", _("每件次数")),
            ("again", _("重复耗时（工作小时）")),
        )
    ]


def _row(key: str, one: Figures) -> FigureRow:
    sees = watching.sees_cases(g.actor)
    return FigureRow(
        say(one.element.label),
        _here("web.watch_cases", key, element=one.element.id) if sees and one.now else "",
        _here("web.watch_cases", key, element=one.element.id, ever="1")
        if sees and one.cases
        else "",
        _cells(one),
        one.hidden,
    )


def _passages(key: str, through: Passages) -> list[PassageRow]:
    sees = watching.sees_cases(g.actor)
    rows = []
    for one in through.elements:
        if not one.passed:
            continue
        ways = [
            _("%(way)s：%(count)s（%(share)s）", way=_way(through, way), count=way.count,
              share=f"{100 * way.share:.0f}%")
            for way in one.ways
        ]  # fmt: skip
        address = _here("web.watch_cases", key, element=one.element.id)
        rows.append(
            PassageRow(
                say(called(through.process, one.element)),
                address if sees and one.cases else "",
                "—" if one.hidden else str(one.cases),
                "—" if one.hidden else str(one.passed),
                () if one.hidden else ways,
            )
        )
    return rows


def _way(through: Passages, way: passages.Way) -> str:
    """What a way is called; without a name, where it leads."""
    name = say(Phrase(way.flow.name, way.flow.name_en or way.flow.name)).strip()
    return name or f"→ {say(called(through.process, way.target))}"


def _cells(one: Figures) -> list[str]:
    if one.hidden:
        return ["—"] * 10
    worked, natural = one.worked, one.natural
    return [
        str(one.now),
        str(one.passed),
        str(one.called_off),
        _shown(worked.median) if worked else "—",
        _shown(worked.ninetieth) if worked else "—",
        _shown(natural.median) if natural else "—",
        _shown(natural.ninetieth) if natural else "—",
        f"{100 * one.late_share:.0f}%",
        f"{one.times:.2f}",
        _shown(one.again_worked),
    ]


def _distinction(one: Distinction, city: labels.City) -> DistinctionRow:
    aspects = {
        "category": _("诉求类别"),
        "unit": _("承办单位"),
        "urgency": _("紧急程度"),
        "channel": _("受理渠道"),
        "nature": _("诉求性质"),
        "district": _("属地"),
        "returned": _("曾被退单"),
        "part_of_day": _("来电时段"),
        "weekday": _("来电星期"),
    }
    low, high = one.interval
    return DistinctionRow(
        aspects[one.aspect],
        _value(one, city),
        one,
        f"{100 * one.share:.0f}%",
        f"{100 * low:.0f}%–{100 * high:.0f}%",
        f"{one.lift:.2f}",
    )


def _value(one: Distinction, city: labels.City) -> str:
    match one.aspect:
        case "category":
            return city.category_alone(one.value)
        case "district":
            return city.district(one.value)
        case "unit":
            return _unit(int(one.value) if one.value else None)
        case "returned":
            return _("是") if one.value == "yes" else _("否")
        case "weekday":
            return _("周一 周二 周三 周四 周五 周六 周日").split(" ")[int(one.value) - 1]
        case "part_of_day":
            return {
                "night": _("0–6时"),
                "early": _("6–9时"),
                "forenoon": _("9–12时"),
                "noon": _("12–14时"),
                "afternoon": _("14–18时"),
                "evening": _("18–24时"),
            }[one.value]
        case _:
            return _option(one.aspect, one.value)


def _option(field: str, value: str) -> str:
    """A channel or nature as the form of registering calls it."""
    session = reading_session()
    for element in visits.ground(session, "work_order").steps.values():
        for one in element.form.fields if element.form is not None else ():
            if one.name == field:
                return next((say(o.label) for o in one.options if o.value == value), value)
    return value


def _path(one: Variant) -> list[str]:
    return [say(element.label) for element in one.path]


def _unit(unit_id: int | None) -> str:
    unit = None if unit_id is None else reading_session().get(HandlingUnit, unit_id)
    return "—" if unit is None else unit.name_in(language())


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


def _shown(span: timedelta) -> str:
    return f"{_hours(span):.1f}"


def _here(endpoint: str, key: str, **added: str) -> str:
    """Another page with the same selection."""
    kept: dict[str, Any] = {
        name: value for name, value in request.args.items() if name in _KEPT and value
    }
    return url_for(endpoint, key=key, **{**kept, **added})


_KEPT = frozenset({"measure", "version", "arrived_from", "arrived_to", "unit", "category", "light"})


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode("utf-8-sig")


def _file(content: bytes | Iterator[bytes], name: str, kind: str) -> Response:
    return Response(
        content,
        content_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )

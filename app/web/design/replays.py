"""Replays of real cases: asking for one, how far it is, and what would have come of a change."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases.clocks import NAMES
from app.cases.models.demand import Demand
from app.cases.story import COMMANDS
from app.core import clock
from app.core.clock import CHINA
from app.core.errors import NotAllowed
from app.core.phrase import Phrase
from app.design import changes, documents, trying
from app.design.documents import Document
from app.design.models import Kind
from app.design.naming import RUNGS
from app.design.replay import asking as replays
from app.design.replay.models import DesignReplay, ReplayStatus
from app.identity.models import HandlingUnit
from app.identity.policy import ROLE_NAMES, Role, may
from app.web.access import acting, permission, reading_session
from app.web.forms import number_in
from app.web.language import _, say

MONTHS = (1, 3, 6, 12)
SHOWN = 100
"""Lines of a list on the page; the file has them all."""

_LISTS = ("moved", "appeared", "gone", "gained", "lost", "shifted")
_TOLD = ("undecided", "adapted", "impossible")


@dataclass(frozen=True, slots=True)
class Bar:
    """A line with a bar: what, how many, and the share of the longest in percent."""

    label: str
    count: int
    width: int


@dataclass(frozen=True, slots=True)
class CaseLine:
    """Something that became of a case, and where the case is."""

    number: str
    demand_id: int | None
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LoadRow:
    """How many steps opened for a unit or a role, before and after, and its busiest day."""

    whose: str
    before: int
    after: int
    days: Sequence[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class ReplayRow:
    """One replay of the list."""

    replay: DesignReplay
    status: str
    colour: str
    change: str


@permission("design.see")
def design_replays() -> str:
    """The replays there were, and asking for one."""
    session = reading_session()
    change_id = number_in(request.args.get("change", ""))
    change = changes.change(session, change_id) if change_id is not None else None
    rows = [
        ReplayRow(
            one,
            *_status(one),
            changes.change(session, one.change_id).title if one.change_id is not None else "",
        )
        for one in replays.replays(session, change_id)
    ]
    return render_template(
        "design/replays.html",
        rows=rows,
        change=change,
        months=MONTHS,
        may_ask=may(g.actor, "design.edit"),
    )


@permission("design.edit")
def ask_for_replay() -> Response:
    """A replay is asked for; the ticker does it."""
    months = number_in(request.form.get("months", "")) or MONTHS[0]
    change_id = number_in(request.form.get("change", ""))
    since = clock.now() - timedelta(days=31 * min(months, MONTHS[-1]))
    with acting() as uow:
        made = replays.ask(uow, since, change_id).id
    flash(_("已开始回放，在后台运行。"), "done")
    return redirect(url_for("web.design_replay", replay_id=made))


@permission("design.edit")
def cancel_replay(replay_id: int) -> Response:
    """A replay is not wanted any more."""
    with acting() as uow:
        replays.cancel(uow, replay_id)
    flash(_("回放已取消。"), "done")
    return redirect(url_for("web.design_replay", replay_id=replay_id))


@permission("design.see")
def design_replay(replay_id: int) -> str:
    """What came of a replay: figures for designers; cases only for who may see them anyway."""
    session = reading_session()
    found = replays.replay(session, replay_id)
    figures: dict[str, Any] = orjson.loads(found.result) if found.result else {}
    sees_cases = may(g.actor, "order.see")
    change = changes.change(session, found.change_id) if found.change_id is not None else None
    status, colour = _status(found)
    return render_template(
        "design/replayed.html",
        replay=found,
        change=change,
        status=status,
        colour=colour,
        **_progress(session, found),
        figures=figures,
        histogram=_histogram(figures),
        clocks=_bars(_clock_names(figures.get("clocks", {}))),
        escalations=[
            (_list_name(name), _bars(_escalation_names(figures.get(f"{name}_what", {}))))
            for name in ("gained", "lost", "shifted")
        ],
        told=[(_told_name(one), _bars(figures.get(f"{one}_what", {}))) for one in _TOLD],
        ways=_ways(session, found, figures),
        load=_load(session, figures),
        lists=_lists(session, replay_id) if figures and sees_cases else (),
        sees_cases=sees_cases,
        may_cancel=may(g.actor, "design.edit"),
    )


@permission("design.see")
def replay_progress(replay_id: int) -> str:
    """How far a replay has come, for the box on its page."""
    session = reading_session()
    found = replays.replay(session, replay_id)
    return render_template("design/replay_progress.html", replay=found, **_progress(session, found))


def _progress(session: Session, found: DesignReplay) -> dict[str, Any]:
    done, total = replays.progress(session, found.id)
    return {"running": found.status == ReplayStatus.RUNNING, "done": done, "total": total}


def figures_of(session: Session, replay_id: int) -> dict[str, Any]:
    """The figures of a replay for another page, with the instants it was about."""
    found = replays.replay(session, replay_id)
    return {"replay": found, "figures": orjson.loads(found.result) if found.result else {}}


@permission("order.see")
def replay_file(replay_id: int) -> Response:
    """Every line as CSV, for who may see the cases."""
    if not may(g.actor, "design.see"):
        raise NotAllowed(Phrase("您不能查看流程设计。", "You may not see the workshop."))
    session = reading_session()
    replays.replay(session, replay_id)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["list", "number", "what", "before", "after"])
    for result in replays.results(session, replay_id):
        for name in _LISTS:
            writer.writerows([name, *_cells(line)] for line in result[name])
        for name in _TOLD:
            writer.writerows([name, number, what, how, ""] for number, what, how in result[name])
    answer = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename=replay_{replay_id}.csv"
    return answer


def _status(found: DesignReplay) -> tuple[str, str]:
    match found.status:
        case ReplayStatus.RUNNING:
            return _("运行中"), "yellow"
        case ReplayStatus.DONE:
            return _("已完成"), "green"
        case _:
            return _("已取消"), "grey"


def _told_name(name: str) -> str:
    match name:
        case "undecided":
            return _("未定：当时没有人办理，按假设补办")
        case "adapted":
            return _("改办：按新流程调整后办理")
        case _:
            return _("无法办理")


def _list_name(name: str) -> str:
    match name:
        case "moved":
            return _("移动的期限")
        case "appeared":
            return _("新增的期限")
        case "gone":
            return _("消失的期限")
        case "gained":
            return _("新增的升级")
        case "lost":
            return _("消失的升级")
        case _:
            return _("时刻改变的升级")


def _bars(counts: Mapping[str, int], most: int = 30) -> list[Bar]:
    longest = max(counts.values(), default=1)
    return [Bar(name, count, 100 * count // longest) for name, count in [*counts.items()][:most]]


def _clock_names(counts: Mapping[str, int]) -> dict[str, int]:
    return {say(NAMES.get(name, Phrase(name, name))): count for name, count in counts.items()}


def _escalation_names(counts: Mapping[str, int]) -> dict[str, int]:
    return {
        _escalation_name(*kind_and_what.split("/", 1)): count
        for kind_and_what, count in counts.items()
    }


def _escalation_name(kind: str, what: str) -> str:
    """A light of a clock, a mark in the history, or the cause of a supervision, in words."""
    if kind == "light":
        _procedure, clock_name, rung = what.split("/")
        light = RUNGS.get(rung, Phrase(rung, rung))
        limit = NAMES.get(clock_name, Phrase(clock_name, clock_name))
        return say(Phrase(f"{limit.zh}{light.zh}", f"{limit.en}: {light.en}"))
    if kind == "mark":
        return say(COMMANDS.get(what, Phrase(what, what)))
    trigger, rung = what.split("/")
    return _("督办：%(why)s（%(rung)s）", why=_cause(trigger), rung=rung)


def _cause(trigger: str) -> str:
    """Why an order is supervised."""
    names = {
        "buck_passing": _("推诿"),
        "repeat_complaint": _("重复投诉"),
        "due_but_undone": _("到期未办"),
        "callback_dissatisfied": _("回访不满意"),
        "district_dissatisfied": _("属地不满意"),
        "recheck_dissatisfied": _("复核不满意"),
        "leader_or_media": _("领导或媒体关注"),
        "overdue": _("超期"),
        "still_dissatisfied": _("重办后仍不满意"),
        "reminders_ignored": _("多次催办无回应"),
        "poor_reply": _("答复质量差"),
        "no_progress": _("长期无进展"),
        "hot_topic": _("热点问题"),
        "selected": _("检查员选定"),
    }
    return names.get(trigger, trigger)


def _histogram(figures: Mapping[str, Any]) -> list[Bar]:
    days: list[tuple[int, int]] = figures.get("histogram", [])
    return _bars({_("%(days)s 个工作日", days=f"{day:+d}"): count for day, count in days}, 60)


def _load(session: Session, figures: Mapping[str, Any]) -> list[LoadRow]:
    """The units and roles whose work changed most, first."""
    named = _unit_names(session)
    rows = []
    for whose, days in figures.get("load", {}).items():
        listed = [(day, before, after) for day, (before, after) in days.items()]
        rows.append(
            LoadRow(
                named.get(whose) or say(ROLE_NAMES[Role(whose)]),
                sum(before for _day, before, _after in listed),
                sum(after for _day, _before, after in listed),
                [one for one in listed if one[1] != one[2]][:SHOWN],
            )
        )
    return sorted(rows, key=lambda row: (-abs(row.after - row.before), -row.before, row.whose))


def _ways(
    session: Session, found: DesignReplay, figures: Mapping[str, Any]
) -> list[tuple[str, int, int, list[str]]]:
    """Each process: its name, how much of it was passed, of how much, and what no case passed."""
    texts = trying.processes(session, trying.texts_of(session, found.change_id)) if figures else {}
    return [
        (
            say(documents.title(Document(Kind.DIAGRAM, way["process"]), texts[way["process"]]))
            if way["process"] in texts
            else way["process"],
            way["passed"],
            way["total"],
            [f"{say(Phrase(zh, en))} ({name})" for name, zh, en in way["never"]],
        )
        for way in figures.get("ways", [])
    ]


def _unit_names(session: Session) -> dict[str, str]:
    """The names of the units, by id as figures have it."""
    found = {"0": "—"}
    for unit in session.scalars(select(HandlingUnit)):
        found[str(unit.id)] = say(Phrase(unit.name_zh, unit.name_en))
    return found


def _lists(session: Session, replay_id: int) -> list[tuple[str, int, list[CaseLine]]]:
    """Each list by its name: how long it is, and its first lines."""
    results = replays.results(session, replay_id)
    found = []
    for name in _LISTS:
        lines = [line for result in results for line in result[name]]
        shown = list(_lines(session, lines[:SHOWN]))
        found.append((_list_name(name), len(lines), shown))
    return found


def _lines(session: Session, lines: Sequence[Mapping[str, Any]]) -> Iterator[CaseLine]:
    numbers = {line["number"] for line in lines}
    rows = session.execute(select(Demand.number, Demand.id).where(Demand.number.in_(numbers)))
    ids = {number: demand_id for number, demand_id in rows}  # noqa: C416 - rows, no pairs
    for line in lines:
        number, what, before, after = _cells(line)
        yield CaseLine(number, ids.get(number), what, before, after)


def _cells(line: Mapping[str, Any]) -> tuple[str, str, str, str]:
    if "clock" in line:
        name = say(NAMES.get(line["clock"], Phrase(line["clock"], line["clock"])))
        return line["number"], name, _moment(line["before"]), _moment(line["after"])
    what = _escalation_name(line["kind"], line["what"])
    if "at" in line:
        return line["number"], what, _moment(line["at"]), ""
    return line["number"], what, _moment(line["before"]), _moment(line["after"])


def _moment(written: str | None) -> str:
    if written is None:
        return ""
    return f"{datetime.fromisoformat(written).astimezone(CHINA):%Y-%m-%d %H:%M}"

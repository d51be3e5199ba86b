"""Trying a process: its scenarios, what came of them, what they pass of the diagram, and each of
them shown step by step.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson
from flask import g, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core import clock
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.design import changes, drafts, scenarios, trying
from app.design.coverage import Coverage
from app.design.models import Status
from app.design.scenarios import Result, Scenario
from app.design.trying import Report
from app.identity.policy import may
from app.web.access import permission, reading_session
from app.web.design.adopting import offer
from app.web.design.answering import as_json, refusals_as_json
from app.web.design.running import Diagrams, lines, processes_in, sessions
from app.web.forms import number_in
from app.web.language import _, say


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario, and what came of it where it was run."""

    process: str
    number: int
    name: str
    steps: int
    colour: str = "grey"
    words: str = ""
    difference: str = ""


@dataclass(frozen=True, slots=True)
class CoverageView:
    """What scenarios pass of one diagram, ready to be drawn and listed."""

    process: str
    title: str
    address: str
    passed: Sequence[str]
    never: Sequence[str]
    counts: str
    """JSON: how often each element was passed, to stand beside it."""
    rows: Sequence[tuple[str, str, int]]
    """Id, name and count of each element, those never passed first."""
    flows: Sequence[tuple[str, str, int]]
    percent: int
    summary: str


@dataclass(frozen=True, slots=True)
class TrialView:
    """What came of running scenarios."""

    rows: Sequence[ScenarioRow]
    unreadable: Sequence[tuple[str, str]]
    coverage: Sequence[CoverageView]
    ok: bool
    summary: str


@permission("design.see")
def trials(key: str) -> str:
    """The scenarios of a process; run where that is asked for."""
    change_id = _change_id()
    diagrams = _diagrams(change_id, key)
    view = _run(key, change_id, diagrams) if request.args.get("run") else None
    session = reading_session()
    document = _stories(session, change_id).get(key, scenarios.Document((), {}))
    return render_template(
        "design/trials.html",
        key=key,
        title=diagrams.title(key),
        change=changes.change(session, change_id) if change_id is not None else None,
        rows=_rows(key, document.scenarios) if view is None else view.rows,
        trial=view,
        may_edit=may(g.actor, "design.edit"),
    )


@permission("design.see")
def trial_of_change(change_id: int) -> str:
    """What came of the scenarios that a change may touch: a part of its page.

    Somebody may have the page open already: the same is not run twice at once.
    """
    changes.change(reading_session(), change_id)
    diagrams = Diagrams(reading_session(), change_id)
    only = trying.concerned(reading_session(), change_id)
    if trying.under_way(reading_session(), change_id, only=only):
        return render_template("design/trial_waits.html", change_id=change_id)
    report = trying.run_all(sessions(), clock.now(), change_id, only=only)
    return render_template(
        "design/trial_results.html",
        trial=_view(report, diagrams, drawn=False),
        change_id=change_id,
    )


@permission("design.see")
@refusals_as_json
def trial_of_draft(draft_id: int) -> Response:
    """What came of the scenarios that show at once what a draft does, as the editors ask for it
    after a save; all that a change may touch are run before it is proposed.
    """
    draft = drafts.draft(reading_session(), draft_id)
    diagrams = Diagrams(reading_session(), draft.change_id)
    only = trying.at_once(reading_session(), draft)
    report = trying.run_all(sessions(), clock.now(), draft.change_id, only=only)
    view = _view(report, diagrams, drawn=False)
    wrong = [
        {
            "name": one.name,
            "text": one.difference,
            "address": url_for(
                "web.replay", key=one.process, number=one.number, change=draft.change_id
            ),
        }
        for one in view.rows
        if one.difference
    ]
    unreadable = [{"name": name, "text": why, "address": ""} for name, why in view.unreadable]
    return as_json(
        {
            "run": len(view.rows),
            "failed": [*wrong, *unreadable],
            "address": _more(only, draft.change_id),
        }
    )


@permission("design.see")
def replay(key: str, number: int) -> str:
    """One scenario, run now and shown step by step."""
    change_id = _change_id()
    session = reading_session()
    found = _stories(session, change_id)
    diagrams = _diagrams(change_id, key)
    document = found.get(key)
    if document is None or not 1 <= number <= len(document.scenarios):
        raise NotFound(Phrase("没有这个情景。", "There is no such scenario."))
    open_ = trying.opener(sessions(), clock.now(), trying.texts_of(session, change_id))
    scenario = document.scenarios[number - 1]
    usual = trying.usual_answers(found)
    result = scenarios.run(key, scenario, usual, open_)
    offered = None
    if not result.ok and change_id is not None and _may_adopt(change_id):
        offered = offer(scenario, usual, open_)
    passed = processes_in(result.trace)
    shown = request.args.get("show", key)
    if shown not in diagrams:
        raise NotFound(Phrase("没有这个流程。", "There is no such process."))
    steps = lines(result.trace, diagrams, shown)
    return render_template(
        "design/replay.html",
        key=key,
        number=number,
        count=len(document.scenarios),
        change_id=change_id,
        title=diagrams.title(key),
        name=say(scenario.name),
        row=_row(key, number, scenario, result),
        offered=offered,
        steps=steps,
        marks=orjson.dumps([one.marks for one in steps]).decode(),
        shown=shown,
        address=diagrams.address(shown),
        processes=[(one, diagrams.title(one)) for one in dict.fromkeys([key, *passed])],
    )


def _more(only: Collection[str], change_id: int) -> str:
    """Where more is told: on the page of the one process, else on that of the change."""
    if len(only) > 1:
        return url_for("web.design_change", change_id=change_id, _anchor="trial")
    return url_for("web.trials", key=next(iter(only)), change=change_id)


def _may_adopt(change_id: int) -> bool:
    change = changes.change(reading_session(), change_id)
    return change.status == Status.OPEN and may(g.actor, "design.edit")


def _run(key: str, change_id: int | None, diagrams: Diagrams) -> TrialView:
    report = trying.run_all(sessions(), clock.now(), change_id, only={key})
    return _view(report, diagrams, drawn=True)


def _view(report: Report, diagrams: Diagrams, *, drawn: bool) -> TrialView:
    numbers: dict[str, int] = {}
    rows = []
    for one in report.results:
        numbers[one.process] = number = numbers.get(one.process, 0) + 1
        rows.append(_row(one.process, number, one.scenario, one))
    failed = sum(1 for one in report.results if not one.ok) + len(report.unreadable)
    covered = [_coverage(one, diagrams, drawn=drawn) for one in report.coverage.values()]
    summary = _(
        "共 %(all)s 个情景，%(failed)s 个与预期不符，用时 %(seconds)s 秒。",
        all=len(report.results),
        failed=failed,
        seconds=f"{report.seconds:.1f}",
    )
    unreadable = [(diagrams.title(key), say(why)) for key, why in report.unreadable.items()]
    return TrialView(rows, unreadable, covered, report.ok, summary)


def _rows(key: str, found: Sequence[Scenario]) -> list[ScenarioRow]:
    return [
        ScenarioRow(key, number, say(one.name), len(one.story))
        for number, one in enumerate(found, 1)
    ]


def _row(key: str, number: int, scenario: Scenario, result: Result) -> ScenarioRow:
    place = _("第 %(step)s 步：", step=result.step) if result.step else _("结束时：")
    return ScenarioRow(
        key,
        number,
        say(scenario.name),
        len(scenario.story),
        "green" if result.ok else "red",
        _("符合预期") if result.ok else _("与预期不符"),
        "" if result.difference is None else place + say(result.difference),
    )


def _coverage(found: Coverage, diagrams: Diagrams, *, drawn: bool) -> CoverageView:
    key = found.process
    elements = [(one, diagrams.name(key, one), count) for one, count in found.elements.items()]
    flows = diagrams.diagram(key).processes[key].flows
    named = [
        (
            one,
            f"{diagrams.name(key, flows[one].source)} → {diagrams.name(key, flows[one].target)}",
            count,
        )
        for one, count in found.flows.items()
    ]
    together = {**found.elements, **found.flows}
    return CoverageView(
        key,
        diagrams.title(key),
        diagrams.address(key) if drawn else "",
        [one for one, count in together.items() if count],
        found.never,
        orjson.dumps(dict(found.elements)).decode(),
        sorted(elements, key=lambda one: one[2] > 0),
        sorted(named, key=lambda one: one[2] > 0),
        found.percent,
        _(
            "经过 %(passed)s / %(total)s 个元素和连线",
            passed=found.passed,
            total=found.total,
        ),
    )


def _change_id() -> int | None:
    return number_in(request.args.get("change", ""))


def _diagrams(change_id: int | None, key: str) -> Diagrams:
    if change_id is not None:
        changes.change(reading_session(), change_id)
    diagrams = Diagrams(reading_session(), change_id)
    if key not in diagrams:
        raise NotFound(Phrase("没有这个流程。", "There is no such process."))
    return diagrams


def _stories(session: Session, change_id: int | None) -> dict[str, scenarios.Document]:
    return trying.stories(session, trying.texts_of(session, change_id))[0]

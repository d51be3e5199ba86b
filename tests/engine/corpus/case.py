"""What a case of the corpus is, how it is played, and what is compared."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import yaml

from app.cases.expressions import compile_expression
from app.engine.checker import check
from app.engine.content_checks import ServiceDeclaration, Surroundings
from app.engine.diagram import Diagram, read_diagram
from app.engine.findings import Severity
from app.engine.kernel import Instance
from app.engine.memory import StepFailed, Trial, What
from app.engine.ports import WorkingTime
from app.engine.steps_script import read_script
from tests.engine.corpus.notation import to_xml

SHOWN = {
    "serviceTask": What.LEFT,
    "businessRuleTask": What.LEFT,
    "sendTask": What.LEFT,
    "intermediateThrowEvent": What.ENTERED,
    "endEvent": What.ENTERED,
    "boundaryEvent": What.ENTERED,
}
"""Kinds of elements listed behind `>`: what happens by itself, and which line tells it. (An end
event that throws an error is cancelled by it, together with its sub-process.)
"""


@dataclass(frozen=True)
class Runs:
    """A diagram that must be accepted and run as `play` says, worked out from the standard.

    A line of `play` is: an action, `|`, all elements that wait afterwards (or `done`), then
    optionally `>` and every automatic element passed in this step, `^` and what was thrown out,
    `=` and data that must be there. `!` instead of the elements: the action must be refused.
    Actions: start {data}; an element id {data}, with #2 for the second instance; msg or sig NAME
    {data}, msg NAME @element; wait DURATION; fire ELEMENT; answer {…}.
    """

    name: str
    diagram: str
    play: str
    answers: Mapping[str, object] = field(default_factory=dict)
    begin: str | None = None
    warnings: tuple[str, ...] = ()
    topic: str = ""


@dataclass(frozen=True)
class Refused:
    """A diagram that must be refused with this code at this element, and no other error."""

    name: str
    diagram: str
    code: str
    at: str
    language: str | None = None
    services: Mapping[str, ServiceDeclaration] | None = None
    decisions: tuple[str, ...] | None = None
    edit: tuple[str, str] | None = None
    topic: str = ""


Case = Runs | Refused


class Verdict(StrEnum):
    """How a case ended: as expected, or how not."""

    RIGHT = "right"
    REFUSED = "refused"
    WRONGLY_REFUSED = "wrongly refused"
    WRONGLY_ACCEPTED = "wrongly accepted"
    WRONG = "silently wrong"
    FAILED = "failed loudly"


def due(ask: WorkingTime, at: datetime) -> datetime:
    """Every day works here; a working day has 24 hours."""
    return at + timedelta(**{"days" if ask.unit == "working_day" else "hours": ask.amount})


def diagram_of(case: Case) -> Diagram:
    source = to_xml(case.diagram, language=getattr(case, "language", None))
    edit = getattr(case, "edit", None)
    if edit is not None:
        assert edit[0].encode() in source, f"{case.name}: nothing to edit"
        source = source.replace(edit[0].encode(), edit[1].encode())
    return read_diagram(source, "case.bpmn")


def play(case: Case, *, reload: bool = False) -> tuple[Verdict, str]:
    """Play one case: how it ended and, if not as expected, where it differs.

    `reload` saves the state after every step and goes on with what is loaded from it.
    """
    diagram = diagram_of(case)
    around = Surroundings(
        compile_expression=compile_expression,
        services=getattr(case, "services", None),
        decisions=getattr(case, "decisions", None),
    )
    findings = check([diagram], around)
    errors = {(f.code, f.element_id) for f in findings if f.severity is Severity.ERROR}
    if isinstance(case, Refused):
        if errors == {(case.code, case.at)}:
            return Verdict.REFUSED, ""
        verdict = Verdict.WRONGLY_REFUSED if errors else Verdict.WRONGLY_ACCEPTED
        return verdict, f"expected {case.code} at {case.at}, found {sorted(errors)}"
    if errors:
        return Verdict.WRONGLY_REFUSED, str(sorted(errors))
    warned = {f.code for f in findings}
    if missing := set(case.warnings) - warned:
        return Verdict.WRONGLY_ACCEPTED, f"missing warnings {missing}"
    return run(case, diagram, reload=reload)


def run(case: Runs, diagram: Diagram, *, reload: bool = False) -> tuple[Verdict, str]:
    """Play `case` on a diagram that was accepted; how it ended and where it differs."""
    rows = [line.strip() for line in case.play.strip().splitlines() if line.strip()]
    steps = []
    data: dict[str, object] = {}
    first = rows[0].partition("|")[0].strip()
    starts_itself = first.startswith("start")
    if starts_itself:
        data = _data(first)
    for row in rows[1:] if starts_itself else rows:
        steps.append(_step(row.partition("|")[0].strip()))
    script = read_script(
        yaml.safe_dump(
            {
                "data": data,
                "answers": dict(case.answers),
                "steps": steps,
                **({"begin": case.begin} if case.begin else {}),
            }
        ).encode(),
        case.name,
    )
    try:
        trial = Trial([diagram], compile_expression, script, due)
    except Exception as error:  # noqa: BLE001 - any exception is the finding
        return Verdict.FAILED, f"building: {type(error).__name__}: {error}"
    todo = list(script.steps)
    for number, row in enumerate(rows):
        action, _, expected = row.partition("|")
        before = len(trial.trace)
        try:
            if number == 0 and starts_itself:
                trial.begin()
            else:
                trial.do(todo.pop(0))
        except StepFailed as error:
            if expected.strip() == "!":
                return Verdict.RIGHT, ""
            return Verdict.FAILED, f"“{action.strip()}”: {error}"
        except Exception as error:  # noqa: BLE001 - any exception is the finding
            return Verdict.FAILED, f"“{action.strip()}”: {type(error).__name__}: {error}"
        if expected.strip() == "!":
            return Verdict.WRONG, f"“{action.strip()}” was not refused"
        if reload and not trial.completed:
            trial._instance = Instance.load(trial._bundle, trial, trial._instance.dump())
        difference = _compare(trial, diagram, before, expected)
        if difference:
            return Verdict.WRONG, f"“{action.strip()}”: {difference}"
    return Verdict.RIGHT, ""


def _compare(trial: Trial, diagram: Diagram, before: int, expected: str) -> str:
    parts = re.split(r"\s([>^=])(?=\s)", f" {expected} ")
    waiting = parts[0].split()
    more = dict(zip(parts[1::2], parts[2::2], strict=True))
    is_done = waiting == ["done"]
    if trial.completed != is_done or trial.open_elements() != sorted([] if is_done else waiting):
        found = "done" if trial.completed else " ".join(trial.open_elements()) or "(stuck)"
        return f"expected {' '.join(waiting)}, found {found}"
    lines = trial.trace[before:]
    kinds = {e.id: e.kind for p in diagram.processes.values() for e in p.elements.values()}
    if ">" in more:
        passed = sorted(
            line.element for line in lines if line.what is SHOWN.get(kinds.get(line.element, ""))
        )
        if passed != sorted(more[">"].split()):
            return f"expected to pass {sorted(more['>'].split())}, passed {passed}"
    if "^" in more:
        thrown = sorted(line.note.replace(" ", ":") for line in lines if line.what is What.THROWN)
        if thrown != sorted(more["^"].split()):
            return f"expected to throw {sorted(more['^'].split())}, threw {thrown}"
    if "=" in more:
        wanted = yaml.safe_load(more["="])
        found_data = {key: trial.data.get(key, "(missing)") for key in wanted}
        if found_data != wanted:
            return f"expected data {wanted}, found {found_data}"
    return ""


def _data(action: str) -> dict[str, object]:
    _, brace, rest = action.partition("{")
    return yaml.safe_load(brace + rest) if brace else {}


def _step(action: str) -> dict[str, object]:
    data = _data(action)
    words = action.partition("{")[0].split()
    match words:
        case ["answer"]:
            return {"answer": data}
        case ["msg", name]:
            return {"message": name, "data": data}
        case ["msg", name, to]:
            return {"message": name, "data": data, "to": to.removeprefix("@")}
        case ["sig", name]:
            return {"signal": name, "data": data}
        case ["wait", span]:
            return {"wait": span}
        case ["fire", element]:
            return {"fire": element}
        case [element]:
            name, _, instance = element.partition("#")
            step: dict[str, object] = {"complete": name, "data": data}
            if instance:
                step["instance"] = int(instance)
            return step
    raise ValueError(action)

"""What pages of scenarios and recordings share: a run in the reader's language, step by step."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from flask import current_app, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models.work_order import OrderStatus
from app.core.db import Sessions
from app.design import documents, interventions, trying
from app.design.diagram_words import called
from app.design.documents import Document
from app.design.models import DesignDraft, Kind
from app.design.sandbox import Answers, Deadline, Entry
from app.engine import read_diagram
from app.engine.diagram import Diagram
from app.engine.ports import StepKind
from app.web.access import SESSIONS
from app.web.labels import demand_status, order_status
from app.web.language import _, say


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked in a drawing after a step: ids of elements and flows."""

    active: Sequence[str]
    done: Sequence[str]
    fresh: Sequence[str]
    """Passed in this very step."""


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """A run of a clock after a step."""

    name: str
    last_day: str
    colour: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a run."""

    number: int
    at: datetime
    who: str
    what: str
    kind: str
    answers: Sequence[tuple[str, str]]
    passed: Sequence[tuple[str, str]]
    """What was passed, by process: its name, and the names of the elements."""
    data: Sequence[tuple[str, str]]
    deadlines: Sequence[DeadlineRow]
    notices: Sequence[tuple[str, str]]
    """To whom, and in which words."""
    marks: Marks


class Diagrams:
    """The diagrams of a run by process, as they are under a change or in force."""

    def __init__(self, session: Session, change_id: int | None) -> None:
        self._addresses: dict[str, str] = {}
        self._texts = trying.processes(session, trying.texts_of(session, change_id))
        self._read: dict[str, Diagram] = {}
        for key in self._texts:
            what = Document(Kind.DIAGRAM, key)
            draft = _draft_of(session, change_id, what)
            number = documents.newest_number(session, what)
            self._addresses[key] = (
                url_for("web.version_drawing", key=key, number=number)
                if draft is None
                else url_for("web.draft_drawing", draft_id=draft.id)
            )

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def diagram(self, key: str) -> Diagram:
        """The diagram of a process."""
        if key not in self._read:
            self._read[key] = read_diagram(self._texts[key].encode(), f"{key}.bpmn")
        return self._read[key]

    def title(self, key: str) -> str:
        """What the process is called."""
        return say(documents.title(Document(Kind.DIAGRAM, key), self._texts.get(key, "")))

    def name(self, key: str, element: str) -> str:
        """What an element is called; without a name what it is and where it leads."""
        process = self.diagram(key).processes[key]
        found = process.elements.get(element)
        return element if found is None else say(called(process, found))

    def address(self, key: str) -> str:
        """Where the drawing is."""
        return self._addresses[key]


def _draft_of(session: Session, change_id: int | None, what: Document) -> DesignDraft | None:
    if change_id is None:
        return None
    return session.scalar(
        select(DesignDraft).where(
            DesignDraft.change_id == change_id,
            DesignDraft.kind == what.kind.value,
            DesignDraft.key == what.key,
        )
    )


def sessions() -> Sessions:
    """The database of the office, for sandboxes: they read it once and then live by themselves."""
    found: Sessions = current_app.extensions[SESSIONS]
    return found


def processes_in(trace: Sequence[Entry]) -> list[str]:
    """The processes a run has passed, in the order in which it came to them."""
    passed = (one.process for entry in trace for move in entry.moves for one in move.passed)
    return list(dict.fromkeys(passed))


def lines(trace: Sequence[Entry], diagrams: Diagrams, shown: str) -> list[Line]:
    """A run step by step, with the marks of the diagram that is shown."""
    tokens: Counter[str] = Counter()
    done: dict[str, None] = {}
    found = []
    for entry in trace:
        fresh: dict[str, None] = {}
        for move in entry.moves:
            for one in move.passed:
                if one.process != shown:
                    continue
                tokens[one.element] += 1 if one.how is StepKind.ENTERED else -1
                if one.how is StepKind.ENTERED:
                    fresh[one.element] = None
            fresh.update((flow, None) for process, flow in move.flows if process == shown)
        active = [name for name, count in tokens.items() if count > 0]
        found.append(_line(entry, diagrams, Marks(active, list(done), list(fresh))))
        done.update(fresh)
    return found


def _line(entry: Entry, diagrams: Diagrams, marks: Marks) -> Line:
    data = entry.moves[-1].data if entry.moves else {}
    return Line(
        entry.number,
        entry.at,
        say(entry.who),
        say(entry.what),
        entry.kind,
        _answers(entry, diagrams),
        _passed(entry, diagrams),
        [(name, _shown(value)) for name, value in sorted(data.items())],
        [deadline_row(one) for one in entry.deadlines],
        [(say(one.to), say(one.text)) for one in entry.notices],
        marks,
    )


def deadline_row(one: Deadline) -> DeadlineRow:
    """A deadline with its light."""
    light = "grey" if one.stopped and one.light != "red" else one.light
    if light in {"paused", "none"}:
        light = "grey"
    words = light_word(one.light) if not one.stopped else _("已停止")
    return DeadlineRow(say(one.label), one.last_day or "—", light, words)


def _answers(entry: Entry, diagrams: Diagrams) -> list[tuple[str, str]]:
    """What was entered, under the labels of the form."""
    form = None
    if (entry.kind, entry.element) in interventions.ALL:
        form = interventions.ALL[entry.kind, entry.element].form
    elif entry.process in diagrams:
        element = diagrams.diagram(entry.process).processes[entry.process].elements
        form = element[entry.element].form if entry.element in element else None
    labels = {one.name: say(one.label) for one in (form.fields if form is not None else ())}
    given: Answers = entry.answers
    return [(labels.get(name, name), _shown(value)) for name, value in given.items() if value]


def _passed(entry: Entry, diagrams: Diagrams) -> list[tuple[str, str]]:
    names: dict[str, list[str]] = {}
    for move in entry.moves:
        for one in move.passed:
            if one.how is StepKind.ENTERED:
                name = diagrams.name(one.process, one.element)
                names.setdefault(one.process, []).append(name)
    return [(diagrams.title(key), " → ".join(passed)) for key, passed in names.items()]


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "、".join(value)
    return orjson.dumps(value, default=str).decode()


def outcome_word(code: str) -> str:
    """How a case stands, in words."""
    return order_status(code) if code in set(OrderStatus) else demand_status(code)


def light_word(colour: str) -> str:
    """What the colour of a deadline means."""
    return {
        "green": _("正常"),
        "yellow": _("临期"),
        "red": _("超期"),
        "paused": _("挂起中"),
        "none": _("未计时"),
    }[colour]

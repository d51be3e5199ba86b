"""Trying a change before it is published: every scenario there is, and what they pass."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.cases.intake import MAIN_PROCESS
from app.core.db import Sessions, reading
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design import checking, copying, coverage, documents, scenario_text, scenarios, using
from app.design.copying import Texts
from app.design.coverage import Coverage
from app.design.documents import Document
from app.design.models import DesignChange, DesignDraft, Kind
from app.design.sandbox import Answers, Sandbox
from app.design.scenarios import Open, Result
from app.engine import read_diagram

_KEPT = 6
"""Reports held for each database; one more puts out the oldest."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all scenarios: their results, what they passed by process, and what could not
    be read.
    """

    results: tuple[Result, ...]
    coverage: Mapping[str, Coverage]
    unreadable: Mapping[str, Phrase]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether everything was as expected."""
        return not self.unreadable and all(result.ok for result in self.results)

    def to_json(self) -> dict[str, object]:
        """What is kept as evidence of a change: figures, and every difference in words."""
        return {
            "ok": self.ok,
            "seconds": round(self.seconds, 1),
            "run": len(self.results),
            "failed": [
                {
                    "process": one.process,
                    "name": {"zh": one.scenario.name.zh, "en": one.scenario.name.en},
                    "step": one.step,
                    "zh": one.difference.zh,
                    "en": one.difference.en,
                }
                for one in self.results
                if one.difference is not None
            ],
            "unreadable": {
                key: {"zh": why.zh, "en": why.en} for key, why in self.unreadable.items()
            },
            "coverage": {
                key: {"passed": one.passed, "total": one.total, "never": one.never}
                for key, one in self.coverage.items()
            },
        }


_reports: WeakKeyDictionary[Engine, OrderedDict[object, Report]] = WeakKeyDictionary()
_keeping = Lock()
_at_work: WeakKeyDictionary[Engine, dict[object, Lock]] = WeakKeyDictionary()
"""What is being run in this process, so that nobody runs the same at once."""


def run_all(
    sessions: Sessions,
    now: datetime,
    change_id: int | None = None,
    *,
    only: Collection[str] | None = None,
) -> Report:
    """Run the scenarios of every process (or of `only` some) as they would be with a change.

    Nothing real is touched. Half a second a scenario: not within a transaction. What was run
    before under the same rules and drafts came out the same, and is not run again. Raises
    `NotFound`.
    """
    with reading(sessions) as session:
        texts = texts_of(session, change_id)
        which = _which(session, texts, only)
        kept = _reports.setdefault(session.get_bind().engine, OrderedDict())
        at_work = _at_work.setdefault(session.get_bind().engine, {})
    with _keeping:
        turn = at_work.setdefault(which, Lock())
    with turn:  # whoever comes while they run waits for them: pages, editors, the ticker
        try:
            found = kept.get(which) or _run_all(sessions, now, texts, only)
        finally:
            with _keeping:
                at_work.pop(which, None)
        with _keeping:
            kept[which] = found
            while len(kept) > _KEPT:
                kept.popitem(last=False)
    return found


def under_way(
    session: Session, change_id: int | None = None, *, only: Collection[str] | None = None
) -> bool:
    """Whether these very scenarios are being run, for somebody who asked first."""
    which = _which(session, texts_of(session, change_id), only)
    return which in _at_work.get(session.get_bind().engine, {})


def _which(session: Session, texts: Texts, only: Collection[str] | None) -> object:
    """What a report depends on."""
    return copying.state_of(session, texts), None if only is None else frozenset(only)


def _run_all(
    sessions: Sessions, now: datetime, texts: Texts, only: Collection[str] | None
) -> Report:
    began = monotonic()
    with reading(sessions) as session:
        found, unreadable = stories(session, texts)
        diagrams = [
            read_diagram(text.encode(), f"{key}.bpmn")
            for key, text in processes(session, texts).items()
        ]
    usual, open_ = usual_answers(found), opener(sessions, now, texts)
    results = tuple(
        scenarios.run(key, one, usual, open_)
        for key, document in sorted(found.items())
        if only is None or key in only
        for one in document.scenarios
    )
    passed = coverage.of_results(diagrams, results)
    return Report(
        results,
        {key: one for key, one in passed.items() if only is None or key in only},
        unreadable,
        monotonic() - began,
    )


def opener(sessions: Sessions, now: datetime, texts: Texts) -> Open:
    """What opens sandboxes under the rules in force with `texts` on top."""

    def open_(begin: datetime, usual: Mapping[str, Answers]) -> Sandbox:
        return Sandbox.open(sessions, now, texts=texts, begin=begin, usual=usual)

    return open_


def at_once(session: Session, draft: DesignDraft) -> set[str]:
    """The processes whose scenarios show at once what a draft does: its own; of a table, those
    whose diagrams ask it, and the main one, whose cases meet what the office's rules ask.
    """
    if draft.kind == Kind.TABLE:
        return asking(session, draft.key, texts_of(session, draft.change_id))
    return {draft.key if draft.kind in {Kind.DIAGRAM, Kind.SCENARIOS} else MAIN_PROCESS}


def asking(session: Session, table: str, texts: Texts) -> set[str]:
    """The processes whose scenarios show at once what a table of `texts` or in force does."""
    what = Document(Kind.TABLE, table)
    tables = {what, *_importing(session, what)}
    found = {
        key
        for key, text in processes(session, texts).items()
        if any(_asks(text, key, table) for table in tables)
    }
    if not found or any(using.is_asked_by_rules(table) for table in tables):
        found.add(MAIN_PROCESS)
    return found


def _importing(session: Session, what: Document) -> set[Document]:
    """The tables that import a table, directly or by way of others."""
    found: set[Document] = set()
    todo = [what]
    while todo:
        for use in using.used_by(session, todo.pop()):
            if use.how is using.How.IMPORTS and use.document not in found:
                found.add(use.document)
                todo.append(use.document)
    return found


def _asks(text: str, key: str, table: Document) -> bool:
    if table.key not in text:
        return False
    return bool(using.asking(read_diagram(text.encode(), f"{key}.bpmn"), table.key))


def concerned(session: Session, change_id: int) -> set[str] | None:
    """The processes that a change may touch: those of its diagrams and scenarios, and whatever
    calls one of these. None where a table changes: that may touch them all.
    """
    texts = texts_of(session, change_id)
    if any(what.kind is Kind.TABLE for what in texts):
        return None
    found = {what.key for what in texts if what.kind in {Kind.DIAGRAM, Kind.SCENARIOS}}
    calls = {
        key: checking.calls_of(read_diagram(text.encode(), f"{key}.bpmn"))
        for key, text in processes(session, texts).items()
    }
    while more := {key for key, called in calls.items() if called & found} - found:
        found |= more
    return found


def texts_of(session: Session, change_id: int | None) -> dict[Document, str]:
    """The drafts of a change, by document; none without one."""
    if change_id is None:
        return {}
    return checking.texts_of(session.get_one(DesignChange, change_id))


def stories(
    session: Session, texts: Texts
) -> tuple[dict[str, scenarios.Document], dict[str, Phrase]]:
    """The scenarios by process, drafts before what is published; and why some cannot be read."""
    keys = {*documents.keys(session, Kind.SCENARIOS)}
    keys |= {what.key for what in texts if what.kind is Kind.SCENARIOS}
    found: dict[str, scenarios.Document] = {}
    unreadable = {}
    for key in sorted(keys):
        try:
            found[key] = scenario_text.read(_text(session, texts, Kind.SCENARIOS, key), key)
        except Invalid as refusal:
            unreadable[key] = refusal.phrase
    return found, unreadable


def usual_answers(found: Mapping[str, scenarios.Document]) -> dict[str, Answers]:
    """What is usually answered at the elements of all processes: their scenarios say it."""
    return {
        element: given
        for _key, document in sorted(found.items())
        for element, given in document.usual.items()
    }


def processes(session: Session, texts: Texts) -> dict[str, str]:
    """The text of every diagram by its process, drafts before what is published."""
    keys = {*documents.keys(session, Kind.DIAGRAM)}
    keys |= {what.key for what in texts if what.kind is Kind.DIAGRAM}
    return {key: _text(session, texts, Kind.DIAGRAM, key) for key in sorted(keys)}


def _text(session: Session, texts: Texts, kind: Kind, key: str) -> str:
    what = Document(kind, key)
    if what in texts:
        return texts[what]
    newest = documents.newest(session, what)
    assert newest is not None  # it is among the keys
    return newest.content

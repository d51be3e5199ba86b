"""What a draft may name: services, tables, roles, units, clocks, processes, data, functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.cases.clocks import NAMES as CLOCKS
from app.cases.services import SERVICES, Service
from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.decisions.dmn import Model
from app.decisions.feel.functions import BUILTINS
from app.design import checking, documents
from app.design.documents import Document
from app.design.models import Kind
from app.engine import read_diagram
from app.engine.data_names import given_by
from app.engine.diagram import Diagram, Element
from app.engine.spec import TIMER_FUNCTIONS
from app.identity.directory import units
from app.identity.policy import ROLE_NAMES, Role

RUNGS: dict[str, Phrase] = {
    "yellow": Phrase("黄灯（临期）", "Yellow (due soon)"),
    "red": Phrase("红灯（到期）", "Red (due)"),
    "overdue_1": Phrase("超期一次催办", "First reminder after the due time"),
    "overdue_2": Phrase("超期二次催办", "Second reminder after the due time"),
}
"""The rungs of every clock; the tables say when they come."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name in the data of a process: its kind where known, and the element it comes from."""

    name: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table as a rule task may name it."""

    key: str
    label: Phrase
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """All that the texts of one document may name."""

    services: tuple[Service, ...]
    decisions: tuple[Table, ...]
    roles: Mapping[str, Phrase]
    units: Mapping[str, Phrase]
    """Those that are given work, by code."""
    clocks: Mapping[str, Phrase]
    processes: Mapping[str, Phrase]
    variables: tuple[Variable, ...]
    functions: tuple[str, ...]


def names(session: Session, texts: Mapping[Document, str], what: Document) -> Names:
    """What `what` may name, as its own text and the other drafts of its change stand."""
    diagram = _readable(texts.get(what)) if what.kind is Kind.DIAGRAM else None
    processes = documents.newest_titles(session, Kind.DIAGRAM) | {
        one.key: documents.title(one, text)
        for one, text in texts.items()
        if one.kind is Kind.DIAGRAM
    }
    clocks = dict(CLOCKS)
    for name in _clocks(diagram):
        clocks.setdefault(name, Phrase(name, name))
    return Names(
        services=tuple(SERVICES[name] for name in sorted(SERVICES)),
        decisions=tuple(_tables(session, texts)),
        roles={role: name for role, name in ROLE_NAMES.items() if role != Role.SYSTEM},
        units={unit.code: Phrase(unit.name_zh, unit.name_en) for unit in units(session)},
        clocks=clocks,
        processes=processes,
        variables=tuple(_variables(diagram)),
        functions=(*sorted(BUILTINS), *sorted(TIMER_FUNCTIONS)),
    )


def _tables(session: Session, texts: Mapping[Document, str]) -> Iterator[Table]:
    titles = documents.newest_titles(session, Kind.TABLE)
    for one, text in texts.items():
        if one.kind is Kind.TABLE:
            titles[one.key] = documents.title(one, text)
    for key, label in sorted(titles.items()):
        try:
            model = checking.model_of(session, texts, key)
        except DomainError:
            yield Table(key, label, (), ())  # it is being edited, and cannot be read just now
        else:
            yield Table(key, label, model.input_names, _outputs(model))


def _outputs(model: Model) -> tuple[str, ...]:
    try:
        main = model.main_decision
    except DomainError:
        return ()
    for table in model.tables:
        if table.decision_id == main:
            return tuple(column.name for column in table.outputs)
    return ()


def _readable(text: str | None) -> Diagram | None:
    if text is None:
        return None
    try:
        return read_diagram(text.encode(), "draft.bpmn")
    except DomainError:
        return None


def _elements(diagram: Diagram | None) -> Iterator[Element]:
    if diagram is not None:
        for process in diagram.processes.values():
            yield from process.elements.values()


def _clocks(diagram: Diagram | None) -> Iterator[str]:
    """The clocks that the diagram starts itself."""
    for element in _elements(diagram):
        if element.service is not None and element.service.name == "start_clock":
            for parameter in element.service.parameters:
                if parameter.name == "clock":
                    yield parameter.value.feel.strip('"')


def _variables(diagram: Diagram | None) -> Iterator[Variable]:
    """What forms ask, services answer, tables decide and repetitions count in the diagram."""
    seen: set[str] = set()
    for element in _elements(diagram):
        for name, kind in given_by(element):
            if name and name not in seen:
                seen.add(name)
                yield Variable(name, kind, element.id)

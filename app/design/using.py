"""Who uses a document: which diagrams call it or ask it, which tables import it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from app.cases.tables import BINDINGS
from app.decisions.importing import imported_namespaces, namespace_of
from app.design import documents
from app.design.checking import calls_of
from app.design.documents import Document
from app.design.models import Kind
from app.engine import read_diagram
from app.engine.diagram import Diagram


class How(StrEnum):
    """How one document uses another."""

    CALLS = "calls"
    ASKS = "asks"
    IMPORTS = "imports"
    FILLED_IN = "filled_in"
    """A value of it stands in the text."""


@dataclass(frozen=True, slots=True)
class Use:
    """One document uses another; `elements` are the ids of those that do."""

    document: Document
    how: How
    elements: tuple[str, ...] = ()


def used_by(session: Session, what: Document) -> list[Use]:
    """The newest versions that use `what`, in order."""
    match what.kind:
        case Kind.DIAGRAM:
            return [*_diagrams(session, what)]
        case Kind.TABLE:
            return [*_diagrams(session, what), *_tables(session, what)]
        case Kind.PROFILE:
            return [*_letters(session)]
        case _:
            return []


def is_asked_by_rules(what: Document) -> bool:
    """Whether the office's own rules ask the table, beside what diagrams ask."""
    return what.kind is Kind.TABLE and what.key in BINDINGS


def asking(diagram: Diagram, table: str) -> tuple[str, ...]:
    """The elements of a diagram that ask a table."""
    return tuple(
        element.id
        for process in diagram.processes.values()
        for element in process.elements.values()
        if element.decision is not None and element.decision.key == table
    )


def _letters(session: Session) -> Iterator[Use]:
    """The letters that are issued in the city's name."""
    for other in documents.newest_of(session, Kind.LETTER).values():
        if "${issuer}" in other.content:
            yield Use(other.document, How.FILLED_IN)


def _diagrams(session: Session, what: Document) -> Iterator[Use]:
    for key, newest in documents.newest_of(session, Kind.DIAGRAM).items():
        other = newest.document
        if what.key not in newest.content:
            continue
        diagram = read_diagram(newest.content.encode(), f"{key}.bpmn")
        if what.kind is Kind.DIAGRAM and what.key in calls_of(diagram):
            yield Use(other, How.CALLS, tuple(_calling(diagram, what.key)))
        elements = asking(diagram, what.key) if what.kind is Kind.TABLE else ()
        if elements:
            yield Use(other, How.ASKS, elements)


def _calling(diagram: Diagram, key: str) -> Iterator[str]:
    for process in diagram.processes.values():
        for element in process.elements.values():
            if element.called == key:
                yield element.id


def _tables(session: Session, what: Document) -> Iterator[Use]:
    newest = documents.newest(session, what)
    if newest is None:
        return
    space = namespace_of(newest.content.encode())
    for other in documents.newest_of(session, Kind.TABLE).values():
        if space in imported_namespaces(other.content.encode()):
            yield Use(other.document, How.IMPORTS)

"""Which names the elements of a diagram put into the data of its process."""

from collections.abc import Iterator

from app.engine.diagram import Diagram, Element
from app.engine.forms import FieldType

FACT_TYPES = frozenset(
    {
        FieldType.CHOICE,
        FieldType.BOOLEAN,
        FieldType.NUMBER,
        FieldType.UNIT,
        FieldType.UNITS,
        FieldType.CATEGORY,
        FieldType.DISTRICT,
    }
)
"""The types whose answers become data of the process; free text, dates and files never do."""

COUNTERS = frozenset(
    {
        "loopCounter",
        "numberOfInstances",
        "numberOfActiveInstances",
        "numberOfCompletedInstances",
    }
)
"""What every repeated activity sees."""


def given_by(element: Element) -> Iterator[tuple[str, str]]:
    """What an element leaves in the data: each name with its kind, where that is known."""
    if element.form is not None:
        for field in element.form.fields:
            yield field.name, field.type.value
    if element.service is not None:
        for result in element.service.results:
            yield result.into, "any"
    if element.decision is not None and element.decision.result:
        yield element.decision.result, "context"
    if element.loop is not None:
        for name, kind in (
            (element.loop.item, "any"),
            (element.loop.result, "any"),
            (element.loop.results, "list"),
        ):
            if name:
                yield name, kind


def data_names(diagram: Diagram) -> Iterator[str]:
    """The names that expressions anywhere in the diagram may read, but for answers of forms that
    never become data.
    """
    for process in diagram.processes.values():
        for element in process.elements.values():
            for name, kind in given_by(element):
                if kind not in set(FieldType) or kind in FACT_TYPES:
                    yield name


def untold(diagram: Diagram) -> Iterator[str]:
    """The names of fields whose answers never become data of the process."""
    for process in diagram.processes.values():
        for element in process.elements.values():
            for field in element.form.fields if element.form is not None else ():
                if field.type not in FACT_TYPES:
                    yield field.name

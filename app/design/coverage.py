"""Which elements and flows of a diagram scenarios have passed, how often, and which never."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.design.sandbox import Entry
from app.design.scenarios import Result
from app.engine.diagram import Diagram, Process
from app.engine.ports import StepKind


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each element and each flow of one process was passed; 0: never."""

    process: str
    elements: Mapping[str, int]
    flows: Mapping[str, int]

    @property
    def passed(self) -> int:
        """How many elements and flows were passed at least once."""
        return sum(1 for count in (*self.elements.values(), *self.flows.values()) if count)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.elements) + len(self.flows)

    @property
    def percent(self) -> int:
        """The share that was passed, rounded down: 100 means all."""
        return 100 * self.passed // self.total if self.total else 100

    @property
    def never(self) -> list[str]:
        """What no run has passed, elements first."""
        return [one for of in (self.elements, self.flows) for one, count in of.items() if not count]


def of_process(process: Process, traces: Iterable[Sequence[Entry]]) -> Coverage:
    """What runs have passed of a process, in whichever process of a case it was called."""
    elements: Counter[str] = Counter()
    flows: Counter[str] = Counter()
    for trace in traces:
        for entry in trace:
            for move in entry.moves:
                elements.update(
                    one.element
                    for one in move.passed
                    if one.how is StepKind.ENTERED and one.process == process.id
                )
                flows.update(flow for of, flow in move.flows if of == process.id)
    return Coverage(
        process.id,
        {name: elements[name] for name in process.elements},
        {name: flows[name] for name in process.flows},
    )


def of_results(diagrams: Iterable[Diagram], results: Sequence[Result]) -> dict[str, Coverage]:
    """What the scenarios together have passed, by process."""
    traces = [result.trace for result in results]
    return {
        process.id: of_process(process, traces)
        for diagram in diagrams
        for process in diagram.processes.values()
        if process.executable
    }

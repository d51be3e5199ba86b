"""How often cases passed what is no step of people: services, gateways, events; and which way.

Counted from the sequence flows that processes keep since a release; older ones are told apart.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases.models.demand import Demand
from app.cases.models.work_order import WorkOrder
from app.core.uow import Actor
from app.design import visits
from app.design.visits import Ground, Rows, Selection
from app.design.watching import SMALL, may_see, sees_cases
from app.engine import ProcessRow
from app.engine.diagram import Element, Flow, Process
from app.engine.passed import by_version, flows_of


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of an element."""

    flow: Flow
    target: Element
    count: int
    share: float
    """Of all that left the element; 0 where nothing did."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One element over all chosen cases."""

    element: Element
    cases: int
    passed: int
    ways: Sequence[Way]
    """Where more than one leads on."""
    hidden: bool
    """Too few cases for this reader: only the element may be shown."""


@dataclass(frozen=True, slots=True)
class Passages:
    """What is no step of people, in the order of the drawing."""

    process: Process
    counted: int
    """Processes whose way is known."""
    unknown: int
    """Processes that began before ways were kept."""
    elements: Sequence[Passage]


def passages(session: Session, chosen: Selection, now: datetime, actor: Actor) -> Passages:
    """How often the chosen cases passed each element that is no step and no call. Raises
    `NotFound`.
    """
    known = visits.ground(session, chosen.key, chosen.version)
    process, reading = known.process, _Reading(session, known.process.id)
    flows: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    counted = unknown = 0
    alike = Counter((row[0], row[1]) for row in _rows(session, chosen, known, now))
    for (version_id, passed), times in alike.items():  # most cases go one of a few ways
        if passed is None:
            unknown += times
            continue
        counted += times
        taken = reading.flows(passed, version_id)
        for flow, passes in Counter(flow.id for flow in taken).items():
            flows[flow] += times * passes
        for element_id in reading.reached(taken):
            cases[element_id] += times
    sees = sees_cases(actor)
    found = [
        _passage(process, one, flows, cases[one.id], sees)
        for one in process.elements.values()
        if one.id not in known.elements
    ]
    return Passages(process, counted, unknown, found)


def cases(
    session: Session,
    chosen: Selection,
    element_id: str,
    now: datetime,
    actor: Actor,
    *,
    page: int = 1,
    size: int = 20,
) -> tuple[list[tuple[Demand, WorkOrder | None, datetime]], int]:
    """Cases that passed an element, the newest first, with the instant of their arrival; and how
    many. As `watching.cases`.
    """
    known = visits.ground(session, chosen.key, chosen.version)
    reading = _Reading(session, known.process.id)
    alike: dict[tuple[int, bytes], bool] = {}
    through = set()
    for version_id, passed, demand_id in _rows(session, chosen, known, now, actor):
        if passed is None:
            continue
        way = version_id, passed
        if way not in alike:
            alike[way] = element_id in reading.reached(reading.flows(passed, version_id))
        if alike[way]:
            through.add(demand_id)
    begin = (max(1, page) - 1) * size
    asked = (
        select(Demand, WorkOrder)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(Demand.id.in_(sorted(through, reverse=True)[begin : begin + size]))
        .order_by(Demand.id.desc())
    )
    rows = session.execute(asked)
    return [(demand, order, demand.arrived_at) for demand, order in rows], len(through)


class _Reading:
    """Reads what processes have passed: the flows of one process among those of a bundle."""

    def __init__(self, session: Session, process_id: str) -> None:
        self._session = session
        self._process_id = process_id
        self._by_version: dict[int, list[Flow | None]] = {}
        self._began: dict[str, bool] = {}

    def flows(self, passed: bytes, version_id: int) -> list[Flow]:
        """The flows of the process that were passed, in their order."""
        return [
            flow
            for version, numbers in by_version(passed, version_id)
            for flow in map(self._of(version).__getitem__, numbers)
            if flow is not None
        ]

    def reached(self, taken: Sequence[Flow]) -> set[str]:
        """The elements that these flows lead to, and where they begin by themselves."""
        found = {flow.target for flow in taken}
        found.update(flow.source for flow in taken if self._began.get(flow.source))
        return found

    def _of(self, version_id: int) -> list[Flow | None]:
        known = self._by_version.get(version_id)
        if known is None:
            bundle = engine.bundle_of(self._session, version_id)
            process = bundle.processes[self._process_id]
            known = self._by_version[version_id] = [
                process.flows[flow] if of == process.id else None for of, flow in flows_of(bundle)
            ]
            self._began |= {one.id: not one.incoming for one in process.elements.values()}
        return known


def _rows(
    session: Session, chosen: Selection, known: Ground, now: datetime, reader: Actor | None = None
) -> Iterator[Any]:
    """What the chosen processes have passed; those that the reader may see, where one is named."""
    asked: Rows = visits.narrowed(
        select(ProcessRow.diagram_version_id, ProcessRow.passed, ProcessRow.subject_id),
        chosen, known, now,
    )  # fmt: skip
    if reader is not None:
        asked = may_see(asked, reader)
    return iter(session.connection().execute(asked, execution_options={"yield_per": 5_000}))


def _passage(
    process: Process, element: Element, flows: Mapping[str, int], cases: int, sees: bool
) -> Passage:
    ways = [process.flows[flow] for flow in element.outgoing]
    out = sum(flows[way.id] for way in ways)
    shown = [
        Way(way, process.elements[way.target], flows[way.id], flows[way.id] / out if out else 0.0)
        for way in ways
    ]
    # without a way in, as a boundary event: it was passed as often as it was left
    passed = sum(flows[way] for way in element.incoming) or max(
        (one.count for one in shown), default=0
    )
    return Passage(
        element, cases, passed, shown if len(shown) > 1 else (),
        hidden=not sees and 0 < cases < SMALL,
    )  # fmt: skip

"""What may take the place of an element that a new version no longer has, the best guess first."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import inf

from app.core.phrase import Phrase
from app.engine.diagram import Element, Process
from app.engine.kernel import Bundle
from app.engine.nodes import Plan


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element (or, for a token that waits at a join, a sequence flow) of the new version."""

    id: str
    label: Phrase


def candidates(
    old: Bundle, new: Bundle, element_id: str, mapping: Mapping[str, str] | None = None
) -> list[Candidate]:
    """What could stand for `element_id` of `old` in `new`: of its kind, at its level."""
    home = _home(old, element_id)
    if home is None:
        return _flows(old, new, element_id, mapping or {})
    process, element = home
    level = _plan_of(old, element_id)
    node = level.node(element_id)
    scored = [
        (_likeness(process, element, other_process, other), other)
        for other_process in new.processes.values()
        for other in other_process.elements.values()
        if _could_stand_for(node, level, new, other.id, mapping or {})
    ]
    scored.sort(key=lambda one: -one[0])
    return [Candidate(other.id, other.label) for _score, other in scored]


def _could_stand_for(
    node: object, level: Plan, new: Bundle, other_id: str, mapping: Mapping[str, str]
) -> bool:
    plan = new.plans.get(mapping.get(level.name, level.name))
    if plan is None:  # the level itself has another name: wherever such an element is
        plan = _plan_of(new, other_id)
    other = plan.task_specs.get(other_id)
    return type(other) is type(node)


def _likeness(process: Process, element: Element, around: Process, other: Element) -> float:
    """Names count most, then what stands before and behind, how near it lay, then who does it and
    its form.
    """
    score = 4 * SequenceMatcher(None, element.label.zh, other.label.zh).ratio()
    score += SequenceMatcher(None, element.id, other.id).ratio()
    score += 2 * _shared(_neighbours(process, element), _neighbours(around, other))
    score += 3 / _way(process, element.id, other.id)
    score += _shared(_fields(element), _fields(other))
    score += element.role == other.role
    return score + (other.id not in process.elements)


def _shared(ours: set[str], theirs: set[str]) -> float:
    together = ours | theirs
    return len(ours & theirs) / len(together) if together else 0.0


def _neighbours(process: Process, element: Element) -> set[str]:
    before = {f"<{process.flows[flow].source}" for flow in element.incoming}
    return before | {f">{process.flows[flow].target}" for flow in element.outgoing}


def _way(process: Process, start: str, end: str) -> float:
    """How many flows lie between two elements, whichever way they lead; infinite where none do."""
    way, reached, seen = 0, {start}, set[str]()
    while reached:
        if end in reached:
            return max(way, 1)
        seen |= reached
        around = [flow for flow in process.flows.values() if {flow.source, flow.target} & reached]
        reached = {one for flow in around for one in (flow.source, flow.target)} - seen
        way += 1
    return inf


def _fields(element: Element) -> set[str]:
    return set() if element.form is None else {field.name for field in element.form.fields}


def _flows(old: Bundle, new: Bundle, flow_id: str, mapping: Mapping[str, str]) -> list[Candidate]:
    """The flows that reach the same join in the new version."""
    flow = next((p.flows[flow_id] for p in old.processes.values() if flow_id in p.flows), None)
    if flow is None:
        return []
    join = mapping.get(flow.target, flow.target)
    return [
        Candidate(one.id, _between(process, one.source, one.target))
        for process in new.processes.values()
        for one in process.flows.values()
        if one.target == join
    ]


def _between(process: Process, source: str, target: str) -> Phrase:
    one, other = process.elements[source].label, process.elements[target].label
    return Phrase(f"{one.zh} → {other.zh}", f"{one.en} → {other.en}")


def _home(bundle: Bundle, element_id: str) -> tuple[Process, Element] | None:
    for process in bundle.processes.values():
        if element_id in process.elements:
            return process, process.elements[element_id]
    return None


def _plan_of(bundle: Bundle, element_id: str) -> Plan:
    return next(plan for plan in bundle.plans.values() if element_id in plan.task_specs)

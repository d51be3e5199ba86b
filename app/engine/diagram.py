"""A BPMN 2.0 file as plain data: what is drawn, not whether it may run.

Reading is lenient about meaning (the checker judges it) and strict about form: bytes that are
not a well-formed BPMN 2.0 document of reasonable size are refused.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine import iso8601, markup
from app.engine.forms import Form, read_form
from app.engine.markup import (
    BPMN,
    Node,
    attribute,
    bpmn,
    children,
    extension,
    jieban,
    read_xml,
    reference,
)

TASKS = frozenset(
    {"task", "userTask", "manualTask", "serviceTask", "businessRuleTask", "sendTask",
     "receiveTask", "scriptTask"}
)  # fmt: skip
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway",
     "complexGateway"}
)  # fmt: skip
EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent",
     "boundaryEvent"}
)  # fmt: skip
NODES = ACTIVITIES | GATEWAYS | EVENTS
_BY_PEOPLE = frozenset({"userTask", "manualTask", "task"})


class TimerKind(StrEnum):
    """How a timer says when: at an instant, after a while, or again and again."""

    DATE = "date"
    DURATION = "duration"
    CYCLE = "cycle"


class LoopKind(StrEnum):
    """How an activity is repeated."""

    STANDARD = "standard"
    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"


@dataclass(frozen=True, slots=True)
class Expression:
    """A designer's text that is to be evaluated. `language` is the one declared, if any."""

    text: str
    language: str | None = None
    line: int = 0

    @property
    def feel(self) -> str:
        """The text without the leading “=” that other tools put before FEEL."""
        text = self.text.strip()
        return text[1:].strip() if text.startswith("=") else text


@dataclass(frozen=True, slots=True)
class Timer:
    """When a timer event happens. A literal is ISO 8601, anything else is FEEL."""

    kind: TimerKind
    expression: Expression

    @property
    def is_literal(self) -> bool:
        """Whether the text is read as ISO 8601 (see `app.engine.iso8601`) and not as FEEL."""
        text = self.expression.text
        match self.kind:
            case TimerKind.DATE:
                return iso8601.looks_like_instant(text)
            case TimerKind.DURATION:
                return iso8601.looks_like_duration(text)
            case TimerKind.CYCLE:
                return True


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """What an event is about. `kind` is the BPMN name without “EventDefinition”
    (message, signal, error, escalation, terminate, timer, conditional, link, compensate, cancel);
    `ref` the id of the message, signal, error or escalation.
    """

    kind: str
    ref: str | None = None
    timer: Timer | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Definition:
    """A message, signal, error or escalation of the file. `code` belongs to the last two."""

    id: str
    name: str
    code: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Loop:
    """Repetition of an activity.

    Multi-instance: `cardinality`, or `collection` (FEEL) with `item`, the name under which each
    instance sees its element; `result` is the name each instance leaves its answer under, and
    `results` the list of them afterwards, in the order of the collection. `completion` ends all
    of them early. Standard loop: repeated while `condition` holds, tested before or after,
    at most `maximum` times.
    """

    kind: LoopKind
    cardinality: Expression | None = None
    collection: Expression | None = None
    item: str | None = None
    result: str | None = None
    results: str | None = None
    completion: Expression | None = None
    condition: Expression | None = None
    test_before: bool = False
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value handed to a service."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Result:
    """What of a service's answer is kept: `name` in the answer, `into` in the process data."""

    name: str
    into: str


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """The registered service a service or send task names."""

    name: str
    parameters: tuple[Parameter, ...] = ()
    results: tuple[Result, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class DecisionCall:
    """The decision table a business rule task names. `binding` is `case` (the version the case
    began with) or `current`; `result` the name in the process data the outputs are put under.
    """

    key: str
    binding: str = "case"
    result: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose a step is: people's with a role, and where a unit is named by its code, that unit's
    alone.
    """

    role: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: a role for the elements drawn in it, and a unit where it is one unit's."""

    id: str
    name: str
    role: str | None
    unit: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    scope: str
    name: str = ""
    name_en: str | None = None
    condition: Expression | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Element:
    """A node of a process: activity, gateway or event.

    `scope` is the id of the process or sub-process that contains it; `incoming` and `outgoing`
    are the ids of its sequence flows in the order in which the file holds the flows. `role` and
    `unit` (its code) are the element's own, else those of the innermost lane. `interrupting`
    belongs to boundary events and the start events of event sub-processes.
    """

    id: str
    kind: str
    scope: str
    name: str = ""
    name_en: str | None = None
    line: int = 0
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    attached_to: str | None = None
    interrupting: bool = True
    events: tuple[EventDefinition, ...] = ()
    loop: Loop | None = None
    called: str | None = None
    message: str | None = None
    service: ServiceCall | None = None
    decision: DecisionCall | None = None
    form: Form | None = None
    role: str | None = None
    unit: str | None = None
    lane: str | None = None
    triggered_by_event: bool = False

    @property
    def event(self) -> EventDefinition | None:
        """What the event is about; None for a plain event. (More than one is refused.)"""
        return self.events[0] if self.events else None

    @property
    def label(self) -> Phrase:
        """The name in both languages; the id where there is no name."""
        name = " ".join(self.name.split()) or self.id
        return Phrase(name, self.name_en or name)


@dataclass(frozen=True, slots=True)
class Process:
    """One process with everything in it, sub-processes' contents included, in document order."""

    id: str
    name: str
    executable: bool
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    lanes: Mapping[str, Lane]
    name_en: str | None = None
    line: int = 0

    def within(self, scope: str) -> Iterator[Element]:
        """The elements directly inside the process or sub-process `scope`."""
        return (element for element in self.elements.values() if element.scope == scope)

    def attached(self, activity: str) -> Iterator[Element]:
        """The boundary events of `activity`."""
        return (e for e in self.elements.values() if e.attached_to == activity)

    def watched(self, element: Element) -> Element | None:
        """The activity on whose boundary the path to `element` begins, as that of a reminder does,
        with no step of people in between; None where it begins elsewhere.
        """
        todo, seen = [element], set[str]()
        while todo:
            one = todo.pop()
            if one.attached_to is not None:
                return self.elements.get(one.attached_to)
            for name in one.incoming:
                before = self.elements.get(self.flows[name].source)
                if before is None or before.id in seen or before.kind in _BY_PEOPLE:
                    continue
                seen.add(before.id)
                todo.append(before)
        return None

    def enclosing(self, element: Element) -> Iterator[Element]:
        """The sub-processes around `element`, innermost first.

        Ends also where ids are not unique, so that scopes seem to hold each other.
        """
        seen: set[str] = set()
        scope = self.elements.get(element.scope)
        while scope is not None and scope.id not in seen:
            seen.add(scope.id)
            yield scope
            scope = self.elements.get(scope.scope)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a diagram holds text to be evaluated: whose, for what, and the text.

    `what` is condition, timer, cardinality, collection, completion, loop_condition or parameter.
    """

    owner: str
    what: str
    expression: Expression
    timer: TimerKind | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """One file. `sha256` is of its bytes, `source` the bytes themselves."""

    file_name: str
    sha256: str
    source: bytes = field(repr=False)
    processes: Mapping[str, Process]
    messages: Mapping[str, Definition]
    signals: Mapping[str, Definition]
    errors: Mapping[str, Definition]
    escalations: Mapping[str, Definition]

    def definition(self, event: EventDefinition) -> Definition | None:
        """The message, signal, error or escalation the event refers to, if it exists."""
        tables: dict[str, Mapping[str, Definition]] = {
            "message": self.messages,
            "signal": self.signals,
            "error": self.errors,
            "escalation": self.escalations,
        }
        return tables.get(event.kind, {}).get(event.ref or "")

    def expressions(self) -> Iterator[Place]:
        """Every place with text to be evaluated (literal timers included), in document order."""
        for process in self.processes.values():
            for element in process.elements.values():
                yield from _places(element)
            for flow in process.flows.values():
                if flow.condition is not None:
                    yield Place(flow.id, "condition", flow.condition)


def read_diagram(source: bytes, file_name: str) -> Diagram:
    """Read a BPMN 2.0 file. Raises `Invalid` when it is not one, or holds no process."""
    root = read_xml(source, file_name)
    definitions = {
        tag: {
            attribute(node, "id"): Definition(
                attribute(node, "id"),
                attribute(node, "name"),
                node.get(f"{tag}Code"),
                markup.line(node),
            )
            for node in root.iterchildren(bpmn(tag))
        }
        for tag in ("message", "signal", "error", "escalation")
    }
    language = root.get("expressionLanguage")
    processes = {
        attribute(node, "id"): _Reader(node, language).process()
        for node in root.iterchildren(bpmn("process"))
    }
    if not processes:
        raise Invalid(
            Phrase(
                f"{file_name} 里没有流程（process），无法使用：请画一个流程再保存。",
                f"{file_name} holds no process: draw one and save again.",
            )
        )
    return Diagram(
        file_name=file_name,
        sha256=hashlib.sha256(source).hexdigest(),
        source=source,
        processes=MappingProxyType(processes),
        messages=MappingProxyType(definitions["message"]),
        signals=MappingProxyType(definitions["signal"]),
        errors=MappingProxyType(definitions["error"]),
        escalations=MappingProxyType(definitions["escalation"]),
    )


def _english(node: Node) -> str | None:
    found = extension(node, "name")
    return None if found is None else (found.get("en") or None)


def _places(element: Element) -> Iterator[Place]:
    for event in element.events:
        if event.timer is not None:
            yield Place(element.id, "timer", event.timer.expression, event.timer.kind)
    if element.loop is not None:
        for what, expression in (
            ("cardinality", element.loop.cardinality),
            ("collection", element.loop.collection),
            ("completion", element.loop.completion),
            ("loop_condition", element.loop.condition),
        ):
            if expression is not None:
                yield Place(element.id, what, expression)
    if element.service is not None:
        for parameter in element.service.parameters:
            yield Place(element.id, "parameter", parameter.value)


class _Reader:
    """Reads one `<process>`."""

    def __init__(self, node: Node, language: str | None) -> None:
        self._node = node
        self._language = language
        self._flows: dict[str, Flow] = {}
        self._incoming: dict[str, list[str]] = {}
        self._outgoing: dict[str, list[str]] = {}
        self._lanes: dict[str, Lane] = {}
        self._lane_of: dict[str, Lane] = {}
        self._whose: dict[str, Whose] = {}

    def process(self) -> Process:
        node = self._node
        for lane_set in node.iter(bpmn("laneSet")):
            self._read_lanes(lane_set, Whose())
        for flow in node.iter(bpmn("sequenceFlow")):
            self._read_flow(flow)
        elements: dict[str, Element] = {}
        self._read_scope(node, elements)
        return Process(
            id=attribute(node, "id"),
            name=attribute(node, "name"),
            name_en=_english(node),
            executable=markup.flag(node, "isExecutable"),
            elements=MappingProxyType(elements),
            flows=MappingProxyType(self._flows),
            lanes=MappingProxyType(self._lanes),
            line=markup.line(node),
        )

    def _expression(self, node: Node | None) -> Expression | None:
        if node is None:
            return None
        return Expression(
            markup.text(node), node.get("language", self._language), markup.line(node)
        )

    def _read_lanes(self, lane_set: Node, inherited: Whose) -> None:
        for node in lane_set.iterchildren(bpmn("lane")):
            whose = _whose(node) or inherited
            lane = Lane(
                attribute(node, "id"),
                attribute(node, "name"),
                whose.role,
                whose.unit,
                markup.line(node),
            )
            self._lanes[lane.id] = lane
            for ref in node.iterchildren(bpmn("flowNodeRef")):
                name = reference(ref, ref.text) or ""
                self._lane_of[name] = lane
                self._whose[name] = whose
            for inner in node.iterchildren(bpmn("childLaneSet")):
                self._read_lanes(inner, whose)

    def _read_flow(self, node: Node) -> None:
        scope = node.getparent()
        flow = Flow(
            id=attribute(node, "id"),
            source=reference(node, node.get("sourceRef")) or "",
            target=reference(node, node.get("targetRef")) or "",
            scope="" if scope is None else attribute(scope, "id"),
            name=attribute(node, "name"),
            name_en=_english(node),
            condition=self._expression(node.find(bpmn("conditionExpression"))),
            line=markup.line(node),
        )
        self._flows[flow.id] = flow
        self._outgoing.setdefault(flow.source, []).append(flow.id)
        self._incoming.setdefault(flow.target, []).append(flow.id)

    def _read_scope(self, scope: Node, elements: dict[str, Element]) -> None:
        for node in children(scope):
            if markup.namespace(node) == BPMN and markup.local(node) in NODES:
                element = self._element(node, attribute(scope, "id"))
                elements[element.id] = element
                if element.kind in SUB_PROCESSES:
                    self._read_scope(node, elements)

    def _element(self, node: Node, scope: str) -> Element:
        element_id = attribute(node, "id")
        whose = _whose(node) or self._whose.get(element_id, Whose())
        form = extension(node, "form")
        lane = self._lane_of.get(element_id)
        interrupts = "isInterrupting" if markup.local(node) == "startEvent" else "cancelActivity"
        return Element(
            id=element_id,
            kind=markup.local(node),
            scope=scope,
            name=attribute(node, "name"),
            name_en=_english(node),
            line=markup.line(node),
            incoming=tuple(self._incoming.get(element_id, ())),
            outgoing=tuple(self._outgoing.get(element_id, ())),
            default=reference(node, node.get("default")),
            attached_to=reference(node, node.get("attachedToRef")),
            interrupting=markup.flag(node, interrupts, default=True),
            events=tuple(self._events(node)),
            loop=self._loop(node),
            called=reference(node, node.get("calledElement")),
            message=reference(node, node.get("messageRef")),
            service=self._service(node),
            decision=_decision(node),
            form=None if form is None else read_form(form)[0],
            role=whose.role,
            unit=whose.unit,
            lane=None if lane is None else lane.id,
            triggered_by_event=markup.flag(node, "triggeredByEvent"),
        )

    def _events(self, node: Node) -> Iterator[EventDefinition]:
        for child in children(node):
            name = markup.local(child)
            if not name.endswith("EventDefinition") or markup.namespace(child) != BPMN:
                continue
            kind = name.removesuffix("EventDefinition")
            timer = None
            for timer_kind, tag in (
                (TimerKind.DATE, "timeDate"),
                (TimerKind.DURATION, "timeDuration"),
                (TimerKind.CYCLE, "timeCycle"),
            ):
                expression = self._expression(child.find(bpmn(tag)))
                if expression is not None and timer is None:
                    timer = Timer(timer_kind, expression)
            yield EventDefinition(
                kind, reference(child, child.get(f"{kind}Ref")), timer, markup.line(child)
            )

    def _loop(self, node: Node) -> Loop | None:
        standard = node.find(bpmn("standardLoopCharacteristics"))
        if standard is not None:
            maximum = attribute(standard, "loopMaximum")
            return Loop(
                LoopKind.STANDARD,
                condition=self._expression(standard.find(bpmn("loopCondition"))),
                test_before=markup.flag(standard, "testBefore"),
                maximum=int(maximum) if maximum.isascii() and maximum.isdecimal() else None,
            )
        multi = node.find(bpmn("multiInstanceLoopCharacteristics"))
        if multi is None:
            return None
        each = extension(multi, "each")
        collection = self._expression(multi.find(bpmn("loopDataInputRef")))
        if each is not None and each.get("of"):
            collection = Expression(attribute(each, "of"), None, markup.line(each))
        sequential = markup.flag(multi, "isSequential")
        return Loop(
            LoopKind.SEQUENTIAL if sequential else LoopKind.PARALLEL,
            cardinality=self._expression(multi.find(bpmn("loopCardinality"))),
            collection=collection,
            item=_name_in(each, "as") or _data_item(multi, "inputDataItem"),
            result=_name_in(each, "collect") or _data_item(multi, "outputDataItem"),
            results=_name_in(each, "into")
            or (markup.text(multi.find(bpmn("loopDataOutputRef"))) or None),
            completion=self._expression(multi.find(bpmn("completionCondition"))),
        )

    def _service(self, node: Node) -> ServiceCall | None:
        found = extension(node, "service")
        if found is None:
            return None
        return ServiceCall(
            name=attribute(found, "name"),
            parameters=tuple(
                Parameter(
                    attribute(p, "name"), Expression(attribute(p, "value"), None, markup.line(p))
                )
                for p in found.iterchildren(jieban("parameter"))
            ),
            results=tuple(
                Result(attribute(r, "name"), attribute(r, "into") or attribute(r, "name"))
                for r in found.iterchildren(jieban("result"))
            ),
            line=markup.line(found),
        )


def _whose(node: Node) -> Whose | None:
    found = extension(node, "role")
    return None if found is None else Whose(found.get("name"), found.get("unit") or None)


def _decision(node: Node) -> DecisionCall | None:
    found = extension(node, "decision")
    if found is None:
        return None
    return DecisionCall(
        key=attribute(found, "key"),
        binding=found.get("binding", "case"),
        result=found.get("result") or None,
        line=markup.line(found),
    )


def _name_in(node: Node | None, key: str) -> str | None:
    return None if node is None else (node.get(key) or None)


def _data_item(multi: Node, tag: str) -> str | None:
    found = multi.find(bpmn(tag))
    return None if found is None else (found.get("name") or found.get("id") or None)

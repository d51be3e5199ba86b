"""From a diagram to the nodes tokens move through: done once per published version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import (
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    MultipleEventDefinition,
    NoneEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.engine import iso8601, nodes
from app.engine.diagram import Diagram, Element, EventDefinition, Expression, Process, TimerKind
from app.engine.nodes import Making, Node, Plan, Repeated, Repetition, Route
from app.engine.ports import Compile, Compiled

INNER = "#each"
"""Ends the name of the repeated part of a repeated activity."""

SIMPLE: dict[str, type[Node]] = {
    "userTask": nodes.UserTask,
    "manualTask": nodes.ManualTask,
    "task": nodes.PlainTask,
    "serviceTask": nodes.ServiceTask,
    "businessRuleTask": nodes.RuleTask,
    "exclusiveGateway": nodes.ExclusiveGateway,
    "parallelGateway": nodes.ParallelGateway,
    "inclusiveGateway": nodes.InclusiveGateway,
}
EVENTFUL: dict[str, type[Node]] = {
    "startEvent": nodes.StartEvent,
    "endEvent": nodes.EndEvent,
    "intermediateCatchEvent": nodes.CatchEvent,
    "intermediateThrowEvent": nodes.ThrowEvent,
    "boundaryEvent": nodes.BoundaryEvent,
    "receiveTask": nodes.ReceiveTask,
    "sendTask": nodes.SendTask,
    "eventBasedGateway": nodes.EventGateway,
}


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal in the place of an expression."""

    value: object

    def evaluate(self, scope: Mapping[str, object], *, now: datetime | None = None) -> object:
        """The literal."""
        del scope, now
        return self.value


def clock(name: object, rung: object) -> dict[str, object]:
    """In a timer: the instant of a rung of a named clock of the case."""
    return {"clock": name, "rung": rung}


def working_days(amount: object) -> dict[str, object]:
    """In a timer: so many working days from now."""
    return {"working": amount, "unit": "working_day"}


def working_hours(amount: object) -> dict[str, object]:
    """In a timer: so many working hours from now."""
    return {"working": amount, "unit": "working_hour"}


TIMER_FUNCTIONS: dict[str, Callable[..., object]] = {
    "clock": clock,
    "working_days": working_days,
    "working_hours": working_hours,
}
"""What timers may call beyond FEEL's own functions."""


def plan_key(process: str, scope: str) -> str:
    """Under which key the plan of a process or sub-process is kept."""
    return process if process == scope else f"{process}/{scope}"


def build_plans(diagram: Diagram, compile_expression: Compile) -> dict[str, Plan]:
    """The plans of every process and sub-process of a file, by `plan_key`.

    Raises `Invalid` for what the engine does not execute and for expressions that do not compile.
    """
    plans: dict[str, Plan] = {}
    for process in diagram.processes.values():
        scopes = [process.id] + [e.id for e in process.elements.values() if e.kind == "subProcess"]
        for scope in scopes:
            plan = _Builder(diagram, process, scope, compile_expression).build()
            plans[plan_key(process.id, scope)] = plan
    return plans


class _Builder:
    """Builds the plan of one scope."""

    def __init__(
        self, diagram: Diagram, process: Process, scope: str, compile_expression: Compile
    ) -> None:
        self._diagram = diagram
        self._process = process
        self._scope = scope
        self._compile = compile_expression
        self._elements = list(process.within(scope))

    def build(self) -> Plan:
        plan = Plan(plan_key(self._process.id, self._scope), self._process.id)
        for element in self._elements:
            self._node(plan, element)
        for element in self._elements:
            for flow in element.outgoing:
                plan.node(element.id).connect(plan.node(self._process.flows[flow].target))
        self._starts(plan)
        return plan

    def _starts(self, plan: Plan) -> None:
        starts = [e for e in self._elements if e.kind == "startEvent"]
        for element in starts:
            key = None
            if element.event is not None and element.event.kind in {"message", "signal"}:
                key = self._code(element.event)
            plan.starts.setdefault(key, []).append(element.id)
        if not starts:
            plan.starts[None] = [
                e.id
                for e in self._elements
                if not e.incoming and e.kind != "boundaryEvent" and not e.triggered_by_event
            ]
        for names in plan.starts.values():
            for name in names:
                plan.start.connect(plan.node(name))

    def _expression(self, expression: Expression | None, *, timer: bool = False) -> Compiled | None:
        if expression is None:
            return None
        return self._compile(expression.feel, TIMER_FUNCTIONS if timer else {})

    def _code(self, event: EventDefinition) -> str | None:
        """What an event is matched by: name of a message or signal, code of the others."""
        found = self._diagram.definition(event)
        if found is None:
            return None
        return found.name if event.kind in {"message", "signal"} else (found.code or found.name)

    def _making(self, element: Element) -> Making:
        flows = self._process.flows
        attached = list(self._process.attached(element.id))
        routes = tuple(
            Route(flow, flows[flow].target, self._expression(flows[flow].condition))
            for flow in element.outgoing
        )
        event = element.event
        code = self._code(event) if event else None
        waits_for = None
        if event is not None and event.kind in {"message", "signal"}:
            waits_for = (event.kind, code or "")
        if element.message is not None:
            message = self._diagram.messages.get(element.message)
            code = message.name if message else None
            waits_for = ("message", code or "")
        parameters = element.service.parameters if element.service else ()
        return Making(
            element=element,
            routes=routes,
            default=element.default,
            boundaries=tuple(
                e.id for e in attached if e.event and e.event.kind in {"timer", "message", "signal"}
            ),
            catchers=tuple(
                (e.event.kind, self._code(e.event), e.id)
                for e in attached
                if e.event and e.event.kind in {"error", "escalation"}
            ),
            parameters=tuple((p.name, self._compile(p.value.feel, {})) for p in parameters),
            timer=self._timer(event),
            waits_for=waits_for,
            code=code,
            incoming=element.incoming,
            may_reach=self._reach(element) if element.kind == "inclusiveGateway" else {},
        )

    def _timer(self, event: EventDefinition | None) -> Compiled | None:
        if event is None or event.timer is None:
            return None
        timer = event.timer
        text = timer.expression.text
        if not timer.is_literal:
            return self._expression(timer.expression, timer=True)
        if timer.kind is TimerKind.CYCLE:
            return Constant(iso8601.parse_repetition(text))
        if timer.kind is TimerKind.DATE:
            return Constant(iso8601.parse_instant(text))
        return Constant(iso8601.parse_duration(text))

    def _reach(self, gateway: Element) -> dict[str, frozenset[str]]:
        """For each flow into the gateway the elements a token can come from without crossing it."""
        process = self._process
        reach = {}
        for flow in gateway.incoming:
            seen: set[str] = set()
            open_ = [process.flows[flow].source]
            while open_:
                name = open_.pop()
                if name in seen or name == gateway.id:
                    continue
                seen.add(name)
                element = process.elements[name]
                open_.extend(process.flows[f].source for f in element.incoming)
                if element.attached_to:
                    open_.append(element.attached_to)
            reach[flow] = frozenset(seen)
        return reach

    def _node(self, plan: Plan, element: Element) -> None:
        made = self._making(element)
        if element.loop is None:
            self._plain_node(plan, element, element.id, made)
            return
        inner = element.id + INNER
        part = Making(element, parameters=made.parameters, waits_for=made.waits_for, code=made.code)
        self._plain_node(plan, element, inner, part).inner = True
        loop = element.loop
        Repeated(
            plan,
            element.id,
            Making(
                element,
                made.routes,
                made.default,
                made.boundaries,
                made.catchers,
                incoming=made.incoming,
            ),
            Repetition(
                loop,
                inner,
                self._expression(loop.collection),
                self._expression(loop.cardinality),
                self._expression(loop.completion),
                self._expression(loop.condition),
            ),
        )

    def _plain_node(self, plan: Plan, element: Element, name: str, made: Making) -> Node:
        kind = element.kind
        if kind == "sendTask" and element.service is not None:
            return nodes.ServiceTask(plan, name, made)
        if kind in SIMPLE:
            if kind == "inclusiveGateway" and len(element.incoming) > 1:
                plan.inclusive_joins = True
            return SIMPLE[kind](plan, name, made)
        if kind in EVENTFUL:
            more: dict[str, Any] = {"event_definition": self._definition(element, made)}
            if kind == "boundaryEvent":
                more["cancel_activity"] = element.interrupting
            return EVENTFUL[kind](plan, name, made, **more)
        if kind == "subProcess" and not element.triggered_by_event:
            key = plan_key(self._process.id, element.id)
            return nodes.SubProcess(plan, name, made, subworkflow_spec=key)
        if kind == "callActivity":
            return nodes.CallActivity(plan, name, made, subworkflow_spec=element.called or "")
        raise Invalid(
            Phrase(
                f"流程元素“{element.label.zh}”（{kind}）不能执行：请先用检查功能查看改法。",
                f'Element "{element.label.en}" ({kind}) cannot be executed: run the checker to see '
                "what to draw instead.",
            )
        )

    def _definition(self, element: Element, made: Making) -> Any:
        """SpiffWorkflow's definition of the event."""
        event = element.event
        name = made.code or ""
        if element.kind == "eventBasedGateway":
            return MultipleEventDefinition()
        kind = event.kind if event else ("message" if element.message else "")
        match kind:
            case "message":
                return MessageEventDefinition(name)
            case "signal":
                return SignalEventDefinition(name)
            case "error":
                return ErrorEventDefinition(name, made.code)
            case "escalation":
                return EscalationEventDefinition(name, made.code)
            case "terminate":
                return TerminateEventDefinition()
            case "timer":
                return TimerEventDefinition(element.id, "")
            case "":
                return NoneEventDefinition()
        raise Invalid(
            Phrase(
                f"事件“{element.label.zh}”（{kind}）不能执行：请先用检查功能查看改法。",
                f'Event "{element.label.en}" ({kind}) cannot be executed: run the checker to see '
                "what to draw instead.",
            )
        )

"""Checks of what is connected to what, within each process and sub-process."""

from app.engine.diagram import ACTIVITIES, GATEWAYS, SUB_PROCESSES, Element, Flow, Process
from app.engine.remarks import Remarks
from app.engine.soundness import Verdict, explore

_PASSED = frozenset({"intermediateCatchEvent", "intermediateThrowEvent"})
"""Events that may end a path, as activities may."""

_UNATTENDED = frozenset({"serviceTask", "businessRuleTask", "sendTask", "intermediateThrowEvent"})


def check_flows(remarks: Remarks, process: Process) -> None:
    """Remark on everything about sequence flows that would not run as BPMN says."""
    _check_ends_of_flows(remarks, process)
    scopes = [process.id] + [
        element.id for element in process.elements.values() if element.kind in SUB_PROCESSES
    ]
    for scope in scopes:
        _Scope(remarks, process, scope).check()


def _check_ends_of_flows(remarks: Remarks, process: Process) -> None:
    for flow in process.flows.values():
        source = process.elements.get(flow.source)
        target = process.elements.get(flow.target)
        if source is None or target is None:
            missing = flow.source if source is None else flow.target
            remarks.error(
                "loose_flow",
                flow,
                f"顺序流的一端“{missing}”不存在：请重新连接或删除这条顺序流。",
                f"One end of the sequence flow, “{missing}”, does not exist: connect it again or "
                "remove it.",
            )
        elif source.scope != flow.scope or target.scope != flow.scope:
            remarks.error(
                "crossing_flow",
                flow,
                "顺序流不能穿过子流程的边界：请连接到子流程本身。",
                "A sequence flow cannot cross the border of a sub-process: connect it to the "
                "sub-process itself.",
            )


class _Scope:
    def __init__(self, remarks: Remarks, process: Process, scope: str) -> None:
        self._remarks = remarks
        self._process = process
        self._scope = scope
        self._elements = list(process.within(scope))
        self._owner = process.elements.get(scope)

    def check(self) -> None:
        self._check_start()
        for element in self._elements:
            self._check_element(element)
            if element.kind in GATEWAYS:
                self._check_gateway(element)
            else:
                self._check_choice(element, self._out(element))
            if element.kind == "eventBasedGateway":
                self._check_events_behind(element)
        self._check_reached()
        self._check_rounds()
        if not self._remarks.errors() and self._elements:
            self._judge(explore(self._process, self._scope))

    def _out(self, element: Element) -> list[Flow]:
        return [self._process.flows[name] for name in element.outgoing]

    def _check_start(self) -> None:
        starts = [element for element in self._elements if element.kind == "startEvent"]
        ends = [element for element in self._elements if element.kind == "endEvent"]
        if not starts and (ends or not self._elements):
            self._remarks.error(
                "no_start",
                self._owner or self._process,
                f"“{self._scope}”没有开始事件：请画一个，连到第一步。",
                f"“{self._scope}” has no start event: draw one and connect it to the first step.",
            )
        triggers = [self._trigger(element) for element in starts]
        for element, trigger in zip(starts, triggers, strict=True):
            if triggers.count(trigger) > 1 and element is not starts[triggers.index(trigger)]:
                self._remarks.error(
                    "several_starts",
                    element,
                    f"“{self._scope}”有几个同样的开始事件：请只留一个，或改由不同的消息开始。",
                    f"“{self._scope}” has several start events of the same kind: keep one, or let "
                    "different messages start the process.",
                )
            if trigger is not None and self._owner is not None:
                self._remarks.error(
                    "several_starts",
                    element,
                    "子流程随到达而开始：请改为普通开始事件，之后接收消息或信号。",
                    "A sub-process begins when it is reached: make this a plain start event "
                    "followed by an event that catches.",
                )

    def _trigger(self, start: Element) -> tuple[str, str] | None:
        if start.event is None:
            return None
        definition = self._remarks.diagram.definition(start.event)
        return (start.event.kind, "" if definition is None else definition.name)

    def _check_element(self, element: Element) -> None:
        takes_in = element.kind not in {"startEvent", "boundaryEvent"}
        if not takes_in and element.incoming:
            self._remarks.error(
                "no_entry",
                element,
                "开始事件和边界事件不能有流入的顺序流：请把顺序流连到别的元素。",
                "A start or boundary event has no incoming sequence flow: connect the flow to "
                "another element.",
            )
        if element.kind == "endEvent":
            if element.outgoing:
                self._remarks.error(
                    "after_end",
                    element,
                    "结束事件之后不能再有顺序流：请改为中间事件，或删除顺序流。",
                    "Nothing follows an end event: make it an intermediate event or remove the "
                    "flow.",
                )
            return
        if not element.outgoing and element.kind not in ACTIVITIES | _PASSED:
            self._remarks.error(
                "dead_end",
                element,
                "这条路径没有结束：请连接到下一步或结束事件。",
                "This path does not end: connect it to the next step or to an end event.",
            )
        elif not element.outgoing and any(e.kind == "endEvent" for e in self._elements):
            self._remarks.warning(
                "implicit_end",
                element,
                "路径在这里结束，但没有画结束事件：若是有意的，请补画结束事件。",
                "The path ends here without an end event: if that is meant, draw one.",
            )
        if len(element.outgoing) > 1 and element.kind not in GATEWAYS:
            self._remarks.warning(
                "implicit_fork",
                element,
                "不经网关流出几条顺序流：没有条件的会同时走，有条件的成立就走；"
                "用网关画出来更清楚。",
                "Several sequence flows leave without a gateway: those without condition are all "
                "taken at once, and every one whose condition holds; a gateway shows it better.",
            )

    def _check_choice(self, element: Element, flows: list[Flow]) -> None:
        """Conditions on the flows out of an activity work like those of an inclusive gateway."""
        conditional = [flow for flow in flows if flow.condition is not None]
        if element.kind not in ACTIVITIES:
            self._check_conditions(element, flows)
            return
        self._check_default(element, flows)
        if conditional and element.default is None and len(conditional) == len(flows):
            self._no_default(element)

    def _check_conditions(self, element: Element, flows: list[Flow]) -> None:
        for flow in flows:
            if flow.condition is not None:
                self._remarks.error(
                    "misplaced_condition",
                    flow,
                    "条件只能写在排他网关、包容网关或任务流出的顺序流上：请在前面加网关。",
                    "Conditions belong on flows out of an exclusive or inclusive gateway or a "
                    "task: put a gateway in front.",
                )
        if element.default is not None:
            self._remarks.error(
                "misplaced_default",
                element,
                "只有排他网关、包容网关和任务可以有默认流：请在其后加网关。",
                "Only exclusive and inclusive gateways and tasks have a default flow: put a "
                "gateway behind the element.",
            )

    def _check_gateway(self, gateway: Element) -> None:
        flows = self._out(gateway)
        if gateway.kind not in {"exclusiveGateway", "inclusiveGateway"}:
            self._check_conditions(gateway, flows)
            return
        self._check_default(gateway, flows)
        if len(flows) == 1:
            if flows[0].condition is not None:
                self._remarks.error(
                    "misplaced_condition",
                    flows[0],
                    "网关只有一条出路时不能写条件：请删除条件，或再画一条默认流。",
                    "The only way out of a gateway has no condition: remove it, or draw a default "
                    "flow beside it.",
                )
            return
        for flow in flows:
            if flow.condition is None and flow.id != gateway.default:
                self._remarks.error(
                    "no_condition",
                    flow,
                    "网关流出的这条顺序流没有条件：请写条件，或设为默认流。",
                    "This flow out of a gateway has no condition: write one or make it the "
                    "default.",
                )
        if flows and gateway.default is None:
            self._no_default(gateway)

    def _check_default(self, element: Element, flows: list[Flow]) -> None:
        if element.default is None:
            return
        flow = next((flow for flow in flows if flow.id == element.default), None)
        if flow is None:
            self._remarks.error(
                "misplaced_default",
                element,
                "默认流不是从这里流出的：请重新指定默认流。",
                "The default flow does not leave this element: choose another default.",
            )
        elif flow.condition is not None:
            self._remarks.error(
                "misplaced_condition",
                flow,
                "默认流不能写条件：请删除条件，或指定另一条默认流。",
                "A default flow has no condition: remove it, or choose another default.",
            )

    def _no_default(self, element: Element) -> None:
        self._remarks.error(
            "no_default",
            element,
            "没有默认流，所有条件都不成立时流程会停住：请指定默认流。",
            "There is no default flow, so the process would stop when no condition holds: choose "
            "a default.",
        )

    def _check_events_behind(self, gateway: Element) -> None:
        if len(gateway.outgoing) < 2:
            self._remarks.error(
                "event_gateway",
                gateway,
                "事件网关之后至少要有两个事件：请再画一个，或删除网关。",
                "At least two events follow an event-based gateway: draw another or remove the "
                "gateway.",
            )
        targets = [
            self._process.elements[flow.target]
            for flow in self._out(gateway)
            if flow.target in self._process.elements
        ]
        for target in targets:
            self._check_event_behind(target)
        kinds = {target.kind for target in targets}
        messages = any(e.event is not None and e.event.kind == "message" for e in targets)
        if "receiveTask" in kinds and messages:
            self._remarks.error(
                "event_gateway",
                gateway,
                "事件网关之后不能既有接收任务又有消息事件：请统一用消息事件。",
                "Receive tasks and message events do not stand behind the same event-based "
                "gateway: use message events only.",
            )

    def _check_event_behind(self, target: Element) -> None:
        if target.kind not in {"intermediateCatchEvent", "receiveTask"}:
            self._remarks.error(
                "event_gateway",
                target,
                "事件网关之后只能是捕获的消息、信号、定时事件或接收任务：请在中间加一个事件。",
                "Only catching message, signal or timer events and receive tasks follow an "
                "event-based gateway: put an event in between.",
            )
        if len(target.incoming) > 1:
            self._remarks.error(
                "event_gateway",
                target,
                "事件网关之后的事件只能从该网关进入：请为别的路径另画一个事件。",
                "An event behind an event-based gateway is entered from there only: draw another "
                "event for the other path.",
            )
        if target.loop is not None or any(True for _ in self._process.attached(target.id)):
            self._remarks.error(
                "event_gateway",
                target,
                "事件网关之后的接收任务不能有边界事件或循环：请用消息事件。",
                "A receive task behind an event-based gateway has neither boundary events nor "
                "repetition: use a message event.",
            )

    def _check_reached(self) -> None:
        starts = [element.id for element in self._elements if element.kind == "startEvent"]
        open_ids = starts or [
            e.id for e in self._elements if not e.incoming and e.kind != "boundaryEvent"
        ]
        open_ids += [e.id for e in self._elements if self._begins_otherwise(e)]
        reached: set[str] = set(open_ids)
        while open_ids:
            element = self._process.elements[open_ids.pop()]
            following = [flow.target for flow in self._out(element)]
            if element.kind in ACTIVITIES:
                following += [event.id for event in self._process.attached(element.id)]
            for name in following:
                if name in self._process.elements and name not in reached:
                    reached.add(name)
                    open_ids.append(name)
        for element in self._elements:
            if element.id not in reached:
                self._remarks.error(
                    "unreachable",
                    element,
                    "从开始事件走不到这个元素：请连接它，或删除它。",
                    "No path leads here from the start event: connect the element or remove it.",
                )

    def _check_rounds(self) -> None:
        """Refuse a circle of elements that need nobody and give no choice: it never stops."""
        forced = {element.id: element for element in self._elements if self._is_forced(element)}
        for first in forced.values():
            seen: set[str] = set()
            todo = [flow.target for flow in self._out(first)]
            while todo:
                name = todo.pop()
                if name == first.id:
                    self._remarks.error(
                        "endless_loop",
                        first,
                        "这个循环里没有人参与，也没有出口，会永远转下去：请加排他网关和退出条件，"
                        "或加等待的步骤。",
                        "Nobody takes part in this loop and nothing leads out, so it never stops: "
                        "add an exclusive gateway with a way out, or a step that waits.",
                    )
                    return
                if name in forced and name not in seen:
                    seen.add(name)
                    todo += [flow.target for flow in self._out(forced[name])]

    def _is_forced(self, element: Element) -> bool:
        """Whether a token always goes on from here at once, along every flow."""
        has_choice = any(flow.condition is not None for flow in self._out(element))
        if has_choice or any(True for _ in self._process.attached(element.id)):
            return False
        if element.kind in {"exclusiveGateway", "inclusiveGateway"}:
            return element.kind == "exclusiveGateway" and len(element.outgoing) == 1
        if element.kind == "parallelGateway":
            return len(element.incoming) == 1
        return element.kind in _UNATTENDED and element.loop is None

    def _begins_otherwise(self, element: Element) -> bool:
        """What is refused for itself already is not called unreachable as well."""
        if element.kind == "boundaryEvent":
            host = self._process.elements.get(element.attached_to or "")
            return host is None or host.kind not in ACTIVITIES or host.scope != element.scope
        return element.triggered_by_event

    def _judge(self, verdict: Verdict) -> None:
        for name in verdict.never:
            self._remarks.error(
                "never_happens",
                self._process.elements[name],
                "流程永远走不到这里（前面的汇合永远等不齐）：请核对分支与汇合是否配对。",
                "The process can never get here, as a join before it waits for ever: pair splits "
                "and joins.",
            )
        for name in verdict.stuck:
            self._remarks.warning(
                "may_wait_for_ever",
                self._process.elements[name],
                "这个汇合可能永远等不齐：前面若是排他网关，请改用排他网关汇合。",
                "This join may wait for ever: behind an exclusive split use an exclusive join.",
            )
        for name in verdict.twice:
            self._remarks.warning(
                "may_run_twice",
                self._process.elements[name],
                "并行的路径没有汇合就到了这里，之后的步骤可能各走一遍：需要时请先用并行网关汇合。",
                "Parallel paths arrive here without being joined, so what follows may run once for "
                "each: join them in a parallel gateway where that is not meant.",
            )

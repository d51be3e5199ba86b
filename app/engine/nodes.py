# ruff: noqa: SLF001 - SpiffWorkflow is extended through members it marks as private
"""What each kind of element does with a token: SpiffWorkflow's task specifications, corrected.

A node is built once per published version and shared by all instances and threads: nothing here
writes to `self` after building. All that belongs to one instance is in the token.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from dateutil.relativedelta import relativedelta
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.event_definitions import (
    MultipleEventDefinition,
)
from SpiffWorkflow.bpmn.specs.mixins import (
    BoundaryEventMixin,
    BpmnSpecMixin,
    CallActivityMixin,
    EndEventMixin,
    EventBasedGatewayMixin,
    ExclusiveGatewayMixin,
    InclusiveGatewayMixin,
    IntermediateCatchEventMixin,
    IntermediateThrowEventMixin,
    ManualTaskMixin,
    NoneTaskMixin,
    ParallelGatewayMixin,
    ReceiveTaskMixin,
    SendTaskMixin,
    ServiceTaskMixin,
    StartEventMixin,
    SubWorkflowTaskMixin,
    UserTaskMixin,
)
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import (
    LoopTask,
    MultiInstanceTask,
    StandardLoopTask,
)
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.task import TaskState

from app.core.clock import CHINA
from app.engine import iso8601
from app.engine.diagram import Element, Loop, LoopKind, TimerKind
from app.engine.errors import BusinessError, fault
from app.engine.overrides import Cure, cured, overrides, replaces
from app.engine.ports import (
    Compiled,
    EventWait,
    HumanTask,
    StepKind,
    Thrown,
    TimerWait,
    WorkingTime,
)
from app.engine.tokens import Scope, SubNet, Token

MAX_INSTANCES = 1_000
"""Instances of one repeated activity; more is a mistake in the data."""

replaces(Cure.EVENT_GATEWAY, MultipleEventDefinition.has_fired, "735a9c586e81e112")
replaces(Cure.FROZEN_SPEC, MultiInstanceTask.create_child, "7241174bea90bec2")
replaces(Cure.FROZEN_SPEC, StandardLoopTask.create_child, "59ce81bf5e0d7de3")
replaces(Cure.REARM, CatchingEvent._run_hook, "c0d09ad9b075478d")


@dataclass(frozen=True, slots=True)
class Route:
    """A sequence flow as a token sees it."""

    flow: str
    target: str
    condition: Compiled | None = None


@dataclass(slots=True)
class Making:
    """What a node is made from; read-only after building."""

    element: Element
    routes: tuple[Route, ...] = ()
    default: str | None = None
    boundaries: tuple[str, ...] = ()
    """Names of attached events that wait: timers, messages, signals."""
    catchers: tuple[tuple[str, str | None, str], ...] = ()
    """Attached events that catch: kind (error, escalation), code, name."""
    parameters: tuple[tuple[str, Compiled], ...] = ()
    timer: Compiled | None = None
    waits_for: tuple[str, str] | None = None
    code: str | None = None
    incoming: tuple[str, ...] = ()
    may_reach: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Inclusive joins: for each incoming flow the nodes from which it can still be reached."""


def value(expression: Compiled, token: Token) -> object:
    """The value of an expression at a token; FEEL's now() is the instant of the verb."""
    return expression.evaluate(token.data, now=token.workflow.top_workflow.at)


class Plan(BpmnProcessSpec):  # type: ignore[misc] # SpiffWorkflow is untyped
    """The specification of one process or sub-process."""

    def __init__(self, name: str, process: str) -> None:
        super().__init__(name=name)
        # The library's own start and end would stand in the way of elements of those names.
        self.start.name = "#start"
        self.task_specs = {self.start.name: self.start}
        self.process = process
        self.inclusive_joins = False
        self.starts: dict[str | None, list[str]] = {}
        """First nodes by the name of the message or signal that starts them (None: plain)."""

    def node(self, name: str) -> "Node":
        """The node of that name."""
        node: Node = self.task_specs[name]
        return node


class Node(BpmnSpecMixin):  # type: ignore[misc]
    """An element of the diagram."""

    manual: bool
    inner = False
    """Whether this is the repeated part of a repeated activity."""
    looks_again = False
    """Whether a waiting token here may go on because others have moved."""
    cancel_activity = False
    silent = False
    """Whether tokens arriving here enter the trace only when they go on."""

    def __init__(self, plan: Plan, name: str, made: Making, **kwargs: Any) -> None:
        super().__init__(plan, name, **kwargs)
        self.made = made
        self.element_id = made.element.id
        self.waits_for = made.waits_for
        label = made.element.label
        self.label = label.zh
        self.label_en = label.en

    # What stock calls ---------------------------------------------------------------------

    def test(self) -> None:
        """Nothing: diagrams are checked when they are published, not at every step."""

    @overrides(Cure.PREDICTION, TaskSpec._predict, "e205cac4587d51d4")
    def _predict(self, *args: Any, **kwargs: Any) -> None:
        """Build nothing ahead: children come to be when the token leaves."""

    def _update_hook(self, token: Token) -> bool | None:
        """The token arrives; True when the node can run at once."""
        token.workflow.top_workflow.record.enter(token)
        return True

    def _on_complete_hook(self, token: Token) -> None:
        """The token leaves: what was attached ends, and a child is laid on each chosen route."""
        for child in token.children:
            child.cancel()
        routes = self.choose(token)
        record = token.workflow.top_workflow.record
        record.close(token, StepKind.LEFT)
        for route in routes:
            child = token._add_child(self._wf_spec.node(route.target))
            child.internal_data["by"] = route.flow
            record.take(token, route.flow)

    def _on_cancel(self, token: Token) -> None:
        """Nothing beyond what the token itself does."""

    # What ours call ------------------------------------------------------------------------

    def choose(self, token: Token) -> list[Route] | tuple[Route, ...]:
        """The routes a token takes: all without condition, and those whose condition holds.

        The default route is taken when there are conditions and none holds.
        """
        if self.made.default is None and not any(r.condition for r in self.made.routes):
            return self.made.routes
        taken, conditional = [], False
        for route in self.made.routes:
            if route.flow == self.made.default:
                continue
            if route.condition is None:
                taken.append(route)
            elif self.holds(route.condition, token):
                taken.append(route)
                conditional = True
        if not conditional:
            taken.extend(r for r in self.made.routes if r.flow == self.made.default)
        return taken or self.no_route()

    def no_route(self) -> NoReturn:
        """Raise: no condition holds and there is no default."""
        raise fault(
            self.element_id,
            "没有任何条件成立，也没有默认流向：请补充默认流向。",
            "no condition holds and there is no default flow: add one.",
        )

    def holds(self, condition: Compiled, token: Token) -> bool:
        """Whether a condition is true; null counts as false, anything else is a fault."""
        found = value(condition, token)
        if found is None or isinstance(found, bool):
            return bool(found)
        raise fault(
            self.element_id,
            f"条件的结果应为真或假，实际为 {found!r}：请修改表达式。",
            f"a condition must be true or false but is {found!r}: correct the expression.",
        )

    def parameters(self, token: Token) -> dict[str, object]:
        """The values handed to a service, or sent with a message."""
        return {name: value(expression, token) for name, expression in self.made.parameters}

    def keep(self, token: Token, answer: Mapping[str, object]) -> None:
        """Put an answer into the data. Raises `ProcessFault` for what no state can hold."""
        try:
            token.scope.write(answer)
        except ValueError as error:
            raise fault(
                self.element_id,
                f"返回的数据不能保存（{error}）：请让服务只返回编号、文字、数字和日期。",
                f"the answer cannot be kept ({error}): let the service return ids, texts, numbers "
                "and dates only.",
            ) from error

    def attach(self, token: Token) -> None:
        """Arm the events attached to the activity."""
        for name in self.made.boundaries:
            event = self._wf_spec.node(name)
            event._update(token._add_child(event))

    def catcher(self, kind: str, code: str | None) -> "Node | None":
        """The attached event that catches an error or escalation: its code first, then any."""
        for wanted in (code, None):
            for caught, its_code, name in self.made.catchers:
                if caught == kind and its_code == wanted:
                    node: Node = self._wf_spec.node(name)
                    return node
        return None

    def human_task(self, token: Token) -> HumanTask:
        """The row of the worklist."""
        return HumanTask(
            token.id,
            self.element_id,
            self.label,
            self.label_en,
            self.made.element.role,
            self.made.element.unit,
            self._wf_spec.process,
            token.instance,
        )

    def timer_wait(self, token: Token) -> TimerWait | None:
        """The timer the token waits for, if it waits for one."""
        inside = token.internal_data
        armed = inside.get("armed")
        if armed is None:
            return None
        return TimerWait(
            token.id,
            self.element_id,
            armed,
            inside.get("due"),
            inside.get("clock"),
            inside.get("rung"),
        )

    def event_wait(self, token: Token) -> EventWait | None:
        """The message or signal the token waits for, if it waits for one."""
        if self.waits_for is None:
            return None
        return EventWait(token.id, self.element_id, *self.waits_for)


class Human(Node):
    """Somebody does it and says so."""

    def _update_hook(self, token: Token) -> bool | None:
        token.workflow.top_workflow.record.enter(token)
        self.attach(token)
        return True


class UserTask(Human, UserTaskMixin):  # type: ignore[misc]
    """A user task."""


class ManualTask(Human, ManualTaskMixin):  # type: ignore[misc]
    """A manual task: done without the system, which is told when it is done."""


class PlainTask(Human, NoneTaskMixin):  # type: ignore[misc]
    """A task without a kind: somebody says when it is done."""


class PassThrough(Node):
    """Nothing to do: the token goes on."""


class ServiceTask(Node, ServiceTaskMixin):  # type: ignore[misc]
    """A service or send task that names a registered service."""

    def _execute(self, token: Token) -> bool:
        call = self.made.element.service
        top = token.workflow.top_workflow
        if call is None:
            raise fault(
                self.element_id,
                "未指定服务：请为该任务选择一个已登记的服务。",
                "no service is named: choose a registered one for this task.",
            )
        values = self.parameters(token)
        try:
            answer = top.ports.call_service(call.name, values, top.call(token)) or {}
        except BusinessError as error:
            if not cured(Cure.SERVICE_ERRORS):
                raise
            top.throw(token, "error", error.code, error.data)
            return True
        self.keep(token, {r.into: answer.get(r.name) for r in call.results})
        return True


class RuleTask(Node, ServiceTaskMixin):  # type: ignore[misc]
    """A business rule task: asks a decision table."""

    def _execute(self, token: Token) -> bool:
        call = self.made.element.decision
        top = token.workflow.top_workflow
        if call is None:
            raise fault(
                self.element_id,
                "未指定决策表：请为该任务选择一个决策表。",
                "no decision is named: choose a table for this task.",
            )
        answer = top.ports.decide(call.key, token.data, call.binding, top.call(token))
        if call.result is not None:
            self.keep(token, {call.result: answer})
        elif isinstance(answer, Mapping):
            self.keep(token, answer)
        return True


class ExclusiveGateway(Node, ExclusiveGatewayMixin):  # type: ignore[misc]
    """Takes the first route whose condition holds."""

    def _run_hook(self, token: Token) -> bool:
        del token
        return True

    def choose(self, token: Token) -> list[Route] | tuple[Route, ...]:
        """One route: the first that holds in the order of the file, else the default."""
        if len(self.made.routes) <= 1 and not any(r.condition for r in self.made.routes):
            return self.made.routes
        for route in self.made.routes:
            if route.flow != self.made.default and (
                route.condition is None or self.holds(route.condition, token)
            ):
                return [route]
        return [r for r in self.made.routes if r.flow == self.made.default] or self.no_route()


class Join(Node):
    """A gateway that waits for tokens on several incoming flows.

    Each waiting token remembers by which flow it came. Firing takes the oldest token of each
    flow that has one; excess tokens stay, as BPMN demands.
    """

    silent = True

    def _update_hook(self, token: Token) -> bool | None:
        token._set_state(TaskState.WAITING)
        if not self._check_threshold_unstructured(token):
            return None
        mine = token.internal_data.get("by")
        for flow, oldest in self.arrived(token).items():
            if flow != mine:
                oldest._set_state(TaskState.CANCELLED)
                token.workflow.forget(oldest)
        token.workflow.top_workflow.record.enter(token)
        return True

    def arrived(self, token: Token) -> dict[str, Token]:
        """The oldest waiting token of each incoming flow that has one."""
        found: dict[str, Token] = {}
        for other in token.workflow.tasks.values():
            if other.task_spec is self and other._state == TaskState.WAITING:
                found.setdefault(other.internal_data.get("by", ""), other)
        return found

    def _run_hook(self, token: Token) -> bool:
        del token
        return True


class ParallelGateway(Join, ParallelGatewayMixin):  # type: ignore[misc]
    """Waits for a token on every incoming flow, and gives one to every outgoing flow."""

    @overrides(
        Cure.PARALLEL_JOIN, ParallelGatewayMixin._check_threshold_unstructured, "f362324db9fe6791"
    )
    def _check_threshold_unstructured(self, token: Token) -> bool:
        return len(self.made.incoming) <= 1 or len(self.arrived(token)) == len(self.made.incoming)


class InclusiveGateway(Join, InclusiveGatewayMixin):  # type: ignore[misc]
    """Waits for every token that can still arrive, and takes every route that holds."""

    looks_again = True

    @overrides(
        Cure.INCLUSIVE_JOIN, InclusiveGatewayMixin._check_threshold_unstructured, "813fa3b93a629ea6"
    )
    def _check_threshold_unstructured(self, token: Token) -> bool:
        """BPMN 2.0, 13.4.3: no token elsewhere can reach an empty incoming flow, unless it can
        also reach one that has a token; paths through this gateway do not count.
        """
        if len(self.made.incoming) <= 1:
            return True
        net = token.workflow
        if not net.top_workflow.at_rest:
            return False  # others still move, or come to be; it is asked again when all rest
        arrived = self.arrived(token)
        reach = self.made.may_reach
        for other in net.tokens():
            if other.task_spec is self and other._state == TaskState.WAITING:
                continue
            name = other.task_spec.name
            if any(
                name in reach[flow] for flow in self.made.incoming if flow not in arrived
            ) and not any(name in reach[flow] for flow in arrived if flow in reach):
                return False
        return True


def later(at: datetime, span: timedelta | relativedelta) -> datetime:
    """`span` after `at`, months and days counted on the Chinese calendar date.

    Raises OverflowError past the year 9999.
    """
    try:
        return (at.astimezone(CHINA) + span).astimezone(UTC)
    except ValueError as error:
        raise OverflowError(str(error)) from error


class Catch(Node):
    """Waits for a timer, a message or a signal."""

    def _update_hook(self, token: Token) -> bool | None:
        top = token.workflow.top_workflow
        if not self.is_part(token):
            top.record.enter(token)
            self.attach(token)
        token._set_state(TaskState.WAITING)
        if self.made.timer is not None:
            self.arm_timer(token, top.at)
        top.record.arm(token)
        return None

    def is_part(self, token: Token) -> bool:
        """Whether the token is one of the events an event-based gateway waits for."""
        return isinstance(token.parent.task_spec, EventGateway)

    def arm_timer(self, token: Token, now: datetime) -> None:
        """Work out what the timer asks for and write it into the token."""
        assert self.made.timer is not None
        top = token.workflow.top_workflow
        inside = token.internal_data
        inside["armed"] = now
        ask = value(self.made.timer, token)
        if isinstance(ask, iso8601.Repetition):
            inside["due"] = ask.start or later(now, ask.every)
            inside["left"] = ask.times
        elif isinstance(ask, Mapping) and "clock" in ask:
            inside["clock"] = self._clock_name(ask["clock"])
            inside["rung"] = self._clock_name(ask["rung"])
        elif isinstance(ask, Mapping) and "working" in ask:
            wanted = WorkingTime(self._whole(ask["working"]), str(ask["unit"]))
            inside["due"] = top.ports.due(wanted, top.call(token))
        else:
            inside["due"] = self.instant(ask, now)

    def _whole(self, amount: object) -> int:
        """So many working days or hours. Raises `ProcessFault`, also where data is missing."""
        try:
            return int(str(amount))
        except ValueError as error:
            raise fault(
                self.element_id,
                f"工作日或工作小时的数目必须是整数，实际为 {amount!r}：请修改表达式或数据。",
                f"working days and hours are counted in whole numbers, not {amount!r}: correct the "
                "expression or the data.",
            ) from error

    def _clock_name(self, name: object) -> str:
        """The name of a clock or rung. Raises `ProcessFault`, also where data is missing."""
        if isinstance(name, str) and name:
            return name
        raise fault(
            self.element_id,
            f"计时的名称和档位必须是文字，实际为 {name!r}：请修改表达式或数据。",
            f"clocks and rungs are named by texts, not {name!r}: correct the expression or the "
            "data.",
        )

    def instant(self, ask: object, now: datetime) -> datetime:
        """The due instant a plain value stands for. Raises `ProcessFault` for anything else."""
        kind = self.made.element.event.timer.kind  # type: ignore[union-attr]
        if kind is TimerKind.DATE:
            if isinstance(ask, datetime):
                return ask if ask.tzinfo else ask.replace(tzinfo=CHINA)
            if isinstance(ask, date):
                return datetime.combine(ask, time(), CHINA)
        elif isinstance(ask, timedelta | relativedelta):
            try:
                return later(now, ask)
            except OverflowError as error:
                raise fault(
                    self.element_id,
                    f"计时器的时长 {ask!r} 太长：请修改表达式。",
                    f"the timer's duration {ask!r} is too long: correct the expression.",
                ) from error
        if isinstance(ask, str):
            try:
                if kind is TimerKind.DATE:
                    return iso8601.parse_instant(ask)
                return self.instant(iso8601.parse_duration(ask), now)
            except ValueError:
                pass
        months = getattr(ask, "months", None)
        if kind is TimerKind.DURATION and isinstance(months, int):
            return self.instant(relativedelta(months=months), now)
        zh, en = ("时刻", "instant") if kind is TimerKind.DATE else ("时长", "duration")
        raise fault(
            self.element_id,
            f"计时器的值 {ask!r} 不是{zh}：请修改表达式。",
            f"the timer's value {ask!r} is no {en}: correct the expression.",
        )

    def happen(self, token: Token, data: Mapping[str, object]) -> None:
        """The event has happened: the token goes on with the data that came with it."""
        top = token.workflow.top_workflow
        top.record.disarm(token)
        token.scope.write(data)
        for child in token.children:
            child.cancel()
        owner = token.parent
        if isinstance(owner.task_spec, EventGateway):
            token.rises()
            owner.complete()
            by = token.internal_data.get("by")
            if by is not None:  # an event that was attached by a move came by no flow
                top.record.take(token, by)
        top.record.enter(token)
        token._ready()

    def _on_ready_hook(self, token: Token) -> None:
        """Nothing: stock would take the token off a list that is not kept."""

    def _run_hook(self, token: Token) -> bool:
        del token
        return True


class CatchEvent(Catch, IntermediateCatchEventMixin):  # type: ignore[misc]
    """An intermediate event that waits."""


class ReceiveTask(Catch, ReceiveTaskMixin):  # type: ignore[misc]
    """A task that waits for a message."""


class BoundaryEvent(Catch, BoundaryEventMixin):  # type: ignore[misc]
    """An event attached to an activity."""

    def is_part(self, token: Token) -> bool:
        """Always: the token stands for a wait of the activity."""
        del token
        return True

    def happen(self, token: Token, data: Mapping[str, object]) -> None:
        """Interrupting: the activity is cancelled. Otherwise a new token goes on beside it, and
        messages, signals and repeating timers wait for the next time.
        """
        top = token.workflow.top_workflow
        owner: Token = token.parent
        token.scope.write(data)
        if self.cancel_activity:
            top.record.disarm(token)
            token.rises()
            owner.cancel()
            top.record.enter(token)
            token._ready()
            return
        self.wait_again(token)
        token.workflow.place(self, fired=True)

    def wait_again(self, token: Token) -> None:
        """Arm a non-interrupting event anew, or let it go when it has nothing more to wait for."""
        top = token.workflow.top_workflow
        inside = token.internal_data
        left = inside.get("left")
        if "clock" in inside or (self.waits_for is not None and cured(Cure.REARM)):
            return  # a rung fires again only when its clock is extended or started anew
        if "left" in inside and (left is None or left > 1):
            assert self.made.timer is not None
            cycle = value(self.made.timer, token)
            assert isinstance(cycle, iso8601.Repetition)
            inside["left"] = None if left is None else left - 1
            inside["due"] = later(inside["due"], cycle.every)
            top.record.arm(token)
            return
        token.cancel()


class EventGateway(Node, EventBasedGatewayMixin):  # type: ignore[misc]
    """Waits for the first of several events."""

    connect = BpmnSpecMixin.connect

    def _update_hook(self, token: Token) -> bool | None:
        token.workflow.top_workflow.record.enter(token)
        token._set_state(TaskState.STARTED)
        for route in self.made.routes:
            event = self._wf_spec.node(route.target)
            child = token._add_child(event)
            child.internal_data["by"] = route.flow
            event._update(child)
        return None

    def choose(self, token: Token) -> list[Route] | tuple[Route, ...]:
        """None: the event that happened has become a token of its own."""
        del token
        return ()

    def _on_ready_hook(self, token: Token) -> None:
        """Nothing to take off a list."""


class StartEvent(Node, StartEventMixin):  # type: ignore[misc]
    """Where a process begins."""

    def _update_hook(self, token: Token) -> bool | None:
        return Node._update_hook(self, token)

    def _on_ready_hook(self, token: Token) -> None:
        """Nothing to take off a list."""

    def _run_hook(self, token: Token) -> bool:
        del token
        return True


class Throw(Node):
    """Throws a message, signal, error or escalation, or ends everything."""

    def _run_hook(self, token: Token) -> bool:
        made = self.made
        event = made.element.event
        kind = event.kind if event else ("message" if made.element.message else "none")
        top = token.workflow.top_workflow
        data = self.parameters(token)
        name = made.code or ""
        if kind == "terminate":
            for other in list(token.workflow.tokens()):
                if other is not token:
                    other.cancel()
        elif kind == "error":
            top.throw(token, "error", made.code, data)
        elif kind == "escalation":
            if not top.throw(token, "escalation", made.code, data):
                top.record.thrown.append(Thrown(kind, name, self.element_id, data))
        elif kind == "signal":
            top.broadcast(name, data)
            top.record.thrown.append(Thrown(kind, name, self.element_id, data))
        elif kind == "message":
            receivers = top.waiting("message", name)
            if len(receivers) == 1:
                receivers[0].task_spec.happen(receivers[0], data)
            else:
                top.record.thrown.append(Thrown(kind, name, self.element_id, data))
        return True


class ThrowEvent(Throw, IntermediateThrowEventMixin):  # type: ignore[misc]
    """An intermediate event that throws."""


class SendTask(Throw, SendTaskMixin):  # type: ignore[misc]
    """A send task without a service of its own: throws its message."""


class EndEvent(Throw, EndEventMixin):  # type: ignore[misc]
    """Where a path ends."""

    def _on_complete_hook(self, token: Token) -> None:
        Node._on_complete_hook(self, token)


class SubProcess(Node, SubWorkflowTaskMixin):  # type: ignore[misc]
    """An embedded sub-process: shares the data of the process around it."""

    def _update_hook(self, token: Token) -> bool | None:
        token.workflow.top_workflow.record.enter(token)
        token._set_state(TaskState.STARTED)
        self.attach(token)
        self.start_workflow(token)
        return None

    def start_workflow(self, token: Token) -> None:
        """Open the net inside and put tokens on its first nodes."""
        top = token.workflow.top_workflow
        plan: Plan = top.subprocess_specs[self.spec]
        net = top.open_inside(token, plan, self.scope_inside(token))
        net.begin(plan.starts.get(None, []))

    def scope_inside(self, token: Token) -> Scope:
        """The data the net inside works on."""
        return token.scope

    def inside_done(self, owner: Token, net: SubNet) -> None:
        """The sub-process is over: the token goes on."""
        self.bring_back(owner, net)
        owner._ready()

    def bring_back(self, owner: Token, net: SubNet) -> None:
        """Nothing to bring back: the data is shared."""

    def _on_cancel(self, token: Token) -> None:
        token.workflow.top_workflow.drop_inside(token)


class CallActivity(SubProcess, CallActivityMixin):  # type: ignore[misc]
    """A called process: works on a copy of the data, which comes back when it ends."""

    def scope_inside(self, token: Token) -> Scope:
        """A scope of its own with a copy of all data."""
        scope = Scope({})
        scope.write(token.data)
        return scope

    def bring_back(self, owner: Token, net: SubNet) -> None:
        """All data of the called process comes back."""
        owner.scope.write(net.scope.data)


@dataclass(frozen=True, slots=True)
class Repetition:
    """The compiled parts of a repeated activity."""

    loop: Loop
    inner: str
    collection: Compiled | None = None
    cardinality: Compiled | None = None
    completion: Compiled | None = None
    condition: Compiled | None = None


class Repeated(Node, LoopTask):  # type: ignore[misc]
    """A repeated activity: the body holds the boundary events, its children are the instances."""

    def __init__(self, plan: Plan, name: str, made: Making, repetition: Repetition) -> None:
        super().__init__(plan, name, made)
        self.repetition = repetition

    def _update_hook(self, token: Token) -> bool | None:
        token.workflow.top_workflow.record.enter(token)
        token._set_state(TaskState.STARTED)
        loop = self.repetition.loop
        inside = token.internal_data
        inside["done"] = inside["begun"] = 0
        if loop.kind is LoopKind.STANDARD:
            if loop.test_before and not self.again(token):
                return True
            self.attach(token)
            self.open_instance(token)
            return None
        items = self.items(token)
        inside["items"] = items
        if loop.results:
            inside["out"] = {}
        if not items:
            self.finish(token)
            return True
        self.attach(token)
        for _ in items if loop.kind is LoopKind.PARALLEL else items[:1]:
            self.open_instance(token)
        return None

    def items(self, token: Token) -> list[object]:
        """One item per instance. Raises `ProcessFault` when it is no list or number."""
        parts = self.repetition
        found: object = None
        if parts.collection is not None:
            found = value(parts.collection, token)
            if isinstance(found, list | tuple) and len(found) <= MAX_INSTANCES:
                return list(found)
        elif parts.cardinality is not None:
            found = value(parts.cardinality, token)
            if isinstance(found, int | Decimal) and not isinstance(found, bool):
                count = int(found)
                if count == found and 0 <= count <= MAX_INSTANCES:
                    return list(range(1, count + 1))
        raise fault(
            self.element_id,
            f"多实例需要一个列表或 0 到 {MAX_INSTANCES} 的整数，实际为 {str(found)[:80]}。",
            f"repetition needs a list or a whole number from 0 to {MAX_INSTANCES} but has "
            f"{str(found)[:80]}.",
        )

    def open_instance(self, body: Token) -> None:
        """Begin the next instance."""
        loop = self.repetition.loop
        inside = body.internal_data
        index = inside["begun"]
        inside["begun"] = index + 1
        inner = self._wf_spec.node(self.repetition.inner)
        child = body._add_child(inner)
        child.internal_data["i"] = index + 1
        local: dict[str, object] = {"loopCounter": index + 1}
        if loop.kind is not LoopKind.STANDARD and loop.item:
            local[loop.item] = inside["items"][index]
        child.own_scope = Scope(local, body.scope, through=loop.kind is LoopKind.STANDARD)
        inner._update(child)

    def instance_done(self, body: Token, instance: Token) -> None:
        """Keep its result; then the next instance, or the end."""
        loop = self.repetition.loop
        inside = body.internal_data
        inside["done"] += 1
        if loop.kind is LoopKind.STANDARD:
            if self.again(body):
                self.open_instance(body)
            else:
                body._ready()
            return
        assert instance.own_scope is not None
        assert instance.instance is not None
        if loop.results:
            inside["out"][str(instance.instance)] = instance.data.get(loop.result or "")
        else:
            hidden = {loop.item, "loopCounter"}
            data = instance.own_scope.data
            body.scope.write({k: v for k, v in data.items() if k not in hidden})
        total = len(inside["items"])
        if inside["done"] >= total or self.complete_early(body, instance, total):
            for other in body.children:
                other.cancel()
            self.finish(body)
            body._ready()
        elif loop.kind is LoopKind.SEQUENTIAL:
            self.open_instance(body)

    def complete_early(self, body: Token, instance: Token, total: int) -> bool:
        """Whether the completion condition holds after this instance."""
        condition = self.repetition.completion
        if condition is None:
            return False
        loop = self.repetition.loop
        inside = body.internal_data
        scope = {
            **instance.data,
            "numberOfInstances": total,
            "numberOfActiveInstances": inside["begun"] - inside["done"],
            "numberOfCompletedInstances": inside["done"],
            "numberOfTerminatedInstances": 0,
        }
        if loop.results:
            scope[loop.results] = list(self.in_order(inside["out"]))
        return condition.evaluate(scope, now=body.workflow.top_workflow.at) is True

    def again(self, body: Token) -> bool:
        """Whether a standard loop goes round once more."""
        parts = self.repetition
        done = body.internal_data["done"]
        if parts.loop.maximum is not None and done >= parts.loop.maximum:
            return False
        if parts.condition is None:
            return True
        scope = {**body.data, "loopCounter": done}
        return parts.condition.evaluate(scope, now=body.workflow.top_workflow.at) is True

    def finish(self, body: Token) -> None:
        """Leave the collected results in the data."""
        results = self.repetition.loop.results
        if results:
            body.scope.write({results: list(self.in_order(body.internal_data["out"]))})

    @staticmethod
    def in_order(out: Mapping[str, object]) -> list[object]:
        """Results of the instances that ended, in the order of the collection."""
        return [out[key] for key in sorted(out, key=int)]

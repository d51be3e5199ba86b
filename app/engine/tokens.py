# ruff: noqa: SLF001 - SpiffWorkflow is extended through members it marks as private
"""Tokens and the nets they move in: SpiffWorkflow's tasks and workflows without their history.

A net is one running process, sub-process or called process. Its tree holds only what is alive:
the root, the tokens under it, and below a token what is attached to it (armed boundary events,
the instances of a repeated activity, the events behind an event-based gateway). A token that has
moved on is forgotten at once, so that the thousandth loop costs what the first did.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.deep_merge import DeepMerge
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from app.engine.errors import UncaughtError, fault, not_open
from app.engine.overrides import Cure, cured, overrides, replaces
from app.engine.ports import (
    Call,
    EventWait,
    HumanTask,
    Ports,
    Step,
    StepKind,
    Thrown,
    TimerWait,
)

if TYPE_CHECKING:
    from app.engine.nodes import Node, Plan

LIVE = TaskState.NOT_FINISHED_MASK
MAX_STEPS = 20_000
"""Automatic steps in one verb; a diagram that needs more loops without waiting for anybody."""
MAX_DEPTH = 50
"""Sub-processes and called processes inside each other."""

replaces(Cure.WHOLE_VALUES, DeepMerge.merge, "b629957b3d77fa37")
replaces(Cure.WHOLE_VALUES, Task._inherit_data, "881f3fbdcf64c763")
replaces(Cure.SERVICE_ERRORS, PythonScriptEngine.call_service, "9ffbe3e7be352837")


class Scope:
    """The data of a process, or of one instance of a repeated activity inside it.

    Values are replaced whole and copied on the way in, so no branch can change what another
    wrote by holding on to a list.
    """

    __slots__ = ("data", "outer", "through")

    def __init__(
        self, data: dict[str, object], outer: "Scope | None" = None, *, through: bool = False
    ) -> None:
        self.data = data
        self.outer = outer
        self.through = through
        """Whether writing goes to the scope outside (each round of a standard loop)."""

    def view(self) -> dict[str, object]:
        """Everything visible here; inner names hide outer ones."""
        if self.outer is None:
            return self.data
        return {**self.outer.view(), **self.data}

    def write(self, values: Mapping[str, object]) -> None:
        """Set whole values."""
        if self.through and self.outer is not None:
            self.outer.write(values)
        elif cured(Cure.WHOLE_VALUES):
            for key, value in values.items():
                self.data[key] = plain(value)
        else:
            DeepMerge.merge(self.data, dict(values))


_SCALARS = (str, bool, int, type(None), datetime, date, time, timedelta, Decimal)


def plain(value: object) -> object:
    """A copy of `value` made of what a state can hold. Raises ValueError for anything else.

    Whole Decimals become ints; floats become Decimals, so that 0.1 stays 0.1.
    """
    if isinstance(value, str) or value is None or value is True or value is False:
        return value
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no number a process can hold")
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, float):
        return plain(Decimal(repr(value)))
    if isinstance(value, Mapping):
        copy: dict[str, object] = {}
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"process data has the key {key!r}: names are text")  # noqa: TRY004 - one kind of refusal for all that cannot be stored
            copy[key] = plain(inner)
        return copy
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: instants carry their offset")
    if isinstance(value, _SCALARS):
        return value
    raise ValueError(f"process data cannot hold {type(value).__name__}: pass an id instead")


class Token(Task):  # type: ignore[misc] # SpiffWorkflow is untyped
    """A task of SpiffWorkflow that stands for one token, or for a wait attached to one."""

    workflow: "Net | SubNet"
    task_spec: "Node"
    internal_data: dict[str, Any]

    def __init__(
        self,
        workflow: "Net | SubNet",
        task_spec: "Node",
        parent: "Token | None" = None,
        state: int = TaskState.FUTURE,
        id: str | None = None,  # noqa: A002 - the name is the library's
    ) -> None:
        # Not the library's initialiser: ids are short and counted, and no clock is read.
        self.id = id if id is not None else workflow.top_workflow.new_id()
        self.workflow = workflow
        self.task_spec = task_spec
        self._parent = parent.id if parent is not None else None
        self._children: list[str] = []
        self._state = state
        self.triggered = False
        self.thread_id = 0
        self.internal_data = {}
        self.last_state_change = 0.0
        self.own_scope: Scope | None = None
        workflow.tasks[self.id] = self
        if parent is not None:
            parent._children.append(self.id)

    @property
    def scope(self) -> Scope:
        """Where this token's data is."""
        return self.own_scope or self.workflow.scope

    @property
    def data(self) -> dict[str, object]:
        """What expressions at this token see."""
        return self.scope.view()

    @data.setter
    def data(self, values: dict[str, object]) -> None:
        self.scope.write(values)

    @property
    def live(self) -> bool:
        """Whether the token is still there and not finished."""
        return bool(self._state & LIVE) and self.id in self.workflow.tasks

    @property
    def instance(self) -> int | None:
        """Which round or instance of a repeated activity this is, from 1."""
        number: int | None = self.internal_data.get("i")
        return number

    @overrides(Cure.REPEAT_ANYWHERE, Task._add_child, "05ec96e943da475e")
    def _add_child(self, task_spec: "Node", state: int = TaskState.FUTURE) -> "Token":
        return Token(self.workflow, task_spec, self, state)

    def _inherit_data(self) -> None:
        """Nothing to inherit: data belongs to the scope."""

    def _set_state(self, value: int) -> None:
        """Without the library's timing and logging, which cost more than the step itself."""
        self._state = value

    def _ready(self) -> None:
        if self._state & TaskState.FINISHED_MASK:
            return
        self._state = TaskState.READY
        self.task_spec._on_ready(self)
        top = self.workflow.top_workflow
        if self.task_spec.manual:
            top.record.open_task(self)
        else:
            top.agenda.append(self)

    @overrides(Cure.READY_ONLY, Task.run, "976c46e260fe7f72")
    def run(self) -> bool | None:
        """Run the task. Raises `Conflict` unless it is READY and still part of its net."""
        if self._state != TaskState.READY or self.id not in self.workflow.tasks:
            raise not_open(self.task_spec.label)
        done: bool | None = self.task_spec._run(self)
        if self._state == TaskState.READY:  # an error it threw may have cancelled it
            if done is None:
                self._state = TaskState.STARTED
            else:
                self.complete()
        return done

    @overrides(Cure.CANCEL_INSIDE, Task.cancel, "16a6cc6f7ea48468")
    def cancel(self) -> None:
        """Cancel this token, all that is attached to it and the net running inside it."""
        if self._state & TaskState.FINISHED_MASK:
            return
        for child in self.children:
            child.cancel()
        self.workflow.top_workflow.record.close(self, StepKind.CANCELLED)
        self._state = TaskState.CANCELLED
        self.task_spec._on_cancel(self)
        self.workflow.forget(self)

    def rises(self) -> None:
        """Detach this token from its owner and put it beside it."""
        owner = self.parent
        owner._children.remove(self.id)
        self._parent = owner._parent
        owner.parent._children.append(self.id)


class _Moving:
    """What nets have in common."""

    spec: "Plan"
    tasks: dict[str, Token]
    task_tree: Token
    top_workflow: "Net"
    scope: Scope

    def begin(self, starts: list[str]) -> None:
        """Put a token on each of the first nodes."""
        root = self.lay_root()
        if not cured(Cure.PREDICTION):
            root._state = TaskState.FUTURE
            self.spec.start._predict(root, mask=LIVE)
            root._drop_children(force=True)
            root._state = TaskState.COMPLETED
        for name in starts:
            self.place(self.spec.node(name))

    def lay_root(self, id: str | None = None) -> Token:  # noqa: A002 - an id like the token's
        """The root of the tree; it is never counted as a token."""
        root = Token(self, self.spec.start, None, TaskState.COMPLETED, id)  # type: ignore[arg-type]
        self.task_tree = root
        return root

    def place(self, node: "Node", *, fired: bool = False) -> Token:
        """A new token at `node`; `fired` when what the node waits for has already happened."""
        token = self.task_tree._add_child(node, TaskState.FUTURE)
        if fired:
            self.top_workflow.record.enter(token)
            token._ready()
        else:
            node._update(token)
        return token

    def forget(self, token: Token) -> None:
        """Take a finished token out of the tree."""
        if not cured(Cure.DEPTH):
            return
        parent = token.parent
        if parent is not None and token.id in parent._children:
            parent._children.remove(token.id)
        self.tasks.pop(token.id, None)

    def tokens(self) -> Iterator[Token]:
        """The live tokens of this net, attached ones left out."""
        root = self.task_tree.id
        for token in list(self.tasks.values()):
            if token._state & LIVE and (token._parent == root or not cured(Cure.DEPTH)):
                yield token

    @property
    def over(self) -> bool:
        """Whether no token is left."""
        if cured(Cure.DEPTH):
            return len(self.tasks) == 1
        return not any(t._state & LIVE for t in self.tasks.values())

    @overrides(Cure.COMPLETION, Workflow._task_completed_notify, "a87c9bea38b2f71e")
    def _task_completed_notify(self, token: Token) -> None:
        """Forget the token; what it led to takes its place under the root."""
        if cured(Cure.DEPTH) and not token.task_spec.inner:
            root = self.task_tree
            for child in token._children:
                self.tasks[child]._parent = root.id
                root._children.append(child)
            token._children = []
        body = token.parent
        self.forget(token)
        if token.task_spec.inner:
            body.task_spec.instance_done(body, token)

    @overrides(Cure.COMPLETION, Workflow.is_completed, "4f7a3c15bec818e9")
    def is_completed(self) -> bool:
        """Whether no token is left anywhere in this net."""
        return self.over

    def stop(self) -> None:
        """Cancel every token of the net."""
        for token in list(self.tokens()):
            token.cancel()


class SubNet(_Moving, BpmnSubWorkflow):  # type: ignore[misc]
    """A sub-process or a called process while it runs."""

    def __init__(self, plan: "Plan", owner: Token, top: "Net", scope: Scope) -> None:
        BpmnSubWorkflow.__init__(self, plan, owner.id, top, deserializing=True)
        self.owner = owner
        self.scope = scope


class Record:
    """What the verb in progress has changed so far, without what came and went within it."""

    __slots__ = ("closed", "first", "flows", "opened", "steps", "thrown", "timers", "untimed",
                 "unwaited", "waits")  # fmt: skip

    def __init__(self, last_id: int = 0) -> None:
        self.first = last_id
        """Tokens up to this id were there before the verb."""
        self.opened: dict[str, HumanTask] = {}
        self.closed: dict[str, str] = {}
        self.timers: dict[str, TimerWait] = {}
        self.untimed: dict[str, None] = {}
        self.waits: dict[str, EventWait] = {}
        self.unwaited: dict[str, None] = {}
        self.thrown: list[Thrown] = []
        self.steps: list[Step] = []
        self.flows: list[tuple[str, str]] = []

    def enter(self, token: Token) -> None:
        """The token has reached an element (once per token)."""
        if "in" not in token.internal_data:
            token.internal_data["in"] = 1
            self._step(StepKind.ENTERED, token)

    def close(self, token: Token, kind: StepKind) -> None:
        """The token has left its element, or was cancelled there."""
        if token.task_spec.manual:
            if self.opened.pop(token.id, None) is None and self._old(token):
                self.closed[token.id] = "completed" if kind is StepKind.LEFT else "cancelled"
        elif token._state == TaskState.WAITING:
            self.disarm(token)
        if "in" in token.internal_data:
            self._step(kind, token)

    def open_task(self, token: Token) -> None:
        """A human task is open."""
        self.opened[token.id] = token.task_spec.human_task(token)

    def arm(self, token: Token) -> None:
        """The token waits for a timer, a message or a signal; a timer may be armed anew."""
        timer = token.task_spec.timer_wait(token)
        if timer is not None:
            if self._old(token):
                self.untimed[token.id] = None
            self.timers[token.id] = timer
        wait = token.task_spec.event_wait(token)
        if wait is not None:
            self.waits[token.id] = wait

    def disarm(self, token: Token) -> None:
        """The token waits no longer."""
        if "armed" in token.internal_data:
            self.timers.pop(token.id, None)
            if self._old(token):
                self.untimed[token.id] = None
        elif token.task_spec.waits_for is not None:
            self.waits.pop(token.id, None)
            if self._old(token):
                self.unwaited[token.id] = None

    def _old(self, token: Token) -> bool:
        return int(token.id) <= self.first

    def take(self, token: Token, flow: str) -> None:
        """The token has gone on by a sequence flow."""
        self.flows.append((token.task_spec._wf_spec.process, flow))

    def _step(self, kind: StepKind, token: Token) -> None:
        node = token.task_spec
        self.steps.append(
            Step(kind, node.element_id, token.id, token.instance, node._wf_spec.process)
        )


class Engine(PythonScriptEngine):  # type: ignore[misc]
    """Stands where the stock script engine stood and runs no text of anybody."""

    def __init__(self) -> None:
        """No environment: there is nothing to execute in."""

    def evaluate(self, task: Token, expression: Any, external_context: Any = None) -> Any:
        """The value of a compiled expression; `external_context` belongs to the stock engine."""
        del external_context
        return expression.evaluate(task.data, now=task.workflow.top_workflow.at)

    def execute(self, task: Token, script: Any, external_context: Any = None) -> Any:
        """Refuse: diagrams hold no code."""
        del script, external_context
        raise fault(task.task_spec.element_id, "不执行脚本。", "scripts are not executed.")


class Net(_Moving, BpmnWorkflow):  # type: ignore[misc]
    """One process instance: its own net and all nets inside it."""

    subprocesses: dict[str, SubNet]

    def __init__(self, plan: "Plan", plans: Mapping[str, "Plan"], ports: Ports) -> None:
        BpmnWorkflow.__init__(
            self, plan, subprocess_specs=plans, script_engine=Engine(), deserializing=True
        )
        self.ports = ports
        self.scope = Scope({})
        self.agenda: deque[Token] = deque()
        self.at_rest = False
        """Whether nothing moves but inclusive joins, which may then judge what can still come."""
        self.record = Record()
        self.last_id = 0
        self.at = datetime.min.replace(tzinfo=UTC)
        self.host: object = None

    def new_id(self) -> str:
        """The next token's id: unique within the instance, never used again."""
        self.last_id += 1
        return str(self.last_id)

    def call(self, token: Token) -> Call:
        """Where the process stands, for the host."""
        return Call(self.at, token.task_spec.element_id, token.id, self.host)

    def nets(self) -> list["Net | SubNet"]:
        """The net itself and all inside it, outermost first."""
        return [self, *self.subprocesses.values()]

    def find(self, token_id: str) -> Token | None:
        """The token of that id, wherever it is."""
        for net in self.nets():
            token = net.tasks.get(token_id)
            if token is not None:
                return token
        return None

    def settle(self) -> None:
        """Run everything that needs nobody, until all tokens wait or none is left.

        Raises `ProcessFault` for a diagram that goes round without waiting.
        """
        steps = 0
        while True:
            while self.agenda:
                token = self.agenda.popleft()
                if token._state == TaskState.READY and token.id in token.workflow.tasks:
                    steps += 1
                    if steps > MAX_STEPS:
                        raise fault(
                            token.task_spec.element_id,
                            f"连续自动执行超过 {MAX_STEPS} 步仍未停下："
                            "请检查是否有无人参与的死循环。",
                            f"more than {MAX_STEPS} automatic steps without stopping: look for a "
                            "loop in which nobody takes part.",
                        )
                    token.run()
            if not self._wake():
                return

    def _wake(self) -> bool:
        """End nets without tokens and let inclusive joins look again; whether anything moved."""
        for owner_id, net in reversed(list(self.subprocesses.items())):
            if net.over:
                del self.subprocesses[owner_id]
                net.owner.task_spec.inside_done(net.owner, net)
                return True
        self.at_rest = True
        try:
            return any(self._look_again(net) for net in self.nets() if net.spec.inclusive_joins)
        finally:
            self.at_rest = False

    def _look_again(self, net: "Net | SubNet") -> bool:
        """Let the first inclusive join of `net` fire that has nothing more to wait for."""
        for token in net.tokens():
            if (
                token._state == TaskState.WAITING
                and token.task_spec.looks_again
                and token.task_spec._update_hook(token)
            ):
                token._ready()
                return True
        return False

    def open_inside(self, owner: Token, plan: "Plan", scope: Scope) -> SubNet:
        """A net inside `owner`. Raises `ProcessFault` when they are nested too deeply."""
        net = SubNet(plan, owner, self, scope)
        if net.depth > MAX_DEPTH:
            raise fault(
                owner.task_spec.element_id,
                f"子流程嵌套超过 {MAX_DEPTH} 层：请检查流程是否互相调用。",
                f"sub-processes are nested more than {MAX_DEPTH} deep: do processes call each "
                "other?",
            )
        self.subprocesses[owner.id] = net
        return net

    def drop_inside(self, owner: Token) -> None:
        """Cancel the net inside `owner`, if one runs."""
        net = self.subprocesses.get(owner.id)
        if net is not None:
            net.stop()
            self.subprocesses.pop(owner.id, None)

    def throw(self, source: Token, kind: str, code: str | None, data: Mapping[str, object]) -> bool:
        """Carry an error or escalation from `source` outwards to the boundary that catches it.

        Returns whether one did. An error cancels the activity it is caught at; raises
        `UncaughtError` when nothing catches it.
        """
        current: Token | None = source
        while current is not None:
            catcher = current.task_spec.catcher(kind, code)
            if catcher is not None:
                net, scope = current.workflow, current.scope
                if catcher.cancel_activity:
                    current.cancel()
                scope.write(data)
                net.place(catcher, fired=True)
                return True
            if current.task_spec.inner:
                current = current.parent
            elif isinstance(current.workflow, SubNet):
                current = current.workflow.owner
            else:
                current = None
        if kind == "error" and cured(Cure.UNCAUGHT_ERRORS):
            raise UncaughtError(source.task_spec.element_id, code or "")
        return False

    def waiting(self, kind: str, name: str) -> list[Token]:
        """Tokens that wait for the message or signal `name`."""
        return [
            token
            for net in self.nets()
            for token in net.tasks.values()
            if token._state == TaskState.WAITING and token.task_spec.waits_for == (kind, name)
        ]

    def broadcast(self, name: str, data: Mapping[str, object]) -> int:
        """Let every token that waits for the signal go on; returns how many did."""
        count = 0
        for token in self.waiting("signal", name):
            if token.live and token._state == TaskState.WAITING:
                token.task_spec.happen(token, data)
                count += 1
        return count

    def each_token(self) -> Iterator[Token]:
        """Every live token and attached wait of the instance."""
        for net in self.nets():
            root = net.task_tree.id
            for token in net.tasks.values():
                if token.id != root and token._state & LIVE:
                    yield token

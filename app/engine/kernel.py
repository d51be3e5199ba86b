# ruff: noqa: SLF001 - SpiffWorkflow is extended through members it marks as private
"""The engine in memory: a published bundle of diagrams, and instances that move through it.

    bundle = Bundle([diagram], compile_expression)
    instance = Instance(bundle, ports)
    outcome = instance.start({"urgent": True}, at=now)
    outcome = instance.complete("reply", {"result": "done"}, at=now)
    state = instance.dump()
    instance = Instance.load(bundle, ports, state)

No database and no clock: every verb is given the instant it is anchored at. A verb either
happens as a whole or raises; after an exception the instance refuses everything and is thrown
away. Instances belong to one thread, bundles may be shared by many.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.engine import overrides, state
from app.engine.diagram import Diagram, Element, Process
from app.engine.errors import ambiguous, fault, not_a_start, not_open, not_waiting, unknown_element
from app.engine.nodes import BoundaryEvent, EventGateway, Join, Plan, SubProcess
from app.engine.ports import (
    Compile,
    Description,
    EventWait,
    HumanTask,
    Outcome,
    Ports,
    TimerWait,
    TokenView,
)
from app.engine.spec import build_plans, plan_key
from app.engine.tokens import Net, Record, SubNet, Token

overrides.verify()

MAX_STATE = 256_000
"""Bytes of a state; an ordinary one has a few hundred."""

STATES = {
    TaskState.WAITING: "waiting",
    TaskState.READY: "ready",
    TaskState.STARTED: "started",
}


class Bundle:
    """Everything a process needs to run: its diagram and those of the processes it calls."""

    def __init__(
        self, diagrams: Iterable[Diagram], compile_expression: Compile, main: str | None = None
    ) -> None:
        """Build the nodes and compile every expression. Raises `Invalid`.

        `main` is the id of the process that is started; by default the first executable process
        of the first diagram, or its first process.
        """
        self.diagrams = tuple(diagrams)
        self.processes: dict[str, Process] = {}
        self.plans: dict[str, Plan] = {}
        for diagram in self.diagrams:
            for process in diagram.processes.values():
                if process.id in self.processes:
                    raise Invalid(
                        Phrase(
                            f"流程编号“{process.id}”在文件中重复：请改为不同的编号。",
                            f'Process id "{process.id}" occurs twice in the files: make the ids '
                            "differ.",
                        )
                    )
                self.processes[process.id] = process
            self.plans.update(build_plans(diagram, compile_expression))
        first = list(self.diagrams[0].processes.values())
        executable = [p.id for p in first if p.executable]
        self.main = main or (executable or [first[0].id])[0]
        if self.main not in self.processes:
            raise unknown_element(self.main)
        self._check_calls()

    def _check_calls(self) -> None:
        for process in self.processes.values():
            for element in process.elements.values():
                if element.kind == "callActivity" and element.called not in self.processes:
                    raise Invalid(
                        Phrase(
                            f"“{element.label.zh}”调用的流程“{element.called}”不在一起发布的文件中：请补上。",
                            f'"{element.label.en}" calls process "{element.called}", which is not '
                            "among the files: add it.",
                        )
                    )

    @property
    def source(self) -> bytes:
        """The BPMN file of the main process."""
        return next(d.source for d in self.diagrams if self.main in d.processes)

    def fingerprint(self) -> str:
        """A digest of all nodes and their connections: no run may change it."""
        parts = [
            (key, name, tuple(spec._inputs), tuple(spec._outputs), len(spec.data))
            for key, plan in self.plans.items()
            for name, spec in plan.task_specs.items()
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def element(self, element_id: str) -> Element | None:
        """The element of that id in any process of the bundle."""
        for process in self.processes.values():
            if element_id in process.elements:
                return process.elements[element_id]
        return None

    def watched(self, element_id: str) -> Element | None:
        """`Process.watched` of the element of that id."""
        for process in self.processes.values():
            if element_id in process.elements:
                return process.watched(process.elements[element_id])
        return None


class Instance:
    """One running process."""

    def __init__(self, bundle: Bundle, ports: Ports) -> None:
        self.bundle = bundle
        self._net = Net(bundle.plans[bundle.main], bundle.plans, ports)
        self._begun = False
        self._broken = False

    # Verbs ----------------------------------------------------------------------------------

    def start(
        self,
        data: Mapping[str, object],
        *,
        at: datetime,
        host: object = None,
        message: str | None = None,
    ) -> Outcome:
        """Begin; `message` begins at the start event that waits for it.

        Raises `Conflict` when it has begun already, `NotFound` when no start event fits.
        """
        if self._begun:
            raise not_open(self.bundle.main)
        plan = self.bundle.plans[self.bundle.main]
        starts = plan.starts.get(message, [])
        if not starts:
            raise unknown_element("startEvent") if message is None else not_a_start(message)

        def begin() -> None:
            self._net.scope.write(data)
            self._net.begin(starts)

        self._begun = True
        return self._do(begin, at, host)

    def complete(
        self, task: str, data: Mapping[str, object], *, at: datetime, host: object = None
    ) -> Outcome:
        """Complete an open human task, named by its token or by its element id.

        Raises `Conflict` when it is not open, or when the element id names several.
        """
        token = self._task(task)

        def run() -> None:
            token.scope.write(data)
            token.run()

        return self._do(run, at, host)

    def send(
        self,
        message: str,
        data: Mapping[str, object],
        *,
        at: datetime,
        host: object = None,
        element: str | None = None,
    ) -> Outcome:
        """Deliver a message to the one place that waits for it.

        Raises `Conflict` when nobody waits, or several do and `element` does not tell which.
        """
        receivers = [
            token
            for token in self._net.waiting("message", message)
            if element is None or element in {token.task_spec.element_id, token.id}
        ]
        if not receivers:
            raise not_waiting(message)
        if len(receivers) > 1:
            raise ambiguous(message, len(receivers))
        receiver = receivers[0]
        return self._do(lambda: receiver.task_spec.happen(receiver, data), at, host)

    def signal(
        self, name: str, data: Mapping[str, object], *, at: datetime, host: object = None
    ) -> Outcome:
        """Let everything that waits for the signal go on; nothing may wait for it."""
        return self._do(lambda: self._net.broadcast(name, data), at, host)

    def fire(self, timer: str, *, at: datetime, host: object = None) -> Outcome:
        """A timer is due: its token, and its due instant as `at`.

        Raises `Conflict` when the timer is no longer armed.
        """
        token = self._net.find(timer)
        if token is None or token._state != TaskState.WAITING or "armed" not in token.internal_data:
            raise not_open(timer)
        return self._do(lambda: token.task_spec.happen(token, {}), at, host)

    def cancel(self, *, at: datetime, host: object = None) -> Outcome:
        """End the process where it stands."""
        return self._do(self._net.stop, at, host)

    def jump(
        self,
        element_id: str,
        *,
        at: datetime,
        token: str | None = None,
        host: object = None,
    ) -> Outcome:
        """Put the process at an element of its own diagram, whatever it was doing.

        All tokens are cancelled, or only `token`, which must then be in the same (sub-)process
        as the element. Raises `NotFound`, `ProcessFault`.
        """
        process = self.bundle.processes[self.bundle.main]
        element = process.elements.get(element_id)
        if element is None:
            raise unknown_element(element_id)
        around = list(process.enclosing(element))[::-1]
        if any(e.loop is not None for e in around):
            raise fault(
                element_id,
                "在多实例子流程内部，不能跳转：请跳转到该子流程本身。",
                "it is inside a repeated sub-process: jump to the sub-process itself.",
            )

        def move() -> None:
            if token is None:
                self._net.stop()
                net = self._descend(around)
            else:
                old = self._net.find(token)
                if old is None or not old.live:
                    raise not_open(token)
                net = old.workflow
                if net.spec.name != plan_key(process.id, element.scope):
                    raise fault(
                        element_id,
                        "与要移动的令牌不在同一层：请不指定令牌，整体跳转。",
                        "it is not in the (sub-)process of that token: jump without naming one.",
                    )
                old.cancel()
            node = net.spec.node(element_id)
            net.place(node, fired=isinstance(node, Join | BoundaryEvent))

        return self._do(move, at, host)

    def adopt(self, *, at: datetime, host: object = None) -> Outcome:
        """Arm the events that the diagram attaches to where the process stands and that are not.

        After a move to another version; otherwise there are none.
        """
        return self._do(self._arm_missing, at, host)

    # Questions ------------------------------------------------------------------------------

    @property
    def completed(self) -> bool:
        """Whether the process has ended."""
        return self._begun and bool(self._net.is_completed())

    @property
    def data(self) -> Mapping[str, object]:
        """The data of the process."""
        return self._net.scope.data

    def data_at(self, token: str) -> Mapping[str, object]:
        """What expressions see at a token; nothing where it is gone."""
        found = self._net.find(token)
        return {} if found is None else dict(found.data)

    def describe(self) -> Description:
        """Tokens, open tasks, armed timers and waits."""
        tokens: list[TokenView] = []
        tasks: list[HumanTask] = []
        timers: list[TimerWait] = []
        waits: list[EventWait] = []
        for token in self._net.each_token() if self._begun else ():
            node = token.task_spec
            if token._state == TaskState.READY and node.manual:
                tasks.append(node.human_task(token))
            elif token._state == TaskState.WAITING:
                timer = node.timer_wait(token)
                wait = node.event_wait(token)
                if timer is not None:
                    timers.append(timer)
                elif wait is not None:
                    waits.append(wait)
            if "in" in token.internal_data or isinstance(node, Join):
                tokens.append(
                    TokenView(
                        token.id,
                        node.element_id,
                        STATES.get(token._state, "waiting"),
                        token.workflow.spec.name.rpartition("/")[2],
                        token.instance,
                    )
                )
        return Description(
            tuple(tokens), tuple(tasks), tuple(timers), tuple(waits), self.data, self.completed
        )

    def dump(self) -> bytes:
        """The state, to be loaded again by `load`. Empty once the process has ended."""
        self._usable()
        if self.completed:
            return b""
        saved = state.save(self._net)
        if len(saved) > MAX_STATE:
            raise fault(
                self.bundle.main,
                f"流程数据超过 {MAX_STATE // 1000} KB：请只把编号和流转所需的事实放入流程数据。",
                f"the data of the process exceeds {MAX_STATE // 1000} KB: keep only ids and the "
                "facts routing needs in it.",
            )
        return saved

    @classmethod
    def load(cls, bundle: Bundle, ports: Ports, saved: bytes) -> "Instance":
        """The instance that was dumped. Raises `Invalid` when the state cannot be read."""
        return cls.restore(bundle, ports, state.read(saved))

    @classmethod
    def restore(cls, bundle: Bundle, ports: Ports, found: dict[str, Any]) -> "Instance":
        """The instance of a state that `state.read` has parsed. Raises `Invalid`."""
        instance = cls(bundle, ports)
        state.restore(instance._net, found)
        instance._begun = True
        return instance

    # Within ---------------------------------------------------------------------------------

    def _usable(self) -> None:
        if self._broken:
            raise RuntimeError("an instance is thrown away after an exception")

    def _do(self, act: Callable[[], object], at: datetime, host: object) -> Outcome:
        """Act, run what needs nobody, and say what changed."""
        self._usable()
        if at.tzinfo is None:
            raise ValueError("verbs need an aware instant")
        net = self._net
        net.record = record = Record(net.last_id)
        net.at, net.host = at, host
        with self._throwing_away():
            act()
            net.settle()
        net.host = None
        return Outcome(
            tuple(record.opened.values()),
            tuple(record.closed.items()),
            tuple(record.timers.values()),
            tuple(record.untimed),
            tuple(record.waits.values()),
            tuple(record.unwaited),
            tuple(record.thrown),
            tuple(record.steps),
            tuple(record.flows),
            self.completed,
        )

    @contextmanager
    def _throwing_away(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._broken = True
            raise

    def _arm_missing(self) -> None:
        for token in list(self._net.each_token()):
            node = token.task_spec
            names = node.made.boundaries
            if isinstance(node, EventGateway):
                names = tuple(route.target for route in node.made.routes)
            for name in names:
                if not any(child.task_spec.name == name for child in token.children):
                    event = node._wf_spec.node(name)
                    event._update(token._add_child(event))

    def _task(self, task: str) -> Token:
        self._usable()
        token = self._net.find(task) if task.isdecimal() else None
        if token is None:
            open_ = [
                t
                for t in self._net.each_token()
                if t.task_spec.element_id == task
                and t.task_spec.manual
                and t._state == TaskState.READY
            ]
            if len(open_) > 1:
                raise ambiguous(task, len(open_))
            token = open_[0] if open_ else None
        if token is None or not token.task_spec.manual:
            raise not_open(task)
        return token

    def _descend(self, around: list[Element]) -> Net | SubNet:
        """Enter the sub-processes around a target without running their start events."""
        net: Net | SubNet = self._net
        for element in around:
            node = net.spec.node(element.id)
            assert isinstance(node, SubProcess)
            owner = net.task_tree._add_child(node, TaskState.STARTED)
            self._net.record.enter(owner)
            node.attach(owner)
            plan = self.bundle.plans[node.spec]
            net = self._net.open_inside(owner, plan, node.scope_inside(owner))
            net.lay_root()
        return net


__all__ = ["Bundle", "Conflict", "Instance"]

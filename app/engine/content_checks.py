"""Checks of what each element says: events, timers, repetition, services, decisions, calls."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.engine.allowed import MESSAGE_CATCHERS
from app.engine.diagram import (
    ACTIVITIES,
    SUB_PROCESSES,
    Definition,
    Diagram,
    Element,
    EventDefinition,
    Loop,
    LoopKind,
    Process,
    TimerKind,
)
from app.engine.expression_checks import check_expression, check_timer
from app.engine.form_checks import Known, check_form
from app.engine.nodes import MAX_INSTANCES
from app.engine.ports import Compile
from app.engine.remarks import Remarks
from app.engine.spec import TIMER_FUNCTIONS
from app.engine.tokens import MAX_DEPTH

DATA_NAME = re.compile(r"[^\W\d]\w{0,62}")
"""Names in process data: a letter, then letters, digits and underscores."""

_WORDS = {
    "message": ("消息", "message"),
    "signal": ("信号", "signal"),
    "error": ("错误", "error"),
    "escalation": ("升级", "escalation"),
}


@dataclass(frozen=True, slots=True)
class ServiceDeclaration:
    """A registered service: its parameters (True: must be given) and what it answers."""

    parameters: Mapping[str, bool] = field(default_factory=dict)
    results: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a diagram may refer to outside itself. None: not known here, so not checked."""

    services: Mapping[str, ServiceDeclaration] | None = None
    decisions: Collection[str] | None = None
    compile_expression: Compile | None = None
    names: Callable[[], Collection[str]] | None = None
    """What the data of a process may hold beside what the diagrams of the bundle put there."""
    publishing: bool = False
    """Whether every service and rule task must already say what it calls."""


def check_content(
    remarks: Remarks, process: Process, around: Surroundings, bundle: Sequence[Diagram]
) -> None:
    """Remark on every element and condition of an executable process of the bundle."""
    known = None if around.names is None else Known(bundle, around.names)
    for element in process.elements.values():
        _Content(remarks, process, element, around, known).check()
    for flow in process.flows.values():
        if flow.condition is not None:
            check_expression(
                remarks, flow, flow.condition, around.compile_expression, condition=True
            )


class _Content:
    def __init__(
        self,
        remarks: Remarks,
        process: Process,
        element: Element,
        around: Surroundings,
        known: Known | None,
    ) -> None:
        self._remarks = remarks
        self._process = process
        self._element = element
        self._around = around
        self._known = known

    def check(self) -> None:
        element = self._element
        if len(element.events) > 1:
            self._error(
                "several_events",
                "一个事件只能有一种触发：请拆成几个事件。",
                "An event is about one thing: split it into several events.",
            )
        for event in element.events:
            self._check_event(event)
        if element.kind == "intermediateCatchEvent" and not element.events:
            self._error(
                "no_event",
                "捕获事件没有说明等什么：请设为消息、信号或定时事件。",
                "The catching event does not say what it waits for: make it a message, signal or "
                "timer event.",
            )
        if element.kind == "boundaryEvent":
            self._check_boundary()
        if element.loop is not None:
            self._check_loop(element.loop)
        if element.form is not None:
            check_form(
                self._remarks,
                element,
                element.form,
                self._around.compile_expression,
                self._known,
            )
        checks = {
            "serviceTask": self._check_service,
            "sendTask": self._check_send,
            "receiveTask": self._check_receive,
            "businessRuleTask": self._check_decision,
            "callActivity": self._check_call,
        }
        if element.kind in checks:
            checks[element.kind]()
        if element.kind in MESSAGE_CATCHERS and element.form is not None:
            self._check_act()

    def _error(self, code: str, zh: str, en: str) -> None:
        self._remarks.error(code, self._element, zh, en)

    def _warning(self, code: str, zh: str, en: str) -> None:
        self._remarks.warning(code, self._element, zh, en)

    def _check_act(self) -> None:
        element = self._element
        event = element.event
        if element.kind != "receiveTask" and (event is None or event.kind != "message"):
            self._error(
                "form",
                "只有等待消息的事件可以带表单，由有关人员填写并发出：请删除表单，或改为消息事件。",
                "Only an event that waits for a message has a form, which somebody fills in to "
                "send it: remove the form, or make it a message event.",
            )
        elif not element.role:
            self._error(
                "no_role",
                "带表单的消息没有指明由谁发出：请用 jieban:role 写明角色。",
                "Nobody is named who may fill in this form and send the message: say by "
                "jieban:role which role.",
            )

    def _check_event(self, event: EventDefinition) -> None:
        if event.kind == "timer":
            self._check_timer(event)
        elif event.kind in _WORDS:
            catches_any = self._element.kind == "boundaryEvent" and event.kind in {
                "error",
                "escalation",
            }
            if event.ref is not None or not catches_any:
                self._check_reference(event)

    def _check_reference(self, event: EventDefinition) -> None:
        zh, en = _WORDS[event.kind]
        definition = self._remarks.diagram.definition(event)
        if definition is None:
            self._error(
                "no_reference",
                f"没有指明{zh}，或它不存在：请选择或新建一个{zh}。",
                f"The {en} is not named or does not exist: choose or create one.",
            )
        elif event.kind in {"error", "escalation"} and not definition.code:
            if definition.name:
                self._warning(
                    "no_code",
                    f"{zh}“{definition.name}”没有代码，抛出与捕获按名称匹配：请填写代码。",
                    f"The {en} “{definition.name}” has no code, so throwing and catching are "
                    "matched by name: fill in a code.",
                )
            else:
                self._error(
                    "no_code",
                    f"{zh}“{definition.id}”没有代码：请填写，抛出与捕获按代码匹配。",
                    f"The {en} “{definition.id}” has no code: fill it in, as throwing and catching "
                    "are matched by it.",
                )
        elif event.kind in {"message", "signal"} and not definition.name.strip():
            self._error(
                "no_reference",
                f"{zh}“{definition.id}”没有名称：请填写，收发按名称匹配。",
                f"The {en} “{definition.id}” has no name: fill it in, as sending and receiving are "
                "matched by it.",
            )

    def _check_timer(self, event: EventDefinition) -> None:
        timer = event.timer
        if timer is None or not timer.expression.text.strip():
            self._error(
                "timer",
                "定时事件没有时间：请填写时刻、时长或周期。",
                "The timer event says no time: fill in an instant, a duration or a cycle.",
            )
            return
        check_timer(
            self._remarks,
            self._element,
            timer,
            self._around.compile_expression,
            TIMER_FUNCTIONS,
        )
        repeats = self._element.kind == "boundaryEvent" and not self._element.interrupting
        if timer.kind is TimerKind.CYCLE and not repeats:
            self._error(
                "timer",
                "周期只能用在非中断的边界事件上：这里只触发一次，请改用时长或时刻。",
                "A cycle belongs on a non-interrupting boundary event: this one happens once, so "
                "use a duration or an instant.",
            )

    def _check_boundary(self) -> None:
        element = self._element
        host = self._process.elements.get(element.attached_to or "")
        if host is None or host.kind not in ACTIVITIES or host.scope != element.scope:
            self._error(
                "loose_boundary",
                "边界事件没有附在同一层的活动上：请拖到一个任务或子流程的边上。",
                "The boundary event is not attached to an activity beside it: put it on the border "
                "of a task or sub-process.",
            )
            return
        event = element.event
        if event is None:
            self._error(
                "no_event",
                "边界事件没有说明等什么：请设为消息、信号、定时、错误或升级事件。",
                "The boundary event does not say what it waits for: make it a message, signal, "
                "timer, error or escalation event.",
            )
            return
        if event.kind == "error" and not element.interrupting:
            self._error(
                "error_interrupts",
                "错误边界事件总是中断活动：请改为中断，或改用升级事件。",
                "An error boundary event always interrupts: make it interrupting or use an "
                "escalation event.",
            )
        throwers = {
            "error": {"serviceTask", "sendTask", "businessRuleTask", "subProcess", "callActivity"},
            "escalation": {"subProcess", "callActivity"},
        }
        if event.kind in throwers and host.kind not in throwers[event.kind]:
            zh, en = _WORDS[event.kind]
            self._warning(
                "never_thrown",
                f"这种活动不会抛出{zh}，这个边界事件不会发生：请删除，或附在子流程上。",
                f"This kind of activity throws no {en}, so the event never happens: remove it or "
                "attach it to a sub-process.",
            )

    def _check_loop(self, loop: Loop) -> None:
        compiler = self._around.compile_expression
        for expression in (loop.cardinality, loop.collection):
            if expression is not None:
                check_expression(self._remarks, self._element, expression, compiler)
        for expression in (loop.completion, loop.condition):
            if expression is not None:
                check_expression(self._remarks, self._element, expression, compiler, condition=True)
        if loop.completion is not None and re.search(r"\bnrOf\w*Instances\b", loop.completion.text):
            self._error(
                "loop",
                "完成条件用了别的引擎的名称 nrOf…Instances：请按 BPMN 写 numberOfInstances、"
                "numberOfActiveInstances 或 numberOfCompletedInstances。",
                "The completion condition uses another engine's names nrOf…Instances: write BPMN's "
                "numberOfInstances, numberOfActiveInstances or numberOfCompletedInstances.",
            )
        number = "" if loop.cardinality is None else loop.cardinality.feel
        if re.fullmatch(r"-?[\d.]+", number) and not (
            number.isdecimal() and int(number) <= MAX_INSTANCES
        ):
            self._error(
                "loop",
                f"多实例的次数“{number}”无效：请填写 0 到 {MAX_INSTANCES} 的整数。",
                f"The number of instances “{number}” is not valid: write a whole number from 0 to "
                f"{MAX_INSTANCES}.",
            )
        if loop.kind is LoopKind.STANDARD:
            if loop.condition is None:
                self._error(
                    "loop",
                    "循环没有条件：请填写继续循环的条件。",
                    "The loop has no condition: say under which condition it goes on.",
                )
            if loop.maximum == 0:
                self._error(
                    "loop",
                    "循环的最大次数是 0：请填写正整数或删除。",
                    "The loop runs at most 0 times: give a positive number or remove the bound.",
                )
            return
        if (loop.cardinality is None) == (loop.collection is None):
            self._error(
                "loop",
                "多实例要么给次数，要么给集合，二者选一：请填写 loopCardinality 或 jieban:each。",
                "A multi-instance activity has either a number or a collection: fill in "
                "loopCardinality or jieban:each.",
            )
        for name in (loop.item, loop.result, loop.results):
            if name is not None and not DATA_NAME.fullmatch(name):
                self._bad_name(name)
        if (loop.result is None) != (loop.results is None):
            self._error(
                "loop",
                "多实例的结果要同时给单个结果名（collect）和列表名（into）：请补全。",
                "Results of a multi-instance activity need both names, of one answer (collect) and "
                "of the list (into): fill in both.",
            )

    def _bad_name(self, name: str) -> None:
        self._error(
            "data_name",
            f"数据名“{name}”不合规：以字母或汉字开头，只用字母、汉字、数字和下划线。",
            f"The data name “{name}” is not allowed: begin with a letter; letters, digits and "
            "underscores only.",
        )

    def _check_service(self) -> None:
        if self._element.service is None:
            remark = self._error if self._around.publishing else self._warning
            remark(
                "no_service",
                "服务任务还没有指明服务，发布前必须填写：请用 jieban:service 写明已登记的服务。",
                "The service task names no service yet, which it must before it is published: name "
                "a registered one with jieban:service.",
            )
        else:
            self._check_service_call()

    def _check_send(self) -> None:
        if self._element.service is not None:
            self._check_service_call()
        elif self._element.message is None:
            self._error(
                "no_reference",
                "发送任务没有指明消息或服务：请选择消息，或用 jieban:service 写明服务。",
                "The send task names neither a message nor a service: choose a message, or name a "
                "service with jieban:service.",
            )
        if self._element.message is not None:
            self._check_reference(EventDefinition("message", self._element.message))

    def _check_receive(self) -> None:
        self._check_reference(EventDefinition("message", self._element.message))

    def _check_service_call(self) -> None:
        call = self._element.service
        assert call is not None
        for parameter in call.parameters:
            check_expression(
                self._remarks, self._element, parameter.value, self._around.compile_expression
            )
        for result in call.results:
            if not DATA_NAME.fullmatch(result.into):
                self._bad_name(result.into)
        names = [parameter.name for parameter in call.parameters]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._error(
                "service",
                f"参数“{name}”给了两次：请删除一个。",
                f"The parameter “{name}” is given twice: remove one.",
            )
        if self._around.services is None:
            return
        declared = self._around.services.get(call.name)
        if declared is None:
            known = ", ".join(sorted(self._around.services))
            self._error(
                "service",
                f"服务“{call.name}”没有登记：请从已登记的服务中选择（{known}）。",
                f"The service “{call.name}” is not registered: choose one of {known}.",
            )
            return
        for name in sorted(set(names) - set(declared.parameters)):
            self._error(
                "service",
                f"服务“{call.name}”没有参数“{name}”：请核对拼写或删除。",
                f"The service “{call.name}” has no parameter “{name}”: check its spelling or "
                "remove it.",
            )
        for name, required in declared.parameters.items():
            if required and name not in names:
                self._error(
                    "service",
                    f"服务“{call.name}”缺少参数“{name}”：请填写。",
                    f"The service “{call.name}” needs the parameter “{name}”: fill it in.",
                )
        for result in call.results:
            if result.name not in declared.results:
                self._error(
                    "service",
                    f"服务“{call.name}”不返回“{result.name}”：请核对拼写或删除。",
                    f"The service “{call.name}” answers no “{result.name}”: check its spelling or "
                    "remove it.",
                )

    def _check_decision(self) -> None:
        call = self._element.decision
        if call is None:
            remark = self._error if self._around.publishing else self._warning
            remark(
                "no_decision",
                "规则任务还没有指明决策表，发布前必须填写：请用 jieban:decision 写明。",
                "The business rule task names no decision yet, which it must before it is "
                "published: name one with jieban:decision.",
            )
            return
        if not call.key or (
            self._around.decisions is not None and call.key not in self._around.decisions
        ):
            self._error(
                "decision",
                f"决策“{call.key}”不存在：请从已发布的决策中选择。",
                f"The decision “{call.key}” does not exist: choose a published one.",
            )
        if call.binding not in {"case", "current"}:
            self._error(
                "decision",
                f"决策的 binding“{call.binding}”无效：请写 case（立案时的版本）"
                "或 current（现行版本）。",
                f"The binding “{call.binding}” is not valid: write case (the version the case "
                "began with) or current.",
            )
        if call.result is not None and not DATA_NAME.fullmatch(call.result):
            self._bad_name(call.result)

    def _check_call(self) -> None:
        if self._element.called is None:
            self._error(
                "no_reference",
                "调用活动没有指明流程：请填写被调用流程的 id。",
                "The call activity names no process: fill in the id of the called process.",
            )


def check_calls(remarks: Sequence[Remarks]) -> None:
    """Remark on calls between the processes of a bundle: missing, not executable, circular."""
    processes: dict[str, Process] = {}
    for remark in remarks:
        for process in remark.diagram.processes.values():
            if process.id in processes:
                remark.error(
                    "duplicate_process",
                    process,
                    f"流程 id“{process.id}”在几个文件里重复：请给其中一个改 id。",
                    f"The process id “{process.id}” appears in more than one file: give one "
                    "another id.",
                )
            processes[process.id] = process
    calls = {
        key: [element.called for element in _calls(process) if element.called in processes]
        for key, process in processes.items()
    }
    for remark in remarks:
        for process in _executable(remark.diagram):
            for element in _calls(process):
                called = processes.get(element.called or "")
                if element.called is not None and (called is None or not called.executable):
                    remark.error(
                        "called_missing",
                        element,
                        f"被调用的流程“{element.called}”不在一起提交的文件中，或不可执行：请一并提交，"
                        "或改为可执行。",
                        f"The called process “{element.called}” is not among the files, or not "
                        "executable: submit it too, or make it executable.",
                    )
                elif called is not None and not _begins_plainly(called):
                    remark.error(
                        "called_start",
                        element,
                        f"被调用的流程“{called.id}”只能由消息或信号开始，调用时无从开始：请给它画一个"
                        "普通开始事件。",
                        f"The called process “{called.id}” begins with messages or signals only, "
                        "so a call cannot begin it: give it a plain start event.",
                    )
                elif element.called is not None and _leads(calls, element.called, process.id):
                    remark.error(
                        "recursion",
                        element,
                        f"流程“{process.id}”经由这个调用又调用自己：请改用循环。",
                        f"Through this call the process “{process.id}” calls itself: use a loop.",
                    )
    if not any(_leads(calls, called, key) for key in calls for called in calls[key] if called):
        _check_depth(remarks, processes)
    _check_uncaught(remarks, processes)


def _check_depth(remarks: Sequence[Remarks], processes: Mapping[str, Process]) -> None:
    """Remark on processes in which sub-processes and calls stand too deep in each other."""
    nested = {
        key: [
            (1 + sum(1 for _ in process.enclosing(element)), element.called)
            for element in process.elements.values()
            if element.kind in SUB_PROCESSES or element.kind == "callActivity"
        ]
        for key, process in processes.items()
    }
    deep = dict.fromkeys(processes, 0)
    for _ in range(MAX_DEPTH):
        deep = {
            key: max((own + deep.get(called or "", 0) for own, called in inside), default=0)
            for key, inside in nested.items()
        }
    for remark in remarks:
        for process in _executable(remark.diagram):
            if deep[process.id] > MAX_DEPTH:
                remark.error(
                    "too_deep",
                    process,
                    f"子流程和调用一层套一层超过 {MAX_DEPTH} 层：请拆开，或改用循环。",
                    f"Sub-processes and calls stand more than {MAX_DEPTH} deep in each other: "
                    "take them apart, or use a loop.",
                )


def _executable(diagram: Diagram) -> Iterator[Process]:
    return (process for process in diagram.processes.values() if process.executable)


def _calls(process: Process) -> Iterator[Element]:
    return (e for e in process.elements.values() if e.kind == "callActivity")


def _begins_plainly(process: Process) -> bool:
    starts = [e for e in process.within(process.id) if e.kind == "startEvent"]
    return not starts or any(not start.events for start in starts)


def _leads(calls: Mapping[str, Sequence[str | None]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            todo.extend(called for called in calls.get(name, ()) if called is not None)
    return False


def _code(definition: Definition) -> str:
    """What an error is matched by: its code, or its name where it has none."""
    return definition.code or definition.name


def _check_uncaught(remarks: Sequence[Remarks], processes: Mapping[str, Process]) -> None:
    owners = {p.id: remark.diagram for remark in remarks for p in _executable(remark.diagram)}

    def catches(process: Process, around: Element, code: str | None) -> bool:
        for event in process.attached(around.id):
            if event.event is None or event.event.kind != "error":
                continue
            definition = owners[process.id].definition(event.event)
            if event.event.ref is None or (definition is not None and _code(definition) == code):
                return True
        return False

    def is_caught(
        process: Process, thrower: Element, code: str | None, via: frozenset[str]
    ) -> bool:
        if any(catches(process, scope, code) for scope in process.enclosing(thrower)):
            return True
        callers = [
            (caller, call)
            for caller in processes.values()
            if caller.id in owners and caller.id not in via
            for call in _calls(caller)
            if call.called == process.id
        ]
        return bool(callers) and all(
            catches(caller, call, code) or is_caught(caller, call, code, via | {process.id})
            for caller, call in callers
        )

    for remark in remarks:
        for process in _executable(remark.diagram):
            for element in process.elements.values():
                event = element.event
                if element.kind != "endEvent" or event is None or event.kind != "error":
                    continue
                definition = remark.diagram.definition(event)
                if definition is None or not _code(definition):
                    continue
                if not is_caught(process, element, _code(definition), frozenset()):
                    code = _code(definition)
                    remark.error(
                        "uncaught_error",
                        element,
                        f"错误“{code}”没有人捕获：请在外层子流程或调用活动的"
                        "边界上画错误事件，或改用普通结束事件。",
                        f"Nothing catches the error “{code}”: attach an error event to "
                        "the sub-process or call activity around it, or use a plain end event.",
                    )

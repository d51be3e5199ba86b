"""Trial runs: any accepted diagram in memory, on a clock of its own, driven by a script.

Services, decisions and people are answered by the script; nothing outside is touched.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from app.core.clock import CHINA
from app.core.errors import DomainError, Invalid
from app.core.phrase import Phrase
from app.engine.diagram import DecisionCall, Diagram, Element, Result, ServiceCall
from app.engine.errors import BusinessError, not_open
from app.engine.kernel import Bundle, Instance
from app.engine.ports import Call, Compile, Description, HumanTask, Outcome, TimerWait, WorkingTime
from app.engine.steps_script import (
    Answer,
    Answers,
    Complete,
    Fire,
    Reply,
    Script,
    Send,
    Step,
    Wait,
)

Due = Callable[[WorkingTime, datetime], datetime]
"""The instant at which so much working time from then on is over."""

MAX_AUTOMATIC = 10_000
"""Answers and firings within one step; more is a loop that never waits."""


MAX_OPEN = 2_000
"""Open tasks; the product keeps no case with so many."""


class What(StrEnum):
    """What a line of the trace tells."""

    ENTERED = "entered"
    LEFT = "left"
    CANCELLED = "cancelled"
    THROWN = "thrown"
    COMPLETED = "completed"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trace: at which step (0: the start) and instant what happened where.

    `instance` counts the instances of a repeated activity from 1; `note` is the kind and name of
    what was thrown.
    """

    step: int
    at: datetime
    what: What
    element: str = ""
    name: str = ""
    instance: int | None = None
    note: str = ""


class StepFailed(Exception):
    """A step of the script could not be done; `number` is its place in the script (0: start)."""

    def __init__(self, number: int, phrase: Phrase) -> None:
        super().__init__(phrase.en)
        self.number = number
        self.phrase = phrase


class Trial:
    """One run of a bundle of accepted diagrams.

    `due` answers timers that ask for working time; without it such a timer is a failed step.
    Raises `Invalid` for answers to elements the diagrams do not have.
    """

    def __init__(
        self,
        diagrams: Sequence[Diagram],
        compile_expression: Compile,
        script: Script,
        due: Due | None = None,
    ) -> None:
        self._script = script
        self._answers: dict[str, Answers] = dict(script.answers)
        self._given: defaultdict[str, int] = defaultdict(int)
        self._due = due
        self._number = 0
        self.now = script.start
        self.trace: list[Line] = []
        prepared = [_answerable(diagram, script) for diagram in diagrams]
        self._bundle = Bundle(prepared, compile_expression, script.process)
        self._instance = Instance(self._bundle, self)
        self._check_answers()
        self._begun = False
        self._seen: Description | None = None

    # What a run is asked and told ---------------------------------------------------------

    def run(self) -> None:
        """Start and do every step of the script. Raises `StepFailed`."""
        self.begin()
        for step in self._script.steps:
            self.do(step)

    def _check_answers(self) -> None:
        """Refuse answers for an element the diagrams do not have: a slip of the pen."""
        for answers in (
            self._script.answers,
            *(step.answers for step in self._script.steps if isinstance(step, Reply)),
        ):
            for name in answers:
                self._must_exist(name)

    def _must_exist(self, element: str) -> None:
        if self._bundle.element(element) is None:
            raise Invalid(
                Phrase(
                    f"脚本提到的元素“{element}”不在流程图中：请核对 id 的拼写。",
                    f"The script names the element “{element}”, which is not in the diagrams: "
                    "check how the id is written.",
                )
            )

    def begin(self) -> None:
        """Start the process, unless it waits for the message of a step to start it."""
        process = self._bundle.processes[self._bundle.main]
        starts = [e for e in process.within(process.id) if e.kind == "startEvent"]
        if self._script.begin is None and starts and all(e.events for e in starts):
            return
        self._do(lambda: self._start(self._script.begin, self._script.data))

    def do(self, step: Step) -> None:
        """Do one step. Raises `StepFailed`."""
        self._number += 1
        match step:
            case Reply():
                self._answers.update(step.answers)
                for element in step.answers:
                    self._given[element] = 0
                self._do(Outcome)
            case Complete():
                self._do(lambda: self._complete(step))
            case Send():
                self._do(lambda: self._send(step))
            case Fire():
                self._do(lambda: self._fire(step.element))
            case Wait():
                self._wait(step)

    @property
    def completed(self) -> bool:
        """Whether the process has ended."""
        return self._begun and self._instance.completed

    @property
    def stuck(self) -> bool:
        """Whether the process is neither over nor waiting for anybody or anything."""
        return self._begun and self._view().stuck

    @property
    def data(self) -> Mapping[str, object]:
        """The data of the process."""
        return self._instance.data if self._begun else {}

    def open_elements(self) -> list[str]:
        """The ids of the elements that wait for somebody or something, sorted, with repeats."""
        if not self._begun:
            return []
        found = self._view()
        waiting = [task.element_id for task in found.tasks]
        waiting += [wait.element_id for wait in found.waits]
        return sorted(waiting + [timer.element_id for timer in found.timers])

    def tasks(self) -> tuple[HumanTask, ...]:
        """The open tasks."""
        return self._view().tasks if self._begun else ()

    def _view(self) -> Description:
        """What is open now; worked out once between two changes."""
        if self._seen is None:
            self._seen = self._instance.describe()
        return self._seen

    # What the engine asks ----------------------------------------------------------------

    def call_service(
        self, name: str, parameters: Mapping[str, object], call: Call
    ) -> Mapping[str, object] | None:
        """The script's answer for the element; nothing where the script is silent."""
        del name, parameters
        return self._given_data(call.element_id)

    def decide(self, key: str, data: Mapping[str, object], binding: str, call: Call) -> object:
        """The script's answer for the element; nothing where the script is silent."""
        del key, data, binding
        return self._given_data(call.element_id)

    def due(self, ask: WorkingTime, call: Call) -> datetime:
        """The end of so much working time. Raises `Invalid` where no calendar is at hand."""
        if self._due is None:
            raise Invalid(
                Phrase(
                    "这里没有工作日历，无法计算工作时间：请在脚本中用 fire 触发这个定时器。",
                    "No working calendar is at hand here: let the script fire this timer.",
                )
            )
        return self._due(ask, call.at)

    # Within --------------------------------------------------------------------------------

    def _start(self, trigger: str | None, data: Mapping[str, object]) -> Outcome:
        self._begun = True
        return self._instance.start(data, at=self.now, message=trigger)

    def _complete(self, step: Complete) -> Outcome:
        self._must_exist(step.element)
        tasks = [task for task in self.tasks() if task.element_id == step.element]
        if step.instance is not None:
            numbers: list[int | None] = [task.instance for task in tasks]
            if None in numbers or len(set(numbers)) < len(numbers):
                numbers = list(range(1, len(tasks) + 1))
            pairs = zip(numbers, tasks, strict=True)
            chosen = [task for number, task in pairs if number == step.instance]
            if tasks and not chosen:
                listed = ", ".join(str(number) for number in numbers)
                raise Invalid(
                    Phrase(
                        f"“{step.element}”没有编号为 {step.instance} 的未完成任务：有 {listed}。",
                        f"“{step.element}” has no open task number {step.instance}: there is "
                        f"{listed}.",
                    )
                )
            tasks = chosen
        if not tasks:
            raise not_open(step.element)
        if len(tasks) > 1:
            raise Invalid(
                Phrase(
                    f"“{step.element}”有 {len(tasks)} 个未完成的任务：请用 instance 指明是第几个。",
                    f"“{step.element}” has {len(tasks)} open tasks: say which by instance.",
                )
            )
        return self._instance.complete(tasks[0].token, step.data, at=self.now)

    def _send(self, step: Send) -> Outcome:
        if step.to is not None:
            self._must_exist(step.to)
        if not self._begun:
            return self._start(step.name, {**self._script.data, **step.data})
        if step.kind == "signal":
            return self._instance.signal(step.name, step.data, at=self.now)
        return self._instance.send(step.name, step.data, at=self.now, element=step.to)

    def _fire(self, element: str) -> Outcome:
        self._must_exist(element)
        for timer in self._timers():
            if timer.element_id == element:
                return self._instance.fire(timer.token, at=self.now)
        raise not_open(element)

    def _timers(self) -> tuple[TimerWait, ...]:
        return self._view().timers if self._begun else ()

    def _wait(self, step: Wait) -> None:
        """Fire what becomes due on the way, in the order of the due instants."""
        target = step.until
        if target is None:
            assert step.span is not None
            try:
                target = (self.now.astimezone(CHINA) + step.span).astimezone(self.now.tzinfo)
            except (OverflowError, ValueError) as error:
                raise StepFailed(self._number, _TOO_LATE) from error
        if target < self.now:
            raise StepFailed(self._number, _PAST)
        for _ in range(MAX_AUTOMATIC):
            due = sorted(
                (timer.due_at, int(timer.token), timer.token)
                for timer in self._timers()
                if timer.due_at is not None and timer.due_at <= target
            )
            if not due:
                self.now = max(self.now, target)
                return
            at, _token, token = due[0]
            self.now = max(self.now, at)
            self._do(lambda at=at, token=token: self._instance.fire(token, at=at))  # type: ignore[misc]
        raise StepFailed(self._number, _ENDLESS)

    def _do(self, act: Callable[[], Outcome]) -> None:
        """Act, then complete the tasks the script answers, until nothing is left to answer."""
        try:
            self._record(act())
            for _ in range(MAX_AUTOMATIC):
                answered = next(self._answered(), None)
                if answered is None:
                    break
                task, answer = answered
                self._record(self._instance.complete(task.token, answer.data, at=self.now))
            else:
                raise StepFailed(self._number, _ENDLESS)
        except DomainError as error:
            raise StepFailed(self._number, error.phrase) from error
        if len(self.tasks()) > MAX_OPEN:
            raise StepFailed(self._number, _TOO_MANY)
        if self.completed and not self._told(What.COMPLETED):
            self._tell(What.COMPLETED)
        elif self.stuck and not self._told(What.STUCK):
            self._tell(What.STUCK)

    def _answered(self) -> Iterator[tuple[HumanTask, Answer]]:
        for task in self.tasks():
            answer = self._next_answer(task.element_id)
            if answer is not None and answer.error is not None:
                raise Invalid(
                    Phrase(
                        f"“{task.element_id}”由人完成，不会出错：请回答数据，不要回答 error。",
                        f"“{task.element_id}” is done by a person and throws no error: answer data "
                        "instead.",
                    )
                )
            if answer is not None:
                yield task, answer

    def _given_data(self, element: str) -> Mapping[str, object]:
        answer = self._next_answer(element)
        if answer is None:
            return {}
        if answer.error is not None:
            raise BusinessError(answer.error, dict(answer.data))
        return answer.data

    def _next_answer(self, element: str) -> Answer | None:
        answers = self._answers.get(element)
        if answers is None:
            return None
        if answers.always:
            return answers.answers[0]
        if self._given[element] < len(answers.answers):
            self._given[element] += 1
            return answers.answers[self._given[element] - 1]
        return None

    def _record(self, outcome: Outcome) -> None:
        self._seen = None
        for step in outcome.steps:
            self._tell(What(step.kind.value), step.element_id, step.instance)
        for thrown in outcome.thrown:
            self._tell(What.THROWN, thrown.element_id, note=f"{thrown.kind} {thrown.name}")

    def _told(self, what: What) -> bool:
        return any(line.what is what for line in self.trace)

    def _tell(
        self, what: What, element: str = "", instance: int | None = None, note: str = ""
    ) -> None:
        found = self._bundle.element(element)
        name = "" if found is None else " ".join(found.name.split())
        self.trace.append(Line(self._number, self.now, what, element, name, instance, note))


_TOO_LATE = Phrase(
    "等待之后已过公元 9999 年：请缩短等待。",
    "The wait ends after the year 9999: make it shorter.",
)
_PAST = Phrase(
    "要等到的时刻已经过去：时间不会倒流，请核对 wait_until。",
    "The instant to wait for has passed, and time does not run back: correct wait_until.",
)
_TOO_MANY = Phrase(
    f"未完成的任务超过 {MAX_OPEN} 个：请检查反复触发的定时器，或缩短等待。",
    f"More than {MAX_OPEN} tasks are open: look at timers that fire again and again, or wait for "
    "less.",
)
_ENDLESS = Phrase(
    f"一步之内自动进行了 {MAX_AUTOMATIC} 次仍未停下：请检查循环和脚本的回答。",
    f"{MAX_AUTOMATIC} automatic moves in one step and no end: look at the loops and the script's "
    "answers.",
)


def _answerable(diagram: Diagram, script: Script) -> Diagram:
    """The diagram with a stand-in for every service and decision it does not name yet."""
    answers = dict(script.answers)
    for step in script.steps:
        if isinstance(step, Reply):
            answers.update(step.answers)

    def stand_in(element: Element) -> Element:
        if element.kind == "serviceTask" and element.service is None:
            given = answers.get(element.id)
            names = sorted({name for a in (given.answers if given else ()) for name in a.data})
            results = tuple(Result(name, name) for name in names)
            return replace(element, service=ServiceCall("", results=results))
        if element.kind == "businessRuleTask" and element.decision is None:
            return replace(element, decision=DecisionCall(""))
        return element

    processes = {
        key: replace(
            process,
            elements=MappingProxyType({k: stand_in(e) for k, e in process.elements.items()}),
        )
        for key, process in diagram.processes.items()
        if process.executable
    }
    return replace(diagram, processes=MappingProxyType(processes))

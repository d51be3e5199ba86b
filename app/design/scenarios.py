"""Scenarios: stories a process is tried with, each with the history that is expected of it.

    usual:                                   # what is answered where a story says nothing
      dispatch: {lead_unit: 单位1}
    scenarios:
      - name: 按时办结
        story:
          - register: {nature: complaint}    # over believable answers
          - go_on: reply                     # in the usual way until this step is open
          - wait: 到handling黄灯
          - do: reply
            answers: {truth: partly}
          - do: approve_reply
            by: unit_liaison
            refused: 不能办理                 # it is to be refused, with these words
        expect:
          passed: [yellow_light, approve_reply]
          lights: {handling: yellow}

A story runs in a sandbox, on a clock of its own. The first difference from what is expected is
told in words, with the whole trace.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic

from app.core.errors import DomainError, Invalid
from app.core.phrase import Phrase
from app.design import time_words
from app.design.sandbox import BEGIN, Answers, Entry, Sandbox
from app.engine.ports import StepKind


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is to be so at a point of a story, of all that was passed until then.

    `passed` are elements in their order (`process/element` where the id alone would not do);
    others may lie between them, unless `exactly`. `deadlines` and `lights` are those of the last
    run of each clock, `notices` names in their order.
    """

    passed: tuple[str, ...] = ()
    exactly: bool = False
    not_passed: tuple[str, ...] = ()
    open: tuple[str, ...] | None = None
    deadlines: Mapping[str, str] = field(default_factory=dict)
    lights: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story: `kind` is register, do, go_on, wait, free_hand, reorganise, start, send
    or check.
    """

    kind: str
    what: str = ""
    answers: Answers = field(default_factory=dict)
    by: str | None = None
    case: str = ""
    refused: str | None = None
    """Words that the refusal holds, where one is expected; empty: any refusal."""
    expect: Expectation | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story and what is expected at its end."""

    name: Phrase
    story: tuple[Step, ...]
    expect: Expectation
    begin: datetime = BEGIN


@dataclass(frozen=True, slots=True)
class Document:
    """The scenarios of one process, and what is usually answered at its elements."""

    scenarios: tuple[Scenario, ...]
    usual: Mapping[str, Answers]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a scenario. `step` is the place in the story, from 1, where it first differed;
    0 where that was at its end.
    """

    process: str
    scenario: Scenario
    trace: tuple[Entry, ...]
    difference: Phrase | None = None
    step: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything was as expected."""
        return self.difference is None


Open = Callable[[datetime, Mapping[str, Answers]], Sandbox]
"""Opens a sandbox that begins at an instant, with what is usually answered."""


def run(process: str, scenario: Scenario, usual: Mapping[str, Answers], open_: Open) -> Result:
    """Run a scenario; what it finds is in the result, nothing is raised for it."""
    began = monotonic()
    try:
        sandbox = open_(scenario.begin, usual)
    except DomainError as refusal:
        words = Phrase(
            f"草稿不能发布，情景没有运行：{refusal.phrase.zh}",
            f"The drafts cannot be published, so nothing was run: {refusal.phrase.en}",
        )
        return Result(process, scenario, (), words, 1, monotonic() - began)
    with sandbox:
        number, difference = _told(sandbox, scenario)
        return Result(
            process, scenario, tuple(sandbox.trace), difference, number, monotonic() - began
        )


def _told(sandbox: Sandbox, scenario: Scenario) -> tuple[int, Phrase | None]:
    """Where a story first differs from what is expected, and how."""
    for number, step in enumerate(scenario.story, 1):
        difference = do_step(sandbox, step)
        if difference is not None:
            return number, difference
    return 0, first_difference(sandbox, scenario.expect)


def do_step(sandbox: Sandbox, step: Step) -> Phrase | None:
    """Do one step of a story in a sandbox; how it differed from what was expected, if it did."""
    if step.expect is not None:
        return first_difference(sandbox, step.expect, step.case)
    try:
        _do(sandbox, step)
    except DomainError as refusal:
        if step.refused is None:
            return _unexpected(step, refusal)
        sandbox.refused(step.kind, step.what, refusal, step.case)
        said = sandbox.trace[-1].what
        if step.refused in said.zh or step.refused in said.en:
            return None
        return Phrase(
            f"预期因“{step.refused}”被拒绝，实际的理由是：{said.zh}",
            f"It was to be refused with “{step.refused}”, but was with: {said.en}",
        )
    if step.refused is not None:
        return Phrase(
            f"预期“{step.what or step.kind}”会被拒绝，实际办成了。",
            f"“{step.what or step.kind}” was to be refused, but was done.",
        )
    return sandbox.fault()


def _do(sandbox: Sandbox, step: Step) -> None:
    match step.kind:
        case "register":
            sandbox.register(step.answers, by=step.by, case=step.case)
        case "do":
            sandbox.do(step.what, step.answers, by=step.by, case=step.case)
        case "go_on":
            sandbox.go_on(step.what, case=step.case)
        case "free_hand" | "reorganise":
            sandbox.intervene(step.kind, step.what, step.answers, by=step.by, case=step.case)
        case "start":
            sandbox.start(step.what, step.answers, case=step.case)
        case "send":
            sandbox.send(step.what, step.answers, case=step.case)
        case _:
            time_words.read(step.what).let_pass(sandbox, step.case)


def _unexpected(step: Step, refusal: DomainError) -> Phrase:
    wrong = list(refusal.fields.items()) if isinstance(refusal, Invalid) else []
    zh = "".join(f"；{name}：{one.zh}" for name, one in wrong)
    en = "".join(f"; {name}: {one.en}" for name, one in wrong)
    what = step.what or step.kind
    return Phrase(
        f"“{what}”没有办成：{refusal.phrase.zh}{zh}",
        f"“{what}” could not be done: {refusal.phrase.en}{en}",
    )


# What is expected --------------------------------------------------------------------------


def first_difference(sandbox: Sandbox, expected: Expectation, case: str = "") -> Phrase | None:
    """The first way in which a case is not as expected, in words; None where it is."""
    entered = entered_in(sandbox.trace, case)
    for found in (
        _in_order(expected, entered),
        _never(expected, entered),
        _told_of(expected, sandbox, case),
        _clocks(expected, sandbox, case),
        _ended(expected, sandbox, case),
    ):
        if found is not None:
            return found
    return None


def entered_in(trace: Sequence[Entry], case: str = "") -> list[tuple[str, str]]:
    """The elements a case has passed, each with its process, in their order.

    Time passes for all cases at once, and counts for each.
    """
    return [
        (one.process, one.element)
        for entry in trace
        if entry.case == case or entry.kind == "time"
        for move in entry.moves
        for one in move.passed
        if one.how is StepKind.ENTERED
    ]


def names(wanted: str, passed: tuple[str, str]) -> bool:
    """Whether a name, with or without its process, means the element that was passed."""
    process, _, element = wanted.rpartition("/")
    return passed[1] == element and process in {"", passed[0]}


def _in_order(expected: Expectation, entered: Sequence[tuple[str, str]]) -> Phrase | None:
    position = 0
    for number, wanted in enumerate(expected.passed):
        rest = entered[position:]
        steps = next((n for n, one in enumerate(rest) if names(wanted, one)), None)
        if steps is None or (expected.exactly and steps > 0):
            return _missing(expected.passed, number, entered, position, in_time=steps is not None)
        position += steps + 1
    if expected.exactly and position < len(entered):
        more = "、".join(element for _process, element in entered[position : position + 5])
        return Phrase(f"之后还经过了 {more}，不在预期之内。", f"It went on to pass {more}.")
    return None


def _missing(
    wanted: Sequence[str],
    number: int,
    entered: Sequence[tuple[str, str]],
    position: int,
    *,
    in_time: bool,
) -> Phrase:
    following = [element for _process, element in entered[position : position + 5]]
    after = Phrase(f"在“{wanted[number - 1]}”之后", f"after “{wanted[number - 1]}”")
    if number == 0:
        after = Phrase("从头开始", "from the start")
    actual = Phrase(
        f"实际经过 {'、'.join(following)}" if following else "实际没有再往前走",
        f"it passed {', '.join(following)}" if following else "it went no further",
    )
    earlier = any(names(wanted[number], one) for one in entered[:position])
    hint = Phrase("（它只在更早的时候经过）", " (it was passed, but earlier)")
    if not earlier or in_time:
        hint = Phrase("", "")
    return Phrase(
        f"{after.zh}预期经过“{wanted[number]}”{hint.zh}，{actual.zh}。",
        f"{after.en} “{wanted[number]}” was to be passed{hint.en}, but {actual.en}.",
    )


def _never(expected: Expectation, entered: Sequence[tuple[str, str]]) -> Phrase | None:
    for wanted in expected.not_passed:
        if any(names(wanted, one) for one in entered):
            return Phrase(
                f"预期不经过“{wanted}”，实际经过了。", f"“{wanted}” was not to be passed, but was."
            )
    return None


def _told_of(expected: Expectation, sandbox: Sandbox, case: str) -> Phrase | None:
    sent = [
        notice.name
        for entry in sandbox.trace
        if entry.case == case or entry.kind == "time"
        for notice in entry.notices
    ]
    rest = iter(sent)
    for wanted in expected.notices:
        if wanted not in rest:  # an iterator: looks on from where the last was found
            shown = "、".join(sent) or "—"
            return Phrase(
                f"预期发出通知“{wanted}”，没有发出（或次序不同）；实际依次发出：{shown}。",
                f"The notice “{wanted}” was to be sent and was not, or not in this order; sent "
                f"were: {shown}.",
            )
    return None


def _clocks(expected: Expectation, sandbox: Sandbox, case: str) -> Phrase | None:
    last = {one.clock: one for one in sandbox.deadlines(case)} if _asks_clocks(expected) else {}
    for wanted, of in ((expected.deadlines, "last_day"), (expected.lights, "light")):
        for clock, value in wanted.items():
            found = getattr(last[clock], of) if clock in last else ""
            if found != value:
                zh, en = ("末日", "last day") if of == "last_day" else ("灯", "light")
                return Phrase(
                    f"计时“{clock}”的{zh}预期是 {value}，实际是 {found or '没有这个计时'}。",
                    f"The {en} of clock “{clock}” was to be {value}, but is {found or 'none'}.",
                )
    return None


def _asks_clocks(expected: Expectation) -> bool:
    return bool(expected.deadlines or expected.lights)


def _ended(expected: Expectation, sandbox: Sandbox, case: str) -> Phrase | None:
    if expected.open is not None:
        found = sorted(one.element.id for one in sandbox.steps(case, acts_too=False))
        if found != sorted(expected.open):
            return Phrase(
                f"预期未完成的环节是 {_list(expected.open)}，实际是 {_list(found)}。",
                f"Open was to be {_list(expected.open)}, but is {_list(found)}.",
            )
    if expected.outcome is not None:
        outcome = sandbox.outcome(case)
        if outcome != expected.outcome:
            return Phrase(
                f"预期结果是“{expected.outcome}”，实际是“{outcome}”。",
                f"The outcome was to be “{expected.outcome}”, but is “{outcome}”.",
            )
    return None


def _list(names: Sequence[str]) -> str:
    return "、".join(sorted(names)) or "—"


def as_it_was(sandbox: Sandbox, case: str = "") -> Expectation:
    """What a run has passed, promised and ended with, as an expectation of the next one."""
    last = {one.clock: one for one in sandbox.deadlines(case)}
    return Expectation(
        passed=tuple(
            f"{process}/{element}" for process, element in entered_in(sandbox.trace, case)
        ),
        exactly=True,
        open=tuple(one.element.id for one in sandbox.steps(case, acts_too=False)),
        deadlines={name: one.last_day for name, one in last.items() if one.last_day},
        lights={name: one.light for name, one in last.items()},
        notices=tuple(
            notice.name
            for entry in sandbox.trace
            if entry.case == case or entry.kind == "time"
            for notice in entry.notices
        ),
        outcome=sandbox.outcome(case),
    )


def with_scenario(document: Document, scenario: Scenario) -> Document:
    """The document with one more scenario, in the place of the one of that name if there is one."""
    named = [one.name.zh for one in document.scenarios]
    if scenario.name.zh not in named:
        return replace(document, scenarios=(*document.scenarios, scenario))
    place = named.index(scenario.name.zh)
    before, after = document.scenarios[:place], document.scenarios[place + 1 :]
    return replace(document, scenarios=(*before, scenario, *after))

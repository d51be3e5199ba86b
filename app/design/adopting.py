"""Adopting what came of a scenario: a designer who meant it takes it over as what is expected.

The story stays; a step that waits behind a new one is come to in the usual way. Of every
expectation, what came out takes the place of what did not. Nobody publishes it alone: the scenario
is a draft of the change, and its differences stand before the second person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.core.errors import Conflict, DomainError, Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design import drafts, scenario_text, scenarios
from app.design.drafts import open_draft
from app.design.models import DesignDraft, Kind
from app.design.sandbox import Answers, Sandbox
from app.design.scenarios import Expectation, Open, Scenario, Step


def amended(scenario: Scenario, usual: Mapping[str, Answers], open_: Open) -> Scenario:
    """The scenario with what comes out now as what is expected of it.

    Raises `Invalid` where the story itself does not go so any more, with the step and the reason,
    or a draft cannot be published.
    """
    with open_(scenario.begin, usual) as sandbox:
        story: list[Step] = []
        for number, step in enumerate(scenario.story, 1):
            story += _told(sandbox, step, number)
        return replace(scenario, story=tuple(story), expect=as_it_came(sandbox, scenario.expect))


def adopt(
    uow: UnitOfWork, change_id: int, process: str, before: Scenario, after: Scenario
) -> DesignDraft:
    """Put `after` in the place of `before` in the change's draft of the process's scenarios.

    Raises `NotAllowed`, `Conflict` when the change cannot be edited, another one holds these
    scenarios, or `before` has been changed meanwhile.
    """
    draft = open_draft(uow, change_id, Kind.SCENARIOS.value, process)
    document = scenario_text.read(draft.content, process)
    if before not in document.scenarios:
        raise Conflict(
            Phrase(
                "这个情景刚被改过：请刷新后再看结果。",
                "This scenario was changed a moment ago: reload, and look at what comes of it.",
            )
        )
    text = scenario_text.write(scenarios.with_scenario(document, after))
    return drafts.save(uow, draft.id, draft.revision, text)


def _told(sandbox: Sandbox, step: Step, number: int) -> list[Step]:
    """One step told in the sandbox, as the story has it from now on."""
    if step.expect is not None:
        return [replace(step, expect=as_it_came(sandbox, step.expect, step.case))]
    before = _way_to(sandbox, step)
    difference = scenarios.do_step(sandbox, step)
    if difference is not None:
        raise Invalid(
            Phrase(
                f"第 {number} 步办不成，须先改这个情景的步骤：{difference.zh}",
                f"Step {number} cannot be done, so the story has to be changed first: "
                f"{difference.en}",
            )
        )
    return [*before, step]


def _way_to(sandbox: Sandbox, step: Step) -> list[Step]:
    """What leads to a step that waits behind others now: those are done as is usual."""
    if step.kind != "do" or step.refused is not None or not sandbox.begun:
        return []
    if any(step.what in {one.element.id, one.element.name} for one in sandbox.steps(step.case)):
        return []
    try:
        sandbox.go_on(step.what, case=step.case)
    except DomainError:
        return []  # nothing leads there: the step itself says what is open
    return [Step("go_on", step.what, case=step.case)]


def as_it_came(sandbox: Sandbox, expected: Expectation, case: str = "") -> Expectation:
    """An expectation that holds now: of what it spoke of, what did not hold is as it came out."""
    found = scenarios.as_it_was(sandbox, case)
    entered = scenarios.entered_in(sandbox.trace, case)
    passed = found.passed
    if not expected.exactly:
        passed = _held(expected.passed, found.passed)
    return Expectation(
        passed=passed,
        exactly=expected.exactly,
        not_passed=tuple(
            wanted
            for wanted in expected.not_passed
            if not any(scenarios.names(wanted, one) for one in entered)
        ),
        open=None if expected.open is None else found.open,
        deadlines=_of(expected.deadlines, found.deadlines),
        lights=_of(expected.lights, found.lights),
        notices=_held(expected.notices, found.notices),
        outcome=None if expected.outcome is None else found.outcome,
    )


def _of(wanted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """What the clocks that were spoken of came to; without those that did not run."""
    return {clock: found[clock] for clock in wanted if clock in found}


def _held(wanted: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    """What was wanted and came, in order; where something did not come, all that came instead.

    Elements that came stand with their process; those that were wanted keep the way they were
    written.
    """
    held: list[str] = []
    at = 0
    lacking = False
    for name, place in _matched(wanted, found):
        if place is None:
            lacking = True
            continue
        held += [_short(one) for one in found[at:place]] if lacking else []
        held.append(name)
        at, lacking = place + 1, False
    if lacking:
        held += [_short(one) for one in found[at:]]
    return tuple(held)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _matched(wanted: Sequence[str], found: Sequence[str]) -> list[tuple[str, int | None]]:
    """Each name that was wanted with its place in `found`: as many as can be in this order."""
    longest = [[0] * (len(found) + 1) for _ in range(len(wanted) + 1)]
    for i in reversed(range(len(wanted))):
        for j in reversed(range(len(found))):
            longest[i][j] = (
                1 + longest[i + 1][j + 1]
                if _same(wanted[i], found[j])
                else max(longest[i + 1][j], longest[i][j + 1])
            )
    pairs: list[tuple[str, int | None]] = []
    i = j = 0
    while i < len(wanted):
        if j < len(found) and _same(wanted[i], found[j]):
            pairs.append((wanted[i], j))
            i, j = i + 1, j + 1
        elif j < len(found) and longest[i][j + 1] >= longest[i + 1][j]:
            j += 1
        else:
            pairs.append((wanted[i], None))
            i += 1
    return pairs


def _same(wanted: str, found: str) -> bool:
    return wanted in {found, _short(found)}

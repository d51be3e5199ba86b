"""Trial runs and their scripts."""

from datetime import UTC, datetime

import pytest

from app.cases.expressions import compile_expression
from app.core.errors import Invalid
from app.engine.diagram import read_diagram
from app.engine.memory import StepFailed, Trial, What
from app.engine.steps_script import read_script
from tests.engine.corpus.notation import to_xml


def trial(text: str, script: str = "") -> Trial:
    return Trial(
        [read_diagram(to_xml(text), "t.bpmn")],
        compile_expression,
        read_script(script.encode(), "s.yaml"),
    )


PLAIN = "start s -> a\nuser a name=[办理] -> w\nservice w call=[x] keep=[n] -> e\nend e"


def test_the_trace_tells_what_happened_when_and_in_which_step() -> None:
    run = trial(
        PLAIN,
        "start: 2026-03-02T09:00:00+08:00\nsteps:\n- wait: PT1H\n- complete: a\n  data: {k: 1}\n",
    )
    run.run()
    assert [(line.step, line.what, line.element) for line in run.trace] == [
        (0, What.ENTERED, "s"),
        (0, What.LEFT, "s"),
        (0, What.ENTERED, "a"),
        (2, What.LEFT, "a"),
        (2, What.ENTERED, "w"),
        (2, What.LEFT, "w"),
        (2, What.ENTERED, "e"),
        (2, What.LEFT, "e"),
        (2, What.COMPLETED, ""),
    ]
    assert run.trace[2].name == "办理"
    assert run.trace[3].at == datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert run.completed
    assert run.data["k"] == 1


def test_people_may_be_answered_by_the_script() -> None:
    run = trial(PLAIN, "answers: {a: {k: 2}, w: {n: 3}}")
    run.run()
    assert run.completed
    assert dict(run.data) == {"k": 2, "n": 3}


def test_answers_in_a_list_are_given_one_after_the_other() -> None:
    text = "start s -> a\nuser a -> g\nxor g default=e -> a [again], e\nend e"
    run = trial(text, "answers:\n  a: [{again: true}, {again: true}]\n")
    run.run()
    assert run.open_elements() == ["a"]
    assert [line.element for line in run.trace if line.what is What.LEFT].count("a") == 2


def test_answers_may_change_on_the_way() -> None:
    text = "start s -> a\nuser a -> w\nservice w call=[x] keep=[n] -> e\nend e"
    run = trial(text, "answers: {w: {n: 1}}\nsteps:\n- answer: {w: {n: 2}}\n- complete: a\n")
    run.run()
    assert run.data["n"] == 2


@pytest.mark.parametrize(
    "asked",
    [
        "at=[working_days(missing)]",
        "at=[working_days(1.5)]",
        'at=[clock(missing, "yellow")]',
        'timer=[duration("P9999Y")]',
        "timer=[missing]",
    ],
)
def test_a_timer_without_a_usable_value_is_a_failed_step_at_its_element(asked: str) -> None:
    run = trial(f"start s -> t\ncatch t {asked} -> e\nend e")
    with pytest.raises(StepFailed) as failure:
        run.run()
    assert "“t”" in failure.value.phrase.zh


def test_a_timer_that_opens_tasks_without_end_is_a_failed_step() -> None:
    text = (
        "start s -> a\nuser a -> e\nboundary x on=a non every=R/PT1S -> b\nuser b -> e2\n"
        "end e\nend e2"
    )
    run = trial(text, "steps:\n- wait: P1D\n")
    with pytest.raises(StepFailed, match="tasks are open"):
        run.run()


def test_a_loop_that_answers_itself_for_ever_is_a_failed_step() -> None:
    run = trial(
        "start s -> a\nuser a -> g\nxor g default=e -> a [true], e\nend e", "answers: {a: {}}"
    )
    with pytest.raises(StepFailed):
        run.run()


def test_a_failed_step_says_its_number_and_why() -> None:
    run = trial(PLAIN, "steps:\n- wait: PT1H\n- complete: nobody\n")
    with pytest.raises(StepFailed) as failure:
        run.run()
    assert failure.value.number == 2
    assert "nobody" in failure.value.phrase.zh


def test_the_number_of_a_task_that_is_not_open_is_refused_with_those_that_are() -> None:
    run = trial(
        "start s -> a\nuser a times=3 -> e\nend e",
        "steps:\n- {complete: a, instance: 1}\n- {complete: a, instance: 1}\n",
    )
    with pytest.raises(StepFailed, match="there is 2, 3"):
        run.run()


def test_a_process_without_anything_left_to_wait_for_is_called_stuck() -> None:
    text = "start s -> g\nxor g default=b -> a [x], b\nuser a -> j\nuser b -> j\nand j -> e\nend e"
    run = trial(text, "steps:\n- complete: b\n")
    run.run()
    assert run.stuck
    assert run.trace[-1].what is What.STUCK


def test_a_timer_in_working_time_without_a_calendar_is_a_failed_step() -> None:
    run = trial("start s -> t\ncatch t at=[working_days(3)] -> e\nend e")
    with pytest.raises(StepFailed, match="calendar"):
        run.run()


@pytest.mark.parametrize(
    "script",
    [
        "- a",
        "steps: 5",
        "surprise: 1",
        "steps:\n- {}",
        "steps:\n- {complete: a, wait: PT1H}",
        "steps:\n- {wait: PT1H, data: {}}",
        "steps:\n- {wait: soon}",
        "steps:\n- {wait_until: 2026-03-02 09:00:00}",
        "steps:\n- {complete: a, instance: 0}",
        "start: tomorrow",
        "answers: {a: 5}",
        "!!python/object/apply:os.system [id]",
        "a: [",
    ],
)
def test_a_script_that_cannot_be_understood_is_refused(script: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_script(script.encode(), "s.yaml")
    assert "s.yaml" in refusal.value.phrase.zh

"""Random structured diagrams run as their blocks say: splits, loops, sub-processes, calls,
repeated tasks, boundary messages, errors and terminate ends, in each other.
"""

import random
from collections import Counter

from app.cases.expressions import compile_expression
from app.engine.checker import check
from app.engine.diagram import read_diagram
from app.engine.findings import Severity
from app.engine.memory import Trial
from app.engine.steps_script import Complete, Script, Send
from tests.engine.corpus.blocks import Builder, Scope, Sequence, diagram_text
from tests.engine.corpus.notation import to_xml

DIAGRAMS = 300
STEPS = 40


def walk(seed: int, counts: Counter[str]) -> None:
    rng = random.Random(seed)
    builder = Builder(rng)
    root = Sequence("", [builder.block(5) for _ in range(2)])
    diagram = read_diagram(to_xml(diagram_text(root)), "random.bpmn")
    errors = [f for f in check([diagram]) if f.severity is Severity.ERROR]
    assert errors == [], f"seed {seed}"

    def coins() -> dict[str, object]:
        return {name: rng.random() < 0.4 for name in builder.variables}

    ended: list[bool] = []
    first = coins()
    expected = Scope(dict(first), lambda: ended.append(True))
    expected.enter()
    root.start(expected, expected.leave)
    trial = Trial([diagram], compile_expression, Script(data=first))
    trial.begin()
    for step in range(STEPS):
        counts["compared"] += 1
        work = sorted(work.task for work in expected.open_work())
        messages = expected.open_messages()
        found = sorted(task.element_id for task in trial.tasks())
        waiting = {w.name for w in trial._instance.describe().waits}
        assert found == work, f"seed {seed}, step {step}"
        assert waiting == set(messages), f"seed {seed}, step {step}"
        assert trial.completed == bool(ended), f"seed {seed}, step {step}"
        if ended:
            counts["ended"] += 1
            break
        if messages and rng.random() < 0.25:
            name = rng.choice(sorted(messages))
            messages[name]()
            trial.do(Send("message", name, {}))
            continue
        task = rng.choice(work)
        chosen = next(w for w in expected.open_work() if w.task == task)
        data = coins()
        chosen.scope.data.update(data)
        chosen.scope.work.remove(chosen)
        chosen.done()
        trial.do(Complete(task, data, instance=min_instance(trial, task)))
    counts["walks"] += 1


def min_instance(trial: Trial, task: str) -> int:
    """The number of the first open one: instances of a repeated task keep their numbers."""
    return min(
        (t.instance or 1 for t in trial.tasks() if t.element_id == task),
        default=1,
    )


def test_random_structured_diagrams_run_as_their_blocks_say() -> None:
    counts: Counter[str] = Counter()
    for seed in range(DIAGRAMS):
        walk(seed, counts)
    print(f"structured diagrams: {DIAGRAMS}, {dict(counts)}")
    assert counts["ended"] > DIAGRAMS / 4

"""Random diagrams, mostly ugly, walked at random beside a second reading of the standard."""

import random
from collections import Counter

from app.cases.expressions import compile_expression
from app.engine.checker import check
from app.engine.diagram import Diagram, read_diagram
from app.engine.findings import is_refused
from app.engine.memory import Trial
from app.engine.steps_script import Complete, Script
from tests.engine.corpus.notation import to_xml
from tests.engine.corpus.reference import Ambiguous, Endless, Reference

DIAGRAMS = 400
STEPS = 12
MAX_OPEN = 10


def drawn(rng: random.Random) -> str:
    """A random flat diagram: every node has ways out, and all that nothing reaches is left out."""
    size = rng.randint(4, 14)
    kinds = ["user", "user", "user", "xor", "and", "or"]
    nodes = {f"n{n}": rng.choice(kinds) for n in range(size)} | {"e": "end", "e2": "end"}
    names = list(nodes)
    backwards = rng.random() < 0.3
    ways: dict[str, list[str]] = {"e": [], "e2": []}
    for position, name in enumerate(names[:size]):
        pool = names if backwards and rng.random() < 0.3 else names[position + 1 :]
        pool = pool[:4] or names[-2:]
        count = 1 if nodes[name] == "user" else rng.randint(2, 3)
        ways[name] = list(dict.fromkeys(rng.choice(pool) for _ in range(count)))
    reached: set[str] = set()
    todo = ["n0"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += ways[name]
    lines = ["start s -> n0"]
    for name in names:
        if name not in reached:
            continue
        kind, targets = nodes[name], ways[name]
        if kind == "end":
            lines.append("end e2 terminate" if name == "e2" else "end e")
        elif kind in {"xor", "or"} and len(targets) > 1:
            shown = [f"{t} [go_{name}_{t}]" for t in targets[:-1]] + [targets[-1]]
            lines.append(f"{kind} {name} default={targets[-1]} -> {', '.join(shown)}")
        else:
            lines.append(f"{kind} {name} -> {', '.join(targets)}")
    return "\n".join(lines)


def coins(rng: random.Random, diagram: Diagram) -> dict[str, object]:
    (process,) = diagram.processes.values()
    return {f"go_{name}": rng.random() < 0.5 for name in process.flows}


def accepted(rng: random.Random) -> Diagram:
    while True:
        diagram = read_diagram(to_xml(drawn(rng)), "random.bpmn")
        if not is_refused(check([diagram])):
            return diagram


def walk(seed: int, counts: Counter[str]) -> None:
    rng = random.Random(seed)
    diagram = accepted(rng)
    (process,) = diagram.processes.values()
    data = coins(rng, diagram)
    trial = Trial([diagram], compile_expression, Script(data=data))
    try:
        reference = Reference(process, data)
    except Ambiguous:
        counts["ambiguous"] += 1
        return
    except Endless:
        counts["endless"] += 1
        return
    trial.begin()
    for _ in range(STEPS):
        counts["compared"] += 1
        here = f"seed {seed}, step {counts['compared']}, data {reference.data}"
        assert trial.open_elements() == sorted(reference.tasks.elements()), here
        assert trial.completed == reference.completed, here
        if not reference.tasks or sum(reference.tasks.values()) > MAX_OPEN:
            break
        task = rng.choice(sorted(reference.tasks))
        data = coins(rng, diagram)
        try:
            reference.complete(task, data)
        except (Ambiguous, Endless) as stopped:
            counts[type(stopped).__name__.lower()] += 1
            break
        trial.do(Complete(task, data, instance=1))
    counts["walks"] += 1


def test_random_diagrams_run_as_a_second_reading_of_the_standard_says() -> None:
    counts: Counter[str] = Counter()
    for seed in range(DIAGRAMS):
        walk(seed, counts)
    print(f"random diagrams: {DIAGRAMS}, {dict(counts)}")
    assert counts["walks"] > DIAGRAMS / 2

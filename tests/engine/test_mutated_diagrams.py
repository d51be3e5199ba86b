"""Damaged diagrams: the reader and the checker always answer, and what they accept can run."""

import random
from collections import Counter

from lxml import etree

from app.cases.expressions import compile_expression
from app.core.errors import Invalid
from app.engine.checker import check
from app.engine.content_checks import Surroundings
from app.engine.diagram import read_diagram
from app.engine.findings import is_refused
from app.engine.memory import StepFailed, Trial
from app.engine.steps_script import Complete, Script
from tests.engine.corpus.case import diagram_of
from tests.engine.corpus.cases import CASES

MUTANTS = 1500
SEED = 20261121
AROUND = Surroundings(compile_expression=compile_expression)


def damaged(source: bytes, rng: random.Random) -> bytes:
    """The file with one to three things removed, repeated, renamed or exchanged."""
    root = etree.fromstring(source)
    for _ in range(rng.choice([1, 1, 2, 3])):
        nodes = [node for node in root.iter(etree.Element) if node is not root]
        if not nodes:
            break
        node, other = rng.choice(nodes), rng.choice(nodes)
        match rng.randint(0, 5):
            case 0:
                node.getparent().remove(node)
            case 1 if node.attrib:
                del node.attrib[rng.choice(list(node.attrib))]
            case 2 if node.attrib and other.attrib:
                key = rng.choice(list(node.attrib))
                node.set(key, rng.choice(list(other.attrib.values())))
            case 3:
                node.tag = other.tag
            case 4:
                node.addnext(etree.fromstring(etree.tostring(other)))
            case 5 if other not in list(node.iter()):
                other.append(node)
    return etree.tostring(root)


def test_damaged_diagrams_are_judged_and_what_is_accepted_runs() -> None:
    rng = random.Random(SEED)
    counts: Counter[str] = Counter()
    sources = [diagram_of(case).source for case in CASES]
    for number in range(MUTANTS):
        source = damaged(rng.choice(sources), rng)
        try:
            diagram = read_diagram(source, "damaged.bpmn")
        except Invalid:
            counts["unreadable"] += 1
            continue
        findings = check([diagram], AROUND)
        if is_refused(findings):
            counts["refused"] += 1
            continue
        counts["accepted"] += 1
        trial = Trial([diagram], compile_expression, Script(data={"x": number % 5, "n": 2}))
        try:
            trial.begin()
            for _ in range(6):
                tasks = trial.tasks()
                if not tasks:
                    break
                trial.do(Complete(rng.choice(tasks).element_id, {"again": False}, instance=1))
        except StepFailed:
            counts["failed in words"] += 1
    print(f"damaged diagrams: {MUTANTS}, {dict(counts)}")
    assert counts["accepted"] > MUTANTS / 25

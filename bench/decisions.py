"""Decision tables: the product beside stock SpiffWorkflow, zen-engine and feelin on Node.

Two tables, written for each in its own words: 20 rows with three inputs (a text, a range of
numbers, a text that may be anything), and a catalogue of 2,000 rows with two. All contestants
answer the same questions and must give the same answers. Only the product keeps evidence: it is
part of what is measured. zen-engine (PyPI) and feelin (npm) take part where they are installed.
"""

import importlib
import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
from SpiffWorkflow.dmn.specs import model as stock

from app.decisions.dmn import read_model
from app.settings import VAR
from bench.figures import Figures
from bench.worktime import interleaved

Range = tuple[int, int]
Cell = str | Range | None
"""A text to equal, a range with its ends, or anything."""

FEELIN = Path(__file__).with_name("feelin.mjs")
FEELIN_HOMES = (Path("node_modules"), VAR / "node" / "node_modules")
"""Where feelin may be installed: `npm install --prefix var/node feelin`."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table in nobody's words: its inputs, its rows (cells, then what they say), questions."""

    inputs: tuple[str, ...]
    rows: list[tuple[tuple[Cell, ...], str]]
    questions: list[dict[str, object]]

    @property
    def answers(self) -> list[str]:
        """What is right: the outputs of the rows that match."""
        return [next(self._matching(question)) for question in self.questions]

    def asked(self, count: int) -> "Table":
        """The table with its first questions only."""
        return Table(self.inputs, self.rows, self.questions[:count])

    def _matching(self, question: Mapping[str, object]) -> Iterator[str]:
        values = [question[name] for name in self.inputs]
        return (says for cells, says in self.rows if all(map(_accepts, cells, values)))


def _accepts(cell: Cell, value: Any) -> bool:
    if isinstance(cell, tuple):
        return bool(cell[0] <= value <= cell[1])
    return cell is None or cell == value


Answer = Callable[[Mapping[str, object]], object]


def measure(figures: Figures, *, quick: bool) -> None:
    """The series of decision tables."""
    chance = random.Random(20)  # the same questions in every run
    small, large, ten = _small(chance), _catalogue(2000, chance), _catalogue(10, chance)
    for name, table in (("20x3", small), ("2000", large)):
        _beside(figures, name, table, quick=quick)
    calls = {str(len(t.rows)): _asking(ours(t), t) for t in (ten, large)}
    spent = {name: min(times) for name, times in interleaved(calls, 3 if quick else 60).items()}
    figures.put("dmn_2000_over_10", spent["2000"] / spent["10"])


def _beside(figures: Figures, name: str, table: Table, *, quick: bool) -> None:
    few = table.asked(2 if quick else 10)  # of whom asks row by row
    us = {
        "": _us(ours(table), table, 3 if quick else 40),
        "_stored": _us(ours_as_stored(table), table, 3 if quick else 40),
        "_spiff": _us(spiff(table), few, 1 if quick else 3),
    }
    zen = _zen(table)
    if zen is not None:
        us["_zen"] = _us(zen, table, 1 if quick else 10)
    feelin = _feelin_us(few)
    if feelin is not None:
        us["_feelin"] = feelin
    for contestant, cost in us.items():
        figures.put(f"dmn_{name}{contestant}_us", cost)
    for contestant in sorted(us.keys() - {"", "_stored"}):
        figures.put(f"dmn_{name}_ratio{contestant}", us[contestant] / us[""])


def _us(answer: Answer, table: Table, rounds: int) -> float:
    """Microseconds of an answer in the fastest round; raises NotTheSame where it is not right."""
    _require_right([answer(question) for question in table.questions], table)
    spent = interleaved({"": _asking(answer, table)}, rounds)[""]
    return min(spent) / len(table.questions) * 1e6


def _asking(answer: Answer, table: Table) -> Callable[[], None]:
    def ask() -> None:
        for question in table.questions:
            answer(question)

    return ask


class NotTheSame(Exception):
    """A contestant gives another answer: comparing what it costs would mean nothing."""


def _require_right(given: Sequence[object], table: Table) -> None:
    for question, said, right in zip(table.questions, given, table.answers, strict=True):
        if said != right:
            raise NotTheSame(f"{question} gave {said}, not {right}")


# --- the two tables -------------------------------------------------------------------------------


def _small(chance: random.Random) -> Table:
    natures = ("投诉", "咨询", "举报", "求助")
    rows: list[tuple[tuple[Cell, ...], str]] = [
        ((nature, (10 * band, 10 * band + 9), None if band else "urgent"), f"{nature}{band}")
        for band in range(5)
        for nature in natures
    ]
    questions = [
        {"nature": chance.choice(natures), "days": chance.randrange(50), "urgency": "urgent"}
        for _ in range(100)
    ]
    return Table(("nature", "days", "urgency"), rows, questions)


def _catalogue(size: int, chance: random.Random) -> Table:
    rows: list[tuple[tuple[Cell, ...], str]] = [
        ((f"事项{number}", f"街道{number % 10}"), f"单位{number % 97}") for number in range(size)
    ]
    asked = [chance.randrange(size) for _ in range(100)]
    questions: list[dict[str, object]] = [
        {"matter": f"事项{number}", "area": f"街道{number % 10}"} for number in asked
    ]
    return Table(("matter", "area"), rows, questions)


# --- the contestants ------------------------------------------------------------------------------


def ours(table: Table) -> Answer:
    """The product's evaluator: an answer with its evidence."""
    model = read_model(_dmn(table))
    return lambda question: model.decide(question).outputs


def ours_as_stored(table: Table) -> Answer:
    """The same with the evidence in the form in which it is stored."""
    model = read_model(_dmn(table))

    def answer(question: Mapping[str, object]) -> object:
        found = model.decide(question)
        found.evidence.to_json()
        return found.outputs

    return answer


def _dmn(table: Table) -> bytes:
    types = {name: "number" if name == "days" else "string" for name in table.inputs}
    needs = "".join(
        f'<informationRequirement><requiredInput href="#{name}_data"/></informationRequirement>'
        for name in table.inputs
    )
    heads = "".join(
        f'<input label="{name}"><inputExpression typeRef="{types[name]}"><text>{name}</text>'
        "</inputExpression></input>"
        for name in table.inputs
    )
    rows = "".join(
        "<rule>"
        + "".join(f"<inputEntry><text>{escape(_feel(c))}</text></inputEntry>" for c in cells)
        + f'<outputEntry><text>"{says}"</text></outputEntry></rule>'
        for cells, says in table.rows
    )
    data = "".join(
        f'<inputData id="{name}_data" name="{name}">'
        f'<variable name="{name}" typeRef="{types[name]}"/></inputData>'
        for name in table.inputs
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="bench"'
        f' namespace="urn:bench"><decision id="answer" name="answer">{needs}'
        f'<decisionTable hitPolicy="UNIQUE">{heads}<output name="says" typeRef="string"/>{rows}'
        f"</decisionTable></decision>{data}</definitions>"
    ).encode()


def _feel(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return f"[{cell[0]}..{cell[1]}]"
    return "-" if cell is None else f'"{cell}"'


def spiff(table: Table) -> Answer:
    """Stock SpiffWorkflow, its cells in its own expression language, which is Python's."""
    decision = stock.DecisionTable("table", "table", "UNIQUE")
    decision.inputs = [stock.Input(name, name, name, name, "string") for name in table.inputs]
    decision.outputs = [stock.Output("says", "says", "says", "string")]
    for number, (cells, says) in enumerate(table.rows):
        rule = stock.Rule(str(number))
        rule.row_number = number
        for column, cell in zip(decision.inputs, cells, strict=True):
            entry = stock.InputEntry(f"{number}_{column.id}", column)
            entry.lhs = [_python(cell)]
            rule.inputEntries.append(entry)
        output = stock.OutputEntry(f"{number}_out", decision.outputs[0])
        output.text = repr(says)
        rule.outputEntries.append(output)
        decision.rules.append(rule)
    engine = DMNEngine(decision)
    workflow = SimpleNamespace(script_engine=PythonScriptEngine())

    def answer(question: Mapping[str, object]) -> object:
        task = SimpleNamespace(workflow=workflow, data=dict(question))
        return engine.result(task)["says"]

    return answer


def _python(cell: Cell) -> str | None:
    if isinstance(cell, tuple):
        return f"{cell[0]} <= ? <= {cell[1]}"
    return None if cell is None else repr(cell)


def _zen(table: Table) -> Answer | None:
    """zen-engine, its model read beforehand; None where it is not installed."""
    try:
        zen = importlib.import_module("zen")
    except ImportError:
        return None
    columns = [{"id": name, "name": name, "field": name} for name in table.inputs]
    rules = [
        {
            "_id": str(number),
            "says": f'"{says}"',
            **{
                name: "" if cell is None else _feel(cell)
                for name, cell in zip(table.inputs, cells, strict=True)
            },
        }
        for number, (cells, says) in enumerate(table.rows)
    ]
    content = {
        "hitPolicy": "first",
        "inputs": columns,
        "outputs": [{"id": "says", "name": "says", "field": "says"}],
        "rules": rules,
    }
    nowhere = {"x": 0, "y": 0}
    nodes: list[dict[str, object]] = [
        {"id": "in", "type": "inputNode", "name": "in", "position": nowhere},
        {
            "id": "table",
            "type": "decisionTableNode",
            "name": "table",
            "position": nowhere,
            "content": content,
        },
        {"id": "out", "type": "outputNode", "name": "out", "position": nowhere},
    ]
    edges = [
        {"id": f"{a}_{b}", "sourceId": a, "targetId": b, "type": "edge"}
        for a, b in (("in", "table"), ("table", "out"))
    ]
    model = zen.ZenDecisionContent(json.dumps({"nodes": nodes, "edges": edges}))
    decision = zen.ZenEngine().create_decision(model)
    return lambda question: decision.evaluate(dict(question))["result"]["says"]


def _feelin_us(table: Table) -> float | None:
    """Microseconds that feelin takes on Node with a thin loop over the rows; None without it."""
    node = shutil.which("node")
    homes = [home.resolve() for home in FEELIN_HOMES if (home / "feelin").is_dir()]
    if node is None or not homes:
        return None
    asked = {
        "feelin": (homes[0] / "feelin" / "dist" / "index.js").as_uri(),
        "inputs": table.inputs,
        "rows": [[[_feel(cell) for cell in cells], f'"{says}"'] for cells, says in table.rows],
        "questions": table.questions,
    }
    with suppress(subprocess.CalledProcessError):
        done = subprocess.run(
            [node, str(FEELIN)], input=json.dumps(asked), capture_output=True, text=True, check=True
        )
        said = json.loads(done.stdout)
        _require_right(said["answers"], table)
        return float(said["us"])
    return None

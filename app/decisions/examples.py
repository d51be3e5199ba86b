"""Examples beside a table: inputs, outputs and the row that must match, as data.

`NAME.examples.yaml` holds `examples:`, a list of entries with `inputs`, `outputs` and, where a
reader profits from it, `name` and `row` (the number of the row that answers, or a list of them).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.decisions.dmn import Model
from app.decisions.errors import DecisionError
from app.decisions.evidence import json_value
from app.decisions.importing import load_model


@dataclass(slots=True)
class Report:
    """What the examples of one file showed; `unreached` are the rows that no example reaches, by
    the id of their decision and their number.
    """

    passed: int = 0
    failures: list[Phrase] = field(default_factory=list)
    unreached: list[tuple[str, int]] = field(default_factory=list)


def run_examples(table: Path) -> Report:
    """Run the examples beside `table`; raises DecisionError when there are none or are misread."""
    model = load_model(table)
    model.require_sound()
    return run_on(model, read_examples(table))


def examples_file(table: Path) -> Path:
    """Where the examples of `table` are, if it has any."""
    return table.with_suffix(".examples.yaml")


def read_examples(table: Path) -> list[dict[str, Any]]:
    """The examples beside `table`. Raises DecisionError when there are none or are misread."""
    file = examples_file(table)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise _misread(file.name, error) from None
    return examples_in(text, file.name)


def examples_in(text: str, name: str) -> list[dict[str, Any]]:
    """The examples that a text called `name` holds. Raises DecisionError when it is misread."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise KeyError("*")  # aliases of aliases could become larger than any memory
        examples = yaml.safe_load(text)["examples"]
        if not all({"inputs", "outputs"} <= example.keys() for example in examples):
            raise KeyError("inputs, outputs")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise _misread(name, error) from None
    return list(examples)


def _misread(name: str, error: Exception) -> DecisionError:
    return DecisionError(
        Phrase(f"读不了示例文件 {name}：{error}。", f"The examples {name} cannot be read: {error}.")
    )


def run_on(model: Model, examples: list[dict[str, Any]]) -> Report:
    """Ask the final decision of `model` every example."""
    report = Report()
    reached: set[tuple[str, int]] = set()
    for number, example in enumerate(examples, 1):
        _run(model, number, example, report, reached)
    report.unreached = [
        (table.decision_id, number)
        for table in model.tables
        for number in range(1, len(table.rows) + 1)
        if (table.decision_id, number) not in reached
    ]
    return report


def _run(
    model: Model,
    number: int,
    example: dict[str, Any],
    report: Report,
    reached: set[tuple[str, int]],
) -> None:
    name = example.get("name")
    zh = f"示例 {number}（{name}）：" if name else f"示例 {number}："
    en = f"example {number} ({name}): " if name else f"example {number}: "

    def fail(said_zh: str, said_en: str) -> None:
        report.failures.append(Phrase(zh + said_zh, en + said_en))

    try:
        answer = model.decide(example["inputs"])
    except DomainError as error:
        fail(error.phrase.zh, error.phrase.en)
        return
    for table in answer.evidence.tables:
        reached.update((table.decision_id, row.index) for row in table.rows)
    rows = [row.index for row in answer.evidence.rows]
    wanted = example.get("row")
    if wanted is not None and rows != (wanted if isinstance(wanted, list) else [wanted]):
        fail(f"应由第 {wanted} 行回答，实际是 {rows}。", f"expected row {wanted}, matched {rows}")
        return
    actual, expected = json_value(answer.outputs), json_value(example["outputs"])
    if actual == expected:
        report.passed += 1
    else:
        fail(f"应为 {expected}，实际是 {actual}。", f"expected {expected}, got {actual}")

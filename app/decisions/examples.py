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
from app.decisions.dmn import Model, read_model
from app.decisions.errors import DecisionError
from app.decisions.evidence import json_value


@dataclass(slots=True)
class Report:
    """What the examples of one table showed; `unreached` are rows no example matches."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    unreached: list[int] = field(default_factory=list)


def run_examples(table: Path) -> Report:
    """Run the examples beside `table`; raises DecisionError when there are none or are misread."""
    model = read_model(table.read_bytes())
    model.require_sound()
    report = Report()
    reached: set[int] = set()
    for number, example in enumerate(read_examples(table), 1):
        _run(model, number, example, report, reached)
    report.unreached = [n for n in range(1, model.row_count + 1) if n not in reached]
    return report


def read_examples(table: Path) -> list[dict[str, Any]]:
    """The examples beside `table`."""
    file = table.with_suffix(".examples.yaml")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        examples = content["examples"]
        if not all({"inputs", "outputs"} <= example.keys() for example in examples):
            raise KeyError("inputs, outputs")
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DecisionError(
            Phrase(
                f"读不了示例文件 {file.name}：{error}。",
                f"The examples {file.name} cannot be read: {error}.",
            )
        ) from None
    return list(examples)


def _run(
    model: Model, number: int, example: dict[str, Any], report: Report, reached: set[int]
) -> None:
    label = f"example {number} ({example.get('name', '')})".replace(" ()", "")
    try:
        answer = model.decide(example["inputs"])
    except DomainError as error:
        report.failures.append(f"{label}: {error.phrase.en}")
        return
    rows = [row.index for row in answer.evidence.rows]
    reached.update(rows)
    wanted = example.get("row")
    if wanted is not None and rows != (wanted if isinstance(wanted, list) else [wanted]):
        report.failures.append(f"{label}: expected row {wanted}, matched {rows}")
        return
    actual, expected = json_value(answer.outputs), json_value(example["outputs"])
    if actual == expected:
        report.passed += 1
    else:
        report.failures.append(f"{label}: expected {expected}, got {actual}")

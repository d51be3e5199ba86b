"""What a decision leaves behind: which table answered, by which rows, on which inputs.

What is made at every answer is a named tuple, which takes a third of the time of a dataclass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from app.decisions.feel.texts import text_of
from app.decisions.feel.values import Months, Value, to_python


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A row that matched; `index` counts from 1. `annotations` by the name of their column."""

    index: int
    id: str
    annotations: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """The row for storage."""
        return {"index": self.index, "id": self.id, "annotations": dict(self.annotations)}


class TableEvidence(NamedTuple):
    """One evaluation of one table. `inputs` by column label, as the table saw them."""

    decision_id: str
    decision_name: str
    hit_policy: str
    rows: tuple[MatchedRow, ...]
    inputs: Mapping[str, Value]
    outputs: Value
    used_default: bool = False

    def to_json(self) -> dict[str, object]:
        """The evaluation for storage."""
        return {
            "decision_id": self.decision_id,
            "decision_name": self.decision_name,
            "hit_policy": self.hit_policy,
            "rows": [row.to_json() for row in self.rows],
            "inputs": {name: json_value(value) for name, value in self.inputs.items()},
            "outputs": json_value(self.outputs),
            "used_default": self.used_default,
        }


class Evidence(NamedTuple):
    """The evidence of one answer: the tables that were asked, the last one answering."""

    key: str
    version: int | None
    inputs: Mapping[str, object]
    tables: tuple[TableEvidence, ...] = ()

    @property
    def rows(self) -> tuple[MatchedRow, ...]:
        """The matched rows of the table that answered."""
        return self.tables[-1].rows if self.tables else ()

    def to_json(self) -> dict[str, object]:
        """The evidence for storage beside what it decided."""
        return {
            "key": self.key,
            "version": self.version,
            "inputs": {name: json_value(value) for name, value in self.inputs.items()},
            "tables": [table.to_json() for table in self.tables],
        }


class Answer(NamedTuple):
    """What a decision says: a value, or outputs by name where the table has several."""

    outputs: Any
    evidence: Evidence

    @property
    def version(self) -> int | None:
        """The version of the table that answered; None for one that is not published."""
        return self.evidence.version


def json_value(value: object) -> Any:
    """`value` as JSON: temporal values in ISO form; numbers as int where they are whole and fit
    into 64 bits, else as text, so that no reader rounds them.
    """
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        whole = to_python(value)
        return json_value(whole) if isinstance(whole, int) else f"{value.normalize():f}"
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, date | time | timedelta | Months):
        return text_of(value)
    return str(value)

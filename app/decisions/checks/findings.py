"""What the checker says about a decision table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.phrase import Phrase
from app.decisions.evidence import json_value
from app.decisions.feel.values import Value


class Severity(StrEnum):
    """An error keeps the table from being published; a warning says what is hardly meant so; a
    remark says what the checker cannot decide or what the author should know.
    """

    ERROR = "error"
    WARNING = "warning"
    REMARK = "remark"


class FindingKind(StrEnum):
    """What a finding is about."""

    FAULT = "fault"
    TYPE = "type"
    OUTSIDE_ALLOWED = "outside_allowed"
    GAP = "gap"
    OVERLAP = "overlap"
    DIFFERING_OUTPUTS = "differing_outputs"
    NEVER_MATCHES = "never_matches"
    MASKED = "masked"
    REPEATED = "repeated"
    HIT_POLICY = "hit_policy"
    OUTPUT = "output"
    DEFAULT = "default"
    NOT_GIVEN = "not_given"
    UNDECIDED = "undecided"
    EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Rows and columns count from 1, columns over inputs and outputs.

    `rows` are the rows it is about, none where it is about the table; `example` are input values
    that show it, by the name of the input (by the label of the column where that is computed), and
    `missing` the input cells of a row that would close a gap, as FEEL writes them, by the same.
    """

    kind: FindingKind
    severity: Severity
    phrase: Phrase
    decision_id: str = ""
    rows: tuple[int, ...] = ()
    column: int | None = None
    example: Mapping[str, Value] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> Phrase:
        """Where it is, in words; empty where it is about the whole table."""
        zh, en = [], []
        if self.rows:
            numbers = [str(row) for row in self.rows]
            zh.append(f"第 {'、'.join(numbers)} 行")
            en.append(f"row {', '.join(numbers)}")
        if self.column is not None:
            zh.append(f"第 {self.column} 列")
            en.append(f"column {self.column}")
        return Phrase("".join(zh), ", ".join(en))

    def to_json(self) -> dict[str, object]:
        """The finding for machines."""
        return {
            "kind": self.kind.value,
            "severity": self.severity.value,
            "decision": self.decision_id,
            "rows": list(self.rows),
            "column": self.column,
            "example": {name: json_value(value) for name, value in self.example.items()},
            "zh": self.phrase.zh,
            "en": self.phrase.en,
        }


def is_refused(findings: Iterable[Finding]) -> bool:
    """Whether a table with these findings may not be published."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def is_clean(findings: Iterable[Finding]) -> bool:
    """Whether there is nothing to put right: remarks ask for nothing."""
    return all(finding.severity is Severity.REMARK for finding in findings)

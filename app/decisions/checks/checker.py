"""Says whether decision tables may be published, before anybody asks them.

`check` reads the tables of a model: headings, every cell, then all rows together (`coverage`).
Findings name rows and columns, show an input that proves them, and say what to do. What depends
on expressions that only an evaluation can tell is said as a remark.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.core.clock import CHINA
from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.decisions.checks.axes import Axis, axes_of
from app.decisions.checks.cells import check_inputs, check_outputs
from app.decisions.checks.constants import NO_CONSTANT, constant_of
from app.decisions.checks.coverage import Coverage
from app.decisions.checks.findings import Finding, FindingKind, Severity
from app.decisions.checks.headings import check_headings
from app.decisions.checks.wording import example_text
from app.decisions.dmn import Model
from app.decisions.errors import DecisionError
from app.decisions.feel import syntax
from app.decisions.tables import DecisionTable

MAX_SHOWN = 10
"""Findings that a refusal spells out."""


def check(model: Model) -> tuple[Finding, ...]:
    """All findings on the tables of `model`; for one that cannot be read in full, those alone."""
    faults = tuple(_faults(model))
    if faults:
        return faults
    return tuple(finding for table in model.tables for finding in _check_table(model, table))


def require_publishable(model: Model) -> None:
    """Let the model pass, or raise DecisionError that spells out its first errors."""
    errors = [finding for finding in check(model) if finding.severity is Severity.ERROR]
    if not errors:
        return
    shown = errors[:MAX_SHOWN]
    raise DecisionError(
        Phrase(
            f"规则有 {len(errors)} 处错误，请先改正："
            + " ".join(f"[{f.place.zh or f.decision_id}] {f.phrase.zh}" for f in shown),
            f"The rules have {len(errors)} errors, correct them first: "
            + " ".join(f"[{f.place.en or f.decision_id}] {f.phrase.en}" for f in shown),
        )
    )


def _faults(model: Model) -> Iterator[Finding]:
    for problem in sorted(model.problems, key=lambda p: (p.row or 0, p.column or 0)):
        written = f"“{problem.text}” " if problem.text else ""
        yield Finding(
            FindingKind.FAULT,
            Severity.ERROR,
            Phrase(f"{written}{problem.phrase.zh}", f"{written}{problem.phrase.en}"),
            problem.element_id,
            () if problem.row is None else (problem.row,),
            problem.column,
        )


def _check_table(model: Model, table: DecisionTable) -> Iterator[Finding]:
    headings = list(check_headings(table))
    yield from headings
    if not table.rows or any(f.kind is FindingKind.FAULT for f in headings):
        return
    axes = axes_of(table, model.input_types)
    cells = [*check_inputs(table, axes), *check_outputs(table)]
    yield from cells
    if any(finding.kind is FindingKind.TYPE for finding in cells):
        return  # a cell that never compares would show up as gaps all over the table
    shared = list(_dependent(model, axes, table))
    yield from shared
    certain = not shared and all(axis.is_exact for axis in axes)
    coverage = Coverage(table, axes, certain=certain)
    yield from coverage.findings()
    yield from _tried_out(model, table, axes, coverage)


def _dependent(model: Model, axes: Sequence[Axis], table: DecisionTable) -> Iterator[Finding]:
    """Columns computed from the same data cannot take all combinations of values."""
    names = (*model.input_names, *model.decision_names.values())
    for name in names:
        reading = [
            axis
            for axis in axes
            if syntax.mentions(table.inputs[axis.columns[0] - 1].expression, name)
        ]
        if len(reading) > 1:
            labels = "”与“".join(axis.label for axis in reading)
            labels_en = "” and “".join(axis.label for axis in reading)
            yield Finding(
                FindingKind.UNDECIDED,
                Severity.REMARK,
                Phrase(
                    f"“{labels}”都由“{name}”得出，有些组合不会出现：空缺与重叠只作提醒。",
                    f"“{labels_en}” are all computed from “{name}”, so some combinations cannot"
                    " occur: gaps and overlaps are warnings only.",
                ),
                table.decision_id,
            )


def _tried_out(
    model: Model, table: DecisionTable, axes: Sequence[Axis], coverage: Coverage
) -> Iterator[Finding]:
    """Rows with computed outputs, each asked once with an input that it answers."""
    if {axis.name for axis in axes} != set(model.input_names):
        return  # what the other inputs would have to be is not known here
    for number, row in enumerate(table.rows):
        if all(constant_of(node) is not NO_CONSTANT for node in row.outputs):
            continue
        example = coverage.winning_example(number)
        if example is None:
            continue
        try:
            model.decide(example, table.decision_id, now=_SOME_DAY)
        except DomainError as error:
            shown = example_text(example)
            yield Finding(
                FindingKind.OUTPUT,
                Severity.ERROR,
                Phrase(
                    f"第 {number + 1} 行答不出来，例如 {shown.zh}：{error.phrase.zh}",
                    f"Row {number + 1} has no answer, for example for {shown.en}:"
                    f" {error.phrase.en}",
                ),
                table.decision_id,
                (number + 1,),
                example=example,
            )


_SOME_DAY = datetime(2026, 1, 5, 9, tzinfo=CHINA)
"""What tables that read the clock are tried out with; any day would do."""

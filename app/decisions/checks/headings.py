"""What is wrong with a table as a whole: its hit policy, aggregation, columns and defaults."""

from collections import Counter
from collections.abc import Iterator

from app.core.phrase import Phrase
from app.decisions.checks.findings import Finding, FindingKind, Severity
from app.decisions.feel import syntax
from app.decisions.tables import Aggregation, DecisionTable, HitPolicy


def check_headings(table: DecisionTable) -> Iterator[Finding]:
    """Findings on what stands above the rows."""
    for kind, severity, column, phrase in (
        *_columns(table),
        *_policy(table),
        *_aggregation(table),
        *_defaults(table),
    ):
        yield Finding(kind, severity, phrase, table.decision_id, column=column)


_Remark = tuple[FindingKind, Severity, int | None, Phrase]


def _columns(table: DecisionTable) -> Iterator[_Remark]:
    if not table.rows:
        yield (
            FindingKind.FAULT,
            Severity.ERROR,
            None,
            Phrase(
                "表里没有一行规则，请至少写一行。", "The table has no rows: write at least one."
            ),
        )
    if not table.outputs:
        yield (
            FindingKind.FAULT,
            Severity.ERROR,
            None,
            Phrase("表里没有输出列，请添加。", "The table has no output column: add one."),
        )
    for number, column in enumerate(table.inputs, 1):
        if isinstance(column.expression, syntax.Literal):
            yield (
                FindingKind.FAULT,
                Severity.ERROR,
                number,
                Phrase(
                    f"第 {number} 列没有写明取哪个输入，请填写输入表达式。",
                    f"Column {number} does not say which input it tests: write its expression.",
                ),
            )
    for name, times in Counter(column.name for column in table.outputs).items():
        if times > 1 or (not name and len(table.outputs) > 1):
            yield (
                FindingKind.FAULT,
                Severity.ERROR,
                None,
                Phrase(
                    f"有 {times} 个输出列叫“{name}”，结果会互相覆盖，请改名。",
                    f"{times} output columns are called “{name}” and overwrite each other:"
                    " rename them.",
                ),
            )


def _policy(table: DecisionTable) -> Iterator[_Remark]:
    ranked = table.hit_policy in {HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER}
    if ranked and not any(column.values for column in table.outputs):
        name = table.hit_policy.value
        yield (
            FindingKind.HIT_POLICY,
            Severity.ERROR,
            None,
            Phrase(
                f"命中规则“{name}”按输出的先后次序取，但没有一个输出列写明允许的取值，请按次序写出。",
                f"{name} ranks rows by their outputs, but no output column lists its allowed"
                " values: list them in order.",
            ),
        )


def _aggregation(table: DecisionTable) -> Iterator[_Remark]:
    aggregation = table.aggregation
    if aggregation is None:
        return
    if table.hit_policy is not HitPolicy.COLLECT:
        yield (
            FindingKind.HIT_POLICY,
            Severity.ERROR,
            None,
            Phrase(
                f"聚合“{aggregation.value}”只在命中规则“COLLECT”下有效，请改规则或去掉聚合。",
                f"The aggregation {aggregation.value} counts under COLLECT only: change the hit"
                " policy or remove it.",
            ),
        )
    if len(table.outputs) > 1:
        yield (
            FindingKind.HIT_POLICY,
            Severity.ERROR,
            None,
            Phrase(
                "聚合只能用于一个输出列，请拆成几张表。",
                "An aggregation works on one output column: split the table.",
            ),
        )
    for number, column in enumerate(table.outputs, len(table.inputs) + 1):
        kind = "Any" if column.type is None else column.type.base_kind()
        if aggregation is not Aggregation.COUNT and kind not in _AGGREGATED[aggregation]:
            yield (
                FindingKind.HIT_POLICY,
                Severity.ERROR,
                number,
                Phrase(
                    f"聚合“{aggregation.value}”不能用于类型“{kind}”的输出“{column.name}”，请改类型。",
                    f"{aggregation.value} cannot be taken of the output “{column.name}” of type"
                    f" {kind}: change the type.",
                ),
            )


_DURATIONS = ("days and time duration", "years and months duration")
_COMPARABLE = frozenset(("number", "string", "date", "time", "date and time", *_DURATIONS))
_AGGREGATED = {
    Aggregation.SUM: frozenset(("number",)),
    Aggregation.MIN: _COMPARABLE,
    Aggregation.MAX: _COMPARABLE,
}
"""The types of which each aggregation can be taken."""


def _defaults(table: DecisionTable) -> Iterator[_Remark]:
    missing = [column for column in table.outputs if column.default is None]
    if missing and len(missing) < len(table.outputs):
        names = "、".join(column.name for column in missing)
        names_en = names.replace("、", ", ")
        yield (
            FindingKind.DEFAULT,
            Severity.WARNING,
            None,
            Phrase(
                f"只有部分输出列有缺省值，没有行命中时“{names}”会是空的，请补上。",
                f"Only some outputs have a default; when no row matches, {names_en} will"
                " be null: give them defaults too.",
            ),
        )

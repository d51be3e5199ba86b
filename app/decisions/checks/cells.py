"""What is wrong with single cells: values that do not exist, of another type, or not allowed."""

from collections.abc import Iterable, Iterator, Sequence

from app.core.phrase import Phrase
from app.decisions.checks.axes import Axis, kind_of_column
from app.decisions.checks.constants import NO_CONSTANT, broken_parts, constant_of, ends_of
from app.decisions.checks.findings import Finding, FindingKind, Severity
from app.decisions.checks.wording import value_text
from app.decisions.feel import syntax
from app.decisions.feel.values import Value, kind
from app.decisions.item_types import MISFIT
from app.decisions.tables import DecisionTable, OutputColumn


def check_inputs(table: DecisionTable, axes: Sequence[Axis]) -> Iterator[Finding]:
    """Findings on the cells of the input columns, column by column."""
    for axis in axes:
        for number in axis.columns:
            yield from _check_input(table, axis, number - 1)
        yield from _undecided(table, axis)


def check_outputs(table: DecisionTable) -> Iterator[Finding]:
    """Findings on outputs that are written down; computed ones are tried elsewhere."""
    for number, column in enumerate(table.outputs):
        place = len(table.inputs) + number + 1
        computed = []
        for row, rule in enumerate(table.rows, 1):
            node = rule.outputs[number]
            value = constant_of(node)
            for reason in broken_parts([node]):
                yield _broken(table, reason, (row,), place)
            if value is NO_CONSTANT:
                computed.append(row)
            elif not isinstance(node, syntax.Literal):  # literals were checked when read
                yield from _check_output(table, column, value, row, place)
        if column.default is not None:
            value = constant_of(column.default)
            if value is not NO_CONSTANT:
                yield from _check_output(table, column, value, None, place)
        if computed:
            rows = "、".join(map(str, computed[:_SHOWN]))
            more = len(computed) > _SHOWN
            yield Finding(
                FindingKind.UNDECIDED,
                Severity.REMARK,
                Phrase(
                    f"输出“{column.name}”在第 {rows}{' 等' if more else ''} 行是算出来的，"
                    "结果对不对请用示例验证。",
                    f"The output “{column.name}” is computed in rows {rows.replace('、', ', ')}"
                    f"{' and others' if more else ''}: prove by examples that it is right.",
                ),
                table.decision_id,
                column=place,
            )


_SHOWN = 8


def _check_input(table: DecisionTable, axis: Axis, index: int) -> Iterator[Finding]:
    column = table.inputs[index]
    wanted = kind_of_column(table, index)
    if wanted is None and any(not row.tests[index].anything for row in table.rows):
        yield _finding(
            table,
            FindingKind.UNDECIDED,
            Severity.REMARK,
            f"输入“{column.label}”没有声明类型，这一列的空缺与重叠查不了，请声明类型。",
            f"The input “{column.label}” has no declared type, so gaps and overlaps of its column"
            " cannot be found: declare the type.",
            (),
            index + 1,
        )
    allowed = {
        (type(piece.value), piece.value)
        for group in axis.all_groups()
        for i in group.pieces
        if i >= 0 and (piece := axis.pieces[i]).is_point
    }
    points = {(type(p.value), p.value) for p in axis.pieces if p.is_point}
    for number, row in enumerate(table.rows, 1):
        cell = row.tests[index]
        for reason in broken_parts(test.operand for test in cell.tests):
            yield _broken(table, reason, (number,), index + 1)
        ends = [end for end in ends_of(cell) or () if end is not None]
        wrong = [end for end in ends if wanted is not None and kind(end) != wanted]
        if wrong and not _is_plain_truth(cell):
            yield _finding(
                table,
                FindingKind.TYPE,
                Severity.ERROR,
                f"第 {number} 行“{column.label}”写的是 {value_text(wrong[0]).zh}"
                f"（{kind(wrong[0])}），但这一列是“{wanted}”，永远比不上，请改正。",
                f"Row {number}: {value_text(wrong[0]).en} is of type {kind(wrong[0])}, but"
                f" “{column.label}” is {wanted}: they never compare. Correct it.",
                (number,),
                index + 1,
            )
        foreign = [
            end
            for end in _equalities(cell)
            if (type(end), end) in points and (type(end), end) not in allowed
        ]
        if foreign:
            shown = value_text(foreign[0])
            yield _finding(
                table,
                FindingKind.OUTSIDE_ALLOWED,
                Severity.ERROR,
                f"第 {number} 行“{column.label}”的 {shown.zh} 不在这一列允许的取值里，"
                "请改正，或把它加进允许的取值。",
                f"Row {number}: {shown.en} is not among the allowed values of “{column.label}”:"
                " correct it or allow it.",
                (number,),
                index + 1,
            )


def _undecided(table: DecisionTable, axis: Axis) -> Iterator[Finding]:
    if axis.undecided_rows and axis.kind is not None:
        rows = sorted({row for row, _ in axis.undecided_rows})
        text = "、".join(str(row) for row in rows[:_SHOWN])
        more = len(rows) > _SHOWN
        yield _finding(
            table,
            FindingKind.UNDECIDED,
            Severity.REMARK,
            f"“{axis.label}”在第 {text}{' 等' if more else ''} 行的条件是表达式，"
            "它何时成立查不了：牵涉这些行的空缺与重叠请用示例验证。",
            f"The conditions of “{axis.label}” in rows {text.replace('、', ', ')}"
            f"{' and others' if more else ''} are expressions; when they hold cannot be told."
            " Prove by examples that these rows leave no gap and do not overlap.",
            tuple(rows),
            axis.undecided_rows[0][1],
        )
    if not axis.is_exact:
        yield _finding(
            table,
            FindingKind.UNDECIDED,
            Severity.REMARK,
            f"“{axis.label}”允许的取值是表达式，查空缺时当作什么值都允许。",
            f"The allowed values of “{axis.label}” are an expression: gaps were looked for as if"
            " every value were allowed.",
            (),
            axis.columns[0],
        )


def _check_output(
    table: DecisionTable, column: OutputColumn, value: Value, row: int | None, place: int
) -> Iterator[Finding]:
    rows = () if row is None else (row,)
    where_zh = "缺省输出" if row is None else f"第 {row} 行的输出"
    where_en = "The default output" if row is None else f"Row {row}: the output"
    shown = value_text(value)
    if value is None:
        return
    if column.type is not None and column.type.fit(value) is MISFIT:
        yield _finding(
            table,
            FindingKind.OUTPUT,
            Severity.ERROR,
            f"{where_zh}“{column.name}”是 {shown.zh}，与声明的类型“{column.type.name}”不符，"
            "请改正。",
            f"{where_en} “{column.name}” is {shown.en}, which is not of the declared type"
            f" “{column.type.name}”: correct it.",
            rows,
            place,
        )
        return
    order = [constant_of(node) for node in column.values]
    if order and NO_CONSTANT not in order and not any(_same(value, one) for one in order):
        yield _finding(
            table,
            FindingKind.OUTPUT,
            Severity.ERROR,
            f"{where_zh}“{column.name}”是 {shown.zh}，不在允许的取值里，请改正。",
            f"{where_en} “{column.name}” is {shown.en}, which is not an allowed value: correct it.",
            rows,
            place,
        )


def _same(value: Value, other: Value) -> bool:
    return type(value) is type(other) and bool(value == other)


def _equalities(cell: syntax.Tests) -> list[Value]:
    """The values that a cell names one by one."""
    found: list[Value] = []
    for test in cell.tests:
        if test.operator not in (None, "="):
            continue
        value = constant_of(test.operand)
        if value is not NO_CONSTANT:
            found += [v for v in (value if isinstance(value, list) else [value]) if _is_atom(v)]
    return found


def _is_atom(value: Value) -> bool:
    return value is not None and kind(value) not in {"range", "list", "context", "function", "Any"}


def _is_plain_truth(cell: syntax.Tests) -> bool:
    """Whether a cell reads `true` or is a condition that mentions `?`: truths are no mistake."""
    return any(syntax.mentions_tested_value(test.operand) for test in cell.tests)


def _broken(table: DecisionTable, reason: Phrase, rows: tuple[int, ...], column: int) -> Finding:
    return _finding(
        table,
        FindingKind.FAULT,
        Severity.ERROR,
        f"第 {rows[0]} 行第 {column} 列的值算不出来：{reason.zh}",
        f"Row {rows[0]}, column {column} has no value: {reason.en}",
        rows,
        column,
    )


def _finding(
    table: DecisionTable,
    kind_of_finding: FindingKind,
    severity: Severity,
    zh: str,
    en: str,
    rows: Iterable[int],
    column: int | None,
) -> Finding:
    return Finding(
        kind_of_finding, severity, Phrase(zh, en), table.decision_id, tuple(rows), column
    )

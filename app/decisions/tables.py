"""Decision tables, compiled once and answered with evidence.

Every column gives the set of rows that its value does not rule out (see `columns`), so that a
catalogue of thousands of rows costs hardly more than ten; only cells that no index can hold are
run, and only in the rows that all columns leave.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import partial, reduce
from operator import or_

from app.core.phrase import Phrase
from app.decisions.columns import Column, constants_of
from app.decisions.errors import DecisionError
from app.decisions.evidence import MatchedRow, TableEvidence
from app.decisions.feel import syntax
from app.decisions.feel.compiler import Compiler, Lexical
from app.decisions.feel.errors import FeelError
from app.decisions.feel.functions import BUILTINS
from app.decisions.feel.run import Code, Run
from app.decisions.feel.texts import text_of
from app.decisions.feel.values import KINDS, Value, equal, kind, to_python
from app.decisions.item_types import ItemType


class HitPolicy(StrEnum):
    """What happens when several rows match."""

    UNIQUE = "UNIQUE"
    ANY = "ANY"
    PRIORITY = "PRIORITY"
    FIRST = "FIRST"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"
    COLLECT = "COLLECT"


class Aggregation(StrEnum):
    """What COLLECT makes of the outputs."""

    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


@dataclass(slots=True)
class InputColumn:
    """An input: what is tested, and what it may be."""

    label: str
    expression: syntax.Node
    type: ItemType | None = None
    allowed: syntax.Tests | None = None


@dataclass(slots=True)
class OutputColumn:
    """An output; `values` are its allowed values in order of priority."""

    name: str
    type: ItemType | None = None
    values: list[syntax.Node] = field(default_factory=list)
    allowed: syntax.Tests | None = None
    default: syntax.Node | None = None


@dataclass(slots=True)
class Row:
    """One rule."""

    id: str
    tests: list[syntax.Tests]
    outputs: list[syntax.Node]
    annotations: dict[str, str]


@dataclass(slots=True)
class DecisionTable:
    """A decision table as it was read."""

    decision_id: str
    decision_name: str
    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: list[InputColumn]
    outputs: list[OutputColumn]
    rows: list[Row]


def compile_table(table: DecisionTable, compiler: Compiler, lexical: Lexical | None) -> Code:
    """The closure that evaluates `table` in a run."""
    return _Compiled(table, compiler, lexical).evaluate


class _Compiled:
    """The compiled form. Immutable after construction."""

    def __init__(self, table: DecisionTable, compiler: Compiler, lexical: Lexical | None) -> None:
        self._table = table
        self._labels = [column.label for column in table.inputs]
        self._inputs = [compiler.compile(c.expression, lexical) for c in table.inputs]
        self._checks = [
            check
            for place, column in enumerate(table.inputs)
            if (check := _input_check(place, column, compiler, lexical)) is not None
        ]
        cells = [[row.tests[place] for row in table.rows] for place in range(len(table.inputs))]
        self._columns = [Column(column) for column in cells]
        self._all = (1 << len(table.rows)) - 1
        self._to_run = _union(column.unindexed for column in self._columns)
        self._codes = [
            [
                (
                    place,
                    _compiled_cell(
                        compiler, (number, place + 1), partial(compiler.tests, cell, lexical)
                    ),
                )
                for place, cell in enumerate(row.tests)
                if not cell.anything and constants_of(cell) is None
            ]
            for number, row in enumerate(table.rows, 1)
        ]
        self._outputs = [
            [
                _compiled_cell(compiler, (number, column), partial(compiler.compile, node, lexical))
                for column, node in enumerate(row.outputs, len(table.inputs) + 1)
            ]
            for number, row in enumerate(table.rows, 1)
        ]
        self._names = [column.name for column in table.outputs]
        self._output_kinds = [_base_kind(column.type) for column in table.outputs]
        self._output_allowed = [_keys(column.allowed) for column in table.outputs]
        self._constant = [
            all(isinstance(node, syntax.Literal) for node in row.outputs) for row in table.rows
        ]
        self._note_wrong_constants(table, compiler)
        self._priorities = [
            [compiler.compile(node, lexical) for node in column.values] for column in table.outputs
        ]
        self._defaults: list[Code | None] = [
            None if column.default is None else compiler.compile(column.default, lexical)
            for column in table.outputs
        ]
        self._matched = [MatchedRow(i, r.id, r.annotations) for i, r in enumerate(table.rows, 1)]
        self._policy = table.hit_policy
        self._policy_text = table.hit_policy.value
        self._ready = self._known_results(table) if self._policy in _AS_WRITTEN else {}

    def _known_results(self, table: DecisionTable) -> dict[int, Value]:
        """What rows say whose outputs are all written down, for policies that take it as it is."""
        return {
            number: self._shaped([cell.value for cell in row.outputs])  # type: ignore[attr-defined]
            for number, row in enumerate(table.rows)
            if self._constant[number]
        }

    def _note_wrong_constants(self, table: DecisionTable, compiler: Compiler) -> None:
        """Outputs that are written down and can never be right are problems of the table."""
        for number, row in enumerate(table.rows, 1):
            for index, node in enumerate(row.outputs):
                if isinstance(node, syntax.Literal):
                    wrong = self._wrong_output(number - 1, index, node.value)
                    if wrong is not None:
                        problem = FeelError(wrong, node.at.line, node.at.column)
                        problem.cell = (number, len(table.inputs) + index + 1)
                        compiler.findings.problems.append(problem)

    def evaluate(self, run: Run) -> Value:
        """The value of the table in `run`; evidence goes to the run's trace."""
        values = [code(run) for code in self._inputs]
        outer = run.input
        noted = len(run.diagnostics) if run.diagnostics is not None else 0
        try:
            problem = self._misfit(run, values) if self._checks else None
            if problem is not None:
                return self._fail(run, problem, values)
            rows = self._matching(run, values)
        finally:
            run.input = outer
        result = self._answer(run, values, rows)
        if run.strict and run.diagnostics is not None and len(run.diagnostics) > noted:
            return self._fail(run, _in_rows(rows, run.diagnostics[noted].phrase), values)
        return result

    # --- which rows match --------------------------------------------------------------------

    def _misfit(self, run: Run, values: list[Value]) -> Phrase | None:
        """What is wrong with an input: its type, or that it is not among the allowed values."""
        for check in self._checks:
            value = values[check.place]
            if type(value) is check.cls and (check.allowed is None or value in check.constants):
                continue
            label = self._labels[check.place]
            if run.strict and value is not None and check.cls not in (None, type(value)):
                wanted = KINDS[check.cls]
                return Phrase(
                    f"输入“{label}”应为“{wanted}”类型，实际是“{kind(value)}”。",
                    f"The input “{label}” must be of type {wanted}, but is {kind(value)}.",
                )
            if check.allowed is not None and (value is not None or run.strict):
                run.input = value
                if check.allowed(run) is not True:
                    return Phrase(
                        f"输入“{label}”的值 {text_of(value)} 不在允许的取值里。",
                        f"{text_of(value)} is not an allowed value of the input “{label}”.",
                    )
        return None

    def _matching(self, run: Run, values: list[Value]) -> list[int]:
        rows, to_run = self._all, self._to_run
        for column, value in zip(self._columns, values, strict=True):
            if type(value) is column.cls:
                rows &= column.rows_of(value)
            else:
                rows &= column.rows_of_other(value)
                to_run |= column.ranged
        if rows & to_run:
            return self._tested(run, values, _numbers_in(rows))
        return _numbers_in(rows)

    def _tested(self, run: Run, values: list[Value], candidates: list[int]) -> list[int]:
        """Those of the candidates whose other cells, when they are run, all say true."""
        rows: list[int] = []
        for row in candidates:
            run.steps -= 1
            for place, code in self._codes[row]:
                run.input = values[place]
                truth = code(run)
                if truth is not True:
                    if truth is not False and run.strict:
                        self._refuse_undecided(run, row, place, values)
                    break
            else:
                rows.append(row)
                if self._policy is HitPolicy.FIRST:
                    break
        return rows

    def _refuse_undecided(self, run: Run, row: int, index: int, values: list[Value]) -> None:
        """A cell that cannot be compared with a value that is there is a mistake, not a miss."""
        value = values[index]
        if value is not None:
            label = self._labels[index]
            problem = Phrase(
                f"第 {row + 1} 行的“{label}”不能与 {text_of(value)} 比较，请检查类型。",
                f"Row {row + 1}: the cell of “{label}” cannot be compared with {text_of(value)}:"
                " check the types.",
            )
            self._fail(run, problem, values)

    # --- what they say -----------------------------------------------------------------------

    def _answer(self, run: Run, values: list[Value], rows: list[int]) -> Value:
        if not rows:
            return self._unmatched(run, values)
        policy = self._policy
        if policy is HitPolicy.UNIQUE and len(rows) > 1:
            return self._fail(run, _several(rows), values)
        if policy is HitPolicy.FIRST:
            rows = rows[:1]
        if len(rows) == 1 and rows[0] in self._ready:
            ready = self._ready[rows[0]]
            result = ready.copy() if type(ready) is dict else ready
            self._record(run, values, rows, result)
            return result
        found = [(row, [code(run) for code in self._outputs[row]]) for row in rows]
        if policy is HitPolicy.ANY and not _agree(found):
            return self._fail(run, _differing(rows), values)
        if policy in _BY_PRIORITY:
            ranked = self._ranked(run, found)
            if ranked is None:
                return self._fail(run, _OUTSIDE, values)
            found = ranked
        if run.strict:
            self._refuse_wrong_outputs(run, found, values)
        if policy in _ONE_ROW:
            result = self._shaped(found[0][1])
            kept = rows if policy is HitPolicy.ANY else [found[0][0]]
        else:
            result = self._collected(run, [self._shaped(outputs) for _, outputs in found])
            kept = [row for row, _ in found]
        self._record(run, values, kept, result)
        return result

    def _unmatched(self, run: Run, values: list[Value]) -> Value:
        if any(default is not None for default in self._defaults):
            outputs = [None if code is None else code(run) for code in self._defaults]
            result = self._shaped(outputs)
            self._record(run, values, [], result, used_default=True)
            return result
        if self._policy in {
            HitPolicy.COLLECT,
            HitPolicy.RULE_ORDER,
            HitPolicy.OUTPUT_ORDER,
        }:
            aggregation = self._table.aggregation
            result = [] if aggregation is None else self._collected(run, [])
            self._record(run, values, [], result)
            return result
        if run.strict:
            return self._fail(run, _NO_ROW, values)
        self._record(run, values, [], None)
        return None

    def _ranked(
        self, run: Run, found: list[tuple[int, list[Value]]]
    ) -> list[tuple[int, list[Value]]] | None:
        orders = [[code(run) for code in column] for column in self._priorities]
        keyed: list[tuple[list[int], tuple[int, list[Value]]]] = []
        for entry in found:
            ranks: list[int] = []
            for value, order in zip(entry[1], orders, strict=True):
                rank = next((i for i, v in enumerate(order) if equal(v, value)), None)
                if rank is None:
                    if order:
                        return None
                    rank = 0
                ranks.append(rank)
            keyed.append((ranks, entry))
        keyed.sort(key=lambda pair: pair[0])
        return [entry for _, entry in keyed]

    def _refuse_wrong_outputs(
        self, run: Run, found: Sequence[tuple[int, list[Value]]], values: list[Value]
    ) -> None:
        for row, outputs in found:
            if self._constant[row]:
                continue  # checked when the table was read
            for index, value in enumerate(outputs):
                wrong = self._wrong_output(row, index, value)
                if wrong is not None:
                    self._fail(run, wrong, values)

    def _wrong_output(self, row: int, index: int, value: Value) -> Phrase | None:
        if value is None:
            return None
        wanted, name = self._output_kinds[index], self._names[index]
        if wanted is not None and wanted != kind(value):
            return Phrase(
                f"第 {row + 1} 行的输出“{name}”应为“{wanted}”，实际是“{kind(value)}”。",
                f"Row {row + 1}: the output “{name}” must be {wanted}, not {kind(value)}.",
            )
        allowed = self._output_allowed[index]
        if allowed and not _contains(allowed, value):
            return Phrase(
                f"第 {row + 1} 行的输出“{name}”是 {text_of(value)}，不在允许的取值里。",
                f"Row {row + 1}: the output “{name}” is {text_of(value)}, which is not allowed.",
            )
        return None

    def _shaped(self, outputs: list[Value]) -> Value:
        if len(outputs) == 1:
            return outputs[0]
        return dict(zip(self._names, outputs, strict=True))

    def _collected(self, run: Run, results: list[Value]) -> Value:
        aggregation = self._table.aggregation
        if aggregation is None or self._policy is not HitPolicy.COLLECT:
            return results
        if aggregation is Aggregation.COUNT:
            return Decimal(len(results))
        if not results:
            return None
        return BUILTINS[aggregation.value.lower()].invoke(run, [results])

    # --- evidence and refusals ---------------------------------------------------------------

    def _record(
        self,
        run: Run,
        values: list[Value],
        rows: list[int],
        result: Value,
        *,
        used_default: bool = False,
    ) -> None:
        if run.trace is not None:
            for value in values:
                if type(value) is list or type(value) is dict:
                    to_python(value, run.spend)  # counted: evidence is written out in full
            run.trace.append(
                TableEvidence(
                    self._table.decision_id,
                    self._table.decision_name,
                    self._policy_text,
                    tuple([self._matched[row] for row in rows]),
                    dict(zip(self._labels, values, strict=False)),  # as many as there are columns
                    result,
                    used_default,
                )
            )

    def _fail(self, run: Run, problem: Phrase, values: list[Value]) -> Value:
        seen = {label: text_of(v) for label, v in zip(self._labels, values, strict=True)}
        shown = ", ".join(f"{label} = {value}" for label, value in seen.items())
        name = self._table.decision_name
        phrase = Phrase(
            f"决策表“{name}”：{problem.zh}输入：{shown}。",
            f"Decision table “{name}”: {problem.en} Inputs: {shown}.",
        )
        if run.strict:
            raise DecisionError(phrase)
        return run.null(phrase)


@dataclass(frozen=True, slots=True)
class _InputCheck:
    """What the value of an input must be: of a type, among allowed values.

    `constants` are allowed values that are known to be; `allowed` tells for any other.
    """

    place: int
    cls: type | None
    allowed: Code | None
    constants: frozenset[Value]


def _input_check(
    place: int, column: InputColumn, compiler: Compiler, lexical: Lexical | None
) -> _InputCheck | None:
    """The check of a column; None where anything will do."""
    wanted = _base_kind(column.type)
    cls = None if wanted is None else _CLASSES[wanted]
    if column.allowed is None:
        return None if cls is None else _InputCheck(place, cls, None, frozenset())
    constants = frozenset(value for of, value in _keys(column.allowed) if of is cls)
    return _InputCheck(place, cls, compiler.tests(column.allowed, lexical), constants)


def _compiled_cell(
    compiler: Compiler, place: tuple[int, int], compile_it: Callable[[], Code]
) -> Code:
    """The code of a cell; what is wrong with it is noted with row and column."""
    problems = compiler.findings.problems
    before = len(problems)
    try:
        return compile_it()
    except FeelError as error:
        problems.append(error)
        return lambda _run: None
    finally:
        for problem in problems[before:]:
            problem.cell = place


def _keys(cell: syntax.Tests | None) -> frozenset[tuple[type, Value]]:
    """The constants of a cell, as keys; none for a cell that has other tests."""
    constants = None if cell is None else constants_of(cell)
    return frozenset((type(constant), constant) for constant in constants or ())


def _contains(keys: frozenset[tuple[type, Value]], value: Value) -> bool:
    cls = type(value)
    return cls is not list and cls is not dict and (cls, value) in keys


_CLASSES = {name: cls for cls, name in KINDS.items()}
"""The Python types of FEEL's types by name."""

_ONE_ROW = frozenset((HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.FIRST))
_AS_WRITTEN = frozenset((HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.FIRST))
_BY_PRIORITY = frozenset((HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER))


def _base_kind(declared: ItemType | None) -> str | None:
    """The type of FEEL that a column must have; None where any will do."""
    base = None if declared is None else declared.base_kind()
    return None if base == "Any" else base


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


def _numbers_in(rows: int) -> list[int]:
    """The rows of a set, from the first, counted from 0."""
    numbers: list[int] = []
    while rows:
        low = rows & -rows
        numbers.append(low.bit_length() - 1)
        rows ^= low
    return numbers


def _agree(found: Sequence[tuple[int, list[Value]]]) -> bool:
    return all(equal(outputs, found[0][1]) is True for _, outputs in found)


def _numbers(rows: Sequence[int]) -> str:
    return ", ".join(str(row + 1) for row in rows)


def _several(rows: Sequence[int]) -> Phrase:
    return Phrase(
        f"只允许一行命中，但第 {_numbers(rows)} 行都命中了，请修改这些行。",
        f"Only one row may match, but rows {_numbers(rows)} do: change these rows.",
    )


def _in_rows(rows: Sequence[int], problem: Phrase) -> Phrase:
    return Phrase(f"第 {_numbers(rows)} 行：{problem.zh}", f"Rows {_numbers(rows)}: {problem.en}")


def _differing(rows: Sequence[int]) -> Phrase:
    return Phrase(
        f"第 {_numbers(rows)} 行都命中，但输出不同，请改成一致。",
        f"Rows {_numbers(rows)} match with different outputs: make them agree.",
    )


_NO_ROW = Phrase(
    "没有任何一行命中，也没有缺省输出，请补上一行或缺省值。",
    "No row matches and there is no default output: add a row or a default.",
)

_OUTSIDE = Phrase(
    "命中行的输出不在允许的取值里，无法排序。",
    "An output of a matching row is not among the allowed values that give the order.",
)

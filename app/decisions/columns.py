"""The index of an input column: the rows a value does not rule out, by one look-up.

A set of rows is an integer with one bit for each row. Cells that test equality with constants are
found by the constant. Cells with constant ends, such as `> 3` or `[1..5]`, cut the values into
pieces: each end is one, and each stretch between two ends; bisection finds the piece. Cells that
name data or call functions are left to be run.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate
from operator import xor

from app.decisions.feel import syntax
from app.decisions.feel.temporal import read_date
from app.decisions.feel.values import Value

MAX_BITS = 50_000_000
"""Pieces times rows of the largest index; a larger column runs its ranges cell by cell."""


class Column:
    """One input column. Immutable after construction.

    `cls` is the type of the column's constants: what a value of it does not rule out `rows_of`
    tells, for any other value `rows_of_other`. Of these rows the cells in `unindexed` have still
    to be run, and for a value of another type than `cls` those in `ranged` too.
    """

    def __init__(self, cells: Sequence[syntax.Tests]) -> None:
        equal = {row: found for row, cell in enumerate(cells) if (found := constants_of(cell))}
        spans = {
            row: span
            for row, cell in enumerate(cells)
            if row not in equal and (span := _spans_of(cell))
        }
        self.cls = _common_class(equal.values(), spans.values())
        self._ends = _ends(equal.values(), spans.values(), self.cls)
        if not self._ends:
            spans = {}
        elif 2 * len(self._ends) * len(cells) > MAX_BITS:
            self._ends, spans = [], {}
        anything = _bits(row for row, cell in enumerate(cells) if cell.anything)
        self.ranged = _bits(spans)
        self.unindexed = ((1 << len(cells)) - 1) & ~(anything | self.ranged | _bits(equal))
        self._any = anything | self.unindexed
        self._by_constant = _by_constant(equal, self._any)
        self._by_value = {
            v: rows for (cls, v), rows in self._by_constant.items() if cls is self.cls
        }
        self._null = self._by_constant.get((type(None), None), self._any) | _bits(
            row for row, found in spans.items() if found.accept_null
        )
        self._pieces = self._cut(equal, spans) if self._ends else []

    def rows_of(self, value: Value) -> int:
        """The rows that a value of the type `cls` does not rule out."""
        ends = self._ends
        if not ends:
            return self._by_value.get(value, self._any)
        place = bisect_left(ends, value)
        if place < len(ends) and ends[place] == value:
            return self._pieces[2 * place + 1]
        return self._pieces[2 * place]

    def rows_of_other(self, value: Value) -> int:
        """The rows that null, or a value of another type than `cls`, does not rule out."""
        if value is None:
            return self._null
        cls = type(value)
        if cls is list or cls is dict:
            return self._any | self.ranged
        return self._by_constant.get((cls, value), self._any) | self.ranged

    def _cut(self, equal: Mapping[int, list[Value]], spans: Mapping[int, "_Spans"]) -> list[int]:
        """The rows of each piece: before the first end, the first end, behind it, and so on.

        Each row is switched on where one of its stretches begins and off behind its end.
        """
        place = {end: number for number, end in enumerate(self._ends)}
        last = 2 * len(place)
        switches = [0] * (last + 2)
        for row, constants in equal.items():
            for constant in {c for c in constants if type(c) is self.cls}:
                at = 2 * place[constant] + 1
                switches[at] ^= 1 << row
                switches[at + 1] ^= 1 << row
        for row, found in spans.items():
            stretches = _merged(span.stretch(place, last) for span in found.spans)
            if found.negated:
                switches[0] ^= 1 << row
            for begin, end in stretches:
                switches[begin] ^= 1 << row
                switches[end + 1] ^= 1 << row
        return [rows | self._any for rows in accumulate(switches[:-1], xor)]


@dataclass(frozen=True, slots=True)
class _Span:
    """The values from `low` to `high`; None is without end."""

    low: Value
    high: Value
    low_included: bool
    high_included: bool

    def stretch(self, place: Mapping[Value, int], last: int) -> tuple[int, int]:
        """The first of its pieces and the last; the last is before the first if it is empty."""
        begin = 0 if self.low is None else 2 * place[self.low] + 2 - self.low_included
        end = last if self.high is None else 2 * place[self.high] + self.high_included
        return begin, end


@dataclass(frozen=True, slots=True)
class _Spans:
    """A cell that accepts what lies in one of its spans, or (negated) in none."""

    cls: type
    spans: list[_Span]
    negated: bool
    accept_null: bool


def constants_of(cell: syntax.Tests) -> list[Value] | None:
    """The constants of a cell that only tests equality with them; None for any other cell."""
    if cell.negated or cell.anything:
        return None
    constants = []
    for test in cell.tests:
        literal = test.operand
        if test.operator not in (None, "=") or not isinstance(literal, syntax.Literal):
            return None
        if type(literal.value) not in (str, Decimal, bool, type(None)):
            return None
        constants.append(literal.value)
    return constants


_ORDERED = (str, Decimal, date)


def _spans_of(cell: syntax.Tests) -> _Spans | None:
    """The spans of a cell whose tests all have constant ends of one type; else None."""
    spans = [_span_of(test) for test in cell.tests]
    known = [span for span in spans if span is not None]
    classes = {type(end) for span in known for end in (span.low, span.high) if end is not None}
    if len(known) < len(spans) or len(classes) != 1 or not classes <= set(_ORDERED):
        return None
    points = all(span.low is not None and span.low == span.high for span in known)
    return _Spans(classes.pop(), known, cell.negated, accept_null=cell.negated and points)


def _span_of(test: syntax.Test) -> _Span | None:
    if isinstance(test.operand, syntax.RangeLiteral) and test.operator is None:
        span = test.operand
        low, high = _constant(span.low), _constant(span.high)
        if low is None or high is None:
            return None
        return _Span(low, high, span.low_included, span.high_included)
    end = _constant(test.operand)
    if end is None:
        return None
    match test.operator:
        case None | "=":
            return _Span(end, end, low_included=True, high_included=True)
        case "<" | "<=":
            return _Span(None, end, low_included=False, high_included=test.operator == "<=")
        case ">" | ">=":
            return _Span(end, None, low_included=test.operator == ">=", high_included=False)
    return None


def _constant(node: syntax.Node) -> Value:
    """The value of a literal, or of `date("…")`; None for anything else."""
    if isinstance(node, syntax.Literal):
        return node.value
    match node:
        case syntax.Call(syntax.Name("date"), [syntax.Literal(str() as text)], None):
            return read_date(text)
    return None


def _common_class(equal: Iterable[list[Value]], spans: Iterable[_Spans]) -> type | None:
    """The one type of the spans, or if there are none of the constants; None if there are more."""
    classes = {found.cls for found in spans}
    if not classes:
        classes = {type(value) for constants in equal for value in constants} - {type(None)}
    return classes.pop() if len(classes) == 1 else None


def _ends(equal: Iterable[list[Value]], spans: Iterable[_Spans], cls: type | None) -> list[Value]:
    """Where the values are cut; nowhere if no cell has a span."""
    found = {end for s in spans for span in s.spans for end in (span.low, span.high)} - {None}
    if cls is None or not found:
        return []
    found |= {value for constants in equal for value in constants if type(value) is cls}
    return sorted(found)


def _merged(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches with those that overlap made one."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        elif begin <= end:
            merged.append((begin, end))
    return merged


def _by_constant(equal: Mapping[int, list[Value]], anyway: int) -> dict[tuple[type, Value], int]:
    found: dict[tuple[type, Value], int] = {}
    for row, constants in equal.items():
        for constant in constants:
            key = (type(constant), constant)
            found[key] = found.get(key, anyway) | 1 << row
    return found


def _bits(rows: Iterable[int]) -> int:
    """The set of `rows`."""
    found = 0
    for row in rows:
        found |= 1 << row
    return found

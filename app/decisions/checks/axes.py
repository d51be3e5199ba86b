"""An input of a table, cut into pieces on which every cell has one truth.

The pieces are the constants that the cells name and the stretches between them. Each cell is run,
by the closure that also answers in operation, on one value of each piece on which it could change:
there is no second reading of FEEL here. Pieces that all cells treat alike form a group.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.decisions.checks.constants import (
    conjuncts,
    ends_of,
    ends_of_condition,
    is_whole_number_test,
)
from app.decisions.checks.scales import Scale, scale_of
from app.decisions.feel import syntax
from app.decisions.feel.compiler import Compiler
from app.decisions.feel.errors import FeelError
from app.decisions.feel.parser import parse_unary_tests
from app.decisions.feel.run import Code, Run
from app.decisions.feel.values import Value, kind
from app.decisions.item_types import ItemType
from app.decisions.tables import DecisionTable


@dataclass(frozen=True, slots=True)
class Piece:
    """A value that cells name (`is_point`), or the stretch between two, with a value inside.

    `is_named`: the author wrote this value; null counts as named where a cell or the allowed
    values speak of it.
    """

    value: Value
    is_point: bool
    is_named: bool


@dataclass(slots=True)
class Group:
    """Pieces on which the same rows match. Sets of rows are integers with one bit a row.

    `must`: rows that surely match; `may`: rows that are not ruled out.
    """

    pieces: list[int]
    must: int
    may: int


@dataclass(slots=True)
class Axis:
    """One input: the columns that test it (from 1), its pieces in order, and their groups.

    `null` is the group of the value that was not given; None where null is refused. The pieces of
    a group are indexes; that of null is -1.
    """

    columns: tuple[int, ...]
    label: str
    name: str | None
    """The name of the input, None where the column is computed."""
    kind: str | None
    pieces: list[Piece] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    null: Group | None = None
    null_is_named: bool = False
    undecided_rows: list[tuple[int, int]] = field(default_factory=list)
    """Row and column of the cells whose truth is not known."""
    is_exact: bool = True
    """Whether the allowed values could be decided."""

    def all_groups(self) -> Iterator[Group]:
        """The groups of all values, null last."""
        yield from self.groups
        if self.null is not None:
            yield self.null

    def asked_groups(self) -> Iterator[Group]:
        """The groups of the values that the table has to answer: null only where it is named."""
        yield from self.groups
        if self.null is not None and self.null_is_named:
            yield self.null

    def value_in(self, group: Group) -> Value:
        """The value of the group that a reader recognises best."""
        if group is self.null:
            return None
        return min((self.pieces[i] for i in group.pieces), key=_familiarity).value


def axes_of(table: DecisionTable, input_types: Mapping[str, ItemType | None]) -> list[Axis]:
    """The inputs of `table`; columns with the same expression test one input."""
    columns: dict[str, list[int]] = {}
    for number, column in enumerate(table.inputs):
        columns.setdefault(repr(column.expression), []).append(number)
    return [_axis(table, numbers, input_types) for numbers in columns.values()]


def kind_of_column(table: DecisionTable, number: int) -> str | None:
    """The declared type of an input column (from 0); the only type its cells name where there is
    none; None where any value may come.
    """
    declared = table.inputs[number].type
    base = "Any" if declared is None else declared.base_kind()
    if base != "Any":
        return base
    tests = [row.tests[number] for row in table.rows]
    allowed = table.inputs[number].allowed
    named = {
        kind(end)
        for cell in (tests if allowed is None else [*tests, allowed])
        for end in ends_of(cell) or ()
        if end is not None
    }
    return named.pop() if len(named) == 1 else None


def _familiarity(piece: Piece) -> int:
    if piece.is_point:
        return 0 if piece.is_named else 1
    return 2


def _axis(
    table: DecisionTable, numbers: Sequence[int], input_types: Mapping[str, ItemType | None]
) -> Axis:
    first = table.inputs[numbers[0]]
    name = first.expression.name if isinstance(first.expression, syntax.Name) else None
    base = kind_of_column(table, numbers[0])
    axis = Axis(tuple(number + 1 for number in numbers), first.label, name, base)
    cells = [[row.tests[number] for number in numbers] for row in table.rows]
    allowed = [c for n in numbers if (c := table.inputs[n].allowed) is not None]
    types = [table.inputs[number].type for number in numbers]
    if name is not None:
        types.append(input_types.get(name))
    restricting = [cell for declared in types for cell in _allowed_by_type(declared)]
    cutter = _Cutter(axis, None if base is None else scale_of(base), table)
    cutter.cut([cell for row in cells for cell in row], [*allowed, *restricting])
    cutter.fill(cells)
    cutter.fill_null(cells, allowed)
    cutter.group([*allowed, *restricting])
    return axis


def _allowed_by_type(declared: ItemType | None) -> Iterator[syntax.Tests]:
    while declared is not None and not declared.collection:
        if declared.allowed_texts:
            try:
                yield parse_unary_tests(declared.allowed_texts)
            except FeelError:  # it is a problem of the model and said there
                return
        declared = declared.base


class _Cutter:
    """Cuts one axis. The steps are taken in the order of `_axis`."""

    def __init__(self, axis: Axis, scale: Scale | None, table: DecisionTable) -> None:
        self._axis = axis
        self._scale = scale
        self._rows = len(table.rows)
        self._index: dict[Value, int] = {}
        self._must: list[int] = []
        self._may: list[int] = []

    def cut(self, cells: list[syntax.Tests], domain: list[syntax.Tests]) -> None:
        """Lay out the pieces."""
        axis, scale = self._axis, self._scale
        if scale is None:
            axis.pieces = [Piece(_SAMPLES.get(axis.kind or ""), is_point=False, is_named=False)]
            return
        ends: dict[Value, bool] = {}
        for cell in (*cells, *domain):
            for end in _domain_ends(cell) or ():
                if end is None:
                    axis.null_is_named = True
                elif kind(end) == axis.kind:
                    ends[end] = True
        for extra in _extra(axis.kind, ends):
            ends.setdefault(extra, False)
        try:
            ordered = sorted(ends)
        except TypeError:  # with and without a zone: such values have no order
            self._scale = None
            axis.pieces = [Piece(None, is_point=False, is_named=False)]
            return
        axis.pieces = list(_laid_out(ordered, ends, scale))
        self._index = {piece.value: i for i, piece in enumerate(axis.pieces) if piece.is_point}

    def fill(self, cells: list[list[syntax.Tests]]) -> None:
        """Find for every piece the rows that match on it."""
        count = len(self._axis.pieces)
        must_changes = [0] * (count + 1)
        may_changes = [0] * (count + 1)
        for row, tests in enumerate(cells):
            for changes, pieces in zip(
                (must_changes, may_changes), self._row(row, tests), strict=True
            ):
                for start, end in _runs(pieces, count):
                    changes[start] ^= 1 << row
                    changes[end] ^= 1 << row
        self._must, self._may = _accumulated(must_changes), _accumulated(may_changes)

    def fill_null(self, cells: list[list[syntax.Tests]], allowed: list[syntax.Tests]) -> None:
        """Find the rows that match when nothing is given, unless that is refused."""
        if any(_truth_at(cell, None) is not True for cell in allowed):
            return
        must = may = 0
        for row, tests in enumerate(cells):
            known = [True if t.anything else _truth_at(t, None) for t in tests]
            decidable = [ends_of(t) is not None for t in tests]
            if all(truth is True for truth in known):
                must |= 1 << row
            if all(t is True or not d for t, d in zip(known, decidable, strict=True)):
                may |= 1 << row
        self._axis.null = Group([-1], must & may, may)

    def group(self, domain: list[syntax.Tests]) -> None:
        """Put the pieces within the domain together by the rows they match."""
        axis = self._axis
        inside = [self._truths(cell, _is_decided_domain(cell)) for cell in domain]
        axis.is_exact = all(may == must for must, may in inside)
        groups: dict[tuple[int, int], Group] = {}
        for index in range(len(axis.pieces)):
            if all(may >> index & 1 for _, may in inside):
                key = self._must[index], self._may[index]
                if key not in groups:
                    groups[key] = Group([], *key)
                groups[key].pieces.append(index)
        axis.groups = list(groups.values())

    def _row(self, row: int, tests: list[syntax.Tests]) -> tuple[int, int]:
        """The pieces on which all cells of the row surely match, and on which they may."""
        must = may = (1 << len(self._axis.pieces)) - 1
        for column, cell in zip(self._axis.columns, tests, strict=True):
            if cell.anything:
                continue
            is_decided = self._scale is not None and ends_of(cell) is not None
            if not is_decided:
                self._axis.undecided_rows.append((row + 1, column))
            surely, perhaps = self._truths(cell, is_decided)
            must &= surely
            may &= perhaps
        return must, may

    def _truths(self, cell: syntax.Tests, is_decided: bool) -> tuple[int, int]:
        """Sets of pieces, one bit each: where the cell surely holds, and where it may."""
        count = len(self._axis.pieces)
        everywhere = (1 << count) - 1
        code = _code(cell)
        if not is_decided or code is None:
            return 0, everywhere
        if any(is_whole_number_test(part) for part in conjuncts(cell)):
            own = list(range(count))
        else:
            named = (
                self._index.get(e) for e in _domain_ends(cell) or () if kind(e) == self._axis.kind
            )
            own = sorted({index for index in named if index is not None})
        holds = 0
        start = 0
        for point in [*own, count]:
            if start < point and self._holds(code, start):
                holds |= (1 << point) - (1 << start)
            if point < count and self._holds(code, point):
                holds |= 1 << point
            start = point + 1
        return holds, holds

    def _holds(self, code: Code, piece: int) -> bool:
        run = Run({}, 0, None, None)
        run.input = self._axis.pieces[piece].value
        return code(run) is True


_SAMPLES: Mapping[str, Value] = {"list": [], "context": {}}
"""Values for columns of types without order, which the cells cannot be compared on."""


def _extra(kind_name: str | None, ends: Mapping[Value, bool]) -> list[Value]:
    """Values that nobody named and that examples profit from: another text, both truths."""
    if kind_name == "boolean":
        return [False, True]
    if kind_name == "string":
        text = "其他"
        while text in ends:
            text += "其他"
        return [text]
    return []


def _laid_out(ordered: list[Value], named: Mapping[Value, bool], scale: Scale) -> Iterator[Piece]:
    if not ordered:
        yield Piece(scale.any, is_point=False, is_named=False)
        return
    outside = [scale.below(ordered[0]), scale.above(ordered[-1])]
    between = [scale.between(a, b) for a, b in pairwise(ordered)]
    stretches = [outside[0], *between, outside[1]]
    for end, before in zip(ordered, stretches, strict=False):
        if before is not None:
            yield Piece(before, is_point=False, is_named=False)
        yield Piece(end, is_point=True, is_named=named[end])
    if stretches[-1] is not None:
        yield Piece(stretches[-1], is_point=False, is_named=False)


def _domain_ends(cell: syntax.Tests) -> list[Value] | None:
    """The ends of a cell of allowed values, in which a test for whole numbers has none."""
    parts = conjuncts(cell)
    if not any(is_whole_number_test(part) for part in parts):
        return ends_of(cell)
    ends: list[Value] = []
    for part in parts:
        if not is_whole_number_test(part):
            found = ends_of_condition(part)
            if found is None:
                return None
            ends += found
    return ends


def _is_decided_domain(cell: syntax.Tests) -> bool:
    return _domain_ends(cell) is not None


def _code(cell: syntax.Tests) -> Code | None:
    compiler = Compiler(frozenset(), {})
    try:
        return compiler.tests(cell)
    except FeelError:
        return None


def _truth_at(cell: syntax.Tests, value: Value) -> bool | None:
    """The truth of a cell for one value; None where it reads other data or cannot be compared."""
    code = _code(cell)
    if code is None:
        return None
    run = Run({}, 8, None, None)
    run.input = value
    try:
        truth = code(run)
    except FeelError:
        return None
    return truth if isinstance(truth, bool) and not run.diagnostics else None


def _runs(pieces: int, count: int) -> Iterator[tuple[int, int]]:
    """The runs of set bits as start and end."""
    start = 0
    while pieces >> start:
        start += ((pieces >> start) & -(pieces >> start)).bit_length() - 1
        rest = ~(pieces >> start)
        end = start + (rest & -rest).bit_length() - 1
        yield start, end
        start = end
    assert start <= count


def _accumulated(changes: list[int]) -> list[int]:
    rows, result = 0, []
    for change in changes[:-1]:
        rows ^= change
        result.append(rows)
    return result

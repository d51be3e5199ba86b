"""Gaps, overlaps and rows that never answer: what follows from all rows of a table together."""

from collections.abc import Iterator, Mapping, Sequence

from app.core.phrase import Phrase
from app.decisions.checks.axes import Axis, Group
from app.decisions.checks.constants import NO_CONSTANT, constant_of
from app.decisions.checks.findings import Finding, FindingKind, Severity
from app.decisions.checks.missing_rows import missing_row
from app.decisions.checks.regions import MAX_REGIONS, Budget, Region, Sweep
from app.decisions.checks.wording import example_text, region_text
from app.decisions.feel.values import Value, equal
from app.decisions.tables import Aggregation, DecisionTable, HitPolicy

MAX_PAIRS = 50
"""Overlapping pairs of rows that are reported one by one."""

SINGLE = frozenset((HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.FIRST))
"""The hit policies that give one answer, and none where no row matches."""


class Coverage:
    """A table over its axes. `certain`: whether every combination of the axes can occur."""

    def __init__(self, table: DecisionTable, axes: Sequence[Axis], *, certain: bool) -> None:
        self._table = table
        self._axes = axes
        self._severity = Severity.ERROR if certain else Severity.WARNING
        self._all = (1 << len(table.rows)) - 1
        self._groups = [list(axis.all_groups()) for axis in axes]
        self._groups_of_row = [_groups_of_rows(groups, len(table.rows)) for groups in self._groups]
        self._budget = Budget()

    def findings(self) -> Iterator[Finding]:
        """All findings that need more than one cell to be seen."""
        yield from self._never()
        if self._wants_an_answer():
            yield from self._gaps()
            yield from self._not_given()
        policy = self._table.hit_policy
        if policy in {HitPolicy.UNIQUE, HitPolicy.ANY}:
            yield from self._overlaps()
        elif policy in {HitPolicy.FIRST, HitPolicy.PRIORITY}:
            yield from self._masked()
        else:
            yield from self._repeated()
        if self._budget.is_spent:
            yield self._found(
                FindingKind.UNDECIDED,
                Severity.REMARK,
                "条件的组合太多，没有全部查完：可能还有没有列出的空缺或被盖住的行，请拆分本表。",
                "There are too many combinations to look at all of them: there may be gaps or"
                " masked rows that are not listed. Split the table.",
            )

    def winning_example(self, row: int) -> dict[str, Value] | None:
        """Inputs that the row (from 0) answers, alone or before others; None where there are none.

        For UNIQUE the row may not be the only one: overlaps are findings of their own.
        """
        return self._example(row, self._beaters(row))

    # --- gaps --------------------------------------------------------------------------------

    def _wants_an_answer(self) -> bool:
        table = self._table
        if any(column.default is not None for column in table.outputs):
            return False
        return table.hit_policy in SINGLE or table.aggregation in {
            Aggregation.SUM,
            Aggregation.MIN,
            Aggregation.MAX,
        }

    def _gaps(self) -> Iterator[Finding]:
        groups = [list(axis.asked_groups()) for axis in self._axes]
        if not all(groups):
            return
        regions = self._uncovered([[g.may for g in some] for some in groups], self._all)
        severity = self._severity if self._table.hit_policy in SINGLE else Severity.WARNING
        for region in regions:
            parts = [
                (axis, None if chosen is None else [some[i] for i in chosen])
                for axis, some, chosen in zip(self._axes, groups, region, strict=True)
            ]
            example = {
                axis.name or axis.label: axis.value_in((chosen or some)[0])
                for (axis, chosen), some in zip(parts, groups, strict=True)
            }
            where, shown = region_text(parts), example_text(self._by_label(example))
            yield self._found(
                FindingKind.GAP,
                severity,
                f"没有任何一行管到这种情形：{where.zh}。例如：{shown.zh}。"
                "请补上一行，或给出缺省输出。",
                f"No row covers this: {where.en}. For example: {shown.en}."
                " Add a row, or a default output.",
                example=example,
                missing=missing_row(parts),
            )
        if len(regions) == MAX_REGIONS:
            yield self._found(
                FindingKind.GAP,
                severity,
                f"空缺超过 {MAX_REGIONS} 处，只列出这些。",
                f"There are more than {MAX_REGIONS} gaps; only these are listed.",
            )

    def _not_given(self) -> Iterator[Finding]:
        for axis in self._axes:
            if axis.null is not None and not axis.null_is_named and not axis.null.may:
                yield self._found(
                    FindingKind.NOT_GIVEN,
                    Severity.REMARK,
                    f"“{axis.label}”未填写时没有任何一行命中，询问会被拒绝。"
                    "如果允许不填写，请加一行，条件写 null。",
                    f"When “{axis.label}” is not given no row matches and the question is refused."
                    " If it may be left out, add a row with the condition null.",
                    column=axis.columns[0],
                )

    # --- several rows at once ----------------------------------------------------------------

    def _overlaps(self) -> Iterator[Finding]:
        any_policy = self._table.hit_policy is HitPolicy.ANY
        count = 0
        for second in range(len(self._table.rows)):
            for first in _bits(self._meeting(second) & ((1 << second) - 1)):
                if any_policy and not self._differ(first, second):
                    continue
                count += 1
                if count <= MAX_PAIRS:
                    yield self._overlap(first, second, any_policy=any_policy)
        if count > MAX_PAIRS:
            yield self._found(
                FindingKind.DIFFERING_OUTPUTS if any_policy else FindingKind.OVERLAP,
                self._severity,
                f"共有 {count} 对行同时命中，只列出前 {MAX_PAIRS} 对。",
                f"{count} pairs of rows match together; only the first {MAX_PAIRS} are listed.",
            )

    def _overlap(self, first: int, second: int, *, any_policy: bool) -> Finding:
        example = self._shared_example(first, second)
        shown = example_text(self._by_label(example))
        if any_policy:
            kind = FindingKind.DIFFERING_OUTPUTS
            zh = "规则“ANY”要求同时命中的行输出相同，请改成一致"
            en = "ANY wants rows that match together to say the same: make them agree"
        else:
            kind = FindingKind.OVERLAP
            zh = "规则“UNIQUE”只允许一行命中，请改其中一行的条件"
            en = "UNIQUE allows one row only: change the conditions of one of them"
        return self._found(
            kind,
            self._severity,
            f"第 {first + 1} 行与第 {second + 1} 行会同时命中，例如：{shown.zh}。{zh}。",
            f"Rows {first + 1} and {second + 1} both match, for example: {shown.en}. {en}.",
            rows=(first + 1, second + 1),
            example=example,
        )

    def _differ(self, first: int, second: int) -> bool:
        """Whether the outputs of two rows differ for sure; computed ones may agree."""
        pairs = zip(self._table.rows[first].outputs, self._table.rows[second].outputs, strict=True)
        for one, other in pairs:
            a, b = constant_of(one), constant_of(other)
            if NO_CONSTANT not in (a, b) and equal(a, b) is not True:
                return True
        return False

    def _repeated(self) -> Iterator[Finding]:
        """Where every matching row counts, one that repeats another counts twice."""
        seen: dict[str, int] = {}
        for number, row in enumerate(self._table.rows, 1):
            first = seen.setdefault(repr((row.tests, row.outputs)), number)
            if first != number:
                yield self._found(
                    FindingKind.REPEATED,
                    Severity.WARNING,
                    f"第 {number} 行与第 {first} 行完全相同，会被计算两次，请删除一行。",
                    f"Row {number} repeats row {first} and counts twice: delete one of them.",
                    rows=(first, number),
                )

    # --- rows that never answer --------------------------------------------------------------

    def _never(self) -> Iterator[Finding]:
        for row in range(len(self._table.rows)):
            for axis, groups in zip(self._axes, self._groups_of_row, strict=True):
                if not groups[row]:
                    yield self._found(
                        FindingKind.NEVER_MATCHES,
                        Severity.ERROR,
                        f"第 {row + 1} 行永远不会命中：“{axis.label}”没有一个允许的值满足条件。"
                        "请改正条件，或删除这一行。",
                        f"Row {row + 1} can never match: no allowed value of “{axis.label}” meets"
                        " its condition. Correct the condition or delete the row.",
                        rows=(row + 1,),
                        column=axis.columns[0],
                    )
                    break

    def _masked(self) -> Iterator[Finding]:
        for row in range(len(self._table.rows)):
            if any(not groups[row] for groups in self._groups_of_row):
                continue
            beaters = self._beaters(row)
            if self._example(row, beaters) is None and not self._budget.is_spent:
                rows = "、".join(str(other + 1) for other in _bits(beaters))
                rows_en = rows.replace("、", ", ")
                yield self._found(
                    FindingKind.MASKED,
                    Severity.WARNING,
                    f"第 {row + 1} 行永远轮不到：它的情形都由第 {rows} 行先答了。"
                    "请调整顺序或条件，或删除这一行。",
                    f"Row {row + 1} never answers: rows {rows_en} answer all its cases before it."
                    " Change the order or the conditions, or delete the row.",
                    rows=(row + 1,),
                )

    def _beaters(self, row: int) -> int:
        """The rows that answer before `row` where both match."""
        policy = self._table.hit_policy
        if policy is HitPolicy.FIRST:
            return self._meeting(row) & ((1 << row) - 1)
        if policy is HitPolicy.PRIORITY:
            own = self._rank(row)
            if own is None:
                return 0
            beaters = 0
            for other in _bits(self._meeting(row)):
                rank = self._rank(other)
                if rank is not None and (rank, other) < (own, row):
                    beaters |= 1 << other
            return beaters
        return 0

    def _rank(self, row: int) -> list[int] | None:
        """The priority of a row's outputs; None where they are computed or have none."""
        ranks: list[int] = []
        for node, column in zip(self._table.rows[row].outputs, self._table.outputs, strict=True):
            order = [constant_of(value) for value in column.values]
            if not order:
                ranks.append(0)
                continue
            value = constant_of(node)
            if value is NO_CONSTANT:
                return None
            place = next((i for i, v in enumerate(order) if equal(v, value)), None)
            if place is None:
                return None
            ranks.append(place)
        return ranks

    # --- what the above is made of -----------------------------------------------------------

    def _meeting(self, row: int) -> int:
        """The rows that surely match something that `row` surely matches; itself among them."""
        meeting = self._all
        for groups, of_row in zip(self._groups, self._groups_of_row, strict=True):
            together = 0
            for number in of_row[row]:
                if groups[number].must >> row & 1:
                    together |= groups[number].must
            meeting &= together
            if not meeting:
                break
        return meeting

    def _example(self, row: int, beaters: int) -> dict[str, Value] | None:
        """Inputs that `row` may match and none of `beaters` surely does."""
        of_row = [
            [groups[number] for number in numbers[row]]
            for groups, numbers in zip(self._groups, self._groups_of_row, strict=True)
        ]
        if not all(of_row):
            return None
        if beaters:
            regions = self._uncovered([[g.must for g in some] for some in of_row], beaters)
            if not regions:
                return None
            chosen = [
                some[numbers[0] if numbers else 0]
                for some, numbers in zip(of_row, regions[0], strict=True)
            ]
        else:
            chosen = [some[0] for some in of_row]
        return self._as_inputs(chosen)

    def _uncovered(self, axes: Sequence[Sequence[int]], rows: int) -> list[Region]:
        return Sweep(axes, rows, self._budget).uncovered()

    def _shared_example(self, first: int, second: int) -> dict[str, Value]:
        both = 1 << first | 1 << second
        return self._as_inputs(
            [
                next(groups[n] for n in of_row[second] if groups[n].must & both == both)
                for groups, of_row in zip(self._groups, self._groups_of_row, strict=True)
            ]
        )

    def _as_inputs(self, groups: Sequence[Group]) -> dict[str, Value]:
        return {
            axis.name or axis.label: axis.value_in(group)
            for axis, group in zip(self._axes, groups, strict=True)
        }

    def _by_label(self, example: dict[str, Value]) -> dict[str, Value]:
        return {axis.label: value for axis, value in zip(self._axes, example.values(), strict=True)}

    def _found(
        self,
        kind: FindingKind,
        severity: Severity,
        zh: str,
        en: str,
        *,
        rows: tuple[int, ...] = (),
        column: int | None = None,
        example: dict[str, Value] | None = None,
        missing: Mapping[str, str] | None = None,
    ) -> Finding:
        return Finding(
            kind,
            severity,
            Phrase(zh, en),
            self._table.decision_id,
            rows,
            column,
            example or {},
            missing or {},
        )


def _groups_of_rows(groups: Sequence[Group], rows: int) -> list[list[int]]:
    """For each row the groups on which it may match."""
    result: list[list[int]] = [[] for _ in range(rows)]
    for number, group in enumerate(groups):
        for row in _bits(group.may):
            result[row].append(number)
    return result


def _bits(rows: int) -> Iterator[int]:
    while rows:
        low = rows & -rows
        yield low.bit_length() - 1
        rows ^= low

"""Random tables: what the checker finds is what asking every point of a grid finds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.checks.checker import check
from app.decisions.checks.findings import Finding, FindingKind
from app.decisions.checks.regions import Budget, Sweep
from app.decisions.dmn import Model, read_model
from app.decisions.feel.values import Months, Value
from tests.decisions.tables import table


@dataclass(frozen=True)
class Input:
    """A kind of input: its constants, as they are written, and a grid that meets every piece."""

    type: str
    constants: tuple[str, ...]
    grid: tuple[Value, ...]
    ordered: bool = True
    allowed: str = ""


def _days(count: int) -> tuple[date, ...]:
    return tuple(date(2026, 2, 27) + timedelta(days=n) for n in range(count))


KINDS = (
    Input("number", ("0", "1", "2", "3", "-2"), tuple(Decimal(n) / 2 for n in range(-6, 10))),
    Input(
        "number",
        ("1", "2", "3"),
        tuple(Decimal(n) / 2 for n in range(2, 9)),
        allowed="[1..4]",
    ),
    Input(
        "number",
        ("1", "2", "3"),
        tuple(Decimal(n) for n in range(8)),
        allowed="? >= 0 and ? = floor(?)",
    ),
    Input("string", ('"a"', '"b"', '"c"'), ("a", "b", "c", "其他", ""), ordered=False),
    Input("string", ('"a"', '"b"', '"c"'), ("a", "b", "c"), ordered=False, allowed='"a","b","c"'),
    Input("string", ('"b"', '"d"'), ("a", "b", "c", "d", "e", "")),
    Input("boolean", ("true", "false"), (True, False), ordered=False),
    Input(
        "date",
        ('date("2026-03-01")', '@"2026-03-02"', '@"2026-03-04"'),
        _days(8),
    ),
    Input(
        "date and time",
        ('@"2026-03-01T08:00:00"', '@"2026-03-01T09:00:00"'),
        tuple(datetime(2026, 3, 1, 7, 30) + timedelta(minutes=30 * n) for n in range(6)),
    ),
    Input(
        "time",
        ('@"00:00:00"', '@"12:00:00"', 'time("13:00:00")'),
        (time(0), time(6), time(12), time(12, 30), time(13), time(20)),
    ),
    Input(
        "days and time duration",
        ('@"PT1H"', 'duration("PT2H")', '@"P1D"'),
        tuple(timedelta(minutes=30 * n) for n in (0, 2, 3, 4, 5, 48, 50)),
    ),
    Input(
        "years and months duration",
        ('@"P1M"', '@"P3M"', '@"P1Y"'),
        tuple(Months(n) for n in (0, 1, 2, 3, 5, 12, 13)),
    ),
)


@st.composite
def _cells(draw: st.DrawFn, kind: Input) -> str:
    one = draw(st.sampled_from(kind.constants))
    two = draw(st.sampled_from(kind.constants))
    forms = ["-", "-", one, f"{one},{two}", f"not({one})", f"not({one},{two})"]
    if not kind.allowed:
        forms += ["null", f"null,{one}"]
    if kind.ordered:
        forms += [f"< {one}", f">= {one}", f"[{one}..{two}]", f"({one}..{two})"]
        forms += [f"<= {one}, > {two}", f"? > {one} and ? < {two}", f"not([{one}..{two}))"]
        if kind.allowed:  # these refuse what was not given
            forms += [f"? between {one} and {two}", f"? in ({one}, > {two})"]
    return draw(st.sampled_from(forms))


@dataclass
class Drawn:
    """A random table, as the checker gets it, and the rows that match on every point."""

    kinds: Sequence[Input]
    names_null: Sequence[bool]
    findings: tuple[Finding, ...]
    matches: Mapping[tuple[Value, ...], tuple[int, ...]] = field(repr=False)
    model: Model = field(repr=False)
    rows: Sequence[Sequence[str]]
    table: Callable[[Sequence[Sequence[str]]], Model] = field(repr=False)
    """The table with other rows."""

    def found(self, kind: FindingKind) -> list[Finding]:
        return [finding for finding in self.findings if finding.kind is kind]

    def matching(self, example: Mapping[str, Value]) -> tuple[int, ...]:
        answer = self.model.decide({f"x{n}": example[f"x{n}"] for n in range(len(self.kinds))})
        return tuple(row.index for row in answer.evidence.rows)


@st.composite
def _tables(draw: st.DrawFn, policy: str = "UNIQUE", outputs: Sequence[str] = ('"a"',)) -> Drawn:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    count = draw(st.integers(1, 6))
    rows = [
        [*(draw(_cells(kind)) for kind in kinds), draw(st.sampled_from(outputs))]
        for _ in range(count)
    ]

    def model(hit_policy: str, of: Sequence[Sequence[str]] = rows) -> Model:
        return read_model(
            table(
                of,
                inputs=[f"x{n}:{kind.type}" for n, kind in enumerate(kinds)],
                policy=hit_policy,
                allowed=[kind.allowed for kind in kinds],
                values=['"a","b","c"'],
            )
        )

    asked = model("RULE ORDER")
    matches = {}
    for point in product(*(_grid(kind) for kind in kinds)):
        answer = asked.decide({f"x{n}": value for n, value in enumerate(point)})
        matches[point] = tuple(row.index for row in answer.evidence.rows)
    names_null = [any("null" in row[n] for row in rows) for n in range(len(kinds))]
    return Drawn(
        kinds, names_null, check(model(policy)), matches, asked, rows, partial(model, "RULE ORDER")
    )


def _grid(kind: Input) -> tuple[Value, ...]:
    return kind.grid if kind.allowed else (*kind.grid, None)


MANY = settings(max_examples=40, deadline=None)


@MANY
@given(_tables())
def test_gaps_are_found_where_no_row_answers_and_nowhere_else(drawn: Drawn) -> None:
    gaps = drawn.found(FindingKind.GAP)
    assert all(drawn.matching(gap.example) == () for gap in gaps)
    unanswered = [
        point
        for point, rows in drawn.matches.items()
        if not rows
        and all(v is not None or named for v, named in zip(point, drawn.names_null, strict=True))
    ]
    assert bool(unanswered) == bool(gaps)


@MANY
@given(_tables())
def test_the_rows_that_close_the_gaps_close_them_and_meet_no_other(drawn: Drawn) -> None:
    gaps = drawn.found(FindingKind.GAP)
    if not gaps or len(gaps) > 50:
        return
    asked = drawn.table([*drawn.rows, *([*gap.missing.values(), '"a"'] for gap in gaps)])
    for point, rows in drawn.matches.items():
        answer = asked.decide({f"x{n}": value for n, value in enumerate(point)})
        now = tuple(row.index for row in answer.evidence.rows)
        wanted = all(v is not None or n for v, n in zip(point, drawn.names_null, strict=True))
        assert now == rows if rows else len(now) == 1 or not wanted, (point, gaps)


@MANY
@given(_tables())
def test_every_pair_that_matches_together_is_found_with_a_point_that_shows_it(
    drawn: Drawn,
) -> None:
    pairs = {pair for rows in drawn.matches.values() for pair in combinations(rows, 2)}
    overlaps = drawn.found(FindingKind.OVERLAP)
    assert {finding.rows for finding in overlaps} == pairs
    for finding in overlaps:
        assert set(finding.rows) <= set(drawn.matching(finding.example))


@MANY
@given(_tables())
def test_rows_that_never_match_are_found(drawn: Drawn) -> None:
    reached = {row for rows in drawn.matches.values() for row in rows}
    never = {finding.rows[0] for finding in drawn.found(FindingKind.NEVER_MATCHES)}
    assert never == set(range(1, len(drawn.model.tables[0].rows) + 1)) - reached


def _unmasked(drawn: Drawn, wins: Callable[[tuple[int, ...]], int]) -> None:
    answering = {wins(rows) for rows in drawn.matches.values() if rows}
    dead = {
        finding.rows[0]
        for kind in (FindingKind.NEVER_MATCHES, FindingKind.MASKED)
        for finding in drawn.found(kind)
    }
    assert dead == set(range(1, len(drawn.model.tables[0].rows) + 1)) - answering


@MANY
@given(_tables(policy="FIRST"))
def test_rows_that_earlier_rows_cover_are_found(drawn: Drawn) -> None:
    _unmasked(drawn, min)


@MANY
@given(_tables(policy="PRIORITY", outputs=('"a"', '"b"', '"c"')))
def test_rows_that_rows_of_higher_priority_cover_are_found(drawn: Drawn) -> None:
    outputs = [row.outputs[0] for row in drawn.model.tables[0].rows]
    _unmasked(drawn, lambda rows: min(rows, key=lambda row: (outputs[row - 1].value, row)))


@MANY
@given(_tables(policy="ANY", outputs=('"a"', '"b"')))
def test_rows_that_contradict_each_other_under_any_are_found(drawn: Drawn) -> None:
    outputs = [row.outputs[0] for row in drawn.model.tables[0].rows]
    pairs = {
        (first, second)
        for rows in drawn.matches.values()
        for first, second in combinations(rows, 2)
        if outputs[first - 1].value != outputs[second - 1].value
    }
    assert {finding.rows for finding in drawn.found(FindingKind.DIFFERING_OUTPUTS)} == pairs


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_regions_of_a_sweep_are_disjoint_and_make_up_all_that_is_uncovered(
    data: st.DataObject,
) -> None:
    rows = data.draw(st.integers(1, 5))
    masks = st.integers(0, (1 << rows) - 1)
    axes = data.draw(st.lists(st.lists(masks, min_size=1, max_size=4), min_size=1, max_size=3))
    uncovered = set()
    for point in product(*(range(len(groups)) for groups in axes)):
        left = (1 << rows) - 1
        for axis, group in enumerate(point):
            left &= axes[axis][group]
        if not left:
            uncovered.add(point)
    found: list[tuple[int, ...]] = []
    for region in Sweep(axes, (1 << rows) - 1, Budget()).uncovered():
        sides = [
            range(len(groups)) if chosen is None else chosen
            for groups, chosen in zip(axes, region, strict=True)
        ]
        found += product(*sides)
    assert len(found) == len(set(found))
    assert set(found) == uncovered

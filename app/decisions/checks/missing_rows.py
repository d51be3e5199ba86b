"""The input cells of a row that would close a gap, as FEEL writes them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import orjson

from app.decisions.checks.axes import Axis, Group, Piece
from app.decisions.checks.wording import bound, runs
from app.decisions.feel.texts import text_of
from app.decisions.feel.values import Months, Value

ANYTHING = "-"


def missing_row(parts: Sequence[tuple[Axis, Sequence[Group] | None]]) -> Mapping[str, str]:
    """For each axis, by its name or label, the cell that holds for its groups, or for any value."""
    return {axis.name or axis.label: _cell(axis, groups) for axis, groups in parts}


def _cell(axis: Axis, groups: Sequence[Group] | None) -> str:
    if groups is None:
        return ANYTHING
    has_null = any(group is axis.null for group in groups)
    inside = sorted({i for group in axis.groups for i in group.pieces})
    pieces = sorted(i for group in groups if group is not axis.null for i in group.pieces)
    others = [axis.pieces[i] for i in inside if i not in pieces]
    if others and all(axis.pieces[i].is_named or axis.kind == "boolean" for i in pieces):
        tests = [literal(axis.pieces[i].value) for i in pieces]
    elif all(one.is_named for one in others):
        apart = [literal(one.value) for one in others]
        apart += ["null"] * (not has_null and _is_null_apart(axis))
        return f"not({', '.join(apart)})" if apart else ANYTHING
    else:
        tests = [_stretch(axis.pieces, first, last) for first, last in runs(pieces, inside)]
    return ", ".join(tests + ["null"] * has_null)


def _is_null_apart(axis: Axis) -> bool:
    """Whether the table speaks of the value that was not given, or some row is for it alone."""
    if axis.null is None:
        return False
    others = 0
    for group in axis.groups:
        others |= group.may
    return axis.null_is_named or bool(axis.null.may & ~others)


def _stretch(pieces: Sequence[Piece], first: int, last: int) -> str:
    """The values from one piece to another."""
    low, high = bound(pieces, first, -1), bound(pieces, last, 1)
    if first == last and pieces[first].is_point:
        return literal(pieces[first].value)
    if low is None and high is None:
        return ANYTHING
    if low is None or high is None:
        end, at = (high, pieces[last]) if high is not None else (low, pieces[first])
        assert end is not None  # one of the two is there
        sign = ("<" if high is not None else ">") + ("=" if at.is_point else "")
        return f"{sign} {literal(end.value)}"
    begin, end_sign = "[" if pieces[first].is_point else "(", "]" if pieces[last].is_point else ")"
    return f"{begin}{literal(low.value)}..{literal(high.value)}{end_sign}"


def literal(value: Value) -> str:
    """`value` as FEEL writes it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return orjson.dumps(value).decode()
        case Decimal():
            return text_of(value)
        case datetime():
            return f'date and time("{text_of(value)}")'
        case date():
            return f'date("{text_of(value)}")'
        case time():
            return f'time("{text_of(value)}")'
        case timedelta() | Months():
            return f'duration("{text_of(value)}")'
        case _:
            return text_of(value)

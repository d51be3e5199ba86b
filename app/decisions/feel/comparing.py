"""Comparisons as closures, with quick ways for what conditions and cells mostly are."""

import operator as operators
from collections.abc import Callable, Mapping
from decimal import Decimal

from app.core.phrase import Phrase
from app.decisions.feel.run import Code, Run
from app.decisions.feel.syntax import Literal, Position, RangeLiteral
from app.decisions.feel.values import Range, Spend, Value, equal, kind, less, less_equal


def with_constant(operator: str, left: Code, constant: Value, at: Position) -> Code:
    """`left operator constant`, where the type of the constant is known now."""
    compare = _PYTHON.get(operator)
    cls = type(constant)
    if compare is None or cls not in (str, Decimal, bool) or (cls is bool and operator in _ORDER):
        return general(operator, left, lambda _run: constant, at)
    quick = compare
    null_result = _NULL_RESULT.get(operator)

    def compared(run: Run) -> bool | None:
        value = left(run)
        if type(value) is cls:
            return quick(value, constant)
        if value is None:
            return null_result
        return _mismatch(run, operator, value, constant, at)

    return compared


def general(operator: str, left: Code, right: Code, at: Position) -> Code:
    """`left operator right` for any two values."""
    compare = _COMPARISONS[operator]

    def compared(run: Run) -> bool | None:
        a, b = left(run), right(run)
        truth = compare(a, b, run.spend)
        if truth is None and a is not None and b is not None:
            return _mismatch(run, operator, a, b, at)
        return truth

    return compared


def within_constants(node: RangeLiteral) -> Code | None:
    """Whether the input lies in a range of constant numbers or strings; None for other ranges."""
    if not isinstance(node.low, Literal) or not isinstance(node.high, Literal):
        return None
    low, high = node.low.value, node.high.value
    cls = type(low)
    if cls not in (Decimal, str) or type(high) is not cls:
        return None
    above = operators.le if node.low_included else operators.lt
    below = operators.le if node.high_included else operators.lt

    def inside(run: Run) -> Value:
        value = run.input
        if type(value) is cls:
            return above(low, value) and below(value, high)
        return None if value is None else _mismatch(run, "in", value, low, node.at)

    return inside


def range_of(operator: str, end: Value) -> Range | None:
    """The range value of `(< end)` and the like."""
    if operator == "=":
        return Range(end, end, low_included=True, high_included=True, operator="=")
    if operator in {"<", "<="}:
        return Range(
            None, end, low_included=False, high_included=operator == "<=", operator=operator
        )
    if operator in {">", ">="}:
        return Range(
            end, None, low_included=operator == ">=", high_included=False, operator=operator
        )
    return None


def _mismatch(run: Run, operator: str, left: Value, right: Value, at: Position) -> bool | None:
    return run.null(  # type: ignore[no-any-return] # it is None
        Phrase(
            f"“{kind(left)}”与“{kind(right)}”不能用“{operator}”比较。",
            f"{kind(left)} and {kind(right)} cannot be compared by “{operator}”.",
        ),
        at,
    )


def _less(left: Value, right: Value, _spend: Spend) -> bool | None:
    return less(left, right)


def _less_equal(left: Value, right: Value, _spend: Spend) -> bool | None:
    return less_equal(left, right)


def _unequal(left: Value, right: Value, spend: Spend) -> bool | None:
    same = equal(left, right, spend)
    return None if same is None else not same


def _greater(left: Value, right: Value, _spend: Spend) -> bool | None:
    return less(right, left)


def _greater_equal(left: Value, right: Value, _spend: Spend) -> bool | None:
    return less_equal(right, left)


_ORDER = frozenset(("<", "<=", ">", ">="))

_NULL_RESULT = {"=": False, "!=": True}
"""What a comparison of null with a constant that is not null gives; null for the others."""

_PYTHON: Mapping[str, Callable[..., bool]] = {
    "=": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}

_COMPARISONS: Mapping[str, Callable[[Value, Value, Spend], bool | None]] = {
    "=": equal,
    "!=": _unequal,
    "<": _less,
    "<=": _less_equal,
    ">": _greater,
    ">=": _greater_equal,
}

"""Closures of the smallest parts: constants, names, arithmetic, three-valued logic."""

from decimal import Decimal

from app.core.phrase import Phrase
from app.decisions.feel.arithmetic import OPERATIONS, operate
from app.decisions.feel.errors import FeelNull
from app.decisions.feel.limits import CHARACTERS_A_STEP
from app.decisions.feel.run import Code, Run
from app.decisions.feel.syntax import Position
from app.decisions.feel.values import NUMBERS, SMALL_NUMBERS, Value, kind


def constant(value: Value) -> Code:
    """The closure of a value that is known."""
    return lambda _run: value


def tested_value(run: Run) -> Value:
    """`?`: the value that the unary tests are about."""
    return run.input


def local(slot: int) -> Code:
    """The closure of a variable that the expression introduces."""
    return lambda run: run.locals[slot]


def from_scope(name: str, at: Position) -> Code:
    """The closure of a free name; null and a notice where the scope has no such name."""

    def lookup(run: Run) -> Value:
        try:
            value = run.scope[name]
        except KeyError:
            return run.null(
                Phrase(f"数据里没有“{name}”。", f"There is no value named “{name}”."), at
            )
        cls = type(value)
        if cls is str or cls is bool or value is None:
            return value
        if cls is int and value in SMALL_NUMBERS:
            return SMALL_NUMBERS[value]
        return run.value_of(name, value)

    return lookup


def in_items(slots: list[int], name: str, otherwise: Code) -> Code:
    """Look in the items of the filters around first, the innermost before the others."""
    if not slots:
        return otherwise

    def lookup(run: Run) -> Value:
        for slot in slots:
            item = run.locals[slot]
            if type(item) is dict and name in item:
                return item[name]
        return otherwise(run)

    return lookup


def arithmetic(operator: str, left: Code, right: Code, at: Position) -> Code:
    """`left operator right` as a closure, quick for numbers."""
    operation = OPERATIONS[operator]
    quick = {"+": NUMBERS.add, "-": NUMBERS.subtract, "*": NUMBERS.multiply}.get(operator)

    def general(run: Run) -> Value:
        try:
            return operate(operation, left(run), right(run))
        except FeelNull as null:
            return run.null(null.phrase, at)

    if quick is None:
        return general
    fast = quick

    def numbers(run: Run) -> Value:
        a, b = left(run), right(run)
        try:
            if type(a) is Decimal and type(b) is Decimal:
                return operate(fast, a, b)
            result = operate(operation, a, b)
            if type(result) is str:
                run.spend(len(result) // CHARACTERS_A_STEP)
            return result  # noqa: TRY300 - the bound may be raised above
        except FeelNull as null:
            return run.null(null.phrase, at)

    return numbers


def both(first: bool | None, second: bool | None) -> bool | None:
    """`first and second` in three-valued logic."""
    if first is False or second is False:
        return False
    return True if first and second else None


def all_of(operands: list[Code]) -> Code:
    """`and` over the operands, from left to right, stopping at the first false."""
    if len(operands) == 2:
        first, second = operands

        def both(run: Run) -> bool | None:
            a = first(run)
            if a is False:
                return False
            b = second(run)
            if b is False:
                return False
            return True if a is True and b is True else _unknown(run, "and", a, b)

        return both

    def every(run: Run) -> bool | None:
        values = []
        for operand in operands:
            value = operand(run)
            if value is False:
                return False
            values.append(value)
        return True if all(v is True for v in values) else _unknown(run, "and", *values)

    return every


def any_of(operands: list[Code]) -> Code:
    """`or` over the operands, from left to right, stopping at the first true."""
    if len(operands) == 1:
        return operands[0]

    def some(run: Run) -> bool | None:
        values = []
        for operand in operands:
            value = operand(run)
            if value is True:
                return True
            values.append(value)
        return False if all(v is False for v in values) else _unknown(run, "or", *values)

    return some


def _unknown(run: Run, operator: str, *values: Value) -> Value:
    for value in values:
        if value is not None and type(value) is not bool:
            return run.null(not_boolean(operator, value))
    return None


def not_boolean(where: str, value: Value) -> Phrase:
    """Said where true or false is needed and something else came."""
    return Phrase(
        f"“{where}”需要 true 或 false，这里是“{kind(value)}”。",
        f"“{where}” needs true or false, but this is of type {kind(value)}.",
    )

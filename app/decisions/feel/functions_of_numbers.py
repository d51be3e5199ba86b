"""Built-in functions on numbers, and `not`."""

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)

from app.decisions.feel.arithmetic import negate
from app.decisions.feel.errors import FeelNull
from app.decisions.feel.functions import builtin
from app.decisions.feel.run import Run
from app.decisions.feel.values import NUMBERS, Value

_WIDE = Context(prec=7000, Emin=-20000, Emax=20000)
"""Wide enough to quantize any decimal128 without loss."""

_MAX_SCALE, _MIN_SCALE = 6176, -6111


@builtin("not", "negand: any")
def _not(_run: Run, negand: Value) -> bool | None:
    if type(negand) is bool:
        return not negand
    if negand is None:
        return None
    raise FeelNull("not 需要 true 或 false。", "“not” needs true or false.")


def _round(value: Decimal, scale: Decimal | None, rounding: str) -> Decimal:
    digits = 0 if scale is None else int(scale)
    if not _MIN_SCALE <= digits <= _MAX_SCALE:
        raise FeelNull("小数位数超出范围。", "The scale is out of range.")
    return NUMBERS.plus(value.quantize(Decimal(1).scaleb(-digits, _WIDE), rounding, _WIDE))


@builtin("decimal", "n: number, scale: number")
def _decimal(_run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _round(n, scale, ROUND_HALF_EVEN)


@builtin("floor", "n: number", "n: number, scale: number")
def _floor(_run: Run, n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _round(n, scale, ROUND_FLOOR)


@builtin("ceiling", "n: number", "n: number, scale: number")
def _ceiling(_run: Run, n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _round(n, scale, ROUND_CEILING)


@builtin("round up", "n: number, scale: number")
def _round_up(_run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _round(n, scale, ROUND_UP)


@builtin("round down", "n: number, scale: number")
def _round_down(_run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _round(n, scale, ROUND_DOWN)


@builtin("round half up", "n: number, scale: number")
def _round_half_up(_run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _round(n, scale, ROUND_HALF_UP)


@builtin("round half down", "n: number, scale: number")
def _round_half_down(_run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _round(n, scale, ROUND_HALF_DOWN)


@builtin("abs", "n: number", "n: duration")
def _abs(_run: Run, n: Value) -> Value:
    if type(n) is Decimal:
        return NUMBERS.abs(n)
    return negate(n) if n < type(n)(0) else n


@builtin("modulo", "dividend: number, divisor: number")
def _modulo(_run: Run, dividend: Decimal, divisor: Decimal) -> Decimal:
    if divisor == 0:
        raise FeelNull("除数是零。", "The divisor is zero.")
    if abs(dividend.adjusted()) < 100:
        whole = _round(_WIDE.divide(dividend, divisor), None, ROUND_FLOOR)
        return NUMBERS.subtract(dividend, NUMBERS.multiply(divisor, whole))
    remainder = NUMBERS.remainder(dividend, divisor)
    return NUMBERS.add(remainder, divisor) if remainder * divisor < 0 else remainder


@builtin("sqrt", "number: number")
def _sqrt(_run: Run, number: Decimal) -> Decimal:
    if number < 0:
        raise FeelNull("负数没有平方根。", "A negative number has no square root.")
    return NUMBERS.sqrt(number)


@builtin("log", "number: number")
def _log(_run: Run, number: Decimal) -> Decimal:
    if number <= 0:
        raise FeelNull("只有正数有对数。", "Only positive numbers have a logarithm.")
    return NUMBERS.ln(number)


@builtin("exp", "number: number")
def _exp(_run: Run, number: Decimal) -> Decimal:
    return NUMBERS.exp(number)


@builtin("odd", "number: number")
def _odd(_run: Run, number: Decimal) -> bool:
    return _remainder_of_two(number) == 1


@builtin("even", "number: number")
def _even(_run: Run, number: Decimal) -> bool:
    return _remainder_of_two(number) == 0


def _remainder_of_two(number: Decimal) -> Decimal:
    return abs(_WIDE.remainder(number, Decimal(2)))

"""FEEL as the engine wants it: one function that compiles a text once."""

from collections.abc import Callable, Mapping
from inspect import signature

from app.decisions.feel.compiler import HostFunction
from app.decisions.feel.expression import Expression
from app.decisions.feel.expression import compile_expression as compile_feel


def compile_expression(text: str, functions: Mapping[str, Callable[..., object]]) -> Expression:
    """The compiled expression; `functions` are those the engine declares beyond the standard ones.

    A call of any other function is refused. Raises `FeelError` with line and column.
    """
    declared = {
        name: HostFunction(tuple(signature(function).parameters), function)
        for name, function in functions.items()
    }
    return compile_feel(text, functions=declared)

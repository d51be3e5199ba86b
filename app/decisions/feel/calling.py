"""Calling functions: defined in the text, held by the scope, or built in as values."""

from collections.abc import Mapping

from app.core.phrase import Phrase
from app.decisions.feel.errors import FeelNull
from app.decisions.feel.functions import Builtin
from app.decisions.feel.limits import CHARACTERS_A_STEP
from app.decisions.feel.run import Code, Run
from app.decisions.feel.syntax import Position
from app.decisions.feel.values import Function, Value


def called(run: Run, body: Code, frame: list[Value], scope: Mapping[str, object]) -> Value:
    """The value of a defined function's body in a frame and scope of its own."""
    run.enter()
    outer = run.locals, run.scope, run.input, run.memo
    run.locals, run.scope, run.input = frame, scope, None
    if scope is not outer[1]:
        run.memo = None
    try:
        return body(run)
    finally:
        run.locals, run.scope, run.input, run.memo = outer
        run.level -= 1


def dynamic_call(
    function: Code, names: tuple[str, ...] | None, arguments: list[Code], at: Position
) -> Code:
    """A call of what a closure gives, if that is a function."""

    def call(run: Run) -> Value:
        target = function(run)
        values = [argument(run) for argument in arguments]
        if type(target) is not Function:
            return run.null(
                Phrase("这里调用的不是函数。", "What is called here is not a function."), at
            )
        try:
            return invoke(run, target, values, names)
        except FeelNull as null:
            return run.null(null.phrase, at)

    return call


def invoke(
    run: Run, function: Function, values: list[Value], names: tuple[str, ...] | None = None
) -> Value:
    """The value of a function value; raises FeelNull where the arguments do not fit."""
    if names is not None:
        if set(names) != set(function.parameters):
            raise FeelNull("参数名称不对。", "The names of the arguments do not fit.")
        by_name = dict(zip(names, values, strict=True))
        values = [by_name[name] for name in function.parameters]
    elif len(values) != len(function.parameters) and "*" not in function.parameters:
        raise FeelNull("参数个数不对。", "The number of arguments does not fit.")
    return function.call(run, *values)


def size_of(values: list[Value]) -> int:
    """Steps that handling `values` takes, at least one."""
    size = 1
    for value in values:
        if type(value) is str or type(value) is list:
            size += len(value) // CHARACTERS_A_STEP
    return size


def function_value(function: Builtin) -> Function:
    """A built-in function as a value."""

    def call(run: Run, *arguments: Value) -> Value:
        return function.invoke(run, arguments)

    return Function(function.name, ("*",), call)


def function_from_scope(name: str, at: Position) -> Code:
    """The closure of a function that the scope must hold."""

    def lookup(run: Run) -> Value:
        value = run.scope.get(name)
        if type(value) is not Function:
            return run.null(
                Phrase(f"没有名为“{name}”的函数。", f"There is no function named “{name}”."), at
            )
        return value

    return lookup

"""The built-in function `range`, which reads a range from a text with constants as its ends."""

from app.decisions.feel import syntax
from app.decisions.feel.errors import FeelError, FeelNull
from app.decisions.feel.functions import BUILTINS, builtin
from app.decisions.feel.parser import parse_expression
from app.decisions.feel.run import Run
from app.decisions.feel.values import Range, Value, kind, less

_READERS = frozenset(("date", "time", "date and time", "duration"))


@builtin("range", "from: string")
def _range(run: Run, text: str) -> Range:
    run.spend(len(text))
    try:
        tree = parse_expression(text)
    except FeelError:
        raise _unreadable() from None
    if not isinstance(tree, syntax.RangeLiteral):
        raise _unreadable()
    low, high = _constant(run, tree.low), _constant(run, tree.high)
    if low is None or high is None or kind(low) != kind(high) or less(high, low) is not False:
        raise _unreadable()
    return Range(low, high, tree.low_included, tree.high_included)


def _constant(run: Run, node: syntax.Node) -> Value:
    """The value of a literal or of a reader of dates and durations applied to one."""
    if isinstance(node, syntax.Literal):
        return node.value
    if (
        isinstance(node, syntax.Call)
        and isinstance(node.function, syntax.Name)
        and node.function.name in _READERS
        and all(isinstance(argument, syntax.Literal) for argument in node.arguments)
    ):
        arguments = [a.value for a in node.arguments if isinstance(a, syntax.Literal)]
        return BUILTINS[node.function.name].invoke(run, arguments)
    raise _unreadable()


def _unreadable() -> FeelNull:
    return FeelNull("这不是有效的区间。", "This is not a valid range.")

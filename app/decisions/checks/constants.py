"""Which values the truth of a cell depends upon.

A cell is decidable when it only compares the input with constants: then its truth can change at
those constants and nowhere else. Cells that read other data or call functions on the input are
not: `ends_of` gives None for them and the checker says so.
"""

from collections.abc import Iterable, Iterator

from app.core.phrase import Phrase
from app.decisions.feel import syntax
from app.decisions.feel.compiler import Compiler
from app.decisions.feel.errors import FeelError
from app.decisions.feel.functions import BUILTINS
from app.decisions.feel.run import Run
from app.decisions.feel.syntax import Node
from app.decisions.feel.values import Function, Range, Value

NO_CONSTANT = object()
"""What `constant_of` gives for an expression that is not constant."""


def ends_of(cell: syntax.Tests) -> list[Value] | None:
    """The constants (null among them) where the truth of `cell` may change; None: not known."""
    return _all([_ends_of_test(test) for test in cell.tests])


def constant_of(node: Node) -> Value:
    """The value of `node` where it reads nothing, or NO_CONSTANT."""
    if isinstance(node, syntax.Literal):
        return node.value
    if not _is_closed(node):
        return NO_CONSTANT
    value, reason = _evaluated(node)
    return NO_CONSTANT if reason is not None else value


def broken_parts(nodes: Iterable[Node]) -> Iterator[Phrase]:
    """Why constants inside `nodes` have no value, such as the 30th of February."""
    for node in nodes:
        if isinstance(node, syntax.Literal):
            continue
        if _is_closed(node):
            _, reason = _evaluated(node)
            if reason is not None:
                yield reason
        else:
            yield from broken_parts(_parts(node))


def is_whole_number_test(node: Node) -> bool:
    """Whether `node` is `? = floor(?)`: the way to say that only whole numbers occur."""
    if not isinstance(node, syntax.Comparison) or node.operator != "=":
        return False
    sides = (node.left, node.right)
    return any(isinstance(side, syntax.TestedValue) for side in sides) and any(
        isinstance(side, syntax.Call)
        and isinstance(side.function, syntax.Name)
        and side.function.name == "floor"
        and len(side.arguments) == 1
        and isinstance(side.arguments[0], syntax.TestedValue)
        for side in sides
    )


def conjuncts(cell: syntax.Tests) -> list[Node]:
    """The conditions of a cell that is one condition joined by `and`; none for other cells."""
    if cell.negated or len(cell.tests) != 1 or cell.tests[0].operator is not None:
        return []
    node = cell.tests[0].operand
    if isinstance(node, syntax.Logic) and node.operator == "and":
        return node.operands
    return [node]


def _ends_of_test(test: syntax.Test) -> list[Value] | None:
    node = test.operand
    if isinstance(node, syntax.Literal):  # most cells of a catalogue are nothing else
        return _ends_of_value(node.value)
    if test.operator is None and (
        syntax.mentions_tested_value(node) or isinstance(node, syntax.In)
    ):
        return ends_of_condition(node)
    value = constant_of(node)
    return None if value is NO_CONSTANT else _ends_of_value(value)


def ends_of_condition(node: Node) -> list[Value] | None:
    """The constants that a condition about `?` compares it with; None where there is more."""
    if isinstance(node, syntax.TestedValue):
        return [True, False]
    if constant_of(node) is not NO_CONSTANT:
        return []
    if isinstance(node, syntax.Logic):
        return _all([ends_of_condition(operand) for operand in node.operands])
    if isinstance(node, syntax.Comparison):
        if isinstance(node.left, syntax.TestedValue):
            return _ends_of_operand(node.right)
        if isinstance(node.right, syntax.TestedValue):
            return _ends_of_operand(node.left)
        return None
    if isinstance(node, syntax.Between) and isinstance(node.operand, syntax.TestedValue):
        return _all([_ends_of_operand(node.low), _ends_of_operand(node.high)])
    if isinstance(node, syntax.In) and isinstance(node.operand, syntax.TestedValue):
        return _all([_ends_of_test(test) for test in node.tests])
    if (
        isinstance(node, syntax.Call)
        and isinstance(node.function, syntax.Name)
        and node.function.name == "not"
        and len(node.arguments) == 1
    ):
        return ends_of_condition(node.arguments[0])
    return None


def _ends_of_operand(node: Node) -> list[Value] | None:
    value = constant_of(node)
    return None if value is NO_CONSTANT else _ends_of_value(value)


def _ends_of_value(value: Value) -> list[Value] | None:
    if isinstance(value, Range):
        return [end for end in (value.low, value.high) if end is not None]
    if isinstance(value, list):
        return _all([_ends_of_value(item) for item in value])
    return None if isinstance(value, dict | Function) else [value]


def _all(found: list[list[Value] | None]) -> list[Value] | None:
    ends: list[Value] = []
    for some in found:
        if some is None:
            return None
        ends += some
    return ends


def _is_closed(node: Node) -> bool:
    """Whether `node` is made of literals, operators and functions without surprises."""
    if isinstance(node, syntax.Call):
        function = node.function
        if not isinstance(function, syntax.Name) or function.name not in BUILTINS:
            return False
        if not BUILTINS[function.name].pure:
            return False
        arguments = list(node.named.values()) if node.named is not None else node.arguments
        return all(_is_closed(argument) for argument in arguments)
    return isinstance(node, syntax.Literal) or (
        isinstance(node, _PLAIN) and all(_is_closed(part) for part in _parts(node))
    )


_PLAIN = (
    syntax.Negation,
    syntax.Arithmetic,
    syntax.Grouped,
    syntax.ListLiteral,
    syntax.RangeLiteral,
    syntax.UnaryRange,
)


def _parts(node: Node) -> list[Node]:
    """The operands of the nodes that cells are mostly made of."""
    match node:
        case syntax.Negation(operand=operand) | syntax.UnaryRange(operand=operand):
            return [operand]
        case syntax.Grouped(inner=inner):
            return [inner]
        case syntax.Arithmetic(first=first, rest=rest):
            return [first, *(operand for _, operand in rest)]
        case syntax.ListLiteral(items=items):
            return list(items)
        case syntax.RangeLiteral(low=low, high=high) | syntax.Between(low=low, high=high):
            return [low, high]
        case syntax.Logic(operands=operands):
            return list(operands)
        case syntax.Comparison(left=left, right=right):
            return [left, right]
        case syntax.In(tests=tests):
            return [test.operand for test in tests]
        case syntax.Call(arguments=arguments, named=named):
            return list(arguments) if named is None else list(named.values())
        case _:
            return []


def _evaluated(node: Node) -> tuple[Value, Phrase | None]:
    """The value of a closed node, or the reason why it has none."""
    compiler = Compiler(frozenset(), {})
    try:
        code = compiler.compile(node)
        run = Run({}, compiler.findings.slots, None, None)
        value = code(run)
    except FeelError as error:
        return None, error.phrase
    return value, run.diagnostics[0].phrase if run.diagnostics else None

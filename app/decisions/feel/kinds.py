"""What can be said of an expression's values before there are data: their types.

Nothing is guessed: where data decide, the answer is that they do. Null is not counted, for every
expression may be null by an error.
"""

from collections.abc import Container
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from app.decisions.feel import syntax
from app.decisions.feel.functions import BUILTINS
from app.decisions.feel.syntax import Node
from app.decisions.feel.values import KINDS, kind

Kinds: TypeAlias = frozenset[str] | None
"""Names of FEEL's types; None where any is possible."""


def kinds_of(node: Node, hosted: Container[str] = ()) -> Kinds:
    """The types that the values of `node` may have, by FEEL's names; None where data decide.

    `hosted`: the names of the host's functions, about which nothing is known.
    """
    match node:
        case syntax.Literal(value):
            return frozenset({kind(value)})
        case syntax.Grouped(inner):
            return kinds_of(inner, hosted)
        case syntax.If(_, then, otherwise):
            return _either(kinds_of(then, hosted), kinds_of(otherwise, hosted))
        case syntax.Arithmetic():
            return _of_arithmetic(node, hosted)
        case syntax.Call(syntax.Name(name), _, _) if name in BUILTINS and name not in hosted:
            return _of_builtin(name)
    return _BY_NODE.get(type(node))


def _either(one: Kinds, other: Kinds) -> Kinds:
    return None if one is None or other is None else one | other


def _of_arithmetic(node: syntax.Arithmetic, hosted: Container[str]) -> Kinds:
    operands = [kinds_of(x, hosted) for x in (node.first, *(operand for _, operand in node.rest))]
    for simple in (_NUMBER, _STRING):
        if all(operand == simple for operand in operands):
            return simple
    return _CALCULATED


@cache
def _of_builtin(name: str) -> Kinds:
    """What a built-in function gives, as its implementation declares it."""
    found: Kinds = frozenset()
    for form in BUILTINS[name].forms:
        found = _either(found, _declared(get_type_hints(form.call)["return"]))
    return found


def _declared(hint: Any) -> Kinds:
    if isinstance(hint, UnionType):
        found: Kinds = frozenset()
        for part in get_args(hint):
            found = _either(found, frozenset() if part is type(None) else _declared(part))
        return found
    name = KINDS.get(get_origin(hint) or hint)
    return None if name is None else frozenset({name})


def _named(*classes: type) -> frozenset[str]:
    return frozenset(KINDS[cls] for cls in classes)


_NUMBER, _STRING, _BOOLEAN = _named(Decimal), _named(str), _named(bool)
_CALCULATED = _named(Decimal, str, date, time, datetime, timedelta) | {"years and months duration"}
"""What `+`, `-`, `*`, `/` and `**` can give."""

_BY_NODE: dict[type[Node], Kinds] = {
    syntax.Negation: _CALCULATED - _STRING,
    syntax.Logic: _BOOLEAN,
    syntax.Comparison: _BOOLEAN,
    syntax.Between: _BOOLEAN,
    syntax.In: _BOOLEAN,
    syntax.InstanceOf: _BOOLEAN,
    syntax.Quantified: _BOOLEAN,
    syntax.For: _named(list),
    syntax.ListLiteral: _named(list),
    syntax.ContextLiteral: _named(dict),
    syntax.RangeLiteral: frozenset({"range"}),
    syntax.UnaryRange: frozenset({"range"}),
    syntax.FunctionDefinition: frozenset({"function"}),
}
"""The types that follow from the form of an expression alone."""

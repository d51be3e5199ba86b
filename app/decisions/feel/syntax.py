"""The syntax tree of FEEL. Nodes carry what the compiler needs and where they stand."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, fields

from app.decisions.feel.values import Value


@dataclass(frozen=True, slots=True)
class Position:
    """Where a node begins; both count from 1."""

    line: int = 1
    column: int = 1


@dataclass(slots=True)
class Node:
    """Any node."""

    at: Position = field(default_factory=Position, kw_only=True)


@dataclass(slots=True)
class Literal(Node):
    """A constant value."""

    value: Value


@dataclass(slots=True)
class Name(Node):
    """A name to be looked up."""

    name: str


@dataclass(slots=True)
class TestedValue(Node):
    """`?`, the value a unary test is about."""


@dataclass(slots=True)
class Negation(Node):
    """`-x`."""

    operand: Node


@dataclass(slots=True)
class Arithmetic(Node):
    """A chain of operators of one precedence, from left to right."""

    first: Node
    rest: list[tuple[str, Node]]


@dataclass(slots=True)
class Grouped(Node):
    """Arithmetic in parentheses, kept apart so that a chain outside does not absorb it."""

    inner: Node


@dataclass(slots=True)
class Logic(Node):
    """`and` or `or` over two or more operands."""

    operator: str
    operands: list[Node]


@dataclass(slots=True)
class Comparison(Node):
    """`=`, `!=`, `<`, `<=`, `>`, `>=`."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Between(Node):
    """`x between a and b`, both ends included."""

    operand: Node
    low: Node
    high: Node


@dataclass(slots=True)
class Test(Node):
    """One unary test: an operator with an end point, or (operator None) an expression."""

    operator: str | None
    operand: Node


@dataclass(slots=True)
class Tests(Node):
    """Unary tests of a table cell: any of them, or none of them, or (empty) anything."""

    tests: list[Test]
    negated: bool = False
    anything: bool = False


@dataclass(slots=True)
class In(Node):
    """`x in tests`."""

    operand: Node
    tests: list[Test]


@dataclass(slots=True)
class TypeRef(Node):
    """A type as written: name, type arguments (for context: by field) and result of functions."""

    name: str
    arguments: list["TypeRef"] = field(default_factory=list)
    fields: dict[str, "TypeRef"] | None = None
    result: "TypeRef | None" = None


@dataclass(slots=True)
class InstanceOf(Node):
    """`x instance of type`."""

    operand: Node
    type: TypeRef


@dataclass(slots=True)
class If(Node):
    """`if a then b else c`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Iterator(Node):
    """`name in source`, or `name in low..high` when `high` is given."""

    name: str
    source: Node
    high: Node | None = None


@dataclass(slots=True)
class For(Node):
    """`for … return body`."""

    iterators: list[Iterator]
    body: Node


@dataclass(slots=True)
class Quantified(Node):
    """`some … satisfies` or `every … satisfies`."""

    kind: str
    iterators: list[Iterator]
    condition: Node


@dataclass(slots=True)
class Parameter(Node):
    """A parameter of a defined function."""

    name: str
    type: TypeRef | None = None


@dataclass(slots=True)
class FunctionDefinition(Node):
    """`function(a, b) body`."""

    parameters: list[Parameter]
    body: Node


@dataclass(slots=True)
class Call(Node):
    """An invocation with positional or named arguments."""

    function: Node
    arguments: list[Node]
    named: dict[str, Node] | None = None


@dataclass(slots=True)
class Path(Node):
    """`x.name`."""

    operand: Node
    name: str


@dataclass(slots=True)
class Filter(Node):
    """`x[condition or index]`."""

    operand: Node
    condition: Node


@dataclass(slots=True)
class ListLiteral(Node):
    """`[a, b]`."""

    items: list[Node]


@dataclass(slots=True)
class ContextLiteral(Node):
    """`{a: 1, b: a + 1}`."""

    entries: list[tuple[str, Node]]


@dataclass(slots=True)
class RangeLiteral(Node):
    """`[a..b]`, `(a..b)`, `]a..b[`."""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


@dataclass(slots=True)
class UnaryRange(Node):
    """`(< 10)` as a range value."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Boxed(Node):
    """An expression that is not FEEL text, as a decision table; `build` compiles it."""

    build: Callable[..., Value]


def mentions_tested_value(node: Node) -> bool:
    """Whether `?` occurs in `node`, other than under an `in` of its own."""
    return any(isinstance(inner, TestedValue) for inner in _within(node, into_tests=False))


def mentions(node: Node, name: str) -> bool:
    """Whether the name occurs in `node`; boxed expressions may hide it and count as a yes."""
    return any(
        isinstance(inner, Boxed) or (isinstance(inner, Name) and inner.name == name)
        for inner in _within(node, into_tests=True)
    )


def _within(node: Node, *, into_tests: bool) -> Generator[Node, None, None]:
    pending: list[object] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, In) and not into_tests:
            pending.append(current.operand)
        elif isinstance(current, Node):
            yield current
            pending.extend(getattr(current, f.name) for f in fields(current))
        elif isinstance(current, list | tuple):
            pending.extend(current)
        elif isinstance(current, dict):
            pending.extend(current.values())

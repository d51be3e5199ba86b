"""From tokens to the syntax tree, by lark's LALR(1) parser."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, DecimalException
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.lexer import Lexer

from app.core.phrase import Phrase
from app.decisions.feel import syntax
from app.decisions.feel.errors import FeelError
from app.decisions.feel.grammar import GRAMMAR
from app.decisions.feel.lexer import tokens
from app.decisions.feel.limits import MAX_TEXT
from app.decisions.feel.syntax import Node, Position
from app.decisions.feel.temporal import at_literal
from app.decisions.feel.values import NUMBERS


def parse_expression(text: str, known_names: Iterable[str] = ()) -> Node:
    """The tree of an expression; raises FeelError with line and column."""
    if _PLAIN_STRING.fullmatch(text):
        return syntax.Literal(text[1:-1])
    tree = _parse(text, known_names, "expression_only")
    assert isinstance(tree, Node)
    return tree


def parse_unary_tests(text: str, known_names: Iterable[str] = ()) -> syntax.Tests:
    """The tree of the unary tests of a table cell; an empty cell tests nothing."""
    if not text.strip():
        return syntax.Tests([], anything=True)
    if _PLAIN_STRINGS.fullmatch(text):
        literals = [syntax.Literal(body) for body in _PLAIN_BODY.findall(text)]
        return syntax.Tests([syntax.Test(None, literal) for literal in literals])
    tree = _parse(text, known_names, "unary_only")
    assert isinstance(tree, syntax.Tests)
    return tree


# Most cells of a catalogue are nothing but strings; they need no parser.
_PLAIN_STRING = re.compile(r'"[^"\\]*"')
_PLAIN_STRINGS = re.compile(r'"[^"\\]*"(?:\s*,\s*"[^"\\]*")*')
_PLAIN_BODY = re.compile(r'"([^"\\]*)"')


def _parse(text: str, known_names: Iterable[str], start: str) -> object:
    if len(text) > MAX_TEXT:
        raise FeelError(
            Phrase(
                f"表达式超过 {MAX_TEXT} 个字符，请拆成几个。",
                f"The expression is longer than {MAX_TEXT} characters: split it.",
            )
        )
    unary = start == "unary_only"
    stream = tokens(text, known_names, unary=unary)
    if not stream:
        raise FeelError(
            Phrase("表达式是空的，请填写。", "The expression is empty: write one."), 1, 1
        )
    try:
        return _parse_tokens(stream, start)
    except FeelError:
        if not (unary and stream[0].type == "_NOT"):
            raise
    # `not(a) and b` in a cell: not a negation of all tests but an expression that begins so
    stream[0] = Token.new_borrow_pos("NAME", "not", stream[0])
    return _parse_tokens(stream, start)


def _parse_tokens(stream: list[Token], start: str) -> object:
    try:
        return _parser().parse(stream, start=start)
    except UnexpectedInput as error:
        raise _refusal(getattr(error, "token", None), stream[-1]) from None


def _refusal(token: Token | None, last: Token) -> FeelError:
    if token is None or token.type == "$END":
        return FeelError(
            Phrase("表达式在这里没有写完，请补全。", "The expression ends too early: complete it."),
            last.line,
            (last.column or 0) + len(last),
        )
    return FeelError(
        Phrase(
            f"这里不应出现“{token}”，请检查前后的写法。",
            f"“{token}” does not belong here: check what stands before and after it.",
        ),
        token.line,
        token.column,
    )


class _Tokens(Lexer):
    """Hands lark the tokens that our own lexer has made."""

    def __init__(self, _configuration: object) -> None:
        pass

    def lex(self, stream: Any) -> Iterator[Token]:  # type: ignore[override] # lark's simple form
        yield from stream


@cache
def _parser() -> Lark:
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer=_Tokens,
        start=["expression_only", "unary_only"],
        transformer=_Builder(),
        maybe_placeholders=True,
    )


def _at(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1)


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """One method per alternative of the grammar, named after it."""

    def expression_only(self, node: Node) -> Node:
        return node

    def any_value(self, _minus: Token) -> syntax.Tests:
        return syntax.Tests([], anything=True)

    def none_of(self, _left: Token, tests: list[syntax.Test], _right: Token) -> syntax.Tests:
        return syntax.Tests(tests, negated=True)

    def any_of(self, tests: list[syntax.Test]) -> syntax.Tests:
        return syntax.Tests(tests)

    def tests(self, *tests: syntax.Test) -> list[syntax.Test]:
        return list(tests)

    def value_test(self, operand: Node) -> syntax.Test:
        return syntax.Test(None, operand, at=operand.at)

    def operator_test(self, operator: str, operand: Node) -> syntax.Test:
        return syntax.Test(operator, operand, at=operand.at)

    def any_true(self, *operands: Node) -> Node:
        return syntax.Logic("or", list(operands), at=operands[0].at)

    def all_true(self, *operands: Node) -> Node:
        return syntax.Logic("and", list(operands), at=operands[0].at)

    def compared(self, left: Node, operator: str, right: Node) -> Node:
        return syntax.Comparison(operator, left, right, at=left.at)

    def between(self, operand: Node, low: Node, high: Node) -> Node:
        return syntax.Between(operand, low, high, at=operand.at)

    def within(self, operand: Node, tests: list[syntax.Test]) -> Node:
        return syntax.In(operand, tests, at=operand.at)

    def instance_of(self, operand: Node, type_ref: syntax.TypeRef) -> Node:
        return syntax.InstanceOf(operand, type_ref, at=operand.at)

    def compare(self, token: Token) -> str:
        return str(token)

    def one_value(self, operand: Node) -> list[syntax.Test]:
        return [syntax.Test(None, operand, at=operand.at)]

    def one_operator(self, operator: str, operand: Node) -> list[syntax.Test]:
        return [syntax.Test(operator, operand, at=operand.at)]

    def several(self, *parts: Any) -> list[syntax.Test]:
        return [part for part in parts if isinstance(part, syntax.Test)]

    def test(self, test: syntax.Test) -> syntax.Test:
        return test

    def arithmetic(self, left: Node, operator: Token, right: Node) -> Node:
        same_level = isinstance(left, syntax.Arithmetic) and (
            (left.rest[0][0] in "+-") == (str(operator) in "+-")
            and (left.rest[0][0] == "**") == (operator == "**")
        )
        if same_level:
            assert isinstance(left, syntax.Arithmetic)
            left.rest.append((str(operator), right))
            return left
        return syntax.Arithmetic(left, [(str(operator), right)], at=left.at)

    def negation(self, minus: Token, operand: Node) -> Node:
        if isinstance(operand, syntax.Literal) and type(operand.value) is Decimal:
            return syntax.Literal(-operand.value, at=_at(minus))
        return syntax.Negation(operand, at=_at(minus))

    def path(self, operand: Node, name: Token) -> Node:
        return syntax.Path(operand, str(name), at=operand.at)

    def filter(self, operand: Node, _left: Token, condition: Node, _right: Token) -> Node:
        return syntax.Filter(operand, condition, at=operand.at)

    def call_nothing(self, function: Node, _left: Token, _right: Token) -> Node:
        return syntax.Call(function, [], at=function.at)

    def call_positional(
        self, function: Node, _left: Token, arguments: list[Node], _right: Token
    ) -> Node:
        return syntax.Call(function, arguments, at=function.at)

    def call_named(self, function: Node, _left: Token, *parts: Any) -> Node:
        return syntax.Call(function, [], dict(parts[:-1]), at=function.at)

    def arguments(self, *nodes: Node) -> list[Node]:
        return list(nodes)

    def named(self, key: Token, node: Node) -> tuple[str, Node]:
        return str(key), node

    def number(self, token: Token) -> Node:
        try:
            return syntax.Literal(NUMBERS.create_decimal(str(token)), at=_at(token))
        except DecimalException:
            raise FeelError(
                Phrase("这个数太大，无法表示。", "This number is too large to be represented."),
                token.line,
                token.column,
            ) from None

    def string(self, token: Token) -> Node:
        return syntax.Literal(str(token), at=_at(token))

    def true(self, token: Token) -> Node:
        return syntax.Literal(True, at=_at(token))

    def false(self, token: Token) -> Node:
        return syntax.Literal(False, at=_at(token))

    def null(self, token: Token) -> Node:
        return syntax.Literal(None, at=_at(token))

    def tested_value(self, token: Token) -> Node:
        return syntax.TestedValue(at=_at(token))

    def at_literal(self, token: Token) -> Node:
        value = at_literal(str(token))
        if value is None:  # null by an error: what reads the text at run time says so
            return syntax.Call(syntax.Name("date"), [syntax.Literal(str(token))], at=_at(token))
        return syntax.Literal(value, at=_at(token))

    def name(self, token: Token) -> Node:
        return syntax.Name(str(token), at=_at(token))

    def grouped(self, _left: Token, node: Node, _right: Token) -> Node:
        return syntax.Grouped(node, at=node.at) if isinstance(node, syntax.Arithmetic) else node

    def unary_range(self, _left: Token, operator: str, operand: Node, _right: Token) -> Node:
        return syntax.UnaryRange(operator, operand, at=operand.at)

    def range_literal(self, left: Token, low: Node, high: Node, right: Token) -> Node:
        return syntax.RangeLiteral(
            low, high, left.type == "LSQB", right.type == "RSQB", at=_at(left)
        )

    def empty_list(self, left: Token, _right: Token) -> Node:
        return syntax.ListLiteral([], at=_at(left))

    def list_literal(self, left: Token, *parts: Any) -> Node:
        return syntax.ListLiteral(list(parts[:-1]), at=_at(left))

    def empty_context(self) -> Node:
        return syntax.ContextLiteral([])

    def context(self, *entries: tuple[str, Node]) -> Node:
        return syntax.ContextLiteral(list(entries), at=entries[0][1].at)

    def entry(self, key: Token, node: Node) -> tuple[str, Node]:
        return str(key), node

    def if_expression(self, condition: Node, then: Node, otherwise: Node) -> Node:
        return syntax.If(condition, then, otherwise, at=condition.at)

    def for_expression(self, iterators: list[syntax.Iterator], body: Node) -> Node:
        return syntax.For(iterators, body, at=iterators[0].at)

    def quantified(self, kind: Token, iterators: list[syntax.Iterator], body: Node) -> Node:
        return syntax.Quantified(kind.type.lower(), iterators, body, at=_at(kind))

    def iterators(self, *iterators: syntax.Iterator) -> list[syntax.Iterator]:
        return list(iterators)

    def iterator(self, key: Token, source: Node) -> syntax.Iterator:
        return syntax.Iterator(str(key), source, at=_at(key))

    def counted_iterator(self, key: Token, low: Node, high: Node) -> syntax.Iterator:
        return syntax.Iterator(str(key), low, high, at=_at(key))

    def function(self, left: Token, *parts: Any) -> Node:
        *head, body = parts
        for part in head:
            if isinstance(part, Token) and part.type == "EXTERNAL":
                raise FeelError(
                    Phrase(
                        "不支持外部函数（Java、PMML），请改用 FEEL 写。",
                        "External functions (Java, PMML) are not executed: write it in FEEL.",
                    ),
                    part.line,
                    part.column,
                )
        parameters = [part for part in head if isinstance(part, syntax.Parameter)]
        return syntax.FunctionDefinition(parameters, body, at=_at(left))

    def parameter(self, key: Token, type_ref: syntax.TypeRef | None = None) -> syntax.Parameter:
        return syntax.Parameter(str(key), type_ref, at=_at(key))

    def plain_type(self, token: Token) -> syntax.TypeRef:
        return syntax.TypeRef("Null" if token.type == "NULL" else str(token), at=_at(token))

    def generic_type(self, token: Token, *parts: Any) -> syntax.TypeRef:
        arguments = [part for part in parts if isinstance(part, syntax.TypeRef)]
        return syntax.TypeRef(str(token), arguments, at=_at(token))

    def context_type(self, token: Token, *parts: Any) -> syntax.TypeRef:
        fields: dict[str, syntax.TypeRef] = dict(p for p in parts if isinstance(p, tuple))
        return syntax.TypeRef(str(token), fields=fields, at=_at(token))

    def field(self, key: Token, type_ref: syntax.TypeRef) -> tuple[str, syntax.TypeRef]:
        return str(key), type_ref

    def plain_function_type(self) -> syntax.TypeRef:
        return syntax.TypeRef("function")

    def function_type(self, *parts: Any) -> syntax.TypeRef:
        types = [part for part in parts if isinstance(part, syntax.TypeRef)]
        return syntax.TypeRef("function", types[:-1], result=types[-1])

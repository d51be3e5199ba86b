"""Boxed expressions of DMN as syntax trees, so that one compiler serves texts and boxes."""

from collections.abc import Callable, Iterable, Mapping

from app.core.phrase import Phrase
from app.decisions import xml
from app.decisions.errors import DecisionError, Problem
from app.decisions.feel import syntax
from app.decisions.feel.compiler import Compiler, Lexical
from app.decisions.feel.errors import FeelError, FeelNull
from app.decisions.feel.lexer import normal_name
from app.decisions.feel.parser import parse_expression, parse_unary_tests
from app.decisions.feel.run import Code, Run
from app.decisions.feel.syntax import Node
from app.decisions.feel.values import Function, Value, kind
from app.decisions.item_types import MISFIT, ItemType
from app.decisions.tables import (
    Aggregation,
    DecisionTable,
    HitPolicy,
    InputColumn,
    OutputColumn,
    Row,
    compile_table,
)
from app.decisions.xml import Element

RESULT = "\N{WHITE RIGHT-POINTING SMALL TRIANGLE}result"
"""The name of a boxed context's result entry; no text can write it."""

EXPRESSIONS = (
    "literalExpression",
    "decisionTable",
    "context",
    "invocation",
    "list",
    "relation",
    "functionDefinition",
    "conditional",
    "for",
    "some",
    "every",
    "filter",
)
"""The elements that are expressions."""


class BoxReader:
    """Reads the expressions of one model and collects what is wrong with them."""

    def __init__(
        self, known_names: Iterable[str], type_of: Callable[[str | None], ItemType | None]
    ) -> None:
        self._known = frozenset(known_names)
        self._type_of = type_of
        self._readers: Mapping[str, Callable[[Element], Node]] = {
            "literalExpression": self._literal,
            "context": self._context,
            "invocation": self._invocation,
            "list": self._list,
            "relation": self._relation,
            "functionDefinition": self.function,
            "conditional": self._conditional,
            "for": self._for,
            "some": self._quantified,
            "every": self._quantified,
            "filter": self._filter,
        }
        self.problems: list[Problem] = []
        self.tables: list[DecisionTable] = []
        """The decision tables as they were read, for whoever looks at more than their answers."""

    def expression(self, parent: Element, owner: tuple[str, str]) -> Node:
        """The expression inside `parent`; `owner` is id and name of the decision it belongs to.

        A decision without any is null by an error each time it is asked for.
        """
        element = xml.child(parent, *EXPRESSIONS)
        if element is None:
            return failing(
                FeelError(
                    Phrase(
                        f"决策“{owner[1]}”没有内容，请填写决策表或表达式。",
                        f"The decision “{owner[1]}” has no logic: give it a table or an"
                        " expression.",
                    )
                )
            )
        return self.read(element, owner)

    def read(self, element: Element, owner: tuple[str, str] = ("", "")) -> Node:
        """The tree of one expression element."""
        name = xml.local(element)
        if name == "decisionTable":
            return self._table(element, owner)
        node = self._readers[name](element)
        return typed(node, self._type_of(element.get("typeRef")))

    def parse(
        self, text: str, where: Element, row: int | None = None, column: int | None = None
    ) -> Node:
        """The tree of a FEEL text; null and a problem where it is not FEEL."""
        try:
            return parse_expression(text, self._known)
        except FeelError as error:
            self._object(error, where, text, row, column)
            return failing(error)

    def tests(self, text: str, where: Element, row: int = 0, column: int = 0) -> syntax.Tests:
        """The unary tests of a cell; nothing matches, and a problem, where they are not FEEL."""
        try:
            return parse_unary_tests(text, self._known)
        except FeelError as error:
            self._object(error, where, text, row or None, column or None)
            return syntax.Tests([syntax.Test(None, failing(error))])

    def _object(
        self,
        error: FeelError,
        where: Element,
        text: str,
        row: int | None = None,
        column: int | None = None,
    ) -> None:
        self.problems.append(Problem(error.phrase, _id_near(where), row, column, text))

    # --- boxes -------------------------------------------------------------------------------

    def _literal(self, element: Element) -> Node:
        text = xml.text(element)
        language = element.get("expressionLanguage", "")
        if language and "FEEL" not in language and not language.lower().endswith("feel"):
            return self._foreign(element, language)
        return self.parse(text, element) if text.strip() else syntax.Literal(None)

    def _foreign(self, element: Element, language: str) -> Node:
        error = FeelError(
            Phrase(
                f"表达式语言是“{language}”，只支持 FEEL，请改写。",
                f"The expression language is “{language}”: only FEEL is executed, rewrite it.",
            )
        )
        self._object(error, element, "")
        return failing(error)

    def _inner(self, element: Element | None) -> Node:
        inner = None if element is None else xml.child(element, *EXPRESSIONS)
        return syntax.Literal(None) if inner is None else self.read(inner)

    def _context(self, element: Element) -> Node:
        entries: list[tuple[str, Node]] = []
        result = False
        for entry in xml.children(element, "contextEntry"):
            variable = xml.child(entry, "variable")
            value = self._inner(entry)
            if variable is None:
                entries.append((RESULT, value))
                result = True
            else:
                declared = self._type_of(variable.get("typeRef"))
                entries.append((normal_name(variable.get("name", "")), typed(value, declared)))
        context = syntax.ContextLiteral(entries)
        return syntax.Path(context, RESULT) if result else context

    def _invocation(self, element: Element) -> Node:
        function = self._inner(element)
        named: dict[str, Node] = {}
        for binding in xml.children(element, "binding"):
            parameter = xml.child(binding, "parameter")
            if parameter is not None:
                declared = self._type_of(parameter.get("typeRef"))
                name = normal_name(parameter.get("name", ""))
                named[name] = typed(self._inner(binding), declared)
        return syntax.Call(function, [], named)

    def _list(self, element: Element) -> Node:
        return syntax.ListLiteral([self.read(item) for item in xml.children(element, *EXPRESSIONS)])

    def _relation(self, element: Element) -> Node:
        names = [normal_name(c.get("name", "")) for c in xml.children(element, "column")]
        rows: list[Node] = []
        for row in xml.children(element, "row"):
            cells = [self.read(cell) for cell in xml.children(row, *EXPRESSIONS)]
            rows.append(syntax.ContextLiteral(list(zip(names, cells, strict=False))))
        return syntax.ListLiteral(rows)

    def function(self, element: Element) -> Node:
        """A function definition, boxed or of a business knowledge model."""
        parameters = [
            (normal_name(p.get("name", "")), self._type_of(p.get("typeRef")))
            for p in xml.children(element, "formalParameter")
        ]
        if element.get("kind", "FEEL") != "FEEL":
            error = FeelError(
                Phrase(
                    "不支持外部函数（Java、PMML），请改用 FEEL 写。",
                    "External functions (Java, PMML) are not executed: write it in FEEL.",
                )
            )
            self._object(error, element, "")
            return failing(error)
        definition = syntax.FunctionDefinition(
            [syntax.Parameter(name) for name, _ in parameters], self._inner(element)
        )
        if all(wanted is None for _, wanted in parameters):
            return definition
        return _checking_parameters(definition, [wanted for _, wanted in parameters])

    def _conditional(self, element: Element) -> Node:
        return syntax.If(
            self._inner(xml.child(element, "if")),
            self._inner(xml.child(element, "then")),
            self._inner(xml.child(element, "else")),
        )

    def _iterator(self, element: Element) -> list[syntax.Iterator]:
        name = normal_name(element.get("iteratorVariable", ""))
        return [syntax.Iterator(name, self._inner(xml.child(element, "in")))]

    def _for(self, element: Element) -> Node:
        return syntax.For(self._iterator(element), self._inner(xml.child(element, "return")))

    def _quantified(self, element: Element) -> Node:
        condition = self._inner(xml.child(element, "satisfies"))
        return syntax.Quantified(xml.local(element), self._iterator(element), condition)

    def _filter(self, element: Element) -> Node:
        return syntax.Filter(
            self._inner(xml.child(element, "in")), self._inner(xml.child(element, "match"))
        )

    # --- tables ------------------------------------------------------------------------------

    def _table(self, element: Element, owner: tuple[str, str]) -> Node:
        inputs = [
            self._input(column, number)
            for number, column in enumerate(xml.children(element, "input"), 1)
        ]
        outputs = [self._output(column) for column in xml.children(element, "output")]
        notes = [note.get("name", "") for note in xml.children(element, "annotation")]
        rows = [
            self._row(rule, number, (len(inputs), len(outputs)), notes)
            for number, rule in enumerate(xml.children(element, "rule"), 1)
        ]
        aggregation = element.get("aggregation")
        table = DecisionTable(
            *owner,
            HitPolicy(element.get("hitPolicy", "UNIQUE")),
            None if aggregation is None else Aggregation(aggregation),
            inputs,
            outputs,
            rows,
        )
        self.tables.append(table)

        def build(compiler: Compiler, lexical: Lexical | None) -> Code:
            return compile_table(table, compiler, lexical)

        declared = self._type_of(element.get("typeRef"))
        return typed(syntax.Boxed(build), declared if len(outputs) > 1 else None)

    def _input(self, element: Element, number: int) -> InputColumn:
        expression = xml.child(element, "inputExpression")
        text = xml.text(expression).strip()
        node: Node = syntax.Literal(None)
        declared = None
        if expression is not None and text:
            node = self.parse(text, expression)
            declared = self._type_of(expression.get("typeRef"))
        values = xml.text(xml.child(element, "inputValues")).strip()
        allowed = self.tests(values, element, column=number) if values else None
        return InputColumn(element.get("label") or text or f"#{number}", node, declared, allowed)

    def _output(self, element: Element) -> OutputColumn:
        values = xml.text(xml.child(element, "outputValues")).strip()
        allowed = self.tests(values, element) if values else None
        ordered = [] if allowed is None else [test.operand for test in allowed.tests]
        default = xml.child(element, "defaultOutputEntry")
        default_text = xml.text(default).strip()
        return OutputColumn(
            normal_name(element.get("name", "")),
            self._type_of(element.get("typeRef")),
            ordered,
            allowed,
            self.parse(default_text, element) if default_text else None,
        )

    def _row(self, rule: Element, number: int, columns: tuple[int, int], notes: list[str]) -> Row:
        cells = list(xml.children(rule, "inputEntry"))
        results = list(xml.children(rule, "outputEntry"))
        if (len(cells), len(results)) != columns:
            raise DecisionError(
                Phrase(
                    f"第 {number} 行的格子数与表头不一致，请补齐或删除多余的格子。",
                    f"Row {number} has another number of cells than the table has columns:"
                    " fill it up or delete what is too much.",
                )
            )
        tests = [
            self.tests(xml.text(cell).strip(), cell, number, column)
            for column, cell in enumerate(cells, 1)
        ]
        outputs = [
            self._cell(cell, number, column) for column, cell in enumerate(results, len(cells) + 1)
        ]
        annotations = {
            notes[i] if i < len(notes) else f"annotation {i + 1}": xml.text(entry).strip()
            for i, entry in enumerate(xml.children(rule, "annotationEntry"))
        }
        description = xml.content(rule, "description")
        if description:
            annotations["description"] = description
        return Row(rule.get("id", f"row_{number}"), tests, outputs, annotations)

    def _cell(self, where: Element, row: int, column: int) -> Node:
        text = xml.text(where).strip()
        return (
            self.parse(text, where, row, column) if text and text != "-" else syntax.Literal(None)
        )


def _id_near(element: Element) -> str:
    current: Element | None = element
    while current is not None:
        if current.get("id"):
            return str(current.get("id"))
        current = current.getparent()
    return ""


def failing(error: FeelError) -> Node:
    """A node that is null because of `error` each time it is evaluated."""

    def build(_compiler: Compiler, _lexical: Lexical | None) -> Code:
        return lambda run: run.null(error.phrase)

    return syntax.Boxed(build)


def typed(node: Node, wanted: ItemType | None) -> Node:
    """`node`, its value converted to the declared type; null where it does not belong to it."""
    if wanted is None or (wanted.base_kind() == "Any" and wanted.allowed is None):
        return node

    def build(compiler: Compiler, lexical: Lexical | None) -> Code:
        return converted(compiler.compile(node, lexical), wanted)

    return syntax.Boxed(build)


def converted(code: Code, wanted: ItemType) -> Code:
    """`code` with its value converted to `wanted`; null and a notice where it does not fit."""

    def convert(run: Run) -> Value:
        return fitted(run, code(run), wanted)

    return convert


def fitted(run: Run, value: Value, wanted: ItemType) -> Value:
    """`value` converted to `wanted`; null and a notice where it does not fit."""
    result = wanted.fit(value)
    if result is not MISFIT:
        return result
    phrase = Phrase(
        f"值的类型是“{kind(value)}”，与声明的“{wanted.name}”不符。",
        f"A value of type {kind(value)} does not belong to the declared type “{wanted.name}”.",
    )
    if run.strict:
        raise DecisionError(phrase)
    return run.null(phrase)


def argument_of(value: Value, wanted: ItemType) -> Value:
    """`value` converted to the type of a parameter; raises FeelNull where it does not fit."""
    result = wanted.fit(value)
    if result is MISFIT:
        raise FeelNull(
            f"参数的类型是“{kind(value)}”，与声明的“{wanted.name}”不符。",
            f"An argument of type {kind(value)} does not belong to the declared type"
            f" “{wanted.name}”.",
        )
    return result


def _checking_parameters(node: Node, wanted: list[ItemType | None]) -> Node:
    def build(compiler: Compiler, lexical: Lexical | None) -> Code:
        define = compiler.compile(node, lexical)

        def checked(run: Run) -> Function:
            inner: Function = define(run)

            def call(caller: Run, *arguments: Value) -> Value:
                checked_arguments = [
                    argument if kind_wanted is None else argument_of(argument, kind_wanted)
                    for argument, kind_wanted in zip(arguments, wanted, strict=True)
                ]
                return inner.call(caller, *checked_arguments)

            return Function(inner.name, inner.parameters, call)

        return checked

    return syntax.Boxed(build)

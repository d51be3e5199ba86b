"""From the syntax tree to closures: every node becomes one Python function of the run.

Names are resolved here: variables that the expression introduces get a slot, everything else is a
free name that is looked up in the scope. Inside a filter the entries of the item come first; that
is known only when the item is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from app.core.phrase import Phrase
from app.decisions.feel import comparing, iterating, syntax
from app.decisions.feel.arithmetic import negate
from app.decisions.feel.calling import (
    called,
    dynamic_call,
    function_from_scope,
    function_value,
    size_of,
)
from app.decisions.feel.closures import (
    all_of,
    any_of,
    arithmetic,
    both,
    constant,
    from_scope,
    in_items,
    local,
    not_boolean,
    tested_value,
)
from app.decisions.feel.errors import FeelError, FeelNull
from app.decisions.feel.functions import BUILTINS, Builtin
from app.decisions.feel.limits import CHARACTERS_A_STEP, MAX_DEPTH
from app.decisions.feel.paths import member
from app.decisions.feel.run import Code, Run
from app.decisions.feel.syntax import Node, Position
from app.decisions.feel.types import NamedTypes, type_test
from app.decisions.feel.values import (
    Function,
    Range,
    Spend,
    Value,
    equal,
    in_range,
    kind,
    less_equal,
    to_feel,
)


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function that the host declares: `call` receives FEEL values, in order."""

    parameters: tuple[str, ...]
    call: Callable[..., object]


@dataclass(slots=True)
class Findings:
    """What compiling learned: free names, called names that are not built in, slots needed."""

    names: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    slots: int = 0
    problems: list[FeelError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Lexical:
    """The names visible at a place: a local variable, or an item whose entries are visible."""

    outer: "Lexical | None"
    slot: int
    name: str | None  # None: the item of a filter

    @property
    def next_slot(self) -> int:
        """The first slot that is free inside."""
        return self.slot + 1


class Compiler:
    """Compiles the nodes of one expression.

    `names`: the free names that may be used, None to allow any. `functions`: the host's functions,
    None to leave them open until the evaluation. With `names`, unknown names and calls that cannot
    succeed are refused at once; `lenient` notes them as problems instead and lets them give null
    when they are evaluated, as the standard says.
    """

    def __init__(
        self,
        names: frozenset[str] | None = None,
        functions: Mapping[str, HostFunction] | None = None,
        *,
        lenient: bool = False,
        types: NamedTypes | None = None,
    ) -> None:
        self._lenient = lenient
        self._types = types
        self._names = names
        self._functions = functions
        self._depth = 0
        self.findings = Findings()

    def compile(self, node: Node, lexical: Lexical | None = None) -> Code:
        """The closure of `node`; raises FeelError for what can be refused before evaluation."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _refused(
                node.at,
                f"表达式嵌套超过 {MAX_DEPTH} 层，请拆分。",
                f"The expression is nested more than {MAX_DEPTH} levels deep: split it.",
            )
        code = self._BY_NODE[type(node)](self, node, lexical)
        self._depth -= 1
        return code

    # --- names -------------------------------------------------------------------------------

    def _name(self, node: syntax.Name, lexical: Lexical | None) -> Code:
        items: list[int] = []
        place = lexical
        while place is not None:
            if place.name == node.name:
                return in_items(items, node.name, local(place.slot))
            if place.name is None:
                items.append(place.slot)
            place = place.outer
        return in_items(items, node.name, self._free(node, in_filter=bool(items)))

    def _object(self, at: Position, zh: str, en: str) -> None:
        """Refuse what the standard would only let become null, or note it when lenient."""
        refusal = _refused(at, zh, en)
        if not self._lenient:
            raise refusal
        self.findings.problems.append(refusal)

    def _free(self, node: syntax.Name, *, in_filter: bool) -> Code:
        name = node.name
        if name.startswith("__"):
            raise _refused(
                node.at,
                f"名称不能以两个下划线开头：“{name}”。",
                f"Names do not begin with two underscores: “{name}”.",
            )
        if self._names is None or name in self._names:
            self.findings.names.add(name)
        elif name in BUILTINS:
            return constant(function_value(BUILTINS[name]))
        elif not in_filter:
            self._object(
                node.at,
                f"不认识名称“{name}”，请使用已声明的数据名称。",
                f"“{name}” is not known here: use one of the declared names.",
            )
        return from_scope(name, node.at)

    # --- operators ---------------------------------------------------------------------------

    def _literal(self, node: syntax.Literal, _lexical: Lexical | None) -> Code:
        return constant(node.value)

    def _tested_value(self, _node: syntax.TestedValue, _lexical: Lexical | None) -> Code:
        return tested_value

    def _grouped(self, node: syntax.Grouped, lexical: Lexical | None) -> Code:
        return self.compile(node.inner, lexical)

    def _negation(self, node: syntax.Negation, lexical: Lexical | None) -> Code:
        operand, at = self.compile(node.operand, lexical), node.at

        def negated(run: Run) -> Value:
            try:
                return negate(operand(run))
            except FeelNull as null:
                return run.null(null.phrase, at)

        return negated

    def _arithmetic(self, node: syntax.Arithmetic, lexical: Lexical | None) -> Code:
        code = self.compile(node.first, lexical)
        for operator, operand in node.rest:
            code = arithmetic(operator, code, self.compile(operand, lexical), node.at)
        if len(node.rest) > MAX_DEPTH:
            raise _refused(
                node.at,
                f"一个算式超过 {MAX_DEPTH} 项，请拆分。",
                f"A calculation has more than {MAX_DEPTH} terms: split it.",
            )
        return code

    def _logic(self, node: syntax.Logic, lexical: Lexical | None) -> Code:
        operands = [self.compile(operand, lexical) for operand in node.operands]
        return all_of(operands) if node.operator == "and" else any_of(operands)

    def _comparison(self, node: syntax.Comparison, lexical: Lexical | None) -> Code:
        left = self.compile(node.left, lexical)
        if isinstance(node.right, syntax.Literal):
            return comparing.with_constant(node.operator, left, node.right.value, node.at)
        return comparing.general(node.operator, left, self.compile(node.right, lexical), node.at)

    def _between(self, node: syntax.Between, lexical: Lexical | None) -> Code:
        operand = self.compile(node.operand, lexical)
        low, high = self.compile(node.low, lexical), self.compile(node.high, lexical)
        at = node.at

        def between(run: Run) -> Value:
            value = operand(run)
            truth = both(less_equal(low(run), value), less_equal(value, high(run)))
            return run.null(_UNDECIDED, at) if truth is None else truth

        return between

    def _in(self, node: syntax.In, lexical: Lexical | None) -> Code:
        operand = self.compile(node.operand, lexical)
        tests = any_of([self.test(test, lexical) for test in node.tests])
        at = node.at

        def within(run: Run) -> Value:
            value = operand(run)
            outer, run.input = run.input, value
            try:
                truth = tests(run)
            finally:
                run.input = outer
            return run.null(_UNDECIDED, at) if truth is None else truth

        return within

    def _instance_of(self, node: syntax.InstanceOf, lexical: Lexical | None) -> Code:
        operand, fits = self.compile(node.operand, lexical), type_test(node.type, self._types)

        def instance_of(run: Run) -> bool:
            return fits(operand(run))

        return instance_of

    def _if(self, node: syntax.If, lexical: Lexical | None) -> Code:
        condition = self.compile(node.condition, lexical)
        then = self.compile(node.then, lexical)
        otherwise = self.compile(node.otherwise, lexical)
        at = node.at

        def chosen(run: Run) -> Value:
            truth = condition(run)
            if truth is True:
                return then(run)
            if truth is not False and truth is not None:
                return run.null(not_boolean("if", truth), at)
            return otherwise(run)

        return chosen

    # --- unary tests -------------------------------------------------------------------------

    def tests(self, node: syntax.Tests, lexical: Lexical | None = None) -> Code:
        """The closure of the unary tests of a cell, about `run.input`."""
        if node.anything:
            return constant(True)
        code = any_of([self.test(test, lexical) for test in node.tests])
        if not node.negated:
            return code

        def none(run: Run) -> bool | None:
            truth = code(run)
            return None if truth is None else not truth

        return none

    def test(self, node: syntax.Test, lexical: Lexical | None) -> Code:
        """The closure of one unary test, about `run.input`."""
        if node.operator is not None:
            operand = node.operand
            if isinstance(operand, syntax.Literal):
                return comparing.with_constant(node.operator, tested_value, operand.value, node.at)
            code = self.compile(operand, lexical)
            return comparing.general(node.operator, tested_value, code, node.at)
        if isinstance(node.operand, syntax.Literal) and node.operand.value is not None:
            return comparing.with_constant("=", tested_value, node.operand.value, node.at)
        if isinstance(node.operand, syntax.RangeLiteral):
            quick = comparing.within_constants(node.operand)
            if quick is not None:
                return quick
        code = self.compile(node.operand, lexical)
        if syntax.mentions_tested_value(node.operand):
            return code

        def matches(run: Run) -> bool | None:
            return matching(run.input, code(run), run.spend)

        return matches

    # --- iterations --------------------------------------------------------------------------

    def _slot(self, lexical: Lexical | None, name: str | None) -> Lexical:
        slot = lexical.next_slot if lexical is not None else 0
        self.findings.slots = max(self.findings.slots, slot + 1)
        return Lexical(lexical, slot, name)

    def _iterators(
        self, iterators: list[syntax.Iterator], lexical: Lexical | None
    ) -> tuple[list[iterating.Source], Lexical | None]:
        sources = []
        for iterator in iterators:
            source = self.compile(iterator.source, lexical)
            high = self.compile(iterator.high, lexical) if iterator.high is not None else None
            lexical = self._slot(lexical, iterator.name)
            sources.append(iterating.Source(lexical.slot, source, high, iterator.at))
        return sources, lexical

    def _for(self, node: syntax.For, lexical: Lexical | None) -> Code:
        partial = self._slot(lexical, "partial")
        sources, inner = self._iterators(node.iterators, partial)
        reads_partial = syntax.mentions(node.body, "partial")
        body = self.compile(node.body, inner)
        return iterating.for_each(sources, body, partial.slot if reads_partial else None)

    def _quantified(self, node: syntax.Quantified, lexical: Lexical | None) -> Code:
        sources, inner = self._iterators(node.iterators, lexical)
        condition = self.compile(node.condition, inner)
        return iterating.quantified(node.kind == "some", sources, condition, node.at)

    def _filter(self, node: syntax.Filter, lexical: Lexical | None) -> Code:
        operand = self.compile(node.operand, lexical)
        named = self._slot(lexical, "item")
        item = self._slot(named, None)
        condition = self.compile(node.condition, item)
        return iterating.filtered(operand, condition, (named.slot, item.slot), node.at)

    # --- structures --------------------------------------------------------------------------

    def _list(self, node: syntax.ListLiteral, lexical: Lexical | None) -> Code:
        items = [self.compile(item, lexical) for item in node.items]
        return lambda run: [item(run) for item in items]

    def _context(self, node: syntax.ContextLiteral, lexical: Lexical | None) -> Code:
        entries: list[tuple[str, int, Code]] = []
        for name, value in node.entries:
            code = self.compile(value, lexical)
            if any(name == entry[0] for entry in entries):
                raise _refused(
                    value.at,
                    f"名称“{name}”写了两次。",
                    f"The name “{name}” is written twice.",
                )
            lexical = self._slot(lexical, name)
            entries.append((name, lexical.slot, code))

        def context(run: Run) -> dict[str, Value]:
            result: dict[str, Value] = {}
            for name, slot, code in entries:
                result[name] = run.locals[slot] = code(run)
            return result

        return context

    def _range(self, node: syntax.RangeLiteral, lexical: Lexical | None) -> Code:
        low, high = self.compile(node.low, lexical), self.compile(node.high, lexical)
        low_included, high_included, at = node.low_included, node.high_included, node.at

        def span(run: Run) -> Value:
            a, b = low(run), high(run)
            if (a is None and b is None) or (
                a is not None and b is not None and kind(a) != kind(b)
            ):
                return run.null(
                    Phrase(
                        "区间两端必须是同一类型的值。",
                        "Both ends of a range must be values of one type.",
                    ),
                    at,
                )
            return Range(a, b, low_included, high_included)

        return _folded(span, node.low, node.high)

    def _unary_range(self, node: syntax.UnaryRange, lexical: Lexical | None) -> Code:
        operand, operator = self.compile(node.operand, lexical), node.operator
        return lambda run: comparing.range_of(operator, operand(run))

    def _path(self, node: syntax.Path, lexical: Lexical | None) -> Code:
        operand, name, at = self.compile(node.operand, lexical), node.name, node.at
        if name.startswith("__"):
            raise _refused(
                at,
                f"名称不能以两个下划线开头：“{name}”。",
                f"Names do not begin with two underscores: “{name}”.",
            )

        def path(run: Run) -> Value:
            value = operand(run)
            if type(value) is dict and name in value:
                return value[name]
            try:
                return member(value, name, run.spend)
            except FeelNull as null:
                return run.null(null.phrase, at)

        return path

    # --- functions ---------------------------------------------------------------------------

    def _function(self, node: syntax.FunctionDefinition, lexical: Lexical | None) -> Code:
        kept = lexical.next_slot if lexical is not None else 0
        tests = [
            type_test(p.type, self._types) if p.type is not None else None for p in node.parameters
        ]
        names = tuple(parameter.name for parameter in node.parameters)
        inner = lexical
        for name in names:
            inner = self._slot(inner, name)
        body = self.compile(node.body, inner)
        findings = self.findings

        def define(run: Run) -> Function:
            captured, scope, size = run.locals[:kept], run.scope, findings.slots

            def call(caller: Run, *arguments: Value) -> Value:
                for test, argument in zip(tests, arguments, strict=True):
                    if test is not None and not test(argument) and argument is not None:
                        raise FeelNull(
                            "参数的类型与函数声明的不一致。",
                            "An argument is not of the type that the function declares.",
                        )
                frame = captured + list(arguments)
                frame += [None] * (size - len(frame))
                return called(caller, body, frame, scope)

            return Function("", names, call)

        return define

    def _call(self, node: syntax.Call, lexical: Lexical | None) -> Code:
        names = tuple(node.named) if node.named is not None else None
        nodes = list(node.named.values()) if node.named is not None else node.arguments
        function = node.function
        if isinstance(function, syntax.Name) and not self._is_local(function.name, lexical):
            name = function.name
            if self._functions is not None and name in self._functions:
                self.findings.functions.add(name)
                return self._host_call(name, self._functions[name], node, lexical)
            if name in BUILTINS:
                self._refuse_misfit(BUILTINS[name], node)
                return self._builtin_call(BUILTINS[name], names, nodes, node.at, lexical)
            self._declare_called(function)
        elif isinstance(function, syntax.Path):
            self._refuse_foreign_path(function, lexical)
        arguments = [self.compile(argument, lexical) for argument in nodes]
        return dynamic_call(self._callee(function, lexical), names, arguments, node.at)

    def _callee(self, function: Node, lexical: Lexical | None) -> Code:
        if isinstance(function, syntax.Name) and not self._is_local(function.name, lexical):
            return function_from_scope(function.name, function.at)
        return self.compile(function, lexical)

    def _is_local(self, name: str, lexical: Lexical | None) -> bool:
        while lexical is not None:
            if lexical.name == name:
                return True
            lexical = lexical.outer
        return False

    def _declare_called(self, function: syntax.Name) -> None:
        name = function.name
        known = self._names is not None and name in self._names
        if name.startswith("__") or (
            not known and (self._names is not None or self._functions is not None)
        ):
            self._object(
                function.at,
                f"没有名为“{name}”的函数。",
                f"There is no function named “{name}”.",
            )
        self.findings.functions.add(name)

    def _refuse_foreign_path(self, function: syntax.Path, lexical: Lexical | None) -> None:
        """Only functions that the expression or a declared name holds may be called by path."""
        root: Node = function
        while isinstance(root, syntax.Path | syntax.Filter):
            root = root.operand
        if isinstance(root, syntax.Literal) and self._functions is not None:
            self._object(
                function.at,
                "文字和数字没有函数：请用内置函数，例如 string length(x)。",
                "Texts and numbers have no functions: use a built-in one, such as "
                "string length(x).",
            )
        if (
            isinstance(root, syntax.Name)
            and not self._is_local(root.name, lexical)
            and not (self._names is not None and root.name in self._names)
        ):
            self._object(
                function.at,
                f"不能调用“{root.name}”里的函数：它没有声明。",
                f"No function of “{root.name}” can be called: it is not declared.",
            )

    def _refuse_misfit(self, function: Builtin, node: syntax.Call) -> None:
        if self._names is None:
            return
        if node.named is not None:
            fits = function.takes_names(list(node.named))
        else:
            fits = function.takes(len(node.arguments))
        if not fits:
            self._object(
                node.at,
                f"函数“{function.name}”的参数个数或名称不对。",
                f"The function “{function.name}” does not take these arguments.",
            )

    def _builtin_call(
        self,
        function: Builtin,
        names: tuple[str, ...] | None,
        nodes: list[Node],
        at: Position,
        lexical: Lexical | None,
    ) -> Code:
        arguments = [self.compile(argument, lexical) for argument in nodes]

        def call(run: Run) -> Value:
            values = [argument(run) for argument in arguments]
            run.spend(size_of(values))
            try:
                if names is None:
                    result = function.invoke(run, values)
                else:
                    result = function.invoke_named(run, names, values)
            except FeelNull as null:
                return run.null(null.phrase, at)
            if type(result) is str:
                run.spend(len(result) // CHARACTERS_A_STEP)
            return result

        return _folded(call, *nodes) if function.pure else call

    def _host_call(
        self, name: str, function: HostFunction, node: syntax.Call, lexical: Lexical | None
    ) -> Code:
        order = _host_arguments(name, function, node)
        arguments = [self.compile(argument, lexical) for argument in order]
        declared = function.call

        def call(run: Run) -> Value:
            values = [argument(run) for argument in arguments]
            target = declared
            if run.functions is not None:
                target = run.functions.get(name, declared)
            return to_feel(target(*values))

        return call

    def _boxed(self, node: syntax.Boxed, lexical: Lexical | None) -> Code:
        code: Code = node.build(self, lexical)
        return code

    _BY_NODE: ClassVar[Mapping[type[Node], Callable[..., Code]]] = {
        syntax.Literal: _literal,
        syntax.Name: _name,
        syntax.TestedValue: _tested_value,
        syntax.Grouped: _grouped,
        syntax.Negation: _negation,
        syntax.Arithmetic: _arithmetic,
        syntax.Logic: _logic,
        syntax.Comparison: _comparison,
        syntax.Between: _between,
        syntax.In: _in,
        syntax.InstanceOf: _instance_of,
        syntax.If: _if,
        syntax.For: _for,
        syntax.Quantified: _quantified,
        syntax.Filter: _filter,
        syntax.ListLiteral: _list,
        syntax.ContextLiteral: _context,
        syntax.RangeLiteral: _range,
        syntax.UnaryRange: _unary_range,
        syntax.Path: _path,
        syntax.FunctionDefinition: _function,
        syntax.Call: _call,
        syntax.Boxed: _boxed,
    }


def matching(value: Value, wanted: Value, spend: Spend) -> bool | None:
    """Whether `value` satisfies a test that evaluated to `wanted`: in it, or equal to it."""
    cls = type(wanted)
    if cls is Range:
        if wanted.operator == "=":
            return equal(value, wanted.low, spend)
        return in_range(value, wanted)
    if cls is list:
        spend(len(wanted) + 1)
        if type(value) is list and equal(value, wanted, spend):
            return True
        return any(
            equal(value, item, spend) if type(item) is list else matching(value, item, spend)
            for item in wanted
        )
    if cls is bool and type(value) is not bool:
        return bool(wanted) if value is not None else None
    return equal(value, wanted, spend)


def _host_arguments(name: str, function: HostFunction, node: syntax.Call) -> list[Node]:
    if node.named is None:
        given, fits = node.arguments, len(node.arguments) == len(function.parameters)
    else:
        fits = set(node.named) == set(function.parameters)
        given = [node.named[p] for p in function.parameters] if fits else []
    if fits:
        return given
    wanted = "、".join(function.parameters) or "无"
    raise _refused(
        node.at,
        f"函数“{name}”需要的参数是：{wanted}。",
        f"The function “{name}” takes these arguments: {', '.join(function.parameters) or 'none'}.",
    )


_UNDECIDED = Phrase(
    "这个值不能与后面的条件比较。", "This value cannot be compared with what follows."
)


def _folded(code: Code, *nodes: Node) -> Code:
    """The constant, when all operands are literals and the value has no error."""
    if not all(isinstance(node, syntax.Literal) for node in nodes):
        return code
    run = Run({}, 0, None, None)
    value = code(run)
    return code if value is None or run.diagnostics else _shared(value, code)


def _shared(value: Value, code: Code) -> Code:
    """Lists and contexts are made anew each time: what an evaluation returns is the caller's."""
    return code if isinstance(value, list | dict) else constant(value)


def _refused(at: Position, zh: str, en: str) -> FeelError:
    return FeelError(Phrase(zh, en), at.line, at.column)

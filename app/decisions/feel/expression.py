"""The door to FEEL: compile a text once, evaluate it as often as needed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from app.core.phrase import Phrase
from app.decisions.feel import builtins  # noqa: F401 - defines the built-in functions
from app.decisions.feel.compiler import Compiler, Findings, HostFunction
from app.decisions.feel.errors import Diagnostic, TooCostly
from app.decisions.feel.kinds import Kinds, kinds_of
from app.decisions.feel.parser import parse_expression, parse_unary_tests
from app.decisions.feel.run import Code, Run
from app.decisions.feel.values import to_feel, to_python

Functions = Mapping[str, Callable[..., object]]


def compile_expression(
    text: str,
    names: Iterable[str] | None = None,
    functions: Mapping[str, HostFunction] | None = None,
) -> "Expression":
    """The compiled expression of `text`.

    `names`: the names that may be used; None allows any. `functions`: the host's functions; where
    names or functions are given, a call of anything else is refused. Names of functions go before
    data of the same name. Raises FeelError with line and column.
    """
    allowed = None if names is None else frozenset(names)
    tree = parse_expression(text, allowed or ())
    compiler = Compiler(allowed, functions)
    code = compiler.compile(tree)
    return Expression(text, code, compiler.findings, kinds_of(tree, functions or ()))


def compile_unary_tests(
    text: str,
    names: Iterable[str] | None = None,
    functions: Mapping[str, HostFunction] | None = None,
) -> "UnaryTests":
    """The compiled unary tests of `text`, as they stand in a cell of a table (`-`: anything)."""
    allowed = None if names is None else frozenset(names)
    tree = parse_unary_tests(text, allowed or ())
    compiler = Compiler(allowed, functions)
    return UnaryTests(text, compiler.tests(tree), compiler.findings)


class Expression:
    """A compiled expression. Immutable; may be evaluated by many threads at once."""

    __slots__ = ("_code", "_slots", "functions", "kinds", "names", "text")

    def __init__(self, text: str, code: Code, findings: Findings, kinds: Kinds) -> None:
        self.text = text
        self.kinds = kinds
        """The types of FEEL that its values may have, null apart; None where data decide."""
        self.names = frozenset(findings.names)
        """The free names: what the scope must provide."""
        self.functions = frozenset(findings.functions)
        """The called functions that are not built in."""
        self._code = code
        self._slots = findings.slots

    def evaluate(
        self,
        scope: Mapping[str, object],
        *,
        now: datetime | None = None,
        functions: Functions | None = None,
    ) -> Any:
        """The value in `scope`, as plain Python; whole numbers come as int, others as Decimal.

        Where the standard says null, None. `now` (aware) is what `now()` and `today()` read.
        `functions` replaces host functions for this evaluation. Raises TooCostly at a bound.
        """
        return self._value(Run(scope, self._slots, now, functions))

    def explain(
        self,
        scope: Mapping[str, object],
        *,
        now: datetime | None = None,
        functions: Functions | None = None,
    ) -> tuple[Any, tuple[Diagnostic, ...]]:
        """The value together with the reasons for every null that an error produced."""
        run = Run(scope, self._slots, now, functions)
        return self._value(run), tuple(run.diagnostics or ())

    def _value(self, run: Run) -> Any:
        try:
            return to_python(self._code(run), run.spend)
        except RecursionError:
            raise TooCostly(_TOO_DEEP) from None


class UnaryTests:
    """Compiled unary tests. Immutable; may be evaluated by many threads at once."""

    __slots__ = ("_code", "_slots", "functions", "names", "text")

    def __init__(self, text: str, code: Code, findings: Findings) -> None:
        self.text = text
        self.names = frozenset(findings.names)
        self.functions = frozenset(findings.functions)
        self._code = code
        self._slots = findings.slots

    def accepts(
        self, value: object, scope: Mapping[str, object], *, now: datetime | None = None
    ) -> bool | None:
        """Whether `value` passes; None where the tests and the value cannot be compared."""
        run = Run(scope, self._slots, now, None)
        try:
            run.input = to_feel(value, run.spend)
            truth = self._code(run)
        except RecursionError:
            raise TooCostly(_TOO_DEEP) from None
        return truth if isinstance(truth, bool) else None


_TOO_DEEP = Phrase(
    "数据或函数嵌套太深，已停止。", "Data or functions are nested too deeply: stopped."
)

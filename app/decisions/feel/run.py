"""What one evaluation carries along: values in scope, local variables, bounds, diagnostics."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from app.core.phrase import Phrase
from app.decisions.feel.errors import Diagnostic, TooCostly
from app.decisions.feel.limits import MAX_CALL_DEPTH, MAX_STEPS
from app.decisions.feel.syntax import Position
from app.decisions.feel.values import KINDS, Value, to_feel

_ATOMS = frozenset(KINDS) - {list, dict}
_MAX_DIAGNOSTICS = 20


class Run:
    """One evaluation. `locals` holds the variables that the expression itself introduces.

    `strict`: decision tables raise where the standard gives null. `trace`: what decision tables
    append their evidence to, or None.
    """

    __slots__ = (
        "diagnostics",
        "functions",
        "input",
        "level",
        "locals",
        "memo",
        "now",
        "scope",
        "steps",
        "strict",
        "trace",
    )

    def __init__(
        self,
        scope: Mapping[str, object],
        slots: int,
        now: datetime | None,
        functions: Mapping[str, Callable[..., object]] | None,
    ) -> None:
        self.scope = scope
        self.locals: list[Value] = [None] * slots
        self.input: Value = None
        self.steps = MAX_STEPS
        self.level = 0
        self.now = now
        self.functions = functions
        self.memo: dict[str, Value] | None = None
        self.diagnostics: list[Diagnostic] | None = None
        self.strict = False
        self.trace: list[Any] | None = None

    def value_of(self, name: str, value: object) -> Value:
        """A value of the scope that is not an atom of FEEL, converted once per evaluation."""
        if type(value) in _ATOMS or isinstance(value, int | float | str):
            return to_feel(value)
        memo = self.memo
        if memo is None:
            memo = self.memo = {}
        elif name in memo:
            return memo[name]
        try:
            converted = memo[name] = to_feel(value, self.spend)
        except TypeError as error:
            return self.null(
                Phrase(
                    f"“{name}”的值不是规则能用的类型。",
                    f"The value of “{name}” has a type that rules cannot use: {error}.",
                )
            )
        return converted

    def null(self, phrase: Phrase, at: Position | None = None) -> Value:
        """Null, with the reason noted."""
        if self.diagnostics is None:
            self.diagnostics = []
        if len(self.diagnostics) < _MAX_DIAGNOSTICS:
            self.diagnostics.append(
                Diagnostic(phrase, at.line if at else None, at.column if at else None)
            )
        return None

    def spend(self, steps: int = 1) -> None:
        """Count work; raises TooCostly when the evaluation has used up its bound."""
        self.steps -= steps
        if self.steps < 0:
            raise TooCostly(
                Phrase(
                    "计算量超过上限，已停止，请缩小列表或拆分表达式。",
                    "The evaluation exceeded its bound and was stopped: use smaller lists"
                    " or split the expression.",
                )
            )

    def enter(self) -> None:
        """Count one more call inside a call; raises TooCostly when there are too many."""
        self.level += 1
        self.spend()
        if self.level > MAX_CALL_DEPTH:
            raise TooCostly(
                Phrase(
                    f"函数互相调用超过 {MAX_CALL_DEPTH} 层，已停止，请检查是否无限递归。",
                    f"Functions call each other more than {MAX_CALL_DEPTH} levels deep:"
                    " look for an endless recursion.",
                )
            )


Code: TypeAlias = Callable[[Run], Value]
"""A compiled expression."""

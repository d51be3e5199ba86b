"""How FEEL says no: refused expressions, exhausted bounds, and diagnostics of a null result."""

from dataclasses import dataclass

from app.core.errors import Invalid
from app.core.phrase import Phrase


class FeelError(Invalid):
    """An expression that cannot be accepted or finished; `line` and `column` count from 1.

    `cell` is row and column where the expression stands in a decision table.
    """

    def __init__(self, phrase: Phrase, line: int | None = None, column: int | None = None) -> None:
        super().__init__(phrase)
        self.line = line
        self.column = column
        self.cell: tuple[int, int] | None = None


class TooCostly(FeelError):
    """An evaluation that exceeded its bounds; it was stopped and has no result."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Why an evaluation produced null where the standard asks for null and a notice."""

    phrase: Phrase
    line: int | None = None
    column: int | None = None


class FeelNull(Exception):
    """Raised by a built-in function whose result is null because of an error."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.phrase = Phrase(zh, en)

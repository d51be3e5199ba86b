"""How decisions say no."""

from dataclasses import dataclass

from app.core.errors import Invalid
from app.core.phrase import Phrase


class DecisionError(Invalid):
    """A decision that has no right answer for these inputs, or a model that cannot be accepted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a model, and where: element id, and row and column of a table."""

    phrase: Phrase
    element_id: str = ""
    row: int | None = None
    column: int | None = None
    text: str = ""

    def __str__(self) -> str:
        return f"{self.place}{self.phrase.en}"

    @property
    def place(self) -> str:
        """Where it is, for the front of a sentence."""
        parts = [self.element_id] if self.element_id else []
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        return ", ".join(parts) + (": " if parts else "")

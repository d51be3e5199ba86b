"""How decisions say no."""

from dataclasses import dataclass

from app.core.errors import Invalid
from app.core.phrase import Phrase


class DecisionError(Invalid):
    """A decision that has no right answer for these inputs, or a model that cannot be accepted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a model, and where: element id, and row and column of a table.

    Rows count from 1, columns from 1 over inputs and outputs. `text` is what is written there.
    """

    phrase: Phrase
    element_id: str = ""
    row: int | None = None
    column: int | None = None
    text: str = ""

    @property
    def sentence(self) -> Phrase:
        """The problem with its place, as one sentence."""
        zh, en = self._place()
        written = f" “{self.text}”" if self.text else ""
        return Phrase(
            f"[{zh}{written}] {self.phrase.zh}" if zh or written else self.phrase.zh,
            f"[{en}{written}] {self.phrase.en}" if en or written else self.phrase.en,
        )

    def _place(self) -> tuple[str, str]:
        if self.row is not None:
            return f"第 {self.row} 行第 {self.column} 列", f"row {self.row}, column {self.column}"
        if self.column is not None:
            return f"第 {self.column} 列", f"column {self.column}"
        return self.element_id, self.element_id

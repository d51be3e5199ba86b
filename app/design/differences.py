"""One difference between two texts of a document."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.phrase import Phrase


class What(StrEnum):
    """What happened to an element, a row, or a part of one."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    """A row stands at another place among those that stayed."""
    LAYOUT = "layout"
    """Drawn or written differently, and meaning the same."""


NOTHING = Phrase("", "")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `subject` is the element or row it is about, `aspect` the part of it.

    `element` is the id in the newer text (of what was removed: in the older one), `old_element`
    that in the older. Rows count from 1; `row` in the newer table, `old_row` in the older.
    """

    what: What
    subject: Phrase
    aspect: Phrase
    before: Phrase = NOTHING
    after: Phrase = NOTHING
    element: str = ""
    old_element: str = ""
    row: int | None = None
    old_row: int | None = None

    def to_json(self) -> dict[str, object]:
        """The difference as it is kept."""
        return {
            "what": self.what.value,
            "subject": _words(self.subject),
            "aspect": _words(self.aspect),
            "before": _words(self.before),
            "after": _words(self.after),
            "element": self.element,
            "old_element": self.old_element,
            "row": self.row,
            "old_row": self.old_row,
        }


def _words(phrase: Phrase) -> dict[str, str]:
    return {"zh": phrase.zh, "en": phrase.en}

"""How the product says no.

Each kind tells the caller what can be done about it. Anything that is not a `DomainError`
is a defect: it rises to the entry point and is logged there once.
"""

from collections.abc import Mapping

from app.core.phrase import Phrase


class DomainError(Exception):
    """A refusal with a sentence for the person at the desk."""

    def __init__(self, phrase: Phrase) -> None:
        super().__init__(phrase.en)
        self.phrase = phrase


class NotFound(DomainError):
    """There is no such thing, or the actor may not know that there is."""


class NotAllowed(DomainError):
    """The actor lacks the permission."""


class Conflict(DomainError):
    """Somebody was first: reload and look again."""


class Invalid(DomainError):
    """What was entered cannot be accepted; `fields` says which field and why."""

    def __init__(self, phrase: Phrase, fields: Mapping[str, Phrase] | None = None) -> None:
        super().__init__(phrase)
        self.fields: dict[str, Phrase] = dict(fields or {})

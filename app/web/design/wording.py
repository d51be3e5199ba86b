"""Editing a letter or a message: two texts, the places they may use, and how they will look."""

from dataclasses import dataclass

from flask import render_template, request

from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.design import documents, wordings
from app.design.documents import Document
from app.design.models import DesignDraft, Kind
from app.web.language import say

KINDS = frozenset({Kind.LETTER, Kind.MESSAGE})
"""The kinds that are edited as two texts."""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place that a text may use, in the reader's language."""

    written: str
    label: str
    sample: str


def typed_content() -> str:
    """The draft that was typed into the two fields."""
    zh, en = (request.form.get(name, "").replace("\r\n", "\n") for name in ("zh", "en"))
    return documents.wording_text(zh, en)


def page(
    draft: DesignDraft, typed: str | None, refusal: str, theirs: str | None, *, editable: bool
) -> str:
    """The page of a letter's or a message's draft; after a refusal with what was `typed`."""
    what = Document(Kind(draft.kind), draft.key)
    text = _text(draft.content if typed is None else typed)
    faults = {language: say(why) for language, why in wordings.faults(what, text)}
    return render_template(
        "design/wording.html",
        draft=draft,
        change=draft.change,
        kind=say(documents.NAMES[what.kind]),
        title=say(documents.title(what, draft.content)),
        text=text,
        faults=faults,
        preview=None if faults else wordings.shown(what, text),
        theirs=None if theirs is None else _text(theirs),
        places=[
            PlaceRow(one.written, say(one.label), say(one.sample)) for one in wordings.places(what)
        ],
        refusal=refusal,
        editable=editable,
    )


def _text(content: str) -> Phrase:
    try:
        return wordings.read(content)
    except DomainError:
        return Phrase(content, "")

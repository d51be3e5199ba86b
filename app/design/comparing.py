"""What differs in meaning between two texts of a document: said element by element, row by row.

Layout is told apart and only counted: who approves a change wants to know what will be different.
"""

from dataclasses import replace
from difflib import SequenceMatcher

from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.design import city, comparing_diagrams, comparing_scenarios, comparing_tables, wordings
from app.design.blanks import blank
from app.design.differences import Difference, What
from app.design.documents import Document
from app.design.models import Kind

_READ_FAILED = Phrase("（无法读取，按文字对照）", "(cannot be read; compared as text)")


def differences(what: Document, before: str | None, after: str) -> tuple[Difference, ...]:
    """Every difference of `after` from `before`; a new document is compared with an empty one."""
    if before == after:
        return ()
    older = blank(what.kind, what.key) if before is None else before
    try:
        found = _compared(what.kind, older, after)
    except DomainError:
        found = [
            Difference(What.CHANGED, _READ_FAILED, Phrase("", ""), one.before, one.after)
            for one in _lines(older, after)
        ]
    if before is None:
        found = [one for one in found if one.what is not What.REMOVED]
    elif not found:
        found = [_only_in_writing()]
    return tuple(found)


def _compared(kind: Kind, before: str, after: str) -> list[Difference]:
    match kind:
        case Kind.DIAGRAM:
            return comparing_diagrams.differences(before, after)
        case Kind.TABLE:
            return comparing_tables.differences(before, after)
        case Kind.SCENARIOS:
            return comparing_scenarios.differences(before, after)
        case Kind.LETTER | Kind.MESSAGE:
            return _wordings(wordings.read(before), wordings.read(after))
        case Kind.PROFILE:
            return city.differences(before, after)
        case _:
            return _lines(before, after)


def _wordings(before: Phrase, after: Phrase) -> list[Difference]:
    return [
        replace(one, subject=Phrase(f"{zh}{one.subject.zh}", f"{en}, {one.subject.en}"))
        for zh, en, old, new in (
            ("中文", "Chinese", before.zh, after.zh),
            ("英文", "English", before.en, after.en),
        )
        for one in _lines(old, new)
    ]


def _lines(before: str, after: str) -> list[Difference]:
    """Texts line by line: one difference for each run of lines."""
    old, new = before.splitlines(), after.splitlines()
    found = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        kinds = {"insert": What.ADDED, "delete": What.REMOVED, "replace": What.CHANGED}
        place = Phrase(f"第 {k + 1} 行起", f"from line {k + 1}")
        found.append(
            Difference(
                kinds[tag],
                place,
                Phrase("文字", "Text"),
                _plain("\n".join(old[i:j])),
                _plain("\n".join(new[k:m])),
            )
        )
    return found


def _only_in_writing() -> Difference:
    return Difference(
        What.LAYOUT,
        Phrase("写法", "Way of writing"),
        Phrase("只有写法不同，含义相同", "Written differently, meaning the same"),
        Phrase("", ""),
        Phrase("", ""),
    )


def _plain(text: str) -> Phrase:
    return Phrase(text, text)

"""Two texts of a document side by side: the drawings or tables marked, the differences listed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.errors import DomainError, NotFound
from app.core.phrase import Phrase
from app.decisions import xml
from app.design import comparing, documents, drafts, shipped
from app.design.blanks import blank
from app.design.comparing_tables import tables_of
from app.design.differences import Difference, What
from app.design.documents import Document
from app.design.models import DesignChange, Kind
from app.engine.diagram import read_diagram
from app.web.access import permission, reading_session
from app.web.drawings import drawing
from app.web.forms import number_in
from app.web.language import _, say

COLOURS = {
    What.ADDED: "green",
    What.REMOVED: "red",
    What.CHANGED: "yellow",
    What.MOVED: "yellow",
    What.LAYOUT: "grey",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of two texts: what it is called, and where its drawing is."""

    name: str
    text: str | None
    address: str


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One difference, in the reader's language."""

    what: str
    colour: str
    subject: str
    aspect: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A diagram to be drawn with marks; the marks are ids of elements."""

    address: str
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    changed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a decision table."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class TableView:
    """A decision table to be read."""

    name: str
    policy: str
    headings: Sequence[str]
    rows: Sequence[TableRow]


@dataclass(frozen=True, slots=True)
class PairedRow:
    """A row of a table before and after: its numbers, and each cell as it was and as it becomes."""

    number: int | None
    former: int | None
    cells: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PairedTable:
    """The rows of a table that differ, and the columns that say anything in them."""

    name: str
    headings: Sequence[str]
    rows: Sequence[PairedRow]


@permission("design.see")
def compare() -> str:
    """The differences between two versions, drafts or shipped texts of one document."""
    what = documents.document(request.args.get("kind", ""), request.args.get("key", ""))
    session = reading_session()
    before = side_of(session, what, request.args.get("before", ""))
    after = side_of(session, what, request.args.get("after", ""))
    found = comparing.differences(what, before.text, _text(what, after))
    return render_template(
        "design/compare.html",
        kind=what.kind.value,
        key=what.key,
        title=say(documents.title_of(session, what, _text(what, after))),
        change=_change_of(request.args.get("after", "")),
        before=before,
        after=after,
        rows=difference_rows(found),
        drawings=_drawings(found, before, after) if what.kind is Kind.DIAGRAM else None,
        tables=_readable_pairs(found, what, before, after),
        quiet=all(one.what is What.LAYOUT for one in found),
    )


def _change_of(name: str) -> DesignChange | None:
    """The change that holds the draft which is compared, if one is."""
    number = number_in(name.removeprefix("d")) if name.startswith("d") else None
    return None if number is None else drafts.draft(reading_session(), number).change


@permission("design.see")
def draft_drawing(draft_id: int) -> Response:
    """The drawing of a draft."""
    draft = drafts.draft(reading_session(), draft_id)
    return _drawn(draft.kind, draft.key, draft.content)


@permission("design.see")
def version_drawing(key: str, number: int) -> Response:
    """The drawing of a published version."""
    what = Document(Kind.DIAGRAM, key)
    return _drawn("diagram", key, documents.version(reading_session(), what, number).content)


@permission("design.see")
def offer_drawing(offer_id: int) -> Response:
    """The drawing of a shipped text."""
    offer = shipped.offer(reading_session(), offer_id)
    return _drawn(offer.kind, offer.key, offer.content)


def side_of(session: Session, what: Document, named: str) -> Side:
    """What an address names: `v3` a version, `d7` a draft, `o2` a shipped text, nothing: none.

    Raises `NotFound`.
    """
    sign, number = named[:1], named[1:]
    if not named:
        return Side(_("（新建）"), None, "")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise NotFound(Phrase("没有这个版本。", "There is no such version."))
    if sign == "v":
        text = documents.version(session, what, int(number)).content
        address = url_for("web.version_drawing", key=what.key, number=int(number))
        return Side(_("第 %(version)s 版", version=number), text, address)
    if sign == "d":
        draft = drafts.draft(session, int(number))
        _same(what, draft.kind, draft.key)
        address = url_for("web.draft_drawing", draft_id=draft.id)
        return Side(_("草稿：%(change)s", change=draft.change.title), draft.content, address)
    offer = shipped.offer(session, int(number))
    _same(what, offer.kind, offer.key)
    return Side(_("出厂新版"), offer.content, url_for("web.offer_drawing", offer_id=offer.id))


def difference_rows(found: Iterable[Difference]) -> list[DifferenceRow]:
    """Differences as rows of a page."""
    return [
        DifferenceRow(
            what_word(one.what),
            COLOURS[one.what],
            say(one.subject),
            say(one.aspect),
            say(one.before),
            say(one.after),
        )
        for one in found
    ]


def kept_difference_rows(kept: Sequence[Mapping[str, object]]) -> list[DifferenceRow]:
    """Differences as they were kept with the evidence of a change, as rows of a page."""
    return [
        DifferenceRow(
            what_word(What(str(one["what"]))),
            COLOURS[What(str(one["what"]))],
            *(_kept(one[part]) for part in ("subject", "aspect", "before", "after")),
        )
        for one in kept
    ]


def what_word(what: What) -> str:
    """What happened, in a word."""
    return {
        What.ADDED: _("新增"),
        What.REMOVED: _("删除"),
        What.CHANGED: _("修改"),
        What.MOVED: _("移动"),
        What.LAYOUT: _("仅布局"),
    }[what]


def table_views(text: str) -> list[TableView]:
    """The decision tables of a text; none where it cannot be read."""
    try:
        tables = tables_of(xml.parse(text.encode()))
    except DomainError:
        return []
    return [
        TableView(
            say(table.name),
            table.policy,
            [column.label for column in table.columns.values()],
            [
                TableRow(row.number, [row.cells.get(column, "") for column in table.columns])
                for row in table.rows
            ],
        )
        for table in tables.values()
    ]


def _kept(words: object) -> str:
    assert isinstance(words, dict)  # as `Difference.to_json` wrote it
    return say(Phrase(words["zh"], words["en"]))


def _drawings(
    found: Sequence[Difference], before: Side, after: Side
) -> tuple[Drawing | None, Drawing | None]:
    """Both drawings: in the older what goes, in the newer what comes, in both what changes."""
    whole = {"环节", "连线", "泳道"}

    def ids(what: What, *, old: bool) -> list[str]:
        return [
            one.old_element if old else one.element
            for one in found
            if one.what is what and one.aspect.zh in whole
        ]

    touched = [one for one in found if one.aspect.zh not in whole and one.what is not What.LAYOUT]
    added = ids(What.ADDED, old=False)
    changed_new = sorted({one.element for one in touched} - set(added))
    changed_old = sorted({one.old_element for one in touched} - {""})
    old = Drawing(before.address, (), ids(What.REMOVED, old=True), changed_old)
    new = Drawing(after.address, added, (), changed_new)
    return (old if before.address else None), (new if after.address else None)


def _readable_pairs(
    found: Sequence[Difference], what: Document, before: Side, after: Side
) -> list[PairedTable]:
    if what.kind is not Kind.TABLE:
        return []
    try:
        return _paired(found, before, _text(what, after))
    except DomainError:
        return []  # one of the texts cannot be read: the differences tell it line by line


def _paired(found: Sequence[Difference], before: Side, after: str) -> list[PairedTable]:
    """Each table with the rows that differ, the older above the newer, cell beside cell."""
    old = {} if before.text is None else tables_of(xml.parse(before.text.encode()))
    new = tables_of(xml.parse(after.encode()))
    shown = []
    for key, table in new.items():
        pairs = sorted(
            {(one.row, one.old_row) for one in found if one.element == key and one.row},
            key=lambda pair: pair[0] or 0,
        )
        gone = sorted(
            {(None, one.old_row) for one in found if one.old_element == key and not one.row
             and one.old_row},
            key=lambda pair: pair[1] or 0,
        )  # fmt: skip
        earlier = old.get(key)
        columns = list(table.columns) + [
            column for column in (earlier.columns if earlier else ()) if column not in table.columns
        ]
        rows = [
            PairedRow(
                number,
                former,
                [
                    (
                        "" if former is None or earlier is None
                        else earlier.rows[former - 1].cells.get(column, ""),
                        "" if number is None else table.rows[number - 1].cells.get(column, ""),
                    )
                    for column in columns
                ],
            )
            for number, former in [*pairs, *gone]
        ]  # fmt: skip
        told = [
            number
            for number, column in enumerate(columns)
            if _says_something(column, [row.cells[number] for row in rows])
        ]
        labels = {**(earlier.columns if earlier else {}), **table.columns}
        shown.append(
            PairedTable(
                say(table.name),
                [labels[columns[number]].label for number in told],
                [
                    PairedRow(row.number, row.former, [row.cells[number] for number in told])
                    for row in rows
                ],
            )
        )
    return [table for table in shown if table.rows]


def _says_something(column: str, cells: Sequence[tuple[str, str]]) -> bool:
    """Whether a column is worth its place: notes only where they differ."""
    if column.startswith("note:"):
        return any(was != becomes for was, becomes in cells)
    return any(cell not in {"", "-"} for pair in cells for cell in pair)


def _text(what: Document, side: Side) -> str:
    return side.text if side.text is not None else blank(what.kind, what.key)


def _same(what: Document, kind: str, key: str) -> None:
    if (what.kind.value, what.key) != (kind, key):
        raise NotFound(Phrase("没有这个版本。", "There is no such version."))


def _drawn(kind: str, key: str, content: str) -> Response:
    if kind != Kind.DIAGRAM:
        raise NotFound(Phrase("这份文档没有图。", "This document has no drawing."))
    return drawing(read_diagram(content.encode(), f"{key}.bpmn"))

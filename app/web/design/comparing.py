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
from app.design.models import Kind
from app.engine.diagram import read_diagram
from app.web.access import permission, reading_session
from app.web.drawings import drawing
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
    """A row of a decision table: number, cells, and `is-added`, `is-removed`, `is-changed`."""

    number: int
    cells: Sequence[str]
    mark: str


@dataclass(frozen=True, slots=True)
class TableView:
    """A decision table to be read."""

    name: str
    policy: str
    headings: Sequence[str]
    rows: Sequence[TableRow]


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
        title=say(documents.title(what, _text(what, after))),
        before=before,
        after=after,
        rows=difference_rows(found),
        drawings=_drawings(found, before, after) if what.kind is Kind.DIAGRAM else None,
        tables=_tables(found, what, before, after) if what.kind is Kind.TABLE else None,
        quiet=all(one.what is What.LAYOUT for one in found),
    )


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


def table_views(text: str, marks: Mapping[tuple[str, int], str] | None = None) -> list[TableView]:
    """The decision tables of a text, rows marked by decision and number."""
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
                TableRow(
                    row.number,
                    [row.cells.get(column, "") for column in table.columns],
                    (marks or {}).get((key, row.number), ""),
                )
                for row in table.rows
            ],
        )
        for key, table in tables.items()
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


def _tables(
    found: Sequence[Difference], what: Document, before: Side, after: Side
) -> tuple[list[TableView], list[TableView]]:
    old: dict[tuple[str, int], str] = {}
    new: dict[tuple[str, int], str] = {}
    for one in found:
        if one.row is not None:
            mark = "is-added" if one.what is What.ADDED else "is-changed"
            new[one.element, one.row] = mark
        if one.old_row is not None:
            mark = "is-removed" if one.what is What.REMOVED else "is-changed"
            old[one.old_element or one.element, one.old_row] = mark
    earlier = [] if before.text is None else table_views(before.text, old)
    return earlier, table_views(_text(what, after), new)


def _text(what: Document, side: Side) -> str:
    return side.text if side.text is not None else blank(what.kind, what.key)


def _same(what: Document, kind: str, key: str) -> None:
    if (what.kind.value, what.key) != (kind, key):
        raise NotFound(Phrase("没有这个版本。", "There is no such version."))


def _drawn(kind: str, key: str, content: str) -> Response:
    if kind != Kind.DIAGRAM:
        raise NotFound(Phrase("这份文档没有图。", "This document has no drawing."))
    return drawing(read_diagram(content.encode(), f"{key}.bpmn"))

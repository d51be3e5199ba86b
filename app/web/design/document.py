"""The page of one document: its versions, who put them into force, who uses it, and going back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.design import changes, checking, documents, drafts, shipped, using
from app.design.comparing_diagrams import described
from app.design.documents import Document
from app.design.models import Kind, Publication, ShippedOffer, Source, Status
from app.design.using import How
from app.identity import directory
from app.identity.policy import may
from app.web.access import acting, permission, reading_session
from app.web.design import city as city_page
from app.web.design.change import severity_word
from app.web.design.comparing import Drawing, table_views
from app.web.design.workshop import document_title, opening_form
from app.web.forms import errors_in_words
from app.web.language import _, say


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One published version."""

    number: int
    published_at: datetime
    source: str
    comment: str
    author: str
    approved_by: str
    change_id: int | None
    scenarios: int | None
    live: int | None


@dataclass(frozen=True, slots=True)
class UseRow:
    """One document that uses this one."""

    kind: str
    key: str
    title: str
    how: str
    elements: str


@dataclass(frozen=True, slots=True)
class ElementView:
    """One element of a diagram in words: what it says, part by part."""

    id: str
    label: str
    kind: str
    level: int
    aspects: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding on a published diagram."""

    word: str
    severity: str
    element: str
    label: str
    text: str


@permission("design.see")
def document(kind: str, key: str) -> str:
    """The document."""
    return _page(documents.document(kind, key))


@permission("design.see")
def version(kind: str, key: str, number: int) -> str:
    """One published version, to be read."""
    session = reading_session()
    what = documents.document(kind, key)
    found = documents.version(session, what, number)
    return render_template(
        "design/version.html",
        kind=kind,
        key=key,
        number=number,
        title=say(documents.title_of(session, what, found.content)),
        published_at=found.published_at,
        text=found.content,
        values=city_page.values_in_words(found.content) if what.kind is Kind.PROFILE else None,
        drawing=Drawing(url_for("web.version_drawing", key=key, number=number))
        if what.kind is Kind.DIAGRAM
        else None,
        tables=table_views(found.content) if what.kind is Kind.TABLE else None,
        elements=_elements(session, found.content) if what.kind is Kind.DIAGRAM else None,
        findings=_findings(session, what, found.content) if what.kind is Kind.DIAGRAM else None,
    )


def _elements(session: Session, content: str) -> list[ElementView]:
    named = {one.code: Phrase(one.name_zh, one.name_en) for one in directory.units(session)}
    return [
        ElementView(
            one.element,
            say(one.label),
            say(one.kind),
            one.level,
            [(say(aspect), say(value)) for aspect, value in one.aspects.items()],
        )
        for one in described(content, named)
    ]


def _findings(session: Session, what: Document, content: str) -> list[FindingView]:
    """What the checkers say today of a version as it was published."""
    found = checking.check_document(session, {what: content}, what)
    return [
        FindingView(
            severity_word(one.severity),
            one.severity,
            one.element,
            one.element_name,
            say(one.phrase),
        )
        for one in found
    ]


@permission("design.see")
def export(kind: str, key: str, number: int) -> Response:
    """One published version as a file."""
    what = documents.document(kind, key)
    found = documents.version(reading_session(), what, number)
    return _file(what, f"{key}.{number}", found.content)


@permission("design.see")
def export_draft(draft_id: int) -> Response:
    """A draft as a file."""
    draft = drafts.draft(reading_session(), draft_id)
    what = Document(Kind(draft.kind), draft.key)
    return _file(what, f"{draft.key}.draft{draft.revision}", draft.content)


@permission("design.edit")
def edit_document(kind: str, key: str) -> Response | tuple[str, int]:
    """Take the document into an open change, or into a new one, and go to its editor."""
    what = documents.document(kind, key)
    form = request.form
    try:
        with acting() as uow:
            number = form.get("change", "")
            change_id = (
                int(number)
                if number.isdecimal()
                else changes.open_change(uow, form.get("title", ""), form.get("reason", "")).id
            )
            draft_id = drafts.open_draft(uow, change_id, kind, key).id
    except Invalid as wrong:
        return _page(what, say(wrong.phrase), errors_in_words(wrong.fields)), 422
    except Conflict as late:
        return _page(what, say(late.phrase)), 409
    return redirect(url_for("web.design_draft", draft_id=draft_id))


@permission("design.edit")
def restore(kind: str, key: str, number: int) -> Response | tuple[str, int]:
    """Begin a change that brings an older version back."""
    reason = request.form.get("reason", "")
    try:
        with acting() as uow:
            made = changes.roll_back(uow, kind, key, number, reason).id
    except (Invalid, Conflict) as refusal:
        status = 409 if isinstance(refusal, Conflict) else 422
        return _page(documents.document(kind, key), say(changes.refusal_of(refusal))), status
    flash(_("已新建恢复的变更单，请检查后提交审批。"), "done")
    return redirect(url_for("web.design_change", change_id=made))


@permission("design.edit")
def take_offer(offer_id: int) -> Response | tuple[str, int]:
    """Take a shipped text over into a change of its own, to be compared and proposed."""
    offer = shipped.offer(reading_session(), offer_id)
    what = Document(Kind(offer.kind), offer.key)
    try:
        with acting() as uow:
            name = documents.title(what, offer.content)
            made = changes.open_change(
                uow, _("采用“%(name)s”出厂新版", name=say(name)), _("随版本发布的新内容。")
            ).id
            drafts.open_draft(uow, made, offer.kind, offer.key, offer.content)
            shipped.settle(uow, offer_id)
    except Conflict as late:
        return _page(what, say(late.phrase)), 409
    return redirect(url_for("web.design_change", change_id=made))


@permission("design.edit")
def decline_offer(offer_id: int) -> Response:
    """Put a shipped text aside."""
    with acting() as uow:
        offer = shipped.settle(uow, offer_id)
        kind, key = offer.kind, offer.key
    flash(_("已搁置出厂新版，现行版本不变。"), "done")
    return redirect(url_for("web.design_document", kind=kind, key=key))


def _file(what: Document, name: str, content: str) -> Response:
    answer = Response(content, mimetype="application/octet-stream")
    named = f'attachment; filename="{name}.{file_ending(what.kind)}"'
    answer.headers["Content-Disposition"] = named
    return answer


def file_ending(kind: Kind) -> str:
    """How the name of a file of this kind ends."""
    match kind:
        case Kind.DIAGRAM:
            return "bpmn"
        case Kind.TABLE:
            return "dmn"
        case Kind.LETTER | Kind.MESSAGE | Kind.PROFILE:
            return "json"
        case _:
            return "yaml"


def _page(what: Document, refusal: str = "", errors: Mapping[str, str] | None = None) -> str:
    session = reading_session()
    rows = _versions(session, what)
    held = drafts.held_by(session, what)
    if not rows and held is None:
        raise NotFound(Phrase("没有这份文档。", "There is no such document."))
    return render_template(
        "design/document.html",
        kind=what.kind.value,
        kind_name=say(documents.NAMES[what.kind]),
        key=what.key,
        may_watch=may(g.actor, "design.watch"),
        title=document_title(session, what, held if not rows else None),
        rows=rows,
        newest=rows[0].number if rows else None,
        uses=_uses(session, what),
        asked_by_rules=using.is_asked_by_rules(what),
        draft=held,
        offers=_offers(session, what),
        drawing=Drawing(url_for("web.version_drawing", key=what.key, number=rows[0].number))
        if what.kind is Kind.DIAGRAM and rows
        else None,
        refusal=refusal,
        may_edit=may(g.actor, "design.edit"),
        open_changes=[one for one in changes.changes(session) if one.status == Status.OPEN],
        opening=opening_form(errors),
    )


def _versions(session: Session, what: Document) -> list[VersionRow]:
    told = {
        one.version: one
        for one in session.scalars(
            select(Publication).where(
                Publication.kind == what.kind.value, Publication.key == what.key
            )
        )
    }
    live = documents.live_cases(session, what.key) if what.kind is Kind.DIAGRAM else None
    return [
        _version(number, at, told.get(number), None if live is None else live.get(number, 0))
        for number, at in documents.numbers(session, what)
    ]


def _version(number: int, at: datetime, told: Publication | None, live: int | None) -> VersionRow:
    if told is None:
        return VersionRow(number, at, "—", "", "", "", None, None, live)
    source = {
        Source.SHIPPED: _("随版本"),
        Source.CHANGE: _("变更"),
        Source.ROLLBACK: _("恢复第 %(version)s 版", version=told.from_version),
        Source.FOLLOWING: _("随所引用的文档"),
    }[Source(told.source)]
    by_people = told.change_id is not None
    return VersionRow(
        number,
        at,
        source,
        told.comment if by_people else "",
        told.author if by_people else "",
        told.approved_by or "",
        told.change_id,
        told.scenarios,
        live,
    )


def _uses(session: Session, what: Document) -> list[UseRow]:
    how = {
        How.CALLS: _("调用"),
        How.ASKS: _("查表"),
        How.IMPORTS: _("引用"),
        How.FILLED_IN: _("填入"),
    }
    return [
        UseRow(
            one.document.kind.value,
            one.document.key,
            document_title(session, one.document),
            how[one.how],
            "、".join(one.elements),
        )
        for one in using.used_by(session, what)
    ]


def _offers(session: Session, what: Document) -> Sequence[ShippedOffer]:
    return [
        one for one in shipped.offers(session) if (one.kind, one.key) == (what.kind.value, what.key)
    ]

"""The workshop's front page: the documents there are, the changes under way, a new change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design import changes, documents, shipped
from app.design.documents import Document
from app.design.models import DesignChange, DesignDraft, Kind, Status
from app.engine.forms import Field, FieldType, Form
from app.identity.policy import may
from app.web.access import acting, permission, reading_session
from app.web.forms import FormView, errors_in_words, form_view
from app.web.language import _, say
from app.web.paging import page_of

OPENING = Form(
    (
        Field("title", FieldType.TEXT, Phrase("变更名称", "Title"), required=True, max_length=100),
        Field(
            "reason",
            FieldType.LONG_TEXT,
            Phrase("变更事由", "Why the change is made"),
            required=True,
            max_length=1000,
        ),
    )
)

STATUS: Mapping[str, tuple[Phrase, str]] = {
    Status.OPEN: (Phrase("编辑中", "Being edited"), "grey"),
    Status.PROPOSED: (Phrase("待审批", "Waiting for approval"), "yellow"),
    Status.APPROVED: (Phrase("已批准，待生效", "Approved, not yet in force"), "yellow"),
    Status.PUBLISHED: (Phrase("已发布", "Published"), "green"),
    Status.WITHDRAWN: (Phrase("已撤回", "Withdrawn"), "grey"),
    Status.FAILED: (Phrase("发布失败", "Publishing failed"), "red"),
}
"""What each status is called, and its colour."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document in the list."""

    kind: str
    key: str
    title: str
    version: int
    published_at: datetime
    live: int | None
    draft: DesignDraft | None
    offered: bool
    """A release brought a newer text than the city's own."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change in the list."""

    change: DesignChange
    status: str
    colour: str
    documents: Sequence[str]


@permission("design.see")
def workshop() -> str:
    """Documents and changes."""
    return _page()


@permission("design.edit")
def open_change() -> Response | tuple[str, int]:
    """Begin a change."""
    try:
        with acting() as uow:
            made = changes.open_change(
                uow, request.form.get("title", ""), request.form.get("reason", "")
            ).id
    except Invalid as wrong:
        return _page(errors_in_words(wrong.fields)), 422
    flash(_("已新建变更单，请把要修改的文档加入进来。"), "done")
    return redirect(url_for("web.design_change", change_id=made))


def status_of(change: DesignChange) -> tuple[str, str]:
    """The status in words, and its colour."""
    words, colour = STATUS[change.status]
    return say(words), colour


def document_title(session: Session, what: Document, draft: DesignDraft | None = None) -> str:
    """What a document is called: as its draft names it, else as published."""
    if draft is not None:
        return say(documents.title_of(session, what, draft.content))
    last = documents.newest(session, what)
    return say(documents.title_of(session, what, last.content if last is not None else ""))


def opening_form(errors: Mapping[str, str] | None = None) -> FormView:
    """What is asked for a new change, with what was typed."""
    return form_view(
        OPENING,
        g.actor.roles,
        typed=request.form if errors else None,
        errors=errors,
    )


def _page(errors: Mapping[str, str] | None = None) -> str:
    session = reading_session()
    rows = [
        ChangeRow(
            one,
            *status_of(one),
            [document_title(session, Document(Kind(d.kind), d.key), d) for d in one.drafts],
        )
        for one in changes.changes(session)
    ]
    return render_template(
        "design/workshop.html",
        page=page_of(rows),
        kinds=[(say(name), _documents(session, kind)) for kind, name in documents.NAMES.items()],
        form=opening_form(errors),
        may_edit=may(g.actor, "design.edit"),
    )


def _documents(session: Session, kind: Kind) -> list[DocumentRow]:
    live = documents.live_by_key(session) if kind is Kind.DIAGRAM else {}
    drafts = {
        one.key: one
        for one in session.scalars(
            select(DesignDraft).where(DesignDraft.kind == kind.value, DesignDraft.open)
        )
    }
    offered = {(one.kind, one.key) for one in shipped.offers(session)}
    return [
        DocumentRow(
            kind.value,
            key,
            say(documents.title(one.document, one.content)),
            one.number,
            one.published_at,
            live.get(key, 0) if kind is Kind.DIAGRAM else None,
            drafts.get(key),
            (kind.value, key) in offered,
        )
        for key, one in documents.newest_of(session, kind).items()
    ]

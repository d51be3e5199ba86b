"""The page of one change: its documents, what is found in them, and what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.errors import Conflict, Invalid
from app.design import changes, checking, documents, drafts
from app.design.checking import Finding
from app.design.documents import Document
from app.design.models import DesignChange, DesignDraft, Kind, Status
from app.identity.policy import may
from app.web.access import acting, permission, reading_session
from app.web.design.workshop import document_title, status_of
from app.web.language import _, say

MADE_ANEW = (Kind.DIAGRAM, Kind.TABLE)
"""The kinds of which a designer makes new ones; scenarios and test rows belong to these."""


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One document of the change."""

    draft: DesignDraft
    kind: str
    title: str
    outdated: bool
    """A newer version was published since the draft was begun."""
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding, in the reader's language."""

    severity: str
    colour: str
    document: str
    draft_id: int | None
    place: str
    sentence: str


@permission("design.see")
def design_change(change_id: int) -> str:
    """The change."""
    return _page(change_id)


@permission("design.edit")
def add_document(change_id: int) -> Response | tuple[str, int]:
    """Take a document into the change: one that is published, or a new one of that key."""
    kind, _colon, key = request.form.get("document", "").partition(":")
    if not key:
        kind, key = request.form.get("kind", ""), request.form.get("key", "").strip()
    try:
        with acting() as uow:
            added = drafts.open_draft(uow, change_id, kind, key).id
    except Invalid as wrong:
        return _page(change_id, say(wrong.phrase)), 422
    except Conflict as late:
        return _page(change_id, say(late.phrase)), 409
    return redirect(url_for("web.design_draft", draft_id=added))


@permission("design.edit")
def discard_draft(draft_id: int) -> Response:
    """Take a document out of its change."""
    with acting() as uow:
        change_id = drafts.draft(uow.session, draft_id).change_id
        drafts.discard(uow, draft_id)
    flash(_("已移出变更单，已发布的版本不变。"), "done")
    return redirect(url_for("web.design_change", change_id=change_id))


@permission("design.edit")
def catch_up(draft_id: int) -> Response:
    """Say that the draft was compared with the version published meanwhile."""
    with acting() as uow:
        change_id = drafts.catch_up(uow, draft_id).change_id
    flash(_("已确认：这份草稿已与最新版本对照。"), "done")
    return redirect(url_for("web.design_change", change_id=change_id))


def finding_rows(
    session: Session, change: DesignChange, found: Sequence[Finding]
) -> list[FindingRow]:
    """Findings as rows, errors first."""
    held = {Document(Kind(one.kind), one.key): one for one in change.drafts}
    colours = {"error": "red", "warning": "yellow", "remark": "grey"}
    rows = []
    for one in sorted(found, key=lambda f: list(colours).index(f.severity)):
        draft = held.get(one.document)
        rows.append(
            FindingRow(
                one.severity,
                colours[one.severity],
                document_title(session, one.document, draft),
                draft.id if draft is not None else None,
                _place(one),
                say(one.phrase),
            )
        )
    return rows


def severity_word(severity: str) -> str:
    """What the severity of a finding is called."""
    return {"error": _("错误"), "warning": _("提醒"), "remark": _("说明")}[severity]


def _place(finding: Finding) -> str:
    parts = [finding.element_name or finding.element]
    if finding.rows:
        parts.append(_("第 %(rows)s 行", rows="、".join(map(str, finding.rows))))
    if finding.column is not None:
        parts.append(_("第 %(column)s 列", column=finding.column))
    return " ".join(part for part in parts if part)


def _page(change_id: int, refusal: str = "") -> str:
    session = reading_session()
    change = changes.change(session, change_id)
    found = checking.check_change(session, change) if change.status in _WORKED_AT else ()
    status, colour = status_of(change)
    return render_template(
        "design/change.html",
        change=change,
        status=status,
        colour=colour,
        drafts=[_draft(session, one, found) for one in change.drafts],
        findings=finding_rows(session, change, found),
        severity_word=severity_word,
        refusal=refusal,
        editable=change.status == Status.OPEN and may(g.actor, "design.edit"),
        offered=_offered(session),
        made_anew=[(kind.value, say(documents.NAMES[kind])) for kind in MADE_ANEW],
    )


_WORKED_AT = frozenset({Status.OPEN, Status.PROPOSED, Status.APPROVED, Status.FAILED})


def _draft(session: Session, draft: DesignDraft, found: Sequence[Finding]) -> DraftRow:
    what = Document(Kind(draft.kind), draft.key)
    own = [one.severity for one in found if one.document == what]
    return DraftRow(
        draft,
        say(documents.NAMES[what.kind]),
        document_title(session, what, draft),
        draft.open and documents.newest_number(session, what) != draft.based_on,
        own.count("error"),
        own.count("warning"),
    )


def _offered(session: Session) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be taken into a change, by kind: `kind:key` and title."""
    return [
        (
            say(name),
            [
                (f"{kind.value}:{key}", f"{say(title)}（{key}）")
                for key, title in documents.newest_titles(session, kind).items()
                if drafts.held_by(session, Document(kind, key)) is None
            ],
        )
        for kind, name in documents.NAMES.items()
    ]

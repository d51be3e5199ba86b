"""Editing a draft: its page, and what the editors ask and tell about its text."""

from collections.abc import Mapping

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.design import checking, documents, drafts, importing, naming
from app.design.documents import Document
from app.design.drafts import SavedMeanwhile
from app.design.models import DesignDraft, Kind, Status
from app.identity.policy import may
from app.web.access import acting, permission, reading_session
from app.web.design import city, wording
from app.web.design.answering import as_json, findings_as_json, given, refusals_as_json
from app.web.design.change import finding_rows, severity_word
from app.web.language import _, say
from app.web.shell import asset

EDITORS = {
    Kind.DIAGRAM: ("modeler.js", "design/editor.html"),
    Kind.TABLE: ("dmn.js", "design/table_editor.html"),
}
"""Which bundle edits a kind of document, and the page it lives on."""


@permission("design.see")
def draft_page(draft_id: int) -> str:
    """The editor of a draft; its plain text with `?plain=1`, or where no bundle was built."""
    draft = drafts.draft(reading_session(), draft_id)
    bundle, page = EDITORS.get(Kind(draft.kind), ("", ""))
    if "plain" in request.args or not bundle or asset(bundle) is None or not _may_edit(draft):
        return _page(draft_id)
    title = documents.title(Document(Kind(draft.kind), draft.key), draft.content)
    return render_template(page, draft=draft, change=draft.change, title=say(title))


@permission("design.edit")
def save_page(draft_id: int) -> Response | tuple[str, int]:
    """Keep what was typed into the plain editor; 409 with both texts when somebody was first."""
    draft = drafts.draft(reading_session(), draft_id)
    typed = _typed_text(draft)
    revision = request.form.get("revision", "")
    try:
        with acting() as uow:
            drafts.save(uow, draft_id, int(revision) if revision.isdecimal() else 0, typed)
    except SavedMeanwhile as late:
        return _page(draft_id, typed, say(late.phrase), theirs=late.content), 409
    except Invalid as wrong:
        return _page(draft_id, typed, say(wrong.phrase)), 422
    flash(_("已保存。"), "done")
    return redirect(url_for("web.design_draft", draft_id=draft_id))


@permission("design.see")
@refusals_as_json
def draft_content(draft_id: int) -> Response:
    """The text of a draft and the revision it has."""
    return as_json(_content(drafts.draft(reading_session(), draft_id)))


@permission("design.edit")
@refusals_as_json
def save_draft(draft_id: int) -> Response:
    """Keep the text as the next revision; 409 with both texts when somebody was first."""
    sent = given("revision", "content")
    revision, content = _typed(sent["revision"], sent["content"])
    with acting() as uow:
        saved = drafts.save(uow, draft_id, revision, content)
        answer = {"revision": saved.revision, "saved_at": saved.changed_at.isoformat()}
    draft = drafts.draft(reading_session(), draft_id)
    findings = checking.check_draft(reading_session(), draft, content)
    return as_json(answer | {"findings": findings_as_json(findings)})


@permission("design.edit")
@refusals_as_json
def check_draft(draft_id: int) -> Response:
    """What the checkers say about a text that is not saved."""
    sent = given("content")
    _, content = _typed(0, sent["content"])
    draft = drafts.draft(reading_session(), draft_id)
    drafts.require_readable(Document(Kind(draft.kind), draft.key), content)
    findings = checking.check_draft(reading_session(), draft, content)
    return as_json({"findings": findings_as_json(findings)})


@permission("design.edit")
@refusals_as_json
def allow_ids(draft_id: int) -> Response:
    """The text of a diagram with ids that can stay, and the elements that got new ones.

    Nothing is kept.
    """
    sent = given("content")
    _, content = _typed(0, sent["content"])
    drafts.draft(reading_session(), draft_id)
    text, renamed = importing.with_allowed_ids(content)
    told = [{"was": one.was, "becomes": one.becomes, "name": one.name} for one in renamed]
    return as_json({"content": text, "renamed": told})


@permission("design.see")
@refusals_as_json
def draft_names(draft_id: int) -> Response:
    """What may be named in the text of a draft."""
    session = reading_session()
    draft = drafts.draft(session, draft_id)
    what = Document(Kind(draft.kind), draft.key)
    found = naming.names(session, checking.texts_of(draft.change), what)
    return as_json(
        {
            "services": [
                {
                    "name": one.name,
                    "label": say(one.label),
                    "parameters": [
                        {"name": name, "required": True, "type": kind.__name__}
                        for name, kind in one.parameters.items()
                    ],
                    "results": sorted(one.results),
                }
                for one in found.services
            ],
            "decisions": [
                {
                    "key": one.key,
                    "label": say(one.label),
                    "inputs": list(one.inputs),
                    "outputs": list(one.outputs),
                }
                for one in found.decisions
            ],
            "roles": _labelled("name", found.roles),
            "units": _labelled("code", found.units),
            "clocks": [
                one | {"rungs": _labelled("name", naming.RUNGS)}
                for one in _labelled("name", found.clocks)
            ],
            "processes": _labelled("key", found.processes),
            "variables": [
                {"name": one.name, "kind": one.kind, "from": one.source} for one in found.variables
            ],
            "functions": list(found.functions),
        }
    )


def _typed_text(draft: DesignDraft) -> str:
    """The draft that was typed: as a text, or into the fields of its kind."""
    if "content" in request.form:
        return request.form["content"].replace("\r\n", "\n")
    if draft.kind == Kind.PROFILE:
        return city.typed_content()
    if draft.kind in wording.KINDS:
        return wording.typed_content()
    return ""


def _page(
    draft_id: int, typed: str | None = None, refusal: str = "", theirs: str | None = None
) -> str:
    session = reading_session()
    draft = drafts.draft(session, draft_id)
    what = Document(Kind(draft.kind), draft.key)
    if what.kind in wording.KINDS:
        return wording.page(draft, typed, refusal, theirs, editable=_may_edit(draft))
    if what.kind is Kind.PROFILE:
        return city.page(draft, typed, refusal, theirs, editable=_may_edit(draft))
    return render_template(
        "design/draft.html",
        draft=draft,
        change=draft.change,
        kind=say(documents.NAMES[what.kind]),
        title=say(documents.title_of(reading_session(), what, draft.content)),
        content=draft.content if typed is None else typed,
        refusal=refusal,
        theirs=theirs,
        findings=finding_rows(session, draft.change, checking.check_draft(session, draft, typed)),
        severity_word=severity_word,
        editable=_may_edit(draft),
    )


def _may_edit(draft: DesignDraft) -> bool:
    return draft.open and draft.change.status == Status.OPEN and may(g.actor, "design.edit")


def _labelled(name: str, phrases: Mapping[str, Phrase]) -> list[dict[str, object]]:
    return [{name: str(code), "label": say(label)} for code, label in phrases.items()]


def _content(draft: DesignDraft) -> dict[str, object]:
    return {
        "revision": draft.revision,
        "content": draft.content,
        "kind": draft.kind,
        "key": draft.key,
    }


def _typed(revision: object, content: object) -> tuple[int, str]:
    if not isinstance(revision, int) or not isinstance(content, str):
        raise Invalid(
            Phrase(
                "revision 须是整数，content 须是文本。",
                "revision must be a whole number and content a text.",
            )
        )
    return revision, content

"""The page of one change: its documents, what is found in them, and what may be done with it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import orjson
from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases import answers
from app.core import jobs
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design import changes, checking, documents, drafts, evidence, importing
from app.design.checking import Finding
from app.design.documents import MAX_BYTES, Document
from app.design.element_ids import Renaming
from app.design.models import DesignChange, DesignDraft, Kind, Status
from app.engine.forms import Field, FieldType, Form
from app.identity.policy import may
from app.web.access import acting, permission, reading_session
from app.web.design.comparing import DifferenceRow, kept_difference_rows
from app.web.design.replays import figures_of
from app.web.design.workshop import document_title, status_of
from app.web.forms import errors_in_words, form_view, submitted
from app.web.language import _, say

_TOLD = 20
"""Of renamed elements, so many are listed after an import; the message travels in a cookie."""

MADE_ANEW = (Kind.DIAGRAM, Kind.TABLE)
"""The kinds of which a designer makes new ones; scenarios and test rows belong to these."""

DECIDING = Form(
    (
        Field(
            "effective_at",
            FieldType.DATETIME,
            Phrase("生效时间", "Takes effect at"),
            Phrase("不填则立即生效。", "At once when left empty."),
        ),
        Field("note", FieldType.LONG_TEXT, Phrase("审批意见", "Opinion"), max_length=1000),
    )
)

Page = str | Response | tuple[str, int]


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


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One document of the evidence."""

    title: str
    based_on: int | None
    restores: int | None
    rows: Sequence[DifferenceRow]


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """An attempt to propose a change: whether it goes on, else what speaks against it."""

    going_on: bool
    against: str


@dataclass(frozen=True, slots=True)
class TrialRow:
    """How many scenarios ran as expected, and what share of the diagrams they pass, in percent."""

    scenarios: int
    percent: int


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
def bring_in(change_id: int) -> Page:
    """Bring a file in: a new document, or the next revision of a draft."""
    file = request.files.get("file")
    data = b""
    if file is not None:
        with closing(file):
            data = file.read(MAX_BYTES + 1)
    try:
        with acting() as uow:
            arrived = importing.bring_in(uow, change_id, data, request.form.get("key", ""))
            draft_id = arrived.draft.id
    except Invalid as wrong:
        return _page(change_id, say(wrong.phrase)), 422
    except Conflict as late:
        return _page(change_id, say(late.phrase)), 409
    flash(_("已导入。"), "done")
    if arrived.renamed:
        flash(_renamings(arrived.renamed), "warn")
    return redirect(url_for("web.design_draft", draft_id=draft_id))


def _renamings(renamed: Sequence[Renaming]) -> str:
    """Which elements got other ids: as many as a message holds."""
    told = "; ".join(f"{one.was or '—'} → {one.becomes}" for one in renamed[:_TOLD])
    if len(renamed) > _TOLD:
        told += " …"
    return _(
        "%(number)s 个元素的编号不能用在这里，已改为新编号，引用一并更新，名称不变：%(list)s",
        number=len(renamed),
        list=told,
    )


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


@permission("design.edit")
def propose_change(change_id: int) -> Page:
    """Let the drafts be weighed as they stand, and put before a second person."""
    return _do(
        change_id,
        lambda uow: changes.ask_to_propose(uow, change_id),
        _("已开始检查和试跑，通过后自动提交审批。"),
    )


@permission("design.see")
def proposal_progress(change_id: int) -> Page:
    """How far the checks have come, for the box on the page; at the end the page is read anew."""
    change = changes.change(reading_session(), change_id)
    proposal = _proposal(reading_session(), change)
    if proposal is None or not proposal.going_on:
        return Response(status=204, headers={"HX-Refresh": "true"})
    return render_template("design/proposal.html", change=change, proposal=proposal)


@permission("design.approve")
def approve_change(change_id: int) -> Page:
    """A second person agrees, for a time of their choice."""
    try:
        given = answers.check(DECIDING, submitted(DECIDING, request.form), g.actor.roles)
    except Invalid as wrong:
        return _page(change_id, say(wrong.phrase), errors_in_words(wrong.fields)), 422
    at = given["effective_at"]
    return _do(
        change_id,
        lambda uow: changes.approve(
            uow, change_id, str(given["note"] or ""), at if isinstance(at, datetime) else None
        ),
        _("已批准，到生效时间自动发布。"),
    )


@permission("design.approve")
def reject_change(change_id: int) -> Page:
    """A second person sends it back."""
    note = request.form.get("note", "")
    return _do(change_id, lambda uow: changes.reject(uow, change_id, note), _("已退回编辑。"))


@permission("design.edit")
def recall_change(change_id: int) -> Page:
    """Take it back to editing."""
    return _do(change_id, lambda uow: changes.recall(uow, change_id), _("已退回编辑。"))


@permission("design.edit")
def withdraw_change(change_id: int) -> Page:
    """Give it up."""
    note = request.form.get("note", "")
    return _do(change_id, lambda uow: changes.withdraw(uow, change_id, note), _("已撤回这份变更。"))


@permission("design.edit")
def undo_change(change_id: int) -> Page:
    """Begin a change that brings back what was in force before this one."""
    try:
        with acting() as uow:
            made = changes.undo(uow, change_id, request.form.get("reason", "")).id
    except Invalid as wrong:
        return _page(change_id, say(changes.refusal_of(wrong))), 422
    except Conflict as late:
        return _page(change_id, say(late.phrase)), 409
    flash(_("已新建恢复的变更单，请检查后提交审批。"), "done")
    return redirect(url_for("web.design_change", change_id=made))


def _do(change_id: int, act: Callable[[UnitOfWork], object], told: str) -> Page:
    """Carry out one command on the change, and say on its page what came of it."""
    try:
        with acting() as uow:
            act(uow)
    except Invalid as wrong:
        return _page(change_id, say(wrong.phrase), errors_in_words(wrong.fields)), 422
    except Conflict as late:
        return _page(change_id, say(late.phrase)), 409
    flash(told, "done")
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


def _page(change_id: int, refusal: str = "", errors: Mapping[str, str] | None = None) -> str:
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
        note=_note(change),
        evidence=_kept_evidence(change),
        trial=_kept_trial(change),
        proposal=_proposal(session, change),
        replayed=_replayed(session, change),
        form=form_view(
            DECIDING,
            g.actor.roles,
            typed=request.form if request.method == "POST" else None,
            errors=errors,
        ),
        may_decide=change.status == Status.PROPOSED
        and may(g.actor, "design.approve")
        and g.actor.user_id not in changes.workers(session, change),
        may_undo=change.status == Status.PUBLISHED and may(g.actor, "design.edit"),
        may_recall=change.status in _AT_WORK and may(g.actor, "design.edit"),
        may_withdraw=change.status in _WORKED_AT and may(g.actor, "design.edit"),
        editable=change.status == Status.OPEN and may(g.actor, "design.edit"),
        offered=_offered(session),
        made_anew=[(kind.value, say(documents.NAMES[kind])) for kind in MADE_ANEW],
    )


_AT_WORK = frozenset({Status.PROPOSED, Status.APPROVED, Status.FAILED})
_WORKED_AT = _AT_WORK | {Status.OPEN}


def _note(change: DesignChange) -> str:
    """What was said when it was decided; why it failed stands there in both languages."""
    zh, _line, en = change.decision_note.partition("\n")
    return say(Phrase(zh, en)) if change.status == Status.FAILED else change.decision_note


def _proposal(session: Session, change: DesignChange) -> ProposalRow | None:
    """The last attempt to propose the change, while it goes on or was in vain."""
    job = jobs.latest(session, changes.proposal(change.id))
    if job is None or change.status != Status.OPEN:
        return None
    zh, _line, en = (job.last_error or "").partition("\n")
    saved = max((one.changed_at for one in change.drafts), default=job.asked_at)
    if job.finished_at is not None and (not zh or saved > job.asked_at):
        return None
    return ProposalRow(job.finished_at is None, say(Phrase(zh, en)))


def _kept_trial(change: DesignChange) -> TrialRow | None:
    """What came of the scenarios when the change was proposed."""
    if not change.evidence:
        return None
    kept = orjson.loads(change.evidence)["trial"]
    covered = [(one["passed"], one["total"]) for one in kept["coverage"].values()]
    passed, total = (sum(part) for part in zip(*covered, strict=True)) if covered else (0, 0)
    return TrialRow(kept["run"], round(100 * passed / total) if total else 0)


def _replayed(session: Session, change: DesignChange) -> dict[str, object] | None:
    """What came of real cases under exactly these drafts; as it was when they were proposed."""
    if change.evidence:
        found = orjson.loads(change.evidence).get("replay")
    else:
        found = evidence.replay_of(session, change) if change.drafts else None
    return None if found is None else figures_of(session, found)


def _kept_evidence(change: DesignChange) -> list[ComparedRow]:
    """What the approver is shown: each document beside what was in force."""
    if not change.evidence:
        return []
    kept = orjson.loads(change.evidence)
    return [
        ComparedRow(
            say(Phrase(one["title"]["zh"], one["title"]["en"])),
            one["based_on"],
            one["restores"],
            kept_difference_rows(one["differences"]),
        )
        for one in kept["documents"]
    ]


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

"""Changes: opened by a designer, proposed with evidence, approved by a second person.

Nobody alone: who opened, proposed or wrote any of it does not approve it. What was proposed is
not edited; it is taken back to editing first, and then waits for approval anew.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.cases.notices import register_messages
from app.core import jobs
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from app.core.jobs import Job
from app.core.outbox import post
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.design import documents, drafts
from app.design.documents import Document
from app.design.drafts import person
from app.design.evidence import Evidence
from app.design.models import (
    DesignChange,
    DesignDraft,
    DesignDraftRevision,
    Kind,
    Publication,
    Source,
    Status,
)
from app.identity.models import User
from app.identity.policy import Role, require

register_messages(
    {
        "design_failed": (
            Role.PROCESS_DESIGNER,
            Phrase(
                "变更“{title}”到生效时间未能发布：{why}",
                "The change “{title}” could not be published when its time had come: {why}",
            ),
        )
    }
)

LATEST = timedelta(days=366)
"""So far ahead a change may take effect."""

_PROPOSAL = "propose_change:"
_AT_WORK = frozenset({Status.PROPOSED.value, Status.APPROVED.value, Status.FAILED.value})


def open_change(uow: UnitOfWork, title: str, reason: str) -> DesignChange:
    """Begin a change, empty for now. Raises `NotAllowed`, or `Invalid` without title or reason."""
    require(uow.actor, "design.edit")
    fields = {}
    if not title.strip():
        fields["title"] = Phrase("请填写变更名称。", "Say what the change is called.")
    if not reason.strip():
        fields["reason"] = Phrase("请写明变更事由。", "Say why the change is made.")
    if fields:
        raise Invalid(Phrase("请补充变更名称和事由。", "Fill in the title and the reason."), fields)
    who = person(uow)
    made = DesignChange(
        title=title.strip(),
        reason=reason.strip(),
        status=Status.OPEN.value,
        created_by=who.id,
        created_by_name=who.name,
        created_at=uow.now,
    )
    uow.session.add(made)
    uow.session.flush()
    return made


def roll_back(uow: UnitOfWork, kind: str, key: str, to_version: int, reason: str) -> DesignChange:
    """Begin a change that brings an older version back, as the next one.

    It takes evidence and a second person like every other. Raises `NotFound`, `NotAllowed`,
    `Conflict` when a change works on the document, `Invalid` when that text is in force anyway.
    """
    what = documents.document(kind, key)
    old = documents.version(uow.session, what, to_version)
    newest = documents.newest(uow.session, what)
    assert newest is not None  # there is the old one
    if newest.content == old.content:
        raise Invalid(
            Phrase(
                f"现行版本的内容与第 {to_version} 版相同，无需恢复。",
                f"What is in force is the same as version {to_version}: nothing to bring back.",
            )
        )
    name = documents.title_of(uow.session, what, old.content)
    made = open_change(uow, f"恢复“{name.zh}”第 {to_version} 版", reason)
    draft = drafts.open_draft(uow, made.id, kind, key, old.content)
    draft.restores = to_version
    uow.session.flush()
    return made


def undo(uow: UnitOfWork, change_id: int, reason: str) -> DesignChange:
    """Begin a change that brings back what was in force before a published one, all of it.

    What the change made anew stays, as cases may live by it. Raises `NotFound`, `NotAllowed`,
    `Conflict` when it was not published or another change works on a document, `Invalid` when
    there is nothing to bring back.
    """
    done = change(uow.session, change_id)
    made = open_change(uow, f"恢复“{done.title}”之前的版本", reason)
    if done.status != Status.PUBLISHED.value:
        raise _over(done)
    for publication in _of_people(uow.session, done):
        if publication.version == 1:
            continue
        what = documents.document(publication.kind, publication.key)
        old = documents.version(uow.session, what, publication.version - 1)
        newest = documents.newest(uow.session, what)
        if newest is not None and newest.content != old.content:
            draft = drafts.open_draft(uow, made.id, what.kind.value, what.key, old.content)
            draft.restores = old.number
    uow.session.flush()
    uow.session.refresh(made, ["drafts"])
    if not made.drafts:
        raise Invalid(
            Phrase(
                "这份变更之前的内容就是现行内容，无需恢复。",
                "What was in force before this change is in force: nothing to bring back.",
            )
        )
    return made


def ask_to_propose(uow: UnitOfWork, change_id: int) -> Job:
    """Let the change be checked and tried in the background, and proposed when nothing speaks
    against it.

    Raises `NotFound`, `NotAllowed`, `Conflict` when it is open no longer, `Invalid` when empty.
    """
    change = drafts.take_open(uow, change_id)
    uow.session.refresh(change, ["drafts"])
    if not change.drafts:
        raise Invalid(
            Phrase("变更单里还没有文档，请先加入。", "The change is empty: add a document.")
        )
    return jobs.ask(uow, proposal(change_id), total=1)


def propose(uow: UnitOfWork, change_id: int, evidence: Evidence) -> DesignChange:
    """Put a change before a second person, with the evidence that was weighed for its drafts.

    Raises `NotFound`, `NotAllowed`, `Invalid` when the evidence speaks against it, `Conflict`
    when a draft was saved since.
    """
    change = drafts.take_open(uow, change_id)
    uow.session.refresh(change, ["drafts"])
    if evidence.revisions != {one.id: one.revision for one in change.drafts}:
        raise Conflict(
            Phrase(
                "检查之后又有人保存了草稿：请重新提交，按最新内容检查。",
                "A draft was saved after the checks: propose again, so that it is checked as it "
                "is now.",
            )
        )
    evidence.require_good()
    for draft in change.drafts:
        require_newest(uow.session, draft)
        uow.session.execute(
            update(DesignDraftRevision)
            .where(
                DesignDraftRevision.draft_id == draft.id,
                DesignDraftRevision.revision == draft.revision,
            )
            .values(proposed=True)
        )
    who = person(uow)
    change.status = Status.PROPOSED.value
    change.proposed_by, change.proposed_by_name, change.proposed_at = who.id, who.name, uow.now
    change.decided_by = change.decided_by_name = change.decided_at = None
    change.decision_note, change.effective_at = "", None
    change.evidence = orjson.dumps(evidence.to_json()).decode()
    return change


def approve(
    uow: UnitOfWork, change_id: int, note: str = "", effective_at: datetime | None = None
) -> DesignChange:
    """A second person agrees: it goes live at `effective_at`, at once by default.

    Raises `NotFound`, `NotAllowed` for who worked on it, `Conflict` when it waits no longer,
    `Invalid` for an instant that has passed or is more than a year ahead.
    """
    change = _proposed(uow, change_id)
    require_other(uow, change)
    for draft in change.drafts:
        require_newest(uow.session, draft)
    at = uow.now if effective_at is None else effective_at
    if not uow.now <= at <= uow.now + LATEST:
        wrong = Phrase(
            "生效时间须在现在之后、一年之内。",
            "It takes effect at a time to come, within a year.",
        )
        raise Invalid(wrong, {"effective_at": wrong})
    _decide(uow, change, Status.APPROVED, note)
    change.effective_at = at
    return change


def reject(uow: UnitOfWork, change_id: int, reason: str) -> DesignChange:
    """Send a proposed change back to editing. Raises like `approve`, `Invalid` without reason."""
    change = _proposed(uow, change_id)
    require_other(uow, change)
    if not reason.strip():
        wrong = Phrase("退回须写明理由。", "Say why it is sent back.")
        raise Invalid(wrong, {"note": wrong})
    _decide(uow, change, Status.OPEN, reason)
    return change


def recall(uow: UnitOfWork, change_id: int) -> DesignChange:
    """Take a change back to editing before it is published; an approval is void then.

    Raises `NotFound`, `NotAllowed`, `Conflict` when there is nothing to take back.
    """
    require(uow.actor, "design.edit")
    change = _taken(uow, change_id)
    if change.status not in _AT_WORK:
        raise _over(change)
    change.status, change.effective_at = Status.OPEN.value, None
    return change


def withdraw(uow: UnitOfWork, change_id: int, reason: str) -> DesignChange:
    """Give a change up; its documents are free for others. What it held can still be read.

    Raises `NotFound`, `NotAllowed`, `Conflict` when it is over, `Invalid` without reason.
    """
    require(uow.actor, "design.edit")
    change = _taken(uow, change_id)
    if change.status not in _AT_WORK | {Status.OPEN.value}:
        raise _over(change)
    if not reason.strip():
        wrong = Phrase("撤回须写明理由。", "Say why it is withdrawn.")
        raise Invalid(wrong, {"note": wrong})
    _decide(uow, change, Status.WITHDRAWN, reason)
    change.effective_at = None
    _close_drafts(uow, change)
    return change


def published(uow: UnitOfWork, change: DesignChange) -> None:
    """The change has gone live."""
    change.status, change.published_at = Status.PUBLISHED.value, uow.now
    _close_drafts(uow, change)


def failed(uow: UnitOfWork, change_id: int, why: Phrase) -> DesignChange:
    """The change could not go live; a designer takes it back to editing or withdraws it."""
    change = _taken(uow, change_id)
    if change.status == Status.APPROVED.value:
        change.status = Status.FAILED.value
        change.decision_note = f"{why.zh}\n{why.en}"
        _tell_workers(uow, change, why)
    return change


def take_due(uow: UnitOfWork, change_id: int) -> DesignChange | None:
    """An approved change whose time has come, locked; none when somebody was first."""
    change = _taken(uow, change_id)
    due = change.effective_at is not None and change.effective_at <= uow.now
    return change if change.status == Status.APPROVED.value and due else None


def due(session: Session, now: datetime) -> Sequence[int]:
    """The ids of approved changes whose time has come, the earliest first."""
    return session.scalars(
        select(DesignChange.id)
        .where(DesignChange.status == Status.APPROVED.value, DesignChange.effective_at <= now)
        .order_by(DesignChange.effective_at, DesignChange.id)
    ).all()


def proposal(change_id: int) -> str:
    """The kind of the job that weighs a change before it is proposed."""
    return f"{_PROPOSAL}{change_id}"


def to_be_proposed(session: Session) -> Sequence[int]:
    """The ids of the changes that wait to be weighed and proposed."""
    found = session.scalars(
        select(Job.kind)
        .where(Job.kind.startswith(_PROPOSAL), Job.finished_at.is_(None))
        .order_by(Job.id)
    )
    return [int(kind.removeprefix(_PROPOSAL)) for kind in found]


def change(session: Session, change_id: int) -> DesignChange:
    """The change with this id. Raises `NotFound`."""
    found = session.get(DesignChange, change_id)
    if found is None:
        raise NotFound(Phrase("没有这份变更单。", "There is no such change."))
    return found


def changes(session: Session) -> Sequence[DesignChange]:
    """Every change, the newest first."""
    return session.scalars(select(DesignChange).order_by(DesignChange.id.desc())).all()


def workers(session: Session, change: DesignChange) -> dict[int, str]:
    """Who opened, proposed or wrote any of the change, in order of their first part in it."""
    found = {change.created_by: change.created_by_name}
    saved = session.execute(
        select(DesignDraftRevision.saved_by, DesignDraftRevision.saved_by_name)
        .join(DesignDraft, DesignDraft.id == DesignDraftRevision.draft_id)
        .where(DesignDraft.change_id == change.id)
        .order_by(DesignDraftRevision.id)
    )
    for user_id, name in saved:
        found.setdefault(user_id, name)
    if change.proposed_by is not None and change.proposed_by_name is not None:
        found.setdefault(change.proposed_by, change.proposed_by_name)
    return found


def require_other(uow: UnitOfWork, change: DesignChange) -> None:
    """Raise `NotAllowed` for anybody who worked on the change."""
    require(uow.actor, "design.approve")
    if uow.actor.user_id is None or uow.actor.user_id in workers(uow.session, change):
        raise NotAllowed(
            Phrase(
                "参与过这份变更的人不能审批它，请由另一位流程设计员、值班长或系统管理员审批。",
                "Nobody decides on a change they worked on: another designer, the duty manager or "
                "an administrator must.",
            )
        )


def require_newest(session: Session, draft: DesignDraft) -> None:
    """Raise `Conflict` when a newer version was published since the draft was begun."""
    what = Document(Kind(draft.kind), draft.key)
    newest = documents.newest_number(session, what)
    if newest == draft.based_on:
        return
    name = documents.title_of(session, what, draft.content)
    raise Conflict(
        Phrase(
            f"“{name.zh}”在此期间已发布第 {newest} 版：请退回编辑，与新版本对照后再提交。",
            f"Version {newest} of “{name.en}” was published meanwhile: take the change back to "
            "editing, compare, and propose it again.",
        )
    )


def refusal_of(error: DomainError) -> Phrase:
    """A refusal with the first of what it says field by field."""
    if not isinstance(error, Invalid) or not error.fields:
        return error.phrase
    first = next(iter(error.fields.values()))
    return Phrase(f"{error.phrase.zh}{first.zh}", f"{error.phrase.en} {first.en}")


def _of_people(session: Session, done: DesignChange) -> Sequence[Publication]:
    """The versions that a change brought, without those that only followed."""
    return session.scalars(
        select(Publication)
        .where(
            Publication.change_id == done.id,
            Publication.source.in_([Source.CHANGE.value, Source.ROLLBACK.value]),
        )
        .order_by(Publication.id)
    ).all()


def _decide(uow: UnitOfWork, change: DesignChange, status: Status, note: str) -> None:
    who = person(uow)
    change.status = status.value
    change.decided_by, change.decided_by_name, change.decided_at = who.id, who.name, uow.now
    change.decision_note = note.strip()


def _tell_workers(uow: UnitOfWork, change: DesignChange, why: Phrase) -> None:
    """Leave a message for everybody who worked on the change, where an address is known."""
    for user_id in workers(uow.session, change):
        user = uow.session.get_one(User, user_id)
        recipient = user.phone or user.email
        if recipient is not None:
            post(
                uow,
                key=f"design_failed:{change.id}:{uow.now.isoformat()}:{user_id}",
                medium="sms" if user.phone else "email",
                recipient=recipient,
                template="design_failed",
                values={"title": change.title, "why": why.zh},
            )


def _close_drafts(uow: UnitOfWork, change: DesignChange) -> None:
    for draft in change.drafts:
        draft.open = False
    uow.session.flush()


def _proposed(uow: UnitOfWork, change_id: int) -> DesignChange:
    require(uow.actor, "design.approve")
    change = _taken(uow, change_id)
    if change.status != Status.PROPOSED.value:
        raise _over(change)
    return change


def _taken(uow: UnitOfWork, change_id: int) -> DesignChange:
    found = uow.session.get(DesignChange, change_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(Phrase("没有这份变更单。", "There is no such change."))
    uow.session.refresh(found, ["drafts"])
    return found


def _over(change: DesignChange) -> Conflict:
    who = change.decided_by_name
    if change.status == Status.OPEN.value:
        return Conflict(
            Phrase(
                "这份变更单在编辑中，还没有提交审批。",
                "This change is being edited and waits for nobody's approval.",
            )
        )
    return Conflict(
        Phrase(
            f"这份变更单已由{who}处理，请刷新查看。"
            if who
            else "这份变更单的状态已变化，请刷新查看。",
            f"{who} has decided on this change: reload and look."
            if who
            else "This change has moved on: reload and look.",
        )
    )

"""Drafts: the text of a document while it is worked on, kept revision by revision.

A save names the revision it has seen. Who comes second is told who saved when, and gets both
texts: nothing is lost between two designers.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import CHINA
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import xml
from app.decisions.errors import DecisionError
from app.design import city, documents, wordings
from app.design.blanks import blank
from app.design.documents import MAX_BYTES, Document, Version
from app.design.models import DesignChange, DesignDraft, DesignDraftRevision, Kind, Status
from app.engine import read_diagram
from app.identity.policy import require

KEPT = 50
"""So many revisions of a draft are kept, besides those that were proposed."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, as rows keep it."""

    id: int
    name: str


class SavedMeanwhile(Conflict):
    """Somebody saved the draft after the reader had loaded it; carries what they saved."""

    def __init__(self, draft: DesignDraft) -> None:
        when = draft.changed_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        super().__init__(
            Phrase(
                f"{draft.changed_by_name}已于 {when} 保存了这份草稿（第 {draft.revision} 次）。"
                "您的内容没有丢失：请对照后选用，或先另存为文件。",
                f"{draft.changed_by_name} saved this draft at {when} (revision {draft.revision}). "
                "Nothing of yours is lost: compare and choose, or keep yours as a file first.",
            )
        )
        self.revision = draft.revision
        self.content = draft.content
        self.by = draft.changed_by_name
        self.at: datetime = draft.changed_at


def open_draft(
    uow: UnitOfWork, change_id: int, kind: str, key: str, content: str | None = None
) -> DesignDraft:
    """Take a document into an open change; its newest text, or `content`, is the first revision.

    A document that the change holds already is given as it is. Raises `NotFound`, `NotAllowed`,
    `Conflict` when another open change holds it, `Invalid` for a text that cannot be read or a
    key that cannot be named.
    """
    change = take_open(uow, change_id)
    what = documents.document(kind, key)
    held = held_by(uow.session, what)
    if held is not None:
        return _own(held, change)
    before = documents.newest(uow.session, what)
    if before is None:
        documents.require_key(what.kind, key)
    text = content if content is not None else _first_text(what, before)
    require_readable(what, text)
    try:
        with uow.session.begin_nested():
            return _added(uow, change, what, text, None if before is None else before.number)
    except IntegrityError:  # somebody took it into another change at the same moment
        held = held_by(uow.session, what)
        assert held is not None
        return _own(held, change)


def save(uow: UnitOfWork, draft_id: int, revision: int, content: str) -> DesignDraft:
    """Keep `content` as the next revision of a draft that was loaded at `revision`.

    The same text again is no new revision. Raises `NotFound`, `NotAllowed`, `Conflict` when the
    change can no longer be edited, `SavedMeanwhile`, `Invalid` for a text that cannot be read.
    """
    found = draft(uow.session, draft_id)
    take_open(uow, found.change_id)
    found = uow.session.get_one(DesignDraft, draft_id, populate_existing=True)
    if not found.open:
        raise NotFound(Phrase("这份草稿已移出变更单。", "This draft has left its change."))
    require_readable(Document(Kind(found.kind), found.key), content)
    if content == found.content:
        return found
    if revision != found.revision:
        raise SavedMeanwhile(found)
    who = person(uow)
    uow.session.execute(
        update(DesignDraft)
        .where(DesignDraft.id == draft_id)
        .values(
            content=content,
            revision=revision + 1,
            restores=None,
            changed_at=uow.now,
            changed_by=who.id,
            changed_by_name=who.name,
        )
    )
    uow.session.refresh(found)
    _keep(uow, found)
    _forget_old(uow, found)
    return found


def discard(uow: UnitOfWork, draft_id: int) -> None:
    """Take a document out of an open change; the published version stays as it is.

    Raises `NotFound`, `NotAllowed`, `Conflict` when the change can no longer be edited.
    """
    found = draft(uow.session, draft_id)
    take_open(uow, found.change_id)
    uow.session.execute(delete(DesignDraftRevision).where(DesignDraftRevision.draft_id == draft_id))
    uow.session.execute(delete(DesignDraft).where(DesignDraft.id == draft_id))
    uow.session.expire_all()


def catch_up(uow: UnitOfWork, draft_id: int) -> DesignDraft:
    """Say that the draft was compared with the newest version, which was published meanwhile.

    Raises like `save`.
    """
    found = draft(uow.session, draft_id)
    take_open(uow, found.change_id)
    found.based_on = documents.newest_number(uow.session, Document(Kind(found.kind), found.key))
    uow.session.flush()
    return found


def draft(session: Session, draft_id: int) -> DesignDraft:
    """The draft with this id. Raises `NotFound`."""
    found = session.get(DesignDraft, draft_id)
    if found is None:
        raise NotFound(Phrase("没有这份草稿。", "There is no such draft."))
    return found


def held_by(session: Session, what: Document) -> DesignDraft | None:
    """The draft of the document in the one change that works on it, if there is one."""
    return session.scalar(
        select(DesignDraft).where(
            DesignDraft.kind == what.kind.value, DesignDraft.key == what.key, DesignDraft.open
        )
    )


def revisions(session: Session, draft_id: int) -> list[DesignDraftRevision]:
    """The kept revisions of a draft, the newest first."""
    return list(
        session.scalars(
            select(DesignDraftRevision)
            .where(DesignDraftRevision.draft_id == draft_id)
            .order_by(DesignDraftRevision.revision.desc())
        )
    )


def take_open(uow: UnitOfWork, change_id: int) -> DesignChange:
    """An open change, locked, for somebody who may edit it.

    Raises `NotFound`, `NotAllowed`, `Conflict` when it is open no longer.
    """
    require(uow.actor, "design.edit")
    change = uow.session.get(DesignChange, change_id, with_for_update=True, populate_existing=True)
    if change is None:
        raise NotFound(Phrase("没有这份变更单。", "There is no such change."))
    if change.status != Status.OPEN:
        raise Conflict(
            Phrase(
                "这份变更单已提交审批或已结束，不能再修改；如需修改，请先退回编辑，或另开一份。",
                "This change was proposed or is over and cannot be edited: take it back to "
                "editing first, or open another.",
            )
        )
    return change


def require_readable(what: Document, content: str) -> None:
    """Refuse a text that is too large or cannot be read at all. Raises `Invalid`.

    What it says is judged by `checking`; unfinished texts may be saved.
    """
    data = content.encode()
    if len(data) > MAX_BYTES:
        raise Invalid(
            Phrase(
                f"文件超过 {MAX_BYTES // 1_000_000} MB，不能保存：请拆成几份。",
                f"The text is larger than {MAX_BYTES // 1_000_000} MB and cannot be kept: "
                "split it.",
            )
        )
    if "\x00" in content:
        raise Invalid(Phrase("文本里有不能保存的字符。", "The text holds signs nobody can keep."))
    if what.kind is Kind.DIAGRAM:
        read_diagram(data, f"{what.key}.bpmn")
    elif what.kind is Kind.TABLE:
        try:
            xml.parse(data)
        except DecisionError as error:
            raise Invalid(error.phrase) from error
    elif what.kind in {Kind.LETTER, Kind.MESSAGE}:
        wordings.read(content)
    elif what.kind is Kind.PROFILE:
        city.read(content)


def person(uow: UnitOfWork) -> Person:
    """Who acts: in the workshop always a person."""
    assert uow.actor.user_id is not None
    return Person(uow.actor.user_id, uow.actor.name)


def _own(held: DesignDraft, change: DesignChange) -> DesignDraft:
    if held.change_id == change.id:
        return held
    raise Conflict(
        Phrase(
            f"“{held.change.title}”正在修改这份文档：请在那份变更单里修改，或等它发布、撤回。",
            f"The change “{held.change.title}” is working on this document: edit it there, or "
            "wait until that is published or withdrawn.",
        )
    )


def _first_text(what: Document, before: Version | None) -> str:
    return before.content if before is not None else blank(what.kind, what.key)


def _added(
    uow: UnitOfWork, change: DesignChange, what: Document, text: str, based_on: int | None
) -> DesignDraft:
    who = person(uow)
    made = DesignDraft(
        change_id=change.id,
        kind=what.kind.value,
        key=what.key,
        based_on=based_on,
        restores=None,
        content=text,
        revision=1,
        changed_at=uow.now,
        changed_by=who.id,
        changed_by_name=who.name,
        open=True,
    )
    uow.session.add(made)
    uow.session.flush()
    _keep(uow, made)
    return made


def _keep(uow: UnitOfWork, found: DesignDraft) -> None:
    uow.session.execute(
        insert(DesignDraftRevision).values(
            draft_id=found.id,
            revision=found.revision,
            content=found.content,
            saved_at=found.changed_at,
            saved_by=found.changed_by,
            saved_by_name=found.changed_by_name,
            proposed=False,
        )
    )


def _forget_old(uow: UnitOfWork, found: DesignDraft) -> None:
    """The last revision of each person stays: whoever wrote a draft may not approve it."""
    mine = DesignDraftRevision.draft_id == found.id
    last = select(func.max(DesignDraftRevision.revision)).where(mine)
    uow.session.execute(
        delete(DesignDraftRevision)
        .where(
            mine,
            DesignDraftRevision.revision <= found.revision - KEPT,
            DesignDraftRevision.proposed.is_(False),
            DesignDraftRevision.revision.not_in(last.group_by(DesignDraftRevision.saved_by)),
        )
        .execution_options(synchronize_session=False)
    )

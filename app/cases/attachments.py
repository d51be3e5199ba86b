"""Files of a case: uploaded, attached in a step or beside it, seen by who may, proved by digest.

A file is uploaded first and attached afterwards, so that a refused form keeps what was chosen.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.cases import file_types, history, queries
from app.cases.answers import Answers
from app.cases.models.attachment import Attachment
from app.cases.models.history import HistoryEntry
from app.cases.orders import Case, find, take
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.files import FileStore
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.engine.forms import Field, FieldType, FileKind, FileSort, Form
from app.identity.policy import UNIT_ROLES, may, require

MAX_BYTES = 20 * 1024 * 1024
"""[P] Size of one file."""

MOST_WAITING = 60
"""[P] Files of one person that were uploaded and belong to no case yet."""

WAITS_FOR = timedelta(days=1)
"""[P] How long an uploaded file waits to be attached: longer than a session lasts."""

KINDS: dict[FileKind, Phrase] = {
    FileKind.MATERIAL: Phrase("诉求材料", "Material"),
    FileKind.IDENTITY: Phrase("证件", "Identity papers"),
    FileKind.CONTACT: Phrase("联系证据", "Proof of contact"),
    FileKind.HANDLING: Phrase("办理材料", "Proof of handling"),
}

_MOST_CHARACTERS = 120
_NO_SUCH_FILE = Phrase(
    "没有这个附件，或者您无权查看。", "There is no such file, or it is not for you to see."
)


@dataclass(frozen=True, slots=True)
class Received:
    """A file that is on disk; its name is harmless and its content is what the name says."""

    name: str
    media_type: str
    digest: str
    size: int


def receive(store: FileStore, name: str, file: IO[bytes]) -> Received:
    """Check a file and write it to disk, before any transaction is opened.

    Raises `Invalid` for one that is empty, too large, or not of a kind the office takes.
    """
    name = safe_name(name)
    size = file.seek(0, 2)
    if not size:
        raise Invalid(
            Phrase(f"文件“{name}”是空的，请重新选择。", f"“{name}” is empty: choose another file.")
        )
    if size > MAX_BYTES:
        most = MAX_BYTES // 1024 // 1024
        raise Invalid(
            Phrase(
                f"文件“{name}”超过 {most} MB，请压缩或拆分后再上传。",
                f"“{name}” is larger than {most} MB: compress or split it, then upload it again.",
            )
        )
    media_type = file_types.media_type(name, file)
    if media_type is None:
        raise Invalid(
            Phrase(
                f"文件“{name}”的格式不能接收，或内容与扩展名不符。请改传文档（PDF、OFD、Word、Excel）、"
                "图片、录音或视频，不接收压缩包和程序。",
                f"“{name}” is of a kind that is not taken, or is not what its name says. Upload a "
                "document (PDF, OFD, Word, Excel), a picture, a recording or a video; archives and "
                "programs are not taken.",
            )
        )
    stored = store.put(file)
    return Received(name, media_type, stored.digest, stored.size)


def keep(uow: UnitOfWork, received: Received) -> Attachment:
    """Keep a received file for its uploader until it is attached. Raises `Invalid` beyond 60."""
    require(uow.actor, "attachment.add", uow.actor.unit_id)
    assert uow.actor.user_id is not None  # jobs upload nothing
    waits = select(func.count()).where(
        Attachment.demand_id.is_(None), Attachment.uploaded_by == uow.actor.user_id
    )
    if (uow.session.scalar(waits) or 0) >= MOST_WAITING:
        raise Invalid(
            Phrase(
                "您已上传而未提交的文件太多。请先提交已选的文件，或一天后再试。",
                "You have uploaded too many files without submitting them. Submit what you have "
                "chosen, or try again in a day.",
            )
        )
    kept = Attachment(
        name=received.name,
        media_type=received.media_type,
        size=received.size,
        digest=received.digest,
        uploaded_at=uow.now,
        uploaded_by=uow.actor.user_id,
        uploaded_by_name=uow.actor.name,
        uploaded_by_unit=uow.actor.unit_id,
    )
    uow.session.add(kept)
    uow.session.flush()
    return kept


def add(uow: UnitOfWork, demand_id: int, attachment_ids: Sequence[int], kind: FileKind) -> Case:
    """Attach uploaded files to a case beside its steps.

    Raises `NotFound`, `NotAllowed`, `Conflict` when the case is closed, or `Invalid`.
    """
    case = take(uow, demand_id)
    require(uow.actor, "order.see", case.unit_id)
    require(uow.actor, "attachment.add", case.unit_id)
    if case.demand.closed_at is not None or (case.order and case.order.closed_at is not None):
        raise Conflict(
            Phrase(
                "工单已办结归档，不能再添加附件。",
                "The case is closed and filed: no files can be added.",
            )
        )
    if not attachment_ids:
        raise Invalid(
            Phrase("请选择要上传的文件。", "Choose the files to upload."),
            {"files": Phrase("请选择文件。", "Choose files.")},
        )
    _attach(uow, case, "files", attachment_ids, kind, None)
    return case


def attach_answers(
    uow: UnitOfWork, case: Case, element_id: str, form: Form | None, checked: Answers
) -> None:
    """Attach the files that were chosen in a step. Raises `Invalid` for what waits no longer."""
    for field in form.fields if form is not None else ():
        chosen = checked.get(field.name)
        if field.type is FieldType.FILES and isinstance(chosen, list) and chosen:
            _require_taken(uow.session, field, chosen)
            _attach(uow, case, field.name, chosen, field.kind, element_id)


SORTS: dict[FileSort, Phrase] = {
    FileSort.DOCUMENT: Phrase("文档", "documents"),
    FileSort.PICTURE: Phrase("图片", "pictures"),
    FileSort.RECORDING: Phrase("录音", "recordings"),
    FileSort.VIDEO: Phrase("视频", "videos"),
}


def require_taken(field: Field, name: str, media_type: str, size: int) -> None:
    """Refuse a file that the field does not take. Raises `Invalid` with the name of the file."""
    if field.accepts and file_types.sort_of(media_type) not in field.accepts:
        taken = [SORTS[one] for one in FileSort if one in field.accepts]
        raise Invalid(
            Phrase(
                f"文件“{name}”不能用在这里：只接收{'、'.join(one.zh for one in taken)}。",
                f"“{name}” cannot be used here: only {', '.join(one.en for one in taken)}.",
            )
        )
    if field.max_megabytes is not None and size > field.max_megabytes * 1024 * 1024:
        raise Invalid(
            Phrase(
                f"文件“{name}”超过 {field.max_megabytes} MB，请压缩或拆分后再上传。",
                f"“{name}” is larger than {field.max_megabytes} MB: compress or split it, then "
                "upload it again.",
            )
        )


def _require_taken(session: Session, field: Field, attachment_ids: Sequence[int]) -> None:
    if not field.accepts and field.max_megabytes is None:
        return
    for one in session.scalars(select(Attachment).where(Attachment.id.in_(attachment_ids))):
        try:
            require_taken(field, one.name, one.media_type, one.size)
        except Invalid as wrong:
            raise Invalid(wrong.phrase, {field.name: wrong.phrase}) from None


def of_case(session: Session, actor: Actor, case: Case) -> list[Attachment]:
    """The files of a case that the actor may know of, in the order in which they came."""
    found = session.scalars(
        select(Attachment).where(Attachment.demand_id == case.demand.id).order_by(Attachment.id)
    )
    return [one for one in found if _may_know(actor, case, one)]


def waiting(session: Session, actor: Actor, attachment_ids: Iterable[int]) -> list[Attachment]:
    """Which of these files the actor uploaded and did not attach yet."""
    return list(
        session.scalars(
            select(Attachment)
            .where(
                Attachment.id.in_(list(attachment_ids)),
                Attachment.demand_id.is_(None),
                Attachment.uploaded_by == actor.user_id,
            )
            .order_by(Attachment.id)
        )
    )


def readable(session: Session, actor: Actor, attachment_id: int) -> Attachment:
    """The file, for somebody who may read it without leaving a trace.

    Raises `NotFound`, or `NotAllowed` for identity papers, which are opened with `open_identity`.
    """
    found = _known(session, actor, attachment_id)
    if found.kind == FileKind.IDENTITY:
        raise NotAllowed(
            Phrase(
                "证件须在工单页面打开，查看会记入工单历史。",
                "Identity papers are opened from the page of the case; that is recorded.",
            )
        )
    return found


def open_identity(uow: UnitOfWork, attachment_id: int) -> Attachment:
    """Identity papers, for who may see the requester in full; who looked is recorded."""
    found = _known(uow.session, uow.actor, attachment_id)
    assert found.demand_id is not None  # a known file is one of a case
    case = take(uow, found.demand_id)
    require(uow.actor, "requester.unmask", case.unit_id)
    history.record(uow, found.demand_id, "open_identity", facts={"attachment": found.id})
    return found


def may_open_identity(actor: Actor, case: Case) -> bool:
    """Whether the identity papers of a case are for the actor to open."""
    return may(actor, "requester.unmask", case.unit_id)


def forget_waiting(uow: UnitOfWork) -> None:
    """Forget files that were uploaded and not attached for longer than `WAITS_FOR`."""
    uow.session.execute(
        delete(Attachment).where(
            Attachment.demand_id.is_(None), Attachment.uploaded_at < uow.now - WAITS_FOR
        )
    )


def named(session: Session, digests: Sequence[str]) -> set[str]:
    """Which contents a row names, waiting or attached."""
    rows = session.scalars(select(Attachment.digest).where(Attachment.digest.in_(digests)))
    return set(rows)


def faults(session: Session, store: FileStore) -> Iterator[str]:
    """Which attached files are missing or changed, on disk or in their rows, in words."""
    rows = {
        one.id: one
        for one in session.scalars(select(Attachment).where(Attachment.demand_id.is_not(None)))
    }
    entries = session.execute(
        select(HistoryEntry.demand_id, HistoryEntry.facts).where(HistoryEntry.command == "attach")
    )
    recorded = {}
    for demand_id, text in entries:
        facts = orjson.loads(text)
        recorded[facts["attachment"]] = (demand_id, facts["sha256"])
    for attachment_id in sorted(rows.keys() | recorded.keys()):
        row = rows.get(attachment_id)
        if row is None or recorded.get(attachment_id) != (row.demand_id, row.digest):
            yield f"file {attachment_id}: its row is not what the history of its case says"
        elif not store.is_whole(row.digest):
            yield f"case {row.demand_id}: the file {attachment_id} is missing or was changed"


def safe_name(name: str) -> str:
    """A file's name without folders, control characters and tricks of direction, and not long."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in base if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    stem, dot, ending = " ".join(shown.split()).strip(". ").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    return f"{stem[: _MOST_CHARACTERS - len(ending)] or '附件'}{dot}{ending[:10]}"


def _attach(
    uow: UnitOfWork,
    case: Case,
    field: str,
    attachment_ids: Sequence[int],
    kind: FileKind,
    element_id: str | None,
) -> None:
    """Give waiting files of the actor to a case; each has its digest in the chain."""
    asked = set(attachment_ids)
    found = uow.session.scalars(
        select(Attachment)
        .where(
            Attachment.id.in_(asked),
            Attachment.demand_id.is_(None),
            Attachment.uploaded_by == uow.actor.user_id,
        )
        .order_by(Attachment.id)
        .with_for_update()
    ).all()
    if len(found) != len(asked):
        again = Phrase(
            "有文件已失效或已经提交过，请取消勾选后重新选择文件。",
            "Some files have expired or were submitted before: untick them and choose them again.",
        )
        raise Invalid(again, {field: again})
    for one in found:
        one.demand_id, one.kind, one.element_id = case.demand.id, kind, element_id
        history.record(
            uow,
            case.demand.id,
            "attach",
            element_id=element_id,
            facts={"attachment": one.id, "kind": kind, "sha256": one.digest, "size": one.size},
        )


def _known(session: Session, actor: Actor, attachment_id: int) -> Attachment:
    found = session.get(Attachment, attachment_id)
    if found is None or found.demand_id is None:
        raise NotFound(_NO_SUCH_FILE)
    case = find(session, found.demand_id)
    unit_id = case.unit_id
    if actor.unit_id is not None and queries.concerns(session, case.demand.id, actor.unit_id):
        unit_id = actor.unit_id
    if not may(actor, "order.see", unit_id) or not _may_know(actor, case, found):
        raise NotFound(_NO_SUCH_FILE)
    return found


def _may_know(actor: Actor, case: Case, one: Attachment) -> bool:
    """Of a sealed case people of units know only what their own unit attached: anything else may
    give the requester away.
    """
    if not case.demand.confidential or actor.roles - UNIT_ROLES:
        return True
    return one.uploaded_by_unit is not None and one.uploaded_by_unit == actor.unit_id

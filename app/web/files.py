"""Files on pages: taken in with a form, shown with a case, handed out as downloads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, current_app, flash, g, redirect, request, send_file, url_for
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.cases import attachments, file_types
from app.cases.models.attachment import Attachment
from app.cases.orders import Case
from app.core.errors import Invalid, NotFound
from app.core.files import FileStore
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, FileKind, FileSort, Form, Option
from app.identity import policy
from app.web.access import FILES, acting, permission, reading_session
from app.web.forms import Choices, FormView, form_view, number_in
from app.web.language import _, ngettext, say

MOST_SENT = 100 * 1024 * 1024
"""[P] Bytes of one request that brings files; other requests are held to much less."""

_BRINGING = frozenset({"web.do_step", "web.act", "web.register", "web.attach"})

MOST_DRAFTED = 6 * 1024 * 1024
"""Bytes of one request that brings the text of a draft; quotation marks double in JSON."""

_DRAFTING = frozenset(
    {
        "web.save_draft",
        "web.check_draft",
        "web.save_design_draft",
        "web.bring_in",
        "web.review_table",
        "web.ask_table",
        "web.add_test_row",
        "web.read_sheet",
    }
)

ADDING = Form(
    (
        Field(
            "kind",
            FieldType.CHOICE,
            Phrase("附件种类", "Kind of file"),
            required=True,
            options=tuple(Option(kind, label) for kind, label in attachments.KINDS.items()),
            default=FileKind.MATERIAL,
        ),
        Field("files", FieldType.FILES, Phrase("文件", "Files"), required=True),
    )
)
"""What is asked when files are added to a case beside its steps."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent, its files on disk and named by their ids, and what was refused."""

    fields: MultiDict[str, str]
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A file of a case; `address` is empty where the reader may know of it and not open it."""

    name: str
    kind: str
    size: str
    who: str
    at: datetime
    address: str
    is_identity: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The files of a case, what the reader should know about them, and the form to add more."""

    rows: Sequence[Row]
    note: str
    adding: FormView | None


def allow() -> None:
    """Before every page: only what brings files may be large."""
    if request.endpoint in _BRINGING and request.mimetype == "multipart/form-data":
        request.max_content_length = MOST_SENT
    elif request.endpoint in _DRAFTING:
        request.max_content_length = request.max_form_memory_size = MOST_DRAFTED


def take_in(form: Form) -> Sent:
    """Keep the files that came with `form`, each in a transaction of its own.

    So a form that is refused for another reason keeps what was chosen. What cannot be taken is
    named under its field.
    """
    fields: MultiDict[str, str] = MultiDict(request.form)
    errors: dict[str, str] = {}
    for field in form.fields:
        if field.type is not FieldType.FILES or not field.is_editable_by(g.actor.roles):
            continue
        kept, refusals = _keep(request.files.getlist(field.name), field)
        fields.setlist(field.name, [*fields.getlist(field.name), *map(str, kept)])
        if refusals:
            errors[field.name] = " ".join(refusals)
    return Sent(fields, errors)


def chosen(form: Form, fields: Mapping[str, str] | None) -> dict[str, Choices]:
    """For each field of files the ones that were uploaded before and wait, with name and size."""
    if not isinstance(fields, MultiDict):
        return {}
    choices: dict[str, Choices] = {}
    for field in form.fields:
        if field.type is FieldType.FILES:
            ids = [found for text in fields.getlist(field.name) if (found := number_in(text))]
            waiting = attachments.waiting(reading_session(), g.actor, ids)
            listed = [(str(one.id), f"{one.name}（{in_words(one.size)}）") for one in waiting]
            choices[field.name] = Choices(options=listed)
    return choices


def of_case(found: Case) -> Shown:
    """The files of a case as far as the reader may know of them."""
    may_open = attachments.may_open_identity(g.actor, found)
    listed = attachments.of_case(reading_session(), g.actor, found)
    sealed_from_reader = found.demand.confidential and not g.actor.roles - policy.UNIT_ROLES
    may_add = found.demand.closed_at is None and policy.may(
        g.actor, "attachment.add", found.unit_id
    )
    return Shown(
        rows=[_row(one, may_open) for one in listed],
        note=_("保密件：只显示本单位上传的附件。") if sealed_from_reader else "",
        adding=form_view(ADDING, g.actor.roles, prefix="add-") if may_add else None,
    )


@permission("attachment.add")
def attach(demand_id: int) -> AnyResponse:
    """Add files to a case beside its steps; what cannot be taken is named, the rest is added."""
    kept, refusals = _keep(request.files.getlist("files"), _ANY)
    for refusal in refusals:
        flash(refusal, "stop")
    kind = request.form.get("kind", "")
    if kept or not refusals:
        with acting() as uow:
            try:
                attachments.add(
                    uow, demand_id, kept, FileKind(kind) if kind in set(FileKind) else _OTHER
                )
            except Invalid as wrong:
                flash(say(wrong.phrase), "stop")
            else:
                flash(
                    ngettext("已添加 %(num)s 个附件。", "已添加 %(num)s 个附件。", len(kept)),
                    "done",
                )
    return redirect(url_for("web.case", demand_id=demand_id))


@permission("order.see")
def download(attachment_id: int) -> Response:
    """A file, always as a download: nothing that came from outside is shown inside the site.

    Identity papers are asked for with POST, since that is recorded.
    """
    if request.method == "POST":
        with acting() as uow:
            found = attachments.open_identity(uow, attachment_id)
    else:
        found = attachments.readable(reading_session(), g.actor, attachment_id)
    path = _store().path(found.digest)
    if not path.is_file():
        current_app.logger.error("the file %d is missing at %s", found.id, path)
        raise NotFound(
            Phrase(
                "附件在存储中找不到了。请把编号告诉系统管理员，从备份中恢复。",
                "The file is no longer in the store. Tell the administrator, who can restore it.",
            )
        )
    response = send_file(
        path,
        mimetype=found.media_type,
        as_attachment=True,
        download_name=found.name,
        etag=found.digest,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def accepted(sorts: Collection[FileSort] = ()) -> str:
    """What a browser offers to choose from."""
    return ",".join(f".{extension}" for extension in file_types.extensions_of(sorts))


def in_words(size: int) -> str:
    """A number of bytes as people say it."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / 1024 / 1024:.1f} MB"


_OTHER = FileKind.MATERIAL


_ANY = Field("files", FieldType.FILES, Phrase("文件", "Files"))


def _keep(files: Sequence[FileStorage], field: Field) -> tuple[list[int], list[str]]:
    """Ids of the files that were kept, and why others were not."""
    kept: list[int] = []
    refusals: list[str] = []
    for file in files:
        if not file.filename:
            continue  # a browser sends an empty one where nothing was chosen
        try:
            received = attachments.receive(_store(), file.filename, file.stream)
            attachments.require_taken(field, received.name, received.media_type, received.size)
            with acting() as uow:
                kept.append(attachments.keep(uow, received).id)
        except Invalid as wrong:
            refusals.append(say(wrong.phrase))
        except OSError:  # what was typed beside the file must not be lost for it
            current_app.logger.exception("a file could not be written to %s", _store().root)
            refusals.append(
                _(
                    "文件“%(name)s”没有保存成功。请不带附件提交，并把时间告诉系统管理员检查存储。",
                    name=attachments.safe_name(file.filename),
                )
            )
    return kept, refusals


def _row(one: Attachment, may_open_identity: bool) -> Row:
    is_identity = one.kind == FileKind.IDENTITY
    address = url_for("web.download", attachment_id=one.id)
    return Row(
        name=one.name,
        kind=say(attachments.KINDS[FileKind(one.kind)]) if one.kind else "",
        size=in_words(one.size),
        who=one.uploaded_by_name,
        at=one.uploaded_at,
        address=address if may_open_identity or not is_identity else "",
        is_identity=is_identity,
    )


def _store() -> FileStore:
    store: FileStore = current_app.extensions[FILES]
    return store

"""Files of a case: taken or refused, attached once, seen by who may, proved, and swept."""

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.cases import attachments, orders, steps
from app.cases.models.attachment import Attachment
from app.cases.models.history import HistoryEntry
from app.core.clock import now as wall_clock
from app.core.db import reading
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.files import FileStore
from app.engine.forms import FileKind
from app.jobs.daily import every_day
from tests.office import Office

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PDF = b"%PDF-1.7 words"


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def upload(
    office: Office, files: FileStore, by: str, name: str = "现场.png", content: bytes = PNG
) -> int:
    received = attachments.receive(files, name, io.BytesIO(content))
    with office.acting(by) as uow:
        return attachments.keep(uow, received).id


def attached(
    office: Office,
    files: FileStore,
    demand_id: int,
    by: str,
    kind: FileKind = FileKind.MATERIAL,
    **file: object,
) -> int:
    attachment_id = upload(office, files, by, **file)  # type: ignore[arg-type]
    with office.acting(by) as uow:
        attachments.add(uow, demand_id, [attachment_id], kind)
    return attachment_id


def seen(office: Office, demand_id: int, by: str) -> list[int]:
    with reading(office.sessions) as session:
        found = attachments.of_case(session, office.actor(by), orders.find(session, demand_id))
        return [one.id for one in found]


def document(member: str, *more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in (member, *more):
            archive.writestr(name, "x")
    return out.getvalue()


TAKEN = {
    "a.pdf": PDF,
    "b.PNG": PNG,
    "c.jpg": b"\xff\xd8\xff\xe0 jfif",
    "d.docx": document("word/document.xml"),
    "e.ofd": document("OFD.xml"),
    "f.txt": "已修复。".encode("gb18030"),
    "g.mp4": b"\0\0\0\x18ftypmp42",
    "h.heic": b"\0\0\0\x18ftypheic",
    "i.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old",
    "j.amr": b"#!AMR\n",
    "k.wav": b"RIFF\0\0\0\0WAVEfmt ",
}


@pytest.mark.parametrize("name", TAKEN)
def test_documents_pictures_and_recordings_are_taken(files: FileStore, name: str) -> None:
    received = attachments.receive(files, name, io.BytesIO(TAKEN[name]))
    assert files.path(received.digest).read_bytes() == TAKEN[name]
    assert received.size == len(TAKEN[name])
    assert "/" in received.media_type


REFUSED = {
    "a.exe": b"MZ program",
    "b.png": PDF,
    "c.pdf": b"MZ program",
    "d.docx": document("xl/workbook.xml"),
    "e.docx": document("word/document.xml", "word/vbaProject.bin"),
    "f.docx": b"PK\x03\x04 cut off",
    "g.zip": document("anything"),
    "h.html": b"<script>alert(1)</script>",
    "i.svg": b"<svg onload='alert(1)'/>",
    "j.txt": b"\0\0\0\0",
    "k": PNG,
    "l.png": b"",
    "m.png.exe": PNG,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_runs_or_is_not_what_its_name_says_is_refused(files: FileStore, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        attachments.receive(files, name, io.BytesIO(REFUSED[name]))
    assert name in refusal.value.phrase.zh
    assert not list(files.root.glob("*/*"))


def test_a_file_beyond_the_size_is_refused_and_says_how_large_it_may_be(files: FileStore) -> None:
    with pytest.raises(Invalid, match="20 MB"):
        attachments.receive(files, "a.png", io.BytesIO(PNG.ljust(attachments.MAX_BYTES + 1)))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("现场 照片.jpg", "现场 照片.jpg"),
        (r"C:\Users\wang\照片.jpg", "照片.jpg"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie x.png"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("...", "附件"),
        (".png", "png"),
        ("长" * 300 + ".png", "长" * 117 + ".png"),
    ],
)
def test_names_are_made_harmless(given: str, kept: str) -> None:
    assert attachments.safe_name(given) == kept


def test_files_chosen_in_a_step_belong_to_the_case_once_it_is_done(
    office: Office, files: FileStore
) -> None:
    demand_id = office.bring_to("reply")
    proof = upload(office, files, "handler")
    assert seen(office, demand_id, "handler") == []
    with pytest.raises(Invalid):
        office.do(demand_id, "reply", handling_result="", handling_files=[proof])
    office.do(demand_id, "reply", handling_files=[str(proof)])
    assert seen(office, demand_id, "reviewer") == [proof]
    with reading(office.sessions) as session:
        row = session.get_one(Attachment, proof)
        assert (row.kind, row.element_id, row.uploaded_by_name) == ("handling", "reply", "冯经办")
        entries = session.scalars(
            select(HistoryEntry.facts).where(
                HistoryEntry.demand_id == demand_id, HistoryEntry.command == "attach"
            )
        ).all()
    assert len(entries) == 1
    assert row.digest in entries[0]
    assert "现场" not in entries[0], "names may say who somebody is and stay out of the chain"
    assert "添加附件" in office.story(demand_id)


def test_files_of_somebody_else_or_of_another_step_are_refused(
    office: Office, files: FileStore
) -> None:
    demand_id = office.bring_to("reply")
    foreign = upload(office, files, "handler2")
    with pytest.raises(Invalid) as refusal:
        office.do(demand_id, "reply", handling_files=[foreign])
    assert set(refusal.value.fields) == {"handling_files"}
    mine = upload(office, files, "handler")
    office.do(demand_id, "reply", handling_files=[mine])
    other = office.bring_to("reply")
    with pytest.raises(Invalid):
        office.do(other, "reply", handling_files=[mine])
    assert office.waiting(other) == ["reply"]


def test_a_step_takes_no_more_files_than_its_form_says(office: Office, files: FileStore) -> None:
    demand_id = office.bring_to("reply")
    many = [upload(office, files, "handler") for _ in range(11)]
    with pytest.raises(Invalid) as refusal:
        office.do(demand_id, "reply", handling_files=many)
    assert "10" in refusal.value.fields["handling_files"].zh


def test_people_of_another_unit_see_no_files(office: Office, files: FileStore) -> None:
    demand_id = office.bring_to("reply")
    mine = attached(office, files, demand_id, "handler")
    with reading(office.sessions) as session:
        assert attachments.readable(session, office.actor("approver"), mine).id == mine
        with pytest.raises(NotFound):
            attachments.readable(session, office.actor("stranger"), mine)
    with pytest.raises(NotAllowed):
        attached(office, files, demand_id, "stranger")


def test_a_unit_with_a_part_reads_what_the_page_of_the_case_shows(
    office: Office, files: FileStore
) -> None:
    demand_id = office.bring_to("reply")
    office.act(demand_id, "co_unit_added", "dispatcher", co_unit=office.unit("water_group"))
    theirs = attached(office, files, demand_id, "handler")
    with reading(office.sessions) as session:
        assert attachments.readable(session, office.actor("stranger"), theirs).id == theirs
        with pytest.raises(NotFound):
            attachments.readable(session, office.actor("subdistrict"), theirs)


def test_units_see_of_a_sealed_case_only_what_they_attached_themselves(
    office: Office, files: FileStore
) -> None:
    demand_id = office.bring_to("reply", confidential=True)
    letter = attached(office, files, demand_id, "agent")
    proof = attached(office, files, demand_id, "handler", FileKind.HANDLING)
    assert seen(office, demand_id, "handler") == [proof]
    assert seen(office, demand_id, "reviewer") == [letter, proof]
    with reading(office.sessions) as session, pytest.raises(NotFound):
        attachments.readable(session, office.actor("handler"), letter)


def test_identity_papers_are_for_who_may_see_the_requester_and_looking_is_recorded(
    office: Office, files: FileStore
) -> None:
    demand_id = office.bring_to("reply")
    card = attached(office, files, demand_id, "agent", FileKind.IDENTITY)
    with reading(office.sessions) as session, pytest.raises(NotAllowed):
        attachments.readable(session, office.actor("handler"), card)
    with office.acting("approver") as uow, pytest.raises(NotAllowed):
        attachments.open_identity(uow, card)
    assert "查看证件" not in office.story(demand_id)
    with office.acting("handler") as uow:
        assert attachments.open_identity(uow, card).id == card
    assert "查看证件" in office.story(demand_id)


def test_a_closed_case_takes_no_more_files(office: Office, files: FileStore) -> None:
    demand_id = office.bring_to("close")
    office.do(demand_id, "close")
    with pytest.raises(Conflict):
        attached(office, files, demand_id, "reviewer")


def test_nobody_piles_up_files_without_submitting_them(office: Office, files: FileStore) -> None:
    received = attachments.receive(files, "a.png", io.BytesIO(PNG))
    with office.acting("agent") as uow:
        for _ in range(attachments.MOST_WAITING):
            attachments.keep(uow, received)
        with pytest.raises(Invalid):
            attachments.keep(uow, received)


def grow_old(files: FileStore) -> None:
    for path in files.root.glob("*/*"):
        os.utime(path, (0, 0))


def test_the_sweep_removes_what_nothing_names_and_keeps_the_rest(
    office: Office, files: FileStore
) -> None:
    office.now = wall_clock()
    demand_id = office.register()
    kept = attached(office, files, demand_id, "agent", content=PNG + b"kept")
    waits = upload(office, files, "agent", content=PNG + b"waits")
    forgotten = upload(office, files, "agent", content=PNG + b"forgotten")
    orphan = attachments.receive(files, "a.png", io.BytesIO(PNG + b"orphan")).digest
    fresh = attachments.receive(files, "a.png", io.BytesIO(PNG + b"fresh")).digest
    with office.acting("agent") as uow:
        row = uow.session.get_one(Attachment, forgotten)
        gone = row.digest
        row.uploaded_at = uow.now - timedelta(hours=25)
    (files.root / "incoming" / "half").write_bytes(b"of a process that died")
    grow_old(files)
    os.utime(files.path(fresh))
    every_day(office.sessions, files, lambda: office.now)
    with reading(office.sessions) as session:
        rows = {one.id: one.digest for one in session.scalars(select(Attachment))}
    assert set(rows) == {kept, waits}
    assert {path.name for path in files.root.glob("*/*")} == {*rows.values(), fresh}
    assert not {gone, orphan} & set(rows.values())


def test_a_file_put_again_while_the_sweep_runs_is_not_lost(files: FileStore) -> None:
    stop = threading.Event()

    def sweep() -> None:
        while not stop.is_set():
            files.sweep(wall_clock().timestamp() - 60, lambda _digests: ())

    digest = files.put(io.BytesIO(PNG)).digest
    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(60):
            os.utime(files.path(digest), (0, 0)) if files.path(digest).exists() else None
            files.put(io.BytesIO(PNG))
            assert files.is_whole(digest)
    finally:
        stop.set()
        sweeper.join()


def test_a_changed_file_and_a_changed_row_are_named(office: Office, files: FileStore) -> None:
    demand_id = office.register()
    first = attached(office, files, demand_id, "agent", content=PNG + b"1")
    second = attached(office, files, demand_id, "agent", content=PNG + b"2")
    third = attached(office, files, demand_id, "agent", content=PNG + b"3")

    def named() -> Iterator[str]:
        with reading(office.sessions) as session:
            yield from attachments.faults(session, files)

    assert list(named()) == []
    with office.acting("agent") as uow:
        rows = {one.id: one for one in uow.session.scalars(select(Attachment))}
        files.path(rows[first].digest).write_bytes(b"another")
        files.path(rows[second].digest).unlink()
        rows[third].digest = "0" * 64
    faults = list(named())
    assert len(faults) == 3
    assert all(str(one) in fault for one, fault in zip((first, second, third), faults, strict=True))


def test_who_comes_second_leaves_no_file_in_the_case(office: Office, files: FileStore) -> None:
    demand_id = office.bring_to("reply")
    task_id = office.task(demand_id, "reply")
    proof = upload(office, files, "handler")
    office.do(demand_id, "reply", by="handler2")
    with pytest.raises(Conflict), office.acting("handler") as uow:
        steps.complete(uow, task_id, {"handling_files": [proof]})
    assert seen(office, demand_id, "reviewer") == []

"""Files on a real PostgreSQL: what is submitted twice at once is attached once."""

import io
from pathlib import Path

import pytest
from sqlalchemy import select

from app.cases import attachments
from app.cases.models.history import HistoryEntry
from app.core.db import reading
from app.core.errors import Invalid
from app.core.files import FileStore
from app.engine.forms import FileKind
from tests.office import Office
from tests.postgres.meeting import at_once

pytestmark = pytest.mark.postgres


def test_a_file_submitted_twice_at_once_is_attached_once(office: Office, tmp_path: Path) -> None:
    files = FileStore(tmp_path / "files")
    demand_id = office.bring_to("reply")
    received = attachments.receive(files, "现场.png", io.BytesIO(b"\x89PNG\r\n\x1a\n pixels"))
    with office.acting("handler") as uow:
        attachment_id = attachments.keep(uow, received).id

    def add() -> None:
        with office.acting("handler") as uow:
            attachments.add(uow, demand_id, [attachment_id], FileKind.HANDLING)

    results = at_once(add, add, add)
    refused = [result for result in results if result is not None]
    assert [type(refusal) for refusal in refused] == [Invalid, Invalid]
    with reading(office.sessions) as session:
        entries = session.scalars(
            select(HistoryEntry.id).where(HistoryEntry.command == "attach")
        ).all()
        assert len(entries) == 1
        assert list(attachments.faults(session, files)) == []

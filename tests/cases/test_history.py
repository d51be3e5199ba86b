"""The chain of history: what was tampered with shows."""

from datetime import date

import pytest
from sqlalchemy import text

from app.cases import history
from app.core.db import reading
from tests.office import Office


def faults(office: Office) -> list[str]:
    with reading(office.sessions) as session:
        return list(history.faults(session))


def tamper(office: Office, *statements: str) -> None:
    with office.database.begin() as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def case(office: Office) -> int:
    case = office.bring_to("review_reply")
    with office.acting("duty") as uow:
        history.anchor(uow, date(2026, 3, 1))
    return case


def test_an_honest_office_has_no_faults(office: Office, case: int) -> None:
    assert faults(office) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE history_entry SET actor_name = '别人' WHERE position = 3", "entry 3 was changed"),
        ("UPDATE history_entry SET at = '2026-03-01 01:00:00' WHERE position = 3", "was changed"),
        ("UPDATE history_entry SET facts = '{}' WHERE position = 2", "entry 2 was changed"),
        ("DELETE FROM history_entry WHERE position = 4", "entry 4 is missing"),
        ("DELETE FROM history_entry WHERE position > 8", "does not end where its head says"),
        ("UPDATE step_record SET answers = '{\"reply_text\":\"无\"}' WHERE element_id = 'reply'",
         "text of entry"),
        ("DELETE FROM case_head", "1 cases then, 0 now"),
        ("DELETE FROM history_entry", "does not end where its head says"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_shows(
    office: Office, case: int, statement: str, words: str
) -> None:
    tamper(office, statement)
    assert words in "\n".join(faults(office))


def test_text_and_salt_can_be_erased_together_without_breaking_the_chain(
    office: Office, case: int
) -> None:
    tamper(office, "UPDATE step_record SET answers = '{}', salt = NULL")
    assert faults(office) == []


def test_no_free_text_and_no_personal_data_reach_the_chain(office: Office, case: int) -> None:
    with reading(office.sessions) as session:
        written = "".join(entry.facts for entry in history.story(session, case))
    for secret in ("张三丰", "13800001234", "打桩", "责令夜间停工"):
        assert secret not in written

"""The chain of history: what was tampered with shows."""

from datetime import date

import pytest
from sqlalchemy import select, text

from app.cases import history
from app.cases.models.history import HistoryEntry
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
        ("DELETE FROM history_entry", "anchored on 2026-03-01, and gone since"),
        ("DELETE FROM anchored_head", "anchor of 2026-03-01: was changed"),
        ("UPDATE chain_anchor SET heads = 0", "anchor of 2026-03-01: was changed"),
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


def test_a_history_rewritten_as_a_whole_differs_from_what_was_anchored(
    office: Office, case: int
) -> None:
    """Whoever recomputes every digest and the head still cannot reach the anchor."""
    tamper(office, "DELETE FROM history_entry", "DELETE FROM case_head")
    with office.acting("duty") as uow:
        for _ in range(30):
            history.record(uow, case, "arrive")
    assert "not the history that was anchored on 2026-03-01" in "\n".join(faults(office))


def test_a_case_that_vanished_altogether_is_named(office: Office, case: int) -> None:
    tamper(
        office,
        *[
            f"DELETE FROM {table}"
            for table in ("history_entry", "case_head", "step_record", "work_order", "demand")
        ],
    )
    assert faults(office) == [f"case {case}: anchored on 2026-03-01, and gone since"]


def test_a_day_is_anchored_once_and_only_what_moved(office: Office, case: int) -> None:
    with office.acting("duty") as uow:
        assert history.anchor(uow, date(2026, 3, 1)) is None
        quiet = history.anchor(uow, date(2026, 3, 2))
        assert quiet is not None
        assert quiet.heads == 0
    office.do(case, "review_reply")
    with office.acting("duty") as uow:
        moved = history.anchor(uow, date(2026, 3, 3))
        assert moved is not None
        assert moved.heads == 1
    assert faults(office) == []


def test_what_a_deadline_does_is_nobodys_doing_whoever_comes_upon_it(office: Office) -> None:
    late = office.bring_to("reply")
    office.wait(days=20, ticking=False)
    office.do(late, "reply")
    with reading(office.sessions) as session:
        told = session.execute(
            select(HistoryEntry.command, HistoryEntry.actor_id, HistoryEntry.unit_id)
            .where(HistoryEntry.demand_id == late)
            .order_by(HistoryEntry.position)
        ).all()
    [overdue] = [entry for entry in told if entry.command == "mark_overdue"]
    assert (overdue.actor_id, overdue.unit_id) == (None, None)
    supervised = [entry.actor_id for entry in told if entry.command == "supervise"]
    assert supervised
    assert set(supervised) == {None}
    assert told[-1].actor_id is not None  # the reply

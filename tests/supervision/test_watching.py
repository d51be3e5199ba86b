"""What nobody reports because nothing happens: looked for once a day, supervised once a cause."""

from datetime import datetime, timedelta

import orjson
import pytest
from sqlalchemy import select

from app.core.clock import CHINA
from app.core.db import reading
from app.core.files import FileStore
from app.jobs.daily import every_day
from app.supervision import watching
from app.supervision.models import SupervisionCause, SupervisionLetter
from tests.office import MONDAY, Office

PROMISE: dict[str, object] = {"promised_on": "2026-06-30", "promise_words": "更换老旧管网。"}


@pytest.fixture
def files(tmp_path_factory: pytest.TempPathFactory) -> FileStore:
    return FileStore(tmp_path_factory.mktemp("files"))


def look(office: Office, files: FileStore, moment: datetime | None = None) -> None:
    """Go on to a moment with the ticker, then let the daily round look."""
    if moment is not None:
        office.wait_until(moment)
    every_day(office.sessions, files, lambda: office.now)


def fired(office: Office, trigger: str) -> list[dict[str, object]]:
    """The facts of every cause of this trigger."""
    with reading(office.sessions) as session:
        rows = session.scalars(
            select(SupervisionCause.evidence)
            .where(SupervisionCause.trigger == trigger)
            .order_by(SupervisionCause.id)
        )
        return [orjson.loads(evidence)["facts"] for evidence in rows]


def day(month: int, number: int, hour: int = 9) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=CHINA)


def resting(office: Office) -> int:
    """An order signed for on Monday 2 March, with a limit far away, and left alone."""
    case = office.bring_to("reply")
    assert office.now == MONDAY
    return case


# ---- standing still


def test_ten_whole_working_days_without_anything_are_no_progress(
    office: Office, files: FileStore
) -> None:
    case = resting(office)
    look(office, files, day(3, 16))  # 3 to 13 March: nine working days lie between
    assert fired(office, "no_progress") == []
    look(office, files, day(3, 17))
    assert fired(office, "no_progress") == [{"idle_working_days": 10}]
    assert "supervision_feedback" in office.waiting(case) or "sign_letter" in office.waiting(case)


def test_holidays_are_not_idle_days_and_make_up_days_are(office: Office, files: FileStore) -> None:
    office.now = day(9, 21)  # before Mid-Autumn and National Day
    office.bring_to("reply")
    expected = 0
    office.now = day(9, 22)
    while expected < 10:
        expected += office.is_working_day(office.now)
        office.now += timedelta(days=1)
    last = office.now
    look(office, files, last - timedelta(days=1))
    assert fired(office, "no_progress") == []
    look(office, files, last)
    assert fired(office, "no_progress") == [{"idle_working_days": 10}]


def test_it_is_supervised_once_until_somebody_acts_and_stops_again(
    office: Office, files: FileStore
) -> None:
    case = resting(office)
    for number in (17, 18, 19, 25):
        look(office, files, day(3, number))
    assert len(fired(office, "no_progress")) == 1
    office.act(case, "promise_made", "liaison", **PROMISE)
    look(office, files, day(4, 1))
    assert len(fired(office, "no_progress")) == 1
    look(office, files, day(4, 20))
    assert len(fired(office, "no_progress")) == 2


def test_whatever_a_person_does_begins_the_count_anew_and_a_look_does_not(
    office: Office, files: FileStore
) -> None:
    case = resting(office)
    office.now = day(3, 5)
    office.act(case, "promise_made", "liaison", **PROMISE)
    look(office, files, day(3, 17))
    assert fired(office, "no_progress") == []
    look(office, files, day(3, 20))
    assert len(fired(office, "no_progress")) == 1


def test_an_order_that_waits_for_the_centre_is_not_the_unit_s_to_move(
    office: Office, files: FileStore
) -> None:
    office.bring_to("review_reply")
    office.bring_to("dispatch")
    look(office, files, day(4, 1))
    assert fired(office, "no_progress") == []


def test_after_an_outage_the_days_are_counted_as_they_were(
    office: Office, files: FileStore
) -> None:
    resting(office)
    office.wait_until(day(3, 20), ticking=False)
    look(office, files)
    assert fired(office, "no_progress") == [{"idle_working_days": 13}]


# ---- reminders


def reminded(office: Office) -> tuple[int, datetime]:
    """An order that was reminded twice, and the instant of the second reminder."""
    case = resting(office)
    due = office.clock(case, "handling").due_at
    assert due is not None  # 9 March, 24:00; reminders one and five working days later
    return case, due + timedelta(days=7)


def test_two_reminders_nobody_acts_on_are_circulated(office: Office, files: FileStore) -> None:
    case, second = reminded(office)
    look(office, files, second + timedelta(hours=9))
    assert fired(office, "reminders_ignored") == []  # the second has just gone out
    for hours in (24, 48, 72):
        look(office, files, second + timedelta(hours=9 + hours))
    assert fired(office, "reminders_ignored") == [{"reminders_ignored": 2}]
    assert "sign_letter" in office.waiting(case)  # a circular is signed by the leader
    office.do(case, "sign_letter")
    with reading(office.sessions) as session:
        assert (
            session.scalars(
                select(SupervisionLetter.rung).order_by(SupervisionLetter.id.desc())
            ).first()
            == "circular"
        )


def test_a_reminder_that_the_unit_acts_on_is_not_ignored(office: Office, files: FileStore) -> None:
    case, second = reminded(office)
    office.wait_until(second + timedelta(hours=10))
    office.act(case, "promise_made", "liaison", **PROMISE)
    look(office, files, second + timedelta(days=3, hours=9))
    assert fired(office, "reminders_ignored") == []


def test_who_replied_has_heard_the_reminders(office: Office, files: FileStore) -> None:
    case, second = reminded(office)
    office.wait_until(second + timedelta(hours=10))
    for element in ("reply", "approve_reply"):
        office.do(case, element)
    look(office, files, second + timedelta(days=5))
    assert fired(office, "reminders_ignored") == []


# ---- from how many on


def test_the_table_says_from_how_many_on_it_fires(office: Office) -> None:
    with reading(office.sessions) as session:
        assert watching.least_that_fires(session, "idle_working_days") == 10
        assert watching.least_that_fires(session, "reminders_ignored") == 2
        assert watching.least_that_fires(session, "dissatisfied_times") == 2

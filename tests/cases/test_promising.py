"""Promises: a unit commits to a later date, is reminded, and is counted by whether it kept it."""

from datetime import date

import pytest
from sqlalchemy import select

from app.cases import promising
from app.cases.procedures import procedures_of
from app.cases.promising import Standing
from app.core.db import reading
from app.core.errors import Conflict, Invalid
from app.core.outbox import OutboxMessage
from tests.office import Office


def promise(office: Office, case: int, promised_on: str = "2026-03-20") -> None:
    office.act(
        case, "promise_made", "liaison", promised_on=promised_on, promise_words="更换老旧管网。"
    )


def report(office: Office, case: int, outcome: str) -> None:
    office.do(case, "report_promise", promise_outcome=outcome, promise_report="已完成改造。")


def messages(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        found = select(OutboxMessage).where(OutboxMessage.template == template)
        return len(session.scalars(found).all())


def counted(office: Office, month: date | None = None) -> tuple[int, int, int]:
    with reading(office.sessions) as session:
        found = promising.counted(session, month).get(office.unit("urban_management"))
        return (found.made, found.kept, found.broken) if found is not None else (0, 0, 0)


def standing(office: Office, **which: object) -> list[int]:
    with reading(office.sessions) as session:
        found, total = promising.promises(session, office.now.date(), **which)  # type: ignore[arg-type]
        assert total == len(found)
        return [one.demand.id for one in found]


def test_a_promise_leaves_the_limit_alone_and_is_counted_apart(office: Office) -> None:
    case = office.bring_to("reply")
    due = office.clock(case, "handling").due_at
    promise(office, case)
    assert office.clock(case, "handling").due_at == due
    assert messages(office, "promise_told") == 1
    assert counted(office) == (1, 0, 0)
    report(office, case, "kept")
    assert counted(office) == (1, 1, 0)
    assert office.waiting(case) == ["reply"]


def test_it_outlives_the_order_and_the_unit_is_reminded_at_the_date(office: Office) -> None:
    case = office.bring_to("reply")
    promise(office, case)
    office.bring_to("callback", case)
    for step in ("callback", "close"):
        office.do(case, step)
    assert office.waiting(case) == ["report_promise"]
    office.wait(days=18)
    assert messages(office, "promise_due") == 0
    office.wait(days=1)
    assert messages(office, "promise_due") == 1
    report(office, case, "broken")
    assert counted(office) == (1, 0, 1)
    assert messages(office, "promise_broken") == 1  # the office's one inspector
    with reading(office.sessions) as session:
        [procedure] = procedures_of(session, case, "promise")
        assert procedure.outcome == "broken"


@pytest.mark.parametrize("day", ["2026-03-02", "2026-02-01", "2028-01-01"])
def test_the_date_must_lie_ahead_and_not_too_far(office: Office, day: str) -> None:
    case = office.bring_to("reply")
    with pytest.raises(Invalid) as refusal:
        promise(office, case, day)
    assert "promised_on" in refusal.value.fields


def test_one_promise_at_a_time_and_none_before_it_is_signed_for(office: Office) -> None:
    case = office.bring_to("sign_for")
    with pytest.raises(Conflict):
        promise(office, case)
    office.bring_to("reply", case)
    promise(office, case)
    with pytest.raises(Conflict):
        promise(office, case)


def test_they_are_counted_by_the_month_in_which_they_were_made(office: Office) -> None:
    case = office.bring_to("reply")
    promise(office, case, "2026-04-10")
    assert counted(office, date(2026, 3, 1)) == (1, 0, 0)
    assert counted(office, date(2026, 4, 1)) == (0, 0, 0)


def test_the_list_knows_those_that_are_open_due_kept_and_broken(office: Office) -> None:
    kept, broken, waiting, due = (office.bring_to("reply") for _ in range(4))
    for case in (kept, broken, waiting):
        promise(office, case, "2026-03-30")
    promise(office, due, "2026-03-03")
    report(office, kept, "kept")
    report(office, broken, "broken")
    office.wait(days=2, ticking=False)
    assert standing(office) == [due, kept, broken, waiting]
    for state, cases in (
        (Standing.OPEN, [waiting]),
        (Standing.DUE, [due]),
        (Standing.KEPT, [kept]),
        (Standing.BROKEN, [broken]),
    ):
        assert standing(office, standing=state) == cases
    assert standing(office, unit_id=office.unit("water_group")) == []
    assert len(standing(office, month=date(2026, 3, 1))) == 4

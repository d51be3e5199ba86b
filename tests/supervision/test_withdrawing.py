"""A new calendar says that an order was in time: the supervision of its lateness falls away."""

from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from app import engine
from app.cases import history
from app.cases.models.procedure import Procedure
from app.cases.orders import SUBJECT, take
from app.core.db import reading
from app.core.outbox import OutboxMessage
from app.core.uow import SYSTEM, unit_of_work
from app.supervision import occasions
from app.supervision.models import SupervisionCause, SupervisionLetter
from app.supervision.triggers import consider
from tests.cases.test_recounting import MAY_DAY, SPRING, adopt, apply, china, go_back
from tests.office import Office

FEEDBACK: dict[str, object] = {"feedback_result": "resolved", "feedback_text": "已到现场处理。"}


def causes(office: Office) -> list[tuple[str, bool]]:
    """Each cause, and whether it fell away."""
    with reading(office.sessions) as session:
        rows = session.scalars(select(SupervisionCause).order_by(SupervisionCause.id))
        return [(one.trigger, one.withdrawn_at is not None) for one in rows]


def outcomes(office: Office) -> list[str | None]:
    with reading(office.sessions) as session:
        return list(
            session.scalars(
                select(Procedure.outcome)
                .where(Procedure.kind == "supervision")
                .order_by(Procedure.id)
            )
        )


def settled(office: Office) -> list[str | None]:
    with reading(office.sessions) as session:
        rows = select(SupervisionLetter.settled_as).order_by(SupervisionLetter.id)
        return list(session.scalars(rows))


def told(office: Office, template: str) -> int:
    with reading(office.sessions) as session:
        return len(
            session.scalars(
                select(OutboxMessage.id).where(OutboxMessage.template == template)
            ).all()
        )


def late_at_may_day(office: Office) -> int:
    """Due on 7 May 2019 by the old calendar, on the 8th by the new one, and looked at between."""
    go_back(office, "2019-04-29T10:00", "2019-03-01")
    case = office.bring_to("reply")
    assert office.last_day(office.clock(case, "handling")) == "2019-05-07"
    office.now = china("2019-04-30T09:00")
    adopt(office, MAY_DAY)
    office.wait_until(china("2019-05-08T09:00"))
    return case


def late_at_spring_festival(office: Office) -> int:
    """Due on 1 February 2020 by the old calendar, on the 4th by the new one."""
    go_back(office, "2020-01-20T10:00", "2020-01-20")
    case = office.bring_to("reply")
    office.now = china("2020-01-30T09:00")
    adopt(office, SPRING)
    office.wait_until(china("2020-02-02T09:00"))
    return case


LATE = pytest.mark.parametrize("late", [late_at_may_day, late_at_spring_festival])


@LATE
def test_what_only_lateness_set_going_is_withdrawn_with_its_letter(
    office: Office,
    late: Callable[[Office], int],
) -> None:
    case = late(office)
    assert causes(office) == [("due_but_undone", False)]
    apply(office)
    assert not office.order(case).overdue
    assert causes(office) == [("due_but_undone", True)]
    assert (outcomes(office), settled(office)) == (["withdrawn"], ["withdrawn"])
    assert office.waiting(case) == ["reply"]
    assert office.clock(case, "supervision").stopped_at == office.now
    assert told(office, "supervision_withdrawn") == 1
    story = office.story(case)
    assert "触发督办：应办未办" in story  # what was written stays written
    assert any(line.endswith("的事由不成立：应办未办") for line in story)
    with reading(office.sessions) as session:
        assert list(history.faults(session)) == []


def test_done_twice_it_changes_nothing_and_real_lateness_is_supervised_again(
    office: Office,
) -> None:
    case = late_at_spring_festival(office)
    apply(office)
    before = office.story(case)
    apply(office)
    assert office.story(case) == before
    office.wait_until(china("2020-02-05T09:00"))
    assert causes(office) == [("due_but_undone", True), ("due_but_undone", False)]
    assert outcomes(office) == ["withdrawn", None]


def test_where_the_unit_has_answered_the_cause_is_marked_and_the_inspectors_decide(
    office: Office,
) -> None:
    case = late_at_spring_festival(office)
    office.do(case, "supervision_feedback", "approver", **FEEDBACK)
    apply(office)
    assert causes(office) == [("due_but_undone", True)]
    assert (outcomes(office), settled(office)) == ([None], [None])
    assert "assess_feedback" in office.waiting(case)
    assert (told(office, "supervision_unfounded"), told(office, "supervision_withdrawn")) == (1, 0)


def test_a_cause_that_stands_keeps_the_supervision(office: Office) -> None:
    case = late_at_spring_festival(office)
    office.act(case, "leader_adds", "leader", instruction_text="请速办。")
    apply(office)
    assert causes(office) == [("due_but_undone", True), ("leader_or_media", False)]
    assert outcomes(office) == [None]
    assert told(office, "supervision_unfounded") == 1


def test_what_was_closed_before_is_marked_only(office: Office) -> None:
    case = late_at_spring_festival(office)
    office.do(case, "supervision_feedback", "approver", **FEEDBACK)
    office.do(case, "assess_feedback")
    apply(office)
    assert (causes(office), outcomes(office)) == ([("due_but_undone", True)], ["accepted"])
    assert told(office, "supervision_unfounded") == 1
    with reading(office.sessions) as session:
        [entry] = [one for one in history.story(session, case) if one.command == "withdraw_cause"]
    assert orjson.loads(entry.facts)["trigger"] == "due_but_undone"


def test_rungs_that_silence_alone_has_raised_are_withdrawn_too(office: Office) -> None:
    case = late_at_spring_festival(office)
    due = office.clock(case, "supervision").due_at
    assert due is not None
    office.wait_until(min(due + timedelta(minutes=1), china("2020-02-04T23:00")))
    apply(office)
    assert outcomes(office) == ["withdrawn"]
    assert settled(office)[-1] == "withdrawn"


def test_reminders_of_a_limit_that_had_not_passed_were_not_ignored(office: Office) -> None:
    case = late_at_spring_festival(office)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        supervised = take(uow, case)
        clock = engine.clock_of(uow.session, SUBJECT, case, "handling")
        assert clock is not None
        assert clock.due_at is not None
        occasion = f"{occasions.reminders(clock.run)}{clock.due_at.isoformat()}"
        consider(uow, supervised, occasion, uow.now, reminders_ignored=2)
    apply(office)
    assert causes(office) == [("due_but_undone", True), ("reminders_ignored", True)]
    assert outcomes(office) == ["withdrawn"]

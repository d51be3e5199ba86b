"""An order becomes more urgent: its running limits become those of the new urgency."""

from collections.abc import Mapping
from datetime import datetime

import orjson
from sqlalchemy import select

from app import engine
from app.cases import clocks, history
from app.cases.orders import SUBJECT, Case
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ClockRow
from app.worktime import offices
from app.worktime.deadlines import Deadline, deadline

URGENCIES: Mapping[str, Phrase] = {
    "normal": Phrase("一般", "Normal"),
    "urgent": Phrase("紧急", "Urgent"),
    "critical": Phrase("特急", "Critical"),
}
"""From the least to the most urgent."""


def is_more_urgent(one: str, other: str) -> bool:
    """Whether `one` is more urgent than `other`."""
    order = list(URGENCIES)
    return order.index(one) > order.index(other)


def hasten(uow: UnitOfWork, case: Case, urgency: str, at: datetime) -> None:
    """The order is `urgency` from now on. The caller holds the case's lock.

    Its limits are counted anew from their original start, as the table `merge` says, and never
    move later. A limit that would have passed already counts from `at`: nobody is made late by
    what was not known. A limit that rests keeps its terms.
    """
    demand = case.demand
    before, demand.urgency = demand.urgency, urgency
    history.record(
        uow, demand.id, "raise_urgency", facts={"before": before, "after": urgency}, at=at
    )
    for clock in uow.session.scalars(
        select(ClockRow).where(
            ClockRow.subject_kind == SUBJECT,
            ClockRow.subject_id == demand.id,
            ClockRow.scope == 0,
            ClockRow.stopped_at.is_(None),
            ClockRow.paused_at.is_(None),
        )
    ).all():
        _hasten_clock(uow, case, clock, at)


def _hasten_clock(uow: UnitOfWork, case: Case, clock: ClockRow, at: datetime) -> None:
    stage = orjson.loads(clock.evidence)["stage"]
    given = Deadline.from_json(orjson.loads(clock.terms))
    calendar = offices.working_calendar(uow.session, given.calendar, given.version)
    terms = clocks.terms_of(uow.session, case.demand, stage)
    after = deadline(
        calendar, given.start, terms.limit, terms.policy, given.pauses, given.extensions
    )
    if after.due_at <= at:
        after = deadline(calendar, at, terms.limit, terms.policy)
    if after.due_at >= given.due_at:
        return
    engine.move_clock(
        uow,
        clock,
        due_at=after.due_at,
        rungs=clocks.rungs_of(uow.session, case.demand.process_id, calendar, after),
        what="urgency",
        at=at,
        terms=after.to_json(),
        evidence={"urgency": case.demand.urgency, "stage": stage},
    )
    history.record(
        uow,
        case.demand.id,
        "hasten_clock",
        facts={
            "clock": clock.name,
            "run": clock.run,
            "due_before": given.due_at.isoformat(),
            "due_after": after.due_at.isoformat(),
        },
        at=at,
    )

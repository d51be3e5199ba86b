"""The heat map of a process: where its cases are, how long they stay, where they come again.

Figures are made of visits (`visits`); those of few cases are kept from people who may not see
the cases themselves.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.core.errors import NotAllowed
from app.core.phrase import Phrase
from app.core.uow import Actor
from app.design import visits
from app.design.visits import Rows, Selection
from app.engine import HumanTaskRow, ProcessRow
from app.engine.diagram import Element
from app.identity.policy import may
from app.worktime.calendars import micros_of

SMALL = 5
"""Figures of fewer cases are shown to those only who may see cases."""


@dataclass(frozen=True, slots=True)
class Stay:
    """How long visits lasted that ended by doing the step."""

    median: timedelta
    ninetieth: timedelta
    """Nine of ten visits were no longer (nearest rank)."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One element over all chosen cases. Without `worked` no visit has ended yet."""

    element: Element
    cases: int
    now: int
    """Cases that are there at the moment."""
    passed: int
    called_off: int
    """Visits that ended without the step being done."""
    worked: Stay | None
    natural: Stay | None
    total: timedelta
    """Working time of all visits that ended."""
    again: int
    """Visits after a case's first."""
    again_worked: timedelta
    """Their working time."""
    late: int
    """Visits during which a deadline passed."""
    hidden: bool = False
    """Too few cases for this reader: only the element may be shown."""

    @property
    def visits(self) -> int:
        """All of them, ended or not."""
        return self.now + self.passed + self.called_off

    @property
    def late_share(self) -> float:
        """Of all visits; 0 without any."""
        return self.late / self.visits if self.visits else 0.0

    @property
    def times(self) -> float:
        """Visits per case that came there; 0 without any."""
        return self.visits / self.cases if self.cases else 0.0


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A process with the figures of its elements, in the order of its drawing."""

    cases: int
    figures: Sequence[Figures]
    hidden: bool
    """The whole is of too few cases for this reader."""


@dataclass(slots=True)
class _Gathered:
    worked: "array[int]" = field(default_factory=lambda: array("q"))
    natural: "array[int]" = field(default_factory=lambda: array("q"))
    cases: int = 0
    now: int = 0
    called_off: int = 0
    total: int = 0
    again: int = 0
    again_worked: int = 0
    late: int = 0


def heat_map(session: Session, chosen: Selection, now: datetime, actor: Actor) -> HeatMap:
    """The figures of every step and call of a process. Raises `NotFound`.

    One pass over the visits: seconds for 100,000 cases.
    """
    known = visits.ground(session, chosen.key, chosen.version)
    gathered = {one: _Gathered() for one in known.elements}
    calendars, at = visits.Calendars(session), micros_of(now)
    count = 0
    for course in visits.courses(session, chosen, known, now):
        count += 1
        seen: set[str] = set()
        for visit in visits.measured(course, calendars, at, known.within):
            _task, element_id, since, until, done, worked, late, unit_id = visit
            here = gathered.get(element_id)
            if here is None or (chosen.unit_id is not None and unit_id != chosen.unit_id):
                continue
            if element_id in seen:
                here.again += 1
                here.again_worked += worked
            else:
                seen.add(element_id)
                here.cases += 1
            if late:
                here.late += 1
            if until is None:
                here.now += 1
                continue
            here.total += worked
            if done:
                here.worked.append(worked)
                here.natural.append(until - since)
            else:
                here.called_off += 1
    sees = sees_cases(actor)
    return HeatMap(
        count,
        [_figures(known.elements[one], found, sees) for one, found in gathered.items()],
        hidden=not sees and 0 < count < SMALL,
    )


def sees_cases(actor: Actor) -> bool:
    """Whether the reader may look cases up, whatever unit they belong to."""
    return may(actor, "order.see")


def cases(
    session: Session,
    chosen: Selection,
    element_id: str,
    now: datetime,
    actor: Actor,
    *,
    ever: bool = False,
    page: int = 1,
    size: int = 20,
) -> tuple[list[tuple[Demand, WorkOrder | None, datetime]], int]:
    """Cases that stand at a step or call, or `ever` came there, newest first, with the instant
    since when; and how many.

    Only those that `actor` may see anyway. Raises `NotAllowed` for who sees figures only.
    """
    known = visits.ground(session, chosen.key, chosen.version)
    inside = [step for step, call in known.within.items() if call == element_id]
    asked: Rows = (
        visits.narrowed(
            select(Demand, WorkOrder, func.min(HumanTaskRow.opened_at)), chosen, known, now
        )
        .join(HumanTaskRow, HumanTaskRow.process_id == ProcessRow.id)
        .where(HumanTaskRow.element_id.in_([element_id, *inside]))
        .group_by(Demand.id, WorkOrder.id)
    )
    if not ever:
        asked = asked.where(HumanTaskRow.closed_at.is_(None))
        if chosen.unit_id is not None:  # it counts for who is in charge at present
            asked = asked.where(visits.UNIT.is_not_distinct_from(chosen.unit_id))
    return _page(session, may_see(asked, actor), page, size)


def _page(
    session: Session, asked: Rows, page: int, size: int
) -> tuple[list[tuple[Demand, WorkOrder | None, datetime]], int]:
    """One page of the cases that are asked for, newest first, and how many there are."""
    total = session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    rows = session.execute(
        asked.order_by(Demand.id.desc()).limit(size).offset((max(1, page) - 1) * size)
    )
    return [(demand, order, since) for demand, order, since in rows], total


def may_see(asked: Rows, actor: Actor) -> Rows:
    """A question about cases, narrowed to those the reader may look up. Raises `NotAllowed` for who
    sees figures only.
    """
    if sees_cases(actor):
        return asked
    if actor.unit_id is None or not may(actor, "order.see", actor.unit_id):
        raise NotAllowed(
            Phrase(
                "您可以查看统计数字，但没有查看工单的权限。",
                "You may see figures, but you have no permission to look at cases.",
            )
        )
    return asked.where(
        or_(WorkOrder.lead_unit_id == actor.unit_id, Procedure.unit_id == actor.unit_id)
    )


def stay(durations: "array[int]") -> Stay | None:
    """Median and ninetieth percentile of microseconds, by nearest rank; none without any."""
    if not durations:
        return None
    ordered = sorted(durations)
    return Stay(_ranked(ordered, 50), _ranked(ordered, 90))


def _ranked(ordered: Sequence[int], percent: int) -> timedelta:
    rank = -(-percent * len(ordered) // 100)
    return timedelta(microseconds=ordered[rank - 1])


def _figures(element: Element, found: _Gathered, sees: bool) -> Figures:
    return Figures(
        element,
        found.cases,
        found.now,
        len(found.worked),
        found.called_off,
        stay(found.worked),
        stay(found.natural),
        timedelta(microseconds=found.total),
        found.again,
        timedelta(microseconds=found.again_worked),
        found.late,
        hidden=not sees and 0 < found.cases < SMALL,
    )

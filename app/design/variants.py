"""The ways cases take through a process, and in what the late ones differ from the others.

A way is the sequence of steps that were done. What is counted here says what goes together, never
what causes what.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.work_order import WorkOrder
from app.core.clock import CHINA
from app.core.uow import Actor
from app.design import visits
from app.design.visits import DONE, UNIT, Selection
from app.design.watching import SMALL, Stay, sees_cases, stay
from app.engine import ProcessRow
from app.engine.diagram import Element
from app.worktime.calendars import micros_of

FEW = 30
"""Below it a share says little; the page says so."""

_SURE = 1.96
"""Of a normal distribution: an interval that holds the true share 19 times of 20."""

_PARTS_OF_DAY = ((6, "night"), (9, "early"), (12, "forenoon"), (14, "noon"), (18, "afternoon"))


@dataclass(frozen=True, slots=True)
class Variant:
    """One way, with those who took it from beginning to end."""

    path: tuple[Element, ...]
    count: int
    share: float
    """Of all ended cases."""
    worked: Stay
    late: int


@dataclass(frozen=True, slots=True)
class Ways:
    """All ways of the chosen cases that have ended, the most common first."""

    ended: int
    running: int
    variants: Sequence[Variant]
    rest_variants: int
    """Ways beyond those listed."""
    rest_cases: int


@dataclass(frozen=True, slots=True)
class Distinction:
    """Cases that are alike in one respect, and how many of them are late."""

    aspect: str
    """`category`, `unit`, `urgency`, `channel`, `nature`, `district`, `returned`, `part_of_day`
    or `weekday`."""
    value: str
    cases: int
    late: int
    expected: float
    """Share of late ones among all chosen cases."""

    @property
    def share(self) -> float:
        """Of these cases, how many are late."""
        return self.late / self.cases

    @property
    def lift(self) -> float:
        """How many times the share of all; 1 is like all."""
        return self.share / self.expected

    @property
    def few(self) -> bool:
        """Too few to say much."""
        return self.cases < FEW

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares the truth lies 19 times of 20 (Wilson's interval)."""
        return wilson(self.late, self.cases)

    @property
    def stands_out(self) -> bool:
        """The share of all lies outside the interval, and there are not few."""
        low, high = self.interval
        return not self.few and not low <= self.expected <= high


@dataclass(slots=True)
class _Taken:
    worked: "array[int]" = field(default_factory=lambda: array("q"))
    late: int = 0


def ways(
    session: Session, chosen: Selection, now: datetime, actor: Actor, *, most: int = 50
) -> Ways:
    """How the ended cases went, the `most` common ways by name. Raises `NotFound`.

    Ways of fewer than `SMALL` cases are in the rest for a reader who may not see cases.
    """
    known = visits.ground(session, chosen.key, chosen.version)
    taken: dict[tuple[str, ...], _Taken] = {}
    calendars, at = visits.Calendars(session), micros_of(now)
    running = 0
    for course in visits.courses(session, chosen, known, now):
        if course.until is None:
            running += 1
            continue
        path = tuple(step for *_ids, step, _since, _until, how in course.rows if how == DONE)
        found = taken.setdefault(path, _Taken())
        found.worked.append(visits.worked(course, calendars, at))
        found.late += bool(course.passed)
    ended = sum(len(one.worked) for one in taken.values())
    ordered = sorted(taken.items(), key=lambda item: (-len(item[1].worked), item[0]))
    least = 1 if sees_cases(actor) else SMALL
    shown = []
    for path, found in ordered[:most]:
        count, lasted = len(found.worked), stay(found.worked)
        if count >= least and lasted is not None:
            elements = tuple(known.steps[one] for one in path)
            shown.append(Variant(elements, count, count / ended, lasted, found.late))
    return Ways(
        ended,
        running,
        shown,
        len(ordered) - len(shown),
        ended - sum(one.count for one in shown),
    )


def distinctions(session: Session, chosen: Selection, now: datetime) -> list[Distinction]:
    """In which respects late cases are more or less common, the clearest first.

    Groups of fewer than `SMALL` cases are left out; nothing where no case is late, or all are.
    """
    known = visits.ground(session, chosen.key, chosen.version)
    late = visits.passed_deadlines(session, chosen, known, now)
    units = visits.former_units(session, chosen, known, now)
    cases: Counter[tuple[str, str]] = Counter()
    late_cases: Counter[tuple[str, str]] = Counter()
    count = 0
    columns = (
        ProcessRow.id, Demand.category, UNIT, Demand.urgency, Demand.channel, Demand.nature,
        Demand.district, WorkOrder.returned_count, Demand.arrived_at,
    )  # fmt: skip
    for process_id, *facts in session.execute(
        visits.narrowed(select(*columns), chosen, known, now)
    ):
        count += 1
        if process_id in late and process_id in units:  # who had it when it became late
            facts[1] = visits.unit_at(min(late[process_id]), units[process_id], facts[1])
        found = list(_aspects(facts).items())
        cases.update(found)
        if process_id in late:
            late_cases.update(found)
    if not late or len(late) == count:
        return []
    expected = len(late) / count
    rows = [
        Distinction(aspect, value, number, late_cases[aspect, value], expected)
        for (aspect, value), number in cases.items()
        if SMALL <= number < count
    ]
    return sorted(rows, key=lambda one: (-abs(_distance(one)), one.aspect, one.value))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval of the share `hits / of`, in 0…1. `of` is at least 1."""
    share, square = hits / of, _SURE * _SURE
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _SURE / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def _distance(one: Distinction) -> float:
    """From what would be expected, in standard deviations."""
    return (one.late - one.cases * one.expected) / sqrt(
        one.cases * one.expected * (1 - one.expected)
    )


def _aspects(facts: Sequence[object]) -> Mapping[str, str]:
    category, unit, urgency, channel, nature, district, returned, arrived = facts
    assert isinstance(arrived, datetime)
    local = arrived.astimezone(CHINA)
    return {
        "category": str(category),
        "unit": "" if unit is None else str(unit),
        "urgency": str(urgency),
        "channel": str(channel),
        "nature": str(nature),
        "district": str(district),
        "returned": "yes" if returned else "no",
        "part_of_day": next((name for end, name in _PARTS_OF_DAY if local.hour < end), "evening"),
        "weekday": str(local.isoweekday()),
    }

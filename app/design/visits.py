"""What is known of the way of cases through a process: visits of its elements, read as a stream.

A visit is one row of `human_task`: from the instant a step was opened until it was closed. Every
figure of the pages that watch, and every event of a log, is made of the same visits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from app import engine
from app.cases.clocks import calendar_of
from app.cases.models.demand import Demand
from app.cases.models.former_unit import FormerUnit
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.cases.orders import SUBJECT
from app.core.db import Instant
from app.core.errors import NotFound
from app.core.micros import LocalMicros
from app.core.phrase import Phrase
from app.engine import ClockRow, ClockRungRow, DiagramVersionRow, HumanTaskRow, ProcessRow
from app.engine.diagram import Element, Process
from app.worktime.calendars import WorkingCalendar, micros_of

Rows = Select[*tuple[Any, ...]]

NOT_DRAWN: Mapping[str, str] = {}
"""For who asks for the steps themselves, whatever stands for them in a drawing."""

DONE = "completed"
"""How a step was closed that somebody did."""

_BATCH = 5_000
"""Rows fetched at a time, so that a log of a million events does not fill the memory."""

UNIT = func.coalesce(Procedure.unit_id, WorkOrder.lead_unit_id)
"""The unit in charge at present: the procedure's own, else that of the order."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases are looked at; what is empty narrows nothing."""

    key: str
    """The process; every process where it is empty."""
    version: int | None = None
    arrived_from: datetime | None = None
    arrived_before: datetime | None = None
    unit_id: int | None = None
    """A unit that is or was in charge; of a case it had for some time, only that time counts."""
    category: str = ""
    light: str = ""
    """`red`: a deadline of the process has passed; `yellow`: only its warning; `green`: none."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The published versions that hold the process, and the steps people do in it."""

    versions: Mapping[int, tuple[str, int]]
    """Id → key and number of the version under which its processes run."""
    steps: Mapping[str, Element]
    """Every user task by id, those of called processes included; the newest version's where
    versions differ."""
    within: Mapping[str, str]
    """Steps of called processes → the call that stands for them in the drawing."""
    elements: Mapping[str, Element]
    """Steps and calls of the drawing, in the order of the file."""
    process: Process
    """The whole process, as the newest of these versions has it."""


class Visit(NamedTuple):
    """One stay of a case in a step; instants as microseconds of China's local time."""

    task_id: int
    element_id: str
    since: int
    until: int | None
    """Empty while it is open."""
    done: bool
    """Closed by doing the step; else it is open, or was called off."""
    worked: int
    """Working time in the calendar of the unit in charge, up to now where it is open."""
    late: bool
    """A deadline of the process passed meanwhile."""
    unit_id: int | None
    """Who was in charge at its end, or is, where it is open; before anybody was, who came to be."""


class Journey(NamedTuple):
    """One process of a case with its visits in the order in which they began."""

    process_id: int
    demand_id: int
    scope: int
    version_id: int
    unit_id: int | None
    """Who is in charge at present."""
    since: int
    until: int | None
    """When the case was closed, or the procedure ended; empty while it runs."""
    late: bool
    """Some deadline of this process has passed."""
    worked: int
    """Working time from its beginning to its end, or up to now."""
    visits: tuple[Visit, ...]


class Course(NamedTuple):
    """One process with the rows of its visits, which nothing has been counted of yet."""

    process_id: int
    demand_id: int
    scope: int
    version_id: int
    unit_id: int | None
    """Who is in charge at present."""
    since: int
    until: int | None
    units: Sequence[tuple[int, int]]
    """Who was in charge before, each with the instant until when, the earliest first."""
    passed: Sequence[int]
    """When its deadlines passed."""
    rows: Sequence[Any]
    """The columns of `_visits`, by their beginning."""


class Calendars:
    """Working time by unit. Prefix sums make it two look-ups a visit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_unit: dict[int | None, WorkingCalendar] = {}

    def of(self, unit_id: int | None) -> WorkingCalendar:
        """The calendar in which the unit's limits are counted."""
        found = self._by_unit.get(unit_id)
        if found is None:
            found = self._by_unit[unit_id] = calendar_of(self._session, unit_id)
        return found


def ground(session: Session, key: str, version: int | None = None) -> Ground:
    """What is known of a process from its published versions. Raises `NotFound`."""
    versions: dict[int, tuple[str, int]] = {}
    steps: dict[str, Element] = {}
    within: dict[str, str] = {}
    elements: dict[str, Element] = {}
    for row in session.execute(
        select(DiagramVersionRow.id, DiagramVersionRow.key, DiagramVersionRow.version,
               DiagramVersionRow.bundle).order_by(DiagramVersionRow.id)
    ):  # fmt: skip
        shown = row.version if row.key == key or not key else _called(row.bundle, key)
        if shown is None or (version is not None and shown != version):
            continue
        versions[row.id] = (row.key, row.version)
        bundle = engine.bundle_of(session, row.id)
        for process in bundle.processes.values():
            if key in {"", row.key, process.id}:
                steps |= _steps(process.elements)
        main = bundle.processes[key or row.key]
        elements |= {
            one.id: one for one in main.elements.values()
            if one.kind in {"userTask", "callActivity"}
        }  # fmt: skip
        for one in main.elements.values():
            if one.called is not None:
                within |= dict.fromkeys(_below(bundle.processes, one.called), one.id)
    if not versions:
        raise NotFound(Phrase("没有这个流程或版本。", "There is no such process or version."))
    return Ground(versions, steps, within, elements, main)


def journeys(
    session: Session, chosen: Selection, known: Ground, now: datetime
) -> Iterator[Journey]:
    """The chosen processes one after the other, with their visits. Streams: memory stays flat."""
    calendars, at = Calendars(session), micros_of(now)
    for course in courses(session, chosen, known, now):
        yield Journey(
            course.process_id, course.demand_id, course.scope, course.version_id, course.unit_id,
            course.since, course.until, bool(course.passed), worked(course, calendars, at),
            tuple(measured(course, calendars, at)),
        )  # fmt: skip


def courses(session: Session, chosen: Selection, known: Ground, now: datetime) -> Iterator[Course]:
    """The chosen processes one after the other, with the rows of their visits."""
    passed = passed_deadlines(session, chosen, known, now)
    units = former_units(session, chosen, known, now)
    connection = session.connection()
    flow = {"yield_per": _BATCH}
    processes = connection.execute(_processes(chosen, known, now), execution_options=flow)
    stays = connection.execute(_visits(chosen, known, now), execution_options=flow)
    found = groupby(chain.from_iterable(stays.partitions()), key=_PROCESS)
    process_id, together = next(found, (None, None))
    for row in processes:
        if together is not None and row[0] == process_id:
            rows = sorted(together, key=_BY_BEGINNING)
            _id, demand_id, scope, version_id, unit_id, since, until = row
            yield Course(
                process_id, demand_id, scope, version_id, unit_id,
                rows[0][3] if since is None else since, until,
                units.get(process_id, ()), passed.get(process_id, ()), rows,
            )  # fmt: skip
            process_id, together = next(found, (None, None))


def worked(course: Course, calendars: Calendars, now: int) -> int:
    """Working time from the beginning of a process to its end, or up to now, in the calendar of
    who is in charge at present.
    """
    before = calendars.of(course.unit_id).worked_before
    end = max(now, course.since) if course.until is None else course.until
    return before(end) - before(course.since)


def measured(
    course: Course, calendars: Calendars, now: int, within: Mapping[str, str] = NOT_DRAWN
) -> list[Visit]:
    """The visits of a course. Steps that are `within` a call and follow each other are one visit
    of the call, as the drawing has them.
    """
    before, unit_id = calendars.of(course.unit_id).worked_before, course.unit_id
    units, passed = course.units, course.passed
    found = []
    last, last_worked = -1, 0  # one step mostly begins when another ends
    for _process, task_id, step, since, until, how in course.rows:
        end = max(now, since) if until is None else until
        if units:
            unit_id = unit_at(end, units, course.unit_id)
            before, last = calendars.of(unit_id).worked_before, -1
        begun = last_worked if since == last else before(since)
        last, last_worked = end, before(end)
        late = passed and any(since <= due and (until is None or until > due) for due in passed)
        found.append(
            Visit(task_id, step, since, until, how == DONE, last_worked - begun,
                  bool(late), unit_id)
        )  # fmt: skip
    return _drawn(found, within) if within else found


def passed_deadlines(
    session: Session, chosen: Selection, known: Ground, now: datetime
) -> dict[int, list[int]]:
    """Of the chosen processes of which a deadline has passed: when, by the process's id."""
    asked = narrowed(select(ProcessRow.id, LocalMicros(ClockRow.due_at)), chosen, known, now)
    found: dict[int, list[int]] = {}
    for process_id, due in session.execute(asked.join(ClockRow, _of_process()).where(_passed(now))):
        found.setdefault(process_id, []).append(due)
    return found


def former_units(
    session: Session, chosen: Selection, known: Ground, now: datetime
) -> dict[int, list[tuple[int, int]]]:
    """Of the chosen processes of orders that changed hands: until when who had them, the first
    first. Orders remember it since the release that brought `former_unit`.
    """
    asked = narrowed(
        select(ProcessRow.id, LocalMicros(FormerUnit.until), FormerUnit.unit_id),
        chosen, known, now,
    )  # fmt: skip
    asked = asked.join(FormerUnit, FormerUnit.demand_id == ProcessRow.subject_id).where(
        ProcessRow.scope == 0
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for process_id, until, unit_id in session.execute(asked.order_by(FormerUnit.until)):
        found.setdefault(process_id, []).append((until, unit_id))
    return found


def unit_at(at: int, units: Sequence[tuple[int, int]], present: int | None) -> int | None:
    """Who of the former units was in charge then, or came to be; else who is at `present`."""
    return next((unit_id for until, unit_id in units if at <= until), present)


def narrowed(question: Rows, chosen: Selection, known: Ground, now: datetime) -> Rows:
    """A question about processes of cases, narrowed to the chosen ones."""
    asked = (
        question.select_from(ProcessRow)
        .join(Demand, Demand.id == ProcessRow.subject_id)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .outerjoin(Procedure, Procedure.id == ProcessRow.scope)
        .where(
            ProcessRow.subject_kind == SUBJECT,
            ProcessRow.diagram_version_id.in_(list(known.versions)),
        )
    )
    if chosen.arrived_from is not None:
        asked = asked.where(Demand.arrived_at >= chosen.arrived_from)
    if chosen.arrived_before is not None:
        asked = asked.where(Demand.arrived_at < chosen.arrived_before)
    if chosen.unit_id is not None:
        had_it = (
            exists()
            .where(
                ProcessRow.scope == 0,
                FormerUnit.demand_id == ProcessRow.subject_id,
                FormerUnit.unit_id == chosen.unit_id,
            )
            .correlate(ProcessRow)
        )
        asked = asked.where(or_(UNIT.is_not_distinct_from(chosen.unit_id), had_it))
    if chosen.category:
        asked = asked.where(Demand.category == chosen.category)
    if chosen.light:
        asked = asked.where(_shows(chosen.light, now))
    return asked


def _drawn(found: Sequence[Visit], within: Mapping[str, str]) -> list[Visit]:
    """With the visits inside a call that follow each other as one visit of the call."""
    shown: list[Visit] = []
    for one in found:
        call = within.get(one.element_id)
        if call is None:
            shown.append(one)
        elif shown and shown[-1].element_id == call:
            shown[-1] = _joined(shown[-1], one)
        else:
            shown.append(one._replace(element_id=call))
    return shown


def _joined(first: Visit, then: Visit) -> Visit:
    """Two steps inside one call: from the beginning of the first to the end of the last."""
    return first._replace(
        until=None if first.until is None or then.until is None else max(first.until, then.until),
        done=then.done,
        worked=first.worked + then.worked,
        late=first.late or then.late,
        unit_id=then.unit_id,
    )


def _processes(chosen: Selection, known: Ground, now: datetime) -> Rows:
    of_procedure = func.coalesce(ProcessRow.ended_at, Procedure.closed_at, Demand.closed_at)
    of_order = func.coalesce(Demand.closed_at, ProcessRow.ended_at)
    columns = (
        ProcessRow.id, ProcessRow.subject_id, ProcessRow.scope, ProcessRow.diagram_version_id,
        UNIT, LocalMicros(ProcessRow.started_at),
        LocalMicros(case((ProcessRow.scope != 0, of_procedure), else_=of_order)),
    )  # fmt: skip
    return narrowed(select(*columns), chosen, known, now).order_by(ProcessRow.id)


def _visits(chosen: Selection, known: Ground, now: datetime) -> Rows:
    columns = (
        HumanTaskRow.process_id, HumanTaskRow.id, HumanTaskRow.element_id,
        LocalMicros(HumanTaskRow.opened_at), LocalMicros(HumanTaskRow.closed_at),
        HumanTaskRow.closed_how,
    )  # fmt: skip
    return (
        select(*columns)
        .where(
            HumanTaskRow.process_id.in_(narrowed(select(ProcessRow.id), chosen, known, now)),
            HumanTaskRow.element_id.in_(list(known.steps)),
        )
        .order_by(HumanTaskRow.process_id)
    )


_PROCESS = itemgetter(0)
_BY_BEGINNING = itemgetter(3, 1)


def _steps(elements: Mapping[str, Element]) -> dict[str, Element]:
    return {one.id: one for one in elements.values() if one.kind == "userTask"}


def _below(processes: Mapping[str, Any], called: str) -> Iterator[str]:
    """The steps of a called process, and of those it calls."""
    for one in processes[called].elements.values():
        if one.kind == "userTask":
            yield one.id
        elif one.called is not None and one.called != called:
            yield from _below(processes, one.called)


def _called(bundle: str, key: str) -> int | None:
    """The version of the process that a bundle calls; none where it does not call it."""
    number: int | None = orjson.loads(bundle)["calls"].get(key)
    return number


def _of_process() -> ColumnElement[bool]:
    return and_(
        ClockRow.subject_kind == ProcessRow.subject_kind,
        ClockRow.subject_id == ProcessRow.subject_id,
        ClockRow.scope == ProcessRow.scope,
    )


def _passed(now: datetime) -> ColumnElement[bool]:
    """As `queries.light_of` has it: passed when the instant that counts is after the deadline."""
    return and_(
        ClockRow.paused_at.is_(None),
        ClockRow.due_at < func.coalesce(ClockRow.stopped_at, literal(now, Instant())),
    )


def _shows(light: str, now: datetime) -> ColumnElement[bool]:
    red = exists().where(_of_process(), _passed(now)).correlate(ProcessRow)
    yellow = (
        exists()
        .where(
            _of_process(),
            ClockRow.paused_at.is_(None),
            ClockRungRow.clock_id == ClockRow.id,
            ClockRungRow.rung == "yellow",
            ClockRungRow.due_at < func.coalesce(ClockRow.stopped_at, literal(now, Instant())),
        )
        .correlate(ProcessRow)
    )
    return {"red": red, "yellow": and_(~red, yellow), "green": and_(~red, ~yellow)}[light]

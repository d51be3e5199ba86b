"""What must hold whatever people did: of one case after every step, of the whole office daily.

Written against the rows, by other ways than the product's own: a check that asked the product
would believe it.
"""

import sqlite3
from collections import Counter, defaultdict, namedtuple
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import history, holding, queries, second_person
from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.orders import SUBJECT, Case
from app.cases.queries import Light
from app.core.uow import Actor
from app.engine import (
    ClockRow,
    ClockRungRow,
    HumanTaskRow,
    ProcessRow,
    RepairItemRow,
    TimerWaitRow,
)
from app.identity import policy
from app.identity.policy import UNIT_ROLES

ENDED = frozenset(
    {
        DemandStatus.CLOSED,
        DemandStatus.ARCHIVED,
        DemandStatus.ANSWERED_ONLINE,
        DemandStatus.NOT_ACCEPTED,
        DemandStatus.MERGED,
    }
)
EVERYTHING = 10**9
"""More lines than any worklist has."""
FIRST_PAGE = 50


@dataclass(slots=True)
class Rows:
    """The rows of one case, as they stand in the database."""

    demand: Any
    order: Any | None = None
    procedures: dict[int, Any] = field(default_factory=dict)
    processes: list[Any] = field(default_factory=list)
    tasks: list[Any] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    timers: list[Any] = field(default_factory=list)
    clocks: list[Any] = field(default_factory=list)
    rungs: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))


def faults_of_case(
    session: Session, demand_id: int, people: Sequence[Actor], now: datetime
) -> Iterator[str]:
    """What does not hold of a case, in words."""
    for _case, words in faults_of_rows(session, [demand_id], people, now):
        yield words
    yield from faults_of_chain(session, demand_id, now)
    yield from faults_of_held_time(session, demand_id, now)


def faults_of_rows(
    session: Session, demand_ids: Sequence[int], people: Sequence[Actor], now: datetime
) -> Iterator[tuple[int, str]]:
    """What does not hold of the rows of these cases, each with its case."""
    present = as_kept(now)
    for case, rows in _read(session, demand_ids).items():
        for words in (
            *_processes(rows),
            *_next_event(rows),
            *_tasks(session, rows, people),
            *_clocks(rows, present),
            *_causes(rows),
        ):
            yield case, words


def faults_of_chain(session: Session, demand_id: int, now: datetime) -> Iterator[str]:
    """The chain of the case is whole, and its instants never go back."""
    yield from history.faults_of_case(session, demand_id)
    before = None
    for position, command, at in _ENTRIES.ask(session, demand_id):
        if before is not None and at < before:
            yield f"entry {position} ({command}) is of {at}, the one before of {before}"
        if at > as_kept(now):
            yield f"entry {position} ({command}) is of the future: {at}"
        before = at


def faults_of_held_time(session: Session, demand_id: int, now: datetime) -> Iterator[str]:
    """Who held the case follows without gaps, and adds up to the time since it arrived."""
    case = Case(session.get_one(Demand, demand_id))
    held = holding.holdings(session, case, now)
    whole = (case.demand.closed_at or now) - case.demand.arrived_at
    if sum((one.elapsed for one in held), timedelta(0)) != whole:
        yield f"it was held for {[one.elapsed for one in held]}, and is {whole} old"
    for one, following in pairwise(held):
        if one.until != following.since:
            yield f"held until {one.until}, and then from {following.since}"


class Question:
    """A question in plain SQL: layers between would cost more than the answer.

    Instants are text as SQLite keeps them, in UTC and in one form, so that they compare.
    """

    def __init__(self, columns: str, rest: str) -> None:
        names = columns.split()
        self._sql = f"SELECT {', '.join(names)} {rest}"
        self._row = namedtuple("Row", [name.rpartition(".")[2] for name in names])  # type: ignore[misc]  # noqa: PYI024

    def ask(self, session: Session, about: object = None) -> list[Any]:
        """The rows; `about` is the one parameter, if there is any."""
        connection = session.connection().connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        given = () if about is None else (about,)
        return [self._row(*row) for row in connection.execute(self._sql, given)]


_CASES = "IN (SELECT value FROM json_each(?))"
_SUBJECTS = f"subject_kind = '{SUBJECT}' AND subject_id {_CASES}"
_OF_PROCESSES = f"JOIN process p ON p.id = w.process_id WHERE {_SUBJECTS}"
_DEMANDS = Question("id status", f"FROM demand WHERE id {_CASES}")
_ORDERS = Question(
    "demand_id status closed_at lead_unit_id", f"FROM work_order WHERE demand_id {_CASES}"
)
_PROCEDURES = Question(
    "demand_id id kind cause unit_id outcome closed_at",
    f"FROM procedure WHERE demand_id {_CASES} ORDER BY id",
)
_PROCESSES = Question("subject_id id scope status", f"FROM process WHERE {_SUBJECTS} ORDER BY id")
_TASKS = Question(
    "subject_id id process_id element_id role unit_id scope",
    f"FROM human_task WHERE {_SUBJECTS} AND closed_at IS NULL ORDER BY id",
)
_MESSAGES = Question("p.subject_id w.process_id", f"FROM message_wait w {_OF_PROCESSES}")
_TIMERS = Question(
    "p.subject_id w.process_id w.due_at w.clock_name w.rung", f"FROM timer_wait w {_OF_PROCESSES}"
)
_CLOCKS = Question(
    "subject_id id scope name run started_at due_at paused_at stopped_at terms",
    f"FROM clock WHERE {_SUBJECTS} ORDER BY run",
)
_RUNGS = Question(
    "c.subject_id r.clock_id r.rung r.due_at r.fire_at r.passed_at r.fired_at r.fired_for",
    f"FROM clock_rung r JOIN clock c ON c.id = r.clock_id WHERE {_SUBJECTS}",
)
_ENTRIES = Question(
    "position command at", "FROM history_entry WHERE demand_id = ? ORDER BY position"
)


def as_kept(moment: datetime) -> str:
    """An instant as SQLite keeps it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"


def _read(session: Session, demand_ids: Sequence[int]) -> dict[int, Rows]:
    cases = orjson.dumps(list(demand_ids)).decode()
    found = {one.id: Rows(one) for one in _DEMANDS.ask(session, cases)}
    for order in _ORDERS.ask(session, cases):
        found[order.demand_id].order = order
    for procedure in _PROCEDURES.ask(session, cases):
        found[procedure.demand_id].procedures[procedure.id] = procedure
    for process in _PROCESSES.ask(session, cases):
        found[process.subject_id].processes.append(process)
    for task in _TASKS.ask(session, cases):
        found[task.subject_id].tasks.append(task)
    for message in _MESSAGES.ask(session, cases):
        found[message.subject_id].messages.append(message)
    for timer in _TIMERS.ask(session, cases):
        found[timer.subject_id].timers.append(timer)
    for clock in _CLOCKS.ask(session, cases):
        found[clock.subject_id].clocks.append(clock)
    for rung in _RUNGS.ask(session, cases):
        found[rung.subject_id].rungs[rung.clock_id].append(rung)
    return found


def _processes(rows: Rows) -> Iterator[str]:
    """What runs is one main process while the demand is open, and one for each open procedure.

    An order that was reopened has a main process again, after the one that has ended.
    """
    demand, order = rows.demand, rows.order
    for process in rows.processes:
        if process.status not in {"active", "completed", "cancelled"}:
            yield f"process {process.id} is {process.status}"
    running = Counter(process.scope for process in rows.processes if process.status == "active")
    wanted = Counter(one.id for one in rows.procedures.values() if one.closed_at is None)
    if demand.status not in ENDED:
        wanted[0] = 1
    elif demand.status == DemandStatus.NOT_ACCEPTED:
        wanted[0] = min(running[0], 1)  # the requester may still object
    for scope in sorted((running - wanted) + (wanted - running)):
        what = "the main process"
        if scope:
            procedure = rows.procedures.get(scope)
            what = f"procedure {scope}"
            if procedure is not None:
                what = f"procedure {procedure.kind} (outcome {procedure.outcome})"
        yield (
            f"{what} should run {wanted[scope]} times and runs {running[scope]} times, the demand "
            f"is {demand.status}"
        )
    over = order is not None and order.status in {OrderStatus.CLOSED, OrderStatus.ARCHIVED}
    if order is not None and over != (order.closed_at is not None):
        yield f"the order is {order.status}, closed at {order.closed_at}"


def _next_event(rows: Rows) -> Iterator[str]:
    """Whatever runs waits for somebody, for an instant ahead, or for a message."""
    scope_of = {one.id: one.scope for one in rows.processes if one.status == "active"}
    armed = {
        (clock.scope, clock.name, rung.rung)
        for clock in rows.clocks
        for rung in rows.rungs[clock.id]
        if rung.fire_at is not None
    }
    waiting = {one.process_id for one in (*rows.tasks, *rows.messages)}
    for timer in rows.timers:
        rung_of_clock = (scope_of.get(timer.process_id), timer.clock_name, timer.rung)
        if timer.due_at is not None or rung_of_clock in armed:
            waiting.add(timer.process_id)
    for process in sorted(scope_of.keys() - waiting):
        yield f"process {process} waits for nothing"


def _tasks(session: Session, rows: Rows, people: Sequence[Actor]) -> Iterator[str]:
    """Every open task is somebody's, of exactly one unit where it is a unit's."""
    running = {one.id: one.status for one in rows.processes}
    for task in rows.tasks:
        procedure = rows.procedures.get(task.scope)
        unit = rows.order.lead_unit_id if rows.order is not None else None
        if procedure is not None and procedure.unit_id is not None:
            unit = procedure.unit_id
        if task.role in UNIT_ROLES and unit is None:
            yield f"{task.element_id} is open for {task.role} of no unit"
        elif not any(second_person.may_do(session, person, task, unit) for person in people):
            yield f"nobody of the office can do {task.element_id} ({task.role} of unit {unit})"
        if running[task.process_id] != "active":
            yield f"{task.element_id} is open in a process that is {running[task.process_id]}"


def _clocks(rows: Rows, now: str) -> Iterator[str]:
    """One deadline a clock, counted once, with rungs that agree with it; none measures what is
    over.
    """
    runs: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for clock in rows.clocks:
        runs[clock.scope, clock.name].append(clock)
    alive = {one.scope for one in rows.processes if one.status == "active"}
    for (scope, name), found in runs.items():
        if [clock.run for clock in found] != list(range(1, len(found) + 1)):
            yield f"clock {name}: runs {[clock.run for clock in found]}"
        running = [clock for clock in found if clock.stopped_at is None]
        if len(running) > 1:
            yield f"clock {name} runs {len(running)} times at once"
        if running and scope not in alive:
            yield f"clock {name} of scope {scope} runs although what it measures is over"
        for clock in found:
            yield from _clock(clock, rows.rungs[clock.id], now)


def _clock(clock: Any, rungs: Iterable[Any], now: str) -> Iterator[str]:
    at = f"clock {clock.name}/{clock.run}"
    promised = orjson.loads(clock.terms).get("due_at")
    if promised is not None and as_kept(datetime.fromisoformat(promised)) != clock.due_at:
        yield f"{at}: due {clock.due_at}, its terms say {promised}"
    if clock.stopped_at is not None and clock.stopped_at < clock.started_at:
        yield f"{at}: started {clock.started_at}, stopped before that: {clock.stopped_at}"
    for rung in rungs:
        if rung.rung == "red" and rung.due_at != clock.due_at and clock.stopped_at is None:
            yield f"{at}: red at {rung.due_at}, due {clock.due_at}"
        if rung.fire_at is not None:
            if clock.stopped_at is not None or clock.paused_at is not None:
                yield f"{at}: {rung.rung} is armed although the clock stands still"
            if rung.passed_at is not None:
                yield f"{at}: {rung.rung} has passed and is armed"
            if rung.fire_at < rung.due_at:
                yield f"{at}: {rung.rung} fires at {rung.fire_at}, due {rung.due_at}"
        told = [line for line in rung.fired_for.split("\n") if line]
        if len(told) != len(set(told)):
            yield f"{at}: {rung.rung} told a timer twice: {told}"
        if rung.fired_at is not None and rung.fired_at > now:
            yield f"{at}: {rung.rung} fired in the future"


def _causes(rows: Rows) -> Iterator[str]:
    """A cause sets a procedure going once."""
    causes = Counter(
        (one.kind, one.cause) for one in rows.procedures.values() if one.cause is not None
    )
    for (kind, cause), count in causes.items():
        if count > 1:
            yield f"{cause} set {kind} going {count} times"


def faults_of_office(
    session: Session,
    people: Sequence[Actor],
    now: datetime,
    *,
    ticked: bool,
    whole: Container[int | None] = (),
) -> Iterator[str]:
    """What does not hold of the office as a whole; `ticked`: nothing due may be left.

    Of everybody's worklist the number, the lights and the first page are compared; of those in
    `whole`, by id of the user, every line.
    """
    for item in session.scalars(select(RepairItemRow).where(RepairItemRow.resolved_at.is_(None))):
        yield f"process {item.process_id} in the repair queue: {item.what}: {item.error}"
    if ticked:
        for clock, rung in session.execute(
            select(ClockRow, ClockRungRow)
            .join(ClockRungRow, ClockRungRow.clock_id == ClockRow.id)
            .where(ClockRungRow.fire_at < now)
        ):
            yield f"case {clock.subject_id}: {clock.name} {rung.rung} of {rung.fire_at} not fired"
        for timer in session.scalars(
            select(TimerWaitRow)
            .join(ProcessRow, ProcessRow.id == TimerWaitRow.process_id)
            .where(TimerWaitRow.due_at <= now, ProcessRow.status == "active")
        ):
            yield f"process {timer.process_id}: {timer.element_id} of {timer.due_at} not fired"
    open_tasks = _open_tasks(session, now)
    for person in people:
        size = EVERYTHING if person.user_id in whole else FIRST_PAGE
        yield from _worklist(session, person, open_tasks, now, size)


class OpenTask(NamedTuple):
    """An open task, whose it is, and the light it should show."""

    id: int
    element: str
    role: str
    unit: int | None
    light: Light


def _open_tasks(
    session: Session, now: datetime
) -> dict[tuple[str, str, int | None], list[OpenTask]]:
    """Every open task, by its element where there is a rule for it, by role and unit."""
    found = session.execute(
        select(
            HumanTaskRow.id,
            HumanTaskRow.element_id,
            HumanTaskRow.role,
            HumanTaskRow.subject_id,
            HumanTaskRow.scope,
            Procedure.unit_id,
            WorkOrder.lead_unit_id,
        )
        .outerjoin(Procedure, Procedure.id == HumanTaskRow.scope)
        .outerjoin(WorkOrder, WorkOrder.demand_id == HumanTaskRow.subject_id)
        .where(HumanTaskRow.closed_at.is_(None))
    ).all()
    lights = _lights(session, now)
    grouped: dict[tuple[str, str, int | None], list[OpenTask]] = defaultdict(list)
    for task, element, role, subject, scope, of_procedure, lead in found:
        light = lights.get((subject, scope)) or lights.get((subject, 0), Light.NONE)
        one = OpenTask(task, element, role or "", of_procedure or lead, light)
        rule = element if element in second_person.RULES else ""
        grouped[rule, one.role, one.unit].append(one)
    return grouped


def _worklist(
    session: Session,
    person: Actor,
    open_tasks: Mapping[tuple[str, str, int | None], Sequence[OpenTask]],
    now: datetime,
    size: int,
) -> Iterator[str]:
    """A worklist and its counts are what one finds by going through every open task."""
    mine: dict[int, Light] = {}
    for (ruled, role, unit), tasks in open_tasks.items():
        if not ruled and policy.may_do_step(person, role, unit):
            mine |= {one.id: one.light for one in tasks}
        elif ruled:
            rows = [session.get_one(HumanTaskRow, one.id) for one in tasks]
            able = [row.id for row in rows if second_person.may_do(session, person, row, unit)]
            mine |= {one.id: one.light for one in tasks if one.id in able}
    page = queries.worklist(session, person, now, size=size)
    shown = {item.task.id for item in page.items}
    wrong = shown - mine.keys() if page.total > size else shown ^ mine.keys()
    if wrong or page.total != len(mine):
        differing = sorted(wrong)
        yield f"the worklist of {person.name} has {page.total} of {len(mine)}: {differing}"
    counted = queries.counts_by_light(session, person, now)
    wanted = Counter(mine.values())
    if {light: count for light, count in counted.items() if count} != wanted:
        yield f"the counts of {person.name} are {counted}, by hand {wanted}"


def _lights(session: Session, now: datetime) -> dict[tuple[int, int], Light]:
    """The light of each case and procedure of which a clock runs: that of the first to end."""
    yellow = dict(
        session.execute(
            select(ClockRungRow.clock_id, ClockRungRow.due_at)
            .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
            .where(ClockRow.stopped_at.is_(None), ClockRungRow.rung == "yellow")
        ).all()
    )
    running: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for clock in session.execute(
        select(
            ClockRow.id, ClockRow.subject_id, ClockRow.scope, ClockRow.due_at, ClockRow.paused_at
        ).where(ClockRow.stopped_at.is_(None))
    ):
        running[clock.subject_id, clock.scope].append(clock)
    return {place: _light(clocks, yellow, now) for place, clocks in running.items()}


def _light(clocks: Sequence[Any], yellow: Mapping[int, datetime], now: datetime) -> Light:
    first = min(
        clocks, key=lambda one: (one.paused_at is not None, one.due_at is None, one.due_at, one.id)
    )
    if first.due_at is None:
        return Light.NONE
    if first.paused_at is not None:
        return Light.PAUSED
    if now > first.due_at:
        return Light.RED
    if first.id in yellow and now > yellow[first.id]:
        return Light.YELLOW
    return Light.GREEN

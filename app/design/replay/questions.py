"""What a replay asks of its office after everything that was done: what is due, what is open.

Asked some twenty times a case, with nothing to be written: compiled once, and asked of the driver.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement, Engine, Integer, bindparam, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from app.cases.models.demand import DailyNumber
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.orders import SUBJECT
from app.design.replay.recorded import MAIN, ProcedureKey
from app.engine import ClockRow, ClockRungRow, HumanTaskRow, ProcessRow, TimerWaitRow


class Task(NamedTuple):
    """A step of a case, open or closed."""

    id: int
    process_id: int
    scope: int
    element: str
    role: str
    unit_id: int | None
    """The unit that the diagram names for it."""
    opened_at: datetime
    is_open: bool


class Questions:
    """Of one office in memory, between its transactions: it has one connection only."""

    def __init__(self, database: Engine) -> None:
        with database.connect() as connection:
            self._driver = _driver(connection.connection.dbapi_connection)
        self._asked = {name: asked.compile(dialect=_DIALECT) for name, asked in _ASKED.items()}
        self._procedures: dict[int, ProcedureKey] = {0: MAIN}

    def rungs(self, demand_id: int) -> Iterator[tuple[int, str, int, str, datetime]]:
        """The rungs ahead of the clocks of a case: scope, clock, run, rung, and when it is due."""
        for scope, name, run, rung, due in self._ask("rungs", demand=demand_id):
            yield scope, name, run, rung, _instant(due)

    def timers(self, demand_id: int) -> Iterator[datetime]:
        """When the timers of a case are due that ask no clock."""
        return (_instant(due) for (due,) in self._ask("timers", demand=demand_id))

    def tasks(self, demand_id: int) -> Iterator[Task]:
        """All tasks of a case, the first opened first."""
        for row in self._ask("tasks", demand=demand_id):
            task, process, scope, element, role, unit, opened, closed = row
            yield Task(
                task, process, scope, element, role or "", unit, _instant(opened), closed is None
            )

    def open_task(self, demand_id: int, element: str, procedure: ProcedureKey) -> Task | None:
        """The first open task of an element in a procedure of a case."""
        for task in self.tasks(demand_id):
            if (
                task.is_open
                and task.element == element
                and self.procedure(demand_id, task.scope) == procedure
            ):
                return task
        return None

    def procedure(self, demand_id: int, scope: int) -> ProcedureKey:
        """Of which kind a procedure is, and which of that kind in its case."""
        if scope not in self._procedures:
            counted: Counter[str] = Counter()
            for procedure_id, kind in self._ask("procedures", demand=demand_id):
                counted[kind] += 1
                self._procedures[procedure_id] = kind, counted[kind]
        return self._procedures[scope]

    def is_any_going_on(self) -> bool:
        """Whether there is an order that somebody works on."""
        return bool(self._ask("going_on"))

    def is_any_closed(self, before: datetime) -> bool:
        """Whether there is an order that was closed before then and is not filed away."""
        return bool(self._ask("closed", before=f"{before.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"))

    def number_next(self, day: str, prefix: str, last: int) -> None:
        """Let the next number of a day be the one after `last`."""
        self._ask("number", day=day, prefix=prefix, last=last)

    def _ask(self, what: str, **given: object) -> Sequence[tuple[Any, ...]]:
        asked = self._asked[what]
        found: Sequence[tuple[Any, ...]] = self._driver.execute(
            asked.string, {**asked.params, **given}
        ).fetchall()
        return found


def _driver(connection: object) -> sqlite3.Connection:
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")
_DEMAND = bindparam("demand", type_=Integer)

_AN_ORDER = select(WorkOrder.id).limit(1)

_ASKED: dict[str, ClauseElement] = {
    "rungs": select(
        ClockRow.scope, ClockRow.name, ClockRow.run, ClockRungRow.rung, ClockRungRow.fire_at
    )
    .join(ClockRungRow, ClockRungRow.clock_id == ClockRow.id)
    .where(
        ClockRow.subject_kind == SUBJECT,
        ClockRow.subject_id == _DEMAND,
        ClockRungRow.fire_at.is_not(None),
    ),
    "timers": select(TimerWaitRow.due_at)
    .join(ProcessRow, ProcessRow.id == TimerWaitRow.process_id)
    .where(
        ProcessRow.subject_kind == SUBJECT,
        ProcessRow.subject_id == _DEMAND,
        ProcessRow.status == "active",
        TimerWaitRow.due_at.is_not(None),
    ),
    "tasks": select(
        HumanTaskRow.id,
        HumanTaskRow.process_id,
        HumanTaskRow.scope,
        HumanTaskRow.element_id,
        HumanTaskRow.role,
        HumanTaskRow.unit_id,
        HumanTaskRow.opened_at,
        HumanTaskRow.closed_at,
    )
    .where(HumanTaskRow.subject_kind == SUBJECT, HumanTaskRow.subject_id == _DEMAND)
    .order_by(HumanTaskRow.id),
    "procedures": select(Procedure.id, Procedure.kind)
    .where(Procedure.demand_id == _DEMAND)
    .order_by(Procedure.id),
    "going_on": _AN_ORDER.where(
        WorkOrder.closed_at.is_(None), WorkOrder.status != OrderStatus.SUSPENDED
    ),
    "closed": _AN_ORDER.where(
        WorkOrder.status == OrderStatus.CLOSED, WorkOrder.closed_at < bindparam("before")
    ),
    "number": insert(DailyNumber)
    .values(day=bindparam("day"), prefix=bindparam("prefix"), last=bindparam("last"))
    .on_conflict_do_update(index_elements=["day", "prefix"], set_={"last": bindparam("last")}),
}

"""Taking a case under lock, and finding it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, selectinload

from app import engine
from app.cases import history
from app.cases.models.demand import DailyNumber, Demand
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.core.clock import CHINA
from app.core.db import PATIENCE_S, known
from app.core.errors import Conflict, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import HumanTaskRow

SUBJECT = "demand"
"""The kind of subject of every process, clock and decision of a case: they hang on its demand.

What runs beside the main process has the id of its procedure as scope.
"""

_LOCK = {"key_share": True}
"""The lock of a case leaves its key alone: another transaction may write a row that names it."""

EARLIER_MS, LATER_MS = 200, 700
"""How long a second case is waited for: less than the second after which the server looks for
deadlocks.
"""

_WITH_ORDER = [selectinload(Demand.order)]
"""The order is read by a statement of its own, once the lock is there: one that waits for a lock
gives the rows it does not lock as they were before.
"""

_PATIENCE = select(func.set_config("lock_timeout", bindparam("most"), true()))
_OF_TASK = (
    select(Demand, Procedure)
    .join(HumanTaskRow, HumanTaskRow.subject_id == Demand.id)
    .outerjoin(Procedure, Procedure.id == HumanTaskRow.scope)
    .options(*_WITH_ORDER)
    .where(HumanTaskRow.id == bindparam("task"), HumanTaskRow.subject_kind == SUBJECT)
    .with_for_update(of=Demand, key_share=True)
    .execution_options(populate_existing=True)
)
_SOME = (
    select(Demand)
    .where(Demand.id.in_(bindparam("demands", expanding=True)))
    .order_by(Demand.id)
    .options(*_WITH_ORDER)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Case:
    """A demand and, if there is one, its work order; `procedure` where one of those is meant."""

    demand: Demand
    procedure: Procedure | None = None

    @property
    def scope(self) -> int:
        """Which processes and clocks of the case are meant: the procedure's, or 0 for the main."""
        return 0 if self.procedure is None else self.procedure.id

    @property
    def main(self) -> "Case":
        """The case itself, whichever procedure is meant."""
        return Case(self.demand)

    @property
    def order(self) -> WorkOrder | None:
        """The work order, if there is one."""
        return self.demand.order

    @property
    def ordered(self) -> WorkOrder:
        """The order. Raises `NotFound` where the demand has none."""
        if self.order is None:
            raise NotFound(
                Phrase(
                    f"诉求 {self.demand.number} 没有生成工单。",
                    f"Demand {self.demand.number} has no work order.",
                )
            )
        return self.order

    @property
    def unit_id(self) -> int | None:
        """The unit whose people do the unit steps: the procedure's, else the lead unit."""
        if self.procedure is not None and self.procedure.unit_id is not None:
            return self.procedure.unit_id
        return self.order.lead_unit_id if self.order is not None else None


def take(uow: UnitOfWork, demand_id: int) -> Case:
    """Lock a case and let its due deadlines pass; what is decided afterwards is decided on facts.

    Raises `NotFound`.
    """
    case = find(uow.session, demand_id, lock=True)
    engine.let_due_pass(uow, SUBJECT, demand_id)
    return case


def take_of_task(uow: UnitOfWork, task_id: int) -> Case | None:
    """Like `take`, the case that an open or closed task belongs to, with the procedure if it is
    one's; None: there is no such task.
    """
    found = uow.session.execute(_OF_TASK, {"task": task_id}).one_or_none()
    if found is None:
        return None
    demand, procedure = found
    if procedure is not None:
        # it may have gone to another unit while the lock was waited for
        uow.session.refresh(procedure)
    engine.let_due_pass(uow, SUBJECT, demand.id)
    return Case(demand, procedure)


def lock_some(uow: UnitOfWork, demand_ids: Sequence[int]) -> None:
    """Lock several cases at once, in the order of their ids, as everywhere."""
    held = uow.session.scalars(_SOME, {"demands": list(demand_ids)})
    known(uow.session, "cases").update((demand.id, demand) for demand in held)  # for `find`
    history.read_heads(uow, demand_ids)


def take_other(uow: UnitOfWork, case: Case, demand_id: int) -> Case:
    """Lock a second case beside the one that is held, and let its due deadlines pass, as `take`
    does. Raises `Conflict` while it is busy.

    Two that want each other's would wait for ever. So each waits for a moment only, who holds the
    later case for the shorter one: of two that meet, one gives way and the other goes on.
    """
    patience = EARLIER_MS if demand_id < case.demand.id else LATER_MS
    is_patient = uow.session.get_bind().dialect.name == "postgresql"  # SQLite has no second writer
    try:
        if is_patient:
            uow.session.execute(_PATIENCE, {"most": f"{patience}ms"})
        other = find(uow.session, demand_id, lock=True)
    except OperationalError as busy:
        raise Conflict(
            Phrase(
                "相关工单正在由他人办理，请稍后再提交。",
                "Somebody is working on the related order just now: submit again in a moment.",
            )
        ) from busy
    if is_patient:
        uow.session.execute(_PATIENCE, {"most": f"{PATIENCE_S}s"})
    engine.let_due_pass(uow, SUBJECT, demand_id)
    return other


def find(session: Session, demand_id: int, *, lock: bool = False) -> Case:
    """The case, optionally under lock. Raises `NotFound`."""
    demand = session.get(
        Demand,
        demand_id,
        options=_WITH_ORDER if lock else None,
        with_for_update=_LOCK if lock else None,
        populate_existing=lock,
    )
    if demand is None:
        raise NotFound(Phrase("没有这件诉求。", "There is no such demand."))
    return Case(demand)


def find_in_scope(session: Session, demand_id: int, scope: int) -> Case:
    """The case, and the procedure that `scope` names. Raises `NotFound`."""
    case = find(session, demand_id)
    if not scope:
        return case
    procedure = session.get(Procedure, scope)
    if procedure is None or procedure.demand_id != demand_id:
        raise NotFound(Phrase("没有这项办理事项。", "There is no such procedure."))
    return Case(case.demand, procedure)


def next_number(uow: UnitOfWork, prefix: str) -> str:
    """The next number of the day, such as GD202611210042: prefix, day, four or more digits.

    The counter's row stays locked until the end of the transaction, so numbers have no gaps.
    """
    day = uow.now.astimezone(CHINA).strftime("%Y%m%d")
    taken = uow.session.execute(
        update(DailyNumber)
        .where(DailyNumber.day == day, DailyNumber.prefix == prefix)
        .values(last=DailyNumber.last + 1)
        .returning(DailyNumber.last)
    ).scalar_one_or_none()
    if taken is None:
        _open_counter(uow.session, day, prefix)
        return next_number(uow, prefix)
    return f"{prefix}{day}{taken:04d}"


def _open_counter(session: Session, day: str, prefix: str) -> None:
    """Two transactions may open the day at once: the second finds the row and goes on."""
    dialect = session.get_bind().dialect.name
    build = postgresql.insert if dialect == "postgresql" else sqlite.insert
    session.execute(
        build(DailyNumber)
        .values(day=day, prefix=prefix, last=0)
        .on_conflict_do_nothing(index_elements=["day", "prefix"])
    )

"""Taking a case under lock, and finding it."""

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import engine
from app.cases.models.demand import DailyNumber, Demand
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.core.clock import CHINA
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import HumanTaskRow

SUBJECT = "demand"
"""The kind of subject of a case's main process, its clocks and decisions: its demand."""

PROCEDURE = "procedure"
"""The kind of subject of what runs beside the main process: the row of the procedure."""

_OF_TASK = (
    select(Demand, Procedure)
    .select_from(HumanTaskRow)
    .outerjoin(
        Procedure,
        and_(HumanTaskRow.subject_kind == PROCEDURE, Procedure.id == HumanTaskRow.subject_id),
    )
    .join(Demand, Demand.id == func.coalesce(Procedure.demand_id, HumanTaskRow.subject_id))
    .where(HumanTaskRow.id == bindparam("task"))
    .with_for_update(of=Demand)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Case:
    """A demand and, if there is one, its work order; `procedure` where one of those is meant."""

    demand: Demand
    procedure: Procedure | None = None

    @property
    def subject(self) -> tuple[str, int]:
        """What process, clocks and decisions hang on: the procedure if one is meant."""
        if self.procedure is not None:
            return PROCEDURE, self.procedure.id
        return SUBJECT, self.demand.id

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
    engine.let_due_pass(uow, SUBJECT, demand.id)
    return Case(demand, procedure)


def find(session: Session, demand_id: int, *, lock: bool = False) -> Case:
    """The case, optionally under lock. Raises `NotFound`."""
    demand = session.get(
        Demand, demand_id, with_for_update=True if lock else None, populate_existing=lock
    )
    if demand is None:
        raise NotFound(Phrase("没有这件诉求。", "There is no such demand."))
    return Case(demand)


def find_subject(session: Session, kind: str, subject_id: int, *, lock: bool = False) -> Case:
    """The case of a subject, and the procedure if the subject is one. Raises `NotFound`.

    Locks are taken on cases only: whoever holds a case holds its procedures.
    """
    if kind == SUBJECT:
        return find(session, subject_id, lock=lock)
    procedure = session.get(Procedure, subject_id) if kind == PROCEDURE else None
    if procedure is None:
        raise NotFound(Phrase("没有这项办理事项。", "There is no such procedure."))
    case = find(session, procedure.demand_id, lock=lock)
    if lock:
        session.refresh(procedure)
    return Case(case.demand, procedure)


def subjects_of(session: Session, demand_id: int) -> list[tuple[str, int]]:
    """What of a case has deadlines: the case itself and its open procedures."""
    procedures = session.connection().execute(_OPEN, {"case": demand_id}).scalars()
    return [(SUBJECT, demand_id), *((PROCEDURE, procedure) for procedure in procedures)]


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


_OPEN = (
    select(Procedure.__table__.c.id)
    .where(
        Procedure.__table__.c.demand_id == bindparam("case"),
        Procedure.__table__.c.closed_at.is_(None),
    )
    .order_by(Procedure.__table__.c.id)
)

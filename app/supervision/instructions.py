"""Instructions and other grounds, given before any unit had the matter: they wait for one.

Nothing here changes anything: `special` takes them in, and supervises once a unit is there.
"""

from dataclasses import dataclass

import orjson
from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import StepRecord, WorkOrder
from app.supervision.models import SupervisionCase
from app.supervision.triggers import KIND

GROUNDS = {"leader_instructs": "leader_instructed", "instruction_recorded": None}
"""The steps that open a supervision, and the ground; None: the one that is chosen there."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What was said about a demand, or its order, that no unit has yet."""

    demand: Demand
    order: WorkOrder | None
    ground: str
    """By the inputs of the table `supervision_triggers`."""
    record: StepRecord
    words: str
    number: str


def waiting(session: Session, demand_id: int | None = None) -> list[Instruction]:
    """What waits for a unit, of one demand or of all, the oldest first."""
    chosen = (
        select(Procedure, Demand, WorkOrder)
        .join(Demand, Demand.id == Procedure.demand_id)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(waits())
        .order_by(Procedure.id)
    )
    if demand_id is not None:
        chosen = chosen.where(Procedure.demand_id == demand_id)
    return [
        _instruction(demand, order, recorded(session, procedure))
        for procedure, demand, order in session.execute(chosen)
    ]


def waits() -> ColumnElement[bool]:
    """Whether a procedure is a supervision that has not begun: no unit to supervise is there."""
    begun = exists().where(SupervisionCase.procedure_id == Procedure.id)
    return and_(Procedure.kind == KIND, Procedure.closed_at.is_(None), ~begun)


def recorded(session: Session, procedure: Procedure) -> StepRecord:
    """The step by which somebody opened the supervision."""
    return session.scalars(
        select(StepRecord)
        .where(
            StepRecord.demand_id == procedure.demand_id,
            StepRecord.element_id.in_(GROUNDS),
            StepRecord.done_at == procedure.opened_at,
        )
        .order_by(StepRecord.id.desc())
        .limit(1)
    ).one()


def ground_of(record: StepRecord) -> str:
    """The ground that a step gave, by the inputs of the table `supervision_triggers`."""
    return GROUNDS[record.element_id] or str(orjson.loads(record.answers)["special_ground"])


def _instruction(demand: Demand, order: WorkOrder | None, record: StepRecord) -> Instruction:
    given = orjson.loads(record.answers)
    return Instruction(
        demand=demand,
        order=order,
        ground=ground_of(record),
        record=record,
        words=given["instruction_text"] or "",
        number=given["instruction_number"] or "",
    )

"""Putting a unit in charge of an order; who had it before is remembered with the instant."""

from datetime import datetime

from app.cases.models.former_unit import FormerUnit
from app.cases.models.work_order import WorkOrder
from app.core.uow import UnitOfWork


def put_in_charge(uow: UnitOfWork, order: WorkOrder, unit_id: int | None, at: datetime) -> None:
    """The unit has the order from now on, or nobody has. `at` may be earlier than now, where it
    follows from a deadline.
    """
    before = order.lead_unit_id
    if before is not None and before != unit_id:
        uow.session.add(FormerUnit(demand_id=order.demand_id, unit_id=before, until=at))
    order.lead_unit_id = unit_id

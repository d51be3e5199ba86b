"""A demand about the same matter joins the order that is open for it."""

from sqlalchemy import select

from app.cases import clocks, history
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.similar import matter_of, similar_demands
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


def order_to_join(uow: UnitOfWork, case: Case, number: str) -> WorkOrder:
    """The open order a demand joins: the one named, else the likeliest. Raises `Invalid`."""
    if number:
        order = uow.session.scalar(select(WorkOrder).where(WorkOrder.number == number))
    else:
        alike = similar_demands(
            uow.session, uow.now, matter_of(case.demand), other_than=case.demand.id
        )
        likeliest = next((one.order_number for one in alike if one.proposal == "merge"), None)
        order = uow.session.scalar(select(WorkOrder).where(WorkOrder.number == likeliest))
    if order is None or order.closed_at is not None or order.demand_id == case.demand.id:
        raise Invalid(
            Phrase(
                "没有可并入的在办工单，请填写在办工单的编号。",
                "There is no open order to join: give the number of one.",
            ),
            {"merge_number": Phrase("请填写在办工单编号。", "The number of an open order.")},
        )
    return order


def join(uow: UnitOfWork, case: Case, number: str) -> None:
    """The demand is about the matter of an open order. Raises `Invalid`."""
    case.demand.merged_into_id = order_to_join(uow, case, number).demand_id


@service(Phrase("并单", "Merge into the open order"))
def merge_demand(occasion: Occasion) -> None:
    """The demand is answered with the order it joined; an order of its own ends."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    demand = case.demand
    demand.status = DemandStatus.MERGED
    demand.closed_at = at
    if case.order is not None:
        case.order.status = OrderStatus.CLOSED
        case.order.closed_at = at
        case.order.closing_reason = "merged"
        clocks.stop_all(uow, case, at)
    history.record(uow, demand.id, "merge_demand", facts={"into": demand.merged_into_id}, at=at)

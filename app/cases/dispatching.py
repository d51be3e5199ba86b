"""An order is made of a demand and dispatched to the unit that must handle it."""

from app.cases import clocks, co_handling, history, without_unit
from app.cases.answers import Answers
from app.cases.charge import put_in_charge
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import DispatchMode, OrderStatus, WorkOrder
from app.cases.orders import Case, next_number
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.models import HandlingUnit


@service(Phrase("生成工单", "Create the work order"))
def create_order(occasion: Occasion) -> None:
    """The demand gets a work order, which waits to be dispatched."""
    uow, demand = occasion.uow, occasion.case.demand
    order = WorkOrder(
        number=next_number(uow, "GD"),
        demand=demand,
        status=OrderStatus.PENDING_DISPATCH,
        created_at=occasion.at,
    )
    uow.session.add(order)
    uow.session.flush()
    demand.status = DemandStatus.ORDERED
    history.record(uow, demand.id, "create_order", facts={"order": order.id}, at=occasion.at)


@step("dispatch", gives={"signed", "contacted", "dispatch_mode", "cause"})
def dispatch(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The dispatcher names the lead unit, whose order it is from now on, keeps the order in the
    centre, refers it to a body outside, or finds no owner.

    Gives `signed` and `contacted`: the unit in charge has done neither yet; without an owner also
    the `cause` for which coordination begins.
    """
    clocks.stop(uow, case, "dispatch", uow.now)
    mode = given["dispatch_mode"] or DispatchMode.ASSIGN
    fresh: Facts = {"signed": False, "contacted": False, "dispatch_mode": str(mode)}
    if given["owner_unclear"]:
        case.ordered.status = OrderStatus.IN_COORDINATION
        return {**fresh, "cause": "no_owner_found"}
    if mode != DispatchMode.ASSIGN:
        without_unit.dispatch_without_unit(uow, case, given)
        return fresh
    unit = uow.session.get(HandlingUnit, given["lead_unit"] or 0)
    if unit is None or not unit.active:
        raise Invalid(
            Phrase("请选择主办单位。", "Choose the lead unit."),
            {"lead_unit": Phrase("请从列表中选择承办单位。", "Choose a unit from the list.")},
        )
    co_handling.check_co_units(uow.session, unit.id, given["co_units"])
    order = case.ordered
    order.dispatch_mode = DispatchMode.ASSIGN
    put_in_charge(uow, order, unit.id, uow.now)
    order.next_unit_id = None
    order.dispatched_at, order.signed_at, order.contacted_at = uow.now, None, None
    order.status = OrderStatus.DISPATCHED
    return fresh

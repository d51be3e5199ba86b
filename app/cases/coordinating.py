"""Disputed ownership: who leads is settled by agreement or ruling."""

from app.cases.answers import Answers
from app.cases.models.work_order import OrderStatus
from app.cases.orders import Case
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.models import HandlingUnit


@step("rule_ownership")
def rule(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The ruling names the lead unit; the order is dispatched to it."""
    unit = uow.session.get(HandlingUnit, given["ruled_unit"])
    if unit is None or not unit.active:
        raise Invalid(
            Phrase("请选择主办单位。", "Name the lead unit."),
            {"ruled_unit": Phrase("请选择承办单位。", "Choose the unit.")},
        )
    order = case.ordered
    order.lead_unit_id = unit.id
    order.dispatched_at, order.signed_at, order.contacted_at = uow.now, None, None
    order.status = OrderStatus.DISPATCHED
    return {"signed": False, "contacted": False}

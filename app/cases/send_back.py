"""A unit sends an order back; what it must give and who decides is the table `return_request`.

What the decision does to clocks, counters and the way the order takes is `return_decision`.
"""

from app.cases import clocks, history, merging, tables
from app.cases.answers import Answers
from app.cases.models.work_order import OrderStatus
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.models import HandlingUnit


@step("return_before_signing")
@step("return_after_signing")
def ask(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The liaison sends the order back with a reason. Gives `return_route`.

    Raises `Invalid` with the table's reason where the request is not admitted.
    """
    order = case.ordered
    answer = tables.decide(
        uow,
        case.demand,
        "return_request",
        {
            "reason_code": given["reason_code"],
            "within_window": clocks.within(case, uow.session, "return_window", uow.now),
            "earlier_returns": order.returned_count,
            "has_basis": bool(given["return_basis"]),
            "has_suggested_unit": bool(given["suggested_unit"]),
        },
    ).outputs
    if not answer["admitted"]:
        fields = {"basis": "return_basis", "suggested_unit": "suggested_unit"}
        missing = fields.get(answer["must_add"])
        reason = Phrase(f"{answer['reason']}。", f"{answer['reason_en']}.")
        raise Invalid(reason, {missing: reason} if missing else {})
    order.status = OrderStatus.RETURN_ASKED
    return {"return_route": answer["route"], "bouncing": answer["bouncing"]}


@step("decide_return_request")
def decide(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The dispatcher decides; another unit must be named where the order is to go to one."""
    verdict = str(given["return_verdict"])
    if verdict in {"dispatch_error", "other_unit"}:
        unit = uow.session.get(HandlingUnit, given["new_lead_unit"] or 0)
        if unit is None or not unit.active:
            raise Invalid(
                Phrase("改派须选择承办单位。", "Name the unit that the order goes to."),
                {"new_lead_unit": Phrase("请选择承办单位。", "Choose the unit.")},
            )
        case.ordered.next_unit_id = unit.id
    if verdict == "merge":
        merging.join(uow, case, "")
    return {"decision": verdict}


@service(
    Phrase("登记退单结果", "Record the outcome of a return"),
    results=frozenset({"signed", "contacted"}),
    decision=str,
)
def settle_return(occasion: Occasion, decision: str) -> dict[str, object]:
    """Counters, clocks and unit as the table says for the decision.

    Gives `signed` and `contacted`: whether the unit in charge now has done so.
    """
    uow, case, at = occasion.uow, occasion.case, occasion.at
    order = case.ordered
    effect = tables.answer(
        uow.session, case.demand, "return_decision", {"decision": decision}
    ).outputs
    if effect["counts_as_return"]:
        order.returned_count += 1
    clocks.stop(uow, case, "return_decision", at)
    if effect["next"] == "re_dispatch":
        clocks.stop(uow, case, "sign_for", at)
        clocks.stop(uow, case, "handling", at)
        order.lead_unit_id, order.next_unit_id = order.next_unit_id, None
        order.dispatched_at, order.signed_at, order.contacted_at = at, None, None
        order.status = OrderStatus.DISPATCHED
    elif effect["next"] == "keep_unit":
        order.status = OrderStatus.HANDLING if order.signed_at else OrderStatus.DISPATCHED
    history.record(uow, case.demand.id, "settle_return", facts={"decision": decision}, at=at)
    return {"signed": order.signed_at is not None, "contacted": order.contacted_at is not None}


@step("supplement")
def supplement(_uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The agent fills in what was missing; the order is dispatched anew."""
    case.demand.content += f"\n【补充】{given['supplement_note']}"
    if given["supplement_address"]:
        case.demand.address = str(given["supplement_address"])
    case.ordered.status = OrderStatus.PENDING_DISPATCH

"""The unit signs for an order: it has received it, and its handling limit begins."""

from app.cases import clocks, history, tables
from app.cases.answers import Answers
from app.cases.models.work_order import OrderStatus
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core import facts
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


@step("sign_for", gives={"signed"})
def sign_for(uow: UnitOfWork, case: Case, _given: Answers) -> Facts:
    """The liaison signs for the order. Gives `signed`."""
    order = case.ordered
    order.signed_at = uow.now
    order.status = OrderStatus.SIGNED
    clocks.stop(uow, case, "sign_for", uow.now)
    return {"signed": True}


@service(Phrase("系统自动签收", "Sign automatically"), results=frozenset({"signed"}))
def sign_automatically(occasion: Occasion) -> dict[str, object]:
    """Nobody signed in time: the order counts as signed for at the instant the limit lapsed.

    What the table `signing` says of it stays in the history, and supervision hears of it.
    """
    uow, case = occasion.uow, occasion.case
    order = case.ordered
    lapsed = {"outcome": "lapsed", "urgency": case.demand.urgency}
    outputs = tables.decide(uow, case.demand, "signing", lapsed).outputs
    order.signed_at = occasion.at
    order.signed_automatically = outputs["signed_by"] == "system"
    order.status = OrderStatus.SIGNED
    clocks.stop(uow, case, "sign_for", occasion.at)
    history.record(
        uow,
        case.demand.id,
        "sign_automatically",
        facts={name: outputs[name] for name in ("counts_as_late", "suspect_buck_passing")},
        at=occasion.at,
    )
    facts.happened(
        uow,
        "sign_for_lapsed",
        case.demand.id,
        at=occasion.at,
        suspect_buck_passing=outputs["suspect_buck_passing"],
    )
    return {"signed": True}

"""After dissatisfaction: whose fault was it, and is the matter handled once more?"""

from app.cases import clocks, history
from app.cases.answers import Answers
from app.cases.models.work_order import OrderStatus
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


@step("judge")
def judge(_uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The inspector judges the cause; an order is handled again once only."""
    order = case.ordered
    if given["judgement"] == "handle_again":
        if order.re_handled_count:
            raise Invalid(
                Phrase(
                    "本工单已重办一次，仍不满意的请判定办结并写明依据。",
                    "This order was handled again already: close it and give the grounds.",
                ),
                {"judgement": Phrase("已重办过一次。", "Handled again already.")},
            )
        return
    order.status = OrderStatus.PENDING_CLOSURE


@service(Phrase("起算重办时限", "Start handling again"), decisions=clocks.TABLES)
def start_re_handling(occasion: Occasion) -> None:
    """The unit handles the matter once more, under the limit for re-handling."""
    order = occasion.case.ordered
    order.re_handled_count += 1
    order.status = OrderStatus.RE_HANDLING
    order.replied_at = None
    history.record(occasion.uow, occasion.case.demand.id, "start_re_handling", at=occasion.at)
    clocks.start(occasion.uow, occasion.case, "handling", "re_handling", occasion.at)

"""The hotline reviews a unit's reply: is it true, complete, and in form?"""

from app.cases import clocks
from app.cases.answers import Answers
from app.cases.models.work_order import OrderStatus
from app.cases.orders import Case
from app.cases.replying import opinion_missing
from app.cases.steps import step
from app.core import facts
from app.core.uow import UnitOfWork


@step("review_reply")
def review_reply(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """Passed replies go on to the callback; rejected ones back, on their original limit."""
    order = case.ordered
    clocks.stop(uow, case, "review", uow.now)
    if given["review"] == "rejected":
        if not given["review_opinion"]:
            raise opinion_missing("review_opinion")
        order.rejected_count += 1
        order.status = OrderStatus.HANDLING
        facts.happened(uow, "reply_rejected", case.demand.id)
        return
    order.reviewed_at = uow.now
    order.status = OrderStatus.PENDING_CALLBACK

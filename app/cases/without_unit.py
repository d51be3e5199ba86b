"""Orders that no unit handles: answered by the centre itself (自办), or passed to a body outside
the system (转送), whose answer is recorded when it comes.
"""

from app.cases import clocks, history
from app.cases.answers import Answers
from app.cases.charge import put_in_charge
from app.cases.models.work_order import DispatchMode, OrderStatus
from app.cases.notices import REQUESTER, register_messages, tell
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork

register_messages(
    {
        "referred": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}已转送{body}办理，结果将告知您。",
                "Your demand {number} was passed to {body}: you will be told what came of it.",
            ),
        )
    }
)


def dispatch_without_unit(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The dispatcher keeps the order in the centre, or passes it on.

    Raises `Invalid` where nobody is named to whom it is referred.
    """
    order = case.ordered
    order.dispatch_mode = str(given["dispatch_mode"])
    if order.dispatch_mode == DispatchMode.REFER:
        if not given["referred_to"]:
            raise Invalid(
                Phrase("请填写转送单位。", "Name the body it is referred to."),
                {"referred_to": Phrase("请填写。", "Fill in.")},
            )
        order.referred_to = str(given["referred_to"])
        order.referral_number = str(given["referral_number"]) if given["referral_number"] else None
    put_in_charge(uow, order, None, uow.now)
    order.dispatched_at, order.signed_at, order.contacted_at = uow.now, None, None
    order.status = OrderStatus.HANDLING


@step("answer_self")
def answer_self(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The centre answers; nobody reviews what is its own, the callback follows."""
    order = case.ordered
    order.public_reply = str(given["self_public_reply"]) if given["self_public_reply"] else None
    order.replied_at = order.reviewed_at = uow.now
    order.status = OrderStatus.PENDING_CALLBACK
    clocks.stop(uow, case, "handling", uow.now)  # runs where the matter is handled again


@service(Phrase("登记转送", "Record the referral"))
def refer_order(occasion: Occasion) -> None:
    """The order is with a body outside the system; the requester is told with which."""
    order = occasion.case.ordered
    assert order.referred_to is not None  # the dispatcher named it
    history.record(
        occasion.uow,
        occasion.case.demand.id,
        "refer_order",
        element_id=occasion.element_id,
        at=occasion.at,
    )
    tell(
        occasion.uow,
        occasion.case,
        "referred",
        at=occasion.at,
        element_id=occasion.element_id,
        secret_values={"body": order.referred_to},
    )


@step("referral_answered")
def referral_answered(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The other body has answered; the order waits to be closed."""
    order = case.ordered
    order.replied_at = uow.now
    if given["referral_answer_number"]:
        order.referral_number = str(given["referral_answer_number"])

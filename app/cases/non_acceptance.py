"""A demand is not accepted: the requester is told why and which lawful channel is open, and may
object as often as the table `acceptance` says; a second person decides (国办函〔2025〕66号).

The same holds for an order that a unit sent back because it is none of the hotline's business.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases import clocks, history, notices, queries, tables
from app.cases.answers import Answers
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import OrderStatus, StepRecord
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import Role

register_messages(
    {
        "objection_waiting": (
            Role.DUTY_MANAGER,
            Phrase(
                "诉求{number}“{title}”不予受理的异议超时未复核，请尽快处理。",
                "The objection to not accepting {number} “{title}” waits too long: please decide.",
            ),
        ),
        "accepted_after_all": (
            REQUESTER,
            Phrase(
                "您对诉求{number}不予受理的异议成立，现已受理。",
                "Your objection was right: your demand {number} is accepted now.",
            ),
        ),
        "refusal_confirmed": (
            REQUESTER,
            Phrase(
                "经复核，您反映的诉求{number}维持不予受理，请按告知的法定途径反映。",
                "Your demand {number} remains not accepted: please use the lawful channel you were "
                "told of.",
            ),
        ),
    }
)


@step("tell_non_acceptance", gives={"objections_left"})
def tell_non_acceptance(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The requester has been told why, and which lawful channel is open.

    Gives `objections_left`. Raises `Invalid` where no ground was given here or at registration.
    """
    registered = queries.last_answers(uow.session, case.demand.id, "register") or {}
    ground = given["told_ground"] or registered.get("non_acceptance_ground")
    if not ground:
        raise Invalid(
            Phrase("请选择不予受理情形。", "Choose the ground."),
            {"told_ground": Phrase("请选择。", "Choose one.")},
        )
    found = tables.decide(uow, case.demand, "acceptance", {"non_acceptance_ground": ground})
    case.demand.status = DemandStatus.NOT_ACCEPTED
    case.demand.answer = f"{given['lawful_channel']}\n{given['explanation']}"
    case.demand.closed_at = uow.now
    if case.order is not None:
        case.order.status = OrderStatus.PENDING_CLOSURE
    allowed = int(str(found.outputs["objections"]))
    return {"objections_left": max(0, allowed - _raised(uow.session, case.demand.id))}


@service(Phrase("改为受理", "Accept after all"), results=frozenset({"accepted"}))
def accept_after_all(occasion: Occasion) -> dict[str, object]:
    """The objection is right: demand or order is taken up again. Gives `accepted`, true."""
    demand, order = occasion.case.demand, occasion.case.order
    demand.status = DemandStatus.ACCEPTED if order is None else DemandStatus.ORDERED
    demand.answer = None
    demand.closed_at = None
    if order is not None:
        order.status = OrderStatus.PENDING_DISPATCH
    history.record(occasion.uow, demand.id, "accept_after_all", at=occasion.at)
    _tell_result(occasion, "accepted_after_all")
    return {"accepted": True}


@service(Phrase("维持不予受理", "The refusal stands"), results=frozenset({"accepted"}))
def confirm_refusal(occasion: Occasion) -> dict[str, object]:
    """Nobody objected in time, or in vain. Gives `accepted`, false."""
    demand = occasion.case.demand
    clocks.stop(occasion.uow, occasion.case, "non_acceptance_objection", occasion.at)
    history.record(occasion.uow, demand.id, "confirm_refusal", at=occasion.at)
    if _raised(occasion.uow.session, demand.id):
        _tell_result(occasion, "refusal_confirmed")
    return {"accepted": False}


def _tell_result(occasion: Occasion, message: str) -> None:
    notices.tell(
        occasion.uow, occasion.case, message, at=occasion.at, element_id=occasion.element_id
    )


def _raised(session: Session, demand_id: int) -> int:
    """How often the requester has objected."""
    return (
        session.scalar(
            select(func.count()).where(
                StepRecord.demand_id == demand_id, StepRecord.element_id == "objection_raised"
            )
        )
        or 0
    )

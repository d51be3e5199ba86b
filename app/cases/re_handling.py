"""After dissatisfaction: whose fault was it, and is the matter handled once more?

How often, under which limit, with the head of the unit and with supervision or not is the table
`re_handling`.
"""

from app.cases import clocks, history, tables
from app.cases.answers import Answers
from app.cases.calling_back import DIMENSIONS, last_rating
from app.cases.models.work_order import DispatchMode, OrderStatus, WorkOrder
from app.cases.notices import register_messages
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import Role

register_messages(
    {
        "take_charge": (
            Role.UNIT_APPROVER,
            Phrase(
                "工单{number}“{title}”因诉求人不满意须重办，请单位负责人牵头。",
                "{number} “{title}” is handled again after dissatisfaction: the head of the unit "
                "takes charge.",
            ),
        )
    }
)


@service(Phrase("转入待判定", "Wait for judgement"))
def await_judgement(occasion: Occasion) -> None:
    """The requester is dissatisfied: an inspector judges why, before anything else happens."""
    occasion.case.ordered.status = OrderStatus.PENDING_JUDGEMENT


@step("judge", gives={"limit_stage", "supervise", "unit_leader", "dispatch_mode"})
def judge(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The inspector judges the cause; the table says what the judgement leads to.

    Gives `limit_stage`, `supervise`, `unit_leader` and the `dispatch_mode` of now: the duty manager
    may have given a unit what the centre kept. Raises `Invalid` where the order was
    handled again as often as the table allows. What the centre answered itself has no unit whose
    head could take charge.
    """
    order = case.ordered
    outputs = tables.decide(
        uow,
        case.demand,
        "re_handling",
        {
            "judgement": given["judgement"],
            "re_handled": order.re_handled_count,
            "triple": _is_dissatisfied_with_everything(uow, order),
        },
    ).outputs
    if outputs["outcome"] == "refused":
        reason = Phrase(str(outputs["refusal"]), str(outputs["refusal_en"]))
        raise Invalid(reason, {"judgement": reason})
    has_unit = order.dispatch_mode == DispatchMode.ASSIGN
    return {
        "limit_stage": outputs["limit_stage"],
        "supervise": outputs["supervise"],
        "unit_leader": bool(outputs["unit_leader"]) and has_unit,
        "dispatch_mode": str(order.dispatch_mode),
    }


@service(
    Phrase("起算重办时限", "Start handling again"), results=frozenset({"contacted"}), stage=str
)
def start_re_handling(occasion: Occasion, stage: str) -> dict[str, object]:
    """The matter is handled once more, limited as the table of limits says for `stage`.

    Gives `contacted`: the requester is to be spoken to again.
    """
    order = occasion.case.ordered
    order.re_handled_count += 1
    order.status = OrderStatus.RE_HANDLING
    order.replied_at = None
    history.record(occasion.uow, occasion.case.demand.id, "start_re_handling", at=occasion.at)
    clocks.start(occasion.uow, occasion.case, "handling", stage, occasion.at)
    return {"contacted": False}


def _is_dissatisfied_with_everything(uow: UnitOfWork, order: WorkOrder) -> bool:
    rating = last_rating(uow.session, order.id)
    return rating is not None and all(
        getattr(rating, dimension) == "dissatisfied" for dimension in DIMENSIONS
    )

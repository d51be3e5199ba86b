"""After dissatisfaction: whose fault was it, and is the matter handled once more?

How often, under which limit and whether with supervision is the table `re_handling`.
"""

from app.cases import clocks, history, tables
from app.cases.answers import Answers
from app.cases.calling_back import DIMENSIONS, last_rating
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


@step("judge")
def judge(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The inspector judges the cause; the table says what the judgement leads to.

    Gives `limit_stage`, `supervise` and `unit_leader`. Raises `Invalid` where the order was
    handled again as often as the table allows.
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
    return {name: outputs[name] for name in ("limit_stage", "supervise", "unit_leader")}


@service(
    Phrase("起算重办时限", "Start handling again"), results=frozenset({"contacted"}), stage=str
)
def start_re_handling(occasion: Occasion, stage: str) -> dict[str, object]:
    """The unit handles the matter once more, limited as the table of limits says for `stage`.

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

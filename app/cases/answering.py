"""What ends without an order: answered at once, or not accepted."""

from app.cases.answers import Answers
from app.cases.models.demand import DemandStatus
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


@step("answer_or_order")
def answer_or_order(_uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The agent answers from the knowledge base, or has an order made."""
    if given["outcome"] != "answered":
        return
    if not given["answer"]:
        raise Invalid(
            Phrase("直接答复须填写答复内容。", "Write down what was answered."),
            {"answer": Phrase("请填写答复内容。", "Write down what was answered.")},
        )
    case.demand.answer = str(given["answer"])


@service(Phrase("在线办结", "Close online"))
def close_online(occasion: Occasion) -> None:
    """The demand is closed without an order and counts as answered online."""
    demand = occasion.case.demand
    demand.status = DemandStatus.ANSWERED_ONLINE
    demand.closed_at = occasion.at


@step("tell_non_acceptance")
def tell_non_acceptance(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The requester has been told why, and which lawful channel is open (国办函〔2025〕66号)."""
    case.demand.status = DemandStatus.NOT_ACCEPTED
    case.demand.answer = f"{given['lawful_channel']}\n{given['explanation']}"
    case.demand.closed_at = uow.now

"""What ends without an order: answered at once or in a call of three."""

from collections.abc import Mapping

from app import engine
from app.cases import intake, knowledge, merging, steps
from app.cases.answers import Answers
from app.cases.models.demand import AnswerWay, DemandStatus
from app.cases.orders import SUBJECT, Case
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


@step("answer_or_order")
def answer_or_order(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The agent answers, from the knowledge base or not, calls a specialist in, finds that an
    open order is about the same matter, or has an order made.
    """
    if given["outcome"] == "merged":
        merging.join(uow, case, str(given["merge_number"] or ""))
    elif given["merge_number"]:
        merging.relate_to(uow, case, str(given["merge_number"]))
    if given["outcome"] != "answered":
        return
    if given["knowledge_number"]:
        case.demand.knowledge_item_id = knowledge.use(uow, str(given["knowledge_number"]))
    _answered(uow, case, given, "answer", AnswerWay.AGENT)


@step("three_party_answer")
def three_party_answer(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """A policy specialist answers in a call of three; this counts as answered online, and is no
    order. What the specialist cannot answer becomes one.
    """
    if given["three_party_outcome"] == "answered":
        _answered(uow, case, given, "three_party_reply", AnswerWay.THREE_PARTY)


def register_and_answer(uow: UnitOfWork, given: Mapping[str, object], number: str) -> Case:
    """Register a demand that the knowledge item of this number answers, and answer it with it.

    A demand that is refused is registered only: its refusal comes before any answer. Raises like
    `intake.register`, and `Invalid` where the item is not to be used any more.
    """
    item = knowledge.usable(uow, number)
    case = intake.register(uow, given)
    task = engine.only_task(uow, SUBJECT, case.demand.id)
    if task.element_id == "answer_or_order":
        answer = {"outcome": "answered", "answer": item.content, "knowledge_number": item.number}
        steps.complete_taken(uow, case, task, answer)
    return case


def _answered(uow: UnitOfWork, case: Case, given: Answers, field: str, way: AnswerWay) -> None:
    if not given[field]:
        raise Invalid(
            Phrase("已答复的须填写答复内容。", "Write down what was answered."),
            {field: Phrase("请填写答复内容。", "Write down what was answered.")},
        )
    case.demand.answer = str(given[field])
    case.demand.answered_way = way
    case.demand.answered_by = uow.actor.user_id


@service(Phrase("在线办结", "Close online"))
def close_online(occasion: Occasion) -> None:
    """The demand is closed without an order and counts as answered online."""
    demand = occasion.case.demand
    demand.status = DemandStatus.ANSWERED_ONLINE
    demand.closed_at = occasion.at

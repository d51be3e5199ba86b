"""The unit contacts the requester, handles the matter, replies, and signs its reply."""

from app.cases import clocks, suspending, tables
from app.cases.answers import Answers
from app.cases.models.work_order import OrderStatus
from app.cases.orders import Case
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork


@step("first_contact", gives={"contacted"})
def first_contact(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The handler has spoken to the requester, or has tried to; the table says what counts.

    Gives `contacted`: this step is behind the unit, and is not asked of it again.
    """
    suspending.go_on(uow, case)
    clocks.stop(uow, case, "first_contact", uow.now)
    order = case.ordered
    tried = {"contact_way": given["contact_way"], "anonymous": case.demand.anonymous}
    if tables.answer(uow.session, case.demand, "first_contact", tried).outputs["contacted"]:
        order.contacted_at = order.contacted_at or uow.now
    order.status = OrderStatus.HANDLING
    return {"contacted": True}


@step("reply")
def reply(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The handler reports what was done; the unit has still to approve it.

    An order that rests goes on first.
    """
    suspending.go_on(uow, case)
    order = case.ordered
    order.public_reply = str(given["public_reply"]) if given["public_reply"] else None
    order.status = OrderStatus.IN_APPROVAL


@step("approve_reply")
def approve_reply(uow: UnitOfWork, case: Case, given: Answers) -> None:
    """The unit stands by the reply, which counts as given now, or sends it back to its handler."""
    order = case.ordered
    if given["approval"] == "rejected":
        if not given["approval_opinion"]:
            raise opinion_missing("approval_opinion")
        order.status = OrderStatus.HANDLING
        return
    order.replied_at = uow.now
    order.status = OrderStatus.FEEDBACK


def opinion_missing(field: str) -> Invalid:
    """Whoever sends something back says what is wrong and how to mend it."""
    return Invalid(
        Phrase(
            "退回时须写明存在的问题和修改办法。",
            "When sending back, say what is wrong and how to mend it.",
        ),
        {field: Phrase("请写明问题和修改办法。", "Say what is wrong and how to mend it.")},
    )

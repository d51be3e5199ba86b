"""Telling people: which message goes to whom, as rows of the outbox."""

from datetime import datetime

from app.cases import history
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.core.errors import Invalid
from app.core.outbox import post
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.directory import people_of
from app.identity.policy import Role

MESSAGES: dict[str, tuple[Role, Phrase]] = {
    "dispatched": (
        Role.UNIT_LIAISON,
        Phrase(
            "新工单{number}“{title}”已派至贵单位，请及时签收。",
            "Work order {number} “{title}” was dispatched to your unit: please sign for it.",
        ),
    ),
    "sign_for_overdue": (
        Role.UNIT_LIAISON,
        Phrase(
            "工单{number}“{title}”签收已超时，请立即签收。",
            "Work order {number} “{title}” should have been signed for: please sign now.",
        ),
    ),
    "yellow": (
        Role.UNIT_HANDLER,
        Phrase(
            "工单{number}“{title}”即将到期，请抓紧办理。",
            "Work order {number} “{title}” is due soon.",
        ),
    ),
    "overdue": (
        Role.UNIT_APPROVER,
        Phrase(
            "工单{number}“{title}”已超期，请督促办理。",
            "Work order {number} “{title}” is overdue.",
        ),
    ),
    "overdue_1": (
        Role.UNIT_HANDLER,
        Phrase(
            "催办：工单{number}“{title}”超期仍未答复。",
            "Reminder: work order {number} “{title}” is overdue and not answered.",
        ),
    ),
    "overdue_2": (
        Role.UNIT_APPROVER,
        Phrase(
            "再次催办：工单{number}“{title}”长时间超期，请分管领导过问。",
            "Second reminder: work order {number} “{title}” has long been overdue.",
        ),
    ),
    "sign_for_moved": (
        Role.UNIT_LIAISON,
        Phrase(
            "工作日历调整，工单{number}“{title}”的签收期限改为{due}。",
            "The working calendar changed: sign for work order {number} “{title}” by {due}.",
        ),
    ),
    "handling_moved": (
        Role.UNIT_HANDLER,
        Phrase(
            "工作日历调整，工单{number}“{title}”的办理期限改为{due}。",
            "The working calendar changed: work order {number} “{title}” is now due {due}.",
        ),
    ),
}
"""Message → who of the unit receives it, and its text."""

REQUESTER_MESSAGES: dict[str, Phrase] = {
    "total_moved": Phrase(
        "您反映的诉求{number}，因工作日历调整，答复期限改为{due}。",
        "The working calendar changed: your demand {number} is to be answered by {due}.",
    ),
}
"""Message → the text in which the requester receives it."""


def wording(message: str) -> Phrase:
    """The text of a message, with places for its values. Raises `KeyError` for an unknown one."""
    return MESSAGES[message][1] if message in MESSAGES else REQUESTER_MESSAGES[message]


@service(Phrase("通知承办单位", "Notify the unit"), message=str)
def notify_unit(occasion: Occasion, message: str) -> None:
    """Send one of the messages to the people of the lead unit whose business it is.

    Raises `Invalid` for a message that does not exist.
    """
    if message not in MESSAGES:
        raise Invalid(Phrase(f"没有“{message}”这种通知。", f"There is no message “{message}”."))
    tell_unit(occasion.uow, occasion.case, message, at=occasion.at, element_id=occasion.element_id)


def tell_unit(
    uow: UnitOfWork,
    case: Case,
    message: str,
    *,
    at: datetime,
    element_id: str | None = None,
    **values: str,
) -> None:
    """Leave a message for those of the lead unit whose business it is; `values` fill its text."""
    role, _text = MESSAGES[message]
    order = case.ordered
    assert order.lead_unit_id is not None  # notices are sent after the dispatch
    receivers = people_of(uow.session, order.lead_unit_id, role)
    for person in receivers:
        recipient = person.phone or person.email
        if recipient is None:
            continue
        post(
            uow,
            key=f"{order.number}:{message}:{at.isoformat()}:{person.id}",
            medium="sms" if person.phone else "email",
            recipient=recipient,
            template=message,
            values={"number": order.number, "title": case.demand.title, **values},
        )
    history.record(
        uow,
        case.demand.id,
        "notify",
        element_id=element_id,
        facts={"message": message, "to": [person.id for person in receivers], **values},
        at=at,
    )


def tell_requester(
    uow: UnitOfWork, case: Case, message: str, *, at: datetime, **values: str
) -> None:
    """Leave a message for the requester; nothing happens where no number was given."""
    demand = case.demand
    if not demand.requester_phone:
        return
    post(
        uow,
        key=f"{demand.number}:{message}:{at.isoformat()}",
        medium="sms",
        recipient=demand.requester_phone,
        template=message,
        values={"number": demand.number, **values},
    )
    history.record(uow, demand.id, "notify_requester", facts={"message": message, **values}, at=at)

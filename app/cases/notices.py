"""Telling people: which message goes to whom, as rows of the outbox."""

from collections.abc import Mapping
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
}
"""Message → who of the unit receives it, and its text."""

_MOVED: dict[str, tuple[Role | None, Phrase]] = {
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
    "total_moved": (
        None,
        Phrase(
            "因工作日历调整，您反映的诉求{number}的答复期限改为{due}。",
            "The working calendar changed: your demand {number} is to be answered by {due}.",
        ),
    ),
}
"""What is told when the deadline of a clock moves: to whom of the unit (none: to the requester)."""


def wording(message: str) -> Phrase:
    """The text of a message, with places for its values. Raises `KeyError` for an unknown one."""
    return (MESSAGES | _MOVED)[message][1]


@service(Phrase("通知承办单位", "Notify the unit"), message=str)
def notify_unit(occasion: Occasion, message: str) -> None:
    """Send one of the messages to the people of the lead unit whose business it is.

    Raises `Invalid` for a message that does not exist.
    """
    if message not in MESSAGES:
        raise Invalid(Phrase(f"没有“{message}”这种通知。", f"There is no message “{message}”."))
    role, _text = MESSAGES[message]
    _tell_unit(
        occasion.uow,
        occasion.case,
        message,
        role,
        at=occasion.at,
        element_id=occasion.element_id,
        values={},
    )


def tell_of_moved_deadline(uow: UnitOfWork, case: Case, clock: str, due: str) -> None:
    """Tell whoever must keep the deadline of `clock`, or waits for it, that it is `due` now.

    The clocks inside the centre, and those of a designer's own, tell nobody.
    """
    message = f"{clock}_moved"
    if message not in _MOVED:
        return
    role, _text = _MOVED[message]
    if role is None:
        _tell_requester(uow, case, message, {"due": due})
    elif case.unit_id is not None:
        _tell_unit(uow, case, message, role, at=uow.now, element_id=None, values={"due": due})


def _tell_unit(
    uow: UnitOfWork,
    case: Case,
    message: str,
    role: Role,
    *,
    at: datetime,
    element_id: str | None,
    values: Mapping[str, str],
) -> None:
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


def _tell_requester(uow: UnitOfWork, case: Case, message: str, values: Mapping[str, str]) -> None:
    demand = case.demand
    if not demand.requester_phone:
        return
    post(
        uow,
        key=f"{demand.number}:{message}:{uow.now.isoformat()}",
        medium="sms",
        recipient=demand.requester_phone,
        template=message,
        values={"number": demand.number, **values},
    )
    history.record(uow, demand.id, "notify_requester", facts={"message": message, **values})

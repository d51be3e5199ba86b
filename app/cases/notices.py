"""Telling people: which message goes to whom, as rows of the outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from app.cases import history
from app.cases.named_units import unit_of_step
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.core import texts
from app.core.errors import Invalid
from app.core.outbox import post
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.directory import Contact, people_in, people_of
from app.identity.policy import UNIT_ROLES, Role

KIND = "message"
"""The kind of document that the text of a message is."""

REQUESTER = "requester"
"""To whom a message goes that is for the citizen."""

MESSAGES: dict[str, tuple[Role | str, Phrase]] = {
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
    "dispatch_waiting": (
        Role.DISPATCHER,
        Phrase(
            "工单{number}“{title}”派单已超时，请立即派单。",
            "Work order {number} “{title}” should have been dispatched: please do it now.",
        ),
    ),
    "first_contact_overdue": (
        Role.UNIT_HANDLER,
        Phrase(
            "工单{number}“{title}”先行联系已超时，请立即联系诉求人。",
            "The first contact for {number} “{title}” is overdue: contact the requester now.",
        ),
    ),
    "review_waiting": (
        Role.REVIEWER,
        Phrase(
            "工单{number}“{title}”的答复超时未审，请尽快审核。",
            "The reply to {number} “{title}” waits too long for its review: please decide.",
        ),
    ),
    "callback_waiting": (
        Role.CALLBACK_AGENT,
        Phrase(
            "工单{number}“{title}”超时未回访，请尽快回访。",
            "The callback of {number} “{title}” is overdue: please call.",
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
"""Message → who receives it, and its text: a role of the unit whose matter it is, a role of the
centre, or the requester. Procedures register theirs beside their rules.
"""

_MOVED: dict[str, tuple[Role | str, Phrase]] = {
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
        REQUESTER,
        Phrase(
            "因工作日历调整，您反映的诉求{number}的答复期限改为{due}。",
            "The working calendar changed: your demand {number} is to be answered by {due}.",
        ),
    ),
}
"""What is told when a new calendar moves the deadline of a clock."""


def register_messages(messages: Mapping[str, tuple[Role | str, Phrase]]) -> None:
    """Add the messages of a procedure. Raises `ValueError` for a name that is taken."""
    for name, message in messages.items():
        if name in MESSAGES:
            raise ValueError(f"the message {name} is registered twice")
        MESSAGES[name] = message


def wording(message: str, session: Session | None = None, at: datetime | None = None) -> Phrase:
    """The text of a message, with places for its values: as the office had published it at an
    instant, else as the product brings it. Raises `KeyError` for an unknown one.
    """
    if session is not None and at is not None:
        published = texts.in_force(session, KIND, message, at)
        if published is not None:
            found = orjson.loads(published)
            return Phrase(found["zh"], found["en"])
    return (MESSAGES | _MOVED)[message][1]


def defaults() -> dict[str, Phrase]:
    """The text of every message as the product brings it, by name."""
    return {name: text for name, (_to, text) in sorted((MESSAGES | _MOVED).items())}


@service(Phrase("通知承办单位", "Notify the unit"), message=str)
def notify_unit(occasion: Occasion, message: str) -> None:
    """Send a message to the people of the unit in charge whose business it is; as a reminder of a
    step that names a unit, to those of that unit.
    """
    _notify(occasion, message)


@service(Phrase("通知热线中心", "Notify the centre"), message=str)
def notify_centre(occasion: Occasion, message: str) -> None:
    """Send a message to everybody of the centre whose business it is."""
    _notify(occasion, message)


@service(Phrase("告知诉求人", "Tell the requester"), message=str)
def notify_requester(occasion: Occasion, message: str) -> None:
    """Send a message to the requester, where a number is known."""
    _notify(occasion, message)


def _notify(occasion: Occasion, message: str) -> None:
    if message not in MESSAGES:
        raise Invalid(Phrase(f"没有“{message}”这种通知。", f"There is no message “{message}”."))
    session, case = occasion.uow.session, occasion.case
    tell(
        occasion.uow,
        case,
        message,
        at=occasion.at,
        element_id=occasion.element_id,
        unit_id=unit_of_step(session, case.demand.id, occasion.process_id, occasion.element_id),
    )


def tell(
    uow: UnitOfWork,
    case: Case,
    message: str,
    *,
    at: datetime | None = None,
    element_id: str | None = None,
    values: Mapping[str, str] | None = None,
    secret_values: Mapping[str, str] | None = None,
    unit_id: int | None = None,
) -> None:
    """Leave a message in the outbox for everybody it is for; `values` fill its text.

    `unit_id` names another unit than the one in charge: then its people alone are told. Who has
    no phone and no address is passed over; the history names who was told.
    `secret_values` are codes for the requester alone: they stay out of the history.
    """
    to, _text = (MESSAGES | _MOVED)[message]
    if to == REQUESTER:
        _tell_requester(
            uow, case, message, at or uow.now, element_id, values or {}, secret_values or {}
        )
    else:
        if unit_id is None and to in UNIT_ROLES:
            unit_id = case.unit_id
            assert unit_id is not None  # units are told once the order has one
        _tell_people(uow, case, unit_id, message, str(to), at or uow.now, element_id, values or {})


def tell_all_units(
    uow: UnitOfWork, case: Case, message: str, *, at: datetime, values: Mapping[str, str]
) -> None:
    """Leave a message for the people of every unit who have its role; one line in the history."""
    to, _text = MESSAGES[message]
    _leave(uow, case, people_in(uow.session, to), message, at, None, values)


def tell_of_moved_deadline(uow: UnitOfWork, case: Case, clock: str, due: str) -> None:
    """Tell whoever must keep the deadline of `clock`, or waits for it, that it is `due` now.

    The clocks inside the centre, and those of a designer's own, tell nobody.
    """
    if f"{clock}_moved" in _MOVED and case.unit_id is not None:
        tell(uow, case, f"{clock}_moved", values={"due": due})


def _tell_people(
    uow: UnitOfWork,
    case: Case,
    unit_id: int | None,
    message: str,
    role: str,
    at: datetime,
    element_id: str | None,
    values: Mapping[str, str],
) -> None:
    if unit_id is not None:
        receivers = people_of(uow.session, unit_id, role)
    else:
        receivers = people_in(uow.session, role)
    _leave(uow, case, receivers, message, at, element_id, values)


def _leave(
    uow: UnitOfWork,
    case: Case,
    receivers: Sequence[Contact],
    message: str,
    at: datetime,
    element_id: str | None,
    values: Mapping[str, str],
) -> None:
    number = case.order.number if case.order is not None else case.demand.number
    for person in receivers:
        recipient = person.phone or person.email
        if recipient is None:
            continue
        post(
            uow,
            key=":".join([number, message, at.isoformat(), str(person.id), *values.values()]),
            medium="sms" if person.phone else "email",
            recipient=recipient,
            template=message,
            values={"number": number, "title": case.demand.title, **values},
        )
    history.record(
        uow,
        case.demand.id,
        "notify",
        element_id=element_id,
        facts={"message": message, "to": [person.id for person in receivers], **values},
        at=at,
    )


def _tell_requester(
    uow: UnitOfWork,
    case: Case,
    message: str,
    at: datetime,
    element_id: str | None,
    values: Mapping[str, str],
    secret_values: Mapping[str, str],
) -> None:
    demand = case.demand
    if not demand.requester_phone:
        return
    post(
        uow,
        key=f"{demand.number}:{message}:{at.isoformat()}",
        medium="sms",
        recipient=demand.requester_phone,
        template=message,
        values={"number": demand.number, **values, **secret_values},
    )
    history.record(
        uow,
        demand.id,
        "notify_requester",
        element_id=element_id,
        facts={"message": message, **values},
        at=at,
    )

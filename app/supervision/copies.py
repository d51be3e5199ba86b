"""Copies of letters (抄送): who gets one, by the table `supervision_ladder`, and receives it."""

from collections.abc import Iterator, Sequence

import orjson
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.cases import history, notices
from app.cases.models.procedure import Procedure
from app.cases.notices import register_messages
from app.cases.orders import Case, take
from app.core.errors import Conflict, NotFound
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity import directory, policy
from app.identity.models import HandlingUnit, User
from app.identity.policy import Role
from app.supervision.models import SupervisionLetter, SupervisionLetterCopy

MEMBER_UNITS = "member_units"
"""The addressee of a letter that goes to every unit."""

RECEIVERS: dict[str, Phrase] = {
    "leader": Phrase("分管领导", "Leader in charge"),
    "inspection_office": Phrase("政府督查室", "Inspection office"),
    "unit_approver": Phrase("单位审核人", "Approver of the unit"),
    MEMBER_UNITS: Phrase("各成员单位", "Member units"),
}
"""Who gets copies, by the codes of the table."""

_TOLD = {"leader": "supervision_copied", "inspection_office": "supervision_copied_to_inspection"}
_ROLES = {"leader": Role.LEADER, "inspection_office": Role.OWNERSHIP_AUTHORITY}

register_messages(
    {
        "supervision_copied": (
            Role.LEADER,
            Phrase(
                "抄送：工单{number}“{title}”的督办文书{letter}已出具。",
                "Copy: supervision letter {letter} on {number} “{title}” was issued.",
            ),
        ),
        "supervision_copied_to_inspection": (
            Role.OWNERSHIP_AUTHORITY,
            Phrase(
                "抄送：工单{number}“{title}”的督办文书{letter}已出具，请在“督办文书”中签阅。",
                "Copy: supervision letter {letter} on {number} “{title}” was issued: please enter "
                "under letters that you received it.",
            ),
        ),
        "supervision_circulated": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的{letter}已印发各成员单位，请在“督办文书”中签阅。",
                "{letter} on {number} “{title}” went to every unit: please enter under letters "
                "that you received it.",
            ),
        ),
        "supervision_copy_to_hand_on": (
            Role.INSPECTOR,
            Phrase(
                "工单{number}“{title}”的督办文书{letter}须抄送{receiver}，请转交后登记。",
                "A copy of letter {letter} on {number} “{title}” is for {receiver}: hand it on "
                "and enter it.",
            ),
        ),
    }
)


def send(uow: UnitOfWork, supervised: Case, letter: SupervisionLetter) -> None:
    """A row for each receiver of a copy, and a message to those who can be told.

    Who answers the letter is told of the letter itself, and not of a copy besides.
    """
    at, values = letter.issued_at, {"letter": letter.number}
    for code in codes(letter):
        found = list(_receivers(uow.session, letter, code))
        for copy in found:
            copy.letter_id, copy.code, copy.sent_at = letter.id, code, at
        uow.session.add_all(found)
        if any(copy.user_id is None and copy.unit_id is None for copy in found):
            to = {**values, "receiver": found[0].receiver}
            notices.tell(uow, supervised, "supervision_copy_to_hand_on", at=at, values=to)
        elif code == MEMBER_UNITS:
            notices.tell_all_units(uow, supervised, "supervision_circulated", at=at, values=values)
        elif code in _TOLD:
            notices.tell(uow, supervised, _TOLD[code], at=at, values=values)
    uow.session.flush()
    uow.session.expire(letter, ["copies"])


def codes(letter: SupervisionLetter) -> list[str]:
    """As what copies are received, in the codes of the table."""
    named = [str(code) for code in orjson.loads(letter.copy_to)]
    return [MEMBER_UNITS, *named] if letter.addressee == MEMBER_UNITS else named


def receive(uow: UnitOfWork, copy_id: int) -> SupervisionLetterCopy:
    """Enter that a copy was received, by whom and when.

    Raises `NotFound` for a copy that is not the actor's, `Conflict` when it was entered already.
    """
    copy = uow.session.get(SupervisionLetterCopy, copy_id)
    if copy is None or not may_receive(uow.actor, copy):
        raise NotFound(Phrase("没有抄送给您的这份文书。", "No such copy is yours."))
    letter = uow.session.get_one(SupervisionLetter, copy.letter_id)
    case = take(uow, uow.session.get_one(Procedure, letter.procedure_id).demand_id)
    uow.session.refresh(copy)
    if copy.received_at is not None:
        raise Conflict(
            Phrase(
                f"这份抄送已由{copy.received_by_name}签阅，无须再签。",
                f"{copy.received_by_name} has entered it already: there is nothing to do.",
            )
        )
    copy.received_at, copy.received_by_name = uow.now, uow.actor.name
    history.record(
        uow,
        case.demand.id,
        "receive_copy",
        facts={"letter": letter.number, "receiver": copy.receiver, "copy": copy.id},
    )
    return copy


def may_receive(actor: Actor, copy: SupervisionLetterCopy) -> bool:
    """Whether the copy is the actor's, the actor's unit's, or to be handed on by the actor."""
    if copy.user_id is not None:
        return copy.user_id == actor.user_id
    if copy.unit_id is not None:
        return copy.unit_id == actor.unit_id
    return policy.may(actor, "supervision.lead")


def own(actor: Actor) -> ColumnElement[bool]:
    """What in the rows of copies is the actor's or the actor's unit's."""
    mine = SupervisionLetterCopy.user_id == actor.user_id
    if actor.unit_id is None:
        return mine
    unit = and_(
        SupervisionLetterCopy.user_id.is_(None), SupervisionLetterCopy.unit_id == actor.unit_id
    )
    return or_(mine, unit)


def own_copies(
    session: Session, actor: Actor, letter_ids: Sequence[int]
) -> dict[int, SupervisionLetterCopy]:
    """By letter: the actor's or the actor's unit's copy of it, where there is one."""
    found = session.scalars(
        select(SupervisionLetterCopy)
        .where(SupervisionLetterCopy.letter_id.in_(letter_ids), own(actor))
        .order_by(SupervisionLetterCopy.id.desc())
    )
    return {copy.letter_id: copy for copy in found}


def _receivers(
    session: Session, letter: SupervisionLetter, code: str
) -> Iterator[SupervisionLetterCopy]:
    """Persons where the office has any in the role, else the body itself."""
    if code == MEMBER_UNITS:
        for unit in directory.units(session):
            if unit.id != letter.unit_id:
                yield SupervisionLetterCopy(receiver=unit.name_zh, unit_id=unit.id)
        return
    people: list[User] = []
    if code == "unit_approver":
        people = directory.holders(session, Role.UNIT_APPROVER, letter.unit_id)
    elif code in _ROLES:
        people = directory.holders(session, _ROLES[code])
    for person in people:
        yield SupervisionLetterCopy(receiver=person.name, user_id=person.id, unit_id=person.unit_id)
    if not people:
        body = RECEIVERS.get(code, Phrase(code, code))
        if code == "unit_approver":
            unit = session.get_one(HandlingUnit, letter.unit_id)
            yield SupervisionLetterCopy(receiver=unit.name_zh, unit_id=unit.id)
        else:
            yield SupervisionLetterCopy(receiver=body.zh)

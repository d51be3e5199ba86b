"""Grounds that people give: a leader's instruction, the media, a hot topic, the month's choice.

They may be given at any time, also when the order is closed. Where a supervision is open they join
it: its rung is issued anew, or a higher one.
"""

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from app.cases.answers import Answers
from app.cases.orders import Case
from app.cases.procedures import opening
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.supervision.models import SupervisionCase, Trigger
from app.supervision.triggers import (
    KIND,
    Fired,
    chosen,
    enter,
    has_fired,
    new_causes,
    open_supervision,
)


@opening(KIND)
def why_not_now(session: Session, case: Case, _actor: Actor, _now: datetime) -> Phrase | None:
    """Any order that a unit has or had, one supervision at a time."""
    if case.order is None or case.order.lead_unit_id is None:
        return Phrase(
            "尚未派给承办单位，没有可督办的单位。", "No unit has it yet: there is nobody to ask."
        )
    if open_supervision(session, case) is not None:
        return Phrase(
            "已在督办：请用“补登督办事由”登记。",
            "It is supervised already: add the ground to that supervision.",
        )
    return None


@step("leader_instructs")
@step("leader_adds")
def instruct(uow: UnitOfWork, supervised: Case, given: Answers) -> Facts:
    """A leader instructs in person. Gives `rung`, where the ladder is entered."""
    return _enter(uow, supervised, given, "leader_instructed")


@step("instruction_recorded")
@step("instruction_added")
def record(uow: UnitOfWork, supervised: Case, given: Answers) -> Facts:
    """An inspector records a ground that no fact of the order shows. Gives `rung`."""
    return _enter(uow, supervised, given, str(given["special_ground"]))


def _enter(uow: UnitOfWork, supervised: Case, given: Answers, ground: str) -> Facts:
    fired = _cause(uow, supervised, given, ground)
    if fired is None or has_fired(uow.session, supervised, fired.trigger, fired.cause):
        known = Phrase(
            "同一批示或事由已登记过，不再重复督办。",
            "This very ground was recorded before: it is not supervised twice.",
        )
        raise Invalid(known, {"instruction_text": known})
    enter(uow, supervised, fired, uow.now)
    row = uow.session.get_one(SupervisionCase, supervised.scope)
    return {"rung": row.rung}


def _cause(uow: UnitOfWork, supervised: Case, given: Answers, ground: str) -> Fired | None:
    """The cause as the table sees it; None where it fired before."""
    said = f"{given['instruction_number'] or ''}\n{given['instruction_text']}"
    occasion = f"{ground}/{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    if ground == Trigger.SELECTED:
        if not given["first_rung"]:
            raise Invalid(
                Phrase("月度督办选件须选择起始级别。", "Choose the first rung."),
                {"first_rung": Phrase("请选择起始级别。", "Choose the first rung.")},
            )
        return chosen(supervised, str(given["first_rung"]), occasion, {"selected": True})
    fired = new_causes(uow, supervised, occasion, uow.now, **{ground: True})
    return fired[0] if fired else None

"""Grounds that people give: a leader's instruction, the media, a hot topic, the month's choice.

They may be given at any time, also when the order is closed. Where a supervision is open they join
it: its rung is issued anew, or a higher one. Before any unit has the order they wait for one, and
the duty manager is told to dispatch it.
"""

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from app.cases.answers import Answers
from app.cases.notices import register_messages
from app.cases.orders import Case
from app.cases.procedures import opening
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.policy import Role
from app.supervision import instructions
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

register_messages(
    {
        "instructed_before_dispatch": (
            Role.DUTY_MANAGER,
            Phrase(
                "{number}“{title}”尚未派单，已有领导批示或督办事由，请立即派单；派单后自动督办。",
                "{number} “{title}” is not with any unit yet and was instructed upon: have it "
                "dispatched at once. It is supervised from then on.",
            ),
        ),
    }
)


@opening(KIND)
def why_not_now(session: Session, case: Case, _actor: Actor, _now: datetime) -> Phrase | None:
    """One supervision at a time, of anything but what has ended without ever having a unit."""
    if not _has_unit(case) and case.demand.closed_at is not None:
        return Phrase(
            "已结束且没有承办单位，没有可督办的单位：确需办理的，请另行登记诉求或申请重开工单。",
            "It has ended and no unit had it: register a new demand, or have the order reopened.",
        )
    open_one = open_supervision(session, case)
    if open_one is not None and session.get(SupervisionCase, open_one.id) is None:
        return Phrase(
            "已有批示在等待派单，派单后自动督办。",
            "An instruction waits for a unit already: it is supervised once one has the order.",
        )
    if open_one is not None:
        return Phrase(
            "已在督办：请用“补登督办事由”登记。",
            "It is supervised already: add the ground to that supervision.",
        )
    return None


@step("leader_instructs", gives={"unit_known", "rung"})
@step("leader_adds", gives={"unit_known", "rung"})
def instruct(uow: UnitOfWork, supervised: Case, given: Answers) -> Facts:
    """A leader instructs in person. Gives `rung`, where the ladder is entered, and `unit_known`."""
    return _enter(uow, supervised, given, "leader_instructed")


@step("instruction_recorded", gives={"unit_known", "rung"})
@step("instruction_added", gives={"unit_known", "rung"})
def record(uow: UnitOfWork, supervised: Case, given: Answers) -> Facts:
    """An inspector records a ground that no fact of the order shows. Gives the same."""
    return _enter(uow, supervised, given, str(given["special_ground"]))


@service(Phrase("按批示督办", "Supervise as instructed"), results=frozenset({"rung"}))
def enter_instruction(occasion: Occasion) -> dict[str, object]:
    """A unit has the order now: what was instructed before is the cause. Gives `rung`."""
    uow, supervised = occasion.uow, occasion.case
    procedure = supervised.procedure
    assert procedure is not None  # supervision is one
    ground = instructions.ground_of(instructions.recorded(uow.session, procedure))
    told = f"{ground}/{procedure.id}"  # told once, however often the words were used before
    [fired, *_more] = new_causes(uow, supervised, told, occasion.at, **{ground: True})
    enter(uow, supervised, fired, occasion.at)
    return {"rung": uow.session.get_one(SupervisionCase, supervised.scope).rung}


def _has_unit(case: Case) -> bool:
    return case.order is not None and case.order.lead_unit_id is not None


def _enter(uow: UnitOfWork, supervised: Case, given: Answers, ground: str) -> Facts:
    if not _has_unit(supervised):
        _require_urgent(ground)
        return {"unit_known": False}
    fired = _cause(uow, supervised, given, ground)
    if fired is None or has_fired(uow.session, supervised, fired.trigger, fired.cause):
        known = Phrase(
            "同一批示或事由已登记过，不再重复督办。",
            "This very ground was recorded before: it is not supervised twice.",
        )
        raise Invalid(known, {"instruction_text": known})
    enter(uow, supervised, fired, uow.now)
    row = uow.session.get_one(SupervisionCase, supervised.scope)
    return {"unit_known": True, "rung": row.rung}


def _require_urgent(ground: str) -> None:
    """What is chosen for the month's supervision must be with a unit; the rest may wait for one."""
    if ground == Trigger.SELECTED:
        no_unit = Phrase(
            "尚未派给承办单位，不能选作月度督办。", "No unit has it yet: it cannot be chosen."
        )
        raise Invalid(no_unit, {"special_ground": no_unit})


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

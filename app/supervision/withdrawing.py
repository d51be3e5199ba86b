"""A supervision ends before it was answered: an inspector withdraws it, or its cause turns out to
have been none, as when a new calendar says that an order was in time.

Where nobody has done anything in the supervision, and no other cause holds it, it is withdrawn with
its letter. Else the cause is marked, and the inspectors are told to decide.
"""

from collections.abc import Collection
from datetime import datetime

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import history, notices
from app.cases.answers import Answers
from app.cases.models.procedure import Procedure
from app.cases.notices import register_messages
from app.cases.orders import Case
from app.cases.steps import step
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import HumanTaskRow
from app.identity.policy import Role
from app.supervision.models import SupervisionCase, SupervisionCause

register_messages(
    {
        "supervision_withdrawn": (
            Role.UNIT_APPROVER,
            Phrase(
                "工单{number}“{title}”的督办{supervision}已撤销，无须反馈。",
                "Supervision {supervision} of {number} “{title}” was withdrawn: nothing need be "
                "answered.",
            ),
        ),
        "supervision_unfounded": (
            Role.INSPECTOR,
            Phrase(
                "工单{number}“{title}”的督办{supervision}，有一项事由按新工作日历不成立，"
                "请核定是否继续督办。",
                "A cause of supervision {supervision} of {number} “{title}” has fallen away by the "
                "new calendar: decide whether it goes on.",
            ),
        ),
    }
)


def withdraw(
    uow: UnitOfWork, case: Case, triggers: Collection[str], occasion: str, at: datetime
) -> int:
    """Withdraw the causes of these triggers whose occasion begins with `occasion`; how many.

    The caller holds the lock of the case.
    """
    found = [
        cause
        for cause in uow.session.scalars(
            select(SupervisionCause)
            .where(
                SupervisionCause.demand_id == case.demand.id,
                SupervisionCause.trigger.in_(triggers),
                SupervisionCause.withdrawn_at.is_(None),
            )
            .order_by(SupervisionCause.id)
        )
        if str(orjson.loads(cause.evidence)["occasion"]).startswith(occasion)
    ]
    for cause in found:
        _withdraw_cause(uow, case, cause, at)
    return len(found)


def _withdraw_cause(uow: UnitOfWork, case: Case, cause: SupervisionCause, at: datetime) -> None:
    cause.withdrawn_at = at
    uow.session.flush()
    row = uow.session.get_one(SupervisionCase, cause.procedure_id, populate_existing=True)
    procedure = uow.session.get_one(Procedure, cause.procedure_id)
    history.record(
        uow,
        case.demand.id,
        "withdraw_cause",
        facts={
            "procedure": procedure.id,
            "number": row.number,
            "trigger": cause.trigger,
            "title": {"zh": cause.title_zh, "en": cause.title_en},
        },
        at=at,
    )
    about = Case(case.demand, procedure)
    if procedure.closed_at is None and _is_empty(uow.session, row):
        _take_back(uow, about, at)
        assert procedure.process_id is not None  # set when it was opened
        engine.send(uow, procedure.process_id, "supervision_withdrawn", at=at)
    else:
        values = {"supervision": row.number}
        notices.tell(uow, about, "supervision_unfounded", at=at, values=values)


@step("supervision_withdrawn")
def withdraw_supervision(uow: UnitOfWork, supervised: Case, _given: Answers) -> None:
    """The inspector says why; the unit need not answer any more."""
    _take_back(uow, supervised, uow.now)


def _take_back(uow: UnitOfWork, about: Case, at: datetime) -> None:
    """A letter that is out need not be answered, and its unit is told so."""
    row = uow.session.get_one(SupervisionCase, about.scope)
    if not row.letters or row.letters[-1].settled_as is not None:
        return
    row.letters[-1].settled_as, row.letters[-1].settled_at = "withdrawn", at
    values = {"supervision": row.number}
    notices.tell(uow, about, "supervision_withdrawn", at=at, values=values)


def _is_empty(session: Session, row: SupervisionCase) -> bool:
    """No cause is left, and nobody has answered, signed or judged anything in it."""
    done = session.scalar(
        select(HumanTaskRow.id)
        .where(HumanTaskRow.scope == row.procedure_id, HumanTaskRow.closed_how == "completed")
        .limit(1)
    )
    return done is None and all(cause.withdrawn_at is not None for cause in row.causes)

"""What is supervised and must be handled again at the same time (重新交办的同时发起督办).

A closed order is proposed for reopening, which the duty manager decides as ever; nobody need ask.
An order on its way to closure is proposed once it is closed, unless the unit replied anew or an
inspector judged the dissatisfaction meanwhile. With an order still at its unit nothing is to do.
"""

from datetime import datetime

from sqlalchemy import select

from app.cases import history, reopening
from app.cases.models.work_order import StepRecord
from app.cases.orders import Case, find
from app.core.facts import Happening, on
from app.core.uow import UnitOfWork
from app.supervision.models import SupervisionCase, SupervisionCause


def hand_back(uow: UnitOfWork, case: Case, cause: SupervisionCause, at: datetime) -> bool:
    """Propose to reopen the order for the cause; whether that was possible and new."""
    if case.ordered.closed_at is None:
        return False
    if not reopening.propose(uow, case, f"supervision:{cause.id}", at):
        return False
    row = uow.session.get_one(SupervisionCase, cause.procedure_id)
    history.record(
        uow,
        case.demand.id,
        "handle_again_for_cause",
        facts={"number": row.number, "title": {"zh": cause.title_zh, "en": cause.title_en}},
        at=at,
    )
    return True


@on("order_closed")
def closed(uow: UnitOfWork, heard: Happening) -> None:
    """The order was closed although a cause that came up on the way asks to handle it again."""
    case = find(uow.session, heard.subject_id)
    since = case.ordered.replied_at or case.ordered.created_at
    judged_since = (
        select(StepRecord.id)
        .where(
            StepRecord.demand_id == SupervisionCause.demand_id,
            StepRecord.element_id == "judge",
            StepRecord.done_at >= SupervisionCause.fired_at,
        )
        .exists()
    )
    cause = uow.session.scalar(
        select(SupervisionCause)
        .where(
            SupervisionCause.demand_id == case.demand.id,
            SupervisionCause.with_re_handling,
            SupervisionCause.withdrawn_at.is_(None),
            SupervisionCause.fired_at >= since,
            ~judged_since,
        )
        .order_by(SupervisionCause.id.desc())
        .limit(1)
    )
    if cause is not None:
        hand_back(uow, case, cause, heard.at)

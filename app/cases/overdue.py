"""The handling limit has passed, or turns out not to have."""

from sqlalchemy import select

from app.cases import history
from app.cases.notices import notify_unit
from app.cases.orders import SUBJECT, Case
from app.cases.services import Occasion, service
from app.core import facts
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ClockRow


@service(Phrase("登记超期", "Mark overdue"))
def mark_overdue(occasion: Occasion) -> None:
    """The order is overdue from the instant of its limit; the unit's approver is told."""
    occasion.case.ordered.overdue = True
    history.record(
        occasion.uow,
        occasion.case.demand.id,
        "mark_overdue",
        element_id=occasion.element_id,
        at=occasion.at,
    )
    notify_unit(occasion, "overdue")
    facts.happened(
        occasion.uow, "order_overdue", occasion.case.demand.id, at=occasion.at, clock="handling"
    )


def withdraw_overdue(uow: UnitOfWork, case: Case, clock: ClockRow) -> None:
    """The limit of this run has not passed after all, so the mark it set falls away, and who acted
    upon it is told.

    The entry of the mark stays in the history, and an earlier run that was late keeps it.
    """
    order = case.ordered
    late_before = uow.session.scalar(
        select(ClockRow.id)
        .where(
            ClockRow.subject_kind == SUBJECT,
            ClockRow.subject_id == case.demand.id,
            ClockRow.name == clock.name,
            ClockRow.run < clock.run,
            ClockRow.due_at < ClockRow.stopped_at,
        )
        .limit(1)
    )
    if order.overdue and late_before is None:
        order.overdue = False
        history.record(uow, case.demand.id, "withdraw_overdue", facts={"run": clock.run})
    facts.happened(uow, "overdue_withdrawn", case.demand.id, run=clock.run)

"""The handling limit has passed."""

from app.cases import history
from app.cases.notices import notify_unit
from app.cases.services import Occasion, service
from app.core.phrase import Phrase


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

"""Whom a supervision is about."""

from sqlalchemy.orm import Session

from app.cases.heirs import heir_of
from app.cases.orders import Case


def unit_about(session: Session, case: Case) -> int | None:
    """The unit that has the order now. While the order is between units, the one that the
    supervision was about so far; for a unit that has gone, its heir.
    """
    order, so_far = case.ordered, case.procedure
    unit_id = order.lead_unit_id or (None if so_far is None else so_far.unit_id)
    if unit_id is None:
        return None
    return heir_of(session, unit_id, case.demand.category) or unit_id

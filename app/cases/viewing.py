"""Who has looked at a sealed or anonymous case: every look is kept, for administrators to read."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.viewing import CaseView
from app.cases.models.work_order import WorkOrder
from app.core.uow import UnitOfWork


def is_watched(demand: Demand) -> bool:
    """Whether looks at the case are kept."""
    return demand.confidential or demand.anonymous


def note_view(uow: UnitOfWork, demand_id: int) -> None:
    """Keep that the actor looks at the case now."""
    uow.session.add(
        CaseView(
            demand_id=demand_id,
            at=uow.now,
            user_id=uow.actor.user_id,
            user_name=uow.actor.name,
            unit_id=uow.actor.unit_id,
        )
    )


def views(
    session: Session, *, number: str = "", page: int = 1, size: int = 20
) -> tuple[Sequence[tuple[CaseView, str]], int]:
    """Looks with the number of the case, newest first, and how many there are in all.

    `number` narrows them to the demand or order with this number.
    """
    chosen = (
        select(CaseView, func.coalesce(WorkOrder.number, Demand.number))
        .join(Demand, Demand.id == CaseView.demand_id)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
    )
    if number:
        chosen = chosen.where(or_(Demand.number == number, WorkOrder.number == number))
    total = session.scalar(chosen.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    page = max(1, min(page, -(-total // size)))
    rows = session.execute(
        chosen.order_by(CaseView.id.desc()).limit(size).offset((page - 1) * size)
    )
    return [(view, of) for view, of in rows], total

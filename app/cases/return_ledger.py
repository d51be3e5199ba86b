"""The ledger of returns (退单台账): every request to send an order back, and each unit's count.

Read from the requests alone: what a promise or an extension does to an order is counted elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.send_back import ReturnRequest
from app.cases.models.work_order import WorkOrder
from app.core.clock import month_of
from app.core.phrase import Phrase
from app.identity.models import HandlingUnit

DECISIONS: Mapping[str, Phrase] = {
    "dispatch_error": Phrase("派单差错，已改派", "Dispatch error, sent elsewhere"),
    "other_unit": Phrase("属其他单位，已改派", "Another unit's, sent there"),
    "refused": Phrase("不同意", "Refused"),
    "coordinate": Phrase("提交协调", "Coordinated"),
    "supplement": Phrase("退回补充要素", "Back for more facts"),
    "merge": Phrase("已并单", "Merged"),
    "non_acceptance": Phrase("不予受理", "Not accepted"),
    "transfer_110": Phrase("转110等", "Passed to 110"),
}
"""What was decided of a request, and what became of the order."""


@dataclass(frozen=True, slots=True)
class Count:
    """How often a unit asked, how many of that were decided, and what was counted."""

    asked: int
    decided: int
    refused: int
    against: int
    """Counted against the unit (不当退单)."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A request with the order it was made for and the unit that made it."""

    request: ReturnRequest
    demand: Demand
    order: WorkOrder
    unit: HandlingUnit


def returns(
    session: Session,
    *,
    unit_id: int | None = None,
    decision: str | None = None,
    month: date | None = None,
    page: int = 1,
    size: int = 20,
) -> tuple[list[Returned], int]:
    """The requests, the latest first, and how many there are in all.

    Of one unit, with one decision (empty: not decided yet) and asked in one month (named by its
    first day) on request.
    """
    chosen = (
        select(ReturnRequest, Demand, WorkOrder, HandlingUnit)
        .join(WorkOrder, WorkOrder.id == ReturnRequest.order_id)
        .join(Demand, Demand.id == WorkOrder.demand_id)
        .join(HandlingUnit, HandlingUnit.id == ReturnRequest.unit_id)
    )
    if unit_id is not None:
        chosen = chosen.where(ReturnRequest.unit_id == unit_id)
    if decision is not None:
        chosen = chosen.where(
            ReturnRequest.decision == decision if decision else ReturnRequest.decision.is_(None)
        )
    if month is not None:
        chosen = chosen.where(*_asked_in(month))
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    page = max(1, min(page, -(-total // size) or 1))
    rows = session.execute(
        chosen.order_by(ReturnRequest.asked_at.desc(), ReturnRequest.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return [Returned(*row) for row in rows], total


def counted(session: Session, month: date | None = None) -> Mapping[int, Count]:
    """By unit: its requests, all or those of one month (named by its first day)."""
    rows = select(
        ReturnRequest.unit_id,
        func.count(),
        func.count().filter(ReturnRequest.decision.is_not(None)),
        func.count().filter(ReturnRequest.decision == "refused"),
        func.count().filter(ReturnRequest.counts_against_unit),
    ).group_by(ReturnRequest.unit_id)
    if month is not None:
        rows = rows.where(*_asked_in(month))
    return {unit: Count(*counts) for unit, *counts in session.execute(rows)}


def _asked_in(month: date) -> list[ColumnElement[bool]]:
    begins, ends = month_of(month)
    return [ReturnRequest.asked_at >= begins, ReturnRequest.asked_at < ends]

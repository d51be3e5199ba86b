"""The month's supervision: so many of last month's accepted demands, and which are next.

The share is the target of the table `assessment_targets`; the list proposes the orders that need
it most until the share is reached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil

from sqlalchemy import case as sql_case
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.core.clock import CHINA
from app.decisions import registry
from app.identity.models import HandlingUnit
from app.supervision.triggers import KIND

MEASURE = "monthly_supervision_share"


@dataclass(frozen=True, slots=True)
class Quota:
    """How the month stands. `share` and `target` in percent of last month's accepted demands."""

    accepted: int
    supervised: int
    target: Decimal
    is_met: bool

    @property
    def share(self) -> Decimal:
        """What is supervised this month, in percent; 0 where nothing was accepted."""
        return _percent(self.supervised, self.accepted)

    @property
    def missing(self) -> int:
        """How many more orders are to be supervised to reach the target."""
        return max(0, ceil(self.target * self.accepted / 100) - self.supervised)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that is proposed, and why: what in it asks for supervision."""

    demand: Demand
    order: WorkOrder
    unit: HandlingUnit
    merits: int


def quota(session: Session, now: datetime) -> Quota:
    """The month of `now` against the month before, in China's months; what was withdrawn is not
    counted.
    """
    this_month = _month(now)
    last_month = _month_before(this_month)
    accepted = session.scalar(
        select(func.count())
        .select_from(Demand)
        .where(
            Demand.arrived_at >= last_month,
            Demand.arrived_at < this_month,
            Demand.status.not_in([DemandStatus.REGISTERING, DemandStatus.NOT_ACCEPTED]),
        )
    )
    supervised = session.scalar(
        select(func.count(Procedure.demand_id.distinct())).where(
            Procedure.kind == KIND,
            Procedure.opened_at >= this_month,
            Procedure.outcome.is_distinct_from("withdrawn"),
        )
    )
    percent = _percent(supervised or 0, accepted or 0)
    answer = registry.answer(
        session, "assessment_targets", {"measure": MEASURE, "percent": min(percent, Decimal(100))}
    ).outputs
    met = bool(answer["met"]) or not accepted
    return Quota(accepted or 0, supervised or 0, Decimal(answer["target"]), met)


def candidates(session: Session, now: datetime, most: int) -> Sequence[Candidate]:
    """Open orders of units that were not supervised yet, those that need it most first.

    [P] Weighed are: overdue 4, handled again 3 a time, sent back 2 a time, replies rejected 2 a
    time; among equals the one dispatched first. Read by the index of open orders.
    """
    merits = (
        sql_case((WorkOrder.overdue, 4), else_=0)
        + 3 * WorkOrder.re_handled_count
        + 2 * WorkOrder.returned_count
        + 2 * WorkOrder.rejected_count
    )
    supervised = select(Procedure.id).where(
        Procedure.demand_id == WorkOrder.demand_id, Procedure.kind == KIND
    )
    rows = session.execute(
        select(Demand, WorkOrder, HandlingUnit, merits)
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .join(HandlingUnit, HandlingUnit.id == WorkOrder.lead_unit_id)
        .where(
            WorkOrder.closed_at.is_(None),
            WorkOrder.dispatched_at <= now,
            ~supervised.exists(),
        )
        .order_by(merits.desc(), WorkOrder.dispatched_at, WorkOrder.id)
        .limit(most)
    )
    return [Candidate(demand, order, unit, int(weight)) for demand, order, unit, weight in rows]


def _percent(part: int, whole: int) -> Decimal:
    return Decimal(0) if not whole else (Decimal(100 * part) / whole).quantize(Decimal("0.1"))


def _month(now: datetime) -> datetime:
    return now.astimezone(CHINA).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _month_before(first: datetime) -> datetime:
    year, month = (first.year - 1, 12) if first.month == 1 else (first.year, first.month - 1)
    return first.replace(year=year, month=month)

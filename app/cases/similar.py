"""The duplicate hint: demands that may be about the same matter. A prompt, never a decision."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.work_order import WorkOrder
from app.cases.services import Occasion, service
from app.core.phrase import Phrase

LOOK_BACK = timedelta(days=90)
"""[P] How far back a demand counts as recent."""

MOST = 10


@dataclass(frozen=True, slots=True)
class Similar:
    """One earlier demand and what it has in common with the new one."""

    demand: Demand
    order_number: str | None
    same_phone: bool
    same_place: bool


def similar_demands(
    session: Session,
    now: datetime,
    *,
    phone: str,
    category: str,
    district: str,
    address: str,
    other_than: int | None = None,
) -> list[Similar]:
    """Recent demands of the same number, or of the same matter at the same place, newest first."""
    phone, address = phone.strip(), address.strip()
    same_phone = Demand.requester_phone == phone
    same_place = and_(
        Demand.category == category, Demand.district == district, Demand.address == address
    )
    ways = []
    if phone:
        ways.append(same_phone)
    if category and district and address:
        ways.append(same_place)
    if not ways:
        return []
    rows = session.execute(
        select(Demand, WorkOrder.number)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(
            or_(*ways),
            Demand.arrived_at > now - LOOK_BACK,
            Demand.status != DemandStatus.REGISTERING,
            Demand.id != (other_than or 0),
        )
        .order_by(Demand.arrived_at.desc())
        .limit(MOST)
    )
    return [
        Similar(
            demand,
            number,
            same_phone=bool(phone) and demand.requester_phone == phone,
            same_place=(demand.category, demand.district, demand.address)
            == (category, district, address),
        )
        for demand, number in rows
    ]


@service(Phrase("判重提示", "Look for similar demands"), results=frozenset({"count"}))
def find_similar_demands(occasion: Occasion) -> dict[str, object]:
    """How many recent demands look like this one; the agent sees them beside the next step."""
    demand = occasion.case.demand
    found = similar_demands(
        occasion.uow.session,
        occasion.at,
        phone=demand.requester_phone,
        category=demand.category,
        district=demand.district,
        address=demand.address,
        other_than=demand.id,
    )
    return {"count": len(found)}

"""The duplicate hint: demands that may be about the same matter. A prompt, never a decision.

How far back to look is the table `duplicate_search`, what a likeness means the table `duplicates`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session

from app.cases import tables
from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.work_order import WorkOrder
from app.cases.services import Occasion, service
from app.core.phrase import Phrase

_STATES = {
    DemandStatus.ACCEPTED: "open",
    DemandStatus.ORDERED: "open",
    DemandStatus.CLOSED: "closed",
    DemandStatus.ANSWERED_ONLINE: "answered",
    DemandStatus.NOT_ACCEPTED: "not_accepted",
}
"""What the table calls the status of an earlier demand."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a demand is about, as far as it is known; texts that are not are empty."""

    phone: str
    nature: str
    category: str
    district: str
    address: str


@dataclass(frozen=True, slots=True)
class Similar:
    """One earlier demand, what it has in common, and what the table makes of it."""

    demand: Demand
    order_number: str | None
    same_phone: bool
    same_place: bool
    proposal: str
    reason: Phrase


def matter_of(demand: Demand) -> Matter:
    """The matter of a registered demand."""
    return Matter(
        demand.requester_phone, demand.nature, demand.category, demand.district, demand.address
    )


def similar_demands(
    session: Session, now: datetime, matter: Matter, other_than: int | None = None
) -> list[Similar]:
    """Recent demands of the same number, or of the same matter at the same place, newest first."""
    same_place = and_(
        Demand.category == matter.category,
        Demand.district == matter.district,
        Demand.address == matter.address,
    )
    ways = []
    if matter.phone:
        ways.append(Demand.requester_phone == matter.phone)
    if matter.category and matter.district and matter.address:
        ways.append(same_place)
    if not ways:
        return []
    search = tables.answer(session, None, "duplicate_search", {"nature": matter.nature}).outputs
    found = session.execute(
        select(Demand, WorkOrder.number)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(
            or_(*ways),
            Demand.arrived_at > now - timedelta(days=search["look_back_days"]),
            Demand.status != DemandStatus.REGISTERING,
            Demand.id != (other_than or 0),
        )
        .order_by(Demand.arrived_at.desc(), Demand.id.desc())
        .execution_options(yield_per=search["most"])
    )
    with found as rows:
        return list(islice(_hinted(session, now, matter, rows), search["most"]))


def _hinted(
    session: Session, now: datetime, matter: Matter, rows: Iterable[Row[Demand, str]]
) -> Iterator[Similar]:
    """Those of the demands that the table finds worth a hint."""
    for demand, number in rows:
        same_phone = bool(matter.phone) and demand.requester_phone == matter.phone
        same_category = demand.category == matter.category
        same_place = bool(matter.address) and (
            (demand.district, demand.address) == (matter.district, matter.address)
        )
        outputs = tables.answer(
            session,
            None,
            "duplicates",
            {
                "same_requester": same_phone,
                "same_category": same_category,
                "same_place": same_place,
                "text_similarity": None,
                "earlier": _STATES[DemandStatus(demand.status)],
                "days_since": (now - (demand.closed_at or demand.arrived_at)).days,
            },
        ).outputs
        if outputs["hint"]:
            yield Similar(
                demand,
                number,
                same_phone,
                same_category and same_place,
                outputs["proposal"],
                Phrase(outputs["reason"], outputs["reason_en"]),
            )


@service(Phrase("判重提示", "Look for similar demands"), results=frozenset({"count"}))
def find_similar_demands(occasion: Occasion) -> dict[str, object]:
    """How many recent demands look like this one; the agent sees them beside the next step."""
    demand = occasion.case.demand
    found = similar_demands(
        occasion.uow.session, occasion.at, matter_of(demand), other_than=demand.id
    )
    return {"count": len(found)}

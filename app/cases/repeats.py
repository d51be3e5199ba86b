"""Matters that several demands are about: counted, and told to whoever acts upon the count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases import history
from app.cases.models.demand import Demand
from app.cases.models.repeat import RelatedDemand
from app.cases.models.work_order import WorkOrder
from app.cases.orders import Case, take_other
from app.cases.similar import judge, matter_of
from app.core import facts
from app.core.uow import UnitOfWork

MASS = 5
"""From so many requesters on, a matter is a mass demand (群体诉求): the number at which petitions
must name representatives (《信访工作条例》第二十条).
"""


@dataclass(frozen=True, slots=True)
class Matter:
    """What is known of a matter: its first demand, how often and by how many it was raised."""

    first: Demand
    order: WorkOrder | None
    demands: int
    """All demands about it, the first included."""
    repeats: int
    """How often somebody raised it who had raised it before."""
    requesters: int
    """How many different people raised it; who gave no number counts once a demand."""
    last_at: datetime

    @property
    def is_mass(self) -> bool:
        """Whether it is a mass demand."""
        return self.requesters >= MASS


def relate(
    uow: UnitOfWork, case: Case, earlier: Demand, at: datetime, *, merged: bool
) -> RelatedDemand:
    """Somebody found that a demand is about the matter of an earlier one: it counts as its repeat
    or as a joint demand, as the table `duplicates` says.

    What happened is told as `repeat_complaint` with the matter and how often it was raised. The
    first demand of the matter is locked: of two repeats at once the second counts the first.
    Raises `Conflict` while somebody works on that one.
    """
    session, demand = uow.session, case.demand
    known = session.get(RelatedDemand, earlier.id)
    row = session.get(RelatedDemand, demand.id) or RelatedDemand(demand_id=demand.id)
    row.earlier_id = earlier.id
    row.matter_id = known.matter_id if known is not None else earlier.id
    if row.matter_id != demand.id:
        take_other(uow, case, row.matter_id)
    row.counts_as = judge(session, at, matter_of(demand), earlier)["counts_as"]
    row.merged = merged
    row.related_at = at
    session.add(row)
    session.flush()
    history.record(
        uow,
        demand.id,
        "relate",
        facts={"earlier": earlier.id, "counts_as": row.counts_as, "merged": merged},
        at=at,
    )
    if row.counts_as == "repeat":
        facts.happened(
            uow,
            "repeat_complaint",
            demand.id,
            at=at,
            matter=row.matter_id,
            order_of=earlier.id if merged else demand.id,
            times=times_raised(session, row.matter_id, demand.requester_phone),
        )
    return row


def times_raised(session: Session, matter_id: int, phone: str) -> int:
    """How often the requester with this number has raised a matter."""
    return sum(1 for demand in demands_of(session, matter_id) if demand.requester_phone == phone)


def matter_id_of(session: Session, demand_id: int) -> int:
    """The first demand about the matter of a demand: itself where it is the only one."""
    row = session.get(RelatedDemand, demand_id)
    return row.matter_id if row is not None else demand_id


def demands_of(session: Session, matter_id: int) -> Sequence[Demand]:
    """Every demand about a matter, the first included, in order of arrival."""
    related = select(RelatedDemand.demand_id).where(RelatedDemand.matter_id == matter_id)
    return session.scalars(
        select(Demand)
        .where((Demand.id == matter_id) | Demand.id.in_(related))
        .order_by(Demand.arrived_at, Demand.id)
    ).all()


def matter(session: Session, matter_id: int) -> Matter:
    """What is known of a matter."""
    demands = demands_of(session, matter_id)
    seen: set[str] = set()
    nameless = repeats = 0
    for demand in demands:
        if not demand.requester_phone:
            nameless += 1
        elif demand.requester_phone in seen:
            repeats += 1
        seen.add(demand.requester_phone)
    return Matter(
        first=demands[0],
        order=session.scalar(select(WorkOrder).where(WorkOrder.demand_id == matter_id)),
        demands=len(demands),
        repeats=repeats,
        requesters=len(seen - {""}) + nameless,
        last_at=demands[-1].arrived_at,
    )


def matters(session: Session, *, page: int = 1, size: int = 20) -> tuple[list[Matter], int]:
    """The matters that more than one demand is about, those with the most first, and how many."""
    counted = (
        select(RelatedDemand.matter_id)
        .group_by(RelatedDemand.matter_id)
        .order_by(func.count().desc(), RelatedDemand.matter_id.desc())
    )
    total = session.scalar(select(func.count()).select_from(counted.subquery())) or 0
    found = session.scalars(counted.limit(size).offset((page - 1) * size)).all()
    return [matter(session, matter_id) for matter_id in found], total

"""The duplicate hint: demands that may be about the same matter. A prompt, never a decision.

How far back to look is the table `duplicate_search`, what a likeness means the table `duplicates`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from app.cases import likeness, tables
from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.work_order import WorkOrder
from app.cases.services import Occasion, service
from app.core.phrase import Phrase

_STATES = {
    DemandStatus.ACCEPTED: "open",
    DemandStatus.ORDERED: "open",
    DemandStatus.CLOSED: "closed",
    DemandStatus.ARCHIVED: "closed",
    DemandStatus.ANSWERED_ONLINE: "answered",
    DemandStatus.NOT_ACCEPTED: "not_accepted",
    DemandStatus.MERGED: "open",
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
    content: str = ""


@dataclass(frozen=True, slots=True)
class Similar:
    """One earlier demand, what it has in common, and what the table makes of it."""

    demand: Demand
    order_number: str | None
    same_phone: bool
    same_place: bool
    text_likeness: int | None
    proposal: str
    counts_as: str
    reason: Phrase


def matter_of(demand: Demand) -> Matter:
    """The matter of a registered demand."""
    return Matter(
        demand.requester_phone,
        demand.nature,
        demand.category,
        demand.district,
        demand.address,
        demand.content,
    )


def similar_demands(
    session: Session, now: datetime, matter: Matter, other_than: int | None = None
) -> list[Similar]:
    """Recent demands that may be about the same matter, the likeliest first.

    Candidates come by index: the same number, or the same category in the same district, within
    the days of the table. Their places and texts are compared, and the table judges the likeliest.
    """
    ways = []
    if matter.phone:
        ways.append(Demand.requester_phone == matter.phone)
    if matter.category and matter.district and matter.address:
        ways.append(and_(Demand.category == matter.category, Demand.district == matter.district))
    if not ways:
        return []
    search = tables.answer(session, None, "duplicate_search", {"nature": matter.nature}).outputs
    since = now - timedelta(days=search["look_back_days"])
    found: dict[int, _Likeness] = {}
    for way in ways:  # one index each; newest first, so that the pool is the latest
        for row in session.execute(_pool(way, since, other_than)):
            found[row.id] = _compared(matter, row)
    likeliest = sorted(found.values(), key=lambda one: one.rank, reverse=True)[:JUDGED]
    hinted = list(islice(_hinted(session, now, likeliest), search["most"]))
    return _with_orders(session, hinted)


def judge(session: Session, now: datetime, matter: Matter, earlier: Demand) -> Mapping[str, Any]:
    """What the table `duplicates` says of a demand about `matter` beside an earlier one."""
    return _judged(session, now, _compared(matter, _row_of(earlier)))


JUDGED = 30
"""So many of the likeliest candidates are put to the table."""

POOL = 400
"""So many candidates of a way are compared, the newest: 10 ms, however many demands there are."""


class _Row(Protocol):
    """The columns of an earlier demand that are compared."""

    id: int
    requester_phone: str
    category: str
    district: str
    address: str
    content: str
    status: str
    arrived_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Likeness:
    """A candidate with all that it has in common with the matter."""

    row: _Row
    same_phone: bool
    same_category: bool
    same_place: bool
    text: int | None

    @property
    def rank(self) -> tuple[int, int, datetime, int]:
        common = self.same_phone + self.same_category + 2 * self.same_place
        return common, self.text or 0, self.row.arrived_at, self.row.id


def _pool(
    way: ColumnElement[bool], since: datetime, other_than: int | None
) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Demand.id,
            Demand.requester_phone,
            Demand.category,
            Demand.district,
            Demand.address,
            Demand.content,
            Demand.status,
            Demand.arrived_at,
            Demand.closed_at,
        )
        .where(
            way,
            Demand.arrived_at > since,
            Demand.status.not_in((DemandStatus.REGISTERING, DemandStatus.MERGED)),
            Demand.id != (other_than or 0),
        )
        .order_by(Demand.arrived_at.desc(), Demand.id.desc())
        .limit(POOL)
    )


def _row_of(demand: Demand) -> _Row:
    return demand


def _compared(matter: Matter, row: _Row) -> _Likeness:
    return _Likeness(
        row,
        same_phone=bool(matter.phone) and row.requester_phone == matter.phone,
        same_category=row.category == matter.category,
        same_place=row.district == matter.district
        and likeness.same_place(matter.address, row.address),
        text=likeness.text_likeness(matter.content, row.content)
        if matter.content and row.content
        else None,
    )


def _judged(session: Session, now: datetime, found: _Likeness) -> Mapping[str, Any]:
    answered: Mapping[str, Any] = tables.answer(
        session,
        None,
        "duplicates",
        {
            "same_requester": found.same_phone,
            "same_category": found.same_category,
            "same_place": found.same_place,
            "text_similarity": found.text,
            "earlier": _STATES[DemandStatus(found.row.status)],
            # one that ended while this was being typed ended later than `now`
            "days_since": max(0, (now - (found.row.closed_at or found.row.arrived_at)).days),
        },
    ).outputs
    return answered


def _hinted(
    session: Session, now: datetime, likeliest: Iterable[_Likeness]
) -> Iterator[tuple[_Likeness, Mapping[str, Any]]]:
    """Those of the candidates that the table finds worth a hint."""
    for one in likeliest:
        outputs = _judged(session, now, one)
        if outputs["hint"]:
            yield one, outputs


def _with_orders(
    session: Session, hinted: Sequence[tuple[_Likeness, Mapping[str, Any]]]
) -> list[Similar]:
    if not hinted:
        return []
    rows = session.execute(
        select(Demand, WorkOrder.number)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(Demand.id.in_([one.row.id for one, _outputs in hinted]))
    )
    demands = {demand.id: (demand, number) for demand, number in rows}
    return [
        Similar(
            *demands[one.row.id],
            one.same_phone,
            one.same_category and one.same_place,
            one.text,
            outputs["proposal"],
            outputs["counts_as"],
            Phrase(outputs["reason"], outputs["reason_en"]),
        )
        for one, outputs in hinted
    ]


@service(Phrase("判重提示", "Look for similar demands"), results=frozenset({"count"}))
def find_similar_demands(occasion: Occasion) -> dict[str, object]:
    """How many recent demands look like this one; the agent sees them beside the next step."""
    demand = occasion.case.demand
    found = similar_demands(
        occasion.uow.session, occasion.at, matter_of(demand), other_than=demand.id
    )
    return {"count": len(found)}

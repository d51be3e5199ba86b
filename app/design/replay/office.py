"""The office that a replay runs in: the real one as it was when the record began, without a name.

What came into force later (versions, calendars, units given up, the daily rounds) does so at its
instant.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Executable, delete, insert, select, update
from sqlalchemy.orm import Session

from app.cases.models.bulk_extension import BulkExtension
from app.cases.models.city import District
from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.knowledge import KnowledgeItem
from app.cases.models.reorganisation import Reorganisation
from app.cases.models.repeat import RelatedDemand
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.core.audit import ChainAnchor
from app.core.db import Base
from app.decisions.models import DecisionVersion
from app.design.copying import PLACE, Copy
from app.design.replay.recorded import Earlier, Recording, table_of
from app.engine import DiagramVersionRow
from app.identity.models import HandlingUnit, User, UserRole
from app.worktime.models import CalendarDay, CalendarVersion

_JUST = timedelta(microseconds=1)
_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
_AT_REST = OrderStatus.SUSPENDED
"""What an order of before is called while it is open: nobody looks at it for standing still."""
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """What comes into force at an instant, for all cases; without statements, the daily round."""

    at: datetime
    statements: Sequence[tuple[Executable, Sequence[Mapping[str, Any]]]] = ()


def prepare(
    source: Session, copy: Copy, recording: Recording, begin: datetime, is_changed: bool
) -> Iterator[Event]:
    """Make the office in memory the one of the record at its beginning; what came into force later.

    Under a change diagrams and tables are those of its drafts from the beginning on.
    """
    events: list[Event] = []
    layers: list[tuple[type[Base], str, str]] = [(CalendarVersion, "calendar_id", "number")]
    if not is_changed:
        layers += [(DiagramVersionRow, "key", "version"), (DecisionVersion, "key", "version")]
    with copy.database.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        connection.begin()
        connection.execute(delete(table_of(User)))
        connection.execute(delete(table_of(UserRole)))
        connection.execute(
            delete(table_of(HandlingUnit)).where(
                HandlingUnit.id.not_in(source.scalars(select(HandlingUnit.id)).all())
            )
        )
        connection.execute(delete(table_of(District)).where(District.code == PLACE))
        _add(connection, User, list(_people(source, recording)))
        _add(connection, UserRole, _rows(source, UserRole))
        _add(connection, KnowledgeItem, _rows(source, KnowledgeItem))
        for item in source.scalars(select(BulkExtension)):
            _add(connection, BulkExtension, [_bulk(item)])
        for model, of, number in layers:
            connection.execute(delete(table_of(model)))
            if model is CalendarVersion:
                connection.execute(delete(table_of(CalendarDay)))
            for at, row in _in_force(_rows(source, model), of, number):
                statements = [(insert(table_of(model)), [row])]
                if model is CalendarVersion:
                    days = _rows(source, CalendarDay, CalendarDay.version_id == row["id"])
                    statements += [(insert(table_of(CalendarDay)), days)] if days else []
                if at <= begin:
                    for statement, rows in statements:
                        connection.execute(statement, rows)
                else:
                    events.append(Event(at, statements))
        for reorganised in source.scalars(
            select(Reorganisation)
            .where(Reorganisation.asked_at > begin)
            .order_by(Reorganisation.id)
        ):
            events += _reorganised(connection, reorganised)
        events += _tree(connection, recording)
        for one in recording.earlier.values():
            events += _earlier(connection, one, begin)
        connection.commit()
    yield from events
    yield from _rounds(source, begin)


def _add(connection: Connection, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table_of(model)), [dict(row) for row in rows])


def _rows(source: Session, model: type[Base], *where: Any) -> list[dict[str, Any]]:
    table = table_of(model)
    return [dict(row) for row in source.execute(select(table).where(*where)).mappings()]


def _in_force(
    rows: Sequence[dict[str, Any]], of: str, number: str
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """From when on each version was the newest: the first one always, none later than the next."""
    versions: dict[object, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        versions[row[of]].append(row)
    for found in versions.values():
        found.sort(key=lambda row: row[number])
        at = _NEVER
        for row in reversed(found):
            at = min(at, row["published_at"])
            yield (_BEFORE if row is found[0] else at), row


def _people(source: Session, recording: Recording) -> Iterator[dict[str, Any]]:
    """Everybody of the office by number only, in the unit they first acted for."""
    unit_of: dict[int, int | None] = {}
    for deed in recording.deeds:
        if deed.who.user_id is not None:
            unit_of.setdefault(deed.who.user_id, deed.who.unit_id)
    for row in _rows(source, User):
        yield {
            **row,
            "login": f"p{row['id']}",
            "name": f"P{row['id']}",
            "password_hash": "",
            "phone": f"1{row['id']:010d}" if row["phone"] else None,
            "email": None,
            "unit_id": unit_of.get(row["id"], row["unit_id"]),
        }


def _bulk(item: BulkExtension) -> dict[str, Any]:
    kept = {column.name: getattr(item, column.name) for column in table_of(BulkExtension).columns}
    return {**kept, "asked_by_name": "", "decided_by_name": "", "reason": "㐀", "opinion": None}


def _earlier(connection: Connection, one: Earlier, begin: datetime) -> Iterator[Event]:
    """A demand of before stands in the office; it is closed when it was."""
    demands, orders = table_of(Demand), table_of(WorkOrder)
    open_demand: dict[str, Any] = {"closed_at": None}
    open_order: dict[str, Any] = {"closed_at": None}
    if one.order is not None:
        open_demand["status"], open_order["status"] = DemandStatus.ORDERED, _AT_REST
    closed = one.demand["closed_at"]
    if closed is not None and closed <= begin:
        open_demand = {}
    _add(connection, Demand, [{**one.demand, **open_demand, "process_id": None}])
    if one.related is not None:
        if one.related["related_at"] <= begin:
            _add(connection, RelatedDemand, [one.related])
        else:  # it may belong to one of the record
            inserted = insert(table_of(RelatedDemand))
            yield Event(one.related["related_at"], [(inserted, [one.related])])
    if one.order is not None:
        was_closed = one.order["closed_at"] is not None and one.order["closed_at"] <= begin
        _add(connection, WorkOrder, [{**one.order, **({} if was_closed else open_order)}])
    if closed is None or not open_demand:
        return
    found = update(demands).where(demands.c.id == one.demand["id"])
    statements = [(found.values(status=one.demand["status"], closed_at=closed), ())]
    if one.order is not None:
        found = update(orders).where(orders.c.id == one.order["id"])
        statements += [(found.values(status=one.order["status"], closed_at=closed), ())]
    yield Event(closed, statements)


def _reorganised(connection: Connection, row: Reorganisation) -> Iterator[Event]:
    units, people = table_of(HandlingUnit), table_of(User)
    connection.execute(update(units).where(units.c.id == row.unit_id).values(active=True))
    kept = {column.name: getattr(row, column.name) for column in table_of(Reorganisation).columns}
    yield Event(
        row.asked_at,
        [
            (update(units).where(units.c.id == row.unit_id).values(active=False), ()),
            (
                update(units).where(units.c.parent_id == row.unit_id).values(parent_id=row.heir_id),
                (),
            ),
            (insert(table_of(Reorganisation)), [{**kept, "done_at": None, "asked_by_name": ""}]),
        ],
    )
    if row.done_at is not None:
        moved = update(people).where(people.c.unit_id == row.unit_id).values(unit_id=row.heir_id)
        table = table_of(Reorganisation)
        done = update(table).where(table.c.id == row.id).values(done_at=row.done_at)
        yield Event(row.done_at + _JUST, [(moved, ()), (done, ())])


def _tree(connection: Connection, recording: Recording) -> Iterator[Event]:
    """Who passed an order down to a unit was above it then: of the tree of units only today's is
    known.
    """
    units = table_of(HandlingUnit)
    above: dict[int, int] = {}
    for deed in recording.deeds:
        if deed.who.unit_id is None or not deed.answers.get("lower_unit"):
            continue
        lower = int(str(deed.answers["lower_unit"]))
        if above.get(lower) == deed.who.unit_id:
            continue
        put = update(units).where(units.c.id == lower).values(parent_id=deed.who.unit_id)
        if lower not in above:
            connection.execute(put)
        else:
            yield Event(deed.at, [(put, ())])
        above[lower] = deed.who.unit_id


def _rounds(source: Session, begin: datetime) -> Iterator[Event]:
    """The daily rounds, at the instants at which they were."""
    for at in source.scalars(
        select(ChainAnchor.anchored_at).where(ChainAnchor.anchored_at > begin)
    ):
        yield Event(at)

"""Event logs of processes for tools that mine them: XES, OCEL 2.0 and CSV, written as a stream.

An event is a step that was opened (`start`), done (`complete`) or called off (`ate_abort`). Logs
hold no personal data: cases and objects go by their ids, people by nothing or, on request and
with the permission, by a pseudonym that is the same in every log of the office.

XES: IEEE 1849. OCEL: the JSON form of version 2.0.
"""

import csv
import hashlib
import hmac
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.history import HistoryEntry
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.core.clock import CHINA
from app.design import visits
from app.design.visits import Ground, Journey, Selection, Visit
from app.engine import HumanTaskRow, ProcessRow
from app.identity.models import HandlingUnit
from app.worktime.calendars import instant_of, micros_of


class Format(StrEnum):
    """In which form a log is written; also the ending of its file."""

    XES = "xes"
    OCEL = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a log is to hold."""

    chosen: Selection
    format: Format
    language: str = "zh"
    """Of the names of steps and processes."""
    key: bytes = b""
    """Secret of the pseudonyms; without it people are left out."""


class Event(NamedTuple):
    """One event of one case."""

    id: str
    activity: str
    element_id: str
    lifecycle: str
    at: str
    """ISO 8601 with the offset of China."""
    role: str
    resource: str
    worked: int | None
    """Seconds of working time that the step took; only where it ended."""
    natural: int | None
    unit_id: int | None
    """Who was in charge."""


def written(session: Session, wanted: Wanted, now: datetime) -> Iterator[bytes]:
    """The log piece by piece. Raises `NotFound` for a process there is not, before it begins."""
    known = visits.ground(session, wanted.chosen.key, wanted.chosen.version)
    log = _Log(session, wanted, known, now)
    write: dict[Format, Callable[[_Log], Iterator[bytes]]] = {
        Format.XES: _as_xes,
        Format.OCEL: _as_ocel,
        Format.CSV: _as_csv,
    }
    return write[wanted.format](log)


def pseudonym(key: bytes, user_id: int) -> str:
    """By what a person goes: the same in every log, and of no use without the office's key."""
    return "P" + hmac.digest(key, b"event log %d" % user_id, hashlib.sha256).hex()[:12]


class _Log:
    """The cases of a log with their events."""

    def __init__(self, session: Session, wanted: Wanted, known: Ground, now: datetime) -> None:
        self.session = session
        self.wanted = wanted
        self.known = known
        self.now = now
        self.names = _names(known, wanted.language)
        self._people = _people(session, wanted, known, now) if wanted.key else {}
        self.units = {
            unit_id: (code, zh if wanted.language == "zh" else en)
            for unit_id, code, zh, en in session.execute(
                select(
                    HandlingUnit.id, HandlingUnit.code, HandlingUnit.name_zh, HandlingUnit.name_en
                )
            )
        }

    def cases(self) -> Iterator[tuple[Journey, list[Event]]]:
        """Every case with its events in the order of time."""
        for journey in visits.journeys(self.session, self.wanted.chosen, self.known, self.now):
            yield journey, self._events(journey)

    def unit(self, unit_id: int | None) -> str:
        """The name of a unit; empty without one."""
        return self.units[unit_id][1] if unit_id is not None else ""

    def process(self, journey: Journey) -> tuple[str, int]:
        """Key and version under which it ran."""
        return self.known.versions[journey.version_id]

    def _events(self, journey: Journey) -> list[Event]:
        found: list[tuple[int, int, Event]] = []
        for visit in journey.visits:
            found.append((visit.since, visit.task_id, self._event(visit, "start", visit.since)))
            if visit.until is not None:
                how = "complete" if visit.done else "ate_abort"
                found.append((visit.until, visit.task_id, self._event(visit, how, visit.until)))
        found.sort(key=lambda one: one[:2])
        return [event for _at, _id, event in found]

    def _event(self, visit: Visit, how: str, at: int) -> Event:
        ended = how != "start"
        return Event(
            f"{visit.task_id}-{how}",
            self.names[visit.element_id],
            visit.element_id,
            how,
            _moment(at),
            self.known.steps[visit.element_id].role or "",
            self._people.get(visit.task_id, "") if how == "complete" else "",
            visit.worked // 1_000_000 if ended else None,
            (at - visit.since) // 1_000_000 if ended else None,
            visit.unit_id,
        )


def _names(known: Ground, language: str) -> dict[str, str]:
    """What the steps are called; with their id where two are called alike."""
    named = {one.id: one.label.in_language(language) for one in known.steps.values()}
    seen = list(named.values())
    return {
        element_id: name if seen.count(name) == 1 else f"{name} ({element_id})"
        for element_id, name in named.items()
    }


def _people(session: Session, wanted: Wanted, known: Ground, now: datetime) -> dict[int, str]:
    """Tasks → pseudonym of who did them: whose entry stands in the history at that instant."""
    asked = (
        visits.narrowed(select(HumanTaskRow.id, HistoryEntry.actor_id), wanted.chosen, known, now)
        .join(HumanTaskRow, HumanTaskRow.process_id == ProcessRow.id)
        .join(
            HistoryEntry,
            (HistoryEntry.demand_id == ProcessRow.subject_id)
            & (HistoryEntry.element_id == HumanTaskRow.element_id)
            & (HistoryEntry.at == HumanTaskRow.closed_at)
            & (HistoryEntry.command == "step"),
        )
        .where(HistoryEntry.actor_id.is_not(None), HumanTaskRow.closed_how == "completed")
    )
    return {
        task_id: pseudonym(wanted.key, actor_id) for task_id, actor_id in session.execute(asked)
    }


def _moment(micros: int) -> str:
    return instant_of(micros).astimezone(CHINA).isoformat(timespec="milliseconds")


# XES ----------------------------------------------------------------------------------------------

_XES_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<string key="lifecycle:transition" value="complete"/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000+08:00"/>
<string key="org:role" value=""/>
</global>
<classifier name="Activity" keys="concept:name"/>
<classifier name="Activity and transition" keys="concept:name lifecycle:transition"/>
<classifier name="Role" keys="org:role"/>
"""


def _as_xes(log: _Log) -> Iterator[bytes]:
    yield _XES_HEAD.encode()
    name = log.wanted.chosen.key or "jieban"
    yield (
        _attribute("string", "concept:name", name)
        + _attribute("string", "lifecycle:model", "standard")
    ).encode()
    for journey, events in log.cases():
        key, version = log.process(journey)
        lines = [
            "<trace>\n",
            _attribute("string", "concept:name", str(journey.process_id)),
            _attribute("string", "process", key),
            _attribute("int", "version", version),
            _attribute("boolean", "late", "true" if journey.late else "false"),
        ]
        if journey.unit_id is not None:
            lines.append(_attribute("string", "unit", log.unit(journey.unit_id)))
        for event in events:
            lines += [
                "<event>\n",
                _attribute("string", "concept:name", event.activity),
                _attribute("string", "lifecycle:transition", event.lifecycle),
                _attribute("date", "time:timestamp", event.at),
                _attribute("string", "org:role", event.role),
            ]
            if event.unit_id is not None:
                lines.append(_attribute("string", "org:group", log.unit(event.unit_id)))
            if event.resource:
                lines.append(_attribute("string", "org:resource", event.resource))
            lines.append(_attribute("string", "element", event.element_id))
            if event.worked is not None and event.natural is not None:
                lines.append(_attribute("int", "working_seconds", event.worked))
                lines.append(_attribute("int", "natural_seconds", event.natural))
            lines.append("</event>\n")
        lines.append("</trace>\n")
        yield "".join(lines).encode()
    yield b"</log>\n"


def _attribute(kind: str, key: str, value: str | int) -> str:
    return f'<{kind} key="{key}" value={quoteattr(str(value))}/>\n'


# CSV ----------------------------------------------------------------------------------------------

COLUMNS = (
    "case", "demand", "process", "version", "unit", "late", "element", "activity", "lifecycle",
    "timestamp", "role", "resource", "working_seconds", "natural_seconds",
)  # fmt: skip
"""The columns of a log as CSV."""


def _as_csv(log: _Log) -> Iterator[bytes]:
    yield "\ufeff".encode() + _csv_lines([COLUMNS])
    for journey, events in log.cases():
        key, version = log.process(journey)
        case = journey.process_id, journey.demand_id, key, version
        late = "true" if journey.late else "false"
        yield _csv_lines(
            [
                (
                    *case,
                    log.unit(one.unit_id),
                    late,
                    one.element_id,
                    one.activity,
                    one.lifecycle,
                    one.at,
                    one.role,
                    one.resource,
                    one.worked,
                    one.natural,
                )
                for one in events
            ]
        )


def _csv_lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


# OCEL 2.0 -----------------------------------------------------------------------------------------

_OBJECTS: Mapping[str, Mapping[str, str]] = {
    "demand": {
        "nature": "string", "category": "string", "urgency": "string", "channel": "string",
        "district": "string",
    },
    "order": {"dispatch_mode": "string", "status": "string"},
    "procedure": {"kind": "string"},
    "unit": {"code": "string", "name": "string"},
}  # fmt: skip
"""Object types with their attributes."""

_EVENT_ATTRIBUTES = {
    "lifecycle": "string", "role": "string", "resource": "string", "process": "string",
    "version": "integer", "working_seconds": "integer", "natural_seconds": "integer",
}  # fmt: skip


def _as_ocel(log: _Log) -> Iterator[bytes]:
    yield b'{"objectTypes":' + orjson.dumps(
        [{"name": name, "attributes": _declared(given)} for name, given in _OBJECTS.items()]
    )
    yield b',\n"eventTypes":' + orjson.dumps(
        [
            {"name": name, "attributes": _declared(_EVENT_ATTRIBUTES)}
            for name in sorted(log.names.values())
        ]
    )
    yield b',\n"objects":['
    yield from _listed(_objects(log))
    yield b'],\n"events":['
    yield from _listed(_ocel_events(log))
    yield b"]}\n"


def _declared(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in given.items()]


def _listed(items: Iterator[dict[str, object]]) -> Iterator[bytes]:
    between = b"\n"
    for item in items:
        yield between + orjson.dumps(item)
        between = b",\n"


def _objects(log: _Log) -> Iterator[dict[str, object]]:
    beginning = _moment(0)
    for unit_id, (code, name) in log.units.items():
        yield _object(f"unit:{unit_id}", "unit", beginning, {"code": code, "name": name}, [])
    chosen = visits.narrowed(
        select(
            Demand.id, Demand.arrived_at, Demand.nature, Demand.category, Demand.urgency,
            Demand.channel, Demand.district, WorkOrder.id, WorkOrder.created_at,
            WorkOrder.dispatch_mode, WorkOrder.status, WorkOrder.lead_unit_id,
        ).distinct(),
        log.wanted.chosen, log.known, log.now,
    )  # fmt: skip
    for row in log.session.execute(chosen, execution_options={"yield_per": 5_000}):
        demand_id, arrived, *facts = row[:7]
        order_id, created, mode, status, unit_id = row[7:]
        ordered = [_related(f"order:{order_id}", "ordered as")] if order_id is not None else []
        named = dict(zip(_OBJECTS["demand"], facts, strict=True))
        yield _object(f"demand:{demand_id}", "demand", _moment(micros_of(arrived)), named, ordered)
        if order_id is not None:
            led = [_related(f"unit:{unit_id}", "led by")] if unit_id is not None else []
            yield _object(
                f"order:{order_id}", "order", _moment(micros_of(created)),
                {"dispatch_mode": mode, "status": status}, led,
            )  # fmt: skip
    procedures = visits.narrowed(
        select(Procedure.id, Procedure.kind, Procedure.opened_at, Procedure.demand_id),
        log.wanted.chosen, log.known, log.now,
    ).where(Procedure.id.is_not(None))  # fmt: skip
    for procedure_id, kind, opened, demand_id in log.session.execute(procedures):
        yield _object(
            f"procedure:{procedure_id}", "procedure", _moment(micros_of(opened)), {"kind": kind},
            [_related(f"demand:{demand_id}", "belongs to")],
        )  # fmt: skip


def _ocel_events(log: _Log) -> Iterator[dict[str, object]]:
    asked = visits.narrowed(
        select(Demand.id, WorkOrder.id), log.wanted.chosen, log.known, log.now
    ).where(WorkOrder.id.is_not(None))
    orders: dict[int, int] = dict(map(tuple, log.session.execute(asked)))
    for journey, events in log.cases():
        key, version = log.process(journey)
        related = [_related(f"demand:{journey.demand_id}", "about")]
        if journey.demand_id in orders:
            related.append(_related(f"order:{orders[journey.demand_id]}", "about"))
        if journey.scope:
            related.append(_related(f"procedure:{journey.scope}", "part of"))
        for one in events:
            charge = [] if one.unit_id is None else [_related(f"unit:{one.unit_id}", "in charge")]
            named = {
                "lifecycle": one.lifecycle, "role": one.role, "resource": one.resource,
                "process": key, "version": version, "working_seconds": one.worked,
                "natural_seconds": one.natural,
            }  # fmt: skip
            yield {
                "id": one.id,
                "type": one.activity,
                "time": one.at,
                "attributes": [
                    {"name": name, "value": value}
                    for name, value in named.items()
                    if value is not None and value != ""
                ],
                "relationships": [*related, *charge],
            }


def _object(
    object_id: str,
    kind: str,
    since: str,
    attributes: Mapping[str, object],
    related: list[dict[str, str]],
) -> dict[str, object]:
    return {
        "id": object_id,
        "type": kind,
        "attributes": [
            {"name": name, "time": since, "value": value} for name, value in attributes.items()
        ],
        "relationships": related,
    }


def _related(object_id: str, how: str) -> dict[str, str]:
    return {"objectId": object_id, "qualifier": how}

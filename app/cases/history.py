"""Writing and proving the history of a case."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime

import orjson
from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.history import CaseHead, HistoryEntry
from app.cases.models.work_order import StepRecord
from app.core import audit
from app.core.audit import GENESIS, ChainAnchor
from app.core.uow import UnitOfWork

# Built once: this is a quarter of the work of a step where statements are built at every call.
_HEADS: Table = CaseHead.__table__  # type: ignore[assignment]
_ENTRIES: Table = HistoryEntry.__table__  # type: ignore[assignment]
_HEAD = select(_HEADS.c.entries, _HEADS.c.digest).where(_HEADS.c.demand_id == bindparam("case"))
_ENTRY = insert(_ENTRIES)
_BEGIN_HEAD = insert(_HEADS).values(
    demand_id=bindparam("case"), entries=bindparam("count"), digest=bindparam("end")
)
_MOVE_HEAD = (
    update(_HEADS)
    .where(_HEADS.c.demand_id == bindparam("case"))
    .values(entries=bindparam("count"), digest=bindparam("end"))
)


def record(
    uow: UnitOfWork,
    demand_id: int,
    command: str,
    *,
    element_id: str | None = None,
    facts: Mapping[str, object] | None = None,
    record_id: int | None = None,
    at: datetime | None = None,
) -> None:
    """Add an entry to the chain of a case. The caller holds the lock of the case.

    `at` is given by what a deadline started (the due instant); otherwise it is `uow.now`.
    """
    at = at or uow.now
    connection = uow.session.connection()
    head = connection.execute(_HEAD, {"case": demand_id}).one_or_none()
    position, previous = (head.entries, head.digest) if head is not None else (0, GENESIS)
    row = {
        "demand_id": demand_id,
        "position": position,
        "at": at,
        "actor_id": uow.actor.user_id,
        "actor_name": uow.actor.name,
        "unit_id": uow.actor.unit_id,
        "command": command,
        "element_id": element_id,
        "facts": orjson.dumps(facts or {}, option=orjson.OPT_SORT_KEYS, default=str).decode(),
        "record_id": record_id,
    }
    digest = audit.link(previous, _content(row))
    connection.execute(_ENTRY, {**row, "digest": digest})
    connection.execute(
        _BEGIN_HEAD if head is None else _MOVE_HEAD,
        {"case": demand_id, "count": position + 1, "end": digest},
    )


def story(session: Session, demand_id: int) -> list[HistoryEntry]:
    """Every entry of a case, in order."""
    return list(
        session.scalars(
            select(HistoryEntry)
            .where(HistoryEntry.demand_id == demand_id)
            .order_by(HistoryEntry.position)
        )
    )


def anchor(uow: UnitOfWork, day: date) -> ChainAnchor | None:
    """Anchor the heads of all cases for `day`; none when that day is anchored already."""
    if uow.session.scalar(select(ChainAnchor.id).where(ChainAnchor.day == day)) is not None:
        return None
    last = uow.session.scalar(select(ChainAnchor).order_by(ChainAnchor.id.desc()).limit(1))
    previous = last.digest if last is not None else GENESIS
    last_case = uow.session.scalar(select(func.max(CaseHead.demand_id))) or 0
    cases, heads = 0, hashlib.sha256()
    for demand_id, entries, digest in uow.session.execute(
        select(CaseHead.demand_id, CaseHead.entries, CaseHead.digest)
        .order_by(CaseHead.demand_id)
        .execution_options(yield_per=1000)
    ):
        cases += 1
        heads.update(orjson.dumps([demand_id, entries]) + digest)
    content = [day.isoformat(), cases, last_case, heads.hexdigest()]
    anchored = ChainAnchor(
        day=day,
        cases=cases,
        last_case_id=last_case,
        heads=heads.digest(),
        previous=previous,
        digest=audit.link(previous, content),
        anchored_at=uow.now,
    )
    uow.session.add(anchored)
    return anchored


def faults(session: Session) -> Iterator[str]:
    """What does not add up in the chains of all cases and in the chain of anchors, in words.

    Finds changed, missing and added entries, vanished cases, and records whose text no longer
    matches the digest in the chain (unless salt and text were erased together).
    """
    yield from _faults_of_cases(session)
    yield from _faults_of_anchors(session)
    yield from _faults_of_records(session)


def _faults_of_cases(session: Session) -> Iterator[str]:
    heads = {
        demand_id: (entries, digest)
        for demand_id, entries, digest in session.execute(
            select(CaseHead.demand_id, CaseHead.entries, CaseHead.digest)
        )
    }
    for demand_id in session.scalars(select(Demand.id)):
        if demand_id not in heads:
            yield f"case {demand_id}: has no history at all"
    current, previous, position = None, GENESIS, 0
    ends: dict[int, tuple[int, bytes]] = {}
    for entry in session.scalars(
        select(HistoryEntry)
        .order_by(HistoryEntry.demand_id, HistoryEntry.position)
        .execution_options(yield_per=1000)
    ):
        if entry.demand_id != current:
            current, previous, position = entry.demand_id, GENESIS, 0
        if entry.position != position:
            yield f"case {current}: entry {position} is missing"
            position = entry.position
        if audit.link(previous, _content(_row_of(entry))) != entry.digest:
            yield f"case {current}: entry {entry.position} was changed"
        previous, position = entry.digest, position + 1
        ends[entry.demand_id] = (position, entry.digest)
    for demand_id, head in heads.items():
        if ends.get(demand_id) != head:
            yield f"case {demand_id}: the chain does not end where its head says"


def _faults_of_anchors(session: Session) -> Iterator[str]:
    previous = GENESIS
    for anchored in session.scalars(select(ChainAnchor).order_by(ChainAnchor.id)):
        content = [
            anchored.day.isoformat(),
            anchored.cases,
            anchored.last_case_id,
            anchored.heads.hex(),
        ]
        if anchored.previous != previous or audit.link(previous, content) != anchored.digest:
            yield f"anchor of {anchored.day}: was changed"
        present = session.scalar(
            select(func.count())
            .select_from(CaseHead)
            .where(CaseHead.demand_id <= anchored.last_case_id)
        )
        if present != anchored.cases:
            yield f"anchor of {anchored.day}: {anchored.cases} cases then, {present} now"
        previous = anchored.digest


def _faults_of_records(session: Session) -> Iterator[str]:
    for entry, step in session.execute(
        select(HistoryEntry, StepRecord)
        .join(StepRecord, StepRecord.id == HistoryEntry.record_id)
        .where(StepRecord.salt.is_not(None))
        .execution_options(yield_per=1000)
    ):
        expected = orjson.loads(entry.facts).get("record")
        assert step.salt is not None  # the query asks for it
        if audit.digest_of_text(step.salt, step.answers) != expected:
            yield f"case {entry.demand_id}: the text of entry {entry.position} was changed"


def _row_of(entry: HistoryEntry) -> dict[str, object]:
    return {
        "demand_id": entry.demand_id,
        "position": entry.position,
        "at": entry.at,
        "actor_id": entry.actor_id,
        "actor_name": entry.actor_name,
        "unit_id": entry.unit_id,
        "command": entry.command,
        "element_id": entry.element_id,
        "facts": entry.facts,
        "record_id": entry.record_id,
    }


def _content(row: Mapping[str, object]) -> dict[str, object]:
    at = row["at"]
    assert isinstance(at, datetime)
    return {**row, "at": int(at.timestamp() * 1_000_000)}

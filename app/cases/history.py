"""Writing and proving the history of a case."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.cases.models.history import AnchoredHead, CaseHead, HistoryEntry
from app.cases.models.work_order import StepRecord
from app.core import audit, late
from app.core.audit import GENESIS, ChainAnchor
from app.core.db import known
from app.core.uow import UnitOfWork

_Row = Row[*tuple[Any, ...]]

# Built once: this is a quarter of the work of a step where statements are built at every call.
_HEADS: Table = CaseHead.__table__  # type: ignore[assignment]
_ENTRIES: Table = HistoryEntry.__table__  # type: ignore[assignment]
_HEAD = select(_HEADS.c.entries, _HEADS.c.digest).where(_HEADS.c.demand_id == bindparam("case"))
_SOME_HEADS = select(_HEADS.c.demand_id, _HEADS.c.entries, _HEADS.c.digest).where(
    _HEADS.c.demand_id.in_(bindparam("cases", expanding=True))
)
_ENTRY = insert(_ENTRIES)
_BEGIN_HEAD = insert(_HEADS).values(
    demand_id=bindparam("case"), entries=bindparam("count"), digest=bindparam("end"), anchored=0
)
_MOVE_HEAD = (
    update(_HEADS)
    .where(_HEADS.c.demand_id == bindparam("case"))
    .values(entries=bindparam("count"), digest=bindparam("end"))
)
_ANCHORED = (
    update(_HEADS)
    .where(_HEADS.c.demand_id == bindparam("case"))
    .values(anchored=bindparam("count"))
)
_RECORDS: Table = StepRecord.__table__  # type: ignore[assignment]
_ALL_CASES = select(Demand.id)
_ALL_HEADS = select(_HEADS.c.demand_id, _HEADS.c.entries, _HEADS.c.digest)
_ALL_CHAINS = (
    select(_ENTRIES)
    .order_by(_ENTRIES.c.demand_id, _ENTRIES.c.position)
    .execution_options(yield_per=1000)
)
_ALL_RECORDS = (
    select(
        _ENTRIES.c.demand_id,
        _ENTRIES.c.position,
        _ENTRIES.c.facts,
        _RECORDS.c.salt,
        _RECORDS.c.answers,
    )
    .join_from(_ENTRIES, _RECORDS, _RECORDS.c.id == _ENTRIES.c.record_id)
    .where(_RECORDS.c.salt.is_not(None))
    .execution_options(yield_per=1000)
)
_CASE: BindParameter[int] = bindparam("case")
_ONE_CASE = _ALL_CASES.where(Demand.id == _CASE)
_ONE_HEAD = _ALL_HEADS.where(_HEADS.c.demand_id == _CASE)
_ONE_CHAIN = _ALL_CHAINS.where(_ENTRIES.c.demand_id == _CASE)
_ONE_CASES_RECORDS = _ALL_RECORDS.where(_ENTRIES.c.demand_id == _CASE)


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

    The entries of a transaction are written together before its commit: whoever reads them
    earlier asks for `entries`. `at` is given by what a deadline started (the due instant);
    otherwise it is `uow.now`.
    """
    at = at or uow.now
    position, previous = _end(uow.session, demand_id)
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
    late.add(uow.session, _write, {**row, "digest": digest})
    known(uow.session, "heads")[demand_id] = (position + 1, digest)


def entries(session: Session) -> Select[HistoryEntry]:
    """The entries, for whoever reads them: also those that the transaction has just made."""
    late.write_out(session)
    return select(HistoryEntry)


def _end(session: Session, demand_id: int) -> tuple[int, bytes]:
    """How many entries a case has, and the digest of the last one."""
    heads = known(session, "heads")
    if demand_id not in heads:
        for row in reversed(late.rows(session, _write)):  # a savepoint was rolled back since
            if row["demand_id"] == demand_id:
                return row["position"] + 1, row["digest"]
        found = session.connection().execute(_HEAD, {"case": demand_id}).one_or_none()
        heads[demand_id] = (0, GENESIS) if found is None else (found.entries, found.digest)
    count, digest = heads[demand_id]
    return count, digest


def _write(session: Session, rows: Sequence[late.Row]) -> None:
    """The entries of a transaction, and where the chains of their cases end now."""
    connection = session.connection()
    connection.execute(_ENTRY, rows)
    begun = {row["demand_id"] for row in rows if row["position"] == 0}
    ends = {
        row["demand_id"]: {
            "case": row["demand_id"],
            "count": row["position"] + 1,
            "end": row["digest"],
        }
        for row in rows
    }
    first = [end for case, end in ends.items() if case in begun]
    moved = [end for case, end in ends.items() if case not in begun]
    if first:
        connection.execute(_BEGIN_HEAD, first)
    if moved:
        connection.execute(_MOVE_HEAD, moved)


def read_heads(uow: UnitOfWork, demand_ids: Sequence[int]) -> None:
    """Read the heads of several cases at once, for what is going to be recorded of them.

    The caller holds the locks of the cases.
    """
    found = uow.session.connection().execute(_SOME_HEADS, {"cases": list(demand_ids)})
    known(uow.session, "heads").update((case, (count, end)) for case, count, end in found)


def story(session: Session, demand_id: int) -> list[HistoryEntry]:
    """Every entry of a case, in order."""
    return list(
        session.scalars(
            entries(session)
            .where(HistoryEntry.demand_id == demand_id)
            .order_by(HistoryEntry.position)
        )
    )


def anchor(uow: UnitOfWork, day: date) -> ChainAnchor | None:
    """Anchor the heads that moved since the last anchor; none when `day` is anchored already."""
    session = uow.session
    late.write_out(session)
    if session.scalar(select(ChainAnchor.id).where(ChainAnchor.day == day)) is not None:
        return None
    last = session.scalar(select(ChainAnchor).order_by(ChainAnchor.id.desc()).limit(1))
    previous = last.digest if last is not None else GENESIS
    moved = [
        {"demand_id": demand_id, "entries": entries, "digest": digest}
        for demand_id, entries, digest in session.execute(
            select(CaseHead.demand_id, CaseHead.entries, CaseHead.digest)
            .where(CaseHead.entries > CaseHead.anchored)
            .order_by(CaseHead.demand_id)
        )
    ]
    anchored = ChainAnchor(
        day=day,
        heads=len(moved),
        previous=previous,
        digest=_anchor_digest(previous, day, moved),
        anchored_at=uow.now,
    )
    session.add(anchored)
    session.flush()
    if moved:
        session.execute(
            insert(AnchoredHead), [{**head, "anchor_id": anchored.id} for head in moved]
        )
        connection = session.connection()
        connection.execute(
            _ANCHORED, [{"case": head["demand_id"], "count": head["entries"]} for head in moved]
        )
    return anchored


def _anchor_digest(previous: bytes, day: date, heads: Sequence[Mapping[str, object]]) -> bytes:
    sha256 = hashlib.sha256(previous + day.isoformat().encode())
    for head in heads:
        digest = head["digest"]
        assert isinstance(digest, bytes)
        sha256.update(orjson.dumps([head["demand_id"], head["entries"]]) + digest)
    return sha256.digest()


def faults(session: Session) -> Iterator[str]:
    """What does not add up in the chains of all cases and in the chain of anchors, in words.

    Finds changed, missing and added entries, histories rewritten as a whole, vanished cases, and
    records whose text no longer matches the chain (unless salt and text were erased together).
    """
    connection = session.connection()
    yield from _faults_of_chains(
        connection.execute(_ALL_CASES).scalars(),
        connection.execute(_ALL_HEADS),
        connection.execute(_ALL_CHAINS),
    )
    yield from _faults_of_anchors(session)
    yield from _faults_of_records(connection.execute(_ALL_RECORDS))


def faults_of_case(session: Session, demand_id: int) -> Iterator[str]:
    """What does not add up in the chain and the records of one case, in words."""
    connection, case = session.connection(), {"case": demand_id}
    yield from _faults_of_chains(
        connection.execute(_ONE_CASE, case).scalars(),
        connection.execute(_ONE_HEAD, case),
        connection.execute(_ONE_CHAIN, case),
    )
    yield from _faults_of_records(connection.execute(_ONE_CASES_RECORDS, case))


def _faults_of_chains(
    cases: Iterable[int], heads_of: Iterable[_Row], chains: Iterable[_Row]
) -> Iterator[str]:
    heads = {row.demand_id: (row.entries, row.digest) for row in heads_of}
    for demand_id in cases:
        if demand_id not in heads:
            yield f"case {demand_id}: has no history at all"
    current, previous, position = None, GENESIS, 0
    ends: dict[int, tuple[int, bytes]] = {}
    for entry in chains:
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
        rows = session.execute(
            select(AnchoredHead, HistoryEntry.digest)
            .outerjoin(
                HistoryEntry,
                and_(
                    HistoryEntry.demand_id == AnchoredHead.demand_id,
                    HistoryEntry.position == AnchoredHead.entries - 1,
                ),
            )
            .where(AnchoredHead.anchor_id == anchored.id)
            .order_by(AnchoredHead.demand_id)
        ).all()
        heads = [
            {"demand_id": head.demand_id, "entries": head.entries, "digest": head.digest}
            for head, _present in rows
        ]
        digest = _anchor_digest(previous, anchored.day, heads)
        if (anchored.previous, anchored.digest, anchored.heads) != (previous, digest, len(heads)):
            yield f"anchor of {anchored.day}: was changed"
        for head, found in rows:
            present: bytes | None = found
            if present is None:
                yield f"case {head.demand_id}: anchored on {anchored.day}, and gone since"
            elif present != head.digest:
                yield f"case {head.demand_id}: not the history that was anchored on {anchored.day}"
        previous = anchored.digest


def _faults_of_records(records: Iterable[_Row]) -> Iterator[str]:
    for row in records:
        expected = orjson.loads(row.facts).get("record")
        if audit.digest_of_text(row.salt, row.answers) != expected:
            yield f"case {row.demand_id}: the text of entry {row.position} was changed"


def _row_of(entry: _Row) -> dict[str, object]:
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

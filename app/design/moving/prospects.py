"""What would become of the live processes that a move means.

Nothing is written. What a token needs is the engine's to say (`can_move`); what is added here is
the case around it: its steps and its deadlines, before and after.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clocks
from app.cases.clocks import Terms
from app.cases.models.demand import Demand
from app.cases.models.history import CaseHead
from app.cases.models.work_order import WorkOrder
from app.cases.orders import SUBJECT
from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.decisions import registry
from app.engine import (
    ClockRow,
    DiagramVersionRow,
    HumanTaskRow,
    Obstacle,
    ProcessRow,
    Prospect,
    Verdict,
)
from app.engine.versions import decisions_of
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline, deadline

LIVE = ("active", "stuck")

AT_ONCE = 100
"""Processes that are looked at together."""

IN_ORDER = (Demand.id, ProcessRow.id)

SEEN: ColumnElement[int] = ProcessRow.revision + func.coalesce(CaseHead.entries, 0)
"""How far a case has come: both numbers only grow."""

_NO_STAGE = Phrase("不由时限表规定", "not set by the table of limits")
_NO_LIMIT = Phrase("新时限表没有这一项", "the new table of limits has no such row")
_OTHER_UNIT = Phrase(
    "已延期或已用时，而新时限的单位不同",
    "extended or carried over, and the new limit's unit differs",
)
_WOULD_BE_LATE = Phrase("按新时限已经超期", "it would be overdue by the new limit")
_IS_LATE = Phrase("期限已过", "its deadline has passed")


@dataclass(frozen=True, slots=True)
class Query:
    """Which live cases are meant; what is empty narrows nothing."""

    unit_id: int | None = None
    category: str = ""
    registered_from: datetime | None = None
    registered_before: datetime | None = None
    numbers: tuple[str, ...] = ()
    """Of orders or demands."""

    def to_json(self) -> str:
        """For the row of a move."""
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> "Query":
        """Out of the row of a move."""
        kept = orjson.loads(text)
        for name in ("registered_from", "registered_before"):
            kept[name] = datetime.fromisoformat(kept[name]) if kept[name] else None
        return cls(**{**kept, "numbers": tuple(kept["numbers"])})


EVERY = Query()
"""Every live case."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A running clock of a case before and after."""

    clock_id: int
    clock: str
    run: int
    paused: bool
    before: Deadline
    after: Deadline
    kept: Phrase | None = None
    """Why it keeps its limit although limits are to be recounted."""

    @property
    def changes(self) -> bool:
        """Whether the clock gets other terms."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class TaskChange:
    """An open step before and after; no `after` while its element has no counterpart."""

    before: Phrase
    after: Phrase | None


@dataclass(frozen=True, slots=True)
class CaseProspect:
    """What would become of one process."""

    process_id: int
    demand_id: int
    scope: int
    number: str
    from_version: int
    stuck: bool
    seen: int
    """How far the case had come: it grows with every change of the case."""
    prospect: Prospect
    orphans: tuple[str, ...]
    """The elements it stands at that the new version no longer has, mapped or not."""
    clocks: tuple[ClockChange, ...]
    tasks: tuple[TaskChange, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether it moves, needs a mapping, or cannot."""
        return self.prospect.verdict

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What stands in the way."""
        return self.prospect.obstacles


def prospects(
    session: Session,
    key: str,
    version: int,
    *,
    query: Query = EVERY,
    mapping: Mapping[str, str] | None = None,
    recount: bool = False,
    now: datetime,
) -> Iterator[CaseProspect]:
    """Each live process of the diagram `key` that runs under another version than `version`, in
    order of cases. Raises `NotFound` for a version that was not published.
    """
    target = engine.version_id_of(session, key, version)
    limits = Limits(session, target, now) if recount else None
    columns = select(ProcessRow.id).select_from(ProcessRow)
    ids = session.scalars(meant(columns, key, target, query).order_by(*IN_ORDER)).all()
    for begin in range(0, len(ids), AT_ONCE):
        yield from looked_at(
            session, target, version, ids[begin : begin + AT_ONCE], mapping or {}, limits
        )


def looked_at(
    session: Session,
    target: int,
    version: int,
    process_ids: Sequence[int],
    mapping: Mapping[str, str],
    limits: "Limits | None",
) -> Iterator[CaseProspect]:
    """These processes in order of cases, also where they have ended or are at `version` already.

    `target` is the id of that version; with `limits`, running clocks get the new version's.
    """
    new = engine.bundle_of(session, target)
    rows = session.execute(
        _with_case(
            select(
                ProcessRow.id,
                ProcessRow.scope,
                ProcessRow.status,
                SEEN.label("seen"),
                DiagramVersionRow.version,
                Demand,
                WorkOrder.number.label("order_number"),
            ).select_from(ProcessRow)
        )
        .outerjoin(CaseHead, CaseHead.demand_id == ProcessRow.subject_id)
        .where(ProcessRow.id.in_(process_ids))
        .order_by(*IN_ORDER)
    ).all()
    running = _running_clocks(session, {row.Demand.id for row in rows})
    tasks = _open_tasks(session, process_ids)
    for row in rows:
        own = [one for one in running[row.Demand.id] if row.scope in (0, one.scope)]
        anew = limits if row.scope == 0 else None
        found = engine.can_move(session, row.id, version, mapping)
        bare = engine.can_move(session, row.id, version) if mapping else found
        yield CaseProspect(
            process_id=row.id,
            demand_id=row.Demand.id,
            scope=row.scope,
            number=row.order_number or row.Demand.number,
            from_version=row.version,
            stuck=row.status == "stuck",
            seen=row.seen,
            prospect=found,
            orphans=_orphans(bare, found),
            clocks=tuple(
                unchanged(one) if anew is None else anew.changed(row.Demand, one) for one in own
            ),
            tasks=tuple(_task(task, new, mapping) for task in tasks[row.id]),
        )


def _orphans(*found: Prospect) -> tuple[str, ...]:
    obstacles = (obstacle for prospect in found for obstacle in prospect.obstacles)
    return tuple(dict.fromkeys(one.element_id for one in obstacles if one.mappable))


def unchanged(clock: ClockRow) -> ClockChange:
    """A clock that goes on as it was promised."""
    given = clocks.given(clock)
    paused = clock.paused_at is not None
    return ClockChange(clock.id, clock.name, clock.run, paused, given, given)


class Limits:
    """The limits of one version of a diagram, each row of the table asked for once."""

    def __init__(self, session: Session, version_id: int, now: datetime) -> None:
        self._session = session
        self._now = now
        self._version = decisions_of(session, version_id).get("time_limits")
        self._terms: dict[tuple[object, ...], Terms | None] = {}
        self._calendars: dict[tuple[str, str], WorkingCalendar] = {}

    def changed(self, demand: Demand, clock: ClockRow) -> ClockChange:
        """The clock with the limit of that version: from the same beginning, with its pauses and
        extensions. It keeps its own where that would make it late, or heal it.
        """
        plain = unchanged(clock)
        stage = orjson.loads(clock.evidence).get("stage")
        terms = None if stage is None else self._terms_of(demand, stage)
        if terms is None:
            return _kept(plain, _NO_STAGE if stage is None else _NO_LIMIT)
        given = plain.before
        if (given.limit, given.policy) == (terms.limit, terms.policy):
            return plain
        if (given.extensions or given.carried) and given.limit.unit is not terms.limit.unit:
            return _kept(plain, _OTHER_UNIT)
        stands_at = clock.paused_at or self._now
        if stands_at > given.due_at:
            return _kept(plain, _IS_LATE)
        after = deadline(
            self._calendar(given),
            given.start,
            terms.limit,
            terms.policy,
            given.pauses,
            given.extensions,
            given.carried,
        )
        if stands_at > after.due_at:
            return _kept(plain, _WOULD_BE_LATE)
        return ClockChange(clock.id, clock.name, clock.run, plain.paused, given, after)

    def _terms_of(self, demand: Demand, stage: str) -> Terms | None:
        facts = clocks.limit_facts(demand, stage)
        asked = tuple(facts.values())
        if asked not in self._terms:
            try:
                answer = registry.answer(self._session, "time_limits", facts, version=self._version)
                self._terms[asked] = clocks.read_terms(answer.outputs)
            except DomainError:
                self._terms[asked] = None
        return self._terms[asked]

    def _calendar(self, given: Deadline) -> WorkingCalendar:
        stamp = given.calendar, given.version
        if stamp not in self._calendars:
            self._calendars[stamp] = offices.working_calendar(self._session, *stamp)
        return self._calendars[stamp]


def _kept(plain: ClockChange, why: Phrase) -> ClockChange:
    return ClockChange(
        plain.clock_id, plain.clock, plain.run, plain.paused, plain.before, plain.before, why
    )


def _task(task: HumanTaskRow, new: Any, names: Mapping[str, str]) -> TaskChange:
    element = new.element(names.get(task.element_id, task.element_id))
    after = None if element is None else element.label
    return TaskChange(Phrase(task.name, task.name_en), after)


def meant(
    columns: Select[*tuple[Any, ...]], key: str, target: int, query: Query
) -> Select[*tuple[Any, ...]]:
    """These columns of the live processes of `key` that `query` means and that are not at the
    version with the id `target`.
    """
    return _with_case(columns).where(
        ProcessRow.subject_kind == SUBJECT,
        ProcessRow.status.in_(LIVE),
        DiagramVersionRow.key == key,
        DiagramVersionRow.id != target,
        *_conditions(query),
    )


def _with_case(columns: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        columns.join(DiagramVersionRow, DiagramVersionRow.id == ProcessRow.diagram_version_id)
        .join(Demand, Demand.id == ProcessRow.subject_id)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
    )


def _conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    if query.unit_id is not None:
        yield WorkOrder.lead_unit_id == query.unit_id
    if query.category:
        yield Demand.category == query.category
    if query.registered_from is not None:
        yield Demand.registered_at >= query.registered_from
    if query.registered_before is not None:
        yield Demand.registered_at < query.registered_before
    if query.numbers:
        yield or_(Demand.number.in_(query.numbers), WorkOrder.number.in_(query.numbers))


def _running_clocks(
    session: Session, demand_ids: Collection[int]
) -> Mapping[int, Sequence[ClockRow]]:
    found: dict[int, list[ClockRow]] = defaultdict(list)
    for clock in session.scalars(
        select(ClockRow)
        .where(
            ClockRow.subject_kind == SUBJECT,
            ClockRow.subject_id.in_(demand_ids),
            ClockRow.stopped_at.is_(None),
            ClockRow.due_at.is_not(None),
        )
        .order_by(ClockRow.id)
    ):
        found[clock.subject_id].append(clock)
    return found


def _open_tasks(
    session: Session, process_ids: Sequence[int]
) -> Mapping[int, Sequence[HumanTaskRow]]:
    found: dict[int, list[HumanTaskRow]] = defaultdict(list)
    for task in session.scalars(
        select(HumanTaskRow)
        .where(HumanTaskRow.process_id.in_(process_ids), HumanTaskRow.closed_at.is_(None))
        .order_by(HumanTaskRow.id)
    ):
        found[task.process_id].append(task)
    return found

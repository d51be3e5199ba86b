"""What pages show: worklists, an order with its story, counts. Nothing here changes anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, join, outerjoin
from sqlalchemy.sql.elements import SQLCoreOperations

from app.cases import second_person
from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import StepRecord, WorkOrder
from app.cases.orders import SUBJECT
from app.core.db import Instant
from app.core.uow import Actor
from app.engine import ClockRow, ClockRungRow, HumanTaskRow, TimerWaitRow
from app.identity.models import HandlingUnit
from app.identity.policy import UNIT_ROLES


class Light(StrEnum):
    """The colour of a deadline."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    PAUSED = "paused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a worklist: an open task with its case and the deadline nearest to it."""

    task: HumanTaskRow
    demand: Demand
    order: WorkOrder | None
    unit: HandlingUnit | None
    clock: ClockRow | None
    yellow_at: datetime | None

    def light(self, now: datetime) -> Light:
        """The colour at `now`."""
        return light_of(self.clock, self.yellow_at, now)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a worklist is narrowed to; empty means everything."""

    text: str = ""
    nature: str = ""
    category: str = ""
    light: str = ""
    element_id: str = ""
    arrived_from: datetime | None = None
    arrived_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a worklist."""

    items: Sequence[Item]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))


def light_of(clock: ClockRow | None, yellow_at: datetime | None, now: datetime) -> Light:
    """The colour of a clock at `now`: passed when now > due (24:00 itself is still in time)."""
    if clock is None or clock.due_at is None:
        return Light.NONE
    if clock.paused_at is not None:
        return Light.PAUSED
    instant = clock.stopped_at or now
    if instant > clock.due_at:
        return Light.RED
    if yellow_at is not None and instant > yellow_at:
        return Light.YELLOW
    return Light.GREEN


def worklist(
    session: Session,
    actor: Actor,
    now: datetime,
    narrowed: Filter = Filter(),
    *,
    page: int = 1,
    size: int = 20,
) -> Page:
    """The open tasks the actor may do, the most urgent first; what has no limit or rests last."""
    put = _put(_Question.of(actor, narrowed))
    bound = _bound(actor, now, narrowed)
    total = session.scalar(put.total, bound) or 0
    page = max(1, min(page, -(-total // size) or 1))
    if not total:
        return Page([], 0, page, size)
    rows = session.execute(put.page, bound | {"size": size, "skipped": (page - 1) * size})
    return Page([Item(*row) for row in rows], total, page, size)


def counts_by_light(session: Session, actor: Actor, now: datetime) -> dict[Light, int]:
    """How many of the actor's open tasks show which colour."""
    put = _put(_Question.of(actor, everything := Filter()))
    counted = session.execute(put.lights, _bound(actor, now, everything)).one()
    return dict(zip(Light, counted, strict=True))


def open_tasks(session: Session, demand_id: int) -> list[HumanTaskRow]:
    """The open tasks of a case and its procedures, oldest first."""
    return list(
        session.scalars(
            select(HumanTaskRow)
            .where(
                HumanTaskRow.subject_kind == SUBJECT,
                HumanTaskRow.subject_id == demand_id,
                HumanTaskRow.closed_at.is_(None),
            )
            .order_by(HumanTaskRow.id)
        )
    )


def clocks_of(session: Session, demand_id: int) -> list[tuple[ClockRow, datetime | None]]:
    """Every run of every clock of a case and its procedures with its yellow instant, in order
    of start.
    """
    yellow = aliased(ClockRungRow)
    return [
        (clock, yellow_at)
        for clock, yellow_at in session.execute(
            select(ClockRow, yellow.due_at)
            .outerjoin(yellow, and_(yellow.clock_id == ClockRow.id, yellow.rung == "yellow"))
            .where(ClockRow.subject_kind == SUBJECT, ClockRow.subject_id == demand_id)
            .order_by(ClockRow.started_at, ClockRow.id)
        )
    ]


def timers_of(session: Session, process_id: int) -> list[TimerWaitRow]:
    """What a process waits for by itself, the earliest first; clocks are not among it."""
    return list(
        session.scalars(
            select(TimerWaitRow)
            .where(
                TimerWaitRow.process_id == process_id,
                TimerWaitRow.clock_name.is_(None),
                TimerWaitRow.due_at.is_not(None),
            )
            .order_by(TimerWaitRow.due_at, TimerWaitRow.id)
        )
    )


def last_answers(session: Session, demand_id: int, element_id: str) -> dict[str, Any] | None:
    """What was last entered in a step of a case, by field; none when it was never done."""
    answers = session.scalar(
        select(StepRecord.answers)
        .where(StepRecord.demand_id == demand_id, StepRecord.element_id == element_id)
        .order_by(StepRecord.id.desc())
        .limit(1)
    )
    return None if answers is None else dict(orjson.loads(answers))


def order_by_number(session: Session, number: str) -> WorkOrder | None:
    """The order with this number, or none."""
    return session.scalar(select(WorkOrder).where(WorkOrder.number == number))


def demand_by_number(session: Session, number: str) -> Demand | None:
    """The demand with this number, or none."""
    return session.scalar(select(Demand).where(Demand.number == number))


def demands_registered_by(
    session: Session, user_id: int, *, page: int = 1, size: int = 20
) -> tuple[list[tuple[Demand, WorkOrder | None]], int]:
    """The demands an agent registered, newest first, and how many there are in all."""
    total = (
        session.scalar(
            select(func.count()).select_from(Demand).where(Demand.registered_by == user_id)
        )
        or 0
    )
    page = max(1, min(page, -(-total // size)))
    rows = session.execute(
        select(Demand, WorkOrder)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(Demand.registered_by == user_id)
        .order_by(Demand.arrived_at.desc(), Demand.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return [(demand, order) for demand, order in rows], total


def orders(
    session: Session, actor: Actor, *, text: str = "", page: int = 1, size: int = 20
) -> tuple[list[tuple[WorkOrder, Demand]], int]:
    """The orders the actor may look up, newest first, and how many there are in all."""
    chosen: Select[WorkOrder, Demand] = select(WorkOrder, Demand).join(
        Demand, Demand.id == WorkOrder.demand_id
    )
    if not actor.roles - UNIT_ROLES:
        chosen = chosen.where(_concerns(actor.unit_id))
    if text:
        chosen = chosen.where(_contains()).params(text=_pattern(text))
    columns = chosen.with_only_columns(func.count(), maintain_column_froms=True)
    total = session.scalar(columns) or 0
    page = max(1, min(page, -(-total // size)))
    rows = session.execute(
        chosen.order_by(WorkOrder.id.desc()).limit(size).offset((page - 1) * size)
    )
    return [(order, demand) for order, demand in rows], total


def concerns(session: Session, demand_id: int, unit_id: int) -> bool:
    """Whether a case is the unit's business: it leads, or it has or had a part of its own, or a
    step that the diagram gives to it.
    """
    return bool(
        session.scalar(
            select(Demand.id)
            .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
            .where(Demand.id == demand_id, _concerns(unit_id))
        )
    )


def _concerns(unit_id: int | None) -> ColumnElement[bool]:
    has_part = (
        select(Procedure.id)
        .where(Procedure.demand_id == Demand.id, Procedure.unit_id == unit_id)
        .exists()
    )
    with_step = select(HumanTaskRow.subject_id).where(
        HumanTaskRow.unit_id == unit_id, HumanTaskRow.subject_kind == SUBJECT
    )
    return or_(WorkOrder.lead_unit_id == unit_id, has_part, Demand.id.in_(with_step))


class _Question(NamedTuple):
    """What decides the words of a question to a worklist; values are bound when it is asked."""

    roles: frozenset[str]
    has_unit: bool
    light: str
    narrowed_by: frozenset[str]

    @classmethod
    def of(cls, actor: Actor, narrowed: Filter) -> "_Question":
        given = frozenset(name for name in _NARROWING if getattr(narrowed, name) not in {"", None})
        return cls(actor.roles, actor.unit_id is not None, narrowed.light, given)


class _Put(NamedTuple):
    """The statements of a question: how many lines, a page of them, how many of each colour."""

    total: Select[int]
    page: Select[*tuple[Any, ...]]
    lights: Select[*tuple[int, ...]]


@lru_cache(maxsize=512)
def _put(question: _Question) -> _Put:
    """Building these takes longer than answering them, so they are built once."""
    yellow = aliased(ClockRungRow)
    with_procedure = outerjoin(HumanTaskRow, Procedure, Procedure.id == HumanTaskRow.scope)
    cases = join(with_procedure, Demand, Demand.id == HumanTaskRow.subject_id)
    ordered = outerjoin(cases, WorkOrder, WorkOrder.demand_id == Demand.id)
    placed = outerjoin(ordered, HandlingUnit, HandlingUnit.id == WorkOrder.lead_unit_id)
    timed = outerjoin(placed, ClockRow, ClockRow.id == _nearest_clock())
    coloured = outerjoin(
        timed, yellow, and_(yellow.clock_id == ClockRow.id, yellow.rung == "yellow")
    )
    conditions = [_NARROWING[name]() for name in sorted(question.narrowed_by)]
    if question.light:
        conditions.append(_shows(Light(question.light), yellow.due_at))
    chosen = (
        select(HumanTaskRow, Demand, WorkOrder, HandlingUnit, ClockRow, yellow.due_at)
        .select_from(coloured)
        .where(HumanTaskRow.closed_at.is_(None), HumanTaskRow.subject_kind == SUBJECT)
        .where(_within_reach(question), *conditions)
    )
    return _Put(
        total=chosen.with_only_columns(func.count(), maintain_column_froms=True),
        page=chosen.order_by(
            ClockRow.paused_at.is_not(None),
            ClockRow.due_at.is_(None),
            ClockRow.due_at,
            HumanTaskRow.id,
        )
        .limit(bindparam("size"))
        .offset(bindparam("skipped")),
        lights=chosen.with_only_columns(
            *(func.count(case((_shows(light, yellow.due_at), 1))) for light in Light),
            maintain_column_froms=True,
        ),
    )


def _bound(actor: Actor, now: datetime, narrowed: Filter) -> dict[str, object]:
    return {
        "me": second_person.key_of(actor),
        "unit": actor.unit_id,
        "now": now,
        "text": _pattern(narrowed.text),
        "nature": narrowed.nature,
        "category": narrowed.category,
        "element_id": narrowed.element_id,
        "arrived_from": narrowed.arrived_from,
        "arrived_before": narrowed.arrived_before,
    }


def _nearest_clock() -> ColumnElement[int]:
    """The running clock that is due first: of the procedure where it has one, else of the case."""
    return func.coalesce(_first_clock(HumanTaskRow.scope), _first_clock(literal(0)))


def _first_clock(scope: SQLCoreOperations[int]) -> ColumnElement[int]:
    clock = aliased(ClockRow)
    return (
        select(clock.id)
        .where(
            clock.subject_kind == SUBJECT,
            clock.subject_id == HumanTaskRow.subject_id,
            clock.scope == scope,
            clock.stopped_at.is_(None),
        )
        .order_by(
            clock.paused_at.is_not(None), clock.due_at.is_(None), clock.due_at, clock.id
        )  # what rests says nothing while something runs
        .limit(1)
        .correlate(HumanTaskRow)
        .scalar_subquery()
    )


def _within_reach(question: _Question) -> ColumnElement[bool]:
    """The rule of `second_person.may_do` as a condition on rows; a test holds them together."""
    of_centre = bool(question.roles - UNIT_ROLES)
    centre = second_person.within_reach(question.roles) if of_centre else false()
    unit_roles = sorted(question.roles & UNIT_ROLES)
    if not unit_roles or not question.has_unit:
        return centre
    unit = func.coalesce(HumanTaskRow.unit_id, Procedure.unit_id, WorkOrder.lead_unit_id)
    return or_(centre, and_(HumanTaskRow.role.in_(unit_roles), unit == bindparam("unit")))


def _shows(light: Light, yellow_at: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
    """`light_of` as a condition on the rows of a worklist, whose clocks all run or rest."""
    now = bindparam("now", type_=Instant())
    running = and_(ClockRow.due_at.is_not(None), ClockRow.paused_at.is_(None))
    past_yellow = and_(yellow_at.is_not(None), yellow_at < now)
    match light:
        case Light.RED:
            return and_(running, ClockRow.due_at < now)
        case Light.YELLOW:
            return and_(running, ClockRow.due_at >= now, past_yellow)
        case Light.GREEN:
            return and_(running, ClockRow.due_at >= now, ~past_yellow)
        case Light.PAUSED:
            return ClockRow.paused_at.is_not(None)
        case Light.NONE:
            return or_(ClockRow.id.is_(None), ClockRow.due_at.is_(None))


def _contains() -> ColumnElement[bool]:
    """Number, title, phone or place contains the text as typed."""
    searched = (
        WorkOrder.number,
        Demand.number,
        Demand.title,
        Demand.requester_phone,
        Demand.address,
    )
    return or_(*(column.like(bindparam("text"), escape="/") for column in searched))


def _pattern(text: str) -> str:
    """What a text that contains `text` is like; `/` keeps signs from being taken for patterns."""
    return f"%{text.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"


_NARROWING: Mapping[str, Callable[[], ColumnElement[bool]]] = {
    "text": _contains,
    "nature": lambda: Demand.nature == bindparam("nature"),
    "category": lambda: Demand.category == bindparam("category"),
    "element_id": lambda: HumanTaskRow.element_id == bindparam("element_id"),
    "arrived_from": lambda: Demand.arrived_at >= bindparam("arrived_from"),
    "arrived_before": lambda: Demand.arrived_at < bindparam("arrived_before"),
}
"""The conditions of a `Filter` by the names of its fields; the colour is one by itself."""

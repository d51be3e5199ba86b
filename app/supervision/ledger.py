"""What pages and the console show of supervisions. Nothing here changes anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import WorkOrder
from app.cases.orders import SUBJECT
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import Actor
from app.engine import ClockRow, ClockRungRow
from app.identity import policy
from app.identity.models import HandlingUnit
from app.identity.policy import UNIT_ROLES
from app.supervision import copies
from app.supervision.models import (
    SupervisionCase,
    SupervisionCause,
    SupervisionLetter,
    SupervisionLetterCopy,
)
from app.supervision.triggers import CLOCK

RUNGS: Mapping[str, Phrase] = {
    "reminder": Phrase("催办", "Reminder"),
    "reminder_letter": Phrase("工作提醒函", "Reminder letter"),
    "supervision_notice": Phrase("督办通知单", "Supervision notice"),
    "on_site": Phrase("现场或联合督办", "On the spot"),
    "summons_talk": Phrase("约谈", "Summons to a talk"),
    "circular": Phrase("通报", "Circular"),
}
OUTCOMES: Mapping[str, Phrase] = {
    "accepted": Phrase("合格办结", "Accepted"),
    "referred": Phrase("移送纪检监察", "Referred"),
    "withdrawn": Phrase("已撤销", "Withdrawn"),
}
SETTLED: Mapping[str, Phrase] = {
    "accepted": Phrase("合格", "Accepted"),
    "rejected": Phrase("不合格", "Not accepted"),
    "unanswered": Phrase("逾期未反馈", "Not answered in time"),
    "set_aside": Phrase("另行出具", "Overtaken by another"),
    "withdrawn": Phrase("已撤销", "Withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One supervision with its order, the unit that is asked, and the running reply limit."""

    case: SupervisionCase
    procedure: Procedure
    demand: Demand
    order: WorkOrder
    unit: HandlingUnit | None
    clock: ClockRow | None = None
    yellow_at: datetime | None = None


class Told(NamedTuple):
    """A supervision with the procedure that it is: its causes, its letters and how it ended."""

    case: SupervisionCase
    procedure: Procedure


def ledger(
    session: Session,
    actor: Actor,
    *,
    rung: str = "",
    only_open: bool = True,
    page: int = 1,
    size: int = 20,
) -> tuple[list[Entry], int]:
    """Supervisions, the one whose answer is due first first, and how many there are in all.

    People of a unit see their own unit's.
    """
    clock, yellow = aliased(ClockRow), aliased(ClockRungRow)
    chosen = (
        select(SupervisionCase, Procedure, Demand, WorkOrder, HandlingUnit, clock, yellow.due_at)
        .join(Procedure, Procedure.id == SupervisionCase.procedure_id)
        .join(Demand, Demand.id == Procedure.demand_id)
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .outerjoin(HandlingUnit, HandlingUnit.id == Procedure.unit_id)
        .outerjoin(
            clock,
            (clock.subject_kind == SUBJECT)
            & (clock.subject_id == Demand.id)
            & (clock.scope == Procedure.id)
            & (clock.name == CLOCK)
            & clock.stopped_at.is_(None),
        )
        .outerjoin(yellow, (yellow.clock_id == clock.id) & (yellow.rung == "yellow"))
        .options(selectinload(SupervisionCase.causes), selectinload(SupervisionCase.letters))
    )
    if only_open:
        chosen = chosen.where(Procedure.closed_at.is_(None))
    if rung:
        chosen = chosen.where(SupervisionCase.rung == rung)
    if not actor.roles - UNIT_ROLES:
        chosen = chosen.where(Procedure.unit_id == actor.unit_id)
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    page = max(1, min(page, -(-total // size) or 1))
    order = (
        (clock.due_at.is_(None), clock.due_at, Procedure.id)
        if only_open
        else (Procedure.id.desc(),)
    )
    rows = session.execute(chosen.order_by(*order).limit(size).offset((page - 1) * size))
    return [Entry(*row) for row in rows], total


def counts_by_rung(session: Session, actor: Actor) -> dict[str, int]:
    """How many open supervisions, of those the actor sees, stand on which rung."""
    chosen = (
        select(SupervisionCase.rung, func.count().label("open"))
        .join(Procedure, Procedure.id == SupervisionCase.procedure_id)
        .where(Procedure.closed_at.is_(None))
        .group_by(SupervisionCase.rung)
    )
    if not actor.roles - UNIT_ROLES:
        chosen = chosen.where(Procedure.unit_id == actor.unit_id)
    rows = session.execute(chosen)
    counted = {row.rung: row.open for row in rows}
    return {rung: counted[rung] for rung in RUNGS if rung in counted}


def supervision(session: Session, procedure_id: int) -> SupervisionCase:
    """One supervision. Raises `NotFound`."""
    found = session.get(SupervisionCase, procedure_id)
    if found is None:
        raise NotFound(Phrase("没有这件督办。", "There is no such supervision."))
    return found


def letter_for(session: Session, actor: Actor, letter_id: int) -> SupervisionLetter:
    """One letter that the actor may see: their unit's, or with a copy for them.

    Raises `NotFound`; a rung that is not written has none to print.
    """
    found = session.scalar(
        select(SupervisionLetter).where(
            SupervisionLetter.id == letter_id,
            SupervisionLetter.text_zh.is_not(None),
            *_visible_to(actor),
        )
    )
    if found is None:
        raise NotFound(Phrase("没有这份督办文书。", "There is no such letter."))
    return found


def letters(
    session: Session, actor: Actor, *, page: int = 1, size: int = 20
) -> tuple[list[tuple[SupervisionLetter, HandlingUnit, Demand]], int]:
    """The written letters that the actor may see, the latest first, and how many in all."""
    chosen = (
        select(SupervisionLetter, HandlingUnit, Demand)
        .join(HandlingUnit, HandlingUnit.id == SupervisionLetter.unit_id)
        .join(Procedure, Procedure.id == SupervisionLetter.procedure_id)
        .join(Demand, Demand.id == Procedure.demand_id)
        .where(SupervisionLetter.text_zh.is_not(None), *_visible_to(actor))
    )
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    page = max(1, min(page, -(-total // size) or 1))
    rows = session.execute(
        chosen.order_by(SupervisionLetter.id.desc()).limit(size).offset((page - 1) * size)
    )
    return [(one, unit, demand) for one, unit, demand in rows], total


def _visible_to(actor: Actor) -> list[ColumnElement[bool]]:
    """The centre sees every letter; others those of their unit, and those with a copy for them."""
    if policy.may(actor, "supervision.see"):
        return []
    copied = exists().where(
        SupervisionLetterCopy.letter_id == SupervisionLetter.id, copies.own(actor)
    )
    if actor.unit_id is None:
        return [copied]
    return [or_(SupervisionLetter.unit_id == actor.unit_id, copied)]


def supervisions_of(session: Session, demand_id: int) -> list[Told]:
    """The supervisions of a case, oldest first."""
    rows = session.execute(
        select(SupervisionCase, Procedure)
        .join(Procedure, Procedure.id == SupervisionCase.procedure_id)
        .where(Procedure.demand_id == demand_id)
        .order_by(Procedure.id)
    )
    return [Told(case, procedure) for case, procedure in rows]


def evidence_of(cause: SupervisionCause) -> Mapping[str, Any]:
    """The facts a cause rests on and the table's rows: `occasion`, `facts`, `table`."""
    return dict(orjson.loads(cause.evidence))

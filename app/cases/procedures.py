"""Procedures: processes of their own beside the main one, tied to it by messages and signals.

A procedure never blocks the order. It has its own row, tasks, clocks and unit, and its history is
part of the case's chain. People open one by an act (`acts.py`), rules and services by `open`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clocks, history
from app.cases.models.procedure import Procedure
from app.cases.orders import SUBJECT, Case
from app.cases.services import Occasion, service
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork

Why = Callable[[Session, Case, Actor, datetime], Phrase | None]

OPENINGS: dict[str, Why] = {}
"""By kind: why the procedure cannot be opened on a case now; None when it can."""


FIRST_FACTS = frozenset({"from_return", "part_stage", "report_to", "rung", "way"})
"""What the rules that open procedures by themselves tell them at their start."""


def opening(kind: str) -> Callable[[Why], Why]:
    """Register the decorated function as the rule for opening procedures of this kind.

    People may open what has a rule here and a start event with a form in its diagram.
    """

    def register(why: Why) -> Why:
        if kind in OPENINGS:
            raise ValueError(f"the procedure {kind} is registered twice")
        OPENINGS[kind] = why
        return why

    return register


def open_procedure(
    uow: UnitOfWork,
    case: Case,
    kind: str,
    *,
    unit_id: int | None = None,
    cause: str | None = None,
    at: datetime | None = None,
) -> Case:
    """A row and a process for a procedure of the case; `begin` sets it going.

    `unit_id` is whose people do its unit steps: the lead unit's when not given. The caller holds
    the case's lock. Raises `Conflict` when the same cause has opened one before.
    """
    if cause is not None and opened_for(uow.session, kind, cause) is not None:
        raise Conflict(
            Phrase(
                "同一事由已办理过，不再重复发起。",
                "This was already set going for the same cause: it is not opened twice.",
            )
        )
    procedure = Procedure(
        kind=kind,
        demand_id=case.demand.id,
        unit_id=unit_id,
        cause=cause,
        opened_at=at or uow.now,
        opened_by=uow.actor.user_id,
        opened_by_name=uow.actor.name,
    )
    uow.session.add(procedure)
    uow.session.flush()
    procedure.process_id = engine.create(uow, kind, SUBJECT, case.demand.id, scope=procedure.id)
    history.record(
        uow,
        case.demand.id,
        "open_procedure",
        facts={"procedure": procedure.id, "kind": kind, "unit": unit_id, "cause": cause},
        at=at,
    )
    return Case(case.demand, procedure)


def begin(
    uow: UnitOfWork,
    opened: Case,
    facts: Mapping[str, object] | None = None,
    *,
    message: str | None = None,
    at: datetime | None = None,
) -> None:
    """Set an opened procedure going with its first facts, at the start that waits for `message`."""
    procedure = opened.procedure
    assert procedure is not None
    assert procedure.process_id is not None  # open_procedure made both
    engine.start(uow, procedure.process_id, facts, message=message, at=at)


@service(Phrase("结束办理事项", "Close the procedure"), outcome=str)
def close_procedure(occasion: Occasion, outcome: str) -> None:
    """The procedure has ended with `outcome`; none of its clocks runs on."""
    case = occasion.case
    procedure = case.procedure
    assert procedure is not None  # the checker cannot know; a main process never names this service
    clocks.stop_all(occasion.uow, case, occasion.at)
    procedure.closed_at = occasion.at
    procedure.outcome = outcome
    history.record(
        occasion.uow,
        case.demand.id,
        "close_procedure",
        element_id=occasion.element_id,
        facts={"procedure": procedure.id, "outcome": outcome},
        at=occasion.at,
    )


def opened_for(session: Session, kind: str, cause: str) -> Procedure | None:
    """The procedure of a kind that a cause set going, if there is one."""
    return session.scalar(select(Procedure).where(Procedure.kind == kind, Procedure.cause == cause))


def procedures_of(
    session: Session, demand_id: int, kind: str | None = None, *, only_open: bool = False
) -> Sequence[Procedure]:
    """The procedures of a case, oldest first; of one kind and only the open ones on request."""
    found = select(Procedure).where(Procedure.demand_id == demand_id)
    if kind is not None:
        found = found.where(Procedure.kind == kind)
    if only_open:
        found = found.where(Procedure.closed_at.is_(None))
    return session.scalars(found.order_by(Procedure.id)).all()

"""Triggers: what happened to an order is put to the table `supervision_triggers`.

Each fires once for its cause. It opens a supervision, or joins the one that is open; a graver one
raises that to its own rung. Orders that no unit has are not supervised: there is nobody to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import history, tables
from app.cases.models.procedure import Procedure
from app.cases.orders import SUBJECT, Case
from app.cases.procedures import begin, open_procedure
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions.evidence import json_value
from app.supervision import numbers
from app.supervision.about import unit_about
from app.supervision.handing_back import hand_back
from app.supervision.models import SupervisionCase, SupervisionCause, Trigger

KIND = "supervision"
CLOCK = "supervision"
NOTHING: Mapping[str, object] = {
    "returned_units": 0,
    "repeat_complaints": 0,
    "owner_clear": False,
    "solvable": False,
    "overdue": False,
    "efficiency": None,
    "attitude": None,
    "result": None,
    "superior_listed": False,
    "re_check_dissatisfied": False,
    "leader_instructed": False,
    "media_exposed": False,
    "dissatisfied_times": 0,
    "reminders_ignored": 0,
    "rejected_replies": 0,
    "idle_working_days": 0,
    "hot_topic": False,
    "sign_for_evaded": False,
}
"""The facts of an order with which nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A trigger that fired, as the table answers it, with its cause and evidence."""

    trigger: str
    rung: str
    timing: str
    with_re_handling: bool
    title: Phrase
    cause: str
    evidence: Mapping[str, object]


def consider(
    uow: UnitOfWork, case: Case, occasion: str, at: datetime, **facts: object
) -> list[Fired]:
    """Put the facts to the table and supervise what fires anew; what did.

    `occasion` tells one happening from another of its kind (a run of a clock, an attempt to call).
    The caller holds the lock of the case.
    """
    fired = new_causes(uow, case, occasion, at, **facts)
    for one in fired:
        supervise(uow, case, one, at)
    return fired


def new_causes(
    uow: UnitOfWork, case: Case, occasion: str, at: datetime, **facts: object
) -> list[Fired]:
    """What the table makes of the facts, without what has fired for the same cause before."""
    order = case.order
    if order is None or order.lead_unit_id is None:
        return []
    inputs = {
        **NOTHING,
        **facts,
        "closed": order.closed_at is not None,
        "time_left": _has_time_left(uow.session, case, at),
    }
    answer = tables.decide(uow, case.demand, "supervision_triggers", inputs)
    rows = _rows_of(answer.evidence.to_json())
    fired = []
    for output in answer.outputs:
        rests_on = {name: json_value(inputs[name]) for name in output["evidence"]}
        cause = orjson.dumps([occasion, rests_on], option=orjson.OPT_SORT_KEYS).decode()
        found = Fired(
            trigger=str(output["trigger"]),
            rung=str(output["rung"]),
            timing=str(output["timing"]),
            with_re_handling=bool(output["with_re_handling"]),
            title=Phrase(str(output["title"]), str(output["title_en"])),
            cause=cause,
            evidence={"occasion": occasion, "facts": rests_on, "table": rows},
        )
        if not has_fired(uow.session, case, found.trigger, found.cause):
            fired.append(found)
    return fired


def supervise(uow: UnitOfWork, case: Case, fired: Fired, at: datetime) -> Case:
    """Open a supervision for the cause, or let the cause join the open one; the supervision."""
    open_one = open_supervision(uow.session, case)
    if open_one is None:
        opened = open_procedure(
            uow, case.main, KIND, unit_id=unit_about(uow.session, case.main), at=at
        )
        enter(uow, opened, fired, at)
        begin(uow, opened, {"rung": fired.rung}, at=at)
        return opened
    wake(uow, open_one, at)
    joined = Case(case.demand, open_one)
    is_graver = enter(uow, joined, fired, at)
    if is_graver:
        assert open_one.process_id is not None  # set when it was opened
        engine.send(uow, open_one.process_id, "graver_cause", {"rung": fired.rung}, at=at)
    return joined


def wake(uow: UnitOfWork, supervision: Procedure, at: datetime) -> None:
    """A unit has the order: an instruction that was given before goes on, if it still waits.

    Mostly the main process has told it; one whose version is older, or that was put elsewhere by
    hand, has not.
    """
    if uow.session.get(SupervisionCase, supervision.id) is None:
        assert supervision.process_id is not None  # set when it was opened
        engine.signal(uow, supervision.process_id, "order_at_unit", at=at)


def enter(uow: UnitOfWork, supervised: Case, fired: Fired, at: datetime) -> bool:
    """Enter the cause in the supervision; whether it stands on a higher rung than that now.

    A first cause makes the row of the supervision. The rung is raised here, its letter follows.
    """
    procedure = supervised.procedure
    assert procedure is not None
    procedure.unit_id = procedure.unit_id or unit_about(uow.session, supervised)
    row = uow.session.get(SupervisionCase, procedure.id)
    is_graver = row is None
    if row is None:
        row = SupervisionCase(
            procedure_id=procedure.id,
            number=numbers.next_supervision(uow),
            timing=fired.timing,
            first_rung=fired.rung,
            rung=fired.rung,
        )
        uow.session.add(row)
    elif level_of(uow, supervised, fired.rung) > level_of(uow, supervised, row.rung):
        row.rung, is_graver = fired.rung, True
    uow.session.flush()
    cause = SupervisionCause(
        demand_id=supervised.demand.id,
        procedure_id=procedure.id,
        trigger=fired.trigger,
        cause=fired.cause,
        title_zh=fired.title.zh,
        title_en=fired.title.en,
        rung=fired.rung,
        timing=fired.timing,
        with_re_handling=fired.with_re_handling,
        evidence=orjson.dumps(fired.evidence).decode(),
        fired_at=at,
        fired_by_name=uow.actor.name,
    )
    uow.session.add(cause)
    uow.session.flush()
    uow.session.expire(row, ["causes"])
    history.record(
        uow,
        supervised.demand.id,
        "supervise",
        facts={
            "procedure": procedure.id,
            "number": row.number,
            "trigger": fired.trigger,
            "title": {"zh": fired.title.zh, "en": fired.title.en},
            "rung": fired.rung,
            "evidence": fired.evidence,
        },
        at=at,
    )
    if cause.with_re_handling:
        hand_back(uow, supervised, cause, at)
    return is_graver


def level_of(uow: UnitOfWork, case: Case, rung: str) -> int:
    """How high a rung is, as the table `supervision_ladder` says."""
    return int(
        tables.answer(uow.session, case.demand, "supervision_ladder", {"rung": rung}).outputs[
            "level"
        ]
    )


def open_supervision(session: Session, case: Case) -> Procedure | None:
    """The supervision of the case that is open, if there is one."""
    return session.scalar(
        select(Procedure)
        .where(
            Procedure.demand_id == case.demand.id,
            Procedure.kind == KIND,
            Procedure.closed_at.is_(None),
        )
        .order_by(Procedure.id.desc())
        .limit(1)
    )


def has_fired(session: Session, case: Case, trigger: str, cause: str) -> bool:
    """Whether the trigger has fired for this cause."""
    return (
        session.scalar(
            select(SupervisionCause.id).where(
                SupervisionCause.demand_id == case.demand.id,
                SupervisionCause.trigger == trigger,
                SupervisionCause.cause == cause,
            )
        )
        is not None
    )


def chosen(case: Case, rung: str, occasion: str, statement: Mapping[str, object]) -> Fired:
    """The cause that an inspector gives who chooses the order for supervision."""
    is_closed = case.ordered.closed_at is not None
    return Fired(
        trigger=Trigger.SELECTED,
        rung=rung,
        timing="post_closure" if is_closed else "pre_closure",
        with_re_handling=False,
        title=Phrase("月度督办选件", "Chosen for the month's supervision"),
        cause=occasion,
        evidence={"occasion": occasion, "facts": dict(statement), "table": []},
    )


def _has_time_left(session: Session, case: Case, at: datetime) -> bool:
    clock = engine.clock_of(session, SUBJECT, case.demand.id, "handling")
    return clock is not None and clock.due_at is not None and at < clock.due_at


def _rows_of(evidence: Mapping[str, Any]) -> list[dict[str, object]]:
    """Version and number of the rows that fired, out of the evidence of an answer."""
    return [
        {"table": table["decision_id"], "version": evidence["version"], "row": row["index"]}
        for table in evidence["tables"]
        for row in table["rows"]
    ]

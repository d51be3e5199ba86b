"""The clocks of a case: started, stopped, continued; each with its rungs and its evidence.

A clock is one row per run; the engine's timers only ask it. The limit comes from the table
`time_limits`, the rungs from `traffic_light`, the instants from the calendar of the unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import history, tables
from app.cases.models.demand import Demand
from app.cases.orders import SUBJECT, Case
from app.cases.services import Occasion, service
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.decisions import registry
from app.engine import ClockRow
from app.identity.models import HandlingUnit
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import Deadline, deadline
from app.worktime.explain import Line, explain
from app.worktime.limits import Limit, LimitUnit
from app.worktime.policy import Anchor, Policy
from app.worktime.running import Preview, after_due, before_due, preview, stage_deadline

NAMES: dict[str, Phrase] = {
    "total": Phrase("总时限", "Total"),
    "sign_for": Phrase("签收时限", "Sign-for"),
    "handling": Phrase("办理时限", "Handling"),
    "first_contact": Phrase("先行联系时限", "First contact"),
    "review": Phrase("审核时限", "Review"),
    "callback": Phrase("回访时限", "Callback"),
    "dispatch": Phrase("派单时限", "Dispatch"),
    "return_decision": Phrase("退单审核时限", "Return decision"),
    "supervision": Phrase("督办反馈时限", "Supervision answer"),
    "extension_decision": Phrase("延期审批时限", "Extension decision"),
    "supplement": Phrase("补充要素时限", "Supplement"),
    "coordination_1": Phrase("单位协商时限", "Coordination, tier 1"),
    "coordination_2": Phrase("中心协调时限", "Coordination, tier 2"),
    "coordination_3": Phrase("裁定时限", "Coordination, tier 3"),
    "callback_re_check": Phrase("回访复核时限", "Recheck"),
    "non_acceptance_objection": Phrase("不予受理异议期", "Time to object"),
    "objection_decision": Phrase("异议复核时限", "Objection decision"),
    "reopening_decision": Phrase("重开审批时限", "Reopening decision"),
}
"""What the clocks of the shipped diagrams are called; a designer's own show their code."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A limit and how it is counted, as the table `time_limits` answers."""

    limit: Limit
    policy: Policy


@service(Phrase("起算时限", "Start a clock"), clock=str, stage=str)
def start_clock(occasion: Occasion, clock: str, stage: str) -> None:
    """Start a run of `clock`, limited as the table says for `stage`."""
    start(occasion.uow, occasion.case, clock, stage, occasion.at)


@service(Phrase("停止计时", "Stop a clock"), clock=str)
def stop_clock(occasion: Occasion, clock: str) -> None:
    """Stop the running run of `clock`; it may be continued."""
    stop(occasion.uow, occasion.case, clock, occasion.at)


@service(Phrase("按原时限继续计时", "Continue a clock"), clock=str)
def continue_clock(occasion: Occasion, clock: str) -> None:
    """Continue the last run of `clock` on its original limit: the time in between counts."""
    uow, case = occasion.uow, occasion.case
    engine.continue_clock(uow, SUBJECT, case.demand.id, clock, occasion.at, case.scope)
    history.record(uow, case.demand.id, "continue_clock", facts={"clock": clock}, at=occasion.at)


def start(uow: UnitOfWork, case: Case, name: str, stage: str, at: datetime) -> ClockRow:
    """Start a run of the clock `name` for `stage`, at the instant its terms are anchored at.

    The row keeps the terms, the calendar version and the table's matched row. Raises `Invalid`
    when the table gives no limit, `HorizonError` beyond the calendar.
    """
    answer = tables.decide(uow, case.demand, "time_limits", limit_facts(case.demand, stage))
    terms = read_terms(answer.outputs)
    calendar = calendar_of(uow.session, case.unit_id)
    started_at = _anchored(case, terms.policy.anchor, at)
    due = due_of(calendar, started_at, terms)
    rungs = rungs_of(uow.session, case.demand.process_id, calendar, due)
    clock = engine.start_clock(
        uow,
        SUBJECT,
        case.demand.id,
        name,
        scope=case.scope,
        started_at=started_at,
        due_at=due.due_at,
        rungs=rungs,
        provisional=due.provisional,
        calendar_code=due.calendar,
        calendar_version=due.version,
        terms=due.to_json(),
        evidence={"decision": answer.evidence.to_json(), "stage": stage},
    )
    history.record(
        uow,
        case.demand.id,
        "start_clock",
        facts={
            "clock": name,
            "run": clock.run,
            "stage": stage,
            "due_at": due.due_at.isoformat(),
            "calendar": f"{due.calendar}@{due.version}",
        },
        at=at,
    )
    return clock


def within(case: Case, session: Session, stage: str, at: datetime) -> bool:
    """Whether `at` lies inside the window that the table gives for `stage`; nothing is stored."""
    terms = terms_of(session, case.demand, stage)
    calendar = calendar_of(session, case.unit_id)
    return at <= due_of(calendar, _anchored(case, terms.policy.anchor, at), terms).due_at


def due_of(calendar: WorkingCalendar, started_at: datetime, terms: Terms) -> Deadline:
    """When `terms` end that count from `started_at`: an arrival, or the beginning of a stage."""
    count = deadline if terms.policy.anchor is Anchor.CALL else stage_deadline
    return count(calendar, started_at, terms.limit, terms.policy)


def stop(uow: UnitOfWork, case: Case, name: str, at: datetime) -> None:
    """Stop the running run of a clock at `at`; nothing happens when none runs."""
    if engine.stop_clock(uow, SUBJECT, case.demand.id, name, at, case.scope):
        history.record(uow, case.demand.id, "stop_clock", facts={"clock": name}, at=at)


def stop_all(uow: UnitOfWork, case: Case, at: datetime) -> None:
    """Stop every clock of the case that still runs; of a procedure, only its own."""
    running = uow.session.scalars(
        select(ClockRow.name).where(
            ClockRow.subject_kind == SUBJECT,
            ClockRow.subject_id == case.demand.id,
            ClockRow.scope == case.scope,
            ClockRow.stopped_at.is_(None),
        )
    )
    for name in sorted(set(running)):
        stop(uow, case, name, at)


def foresee(session: Session, demand: Demand, unit_id: int | None, at: datetime) -> Preview:
    """The handling deadline if the case were dispatched to the unit at `at`.

    Sign-for is assumed at the end of its own limit, and the preview says so.
    """
    signing = terms_of(session, demand, "sign_for")
    handling = terms_of(session, demand, "handling")
    known = {Anchor.DISPATCH: at, Anchor.CALL: demand.arrived_at}
    return preview(
        calendar_of(session, unit_id),
        handling.limit,
        handling.policy,
        known,
        signing.limit,
        signing.policy,
    )


def promised(session: Session, demand: Demand, at: datetime) -> datetime:
    """By when the requester is promised an answer: the total limit of an order made at `at`."""
    terms = terms_of(session, demand, "total")
    start = _anchored(Case(demand), terms.policy.anchor, at)
    return due_of(calendar_of(session, None), start, terms).due_at


def explanation(session: Session, clock: ClockRow) -> tuple[Line, ...]:
    """Why a clock is due when it is, in sentences, the result first."""
    counted = given(clock)
    return explain(offices.working_calendar(session, counted.calendar, counted.version), counted)


def given(clock: ClockRow) -> Deadline:
    """The deadline of a clock as it was counted: limit, switches, pauses and extensions."""
    return Deadline.from_json(orjson.loads(clock.terms))


def terms_of(session: Session, demand: Demand, stage: str) -> Terms:
    """What the table says for a stage of this demand; nothing is stored."""
    facts = limit_facts(demand, stage)
    return read_terms(tables.answer(session, demand, "time_limits", facts).outputs)


def calendar_of(session: Session, unit_id: int | None) -> WorkingCalendar:
    """The calendar in which the unit's limits are counted; the office's without a unit.

    A unit that names the nation's calendar counts as its office does.
    """
    code = None
    if unit_id is not None:
        code = session.scalar(select(HandlingUnit.calendar_code).where(HandlingUnit.id == unit_id))
    if code is None or code == offices.NATION:
        code = offices.standard_code(session)
    return offices.working_calendar(session, code)


def limit_facts(demand: Demand, stage: str) -> dict[str, object]:
    """What the table `time_limits` is asked for a stage of this demand."""
    return {
        "nature": demand.nature,
        "urgency": demand.urgency,
        "channel": demand.channel,
        "stage": stage,
    }


def read_terms(outputs: Mapping[str, object]) -> Terms:
    """A row of the table as limit and policy; switches it does not name keep their default."""
    amount, unit = outputs["amount"], outputs["unit"]
    if not isinstance(amount, int | Decimal):
        raise Invalid(Phrase("时限表没有给出时限。", "The table of time limits gives no limit."))
    switches = {
        name: str(value)
        for name, value in outputs.items()
        if name not in {"amount", "unit"} and value is not None
    }
    return Terms(Limit(amount, LimitUnit(str(unit))), Policy.from_json(switches))


def _anchored(case: Case, anchor: Anchor, at: datetime) -> datetime:
    """The instant the terms count from; a clock anchored later than now counts from now.

    A part of another unit counts from its own beginning, not from the lead's dispatch or sign-for.
    """
    order = case.order if case.procedure is None else None
    match anchor:
        case Anchor.CALL:
            return case.demand.arrived_at
        case Anchor.DISPATCH if order is not None and order.dispatched_at is not None:
            return order.dispatched_at
        case Anchor.SIGN_FOR if order is not None and order.signed_at is not None:
            return order.signed_at
        case _:
            return at


def rungs_of(
    session: Session, process_id: int | None, calendar: WorkingCalendar, due: Deadline
) -> dict[str, datetime]:
    """Yellow before, red at, reminders after the due instant, as the table `traffic_light` says.

    The table's version is that of the process, the calendar the one `due` was counted in.
    """
    outputs = registry.answer(
        session,
        "traffic_light",
        {"unit": due.limit.unit.value, "amount": due.limit.amount},
        version=engine.decision_version(session, process_id, "traffic_light"),
    ).outputs
    return read_rungs(outputs, calendar, due)


def read_rungs(
    outputs: Mapping[str, object], calendar: WorkingCalendar, due: Deadline
) -> dict[str, datetime]:
    """A row of the table `traffic_light` as the instants of the rungs."""
    rungs = {"red": due.due_at}
    yellow = _limit(outputs, "yellow")
    if yellow is not None:
        rungs["yellow"] = before_due(calendar, due, share=0, at_least=yellow)
    for rung in ("overdue_1", "overdue_2"):
        late_by = _limit(outputs, rung)
        if late_by is not None:
            rungs[rung] = after_due(calendar, due, late_by)
    return rungs


def _limit(outputs: Mapping[str, object], name: str) -> Limit | None:
    amount, unit = outputs[f"{name}_amount"], outputs[f"{name}_unit"]
    if not isinstance(amount, int | Decimal) or unit is None:
        return None
    return Limit(amount, LimitUnit(str(unit)))

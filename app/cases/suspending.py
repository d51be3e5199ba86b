"""Suspension: an order that cannot be done this season or before something happens rests (挂账).

Its unit asks, the centre decides on paper, the clocks stand still, and the register names the day
on which it is looked at again. A resting order is counted apart, never as closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clock_changes, clocks, history, notices, tables
from app.cases.answers import Answers
from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.suspension import Suspension
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import SUBJECT, Case
from app.cases.procedures import opening, procedures_of
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.models import HandlingUnit
from app.identity.policy import Role

KIND = "suspension"
RESTING = ("handling", "first_contact", "total")
"""The clocks that stand still: what the unit has to handle the matter and to speak to the
requester, and the promise made to the requester, who is told.
"""
GROUNDS: dict[str, Phrase] = {
    "season": Phrase("受季节限制", "season"),
    "engineering": Phrase("工程尚未完成", "engineering works"),
    "budget": Phrase("经费尚未落实", "budget"),
    "litigation": Phrase("部分事项已进入诉讼", "litigation about a part of it"),
    "other": Phrase("其他情形", "other reasons"),
}
REVIEW_AT = time(9)
"""[P] When on the day of review the review is due."""

_HANDLED = frozenset({OrderStatus.HANDLING, OrderStatus.RE_HANDLING})

clocks.NAMES["suspension_decision"] = Phrase("挂账审批时限", "Suspension decision")

register_messages(
    {
        "suspension_waiting": (
            Role.DUTY_MANAGER,
            Phrase(
                "工单{number}“{title}”的挂账申请超时未批，请尽快审批。",
                "The request to suspend {number} “{title}” waits too long: please decide.",
            ),
        ),
        "suspension_refused": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的挂账申请未获批准，请按原时限办理。",
                "{number} “{title}” is not suspended: handle it within its limit.",
            ),
        ),
        "suspended": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”已列入挂账，时限暂停，{due}复核。",
                "{number} “{title}” rests; its limits stand still. Review: {due}.",
            ),
        ),
        "suspension_told": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}因{reason}暂时无法办结，已列入挂账管理，{due}复核，"
                "条件具备后继续办理。",
                "Your demand {number} cannot be finished now ({reason}). It is kept in the "
                "register and will be looked at again on {due}.",
            ),
        ),
        "suspension_renewed": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}经复核尚不具备办理条件，继续挂账，下次复核日期为{due}。",
                "Your demand {number} still cannot be finished. It will be looked at again on "
                "{due}.",
            ),
        ),
        "suspension_over": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}已恢复办理。",
                "Your demand {number} is being handled again.",
            ),
        ),
        "handling_goes_on": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”已恢复办理，剩余时限接续计算。",
                "{number} “{title}” goes on with what was left of its limits.",
            ),
        ),
        "suspension_too_long": (
            Role.LEADER,
            Phrase(
                "工单{number}“{title}”已到最长挂账期限仍不具备条件，现恢复办理，请过问。",
                "{number} “{title}” rested as long as it may, and its condition is not met: "
                "it goes on. Please look at it.",
            ),
        ),
    }
)


@opening(KIND)
def why_not_now(session: Session, case: Case, _actor: Actor, _now: datetime) -> Phrase | None:
    """One request at a time, for an order that is being handled and whose limit runs."""
    if procedures_of(session, case.demand.id, KIND, only_open=True):
        return Phrase("已申请挂账或正在挂账。", "It is suspended, or a request waits.")
    order = case.order
    if order is None or order.status not in _HANDLED:
        return Phrase(
            "先行联系之后、提交答复之前的工单才能申请挂账。",
            "Orders can be suspended after the first contact and before the reply.",
        )
    clock = engine.clock_of(session, SUBJECT, case.demand.id, "handling")
    if clock is None or clock.stopped_at is not None or clock.paused_at is not None:
        return Phrase("办理时限现在没有在计时。", "The handling limit is not running now.")
    return None


@step("suspension_asked", gives={"approver", "review_at"})
def ask(uow: UnitOfWork, asked: Case, given: Answers) -> Facts:
    """The liaison asks with ground, papers, and a date of review or a condition.

    A condition without a date is reviewed after the months of the table's `suspension_review`.
    Gives `approver` and `review_at`. Raises `Invalid` with the table's reason when it does not
    admit the request.
    """
    procedure = asked.procedure
    assert procedure is not None
    today = uow.now.astimezone(CHINA).date()
    review_on = _review_day(given["review_on"], "review_on", today)
    if review_on is None and given["suspension_condition"]:
        review_on = _next_review(uow, asked, today)
    answer = tables.decide(
        uow,
        asked.demand,
        "suspension",
        {
            "ground": given["suspension_ground"],
            "urgency": asked.demand.urgency,
            "has_evidence": bool(given["suspension_papers"]),
            "review_months": _months(today, review_on) if review_on is not None else None,
        },
    ).outputs
    if not answer["admitted"]:
        reason = Phrase(f"{answer['reason']}。", f"{answer['reason_en']}.")
        raise Invalid(reason, {_about(given, answer): reason})
    assert asked.unit_id is not None  # an order that is being handled has its unit
    assert review_on is not None  # the table admits none without
    procedure.unit_id = asked.unit_id
    uow.session.add(
        Suspension(
            procedure_id=procedure.id,
            unit_id=asked.unit_id,
            ground=str(given["suspension_ground"]),
            reason=str(given["suspension_reason"]),
            condition=str(given["suspension_condition"] or "") or None,
            review_on=review_on,
            most_months=int(str(answer["most_months"])),
            status_before=asked.ordered.status,
        )
    )
    return {"approver": answer["approver"], "review_at": _instant(review_on)}


@step("decide_suspension")
@step("decide_suspension_as_leader")
def decide(_uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """Refusing takes a reason; what was answered meanwhile cannot rest any more."""
    if given["suspension_verdict"] == "refused":
        if not given["suspension_opinion"]:
            raise Invalid(
                Phrase("不同意挂账的，须写明理由。", "When refusing, say why."),
                {"suspension_opinion": Phrase("请写明理由。", "Say why.")},
            )
    elif asked.ordered.status not in _HANDLED:
        raise Invalid(
            Phrase(
                "单位已提交答复或申请退单，不能再挂账：请选择不同意。",
                "The unit has replied or asked for a return meanwhile: refuse.",
            )
        )


@service(Phrase("列入挂账", "Enter in the register of pending matters"))
def suspend(occasion: Occasion) -> None:
    """The order rests from now on: its clocks stand still, unit and requester are told."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    suspension = suspension_of(uow.session, case)
    suspension.suspended_at = at
    suspension.status_before = case.ordered.status
    case.ordered.status = OrderStatus.SUSPENDED
    clocks.stop(uow, case, "suspension_decision", at)
    for name in RESTING:
        clock_changes.pause(uow, case.main, name, at, {"suspension": case.scope})
    history.record(
        uow,
        case.demand.id,
        "suspend",
        facts={"procedure": case.scope, "review_on": suspension.review_on.isoformat()},
        at=at,
    )
    values = _values(suspension)
    notices.tell(uow, case, "suspended", at=at, values=values)
    notices.tell(uow, case, "suspension_told", at=at, values=values)


@step("review_suspension", gives={"suspended_months", "most_months", "review_at"})
def review(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The duty manager looks whether the order can go on; what follows is `suspension_review`.

    Gives `suspended_months`, `most_months` and the next `review_at`.
    """
    suspension = suspension_of(uow.session, case)
    assert suspension.suspended_at is not None  # only what rests is reviewed
    today = uow.now.astimezone(CHINA).date()
    day = _review_day(given["next_review_on"], "next_review_on", today)
    suspension.review_on = day or _next_review(uow, case, today)
    since = suspension.suspended_at.astimezone(CHINA).date()
    return {
        "suspended_months": _whole_months(since, today),
        "most_months": suspension.most_months,
        "review_at": _instant(suspension.review_on),
    }


@service(Phrase("继续挂账", "Rest on"))
def renew_suspension(occasion: Occasion) -> None:
    """The condition is not met: the order rests on until the next review."""
    uow, case = occasion.uow, occasion.case
    suspension = suspension_of(uow.session, case)
    suspension.renewals += 1
    history.record(
        uow,
        case.demand.id,
        "renew_suspension",
        facts={"procedure": case.scope, "review_on": suspension.review_on.isoformat()},
        at=occasion.at,
    )
    notices.tell(uow, case, "suspension_renewed", at=occasion.at, values=_values(suspension))


@service(Phrase("恢复办理", "Let the order go on"))
def resume_order(occasion: Occasion) -> None:
    """The order goes on with what was left of its limits; clocks that ended meanwhile stay so."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    suspension = suspension_of(uow.session, case)
    suspension.resumed_at = at
    for name in RESTING:
        clock = engine.clock_of(uow.session, SUBJECT, case.demand.id, name)
        if clock is not None and clock.stopped_at is None and clock.paused_at is not None:
            clock_changes.resume(uow, case.main, name, at, {"suspension": case.scope})
    if case.ordered.status == OrderStatus.SUSPENDED:
        case.ordered.status = suspension.status_before
        notices.tell(uow, case, "handling_goes_on", at=at)
    history.record(uow, case.demand.id, "resume_order", facts={"procedure": case.scope}, at=at)


def go_on(uow: UnitOfWork, case: Case) -> None:
    """The unit acts on an order that rests, by a reply or a return: it goes on first."""
    if case.ordered.status != OrderStatus.SUSPENDED:
        return
    for procedure in procedures_of(uow.session, case.demand.id, KIND, only_open=True):
        assert procedure.process_id is not None  # acts.act made both
        engine.send(uow, procedure.process_id, "unit_acts_again")


def suspension_of(session: Session, case: Case) -> Suspension:
    """The suspension that a procedure is about."""
    assert case.procedure is not None
    return session.get_one(Suspension, case.procedure.id)


@dataclass(frozen=True, slots=True)
class Pending:
    """A line of the register of pending matters."""

    suspension: Suspension
    demand: Demand
    order: WorkOrder
    unit: HandlingUnit


def pending(session: Session, unit_id: int | None = None, *, ground: str = "") -> Sequence[Pending]:
    """The orders that rest now, the next to be reviewed first; of one unit or ground on request."""
    found = (
        select(Suspension, Demand, WorkOrder, HandlingUnit)
        .join(Procedure, Procedure.id == Suspension.procedure_id)
        .join(Demand, Demand.id == Procedure.demand_id)
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .join(HandlingUnit, HandlingUnit.id == Suspension.unit_id)
        .where(Suspension.suspended_at.is_not(None), Suspension.resumed_at.is_(None))
        .order_by(Suspension.review_on, Suspension.procedure_id)
    )
    if unit_id is not None:
        found = found.where(Suspension.unit_id == unit_id)
    if ground:
        found = found.where(Suspension.ground == ground)
    return [Pending(*row) for row in session.execute(found)]


def _review_day(given: object, field: str, today: date) -> date | None:
    if not isinstance(given, date):
        return None
    if given <= today:
        later = Phrase("复核日期须在今天之后。", "The day of review must lie ahead.")
        raise Invalid(later, {field: later})
    return given


def _next_review(uow: UnitOfWork, case: Case, today: date) -> date:
    """So many months from today as the table says for the stage `suspension_review`."""
    limit = clocks.terms_of(uow.session, case.demand, "suspension_review").limit
    return _months_later(today, int(limit.amount))


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    year, month = divmod(first.month, 12)
    last = (date(first.year + year, month + 1, 1) - first).days
    return first.replace(day=min(day.day, last))


def _whole_months(first: date, last: date) -> int:
    """Months that are over between two days."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return months - (_months_later(first, months) > last)


def _months(first: date, last: date) -> int:
    """Months up to a day, a begun one counted as a whole."""
    whole = _whole_months(first, last)
    return whole + (_months_later(first, whole) < last)


def _instant(day: date) -> str:
    return datetime.combine(day, REVIEW_AT, CHINA).isoformat()


def _about(given: Answers, answer: Facts) -> str:
    """The field that the table's refusal is about."""
    if answer["most_months"]:
        return "review_on"
    if given["suspension_ground"] == "other":
        return "suspension_ground"
    return "review_on" if given["suspension_papers"] else "suspension_papers"


def _values(suspension: Suspension) -> dict[str, str]:
    reason = GROUNDS.get(suspension.ground, GROUNDS["other"])
    return {"due": suspension.review_on.isoformat(), "reason": reason.zh}

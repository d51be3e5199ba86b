"""What is heard of orders, as the facts that the table of triggers asks for.

Whether a trigger fires is the table's to say; here stands where each fact comes from.
"""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import engine
from app.cases.calling_back import DIMENSIONS
from app.cases.models.extension import ExtensionRequest
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import Callback, RatingWay, WorkOrder
from app.cases.orders import SUBJECT, Case, find, take_other
from app.cases.repeats import demands_of
from app.core.facts import Happening, on
from app.core.uow import UnitOfWork
from app.supervision import occasions, withdrawing
from app.supervision.models import Trigger
from app.supervision.triggers import consider


@on("order_overdue")
def overdue(uow: UnitOfWork, heard: Happening) -> None:
    """The handling limit has passed: due but undone where the owner is clear and the matter could
    be solved in time, else merely overdue. Each deadline of a run is an occasion.
    """
    case = find(uow.session, heard.subject_id)
    clock = engine.clock_of(uow.session, SUBJECT, case.demand.id, "handling")
    assert clock is not None  # its limit has passed
    assert clock.due_at is not None
    consider(
        uow,
        case,
        f"{occasions.handling(clock.run)}{clock.due_at.isoformat()}",
        heard.at,
        overdue=True,
        owner_clear=case.order is not None and case.order.returned_count == 0,
        solvable=not _is_hard(uow.session, case),
    )


@on("overdue_withdrawn")
def in_time_after_all(uow: UnitOfWork, heard: Happening) -> None:
    """By a new calendar the handling limit of a run has not passed: what that caused falls away,
    and what was made of the reminders after it.
    """
    case, run = find(uow.session, heard.subject_id), _whole(heard, "run")
    late = (Trigger.DUE_BUT_UNDONE, Trigger.OVERDUE)
    withdrawing.withdraw(uow, case, late, occasions.handling(run), heard.at)
    ignored = (Trigger.REMINDERS_IGNORED,)
    withdrawing.withdraw(uow, case, ignored, occasions.reminders(run), heard.at)


@on("bouncing")
def bounced(uow: UnitOfWork, heard: Happening) -> None:
    """Units send the order back one after the other: counted are the units that did."""
    case = find(uow.session, heard.subject_id)
    units = _whole(heard, "returned_units")
    consider(uow, case, "return", heard.at, returned_units=units)


@on("sign_for_lapsed")
def lapsed(uow: UnitOfWork, heard: Happening) -> None:
    """Nobody signed for the order, and the table of signing suspects that the buck is passed."""
    if heard.facts["suspect_buck_passing"]:
        case = find(uow.session, heard.subject_id)
        unit = case.ordered.lead_unit_id
        consider(uow, case, f"sign_for/{unit}", heard.at, sign_for_evaded=True)


@on("rated")
def rated(uow: UnitOfWork, heard: Happening) -> None:
    """The requester is dissatisfied: with which of the three dimensions, and how often by now.

    Most ratings are not, and cost nothing. What a recheck finds is a trigger of its own.
    """
    given = {name: heard.facts[name] for name in DIMENSIONS}
    if heard.facts["way"] == RatingWay.RE_CHECK or "dissatisfied" not in given.values():
        return
    case = find(uow.session, heard.subject_id)
    times = _times_in_vain(uow.session, case)
    occasion = f"rating/{heard.facts['rating']}"
    consider(uow, case, occasion, heard.at, **given, dissatisfied_times=times)


@on("repeat_complaint")
def repeated(uow: UnitOfWork, heard: Happening) -> None:
    """The same matter was complained of again by the same requester.

    Supervised is the order that answers it; where it has none yet, the latest about the matter
    that a unit has or had.
    """
    case = _order_about(uow, heard)
    if case is not None:
        occasion = f"matter/{heard.facts['matter']}"
        times = _whole(heard, "times")
        consider(uow, case, occasion, heard.at, repeat_complaints=times)


@on("rechecked")
def rechecked(uow: UnitOfWork, heard: Happening) -> None:
    """The recheck of a closed order has a result."""
    if heard.facts["dissatisfied"]:
        case = find(uow.session, heard.subject_id)
        occasion = f"re_check/{heard.facts['procedure']}"
        consider(uow, case, occasion, heard.at, re_check_dissatisfied=True)


@on("reply_rejected")
def rejected(uow: UnitOfWork, heard: Happening) -> None:
    """The hotline sent a reply back; how often by now."""
    case = find(uow.session, heard.subject_id)
    times = case.ordered.rejected_count
    consider(uow, case, "reply", heard.at, rejected_replies=times)


def _is_hard(session: Session, case: Case) -> bool:
    """Whether it was granted that the matter takes longer: then it could not be solved in time."""
    granted = session.scalar(
        select(ExtensionRequest.procedure_id)
        .join(Procedure, Procedure.id == ExtensionRequest.procedure_id)
        .where(Procedure.demand_id == case.demand.id, ExtensionRequest.days_granted.is_not(None))
        .limit(1)
    )
    return granted is not None


def _times_in_vain(session: Session, case: Case) -> int:
    """How many ratings of the order were dissatisfied with something."""
    times = session.scalar(
        select(func.count()).where(
            Callback.order_id == case.ordered.id,
            or_(*(getattr(Callback, name) == "dissatisfied" for name in DIMENSIONS)),
        )
    )
    return times or 0


def _order_about(uow: UnitOfWork, heard: Happening) -> Case | None:
    """The case to supervise, under lock; none where no unit has any order about the matter."""
    told = find(uow.session, heard.subject_id)
    answers = take_other(uow, told, _whole(heard, "order_of"))
    if answers.order is not None and answers.order.lead_unit_id is not None:
        return answers
    about = [demand.id for demand in demands_of(uow.session, _whole(heard, "matter"))]
    latest = uow.session.scalar(
        select(WorkOrder.demand_id)
        .where(WorkOrder.demand_id.in_(about), WorkOrder.lead_unit_id.is_not(None))
        .order_by(WorkOrder.id.desc())
        .limit(1)
    )
    return None if latest is None else take_other(uow, told, latest)


def _whole(heard: Happening, name: str) -> int:
    return int(str(heard.facts[name]))

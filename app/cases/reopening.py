"""A closed order is opened again: asked for by people or proposed by a recheck, decided by the duty
manager. The main process begins anew for the same demand, and the history goes on.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from app import engine
from app.cases import history, second_person
from app.cases.answers import Answers
from app.cases.charge import put_in_charge
from app.cases.heirs import heir_of
from app.cases.models.demand import DemandStatus
from app.cases.models.work_order import DispatchMode, OrderStatus, WorkOrder
from app.cases.notices import register_messages
from app.cases.orders import SUBJECT, Case
from app.cases.procedures import begin, open_procedure, opened_for, opening, procedures_of
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, Actor, UnitOfWork
from app.identity.models import HandlingUnit
from app.identity.policy import Role

KIND = "reopening"
MAIN_PROCESS = "work_order"

register_messages(
    {
        "reopening_waiting": (
            Role.DUTY_MANAGER,
            Phrase(
                "工单{number}“{title}”的重开申请超时未批，请尽快审批。",
                "The request to reopen {number} “{title}” waits too long: please decide.",
            ),
        ),
    }
)


_OVER = frozenset({OrderStatus.CLOSED, OrderStatus.ARCHIVED})
_MAY_OPEN_FILED = frozenset({Role.INSPECTOR, Role.LEADER, Role.SYSTEM})
"""Who may ask for an order that is filed away: supervision has no term, requesters do."""


@opening(KIND)
def why_not_now(session: Session, case: Case, actor: Actor, _now: datetime) -> Phrase | None:
    """Only a closed order, and one request at a time. One that is filed away is opened again only
    for supervision: by an inspector, a leader or a cause; a requester's demand is registered anew.
    """
    order = case.order
    if order is None or order.status not in _OVER:
        return Phrase("只有已办结的工单可以重开。", "Only closed orders can be reopened.")
    if order.status == OrderStatus.ARCHIVED and not actor.roles & _MAY_OPEN_FILED:
        return Phrase(
            "工单已归档：请为诉求人另行登记诉求；因督办须重开的，由督办员或领导申请。",
            "The order is filed away: register a new demand. For supervision, an inspector or a "
            "leader asks to reopen it.",
        )
    if order.closing_reason == "merged":
        return Phrase(
            "工单已并入其他工单，请重开并入的那一件。",
            "The order joined another one: reopen that one.",
        )
    if order.dispatch_mode != DispatchMode.SELF and order.lead_unit_id is None:
        return Phrase(
            "工单没有承办单位，不能重开。请另行登记诉求。",
            "The order has no unit to handle it: register a new demand.",
        )
    if procedures_of(session, case.demand.id, KIND, only_open=True):
        return Phrase("已有一件重开申请待审批。", "A request is waiting already.")
    if not second_person.is_there(session, "decide_reopening", Role.DUTY_MANAGER, actor):
        return Phrase(
            "除您以外没有值班长或分管领导可以审批，请改由他人申请。",
            "Nobody but you could decide it, as duty manager or leader: let somebody else ask.",
        )
    return None


def propose(uow: UnitOfWork, case: Case, cause: str, at: datetime) -> bool:
    """Ask for a reopening by itself, once per cause; whether it could be asked for now."""
    known = opened_for(uow.session, KIND, cause) is not None
    if known or why_not_now(uow.session, case.main, SYSTEM, at) is not None:
        return False
    opened = open_procedure(uow, case.main, KIND, cause=cause, at=at)
    begin(uow, opened, message="reopening_found", at=at)
    return True


@step("decide_reopening")
def decide(_uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """A second person decides. Raises `Conflict` when the order is no longer closed."""
    if given["reopening_verdict"] == "approved" and asked.ordered.status not in _OVER:
        raise Conflict(
            Phrase(
                "工单已在办理，不能重开：请选择不同意。",
                "The order is in hand already: refuse.",
            )
        )


@service(Phrase("重开工单", "Reopen the order"))
def reopen_order(occasion: Occasion) -> None:
    """The order is handled again: a new main process, the same demand, one history.

    Its unit has it at once. Where that has been merged, split or closed meanwhile, the order waits
    for the dispatcher, with the unit's heir as proposal.
    """
    uow, case, at = occasion.uow, occasion.case.main, occasion.at
    demand, order = case.demand, case.ordered
    order.reopened_count += 1
    order.closed_at = order.closing_reason = order.published = None
    demand.status, demand.closed_at = DemandStatus.ORDERED, None
    facts: dict[str, object] = {"reopened": order.reopened_count}
    is_gone = _has_lost_its_unit(uow.session, order)
    if is_gone:
        heir = heir_of(uow.session, order.lead_unit_id or 0, demand.category)
        facts |= {"unit_before": order.lead_unit_id, "unit": heir}
        put_in_charge(uow, order, None, at)
        order.next_unit_id = heir
        order.status = OrderStatus.PENDING_DISPATCH
        order.replied_at = order.dispatched_at = order.signed_at = order.contacted_at = None
    history.record(uow, demand.id, "reopen_order", facts=facts, at=at)
    demand.process_id = engine.create(uow, MAIN_PROCESS, SUBJECT, demand.id)
    engine.start(
        uow,
        demand.process_id,
        {
            "anonymous": demand.anonymous,
            "urgency": demand.urgency,
            "dispatch_mode": order.dispatch_mode,
            "signed": not is_gone,
        },
        message="reopened_without_unit" if is_gone else "reopened",
        at=at,
    )


def _has_lost_its_unit(session: Session, order: WorkOrder) -> bool:
    if order.dispatch_mode == DispatchMode.SELF or order.lead_unit_id is None:
        return False
    return not session.get_one(HandlingUnit, order.lead_unit_id).active

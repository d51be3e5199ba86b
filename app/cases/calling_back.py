"""The hotline asks the requester: efficiency, attitude, result, and solved or not."""

from sqlalchemy import case, func, select

from app.cases import clocks
from app.cases.answers import Answers
from app.cases.models.work_order import Callback, OrderStatus
from app.cases.orders import Case
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork

ATTEMPTS = 3
"""[P] How often it is tried, half a working day apart, before no contact is recorded."""

DIMENSIONS = ("efficiency", "attitude", "result")


@step("callback")
def callback(uow: UnitOfWork, asked: Case, given: Answers) -> Facts:
    """Keep the attempt; three dimensions and solved or not are asked of everyone reached.

    Silence is never satisfaction: who was not reached has no rating. Dissatisfied is whoever
    is dissatisfied with one of the three.
    """
    order = asked.ordered
    reached = given["reached"] == "yes"
    if reached:
        missing = [field for field in (*DIMENSIONS, "solved") if not given[field]]
        if missing:
            raise Invalid(
                Phrase("已接通的，须逐项询问评价。", "When reached, ask for every rating."),
                {field: Phrase("请选择。", "Choose one.") for field in missing},
            )
    last, last_reached = _attempts(uow, order.id)
    uow.session.add(
        Callback(
            order_id=order.id,
            attempt=last + 1,
            called_at=uow.now,
            called_by=uow.actor.user_id,
            reached=reached,
            efficiency=given["efficiency"] if reached else None,
            attitude=given["attitude"] if reached else None,
            result=given["result"] if reached else None,
            solved=given["solved"] == "yes" if reached else None,
        )
    )
    outcome = _outcome(given, reached, last + 1 - last_reached)
    if outcome != "try_again":
        clocks.stop(uow, asked, "callback", uow.now)
    if outcome in {"satisfied", "no_contact"}:
        order.status = OrderStatus.PENDING_CLOSURE
    return {"callback_outcome": outcome}


def _outcome(given: Answers, reached: bool, attempts: int) -> str:
    if not reached:
        return "try_again" if attempts < ATTEMPTS else "no_contact"
    if any(given[field] == "dissatisfied" for field in DIMENSIONS):
        return "dissatisfied"
    return "satisfied"


def _attempts(uow: UnitOfWork, order_id: int) -> tuple[int, int]:
    """The last attempt, and the last at which somebody was reached: after that it starts anew."""
    last, last_reached = uow.session.execute(
        select(
            func.coalesce(func.max(Callback.attempt), 0),
            func.coalesce(func.max(case((Callback.reached, Callback.attempt))), 0),
        ).where(Callback.order_id == order_id)
    ).one()
    return last, last_reached

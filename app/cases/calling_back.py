"""The hotline asks the requester: efficiency, attitude, result, and solved or not.

What an attempt leads to is the table `callback`, which the diagram asks after each.
"""

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.cases.answers import Answers
from app.cases.models.work_order import Callback
from app.cases.orders import Case
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork

DIMENSIONS = ("efficiency", "attitude", "result")


@step("callback")
def callback(uow: UnitOfWork, asked: Case, given: Answers) -> Facts:
    """Keep the attempt; three dimensions and solved or not are asked of whoever will rate.

    Silence is never satisfaction: who was not reached or declined has no rating. Gives
    `attempts`, how often in a row nobody was reached, this time included.
    """
    order = asked.ordered
    rated = given["reached"] == "yes"
    if rated:
        missing = [field for field in (*DIMENSIONS, "solved") if not given[field]]
        if missing:
            raise Invalid(
                Phrase(
                    "已接通的，须逐项询问评价；诉求人不愿评价的，请选择“不愿评价”。",
                    "When reached, ask for every rating; who will not rate is entered as such.",
                ),
                {field: Phrase("请选择。", "Choose one.") for field in missing},
            )
    last, last_reached = _attempts(uow.session, order.id)
    uow.session.add(
        Callback(
            order_id=order.id,
            attempt=last + 1,
            called_at=uow.now,
            called_by=uow.actor.user_id,
            reached=given["reached"] != "no",
            efficiency=given["efficiency"] if rated else None,
            attitude=given["attitude"] if rated else None,
            result=given["result"] if rated else None,
            solved=given["solved"] == "yes" if rated else None,
        )
    )
    return {"attempts": last + 1 - last_reached}


def last_rating(session: Session, order_id: int) -> Callback | None:
    """The latest attempt at which the requester gave a rating, if there is one."""
    return session.scalar(
        select(Callback)
        .where(Callback.order_id == order_id, Callback.result.is_not(None))
        .order_by(Callback.attempt.desc())
        .limit(1)
    )


def _attempts(session: Session, order_id: int) -> tuple[int, int]:
    """The last attempt, and the last at which somebody was reached: after that it starts anew."""
    last, last_reached = session.execute(
        select(
            func.coalesce(func.max(Callback.attempt), 0),
            func.coalesce(func.max(case((Callback.reached, Callback.attempt))), 0),
        ).where(Callback.order_id == order_id)
    ).one()
    return last, last_reached

"""The hotline asks the requester: efficiency, attitude, result, and solved or not.

What an attempt leads to is the table `callback`, which the diagram asks after each. Who was not
reached gets a link by text message and may rate once, while the process waits for it.
"""

import secrets
from collections.abc import Mapping

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from app import engine
from app.cases import notices
from app.cases.answers import Answers
from app.cases.models.rating import RatingLink
from app.cases.models.work_order import Callback, RatingWay, WorkOrder
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import SUBJECT, Case, take
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core import facts
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.engine import MessageWaitRow, ProcessRow

DIMENSIONS = ("efficiency", "attitude", "result")
RATINGS: Mapping[str, Phrase] = {
    "satisfied": Phrase("满意", "Satisfied"),
    "basically_satisfied": Phrase("基本满意", "Basically satisfied"),
    "dissatisfied": Phrase("不满意", "Dissatisfied"),
}
RATER = Actor(user_id=None, name="诉求人")
"""Acts when the requester rates by the link."""

_BY_LINK = "rated_by_link"
OVER = Phrase(
    "这个评价链接已经用过，或者评价时间已过。如仍有意见，请拨打 12345。",
    "This link was used already, or the time to rate is over. If you still have something to "
    "say, please call 12345.",
)

register_messages(
    {
        "rating_link": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}已办理，未能与您取得联系。请打开 {site}/rate/{code} 评价。",
                "Your demand {number} was handled and you could not be reached: please rate it at "
                "{site}/rate/{code} .",
            ),
        )
    }
)


@step("callback", gives={"attempts"})
def callback(uow: UnitOfWork, asked: Case, given: Answers) -> Facts:
    """Keep the attempt; three dimensions and solved or not are asked of whoever will rate.

    Silence is never satisfaction: who was not reached or declined has no rating. Gives
    `attempts`, how often in a row nobody was reached, this time included.
    """
    last, in_vain = _attempts(uow.session, asked.ordered)
    keep_attempt(uow, asked, given, RatingWay.PHONE, last + 1)
    return {"attempts": in_vain + (given["reached"] == "no")}


@service(Phrase("发送评价链接", "Send the link to a rating"))
def send_rating_link(occasion: Occasion) -> None:
    """The requester may rate once by a link; its code stays out of the history."""
    uow, asked = occasion.uow, occasion.case
    link = RatingLink(
        code=secrets.token_urlsafe(16), order_id=asked.ordered.id, sent_at=occasion.at
    )
    uow.session.add(link)
    notices.tell(
        uow,
        asked,
        "rating_link",
        at=occasion.at,
        element_id=occasion.element_id,
        secret_values={"code": link.code},
    )


def rate_by_link(uow: UnitOfWork, code: str, given: Mapping[str, object]) -> Case:
    """The requester rates by the link with this code; the case goes on.

    Raises `NotFound` for an unknown code, `Conflict` when it was used or the time is over,
    `Invalid` with the fields that are missing.
    """
    asked = take(uow, link_of(uow.session, code)[1].demand_id)
    link, order = link_of(uow.session, code, lock=True)
    if not is_open(uow.session, link, order):
        raise Conflict(OVER)
    checked = rating_of(given)
    link.used_at = uow.now
    rating = keep_attempt(
        uow, asked, {"reached": "yes", **checked}, RatingWay.LINK, next_attempt(uow.session, order)
    )
    engine.send_to_subject(
        uow,
        SUBJECT,
        asked.demand.id,
        _BY_LINK,
        {"reached": "yes", **{name: getattr(rating, name) for name in DIMENSIONS}},
    )
    return asked


def rating_of(given: Mapping[str, object]) -> dict[str, str]:
    """A rating by a link, complete. Raises `Invalid` with the fields that are missing or wrong."""
    allowed = {**dict.fromkeys(DIMENSIONS, frozenset(RATINGS)), "solved": frozenset({"yes", "no"})}
    missing = [name for name, values in allowed.items() if given.get(name) not in values]
    if missing:
        raise Invalid(
            Phrase("请逐项作出评价。", "Please rate every point."),
            {name: Phrase("请选择。", "Choose one.") for name in missing},
        )
    return {name: str(given[name]) for name in allowed}


def link_of(session: Session, code: str, *, lock: bool = False) -> tuple[RatingLink, WorkOrder]:
    """The link with this code and its order. Raises `NotFound`."""
    found = select(RatingLink).where(RatingLink.code == code)
    link = session.scalar(found.with_for_update() if lock else found)
    if link is None:
        raise NotFound(
            Phrase(
                "没有这个评价链接，请核对短信中的地址。",
                "There is no such link: compare it with the one in the message.",
            )
        )
    return link, session.get_one(WorkOrder, link.order_id)


def is_open(session: Session, link: RatingLink, order: WorkOrder) -> bool:
    """Whether the requester may still rate by the link."""
    newest = select(func.max(RatingLink.id)).where(RatingLink.order_id == order.id)
    waits = (
        select(MessageWaitRow.id)
        .join(ProcessRow, ProcessRow.id == MessageWaitRow.process_id)
        .where(
            MessageWaitRow.name == _BY_LINK,
            ProcessRow.subject_kind == SUBJECT,
            ProcessRow.subject_id == order.demand_id,
            ProcessRow.status == "active",
        )
        .limit(1)
    )
    return (
        link.used_at is None
        and session.scalar(newest) == link.id
        and session.scalar(waits) is not None
    )


def keep_attempt(
    uow: UnitOfWork, asked: Case, given: Mapping[str, object], way: RatingWay, number: int
) -> Callback:
    """Attempt `number` with its rating, if there is one. Raises `Invalid` for half a rating."""
    order = asked.ordered
    rated = given["reached"] == "yes"
    missing = [field for field in (*DIMENSIONS, "solved") if rated and not given.get(field)]
    if missing:
        raise Invalid(
            Phrase(
                "已接通的，须逐项询问评价；诉求人不愿评价的，请选择“不愿评价”。",
                "When reached, ask for every rating; who will not rate is entered as such.",
            ),
            {field: Phrase("请选择。", "Choose one.") for field in missing},
        )
    kept = Callback(
        order_id=order.id,
        attempt=number,
        called_at=uow.now,
        called_by=uow.actor.user_id,
        reached=given["reached"] != "no",
        efficiency=given["efficiency"] if rated else None,
        attitude=given["attitude"] if rated else None,
        result=given["result"] if rated else None,
        solved=given["solved"] == "yes" if rated else None,
        way=way,
        unit_id=order.lead_unit_id,
    )
    uow.session.add(kept)
    uow.session.flush()
    if rated:
        facts.happened(
            uow,
            "rated",
            asked.demand.id,
            rating=kept.id,
            way=str(way),
            solved=kept.solved,
            **{name: getattr(kept, name) for name in DIMENSIONS},
        )
    return kept


def last_rating(session: Session, order_id: int) -> Callback | None:
    """The latest attempt at which the requester gave a rating, if there is one."""
    return session.scalar(
        select(Callback)
        .where(Callback.order_id == order_id, Callback.result.is_not(None))
        .order_by(Callback.attempt.desc())
        .limit(1)
    )


def next_attempt(session: Session, order: WorkOrder) -> int:
    """The number of the next attempt, of whichever way."""
    return _attempts(session, order)[0] + 1


def _attempts(session: Session, order: WorkOrder) -> tuple[int, int]:
    """The last attempt, and how often in a row nobody was reached since the reply was reviewed.

    An order that was referred elsewhere had no reply to review: all attempts count.
    """
    since = order.reviewed_at or order.created_at
    this_round = and_(Callback.way == RatingWay.PHONE, Callback.called_at >= since)
    last_reached = (
        select(func.coalesce(func.max(Callback.attempt), 0))
        .where(Callback.order_id == order.id, Callback.reached)
        .scalar_subquery()
    )
    last, in_vain = session.execute(
        select(
            func.coalesce(func.max(Callback.attempt), 0),
            func.count(case((and_(this_round, Callback.attempt > last_reached), 1))),
        ).where(Callback.order_id == order.id)
    ).one()
    return last, in_vain

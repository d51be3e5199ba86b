"""Who joined an order rates it, too: by a link of their own, when the order is closed.

The order counts once, with the rating of whoever it was made for; those of the others stand beside
it. One that is dissatisfied proposes to reopen the order, which the duty manager decides.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases import clocks, history, reopening
from app.cases.calling_back import DIMENSIONS, OVER, rating_of
from app.cases.models.demand import Demand
from app.cases.models.rating import JoinedRating
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.notices import REQUESTER, register_messages, tell
from app.cases.orders import Case, take
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork

register_messages(
    {
        "merged_result_to_rate": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}已随工单{order}办结：{reply}请打开 {site}/rate/{code} 评价。",
                "Your demand {number} was closed with work order {order}: {reply} Please rate it "
                "at {site}/rate/{code} .",
            ),
        )
    }
)


def may_rate(case: Case, demand: Demand, asked: Sequence[str]) -> bool:
    """Whether a requester who joined the order is asked: nobody is who is anonymous or gave no
    number, nor twice ([P]); `asked` are the numbers of those who are.
    """
    phone = demand.requester_phone
    is_known = bool(phone) and not demand.anonymous
    return is_known and phone != case.demand.requester_phone and phone not in asked


def ask(uow: UnitOfWork, case: Case, demand: Demand, values: Mapping[str, str]) -> None:
    """Tell a requester who joined the order the result, with a link to rate it.

    The link is open as long as the table of limits gives for calling back.
    """
    terms = clocks.terms_of(uow.session, case.demand, "callback")
    calendar = clocks.calendar_of(uow.session, None)
    link = JoinedRating(
        code=secrets.token_urlsafe(16),
        order_id=case.ordered.id,
        demand_id=demand.id,
        sent_at=uow.now,
        open_until=clocks.due_of(calendar, uow.now, terms).due_at,
    )
    uow.session.add(link)
    secret = {"code": link.code}
    tell(uow, Case(demand), "merged_result_to_rate", values=values, secret_values=secret)


def rate(uow: UnitOfWork, link: JoinedRating, given: Mapping[str, object]) -> None:
    """The requester rates by the link, once.

    Raises `Conflict` when it was used or the time is over, `Invalid` with the fields that are
    missing.
    """
    case = take(uow, uow.session.get_one(WorkOrder, link.order_id).demand_id)
    uow.session.refresh(link, with_for_update=True)
    if not is_open(uow.session, link, uow.now):
        raise Conflict(OVER)
    for name, value in rating_of(given).items():
        setattr(link, name, value == "yes" if name == "solved" else value)
    link.rated_at = uow.now
    facts = {"joined": link.demand_id, "dissatisfied": is_dissatisfied(link)}
    history.record(uow, case.demand.id, "joined_rated", facts=facts)
    if is_dissatisfied(link):
        reopening.propose(uow, case, f"joined_rating/{link.id}", uow.now)


def is_dissatisfied(rating: JoinedRating) -> bool:
    """Whether a given rating finds fault with anything."""
    return rating.solved is False or any(
        getattr(rating, name) == "dissatisfied" for name in DIMENSIONS
    )


def is_open(session: Session, link: JoinedRating, now: datetime) -> bool:
    """Whether the requester may still rate: the order is closed, and this is the latest link."""
    newest = select(func.max(JoinedRating.id)).where(JoinedRating.demand_id == link.demand_id)
    return (
        link.rated_at is None
        and now <= link.open_until
        and session.get_one(WorkOrder, link.order_id).status == OrderStatus.CLOSED
        and session.scalar(newest) == link.id
    )


def link_of(session: Session, code: str) -> JoinedRating | None:
    """The link with this code, if it is one of somebody who joined an order."""
    return session.scalar(select(JoinedRating).where(JoinedRating.code == code))


def ratings_of(session: Session, order_id: int) -> Sequence[JoinedRating]:
    """Whoever joined the order and was asked, oldest first; those who rated have their ratings."""
    return session.scalars(
        select(JoinedRating).where(JoinedRating.order_id == order_id).order_by(JoinedRating.id)
    ).all()

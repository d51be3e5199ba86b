"""A unit objects to a rating that is counted to it; the inspector decides.

An approved objection keeps the rating out of the unit's score. The rating itself stays, and so
does what followed from it.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import clocks, history
from app.cases.answers import Answers
from app.cases.calling_back import DIMENSIONS, last_rating
from app.cases.models.rating import RatingObjection
from app.cases.models.work_order import Callback
from app.cases.notices import register_messages
from app.cases.orders import Case
from app.cases.procedures import opening
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.policy import Role
from app.worktime.deadlines import deadline

register_messages(
    {
        "rating_objection_waiting": (
            Role.INSPECTOR,
            Phrase(
                "工单{number}“{title}”的评价异议超时未复核，请尽快处理。",
                "The objection to the rating of {number} “{title}” waits too long: please decide.",
            ),
        ),
        "rating_excluded": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的评价异议成立，该评价不计入贵单位考核。",
                "The objection on {number} “{title}” was right: the rating is not counted to your "
                "unit.",
            ),
        ),
        "rating_kept": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的评价异议不成立，评价有效。",
                "The objection on {number} “{title}” was refused: the rating counts.",
            ),
        ),
    }
)


@opening("rating_objection")
def why_not_now(session: Session, case: Case, actor: Actor, now: datetime) -> Phrase | None:
    """One objection to a dissatisfied rating, by the unit it is counted to, in time."""
    rating = last_rating(session, case.order.id) if case.order is not None else None
    if rating is None or not _is_dissatisfied(rating):
        return Phrase(
            "没有可以提出异议的不满意评价。", "There is no dissatisfied rating to object to."
        )
    if rating.unit_id is None or rating.unit_id != actor.unit_id:
        return Phrase("这次评价不是对贵单位的。", "The rating is not one of your unit.")
    if session.scalar(
        select(RatingObjection.procedure_id).where(RatingObjection.callback_id == rating.id)
    ):
        return Phrase(
            "对这次评价已提出过异议，每次评价只能提一次。",
            "Your unit has objected to this rating: that is possible once.",
        )
    if now > _last_moment(session, case, rating):
        return Phrase("异议期已过，评价有效。", "The time to object is over: the rating counts.")
    return None


@step("rating_objected")
def ask(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """The liaison objects with a ground, the facts and evidence."""
    procedure = asked.procedure
    assert procedure is not None
    rating = last_rating(uow.session, asked.ordered.id)
    assert rating is not None  # the rule for opening has looked
    assert rating.unit_id is not None
    procedure.unit_id = rating.unit_id
    uow.session.add(
        RatingObjection(
            procedure_id=procedure.id,
            callback_id=rating.id,
            unit_id=rating.unit_id,
            ground=str(given["objection_ground"]),
            statement=str(given["objection_statement"]),
        )
    )


@step("decide_rating_objection")
def decide(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """The inspector decides, once."""
    objection = objection_of(uow.session, asked)
    objection.approved = given["rating_verdict"] == "approved"


@service(Phrase("评价不计入考核", "Exclude the rating"))
def exclude_rating(occasion: Occasion) -> None:
    """The rating is not counted to the unit; it is not deleted."""
    uow, asked = occasion.uow, occasion.case
    objection = objection_of(uow.session, asked)
    rating = uow.session.get_one(Callback, objection.callback_id)
    rating.excluded_by = objection.procedure_id
    history.record(
        uow, asked.demand.id, "exclude_rating", facts={"rating": rating.id}, at=occasion.at
    )


def objection_of(session: Session, asked: Case) -> RatingObjection:
    """The objection that a procedure is about."""
    assert asked.procedure is not None
    return session.get_one(RatingObjection, asked.procedure.id)


def _last_moment(session: Session, case: Case, rating: Callback) -> datetime:
    """Until when the unit may object, counted from the rating in the unit's calendar."""
    terms = clocks.terms_of(session, case.demand, "rating_objection")
    calendar = clocks.calendar_of(session, rating.unit_id)
    return deadline(calendar, rating.called_at, terms.limit, terms.policy).due_at


def _is_dissatisfied(rating: Callback) -> bool:
    return rating.solved is False or any(
        getattr(rating, dimension) == "dissatisfied" for dimension in DIMENSIONS
    )

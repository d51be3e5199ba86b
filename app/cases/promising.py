"""A unit commits to a later date: the order goes on as ever, and the promise is counted apart.

The limit does not move (that is an extension). At the date the unit is reminded to report whether
it kept its word; the promise outlives the order.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cases import notices
from app.cases.answers import Answers
from app.cases.models.promise import Promise
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import Case
from app.cases.procedures import opening, procedures_of
from app.cases.steps import Facts, step
from app.core import facts
from app.core.clock import CHINA
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.policy import Role

LONGEST = timedelta(days=366)
"""[P] How far ahead a unit may promise."""

register_messages(
    {
        "promise_told": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}，承办单位承诺于{due}前落实。",
                "The unit that handles your demand {number} promises to see to it by {due}.",
            ),
        ),
        "promise_due": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的承诺事项已到期，请报告落实情况。",
                "What was promised for {number} “{title}” is due: please report on it.",
            ),
        ),
    }
)


@opening("promise")
def why_not_now(session: Session, case: Case, _actor: Actor, _now: datetime) -> Phrase | None:
    """One promise at a time, for an order that a unit has signed for and that is not closed."""
    order = case.order
    if order is None or order.signed_at is None or order.closed_at is not None:
        return Phrase(
            "只有已签收、未办结的工单可以登记承诺。",
            "A promise is made for an order that is signed for and not closed.",
        )
    if procedures_of(session, case.demand.id, "promise", only_open=True):
        return Phrase("已有一件承诺待落实。", "A promise is open already.")
    return None


@step("promise_made")
def make(uow: UnitOfWork, opened: Case, given: Answers) -> Facts:
    """The liaison promises a date, which the requester is told. Gives `promised_until`."""
    procedure, unit_id = opened.procedure, opened.unit_id
    assert procedure is not None
    assert unit_id is not None  # only an order with a unit has a promise
    promised_on = given["promised_on"]
    assert isinstance(promised_on, date)  # the form is checked
    today = uow.now.astimezone(CHINA).date()
    if not today < promised_on <= today + LONGEST:
        wrong = Phrase(
            "承诺日期须在今天之后、一年之内。", "The date must lie ahead, within a year."
        )
        raise Invalid(wrong, {"promised_on": wrong})
    procedure.unit_id = unit_id
    words = str(given["promise_words"])
    uow.session.add(
        Promise(procedure_id=procedure.id, unit_id=unit_id, promised_on=promised_on, words=words)
    )
    notices.tell(uow, opened, "promise_told", values={"due": promised_on.isoformat()})
    until = datetime.combine(promised_on + timedelta(days=1), time(), CHINA)
    return {"promised_until": until.isoformat()}


@step("report_promise")
def report(uow: UnitOfWork, opened: Case, given: Answers) -> None:
    """The liaison says whether the promise was kept; a broken one is made known."""
    assert opened.procedure is not None
    promise = uow.session.get_one(Promise, opened.procedure.id)
    promise.kept = given["promise_outcome"] == "kept"
    if not promise.kept:
        facts.happened(
            uow,
            "promise_broken",
            opened.demand.id,
            procedure=opened.procedure.id,
            unit=promise.unit_id,
            promised_on=promise.promised_on.isoformat(),
        )


def counted(session: Session) -> Mapping[int, tuple[int, int, int]]:
    """By unit: how many promises it made, kept and broke; the others wait."""
    rows = session.execute(
        select(
            Promise.unit_id,
            func.count(),
            func.count().filter(Promise.kept.is_(True)),
            func.count().filter(Promise.kept.is_(False)),
        ).group_by(Promise.unit_id)
    )
    return {unit_id: (made, kept, broken) for unit_id, made, kept, broken in rows}

"""A unit commits to a later date: the order goes on as ever, and the promise is counted apart.

The limit does not move (that is an extension). At the date the unit is reminded to report whether
it kept its word; the promise outlives the order. What is counted is read from its row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.cases import notices
from app.cases.answers import Answers
from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.promise import Promise
from app.cases.models.work_order import WorkOrder
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import Case
from app.cases.procedures import opening, procedures_of
from app.cases.steps import Facts, step
from app.core.clock import CHINA, month_of
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.models import HandlingUnit
from app.identity.policy import Role

LONGEST = timedelta(days=366)
"""[P] How far ahead a unit may promise."""


class Standing(StrEnum):
    """How a promise stands."""

    OPEN = "open"
    DUE = "due"
    """Its day is over, and the unit has not reported."""
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Count:
    """How many promises a unit made, kept and broke; the others wait."""

    made: int
    kept: int
    broken: int

    @property
    def waiting(self) -> int:
        """Those not reported on yet."""
        return self.made - self.kept - self.broken


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
        "promise_broken": (
            Role.INSPECTOR,
            Phrase(
                "工单{number}“{title}”的承诺件（{due}前）未能兑现，请关注。",
                "What was promised for {number} “{title}” by {due} was not done: please follow up.",
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


@step("promise_made", gives={"promised_until"})
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
    """The liaison says whether the promise was kept; of a broken one the inspectors are told."""
    assert opened.procedure is not None
    promise = uow.session.get_one(Promise, opened.procedure.id)
    promise.kept = given["promise_outcome"] == "kept"
    if not promise.kept:
        due = promise.promised_on.isoformat()
        notices.tell(uow, opened, "promise_broken", values={"due": due})


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise with the order it was made for."""

    promise: Promise
    procedure: Procedure
    demand: Demand
    order: WorkOrder
    unit: HandlingUnit


def promises(
    session: Session,
    today: date,
    *,
    unit_id: int | None = None,
    standing: Standing | None = None,
    month: date | None = None,
    page: int = 1,
    size: int = 20,
) -> tuple[list[Promised], int]:
    """The promises, those whose date comes first first, and how many there are in all.

    Of one unit, in one standing and made in one month (named by its first day) on request.
    """
    chosen = (
        select(Promise, Procedure, Demand, WorkOrder, HandlingUnit)
        .join(Procedure, Procedure.id == Promise.procedure_id)
        .join(Demand, Demand.id == Procedure.demand_id)
        .join(WorkOrder, WorkOrder.demand_id == Demand.id)
        .join(HandlingUnit, HandlingUnit.id == Promise.unit_id)
    )
    if unit_id is not None:
        chosen = chosen.where(Promise.unit_id == unit_id)
    if standing is not None:
        chosen = chosen.where(*_stands(standing, today))
    if month is not None:
        chosen = chosen.where(*_made_in(month))
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    page = max(1, min(page, -(-total // size) or 1))
    rows = session.execute(
        chosen.order_by(Promise.promised_on, Promise.procedure_id)
        .limit(size)
        .offset((page - 1) * size)
    )
    return [Promised(*row) for row in rows], total


def counted(session: Session, month: date | None = None) -> Mapping[int, Count]:
    """By unit: the promises it made, all or those of one month (named by its first day).

    They are counted by the month in which they were made (三门), and by nothing else.
    """
    rows = (
        select(
            Promise.unit_id,
            func.count(),
            func.count().filter(Promise.kept.is_(True)),
            func.count().filter(Promise.kept.is_(False)),
        )
        .join(Procedure, Procedure.id == Promise.procedure_id)
        .group_by(Promise.unit_id)
    )
    if month is not None:
        rows = rows.where(*_made_in(month))
    return {unit: Count(made, kept, broken) for unit, made, kept, broken in session.execute(rows)}


def standing_of(promise: Promise, today: date) -> Standing:
    """How a promise stands today."""
    if promise.kept is not None:
        return Standing.KEPT if promise.kept else Standing.BROKEN
    return Standing.DUE if promise.promised_on < today else Standing.OPEN


def _stands(standing: Standing, today: date) -> list[ColumnElement[bool]]:
    match standing:
        case Standing.OPEN:
            return [Promise.kept.is_(None), Promise.promised_on >= today]
        case Standing.DUE:
            return [Promise.kept.is_(None), Promise.promised_on < today]
        case _:
            return [Promise.kept.is_(standing is Standing.KEPT)]


def _made_in(month: date) -> list[ColumnElement[bool]]:
    begins, ends = month_of(month)
    return [Procedure.opened_at >= begins, Procedure.opened_at < ends]

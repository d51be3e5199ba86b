"""A sample of the closed orders is asked once more (回访复核): who was called satisfied may not be.

The sample of a day is drawn by a seed that is kept, so that anybody can draw it again.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import reopening, tables
from app.cases.answers import Answers
from app.cases.calling_back import keep_attempt, next_attempt
from app.cases.models.demand import Demand
from app.cases.models.rating import ReCheckSample
from app.cases.models.work_order import Callback, OrderStatus, RatingWay, WorkOrder
from app.cases.notices import register_messages
from app.cases.orders import Case, take
from app.cases.procedures import begin, open_procedure, procedures_of
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core import facts
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import Role

KIND = "recheck"
DAYS = 7
"""[P] How many days back a sample is still drawn, where the ticker was down."""

register_messages(
    {
        "recheck_waiting": (
            Role.CALLBACK_AGENT,
            Phrase(
                "工单{number}“{title}”的回访复核已超时，请尽快联系诉求人。",
                "The recheck of {number} “{title}” is overdue: please call the requester.",
            ),
        )
    }
)


def days_to_draw(session: Session, today: date) -> list[date]:
    """The days of the past week whose sample was not drawn yet, oldest first."""
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    drawn = set(session.scalars(select(ReCheckSample.day).where(ReCheckSample.day.in_(days))))
    return [day for day in days if day not in drawn]


def draw(uow: UnitOfWork, day: date) -> int:
    """Draw the sample of the orders closed on `day` and open their rechecks; how many were drawn.

    The share is the table `re_check_sample`'s. Drawn already: nothing happens, the answer is 0.
    """
    if uow.session.get(ReCheckSample, day) is not None:
        return 0
    seed = f"re_check:{day.isoformat()}"
    eligible = _closed_on(uow, day)
    answer = tables.answer(uow.session, None, "re_check_sample", {"closed": len(eligible)})
    percent = int(answer.outputs["percent"])
    drawn = sample(
        [number for number, _demand_id in eligible],
        seed,
        percent,
        int(answer.outputs["at_least"]),
    )
    uow.session.add(
        ReCheckSample(
            day=day,
            seed=seed,
            percent=percent,
            closed=len(eligible),
            drawn=len(drawn),
            drawn_at=uow.now,
        )
    )
    for demand_id in sorted(demand_id for number, demand_id in eligible if number in drawn):
        case = take(uow, demand_id)
        begin(uow, open_procedure(uow, case, KIND, cause=f"{seed}:{demand_id}"))
    return len(drawn)


def sample(numbers: Sequence[str], seed: str, percent: int, at_least: int = 0) -> frozenset[str]:
    """The orders of the sample: those whose number has the smallest digest with the seed.

    `percent` is 0–100, rounded up to whole orders, of which there are `at_least` so many.
    """
    count = max(at_least, -(-len(numbers) * percent // 100))
    ranked = sorted(
        numbers, key=lambda number: hashlib.sha256(f"{seed}:{number}".encode()).digest()
    )
    return frozenset(ranked[:count])


@step("re_check", gives={"attempts"})
def re_check(uow: UnitOfWork, asked: Case, given: Answers) -> Facts:
    """The requester is asked once more. Gives `attempts`, how often nobody was reached so far."""
    procedure = asked.procedure
    assert procedure is not None
    before = uow.session.scalars(
        select(Callback.reached).where(
            Callback.order_id == asked.ordered.id,
            Callback.way == RatingWay.RE_CHECK,
            Callback.called_at >= procedure.opened_at,
        )
    ).all()
    number = next_attempt(uow.session, asked.ordered)
    keep_attempt(uow, asked, given, RatingWay.RE_CHECK, number)
    return {"attempts": len(before) + 1}


@service(Phrase("提请重开", "Propose to reopen"))
def propose_reopening(occasion: Occasion) -> None:
    """Who is dissatisfied at the recheck is a ground for supervision and for a reopening."""
    uow, case = occasion.uow, occasion.case
    procedure = case.procedure
    assert procedure is not None  # only the diagram of the recheck names this service
    facts.happened(
        uow,
        "rechecked",
        case.demand.id,
        at=occasion.at,
        procedure=procedure.id,
        dissatisfied=True,
    )
    reopening.propose(uow, case, f"recheck:{procedure.id}", occasion.at)


def _closed_on(uow: UnitOfWork, day: date) -> list[tuple[str, int]]:
    """Number and demand of every order closed on a day that may be asked about again."""
    begins = datetime(day.year, day.month, day.day, tzinfo=CHINA)
    rows = uow.session.execute(
        select(WorkOrder.number, WorkOrder.demand_id)
        .join(Demand, Demand.id == WorkOrder.demand_id)
        .where(
            WorkOrder.closed_at >= begins,
            WorkOrder.closed_at < begins + timedelta(days=1),
            WorkOrder.status == OrderStatus.CLOSED,
            WorkOrder.closing_reason != "merged",
            Demand.anonymous.is_(False),
            Demand.requester_phone != "",
        )
        .order_by(WorkOrder.number)
    )
    return [
        (number, demand_id)
        for number, demand_id in rows
        if not procedures_of(uow.session, demand_id, KIND, only_open=True)
    ]

"""An order is closed with a reason and filed; what is published, and when it is filed away.

Which reason may be used, who signs and when the file needs a note is the table `closing`; whether
the result is published is `closing_publication`.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from app.cases import clocks, history, knowledge, merging, queries, tables, transfer_110
from app.cases.answers import Answers
from app.cases.calling_back import last_rating
from app.cases.models.demand import DemandStatus
from app.cases.models.procedure import Procedure
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.orders import Case, take
from app.cases.replying import opinion_missing
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core import facts
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork

ARCHIVED_AFTER = timedelta(days=30)
"""[P] How long a closed order can still be reopened before it is filed away."""


@service(Phrase("转入待办结", "Wait for closure"))
def await_closure(occasion: Occasion) -> None:
    """Nothing more is asked of unit or requester: the order waits to be closed."""
    occasion.case.ordered.status = OrderStatus.PENDING_CLOSURE


@step("close", gives={"signed_by"})
def close(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The reviewer states how the matter ended.

    Gives `signed_by`, who must sign. Raises `Invalid` where the table does not allow the reason
    or wants a note.
    """
    order = case.ordered
    judged = queries.last_answers(uow.session, case.demand.id, "judge") or {}
    outputs = tables.decide(
        uow,
        case.demand,
        "closing",
        {
            "closing_reason": given["closing_reason"],
            "solved": _solved(uow, order),
            "judgement": judged.get("judgement"),
            "re_handled": order.re_handled_count,
        },
    ).outputs
    if not outputs["allowed"]:
        reason = Phrase(str(outputs["refusal"]), str(outputs["refusal_en"]))
        raise Invalid(reason, {"closing_reason": reason})
    if outputs["note_required"] and not given["closing_note"]:
        raise Invalid(
            Phrase(
                "以这一结论办结，须写归档说明。请写明依据或余下事项如何处理。",
                "To close for this reason, write a note for the file: the grounds, or what "
                "becomes of the rest.",
            ),
            {"closing_note": Phrase("请填写归档说明。", "Write a note for the file.")},
        )
    order.closing_reason = str(given["closing_reason"])
    return {"signed_by": outputs["signed_by"]}


@step("sign_closure")
def sign_closure(_uow: UnitOfWork, _case: Case, given: Answers) -> None:
    """The leader signs what ends against the requester's will, or gives it back with a reason."""
    if given["signature"] == "rejected" and not given["signature_opinion"]:
        raise opinion_missing("signature_opinion")


@service(Phrase("停钟归档", "Stop all clocks and file"))
def close_order(occasion: Occasion) -> None:
    """Order and demand are closed; no clock of theirs runs on. What was not accepted stays so."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    order, demand = case.ordered, case.demand
    order.status = OrderStatus.CLOSED
    order.closed_at = at
    order.published = _is_published(uow, case)
    if demand.status != DemandStatus.NOT_ACCEPTED:
        demand.status = DemandStatus.CLOSED
        demand.closed_at = at
    clocks.stop_all(uow, case, at)
    history.record(
        uow,
        demand.id,
        "close_order",
        facts={"reason": order.closing_reason, "published": order.published},
        at=at,
    )
    knowledge.note_gap(uow, case, at)
    merging.tell_joined(uow, case)
    transfer_110.ask_to_return(uow, case, at)
    facts.happened(uow, "order_closed", demand.id, at=at)


def archive(uow: UnitOfWork, at_most: int = 500) -> int:
    """File away what has been closed for `ARCHIVED_AFTER`; how many orders were filed.

    At most so many at a time: the rest is filed at the next look.
    """
    due = _to_be_archived(uow, at_most)
    for demand_id in due:
        case = take(uow, demand_id)
        case.ordered.status = OrderStatus.ARCHIVED
        if case.demand.status == DemandStatus.CLOSED:
            case.demand.status = DemandStatus.ARCHIVED
        history.record(uow, demand_id, "archive")
    return len(due)


def _to_be_archived(uow: UnitOfWork, at_most: int) -> Sequence[int]:
    """Closed orders whose time is up and about which nothing is going on."""
    goes_on = (
        select(Procedure.id)
        .where(Procedure.demand_id == WorkOrder.demand_id, Procedure.closed_at.is_(None))
        .exists()
    )
    return uow.session.scalars(
        select(WorkOrder.demand_id)
        .where(
            WorkOrder.status == OrderStatus.CLOSED,
            WorkOrder.closed_at < uow.now - ARCHIVED_AFTER,
            ~goes_on,
        )
        .order_by(WorkOrder.demand_id)
        .limit(at_most)
    ).all()


def _is_published(uow: UnitOfWork, case: Case) -> bool:
    order, demand = case.ordered, case.demand
    if demand.status == DemandStatus.NOT_ACCEPTED:
        return False
    answer = tables.decide(
        uow,
        demand,
        "closing_publication",
        {
            "confidential": demand.confidential,
            "nature": demand.nature,
            "closing_reason": order.closing_reason,
            "has_public_reply": bool(order.public_reply),
        },
    )
    return bool(answer.outputs["publish"])


def _solved(uow: UnitOfWork, order: WorkOrder) -> str | None:
    """What the requester said last on whether the matter is solved; none where nothing."""
    rating = last_rating(uow.session, order.id)
    if rating is None or rating.solved is None:
        return None
    return "yes" if rating.solved else "no"

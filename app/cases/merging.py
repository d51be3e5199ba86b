"""A demand about the same matter joins the order that is open for it.

Whether it may, and what becomes of urgency and limits, is the table `merge`. Everybody who joined
is told of it, and told the result when the order is closed.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import clocks, history, joined_rating, tables
from app.cases.hastening import hasten, is_more_urgent
from app.cases.models.demand import Demand, DemandStatus
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.notices import REQUESTER, register_messages, tell
from app.cases.orders import Case, find, take_other
from app.cases.repeats import relate
from app.cases.services import Occasion, service
from app.cases.similar import matter_of, similar_demands
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import Role

register_messages(
    {
        "merged_told": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}与在办工单{order}为同一事项，已并案办理，结果将一并告知您。",
                "Your demand {number} is about the matter of {order}, which is in hand: it is "
                "handled with it, and you will be told the result.",
            ),
        ),
        "merged_more": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”又有诉求{demand}并入，请一并办理答复。",
                "Another demand, {demand}, joined work order {number} “{title}”: answer it, too.",
            ),
        ),
        "merged_result": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}已随工单{order}办结：{reply}",
                "Your demand {number} was closed with work order {order}: {reply}",
            ),
        ),
    }
)

_ANSWERED = frozenset(
    {
        OrderStatus.FEEDBACK,
        OrderStatus.PENDING_CALLBACK,
        OrderStatus.PENDING_JUDGEMENT,
        OrderStatus.PENDING_CLOSURE,
    }
)


def join(uow: UnitOfWork, case: Case, number: str) -> None:
    """The demand is about the matter of the open order named, or of the likeliest.

    Raises `Invalid` where the table does not allow it, `Conflict` while somebody works on it.
    """
    order = order_of(uow, case, number)
    target = take_other(uow, case, order.demand_id)
    more_urgent = is_more_urgent(case.demand.urgency, target.demand.urgency)
    answer = tables.decide(
        uow,
        case.demand,
        "merge",
        {"order_state": _state(order), "more_urgent": more_urgent},
    ).outputs
    if not answer["allowed"]:
        reason = Phrase(f"{answer['reason']}。", f"{answer['reason_en']}.")
        raise Invalid(reason, {"merge_number": reason})
    case.demand.merged_into_id = target.demand.id
    relate(uow, case, target.demand, uow.now, merged=True)
    history.record(
        uow, target.demand.id, "joined_by", facts={"demand": case.demand.id, "by": more_urgent}
    )
    if answer["raise_urgency"]:
        hasten(uow, target, case.demand.urgency, uow.now)


def relate_to(uow: UnitOfWork, case: Case, number: str) -> None:
    """The demand gets an order of its own, and counts with an earlier one's. Raises `Invalid`."""
    relate(uow, case, order_of(uow, case, number).demand, uow.now, merged=False)


def order_of(uow: UnitOfWork, case: Case, number: str) -> WorkOrder:
    """The order named, else the likeliest open one. Raises `Invalid`."""
    if number:
        order = uow.session.scalar(select(WorkOrder).where(WorkOrder.number == number))
    else:
        alike = similar_demands(
            uow.session, uow.now, matter_of(case.demand), other_than=case.demand.id
        )
        likeliest = next((one.order_number for one in alike if one.proposal == "merge"), None)
        order = uow.session.scalar(select(WorkOrder).where(WorkOrder.number == likeliest))
    if order is None or order.demand_id == case.demand.id:
        missing = (
            Phrase(
                "没有这个编号的其他工单，请核对编号。",
                "There is no other order with this number: check it.",
            )
            if number
            else Phrase(
                "没有可以并入的相似工单，请填写相关工单的编号。",
                "No similar order can be joined: give the number of the one it belongs with.",
            )
        )
        raise Invalid(missing, {"merge_number": missing})
    return order


@service(Phrase("并单", "Merge into the open order"))
def merge_demand(occasion: Occasion) -> None:
    """The demand is answered with the order it joined; an order of its own ends."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    demand = case.demand
    demand.status = DemandStatus.MERGED
    demand.closed_at = at
    if case.order is not None:
        case.order.status = OrderStatus.CLOSED
        case.order.closed_at = at
        case.order.closing_reason = "merged"
        clocks.stop_all(uow, case, at)
    history.record(uow, demand.id, "merge_demand", facts={"into": demand.merged_into_id}, at=at)
    assert demand.merged_into_id is not None  # the step before named it
    target = find(uow.session, demand.merged_into_id)
    tell(uow, case.main, "merged_told", at=at, values={"order": target.ordered.number})
    if target.unit_id is not None:
        tell(uow, target, "merged_more", at=at, values={"demand": demand.number})


def tell_joined(uow: UnitOfWork, case: Case) -> None:
    """An order is closed: everybody whose demand joined it is told the result, and may rate it."""
    reply = case.ordered.public_reply or "办理结果可凭编号和查询码查询。"
    values = {"order": case.ordered.number, "reply": reply}
    asked: list[str] = []
    for demand in joined(uow.session, case.demand.id):
        take_other(uow, case, demand.id)
        if joined_rating.may_rate(case, demand, asked):
            asked.append(demand.requester_phone)
            joined_rating.ask(uow, case, demand, values)
        else:
            tell(uow, Case(demand), "merged_result", values=values)


def joined(session: Session, demand_id: int) -> list[Demand]:
    """The demands that joined the order of this one, and those that had joined them before."""
    found: list[Demand] = []
    around = [demand_id]
    while around:
        next_ones = session.scalars(
            select(Demand).where(Demand.merged_into_id.in_(around)).order_by(Demand.id)
        ).all()
        found += next_ones
        around = [demand.id for demand in next_ones]
    return found


def _state(order: WorkOrder) -> str:
    if order.closed_at is not None:
        return "closed"
    return "replied" if order.status in _ANSWERED else "open"

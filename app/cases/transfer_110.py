"""Matters that belong to 110 and not to 12345, and the other way round (国办发〔2022〕12号).

What is clearly the police's is passed on by one key; what is unclear is settled in a call of
three; what stays unclear is kept by whoever received it first. Both sides keep their numbers, and
the result comes back.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import clocks, history, notices, procedures
from app.cases.answers import Answers
from app.cases.models.demand import DemandStatus
from app.cases.models.urgent import PoliceTransfer
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import Case
from app.cases.procedures import opening, procedures_of
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Conflict
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.policy import Role

KIND = "transfer_110"

clocks.NAMES["transfer_110"] = Phrase("与110互转时限", "Passing to 110")
register_messages(
    {
        "transfer_waiting": (
            Role.DUTY_MANAGER,
            Phrase(
                "{number}“{title}”转110超时未登记警单，请立即与110核对。",
                "{number} “{title}” was passed to 110 and has no police order yet: ask 110.",
            ),
        ),
        "transfer_result": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}已由110处置（警单{police}），结果：{result}",
                "Your demand {number} was dealt with by 110 (order {police}): {result}",
            ),
        ),
        "police_result_due": (
            Role.DUTY_MANAGER,
            Phrase(
                "110转来的{number}“{title}”（警单{police}）已办结，请将结果回传110。",
                "{number} “{title}” from 110 (order {police}) was closed: return its result.",
            ),
        ),
    }
)


@opening(KIND)
def why_not_now(session: Session, case: Case, _actor: Actor, _now: datetime) -> Phrase | None:
    """Once at a time, for a demand that is not over."""
    if case.demand.closed_at is not None or case.demand.status == DemandStatus.NOT_ACCEPTED:
        return Phrase("诉求已办结，不能再转110。", "The demand is over: it cannot be passed on.")
    if procedures_of(session, case.demand.id, KIND, only_open=True):
        return Phrase("已转110，正在等待结果。", "It was passed to 110 and waits for the result.")
    return None


@step("transfer_asked", gives={"from_return"})
def ask(uow: UnitOfWork, asked: Case, given: Answers) -> Facts:
    """An agent passes the matter on; the order goes on meanwhile."""
    _record(uow, asked, str(given["way"]))
    return {"from_return": False}


@service(Phrase("转 110 等", "Pass to 110"))
def open_transfer_110(occasion: Occasion) -> None:
    """A returned order goes to 110 and waits for its result."""
    uow, case = occasion.uow, occasion.case
    opened = procedures.open_procedure(uow, case.main, KIND, at=occasion.at)
    _record(uow, opened, "one_key")
    procedures.begin(uow, opened, {"from_return": True, "way": "one_key"}, at=occasion.at)


@step("talk_of_three")
def talk(uow: UnitOfWork, asked: Case, _given: Answers) -> None:
    """Both sides and the requester have spoken; unclear, the first receiver keeps it."""
    transfer_of(uow.session, asked).way = "three_party"


@service(Phrase("首接先行受理", "The first receiver keeps it"))
def keep_transfer(occasion: Occasion) -> None:
    """The matter stays with 12345, which received it first; the order is handled as any other."""
    transfer_of(occasion.uow.session, occasion.case).way = "first_receiver"


@step("police_accepts")
def accepted(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """110 took it: the number of its order is kept beside ours."""
    transfer = transfer_of(uow.session, asked)
    transfer.police_number = str(given["police_number"])
    transfer.accepted_at = uow.now


@step("await_result")
def result_came(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """What the police did."""
    transfer = transfer_of(uow.session, asked)
    transfer.result = str(given["police_result"])
    transfer.result_at = uow.now


@service(Phrase("登记结果并告知诉求人", "Record the result, tell the requester"))
def record_police_result(occasion: Occasion) -> None:
    """The requester is told what the police did; an order that waits gets it as its reply."""
    transfer = transfer_of(occasion.uow.session, occasion.case)
    assert transfer.result is not None  # the event before brought it
    if occasion.case.order is not None and occasion.case.order.public_reply is None:
        occasion.case.order.public_reply = transfer.result
    notices.tell(
        occasion.uow,
        occasion.case,
        "transfer_result",
        at=occasion.at,
        values={"police": transfer.police_number or "", "result": transfer.result},
    )


def arrived_from_110(uow: UnitOfWork, case: Case, police_number: str) -> None:
    """A demand came from 110: its number is kept, and its result will go back there."""
    uow.session.add(
        PoliceTransfer(
            demand_id=case.demand.id,
            direction="in",
            way="one_key",
            police_number=police_number,
            at=case.demand.arrived_at,
            by_name=uow.actor.name,
            accepted_at=uow.now,
        )
    )
    history.record(uow, case.demand.id, "from_110", facts={"police_number": police_number})


def ask_to_return(uow: UnitOfWork, case: Case, at: datetime) -> None:
    """What came from 110 is over: the duty manager is asked to return its result."""
    for transfer in _waiting_in(uow.session, case.demand.id):
        notices.tell(
            uow,
            case.main,
            "police_result_due",
            at=at,
            values={"police": transfer.police_number or ""},
        )


def return_result(uow: UnitOfWork, case: Case, result: str) -> PoliceTransfer:
    """The result of what came from 110 was given back. Raises `Conflict` if it was already."""
    transfer = next(iter(_waiting_in(uow.session, case.demand.id)), None)
    if transfer is None or case.demand.closed_at is None:
        raise Conflict(
            Phrase(
                "没有等待回传的警单：尚未办结，或结果已经回传。",
                "Nothing is to be returned: the case is open still, or it was returned already.",
            )
        )
    transfer.result = result
    transfer.result_at = uow.now
    history.record(
        uow, case.demand.id, "return_to_110", facts={"police_number": transfer.police_number}
    )
    return transfer


def transfer_of(session: Session, asked: Case) -> PoliceTransfer:
    """The transfer that a procedure is about."""
    assert asked.procedure is not None
    return session.scalars(
        select(PoliceTransfer).where(PoliceTransfer.procedure_id == asked.procedure.id)
    ).one()


def transfers(session: Session, *, page: int = 1, size: int = 20) -> list[PoliceTransfer]:
    """All transfers of both directions: those without a result first, then the newest."""
    return list(
        session.scalars(
            select(PoliceTransfer)
            .order_by(PoliceTransfer.result_at.is_not(None), PoliceTransfer.id.desc())
            .limit(size)
            .offset((page - 1) * size)
        )
    )


def _waiting_in(session: Session, demand_id: int) -> list[PoliceTransfer]:
    return list(
        session.scalars(
            select(PoliceTransfer).where(
                PoliceTransfer.demand_id == demand_id,
                PoliceTransfer.direction == "in",
                PoliceTransfer.result_at.is_(None),
            )
        )
    )


def _record(uow: UnitOfWork, asked: Case, way: str) -> None:
    assert asked.procedure is not None
    uow.session.add(
        PoliceTransfer(
            demand_id=asked.demand.id,
            procedure_id=asked.procedure.id,
            direction="out",
            way=way,
            at=uow.now,
            by_name=uow.actor.name,
        )
    )
    uow.session.flush()

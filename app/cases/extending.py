"""A unit asks for more time; who may grant how much is the table `extension`.

The clock runs on while the request waits. Refused, the old limit holds; approved, the one deadline
row moves, its lights are set anew, and the requester is told the new limit and the reason.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clock_changes, notices, tables
from app.cases.answers import Answers
from app.cases.models.extension import ExtensionRequest
from app.cases.models.work_order import OrderStatus
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import SUBJECT, Case
from app.cases.procedures import opening, procedures_of
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.cases.story import due_in_words
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import Actor, UnitOfWork
from app.identity.policy import Role
from app.worktime.running import remaining

CLOCK = "handling"
GROUNDS: dict[str, Phrase] = {
    "complex": Phrase("情况特别复杂", "unusually complex"),
    "several_units": Phrase("须多方会商", "several parties must agree"),
    "expert_opinion": Phrase("等待鉴定、检测或评估", "an expert opinion is awaited"),
    "requester_asks": Phrase("诉求人要求", "at your own wish"),
    "other": Phrase("其他原因", "other reasons"),
}

register_messages(
    {
        "extension_waiting": (
            Role.DUTY_MANAGER,
            Phrase(
                "工单{number}“{title}”的延期申请超时未批，请尽快审批。",
                "The request for more time on {number} “{title}” waits too long: please decide.",
            ),
        ),
        "extension_refused": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”的延期申请未获批准，原时限不变。",
                "More time for {number} “{title}” was refused: the old limit holds.",
            ),
        ),
        "extension_granted": (
            Role.UNIT_LIAISON,
            Phrase(
                "工单{number}“{title}”已批准延期至{due}。",
                "Work order {number} “{title}” was extended until {due}.",
            ),
        ),
        "extension_told": (
            REQUESTER,
            Phrase(
                "您反映的诉求{number}因{reason}，办理期限延长至{due}，敬请谅解。",
                "Your demand {number} will take longer ({reason}): it is due {due} now.",
            ),
        ),
    }
)


@opening("extension")
def why_not_now(session: Session, case: Case, _actor: Actor, _now: datetime) -> Phrase | None:
    """One request at a time, for an order whose handling limit runs."""
    order = case.order
    if order is None or order.status not in {
        OrderStatus.SIGNED,
        OrderStatus.HANDLING,
        OrderStatus.IN_APPROVAL,
        OrderStatus.RE_HANDLING,
    }:
        return Phrase(
            "只有办理中的工单可以申请延期。", "Only orders being handled can be extended."
        )
    if procedures_of(session, case.demand.id, "extension", only_open=True):
        return Phrase("已有一件延期申请待审批。", "A request is waiting already.")
    clock = engine.clock_of(session, SUBJECT, case.demand.id, CLOCK)
    if clock is None or clock.stopped_at is not None or clock.paused_at is not None:
        return Phrase("办理时限现在没有在计时。", "The handling limit is not running now.")
    return None


@step("extension_asked", gives={"approver"})
def ask(uow: UnitOfWork, asked: Case, given: Answers) -> Facts:
    """The liaison asks, before the limit ends, with grounds, days and the legal basis.

    Gives `approver`, who decides. Raises `Invalid` with the table's reason when it does not admit
    the request.
    """
    procedure = asked.procedure
    assert procedure is not None
    found = clock_changes.running(uow, asked.main, CLOCK)
    days = int(str(given["days"]))
    granted = [request.days_granted or 0 for request in requests_for(uow.session, found.clock.id)]
    number = len(granted) + 1
    answer = tables.decide(
        uow,
        asked.demand,
        "extension",
        {
            "urgency": asked.demand.urgency,
            "nature": asked.demand.nature,
            "request_number": number,
            "days_left": remaining(found.calendar, found.deadline, uow.now).amount,
            "granted_days": sum(granted),
            "requested_days": days,
            "base_days": found.deadline.limit.amount,
        },
    ).outputs
    if not answer["admitted"]:
        reason = Phrase(f"{answer['reason']}。", f"{answer['reason_en']}.")
        raise Invalid(reason, {"days": reason} if answer["most_days"] else {})
    assert asked.unit_id is not None  # only an order with a unit has a handling limit
    procedure.unit_id = asked.unit_id
    uow.session.add(
        ExtensionRequest(
            procedure_id=procedure.id,
            clock_id=found.clock.id,
            unit_id=asked.unit_id,
            number=number,
            days=days,
            ground=str(given["ground"]),
            reason=str(given["extension_reason"]),
            legal_basis=str(given["legal_basis"]),
        )
    )
    return {"approver": answer["approver"]}


@step("decide_extension")
@step("decide_second_extension")
def decide(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """Who decides may grant fewer days than were asked for, never more; refusing takes a reason."""
    request = request_of(uow.session, asked)
    if given["extension_verdict"] == "refused":
        if not given["extension_opinion"]:
            raise Invalid(
                Phrase("不同意延期的，须写明理由。", "When refusing, say why."),
                {"extension_opinion": Phrase("请写明理由。", "Say why.")},
            )
        return
    days = int(str(given["days_granted"] or request.days))
    if days > request.days:
        raise Invalid(
            Phrase("批准天数不能多于申请天数。", "No more days than were asked for."),
            {
                "days_granted": Phrase(
                    f"申请 {request.days} 天。", f"{request.days} were asked for."
                )
            },
        )
    found = clock_changes.running(uow, asked.main, CLOCK)
    if uow.now > found.deadline.due_at:
        raise Invalid(
            Phrase(
                "期限已过，不能再批准延期：请选择不同意，由单位按超期办理。",
                "The limit has passed and cannot be extended any more: refuse; the order is "
                "handled as overdue.",
            )
        )
    request.days_granted = days


@service(Phrase("顺延时限并告知", "Move the limit and tell"))
def grant_extension(occasion: Occasion) -> None:
    """The deadline moves by the days granted; unit and requester are told the new limit."""
    uow, asked = occasion.uow, occasion.case
    request = request_of(uow.session, asked)
    assert request.days_granted is not None  # the step before set it
    after = clock_changes.extend(
        uow,
        asked.main,
        CLOCK,
        request.days_granted,
        occasion.at,
        {"procedure": request.procedure_id, "number": request.number, "ground": request.ground},
    )
    due = due_in_words(after.due_at)
    notices.tell(uow, asked, "extension_granted", at=occasion.at, values={"due": due})
    reason = GROUNDS.get(request.ground, GROUNDS["other"])
    notices.tell(
        uow, asked, "extension_told", at=occasion.at, values={"due": due, "reason": reason.zh}
    )


def requests_for(session: Session, clock_id: int) -> list[ExtensionRequest]:
    """The approved requests for a run of a clock, in order."""
    return list(
        session.scalars(
            select(ExtensionRequest)
            .where(
                ExtensionRequest.clock_id == clock_id, ExtensionRequest.days_granted.is_not(None)
            )
            .order_by(ExtensionRequest.procedure_id)
        )
    )


def request_of(session: Session, asked: Case) -> ExtensionRequest:
    """The request that a procedure is about."""
    assert asked.procedure is not None
    return session.get_one(ExtensionRequest, asked.procedure.id)

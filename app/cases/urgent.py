"""Urgent orders are reported upwards, by day and night, while the unit already acts.

Who is told is the table `urgency`; the limits run on the wall clock. The report slip (呈阅件) goes
to the leader for what endangers life or property.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases import clocks, history, notices, procedures, tables
from app.cases.answers import Answers
from app.cases.models.procedure import Procedure
from app.cases.models.urgent import UrgentReport
from app.cases.notices import register_messages
from app.cases.orders import Case, next_number
from app.cases.queries import last_answers
from app.cases.services import Occasion, service
from app.cases.steps import step
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import Role

KIND = "urgent_report"

clocks.NAMES.update(
    urgent_report=Phrase("紧急呈报时限", "Urgent report"),
    urgent_feedback=Phrase("现场反馈时限", "Feedback from the spot"),
)
register_messages(
    {
        "urgent_arrived": (
            Role.DUTY_MANAGER,
            Phrase(
                "紧急工单{number}“{title}”，请立即确认并电话交办。",
                "Urgent work order {number} “{title}”: acknowledge it and assign it by phone.",
            ),
        ),
        "urgent_instructed": (
            Role.UNIT_APPROVER,
            Phrase(
                "工单{number}“{title}”有领导批示，请立即落实。",
                "A leader gave an instruction on {number} “{title}”: act on it at once.",
            ),
        ),
        "urgent_late": (
            Role.LEADER,
            Phrase(
                "紧急工单{number}“{title}”超时未确认或未反馈，请督促。",
                "Urgent work order {number} “{title}” was not acknowledged or answered in time.",
            ),
        ),
    }
)


@service(Phrase("启动紧急呈报", "Begin the urgent report"))
def open_urgent_report(occasion: Occasion) -> None:
    """A report slip with its number and its process, once for an order."""
    uow, case, at = occasion.uow, occasion.case, occasion.at
    cause = f"order:{case.ordered.id}"
    if procedures.opened_for(uow.session, KIND, cause) is not None:
        return
    opened = procedures.open_procedure(uow, case.main, KIND, cause=cause, at=at)
    assert opened.procedure is not None
    report_to = _report_to(uow, case)
    uow.session.add(
        UrgentReport(
            procedure_id=opened.procedure.id,
            number=next_number(uow, "CY"),
            report_to=report_to,
        )
    )
    uow.session.flush()
    procedures.begin(uow, opened, {"report_to": report_to}, at=at)


@step("acknowledge_urgent")
def acknowledge(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """The duty officer knows of it and says what was arranged."""
    report = report_of(uow.session, asked)
    report.acknowledged_at = uow.now
    report.acknowledged_by_name = uow.actor.name
    report.measures = str(given["measures"])
    if report.report_to != "leader":
        clocks.stop(uow, asked, KIND, uow.now)


@step("acknowledge_slip")
def instruct(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """The leader has read the slip and writes an instruction on it."""
    report = report_of(uow.session, asked)
    report.seen_at = uow.now
    report.seen_by_name = uow.actor.name
    report.instruction = str(given["instruction"])
    clocks.stop(uow, asked, KIND, uow.now)


@step("feed_back_from_spot")
def feed_back(uow: UnitOfWork, asked: Case, given: Answers) -> None:
    """The unit reports from the spot how things stand."""
    report = report_of(uow.session, asked)
    report.fed_back_at = uow.now
    report.feedback = str(given["spot_feedback"])


@service(Phrase("批示转承办单位", "Pass the instruction on"))
def pass_instruction_on(occasion: Occasion) -> None:
    """The unit in charge is told of the instruction; one that comes later reads it on the case."""
    if occasion.case.unit_id is not None:
        notices.tell(
            occasion.uow,
            occasion.case,
            "urgent_instructed",
            at=occasion.at,
            element_id=occasion.element_id,
        )


@service(Phrase("登记呈报超时", "Mark the report late"))
def escalate_urgent(occasion: Occasion) -> None:
    """A limit of the report has passed: it stands on the slip, and the leader is told."""
    report_of(occasion.uow.session, occasion.case).late = True
    history.record(
        occasion.uow,
        occasion.case.demand.id,
        "escalate_urgent",
        element_id=occasion.element_id,
        at=occasion.at,
    )
    notices.tell(occasion.uow, occasion.case, "urgent_late", at=occasion.at)


def report_of(session: Session, asked: Case) -> UrgentReport:
    """The report slip that a procedure is about."""
    assert asked.procedure is not None
    return session.get_one(UrgentReport, asked.procedure.id)


def open_reports(session: Session) -> list[tuple[UrgentReport, Procedure]]:
    """The reports that are not over, oldest first."""
    return [
        (report, procedure)
        for report, procedure in session.execute(
            select(UrgentReport, Procedure)
            .join(Procedure, Procedure.id == UrgentReport.procedure_id)
            .where(Procedure.closed_at.is_(None))
            .order_by(Procedure.id)
        )
    ]


def _report_to(uow: UnitOfWork, case: Case) -> str:
    """Whom the table names; what an agent called critical goes to the leader all the same."""
    given = last_answers(uow.session, case.demand.id, "register") or {}
    ticked = {
        name: bool(given.get(name)) for name in ("danger", "threat", "many_affected", "in_distress")
    }
    answer = tables.decide(
        uow, case.demand, "urgency", {**ticked, "category": case.demand.category}
    )
    report_to = str(answer.outputs["report_to"])
    if case.demand.urgency == "critical":
        return "leader"
    return "duty_manager" if report_to == "nobody" else report_to

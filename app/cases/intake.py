"""A demand arrives and is registered with its five elements."""

import secrets
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import clocks, history, notices, steps, tables, transfer_110
from app.cases.answers import Answers
from app.cases.models.city import Category, District
from app.cases.models.demand import Demand, DemandStatus
from app.cases.notices import REQUESTER, register_messages
from app.cases.orders import SUBJECT, Case, next_number
from app.cases.services import Occasion, service
from app.cases.steps import Facts
from app.cases.story import due_in_words
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.forms import Form
from app.identity.policy import require

MAIN_PROCESS = "work_order"

register_messages(
    {
        "accepted": (
            REQUESTER,
            Phrase(
                "您反映的诉求已受理，编号{number}，查询码{code}，预计{due}前答复，可凭编号和查询码查询进度。",
                "Your demand was accepted as {number}, to be answered by {due}: ask for its "
                "progress with the query code {code}.",
            ),
        )
    }
)
_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters of query codes: none that are mistaken for each other on the phone."""


def register(uow: UnitOfWork, given: Mapping[str, object]) -> Case:
    """Take a demand in and register it at once, as an agent does during a call.

    Raises `NotAllowed`, or `Invalid` with the fields that are missing or wrong.
    """
    require(uow.actor, "demand.register")
    demand = arrive(uow, str(given.get("channel") or "phone"))
    case = Case(demand)
    steps.complete_taken(uow, case, engine.only_task(uow, SUBJECT, demand.id), given)
    return case


def registration_form(session: Session) -> Form:
    """The form of the registration, in the newest version of the main process."""
    newest = engine.version_id_of(session, MAIN_PROCESS)
    element = engine.bundle_of(session, newest).element("register")
    assert element is not None  # the checker refuses a main process without this step
    assert element.form is not None
    return element.form


def arrive(uow: UnitOfWork, channel: str) -> Demand:
    """A demand reaches the hotline: its process starts and waits for the registration."""
    demand = Demand(
        number=next_number(uow, "SQ"),
        query_code="".join(secrets.choice(_CODE_LETTERS) for _ in range(6)),
        status=DemandStatus.REGISTERING,
        channel=channel,
        arrived_at=uow.now,
        requester_name="",
        requester_phone="",
        nature="other",
        category="",
        district="",
        address="",
        happened="",
        title="",
        content="",
    )
    uow.session.add(demand)
    uow.session.flush()
    history.record(uow, demand.id, "arrive", facts={"channel": channel})
    demand.process_id = engine.create(uow, MAIN_PROCESS, SUBJECT, demand.id)
    engine.start(uow, demand.process_id)
    return demand


@steps.step("register", gives={"urgency"})
def _register(uow: UnitOfWork, case: Case, given: Answers) -> Facts:
    """The five elements become the demand's; a name and number are needed unless anonymous.

    Gives `urgency`, which the table finds where the agent left it open.
    """
    wrong: dict[str, Phrase] = {}
    if not given["anonymous"]:
        for field, label in (
            ("requester_name", Phrase("诉求人姓名", "the name")),
            ("requester_phone", Phrase("联系电话", "the phone number")),
        ):
            if not given[field]:
                wrong[field] = Phrase(
                    f"请填写{label.zh}；不愿透露的，请勾选“匿名”。",
                    f"Fill in {label.en}, or tick “anonymous”.",
                )
    for field, table in (("category", Category), ("district", District)):
        code = given[field]
        if uow.session.scalar(select(table.code).where(table.code == code)) is None:
            wrong[field] = Phrase("请从列表中选择。", "Choose from the list.")
    if wrong:
        raise Invalid(
            Phrase("请更正标出的内容后再提交。", "Please correct what is marked, then submit."),
            wrong,
        )
    demand = case.demand
    for field in (
        "channel",
        "anonymous",
        "confidential",
        "enterprise",
        "nature",
        "category",
        "district",
        "address",
        "happened",
        "title",
        "content",
    ):
        setattr(demand, field, given[field])
    demand.urgency = str(given["urgency"] or _urgency(uow, demand, given))
    demand.requester_name = str(given["requester_name"] or "")
    demand.requester_phone = _digits(str(given["requester_phone"] or ""))
    demand.registered_at = uow.now
    demand.registered_by = uow.actor.user_id
    ground = {"non_acceptance_ground": given["non_acceptance_ground"]}
    if tables.answer(uow.session, demand, "acceptance", ground).outputs["accepted"]:
        demand.status = DemandStatus.ACCEPTED  # else once the requester has been told
    if given.get("police_number"):
        transfer_110.arrived_from_110(uow, case, str(given["police_number"]))
    return {"urgency": demand.urgency}


@service(Phrase("受理告知", "Tell of the acceptance"))
def tell_acceptance(occasion: Occasion) -> None:
    """The requester is told the number, the query code, and by when an answer is promised."""
    uow, case = occasion.uow, occasion.case
    notices.tell(
        uow,
        case,
        "accepted",
        at=occasion.at,
        element_id=occasion.element_id,
        values={"due": due_in_words(clocks.promised(uow.session, case.demand, occasion.at))},
        secret_values={"code": case.demand.query_code},
    )


def _urgency(uow: UnitOfWork, demand: Demand, given: Answers) -> str:
    """How urgent the table finds what the agent ticked, where the agent left it to the table."""
    facts = {name: given[name] for name in ("danger", "threat", "many_affected", "in_distress")}
    answer = tables.decide(uow, demand, "urgency", {**facts, "category": demand.category})
    return str(answer.outputs["urgency"])


def _digits(phone: str) -> str:
    """A number as it is compared: blanks and hyphens away, the country code away."""
    return phone.replace(" ", "").replace("-", "").removeprefix("+86")

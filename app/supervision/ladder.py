"""The ladder: a rung is issued with a number and a limit, answered, accepted or raised.

Which form, whose signature and which limit a rung has is the table `supervision_ladder`; what
follows on an answer or on silence is `supervision_ladder_steps`. The diagram asks both.
"""

from datetime import datetime

from app.cases import clocks, history, notices
from app.cases.answers import Answers
from app.cases.notices import register_messages
from app.cases.orders import Case
from app.cases.services import Occasion, service
from app.cases.steps import Facts, step
from app.core.errors import Invalid
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.policy import Role
from app.supervision import letters
from app.supervision.models import SupervisionCase, SupervisionLetter
from app.supervision.triggers import CLOCK

register_messages(
    {
        "supervision_reminder": (
            Role.UNIT_LIAISON,
            Phrase(
                "督办催办：工单{number}“{title}”，编号{letter}，请于{due}前反馈。",
                "Supervision: reminder {letter} on {number} “{title}”, to be answered by {due}.",
            ),
        ),
        "supervision_issued": (
            Role.UNIT_APPROVER,
            Phrase(
                "督办：工单{number}“{title}”，文书{letter}，请于{due}前反馈。",
                "Supervision: letter {letter} on {number} “{title}”, to be answered by {due}.",
            ),
        ),
        "supervision_to_be_signed": (
            Role.LEADER,
            Phrase(
                "工单{number}“{title}”的督办文书待您签发。",
                "A supervision letter on {number} “{title}” waits for your signature.",
            ),
        ),
        "supervision_due": (
            Role.UNIT_APPROVER,
            Phrase(
                "工单{number}“{title}”的督办反馈即将到期，请抓紧办理。",
                "The answer to the supervision of {number} “{title}” is due soon.",
            ),
        ),
        "supervision_raised": (
            Role.INSPECTOR,
            Phrase(
                "工单{number}“{title}”的督办已升级。",
                "The supervision of {number} “{title}” was raised.",
            ),
        ),
        "supervision_referred": (
            Role.LEADER,
            Phrase(
                "工单{number}“{title}”经逐级督办仍未落实，移送纪检监察机关。",
                "{number} “{title}”: supervision had no effect, it goes to discipline inspection.",
            ),
        ),
    }
)


@service(Phrase("编号出具督办文书", "Number and issue the letter"), rung=str)
def issue_letter(occasion: Occasion, rung: str) -> None:
    """Issue the letter of the rung to the unit that has the order now, with copies."""
    uow, supervised = occasion.uow, occasion.case
    letter = letters.issue(uow, supervised, rung, occasion.at)
    values = {"letter": letter.number, "due": letters.due_words(letter.reply_by)}
    to = "supervision_reminder" if letter.addressee == "unit_liaison" else "supervision_issued"
    notices.tell(uow, supervised, to, at=occasion.at, values=values)


@step("supervision_feedback")
def answer(uow: UnitOfWork, supervised: Case, _given: Answers) -> None:
    """The unit answers the letter; its words are kept with the step."""
    letter = current_letter(supervision_of(uow, supervised))
    letter.answered_at, letter.answered_by_name = uow.now, uow.actor.name


@step("assess_feedback", gives={"event"})
def assess(uow: UnitOfWork, supervised: Case, given: Answers) -> Facts:
    """The inspector accepts the answer, or not and says why. Gives `event` for the ladder."""
    if given["feedback_verdict"] == "rejected" and not given["feedback_opinion"]:
        raise Invalid(
            Phrase("反馈不合格的，须写明理由。", "When not accepted, say why."),
            {"feedback_opinion": Phrase("请写明理由。", "Say why.")},
        )
    verdict = str(given["feedback_verdict"])
    _settle(supervision_of(uow, supervised), verdict, uow.now)
    return {"event": verdict}


@service(Phrase("登记逾期未反馈", "Record: unanswered"), results=frozenset({"event"}))
def record_missed(occasion: Occasion) -> dict[str, object]:
    """The limit has passed without an answer. Gives `event` for the ladder."""
    uow, supervised = occasion.uow, occasion.case
    clocks.stop(uow, supervised, CLOCK, occasion.at)
    row = supervision_of(uow, supervised)
    _settle(row, "unanswered", occasion.at)
    history.record(
        uow,
        supervised.demand.id,
        "miss_supervision_limit",
        facts={"letter": current_letter(row).number, "procedure": row.procedure_id},
        at=occasion.at,
    )
    return {"event": "unanswered"}


@service(Phrase("升级督办", "Raise the rung"), results=frozenset({"rung"}), rung=str)
def raise_rung(occasion: Occasion, rung: str) -> dict[str, object]:
    """The supervision stands on the next rung. Gives `rung`; its letter follows."""
    uow, supervised = occasion.uow, occasion.case
    row = supervision_of(uow, supervised)
    before, row.rung = row.rung, rung
    history.record(
        uow,
        supervised.demand.id,
        "raise_supervision",
        facts={"from": before, "to": rung, "procedure": row.procedure_id},
        at=occasion.at,
    )
    notices.tell(uow, supervised, "supervision_raised", at=occasion.at)
    return {"rung": rung}


@service(Phrase("移送", "Refer the matter"), to=str)
def refer_matter(occasion: Occasion, to: str) -> None:
    """The last rung had no effect: the matter goes `to` another body, and the leader is told."""
    uow, supervised = occasion.uow, occasion.case
    facts = {"to": to, "procedure": supervised.scope}
    history.record(uow, supervised.demand.id, "refer_supervision", facts=facts, at=occasion.at)
    notices.tell(uow, supervised, "supervision_referred", at=occasion.at)


@service(Phrase("搁置本级文书", "Set the letter aside"))
def set_letter_aside(occasion: Occasion) -> None:
    """A further cause overtook the rung: its letter, where one is out, need not be answered."""
    clocks.stop(occasion.uow, occasion.case, CLOCK, occasion.at)
    row = supervision_of(occasion.uow, occasion.case)
    if row.letters and row.letters[-1].settled_as is None:
        _settle(row, "set_aside", occasion.at)


def supervision_of(uow: UnitOfWork, supervised: Case) -> SupervisionCase:
    """The row of the supervision that the procedure is."""
    return uow.session.get_one(SupervisionCase, supervised.scope)


def current_letter(row: SupervisionCase) -> SupervisionLetter:
    """The letter that is to be answered. Raises `IndexError` before the first is issued."""
    return row.letters[-1]


def _settle(row: SupervisionCase, how: str, at: datetime) -> None:
    letter = current_letter(row)
    letter.settled_as, letter.settled_at = how, at

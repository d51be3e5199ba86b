"""How supervisions look on pages: causes with their evidence, letters, and the rung they are on."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy.orm import Session

from app.cases.models.procedure import Procedure
from app.core.phrase import Phrase
from app.identity.models import HandlingUnit
from app.supervision import instructions, ledger
from app.supervision.models import SupervisionCase, SupervisionCause, SupervisionLetter
from app.web import labels
from app.web.language import _, due, language, moment, say

FACTS: dict[str, Phrase] = {
    "returned_units": Phrase("先后退单的单位数", "Units that sent it back"),
    "sign_for_evaded": Phrase("紧急件逾期不签收", "Urgent and not signed for"),
    "repeat_complaints": Phrase("同一事项反映次数", "Times the same matter was raised"),
    "owner_clear": Phrase("责任主体明确", "The owner is clear"),
    "solvable": Phrase("时限内可实际解决", "Could be solved in time"),
    "overdue": Phrase("时限已过仍未解决", "Not solved at its limit"),
    "efficiency": Phrase("办理效率", "Efficiency"),
    "attitude": Phrase("办理态度", "Attitude"),
    "result": Phrase("办理结果", "Result"),
    "dissatisfied_times": Phrase("不满意次数", "Times dissatisfied"),
    "superior_listed": Phrase("列入上级热线日报", "On the superior's daily report"),
    "re_check_dissatisfied": Phrase("回访复核不满意", "Dissatisfied at the recheck"),
    "leader_instructed": Phrase("领导批示", "A leader's instruction"),
    "media_exposed": Phrase("媒体曝光", "Exposed in the media"),
    "reminders_ignored": Phrase("催办未回应次数", "Reminders nobody acted on"),
    "idle_working_days": Phrase("无进展工作日", "Working days on which nothing happened"),
    "rejected_replies": Phrase("答复被退回次数", "Replies sent back"),
    "hot_topic": Phrase("热点问题", "A hot topic"),
    "selected": Phrase("督办员选件", "Chosen by an inspector"),
}
"""The facts that evidence names, by the inputs of the table `supervision_triggers`."""

_VALUES: dict[object, Phrase] = {
    True: Phrase("是", "yes"),
    False: Phrase("否", "no"),
    "dissatisfied": Phrase("不满意", "dissatisfied"),
}


@dataclass(frozen=True, slots=True)
class CauseView:
    """A cause: why it fired, on which facts, by which row of the table."""

    title: str
    at: str
    who: str
    timing: str
    evidence: str
    source: str
    withdrawn: str
    """That it fell away, and when; empty while it stands."""


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter with what became of it; `address` is empty for a rung that is not written."""

    number: str
    form: str
    unit: str
    issued: str
    reply_by: str
    answered: str
    settled: str
    address: str


@dataclass(frozen=True, slots=True)
class SupervisionView:
    """One supervision for the page of its order and its own."""

    number: str
    address: str
    rung: str
    outcome: str
    causes: Sequence[CauseView]
    letters: Sequence[LetterView]


@dataclass(frozen=True, slots=True)
class InstructionView:
    """An instruction, or another ground, that waits for a unit."""

    number: str
    address: str
    title: str
    status: str
    ground: str
    words: str
    said: str
    """Who said it, and when."""


def instructed(session: Session, demand_id: int | None = None) -> list[InstructionView]:
    """What waits for a unit, of one demand or of all, the oldest first."""
    return [_instruction_view(one) for one in instructions.waiting(session, demand_id)]


def _instruction_view(one: instructions.Instruction) -> InstructionView:
    demand, order, record = one.demand, one.order, one.record
    return InstructionView(
        number=order.number if order is not None else demand.number,
        address=url_for("web.case", demand_id=demand.id),
        title=demand.title,
        status=labels.order_status(order.status)
        if order is not None
        else labels.demand_status(demand.status),
        ground=say(FACTS[one.ground]),
        words=_("%(words)s（%(number)s）", words=one.words, number=one.number)
        if one.number
        else one.words,
        said=f"{moment(record.done_at)} · {record.done_by_name}",
    )


def supervisions(session: Session, demand_id: int) -> list[SupervisionView]:
    """The supervisions of a case, oldest first."""
    return [
        view(session, told.case, told.procedure)
        for told in ledger.supervisions_of(session, demand_id)
    ]


def view(session: Session, case: SupervisionCase, procedure: Procedure) -> SupervisionView:
    """A supervision in the reader's language."""
    ended = ledger.OUTCOMES.get(procedure.outcome or "")
    return SupervisionView(
        number=case.number,
        address=url_for("web.supervision", procedure_id=case.procedure_id),
        rung=rung(case.rung),
        outcome=say(ended) if ended is not None else _("督办中"),
        causes=[cause_view(cause) for cause in case.causes],
        letters=[letter_view(session, letter) for letter in case.letters],
    )


def rung(code: str) -> str:
    """What a rung is called."""
    return say(ledger.RUNGS[code])


def cause_view(cause: SupervisionCause) -> CauseView:
    """A cause in the reader's language."""
    evidence = ledger.evidence_of(cause)
    said = [
        f"{say(FACTS.get(name, Phrase(name, name)))}{_('：')}{_value(value)}"
        for name, value in evidence["facts"].items()
    ]
    rows = [
        _("督办情形表第 %(version)s 版第 %(row)s 行", version=one["version"], row=one["row"])
        for one in evidence["table"]
        if one["table"] == "supervision_triggers"
    ]
    return CauseView(
        title=say(Phrase(cause.title_zh, cause.title_en)),
        at=moment(cause.fired_at),
        who=cause.fired_by_name,
        timing=_("办结前") if cause.timing == "pre_closure" else _("办结后"),
        evidence=_("；").join(said),
        source=_("；").join(rows),
        withdrawn=_("%(at)s 核定不成立", at=moment(cause.withdrawn_at))
        if cause.withdrawn_at is not None
        else "",
    )


def letter_view(session: Session, letter: SupervisionLetter) -> LetterView:
    """A letter in the reader's language."""
    settled = ledger.SETTLED.get(letter.settled_as or "")
    return LetterView(
        number=letter.number,
        form=say(Phrase(letter.form_zh, letter.form_en)),
        unit=session.get_one(HandlingUnit, letter.unit_id).name_in(language()),
        issued=moment(letter.issued_at),
        reply_by=due(letter.reply_by),
        answered=f"{moment(letter.answered_at)} {letter.answered_by_name}"
        if letter.answered_at is not None
        else "",
        settled=say(settled) if settled is not None else "",
        address=url_for("web.supervision_letter", letter_id=letter.id) if letter.text_zh else "",
    )


def _value(value: object) -> str:
    if isinstance(value, bool | str):
        known = _VALUES.get(value)
        return say(known) if known is not None else str(value)
    return str(value)

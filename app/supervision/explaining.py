"""The supervisions of a case as a part of its whole story."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from app.cases.explaining import Line, section
from app.cases.orders import Case
from app.cases.story import due_in_words
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.supervision import instructions
from app.supervision.ledger import OUTCOMES, RUNGS, supervisions_of
from app.supervision.models import SupervisionLetter


@section(Phrase("督办", "Supervision"))
def supervision(session: Session, case: Case, _now: datetime) -> Iterator[Line]:
    """Each supervision with its causes and its letters."""
    for one in instructions.waiting(session, case.demand.id):
        record = one.record
        when = f"{record.done_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
        yield Line(
            Phrase(
                f"{when} {record.done_by_name}登记的批示或督办事由在等待派单，派单后自动督办。",
                f"What {record.done_by_name} instructed or recorded on {when} waits for a unit: "
                "it is supervised once one has the order.",
            )
        )
    for told in supervisions_of(session, case.demand.id):
        found, procedure = told.case, told.procedure
        rung = RUNGS.get(found.rung, Phrase(found.rung, found.rung))
        outcome = procedure.outcome or ""
        ended = OUTCOMES.get(outcome, Phrase(outcome, outcome)) if outcome else None
        yield Line(
            Phrase(
                f"督办{found.number}：{rung.zh}，{ended.zh if ended else '进行中'}。",
                f"Supervision {found.number}: {rung.en}, {ended.en if ended else 'open'}.",
            )
        )
        for cause in found.causes:
            when = f"{cause.fired_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
            fell = Phrase("", "")
            if cause.withdrawn_at is not None:
                day = f"{cause.withdrawn_at.astimezone(CHINA):%Y-%m-%d}"
                fell = Phrase(f"（{day} 核定不成立）", f" (fell away on {day})")
            yield Line(
                Phrase(f"{when} {cause.title_zh}{fell.zh}", f"{when} {cause.title_en}{fell.en}"),
                depth=1,
            )
        for letter in found.letters:
            due = due_in_words(letter.reply_by)
            yield Line(
                Phrase(
                    f"{letter.number} {letter.form_zh}，{due}前反馈",
                    f"{letter.number} {letter.form_en}, answer by {due}",
                ),
                depth=1,
            )
            yield from _copies(letter)


def _copies(letter: SupervisionLetter) -> Iterator[Line]:
    """How many copies went out, and how many were entered as received."""
    sent = len(letter.copies)
    if sent:
        received = sum(copy.received_at is not None for copy in letter.copies)
        yield Line(
            Phrase(
                f"抄送 {sent} 份，已签阅 {received} 份",
                f"{sent} copies, {received} received",
            ),
            depth=2,
        )

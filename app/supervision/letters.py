"""Letters of a supervision: numbered in the series of their form and year, frozen when issued."""

from datetime import datetime

import orjson

from app import engine
from app.cases import history, tables
from app.cases.orders import SUBJECT, Case
from app.cases.story import due_in_words
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.identity.models import HandlingUnit
from app.profiles import published_letters
from app.profiles.letters import LetterKind
from app.supervision import copies, numbers
from app.supervision.about import unit_about
from app.supervision.models import SupervisionCase, SupervisionLetter
from app.supervision.triggers import CLOCK


def issue(uow: UnitOfWork, supervised: Case, rung: str, at: datetime) -> SupervisionLetter:
    """Issue the letter of a rung to the unit that the supervision is about, and send its copies.

    The reply limit runs already: the letter names its end. Number and text never change again.
    """
    row = uow.session.get_one(SupervisionCase, supervised.scope)
    form = tables.decide(uow, supervised.demand, "supervision_ladder", {"rung": rung}).outputs
    assert supervised.procedure is not None
    unit = uow.session.get_one(HandlingUnit, unit_about(uow.session, supervised))
    supervised.procedure.unit_id = unit.id  # the order may have gone to another unit meanwhile
    clock = engine.clock_of(uow.session, SUBJECT, supervised.demand.id, CLOCK, supervised.scope)
    assert clock is not None  # the diagram starts it just before
    assert clock.due_at is not None
    year = at.astimezone(CHINA).year
    position = numbers.next_letter(uow, form["series"], year)
    letter = SupervisionLetter(
        procedure_id=row.procedure_id,
        series=form["series"],
        year=year,
        position=position,
        number=f"{form['series']}〔{year}〕{position}号",
        rung=rung,
        level=int(form["level"]),
        form_zh=form["form"],
        form_en=form["form_en"],
        unit_id=unit.id,
        addressee=form["addressee"],
        copy_to=orjson.dumps(form["copy_to"]).decode(),
        signed_by=form["signed_by"],
        issued_at=at,
        reply_by=clock.due_at,
    )
    if form["written"]:
        _write(uow, supervised, row, letter, unit)
    uow.session.add(letter)
    uow.session.flush()
    uow.session.expire(row, ["letters"])
    history.record(
        uow,
        supervised.demand.id,
        "issue_letter",
        facts={
            "procedure": row.procedure_id,
            "letter": letter.number,
            "rung": rung,
            "unit": unit.id,
            "reply_by": letter.reply_by.isoformat(),
        },
        at=at,
    )
    copies.send(uow, supervised, letter)
    return letter


def due_words(due: datetime) -> str:
    """A limit as people read it."""
    return due_in_words(due)


def _write(
    uow: UnitOfWork,
    supervised: Case,
    row: SupervisionCase,
    letter: SupervisionLetter,
    unit: HandlingUnit,
) -> None:
    """The text from the profile's letter, in both languages."""
    version, template = published_letters.newest(uow.session, LetterKind(letter.rung))
    limits = (
        engine.clock_of(uow.session, SUBJECT, supervised.demand.id, name)
        for name in ("handling", "total")  # the latter where nobody has signed for it
    )
    due = next((limit.due_at for limit in limits if limit is not None), None)
    late = 0 if due is None else max(0, (letter.issued_at - due).days)
    lateness = Phrase(f"现已逾期 {late} 天", f"now {late} days late")
    if not late:
        lateness = Phrase("请在期限内办结", "still to be settled in time")
    closed_at = supervised.ordered.closed_at
    if closed_at is not None:
        day = closed_at.astimezone(CHINA)
        lateness = Phrase(f"已于 {day:%Y-%m-%d} 办结", f"and was closed on {day:%Y-%m-%d}")
    reason = Phrase(
        "；".join(cause.title_zh for cause in row.causes) + "。",
        "; ".join(cause.title_en for cause in row.causes) + ".",
    )
    copied = [
        copies.RECEIVERS.get(code, Phrase(code, code)) for code in orjson.loads(letter.copy_to)
    ]
    issuer = published_letters.issuer(uow.session)
    none = Phrase("无", "nobody")
    common = {
        "number": letter.number,
        "order_number": supervised.ordered.number,
        "demand_title": supervised.demand.title,
        "days_late": str(late),
        "reply_by": due_in_words(letter.reply_by),
        "issued_on": f"{letter.issued_at.astimezone(CHINA):%Y-%m-%d}",
    }
    letter.letter_version = version
    letter.text_zh = template.filled(
        {
            **common,
            "unit": unit.name_zh,
            "due_on": due_in_words(due) if due is not None else "规定期限",
            "lateness": lateness.zh,
            "reason": reason.zh,
            "copy_to": "、".join(one.zh for one in copied) or none.zh,
            "issuer": issuer.zh,
        },
        "zh",
    )
    letter.text_en = template.filled(
        {
            **common,
            "unit": unit.name_en,
            "due_on": due_in_words(due) if due is not None else "its limit",
            "lateness": lateness.en,
            "reason": reason.en,
            "copy_to": ", ".join(one.en for one in copied) or none.en,
            "issuer": issuer.en,
        },
        "en",
    )

"""The letters of supervisions: issued, copied to whom, and entered as received.

Units read their own and those copied to them; who only gets copies reads those.
"""

from dataclasses import dataclass

from flask import g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.cases import orders
from app.cases.models.procedure import Procedure
from app.core.phrase import Phrase
from app.identity import policy
from app.supervision import copies, ledger
from app.supervision.models import SupervisionLetter, SupervisionLetterCopy
from app.web import supervised
from app.web.access import acting, permission, reading_session
from app.web.language import _, language, moment, say
from app.web.paging import ROWS, asked_page, page_out_of
from app.web.supervised import LetterView


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter in the list; `own_copy` says how the reader's copy stands, where there is one."""

    letter: LetterView
    title: str
    own_copy: str
    is_unread: bool


@dataclass(frozen=True, slots=True)
class CopyView:
    """One copy; `address` is where the reader enters that it was received, empty if not theirs."""

    receiver: str
    received_as: str
    sent: str
    received: str
    address: str


@permission("letter.see")
def supervision_letters() -> str:
    """The letters that the reader may see, the latest first, to be printed."""
    session = reading_session()
    found, total = ledger.letters(session, g.actor, page=asked_page(), size=ROWS)
    own = copies.own_copies(session, g.actor, [letter.id for letter, _unit, _demand in found])
    rows = [
        LetterRow(
            letter=supervised.letter_view(session, letter),
            title=demand.title,
            own_copy=_standing(own.get(letter.id)),
            is_unread=letter.id in own and own[letter.id].received_at is None,
        )
        for letter, _unit, demand in found
    ]
    return render_template("supervision_letters.html", page=page_out_of(rows, total))


@permission("letter.see")
def supervision_letter(letter_id: int) -> str:
    """A letter as it was issued, for the printer, with who has received a copy."""
    session = reading_session()
    letter = ledger.letter_for(session, g.actor, letter_id)
    procedure = session.get_one(Procedure, letter.procedure_id)
    may_see_all = policy.may(g.actor, "supervision.see", letter.unit_id)
    shown = [copy for copy in letter.copies if may_see_all or copies.may_receive(g.actor, copy)]
    return render_template(
        "supervision_letter.html",
        letter=letter,
        text=_text(letter),
        copies=[_copy(copy) for copy in shown],
        received=sum(copy.received_at is not None for copy in shown),
        address=url_for("web.supervision", procedure_id=letter.procedure_id) if may_see_all else "",
        order=orders.find(session, procedure.demand_id).ordered.number,
        order_address=url_for("web.case", demand_id=procedure.demand_id) if may_see_all else "",
    )


@permission("letter.see")
def receive_copy(copy_id: int) -> Response:
    """Enter that a copy was received; who was first stays entered."""
    with acting() as uow:
        letter_id = copies.receive(uow, copy_id).letter_id
    return redirect(url_for("web.supervision_letter", letter_id=letter_id))


def _copy(copy: SupervisionLetterCopy) -> CopyView:
    is_open = copy.received_at is None and copies.may_receive(g.actor, copy)
    return CopyView(
        receiver=copy.receiver,
        received_as=say(copies.RECEIVERS.get(copy.code, Phrase(copy.code, copy.code))),
        sent=moment(copy.sent_at),
        received=_received(copy),
        address=url_for("web.receive_copy", copy_id=copy.id) if is_open else "",
    )


def _standing(copy: SupervisionLetterCopy | None) -> str:
    if copy is None:
        return ""
    return _received(copy) or _("待签阅")


def _received(copy: SupervisionLetterCopy) -> str:
    if copy.received_at is None:
        return ""
    return f"{moment(copy.received_at)} {copy.received_by_name}"


def _text(letter: SupervisionLetter) -> str:
    return (letter.text_zh if language() == "zh" else letter.text_en) or ""

"""The ledger of returns (退单台账): which unit sent what back, why, and what was decided."""

from dataclasses import dataclass
from datetime import datetime

from flask import g, render_template, request, url_for

from app.cases import return_ledger
from app.cases.return_ledger import Returned
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Option
from app.identity.models import HandlingUnit
from app.identity.policy import UNIT_ROLES
from app.web.access import permission, reading_session
from app.web.forms import form_view
from app.web.language import _, language, say
from app.web.months import asked_month, month_field
from app.web.paging import ROWS, asked_page, page_out_of

WAITING = "waiting"

DECISIONS: dict[str, Phrase] = {
    WAITING: Phrase("待审核", "Not decided yet"),
    **return_ledger.DECISIONS,
}


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """One request in the list."""

    address: str
    number: str
    title: str
    unit: str
    statement: str
    asked_at: datetime
    decision: str
    against: bool


@dataclass(frozen=True, slots=True)
class UnitRow:
    """What a unit sent back."""

    unit: str
    count: return_ledger.Count


@permission("return.see")
def returns() -> str:
    """The requests and the count of each unit; people of a unit see its own."""
    session = reading_session()
    own = g.actor.unit_id if not g.actor.roles - UNIT_ROLES else None
    month, decision = asked_month(), request.args.get("decision", "")
    found, total = return_ledger.returns(
        session,
        unit_id=own,
        decision=("" if decision == WAITING else decision) if decision in DECISIONS else None,
        month=month,
        page=asked_page(),
        size=ROWS,
    )
    units = [
        UnitRow(session.get_one(HandlingUnit, unit_id).name_in(language()), count)
        for unit_id, count in sorted(return_ledger.counted(session, month).items())
        if own is None or unit_id == own
    ]
    return render_template(
        "returns.html",
        page=page_out_of([_row(one) for one in found], total),
        units=units,
        filters=form_view(_filters(), g.actor.roles, typed=request.args, blank=_("全部")),
    )


def _filters() -> Form:
    decisions = tuple(Option(code, name) for code, name in DECISIONS.items())
    return Form(
        (
            Field("decision", FieldType.CHOICE, Phrase("审核结论", "Decision"), options=decisions),
            month_field(Phrase("申请月份", "Month asked")),
        )
    )


def _row(one: Returned) -> ReturnRow:
    return ReturnRow(
        address=url_for("web.case", demand_id=one.demand.id),
        number=one.order.number,
        title=one.demand.title,
        unit=one.unit.name_in(language()),
        statement=one.request.statement,
        asked_at=one.request.asked_at,
        decision=say(DECISIONS[one.request.decision or WAITING]),
        against=one.request.counts_against_unit,
    )

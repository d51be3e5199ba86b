"""The promises of units (申请承诺件): what was promised until when, and how many were kept."""

from dataclasses import dataclass
from datetime import date

from flask import g, render_template, request, url_for

from app.cases import promising
from app.cases.promising import Promised, Standing
from app.core import clock
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Option
from app.identity.models import HandlingUnit
from app.identity.policy import UNIT_ROLES
from app.web.access import permission, reading_session
from app.web.forms import form_view
from app.web.language import _, language, say
from app.web.months import asked_month, month_field
from app.web.paging import ROWS, asked_page, page_out_of

STANDINGS: dict[Standing, Phrase] = {
    Standing.OPEN: Phrase("承诺中", "Open"),
    Standing.DUE: Phrase("到期未报告", "Due, not reported on"),
    Standing.KEPT: Phrase("已兑现", "Kept"),
    Standing.BROKEN: Phrase("未兑现", "Broken"),
}


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """One promise in the list."""

    address: str
    number: str
    title: str
    unit: str
    words: str
    promised_on: date
    standing: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class UnitRow:
    """What a unit promised: how many, kept, broken, and still open."""

    unit: str
    count: promising.Count


@permission("promise.see")
def promises() -> str:
    """The promises and the count of each unit; people of a unit see its own."""
    session, today = reading_session(), clock.now().astimezone(CHINA).date()
    own = g.actor.unit_id if not g.actor.roles - UNIT_ROLES else None
    standing, month = request.args.get("standing", ""), asked_month()
    found, total = promising.promises(
        session,
        today,
        unit_id=own,
        standing=Standing(standing) if standing in set(Standing) else None,
        month=month,
        page=asked_page(),
        size=ROWS,
    )
    counted = promising.counted(session, month)
    units = [
        UnitRow(session.get_one(HandlingUnit, unit_id).name_in(language()), count)
        for unit_id, count in sorted(counted.items())
        if own is None or unit_id == own
    ]
    return render_template(
        "promises.html",
        page=page_out_of([_row(one, today) for one in found], total),
        units=units,
        filters=form_view(_filters(), g.actor.roles, typed=request.args, blank=_("全部")),
    )


def _filters() -> Form:
    return Form(
        (
            Field(
                "standing",
                FieldType.CHOICE,
                Phrase("落实情况", "Standing"),
                options=tuple(Option(code.value, name) for code, name in STANDINGS.items()),
            ),
            month_field(Phrase("登记月份", "Month made")),
        )
    )


def _row(one: Promised, today: date) -> PromiseRow:
    standing = promising.standing_of(one.promise, today)
    return PromiseRow(
        address=url_for("web.case", demand_id=one.demand.id),
        number=one.order.number,
        title=one.demand.title,
        unit=one.unit.name_in(language()),
        words=one.promise.words,
        promised_on=one.promise.promised_on,
        standing=say(STANDINGS[standing]),
        is_late=standing in {Standing.DUE, Standing.BROKEN},
    )

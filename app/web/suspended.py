"""The register of pending matters (挂账): which orders rest, why, and when they are looked at."""

from dataclasses import dataclass
from datetime import date, datetime

from flask import g, render_template, request, url_for

from app.cases import suspending
from app.cases.suspending import GROUNDS, Pending
from app.core import clock
from app.core.clock import CHINA
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Option
from app.identity.policy import UNIT_ROLES
from app.web.access import permission, reading_session
from app.web.forms import form_view
from app.web.language import _, language, say
from app.web.paging import page_of

FILTERS = Form(
    (
        Field(
            "ground",
            FieldType.CHOICE,
            Phrase("挂账情形", "Ground"),
            options=tuple(Option(code, name) for code, name in GROUNDS.items() if code != "other"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class PendingRow:
    """One order that rests."""

    address: str
    number: str
    title: str
    unit: str
    ground: str
    condition: str
    since: datetime | None
    review_on: date
    renewals: int
    review_due: bool


@permission("suspension.see")
def suspended() -> str:
    """The orders that rest, the next to be reviewed first; people of a unit see its own."""
    ground = request.args.get("ground", "")
    own = g.actor.unit_id if not g.actor.roles - UNIT_ROLES else None
    found = suspending.pending(reading_session(), own, ground=ground if ground in GROUNDS else "")
    today = clock.now().astimezone(CHINA).date()
    return render_template(
        "suspended.html",
        page=page_of([_row(one, today) for one in found]),
        filters=form_view(FILTERS, g.actor.roles, typed=request.args, blank=_("全部")),
    )


def _row(one: Pending, today: date) -> PendingRow:
    suspension = one.suspension
    return PendingRow(
        address=url_for("web.case", demand_id=one.demand.id),
        number=one.order.number,
        title=one.demand.title,
        unit=one.unit.name_in(language()),
        ground=say(GROUNDS.get(suspension.ground, suspension.ground)),
        condition=suspension.condition or "",
        since=suspension.suspended_at,
        review_on=suspension.review_on,
        renewals=suspension.renewals,
        review_due=suspension.review_on <= today,
    )

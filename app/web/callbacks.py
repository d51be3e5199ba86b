"""The list of callback agents: whom to call now, whom later."""

from dataclasses import dataclass
from datetime import datetime

from flask import render_template, url_for

from app.cases import callback_list
from app.core import clock
from app.core.phrase import Phrase
from app.web import labels
from app.web.access import permission, reading_session
from app.web.language import _, say
from app.web.lights import Light, Lights
from app.web.paging import ROWS, asked_page, page_out_of


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call to be made."""

    address: str
    light: Light
    number: str
    title: str
    urgent: str
    step: str
    attempts: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class RestRow:
    """One that waits."""

    address: str
    number: str
    title: str
    waits_for: str
    until: datetime


@permission("callback.see")
def callbacks() -> str:
    """Requesters to be called now, with the attempts so far; below, who is called later."""
    session = reading_session()
    found, total = callback_list.calls(session, page=asked_page(), size=ROWS)
    lights = Lights(session, clock.now())
    rows = [
        CallRow(
            address=url_for("web.case", demand_id=one.demand.id, task=one.task.id),
            light=lights.of(one.clock, one.yellow_at),
            number=one.order.number,
            title=one.demand.title,
            urgent=labels.urgency(one.demand.urgency),
            step=say(Phrase(one.task.name, one.task.name_en)),
            attempts=one.attempts,
            last_at=one.last_at,
        )
        for one in found
    ]
    rests = [
        RestRow(
            address=url_for("web.case", demand_id=one.demand.id),
            number=one.order.number,
            title=one.demand.title,
            waits_for=_("诉求人短信评价") if one.by_link else _("下次拨打"),
            until=one.until,
        )
        for one in callback_list.rests(session)
    ]
    return render_template("callbacks.html", page=page_out_of(rows, total), rests=rests)

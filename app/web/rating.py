"""The page behind the link in a text message: the requester rates without signing in."""

from collections.abc import Mapping
from datetime import timedelta

from flask import abort, current_app, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases import calling_back, joined_rating
from app.cases.calling_back import DIMENSIONS, RATER, RATINGS
from app.cases.models.demand import Demand
from app.core import clock, visits
from app.core.db import Sessions
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork, unit_of_work
from app.engine.forms import Field, FieldType, Form, Option
from app.web.access import PUBLIC, SESSIONS, permission, reading_session
from app.web.forms import errors_in_words, form_view
from app.web.language import say

Page = str | Response | tuple[str, int]

_MOST, _WITHIN = 30, timedelta(minutes=10)
"""[P] Visits of this page from one address, within so much time."""

_CHOICES = tuple(Option(code, phrase) for code, phrase in RATINGS.items())
FORM = Form(
    (
        Field(
            "efficiency",
            FieldType.CHOICE,
            Phrase("办理效率", "Efficiency"),
            required=True,
            options=_CHOICES,
        ),
        Field(
            "attitude",
            FieldType.CHOICE,
            Phrase("办理态度", "Attitude"),
            required=True,
            options=_CHOICES,
        ),
        Field(
            "result",
            FieldType.CHOICE,
            Phrase("办理结果", "Result"),
            required=True,
            options=_CHOICES,
        ),
        Field(
            "solved",
            FieldType.CHOICE,
            Phrase("是否解决", "Solved?"),
            required=True,
            options=(
                Option("yes", Phrase("已解决", "Solved")),
                Option("no", Phrase("未解决", "Not solved")),
            ),
        ),
    )
)


@permission(PUBLIC)
def rate(code: str) -> Page:
    """Show the form of a link, or take the rating. A link that is used or over says so."""
    sessions: Sessions = current_app.extensions[SESSIONS]
    if not _is_admitted(sessions):
        abort(429)
    number, open_ = _asked(reading_session(), code)
    if request.method == "GET":
        return _page(number, over="" if open_ else _over())
    try:
        with unit_of_work(sessions, RATER, clock.now()) as uow:
            _take(uow, code, {name: request.form.get(name) for name in (*DIMENSIONS, "solved")})
    except Invalid as wrong:
        return _page(number, errors=errors_in_words(wrong.fields)), 422
    except (Conflict, NotFound) as late:
        return _page(number, over=say(late.phrase)), 409
    return _page(number, done=True)


def _asked(session: Session, code: str) -> tuple[str, bool]:
    """The number of the demand a link is about, and whether it is open. Raises `NotFound`."""
    joined = joined_rating.link_of(session, code)
    if joined is not None:
        demand = session.get_one(Demand, joined.demand_id)
        return demand.number, joined_rating.is_open(session, joined, clock.now())
    link, order = calling_back.link_of(session, code)
    return order.demand.number, calling_back.is_open(session, link, order)


def _take(uow: UnitOfWork, code: str, given: Mapping[str, object]) -> None:
    joined = joined_rating.link_of(uow.session, code)
    if joined is not None:
        joined_rating.rate(uow, joined, given)
    else:
        calling_back.rate_by_link(uow, code, given)


def _is_admitted(sessions: Sessions) -> bool:
    """Guessing at links is slow: so many visits of one address, whichever process they reach."""
    address, secret = request.remote_addr or "", str(current_app.config["SECRET_KEY"])
    with unit_of_work(sessions, RATER, clock.now()) as uow:
        return visits.admit(uow, "rating", address, secret, most=_MOST, within=_WITHIN)


def _over() -> str:
    return say(calling_back.OVER)


def _page(
    number: str, *, over: str = "", done: bool = False, errors: Mapping[str, str] | None = None
) -> str:
    form = form_view(FORM, frozenset(), typed=request.form or None, errors=errors)
    return render_template(
        "rating.html", number=number, over=over, done=done, form=form, refused=bool(errors)
    )

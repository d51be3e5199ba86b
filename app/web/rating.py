"""The page behind the link in a text message: the requester rates without signing in."""

from collections.abc import Mapping

from flask import abort, current_app, render_template, request
from werkzeug.wrappers import Response

from app.cases import calling_back
from app.cases.calling_back import DIMENSIONS, RATER, RATINGS
from app.core import clock
from app.core.db import Sessions
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import unit_of_work
from app.engine.forms import Field, FieldType, Form, Option
from app.web.access import PUBLIC, SESSIONS, permission, reading_session
from app.web.forms import errors_in_words, form_view
from app.web.language import say
from app.web.throttle import Throttle

Page = str | Response | tuple[str, int]

_MOST, _MINUTES = 30, 10
"""[P] Visits of this page from one address, within so many minutes."""
_THROTTLE = "jieban.rating_throttle"
"""Where the visits of an application are counted, in `app.extensions`."""

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
    throttle = current_app.extensions.setdefault(_THROTTLE, Throttle(most=_MOST, minutes=_MINUTES))
    if not throttle.admits(request.remote_addr or "", clock.now()):
        abort(429)
    session = reading_session()
    link, order = calling_back.link_of(session, code)
    if request.method == "GET":
        open_ = calling_back.is_open(session, link, order)
        return _page(order.demand.number, over="" if open_ else _over())
    number = order.demand.number
    sessions: Sessions = current_app.extensions[SESSIONS]
    try:
        with unit_of_work(sessions, RATER, clock.now()) as uow:
            calling_back.rate_by_link(
                uow, code, {name: request.form.get(name) for name in (*DIMENSIONS, "solved")}
            )
    except Invalid as wrong:
        return _page(number, errors=errors_in_words(wrong.fields)), 422
    except (Conflict, NotFound) as late:
        return _page(number, over=say(late.phrase)), 409
    return _page(number, done=True)


def _over() -> str:
    return say(calling_back.OVER)


def _page(
    number: str, *, over: str = "", done: bool = False, errors: Mapping[str, str] | None = None
) -> str:
    form = form_view(FORM, frozenset(), typed=request.form or None, errors=errors)
    return render_template(
        "rating.html", number=number, over=over, done=done, form=form, refused=bool(errors)
    )

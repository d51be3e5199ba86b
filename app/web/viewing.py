"""Who has looked at sealed and anonymous cases, for administrators."""

from flask import g, render_template, request

from app.cases import viewing
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form
from app.identity.models import HandlingUnit
from app.web.access import permission, reading_session
from app.web.forms import form_view, plain
from app.web.language import language
from app.web.paging import ROWS, asked_page, page_out_of

FILTERS = Form(
    (Field("number", FieldType.TEXT, Phrase("诉求或工单编号", "Number"), max_length=30),)
)


@permission("case.see_views")
def views() -> str:
    """Every look, the newest first; on request those of one case."""
    session = reading_session()
    number = plain(request.args.get("number", "")).strip()[:30]
    found, total = viewing.views(session, number=number, page=asked_page(), size=ROWS)
    rows = [(view, of, _unit(view.unit_id)) for view, of in found]
    return render_template(
        "views.html",
        page=page_out_of(rows, total),
        filters=form_view(FILTERS, g.actor.roles, typed=request.args),
    )


def _unit(unit_id: int | None) -> str:
    unit = reading_session().get(HandlingUnit, unit_id) if unit_id is not None else None
    return unit.name_in(language()) if unit is not None else ""

"""The administrator's page for units that are merged, split or closed: preview, then done."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cases import answers, reorganising
from app.cases.reorganising import FORM, Plan
from app.core import jobs
from app.core.errors import Conflict, Invalid
from app.identity.models import HandlingUnit
from app.web.access import acting, permission, reading_session
from app.web.case import Refusal, choices_of
from app.web.forms import errors_in_words, form_view, submitted
from app.web.labels import City
from app.web.language import _, language, say

Page = str | Response | tuple[str, int]


@permission(reorganising.PERMISSION)
def units() -> Page:
    """Plan a reorganisation: what it would move is shown first, and done only once confirmed."""
    if request.method == "GET":
        return _page()
    given = submitted(FORM, request.form)
    try:
        if "carry_out" not in request.form:
            checked = answers.check(FORM, given, g.actor.roles)
            return _page(request.form, plan=reorganising.plan(reading_session(), checked))
        with acting() as uow:
            reorganising.carry_out(uow, given)
    except Invalid as wrong:
        refusal = Refusal(say(wrong.phrase), errors_in_words(wrong.fields))
        return _page(request.form, refusal), 422
    except Conflict as first:
        return _page(request.form, Refusal(say(first.phrase), {}, conflict=True)), 409
    flash(_("已开始调整，工单正在逐件移交。"), "done")
    return redirect(url_for("web.reorganise"))


def _page(
    typed: Mapping[str, Any] | None = None,
    refusal: Refusal | None = None,
    plan: Plan | None = None,
) -> str:
    session = reading_session()

    def name(unit_id: int) -> str:
        return session.get_one(HandlingUnit, unit_id).name_in(language())

    kinds = {option.value: say(option.label) for option in FORM.fields[1].options}
    return render_template(
        "reorganise.html",
        form=form_view(
            FORM,
            g.actor.roles,
            typed=typed,
            errors=refusal.errors if refusal is not None else None,
            choices=choices_of(City(session)),
        ),
        typed={one.name: (typed or {}).get(one.name, "") for one in FORM.fields},
        refusal=refusal,
        plan=plan,
        language=language(),
        job=jobs.latest(session, reorganising.JOB),
        past=[
            (
                row,
                kinds[row.kind],
                name(row.unit_id),
                "、".join(
                    name(unit_id)
                    for unit_id in dict.fromkeys([row.heir_id, *orjson.loads(row.plan).values()])
                ),
            )
            for row in reorganising.reorganisations(session)
        ],
    )

"""The page of an act: what a person sets going on a case, beside the steps that wait."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cases import acts, repairing, steps
from app.cases.acts import Act
from app.cases.orders import Case
from app.core import clock
from app.core.errors import Conflict, Invalid, NotAllowed
from app.engine import ProcessFault
from app.web import files
from app.web.access import acting, permission, reading_session
from app.web.case import Help, Refusal, act_name, choices_of, found_case, kept
from app.web.forms import FormView, errors_in_words, form_view, submitted
from app.web.labels import City
from app.web.language import _, say
from app.web.standing import answer, standing

Page = str | Response | tuple[str, int]

HELPS: dict[str, Callable[[Case, Act], Help]] = {}
"""By id of the element: what a page adds to the plain form of an act. Most acts need none."""


@permission("order.see")
def act(demand_id: int, key: str) -> Page:
    """Fill in the form of an act and do it; refused, the page comes again with what was typed."""
    try:
        found = found_case(demand_id)
        chosen = acts.find_act(reading_session(), found, g.actor, clock.now(), key)
        acts.require(reading_session(), g.actor, chosen)
    except (Conflict, NotAllowed) as refused:
        return _too_late(demand_id, key, refused)
    name = act_name(reading_session(), chosen)
    if request.method == "GET":
        return _page(found, chosen)
    sent = files.take_in(chosen.form)
    if sent.errors:
        return _page(found, chosen, Refusal("", sent.errors), sent.fields), 422
    try:
        with acting() as uow:
            acts.act(uow, demand_id, key, submitted(chosen.form, sent.fields))
    except Invalid as wrong:
        refusal = Refusal(say(wrong.phrase), errors_in_words(wrong.fields))
        return _page(found, chosen, refusal, sent.fields), 422
    except Conflict as late:
        refusal = Refusal(say(late.phrase), {}, conflict=True)
        return _page(found, chosen, refusal, sent.fields), 409
    except NotAllowed as refused:
        return kept(chosen.form, sent.fields, refused)
    except ProcessFault as fault:
        if chosen.process_id is not None:
            with acting() as uow:
                repairing.report(uow, demand_id, chosen.process_id, chosen.element.id, fault)
        said = _("流程出现异常，已报告给值班长修复。您填写的内容仍保留在页面上，可复制留存。")
        return _page(found, chosen, Refusal(said, {}), sent.fields), 409
    flash(_("已完成：%(step)s。", step=name), "done")
    return redirect(url_for("web.case", demand_id=demand_id))


def _too_late(demand_id: int, key: str, refused: Conflict | NotAllowed) -> Page:
    """The act is not to be had any more, or not by this person; what was typed comes again."""
    form = acts.form_of(reading_session(), demand_id, key) if request.method == "POST" else None
    if form is not None:
        return kept(form, files.take_in(form).fields, refused)
    if isinstance(refused, NotAllowed):
        raise refused
    flash(_("现在不能进行这项操作：流程已继续，或已由他人办理。"), "stop")
    return redirect(url_for("web.case", demand_id=demand_id))


@permission("order.see")
def look_at_act(demand_id: int, key: str) -> Response:
    """Which fields of an act are shown and required with what was typed so far."""
    found = found_case(demand_id)
    chosen = acts.find_act(reading_session(), found, g.actor, clock.now(), key)
    acts.require(reading_session(), g.actor, chosen)
    return answer(chosen.form, _scope(found, chosen), request.form)


def _scope(found: Case, chosen: Act) -> Mapping[str, object]:
    return steps.scope_of(
        reading_session(), found, chosen.form, g.actor.roles, chosen.process_id, chosen.token
    )


def _page(
    found: Case,
    chosen: Act,
    refusal: Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
) -> str:
    demand, order = found.demand, found.order
    helped = HELPS[chosen.element.id](found, chosen) if chosen.element.id in HELPS else None
    return render_template(
        "act.html",
        **(helped.values if helped is not None else {}),
        demand_id=demand.id,
        key=chosen.key,
        number=order.number if order else demand.number,
        title=demand.title,
        name=act_name(reading_session(), chosen),
        form=_form(found, chosen, helped, refusal, typed),
        helped=helped,
        refusal=refusal,
    )


def _form(
    found: Case,
    chosen: Act,
    helped: Help | None,
    refusal: Refusal | None,
    typed: Mapping[str, Any] | None,
) -> FormView:
    form = chosen.form
    begun = typed if typed is not None or helped is None else helped.begin
    address = url_for("web.look_at_act", demand_id=found.demand.id, key=chosen.key)
    return form_view(
        form,
        g.actor.roles,
        typed=begun,
        standing=standing(form, _scope(found, chosen), begun, address),
        errors=refusal.errors if refusal is not None else None,
        choices={
            **choices_of(City(reading_session())),
            **files.chosen(form, typed),
            **(helped.choices if helped is not None else {}),
        },
        attributes=helped.attributes if helped is not None else None,
    )

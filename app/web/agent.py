"""An agent's pages: registering a demand during a call, with a look at similar ones."""

from collections.abc import Mapping
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cases import answering, intake, requester
from app.cases.orders import Case
from app.cases.proposals import non_acceptance
from app.cases.similar import Matter, Similar, matter_of, similar_demands
from app.core import clock
from app.core.errors import Invalid
from app.core.uow import UnitOfWork
from app.engine import HumanTaskRow
from app.engine.forms import Form
from app.web import files, knowledge, labels
from app.web.access import acting, permission, reading_session
from app.web.case import HELPS, Help, choices_of
from app.web.forms import FormView, errors_in_words, form_view, plain, submitted
from app.web.labels import City
from app.web.language import _, language, say

Page = str | Response | tuple[str, int]

COMPARED = {
    "requester_phone": "input changed delay:500ms",
    "nature": "change",
    "category": "change",
    "district": "change",
    "address": "input changed delay:500ms",
    "title": "input changed delay:500ms",
    "content": "input changed delay:1s",
}
"""The fields by which similar demands and knowledge are found, and the event upon which it is
looked anew."""


@permission("demand.register")
def register() -> Page:
    """The registration form; sent, the demand is registered and its page shows what comes next."""
    session = reading_session()
    form = intake.registration_form(session)
    if request.method == "GET":
        return render_template("register.html", form=_view(form), similar=[], offers=[])
    sent = files.take_in(form)
    if sent.errors:
        return _again(form, sent.fields, sent.errors)
    try:
        with acting() as uow:
            case = _registered(uow, submitted(form, sent.fields))
            demand_id, number = case.demand.id, case.demand.number
            is_answered = case.demand.answered_way is not None
    except Invalid as wrong:
        placed = bool(wrong.fields.keys() & {field.name for field in form.fields})
        said = "" if placed else say(wrong.phrase)
        return _again(form, sent.fields, errors_in_words(wrong.fields), said)
    said = _("诉求 %(number)s 已登记，并以知识库内容答复。", number=number)
    flash(said if is_answered else _("诉求 %(number)s 已登记。", number=number), "done")
    return redirect(url_for("web.case", demand_id=demand_id))


def _registered(uow: UnitOfWork, given: Mapping[str, object]) -> Case:
    """Registered, and answered at once where a knowledge item was chosen for it."""
    number = plain(request.form.get("answer_with", ""))
    if number:
        return answering.register_and_answer(uow, given, number)
    return intake.register(uow, given)


def _again(
    form: Form, typed: Mapping[str, Any], errors: Mapping[str, str], refusal: str = ""
) -> Page:
    view = _view(form, typed, errors)
    page = render_template("register.html", form=view, refusal=refusal, **_hints())
    return page, 422


@permission("demand.register")
def similar() -> str:
    """What is known, and demands like the one being typed, for the boxes beside the form."""
    return render_template("register_hints.html", **_hints())


def deciding(case: Case, _task: HumanTaskRow) -> Help:
    """Beside the decision to answer or make an order: what is known, and is there one already?"""
    session, demand = reading_session(), case.demand
    found = similar_demands(session, clock.now(), matter_of(demand), other_than=demand.id)
    return Help(
        "beside_answer.html",
        {
            "similar": rows_of(found, City(session)),
            "offers": knowledge.offers(session, case),
            "enterprise": demand.enterprise,
        },
        begin=knowledge.begun_with(session),
    )


HELPS["answer_or_order"] = deciding


def in_call_of_three(case: Case, _task: HumanTaskRow) -> Help:
    """A policy specialist's answer: what is known already."""
    offers = knowledge.offers(reading_session(), case)
    return Help("beside_three_party.html", {"offers": offers})


HELPS["three_party_answer"] = in_call_of_three


def refusing(case: Case, _task: HumanTaskRow) -> Help:
    """Before the requester is told: why, and the lawful channel the table names, filled in."""
    found = non_acceptance(reading_session(), case.demand)
    return Help(
        "beside_refusal.html",
        {"reason": say(found.reason) if found else ""},
        begin={"lawful_channel": say(found.lawful_channel), "told_ground": found.ground}
        if found
        else {},
    )


HELPS["tell_non_acceptance"] = refusing


def rows_of(found: list[Similar], city: City) -> list[dict[str, object]]:
    """What the box shows of each similar demand; the requester stays masked."""
    return [
        {
            "address": url_for("web.case", demand_id=one.demand.id),
            "number": one.order_number or one.demand.number,
            "title": one.demand.title,
            "category": city.category_alone(one.demand.category),
            "arrived_at": one.demand.arrived_at,
            "status": labels.demand_status(one.demand.status),
            "requester": requester.masked(reading_session(), one.demand, g.actor, language()).name,
            "same": [
                words
                for words, same in (
                    (_("同一电话"), one.same_phone),
                    (_("同一地点和类别"), one.same_place),
                )
                if same
            ],
            "reason": say(one.reason),
        }
        for one in found
    ]


def _hints() -> dict[str, object]:
    session = reading_session()
    typed = {name: plain(request.form.get(name, "")) for name in COMPARED}
    matter = Matter(
        phone=typed["requester_phone"].strip(),
        nature=typed["nature"],
        category=typed["category"],
        district=typed["district"],
        address=typed["address"].strip(),
        content=typed["content"],
    )
    texts = (typed["title"], typed["content"])
    return {
        "similar": rows_of(similar_demands(session, clock.now(), matter), City(session)),
        "offers": knowledge.offers_while_typing(session, texts, typed["category"]),
    }


def _view(
    form: Form, typed: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None
) -> FormView:
    looks_anew = {
        "hx-post": url_for("web.similar"),
        "hx-target": "#similar",
        "hx-include": "closest form",
        "hx-params": ",".join(COMPARED),
    }
    return form_view(
        form,
        g.actor.roles,
        typed=typed,
        errors=errors,
        choices={**choices_of(City(reading_session())), **files.chosen(form, typed)},
        attributes={name: {**looks_anew, "hx-trigger": event} for name, event in COMPARED.items()},
    )

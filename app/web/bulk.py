"""Bulk extension: choose the orders, see what would move, ask, approve, watch it being done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import orjson
from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cases import answers, bulk
from app.cases.bulk import MOST_DAYS, Prospect, Query
from app.cases.extending import GROUNDS
from app.cases.models.bulk_extension import (
    BulkExtension,
    BulkExtensionOrder,
    BulkOutcome,
    BulkStatus,
)
from app.core import clock
from app.core.clock import CHINA
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Option
from app.identity.models import HandlingUnit
from app.identity.policy import may
from app.web.access import acting, permission, reading_session
from app.web.case import Refusal, choices_of
from app.web.forms import FormView, errors_in_words, form_view, plain, submitted
from app.web.labels import City
from app.web.language import _, due, language, say
from app.web.paging import page_of

Page = str | Response | tuple[str, int]

ASKING = Form(
    (
        Field("district", FieldType.DISTRICT, Phrase("事发区域", "District")),
        Field("category", FieldType.CATEGORY, Phrase("诉求类别", "Category")),
        Field("unit", FieldType.UNIT, Phrase("主办单位", "Lead unit")),
        Field("arrived_from", FieldType.DATE, Phrase("来电日期（起）", "Arrived from")),
        Field("arrived_to", FieldType.DATE, Phrase("来电日期（止）", "Arrived until")),
        Field(
            "days",
            FieldType.NUMBER,
            Phrase("延长天数（同原时限单位）", "More days (in the unit of each limit)"),
            required=True,
            minimum="1",
            maximum=str(MOST_DAYS),
        ),
        Field(
            "ground",
            FieldType.CHOICE,
            Phrase("延期理由", "Ground"),
            required=True,
            options=tuple(Option(code, name) for code, name in GROUNDS.items()),
        ),
        Field(
            "reason",
            FieldType.LONG_TEXT,
            Phrase("事由", "What has happened"),
            Phrase("如：暴雨红色预警，外业停止。", "Such as: red rain warning, no outdoor work."),
            required=True,
            max_length=1000,
        ),
    )
)
DECIDING = Form(
    (
        Field(
            "verdict",
            FieldType.CHOICE,
            Phrase("审批结论", "Verdict"),
            required=True,
            options=(
                Option("approved", Phrase("同意", "Approved")),
                Option("refused", Phrase("不同意", "Refused")),
            ),
        ),
        Field(
            "opinion",
            FieldType.LONG_TEXT,
            Phrase("审批意见", "Opinion"),
            Phrase("不同意时必填。", "Required when refusing."),
            max_length=1000,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One bulk extension in the list."""

    bulk: BulkExtension
    status: str
    colour: str
    orders: int
    extended: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order that is or would be extended."""

    demand_id: int
    number: str
    title: str
    unit: str
    before: str
    after: str
    outcome: str = ""
    colour: str = "grey"


@permission("bulk_extension.see")
def bulk_extensions() -> str:
    """What was asked for so far, and the form for more."""
    return _list_page()


@permission("bulk_extension.ask")
def ask_bulk_extension() -> Page:
    """First the preview; only what was seen is asked for."""
    try:
        given = answers.check(ASKING, submitted(ASKING, request.form), g.actor.roles)
        query, days = _query(given), int(str(given["days"]))
        found = bulk.preview(reading_session(), query, days, clock.now())
        seen = plain(request.form.get("seen", ""))
        if seen != _stamp(found):
            changed = bool(seen) and bool(found)
            return _list_page(found=[_prospect(one) for one in found], changed=changed)
        with acting() as uow:
            made = bulk.ask(uow, query, days, str(given["ground"]), str(given["reason"]))
            made_id = made.id
    except Invalid as wrong:
        return _list_page(Refusal(say(wrong.phrase), errors_in_words(wrong.fields))), 422
    flash(_("已提交批量延期，待另一人审批。"), "done")
    return redirect(url_for("web.bulk_extension", bulk_id=made_id))


@permission("bulk_extension.see")
def bulk_extension(bulk_id: int) -> str:
    """One bulk extension: its orders, its approval, how far it has come."""
    return _one_page(bulk_id)


@permission("bulk_extension.decide")
def decide_bulk_extension(bulk_id: int) -> Page:
    """Approve or refuse; approved, the ticker applies it."""
    try:
        given = answers.check(DECIDING, submitted(DECIDING, request.form), g.actor.roles)
        with acting() as uow:
            bulk.decide(
                uow,
                bulk_id,
                approved=given["verdict"] == "approved",
                opinion=str(given["opinion"] or ""),
            )
    except Invalid as wrong:
        refusal = Refusal(say(wrong.phrase), errors_in_words(wrong.fields))
        return _one_page(bulk_id, refusal), 422
    except Conflict as late:
        return _one_page(bulk_id, Refusal(say(late.phrase), {}, conflict=True)), 409
    flash(_("已审批。"), "done")
    return redirect(url_for("web.bulk_extension", bulk_id=bulk_id))


@permission("bulk_extension.see")
def bulk_extension_progress(bulk_id: int) -> str:
    """How far the applying has come, for the bar on the page."""
    return render_template("bulk_progress.html", **_progress(_found(bulk_id)))


def _list_page(
    refusal: Refusal | None = None,
    *,
    found: list[OrderRow] | None = None,
    changed: bool = False,
) -> str:
    session = reading_session()
    rows = []
    for one in bulk.bulk_extensions(session):
        counted = bulk.progress(session, one.id)
        status, colour = _status(one, counted)
        rows.append(BulkRow(one, status, colour, counted.total, counted.extended))
    return render_template(
        "bulk_extensions.html",
        page=page_of(rows),
        form=_form(ASKING, refusal, choices_of(City(session))),
        refusal=refusal,
        found=found,
        changed=changed,
        stamp=_stamp_of(found),
        may_ask=may(g.actor, "bulk_extension.ask"),
    )


def _one_page(bulk_id: int, refusal: Refusal | None = None) -> str:
    session = reading_session()
    one = _found(bulk_id)
    rows = [_line(*line) for line in bulk.lines_of(session, bulk_id)]
    return render_template(
        "bulk_extension.html",
        **_progress(one),
        page=page_of(rows),
        query=_query_in_words(one),
        ground=say(GROUNDS[one.ground]),
        form=_form(DECIDING, refusal),
        refusal=refusal,
        is_waiting=one.status == BulkStatus.WAITING,
        may_decide=one.status == BulkStatus.WAITING
        and may(g.actor, "bulk_extension.decide")
        and one.asked_by != g.actor.user_id,
    )


def _progress(one: BulkExtension) -> dict[str, Any]:
    counted = bulk.progress(reading_session(), one.id)
    status, colour = _status(one, counted)
    working = one.status == BulkStatus.APPROVED and counted.done < counted.total
    return {
        "bulk": one,
        "counted": counted,
        "status": status,
        "colour": colour,
        "working": working,
    }


def _found(bulk_id: int) -> BulkExtension:
    one = reading_session().get(BulkExtension, bulk_id)
    if one is None:
        raise NotFound(Phrase("没有这项批量延期。", "There is no such bulk extension."))
    return one


def _form(
    form: Form, refusal: Refusal | None, choices: Mapping[str, Any] | None = None
) -> FormView:
    return form_view(
        form,
        g.actor.roles,
        typed=request.form if request.method == "POST" else None,
        errors=refusal.errors if refusal is not None else None,
        choices=choices,
    )


def _query(given: Mapping[str, object]) -> Query:
    first, last = given["arrived_from"], given["arrived_to"]
    unit = given["unit"]
    return Query(
        district=str(given["district"] or ""),
        category=str(given["category"] or ""),
        unit_id=unit if isinstance(unit, int) else None,
        arrived_from=_beginning(first) if isinstance(first, date) else None,
        arrived_before=_beginning(last + timedelta(days=1)) if isinstance(last, date) else None,
    )


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def _stamp(found: list[Prospect]) -> str:
    return _stamp_of([_prospect(one) for one in found])


def _stamp_of(found: list[OrderRow] | None) -> str:
    """What was seen: the orders with both deadlines. Another list must be looked at again."""
    seen = " ".join(f"{row.demand_id}:{row.before}:{row.after}" for row in found or ())
    return sha256(seen.encode()).hexdigest()


def _prospect(one: Prospect) -> OrderRow:
    return OrderRow(
        one.demand.id,
        one.order.number,
        one.demand.title,
        one.unit.name_in(language()),
        due(one.due_before),
        due(one.due_after),
    )


def _line(line: BulkExtensionOrder, demand: Any, order: Any, unit: HandlingUnit) -> OrderRow:
    outcome, colour = {
        None: (_("待处理"), "grey"),
        BulkOutcome.EXTENDED.value: (_("已延期"), "green"),
        BulkOutcome.SKIPPED.value: (_("未延期：%(why)s", why=line.note or ""), "yellow"),
    }[line.outcome]
    return OrderRow(
        demand.id,
        order.number,
        demand.title,
        unit.name_in(language()),
        due(line.due_before),
        due(line.due_after),
        outcome,
        colour,
    )


def _status(one: BulkExtension, counted: bulk.Progress) -> tuple[str, str]:
    if one.status == BulkStatus.WAITING:
        return _("待审批"), "yellow"
    if one.status == BulkStatus.REFUSED:
        return _("不同意"), "grey"
    return (_("办理中"), "yellow") if counted.done < counted.total else (_("已完成"), "green")


def _query_in_words(one: BulkExtension) -> list[tuple[str, str]]:
    """What the orders were chosen by."""
    session, query = reading_session(), orjson.loads(one.query)
    city = City(session)
    unit = session.get(HandlingUnit, query["unit_id"] or 0)
    found = []
    if query["district"]:
        found.append((_("事发区域"), city.district(query["district"])))
    if query["category"]:
        found.append((_("诉求类别"), city.category(query["category"])))
    if unit is not None:
        found.append((_("主办单位"), unit.name_in(language())))
    if query["arrived_from"]:
        found.append((_("来电日期（起）"), query["arrived_from"][:10]))
    if query["arrived_before"]:
        last = date.fromisoformat(query["arrived_before"][:10]) - timedelta(days=1)
        found.append((_("来电日期（止）"), last.isoformat()))
    return found

"""Lists of work: what a person has to do now, what an agent registered, all orders."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases import queries, requester, steps
from app.cases.queries import Filter
from app.core import clock
from app.core.clock import CHINA
from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form, Option
from app.web import labels
from app.web.access import acting, permission, reading_session
from app.web.forms import form_view, number_in, plain
from app.web.language import _, language, say
from app.web.lights import Light, Lights
from app.web.paging import ROWS, Page, asked_page, page_out_of

LIGHTS = (
    Option("red", Phrase("已超期", "Overdue")),
    Option("yellow", Phrase("将到期", "Due soon")),
    Option("green", Phrase("正常", "In time")),
    Option("paused", Phrase("挂起中", "Paused")),
    Option("none", Phrase("未计时", "Not running")),
)
WORKLIST_FILTERS = Form(
    (
        Field("text", FieldType.TEXT, Phrase("关键词", "Search"), max_length=50),
        Field("category", FieldType.CATEGORY, Phrase("诉求类别", "Category")),
        Field("light", FieldType.CHOICE, Phrase("时限状态", "Time limit"), options=LIGHTS),
        Field("arrived_from", FieldType.DATE, Phrase("来电日期（起）", "Arrived from")),
        Field("arrived_to", FieldType.DATE, Phrase("来电日期（止）", "Arrived until")),
    )
)
ORDER_FILTERS = Form(
    (
        Field(
            "text",
            FieldType.TEXT,
            Phrase("编号、电话或关键词", "Number, phone or word"),
            max_length=50,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One open task."""

    task_id: int
    address: str
    light: Light
    number: str
    title: str
    urgent: str
    category: str
    requester: str
    unit: str
    step: str
    can_sign: bool


@permission("order.see_worklist")
def worklist() -> str:
    """The open tasks of the signed-in user, most urgent first."""
    session, now = reading_session(), clock.now()
    city = labels.City(session)
    narrowed, errors = _filter()
    found = queries.worklist(session, g.actor, now, narrowed, page=asked_page(), size=ROWS)
    lights = Lights(session, now)
    rows = [_row(item, city, lights) for item in found.items]
    narrow = form_view(
        WORKLIST_FILTERS,
        g.actor.roles,
        typed=request.args,
        errors=errors,
        choices={FieldType.CATEGORY: city.categories()},
        blank=_("全部"),
    )
    return render_template(
        "worklist.html",
        title=_("待办工单"),
        page=Page(rows, found.number, found.total),
        filters=narrow,
        narrowed=narrowed != Filter(),
        lights=_counts(session, now),
        can_sign=any(row.can_sign for row in rows),
    )


@permission("order.see_worklist")
def sign_for_many() -> Response:
    """Sign for every ticked order, each in a transaction of its own, and say which failed."""
    task_ids = [
        task_id for text in request.form.getlist("task") if (task_id := number_in(text)) is not None
    ]
    signed = 0
    for task_id in task_ids:
        try:
            with acting() as uow:
                steps.complete(uow, task_id, {})
            signed += 1
        except DomainError as refusal:
            flash(say(refusal.phrase), "stop")
    if signed:
        flash(_("已签收 %(count)s 件。", count=signed), "done")
    elif not task_ids:
        flash(_("请先勾选要签收的工单。"), "warn")
    return redirect(url_for("web.worklist"))


@permission("demand.register")
def my_demands() -> str:
    """What the signed-in agent registered, newest first."""
    session = reading_session()
    city = labels.City(session)
    found, total = queries.demands_registered_by(session, g.user.id, page=asked_page(), size=ROWS)
    return render_template(
        "my_demands.html", page=page_out_of(found, total), city=city, labels=labels
    )


@permission("order.see")
def orders() -> str:
    """All orders the reader may look up, newest first."""
    session = reading_session()
    text = plain(request.args.get("text", ""))[:50]
    found, total = queries.orders(session, g.actor, text=text, page=asked_page(), size=ROWS)
    city = labels.City(session)
    return render_template(
        "orders.html",
        page=page_out_of(found, total),
        filters=form_view(ORDER_FILTERS, g.actor.roles, typed=request.args),
        city=city,
        labels=labels,
    )


def _counts(session: Session, now: datetime) -> list[tuple[str, str, int]]:
    """How many tasks show which light: its code, its name, the number; none for none."""
    counted = {str(light): n for light, n in queries.counts_by_light(session, g.actor, now).items()}
    return [
        (option.value, say(option.label), counted[option.value])
        for option in LIGHTS
        if counted.get(option.value)
    ]


def _row(item: queries.Item, city: labels.City, lights: Lights) -> WorklistRow:
    demand = item.demand
    asker = requester.masked(reading_session(), demand, g.actor, language())
    return WorklistRow(
        task_id=item.task.id,
        address=url_for("web.case", demand_id=demand.id, task=item.task.id),
        light=lights.of(item.clock, item.yellow_at),
        number=item.order.number if item.order else demand.number,
        title=demand.title or _("（登记中）"),
        urgent=labels.urgency(demand.urgency),
        category=city.category_alone(demand.category),
        requester=f"{asker.name} {asker.phone}".strip(),
        unit=item.unit.name_in(language()) if item.unit else "—",
        step=item.task.name if language() == "zh" else item.task.name_en,
        can_sign=item.task.element_id == "sign_for",
    )


def _filter() -> tuple[Filter, dict[str, str]]:
    """The filter in the address, and what is wrong with its dates; what makes no sense in it is
    left out.
    """
    asked = request.args
    light = asked.get("light", "")
    first, last = asked_day(asked.get("arrived_from", "")), asked_day(asked.get("arrived_to", ""))
    errors = {
        name: _("请按 年-月-日 填写日期，如 2026-01-31。")
        for name, day in (("arrived_from", first), ("arrived_to", last))
        if day is None and plain(asked.get(name, ""))
    }
    if first is not None and last is not None and last < first:
        errors["arrived_to"] = _("止日早于起日，请更正。")
    narrowed = Filter(
        text=plain(asked.get("text", ""))[:50],
        category=plain(asked.get("category", "")),
        light=light if light in {option.value for option in LIGHTS} else "",
        arrived_from=first,
        arrived_before=last + timedelta(days=1) if last is not None else None,
    )
    return narrowed, errors


def asked_day(text: str) -> datetime | None:
    """The beginning of a day written 2026-01-31, 2026/1/31 or 2026.1.31; else none."""
    try:
        day = datetime.strptime(re.sub("[/.]", "-", plain(text)), "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        return None
    return day if 1900 < day.year < 2200 else None

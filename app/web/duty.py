"""The duty manager's pages: urgent reports and 110, the free hand, matters many are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases import clocks, free_hand, in_words, merging, orders, repeats, transfer_110, urgent
from app.cases.free_hand import FORMS, Move
from app.cases.models.demand import Demand
from app.cases.models.procedure import Procedure
from app.cases.models.urgent import PoliceTransfer, UrgentReport
from app.cases.orders import Case
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.engine import HumanTaskRow
from app.identity.models import HandlingUnit
from app.supervision.models import SupervisionCause
from app.web import labels, supervised
from app.web.access import acting, permission, reading_session
from app.web.case import HELPS, Help, Refusal, choices_of, found_case, lines_of
from app.web.forms import errors_in_words, form_view, plain, submitted
from app.web.labels import City
from app.web.language import _, language, moment, say
from app.web.paging import ROWS, asked_page, page_out_of
from app.web.views import Fact

Page = str | Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report slip that is not over."""

    report: UrgentReport
    demand: Demand
    order_number: str
    address: str
    slip: str


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A matter passed to 110 or come from it."""

    transfer: PoliceTransfer
    demand: Demand
    direction: str
    way: str
    may_return: bool


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node an order may be put at, with what that does."""

    id: str
    name: str
    ends: str
    stops: str
    starts: str
    goes_on: str
    why_not: str


def deciding_reopening(found: Case, task: HumanTaskRow) -> Help:
    """Beside the decision: who or what asks to open the order again, and how it was closed."""
    session = reading_session()
    asked = session.get_one(Procedure, task.scope)
    order = found.ordered
    lines = [line for line in lines_of(session, found) if line.is_step]
    request_of = [line for line in lines if line.at == asked.opened_at and line.by_system is False]
    said = [answer for line in request_of[-1:] for answer in line.answers]
    closing = [line for line in lines if line.element_id == "close"][-1:]
    return Help(
        "beside_facts.html",
        {
            "known": [
                Fact(_("申请人"), asked.opened_by_name or "—"),
                Fact(_("申请时间"), moment(asked.opened_at)),
                *_cause_of_reopening(session, asked),
                *(Fact(say(one.label), say(one.value), wide=True) for one in said),
                Fact(_("办结时间"), moment(order.closed_at) if order.closed_at else "—"),
                *(
                    Fact(say(one.label), say(one.value), wide=True)
                    for line in closing
                    for one in line.answers
                ),
                Fact(_("已重开次数"), str(order.reopened_count)),
            ]
        },
    )


HELPS["decide_reopening"] = deciding_reopening


def _cause_of_reopening(session: Session, asked: Procedure) -> list[Fact]:
    """What proposed it by itself: the cause of a supervision by its title, with its evidence."""
    kind, _colon, which = (asked.cause or "").partition(":")
    if kind == "supervision":
        cause = supervised.cause_view(session.get_one(SupervisionCause, int(which)))
        return [
            Fact(_("提请事由"), cause.title, wide=True),
            Fact(_("依据"), cause.evidence, wide=True),
        ]
    said = in_words.cause_of(asked)
    return [Fact(_("提请事由"), say(said), wide=True)] if said is not None else []


@permission("urgent.see")
def urgent_and_110() -> Page:
    """The open report slips, and what went to 110 or came from it."""
    session = reading_session()
    reports = []
    for report, procedure in urgent.open_reports(session):
        found = orders.find(session, procedure.demand_id)
        reports.append(
            ReportRow(
                report,
                found.demand,
                found.ordered.number,
                url_for("web.case", demand_id=found.demand.id),
                url_for("web.slip", procedure_id=procedure.id),
            )
        )
    ways = {
        "one_key": _("一键转接"),
        "three_party": _("三方通话"),
        "first_receiver": _("首接先行受理"),
    }
    rows = []
    for transfer in transfer_110.transfers(session):
        demand = session.get_one(Demand, transfer.demand_id)
        rows.append(
            TransferRow(
                transfer,
                demand,
                _("转110") if transfer.direction == "out" else _("110转来"),
                ways[transfer.way],
                transfer.direction == "in"
                and transfer.result_at is None
                and demand.closed_at is not None,
            )
        )
    return render_template("urgent.html", reports=reports, transfers=rows)


@permission("police.return")
def return_to_110(demand_id: int) -> Page:
    """The result of what came from 110 was given back there."""
    result = plain(request.form.get("result", "")).strip()
    if not result:
        flash(_("请填写回传 110 的结果。"), "stop")
        return redirect(url_for("web.urgent"))
    with acting() as uow:
        transfer_110.return_result(uow, orders.take(uow, demand_id), result)
    flash(_("已登记回传。"), "done")
    return redirect(url_for("web.urgent"))


@permission("urgent.see")
def slip(procedure_id: int) -> Page:
    """A report slip, to print."""
    session = reading_session()
    report = session.get(UrgentReport, procedure_id)
    if report is None:
        raise NotFound(Phrase("没有这件呈阅件。", "There is no such report slip."))
    found = orders.find(session, session.get_one(Procedure, procedure_id).demand_id)
    unit = session.get(HandlingUnit, found.unit_id) if found.unit_id is not None else None
    return render_template(
        "slip.html",
        report=report,
        demand=found.demand,
        order=found.ordered,
        urgency=labels.urgency(found.demand.urgency),
        unit=unit.name_in(language()) if unit else "",
    )


@permission("order.free_hand")
def hand(demand_id: int) -> Page:
    """Put an order elsewhere, give it away, or end it; what it does is shown beside each node."""
    if request.method == "GET":
        return _hand_page(demand_id)
    move = Move(request.form.get("move", "")) if request.form.get("move") in list(Move) else None
    if move is None:
        raise NotFound(Phrase("没有这种处置。", "There is no such move."))
    given = submitted(FORMS[move], request.form)
    commands = {
        Move.JUMP: free_hand.jump,
        Move.REASSIGN: free_hand.reassign,
        Move.CANCEL: free_hand.cancel,
    }
    try:
        with acting() as uow:
            commands[move](uow, demand_id, given)
    except Invalid as wrong:
        refusal = Refusal(say(wrong.phrase), errors_in_words(wrong.fields))
        return _hand_page(demand_id, move, refusal, request.form), 422
    except Conflict as late:
        return _hand_page(demand_id, move, Refusal(say(late.phrase), {}, True), request.form), 409
    flash(_("已处置，并记入工单历史。"), "done")
    return redirect(url_for("web.case", demand_id=demand_id))


def _hand_page(
    demand_id: int,
    move: Move | None = None,
    refusal: Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
) -> str:
    session, found = reading_session(), found_case(demand_id)
    try:
        nodes = [_node(one) for one in free_hand.plans(session, found)]
    except Conflict as over:
        nodes, refusal = [], refusal or Refusal(say(over.phrase), {}, True)
    forms = {
        one: form_view(
            FORMS[one],
            g.actor.roles,
            typed=typed if one is move else None,
            errors=refusal.errors if refusal is not None and one is move else None,
            choices=choices_of(City(session)),
        )
        for one in Move
    }
    return render_template(
        "free_hand.html",
        demand_id=demand_id,
        number=found.order.number if found.order else found.demand.number,
        title=found.demand.title,
        nodes=nodes,
        chosen=(typed or {}).get("node", ""),
        forms=forms,
        names={
            Move.JUMP: _("跳转到其他环节"),
            Move.REASSIGN: _("改派单位"),
            Move.CANCEL: _("终止办理"),
        },
        refusal=refusal,
    )


def _node(one: free_hand.Plan) -> NodeView:
    def named(names: tuple[str, ...]) -> str:
        return "、".join(say(clocks.NAMES.get(name, Phrase(name, name))) for name in names)

    return NodeView(
        one.element.id,
        say(one.element.label),
        "、".join(task.name if language() == "zh" else task.name_en for task in one.ends),
        named(one.stops),
        named(one.starts),
        named(one.goes_on),
        say(one.why_not) if one.why_not is not None else "",
    )


@permission("matter.see")
def matters() -> Page:
    """The matters that more than one demand is about, those with the most first."""
    rows, total = repeats.matters(reading_session(), page=asked_page(), size=ROWS)
    return render_template("matters.html", page=page_out_of(rows, total))


@permission("matter.see")
def matter(demand_id: int) -> Page:
    """A matter: every demand about it, with what became of it."""
    session = reading_session()
    first = repeats.matter_id_of(session, orders.find(session, demand_id).demand.id)
    demands = repeats.demands_of(session, first)
    joined = {demand.id for demand in merging.joined(session, first)}
    return render_template(
        "matter.html",
        matter=repeats.matter(session, first),
        demands=demands,
        joined=joined,
        status=labels.demand_status,
    )

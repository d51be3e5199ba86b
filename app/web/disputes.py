"""Returns and disputes: the plan beside a decision, the board of disputes, and what the dispatch
catalogue is to learn from rulings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import engine
from app.cases import acts, catalogue, clocks, coordinating, orders, return_ledger, send_back
from app.cases.acts import Act
from app.cases.models.dispute import CatalogueChange, Dispute, Ruling, Settlement
from app.cases.models.procedure import Procedure
from app.cases.orders import SUBJECT, Case
from app.cases.send_back import Fate
from app.core import clock
from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.decisions.errors import DecisionError
from app.engine import HumanTaskRow
from app.identity import policy
from app.identity.directory import unit_by_code
from app.identity.models import HandlingUnit
from app.web.access import acting, permission, reading_session
from app.web.acts import HELPS as ACT_HELPS
from app.web.case import HELPS, Help, event_of, lines_of
from app.web.labels import City
from app.web.language import _, due, language, moment, say
from app.web.lights import Light, Lights
from app.web.paging import Page, page_of
from app.web.views import Event, Fact

_OF_DISPUTE = frozenset(
    {
        "return_before_signing",
        "return_after_signing",
        "decide_return_request",
        "agree_ownership",
        "rule_ownership",
        "give_opinion",
        "rule_by_leader",
        "position_given",
        "meeting_called",
        "hazard_handled",
    }
)
"""Steps whose entries tell the story of a dispute."""


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """One open dispute of the board."""

    dispute_id: int
    number: str
    title: str
    cause: str
    tier: str
    first_unit: str
    light: Light
    hazard: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change of the catalogue that waits for a second person; `own` says why it is not yours."""

    change_id: int
    ruling: str
    dispute_id: int
    matter: str
    before: str
    after: str
    words: str
    own: bool


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What one decision on a return would do."""

    decision: str
    words: str
    limit: str
    ends: str
    mark: str


@dataclass(frozen=True, slots=True)
class Party:
    """A unit of a dispute and what it holds."""

    unit: str
    part: str
    position: str
    stated: str


def deciding(case: Case, task: HumanTaskRow) -> Help:
    """What the unit asks, and what each decision would do, before one is taken."""
    session = reading_session()
    asked = send_back.request_of(session, case)
    form = engine.form_of(session, task.process_id, task.element_id)
    verdict = form.field("return_verdict") if form is not None else None
    labels = {option.value: say(option.label) for option in verdict.options} if verdict else {}
    beside = send_back.beside(session, case)
    ends = [_beside(session, one) for one, fate in beside if fate is Fate.ENDS]
    names = [say(clocks.NAMES[limit.name]) for limit in send_back.limits_now(session, case)]
    city = City(session)
    suggested = session.get(HandlingUnit, asked.suggested_unit_id or 0)
    begin = {"return_verdict": asked.route} if asked.route in labels else {}
    if suggested is not None:
        begin["new_lead_unit"] = str(suggested.id)
    return Help(
        "beside_return_decision.html",
        {
            "asked": [
                Fact(_("退单单位"), _unit_name(session, asked.unit_id)),
                Fact(_("退单理由"), _reason(session, case, asked.reason_code)),
                Fact(_("具体说明"), asked.statement, wide=True),
                Fact(_("依据"), asked.legal_basis, wide=True),
                Fact(_("建议承办单位"), suggested.name_in(language()) if suggested else ""),
                Fact(_("本单第几次退单"), str(asked.number)),
                Fact(_("本单位累计退单"), _counted(session, asked.unit_id)),
                Fact(_("诉求分类"), city.category(case.demand.category)),
            ],
            "hazard": asked.hazard,
            "beside": [(_beside(session, one), _fate(fate)) for one, fate in beside],
            "plans": [
                PlanRow(
                    labels[plan.decision],
                    say(plan.words),
                    _limit_effect(plan.unit_limits, names),
                    _("、").join(ends) if plan.leaves_unit else "",
                    _("计为不当退单") if plan.counts_against_unit else "",
                )
                for plan in send_back.plans(session, case, list(labels))
            ],
        },
        begin=begin,
    )


def asking(case: Case, act: Act) -> Help:
    """How often the order was sent back before, and whether the window is still open."""
    session = reading_session()
    earlier = send_back.requests_of(session, case.ordered.id)
    return Help(
        "beside_return.html",
        {
            "open": clocks.within(case, session, "return_window", clock.now()),
            "earlier": [
                (
                    _unit_name(session, one.unit_id),
                    _reason(session, case, one.reason_code),
                    one.asked_at,
                )
                for one in earlier
            ],
            "counted": case.ordered.returned_count,
            "act": act.key,
        },
    )


def settling(case: Case, _task: HumanTaskRow) -> Help:
    """The parties and what they hold, what was ruled before, and what the table says of now."""
    session = reading_session()
    dispute = coordinating.dispute_of(session, case)
    return Help("beside_dispute.html", _told(session, dispute))


HELPS["decide_return_request"] = deciding
for _step in ("agree_ownership", "rule_ownership", "give_opinion", "rule_by_leader"):
    HELPS[_step] = settling
for _act in ("return_before_signing", "return_after_signing"):
    ACT_HELPS[_act] = asking


@permission("dispute.see")
def disputes() -> str:
    """The board: open disputes by tier with the time that is left, and changes to be reviewed."""
    session = reading_session()
    lights = Lights(session, clock.now())
    found = sorted(coordinating.open_disputes(session), key=lambda one: (-one.tier, one.id))
    page: Page[Dispute] = page_of(found)
    return render_template(
        "disputes.html",
        page=page,
        rows=[_row(session, lights, one) for one in page.rows],
        counts=[(_tier(tier), sum(one.tier == tier for one in found)) for tier in (1, 2, 3)],
        changes=[_change(session, one) for one in catalogue.waiting(session)],
        may_review=policy.may(g.actor, "catalogue.review"),
    )


@permission("dispute.see")
def dispute(dispute_id: int) -> str:
    """One dispute with its parties, meetings, ruling and story."""
    session = reading_session()
    found = coordinating.find_dispute(session, dispute_id)
    demand = found.order.demand
    case = orders.find(session, demand.id)
    lights = Lights(session, clock.now())
    return render_template(
        "dispute.html",
        **_told(session, found),
        row=_row(session, lights, found),
        demand_id=demand.id,
        closed=found.closed_at,
        events=_story(session, case),
    )


@permission("catalogue.review")
def review_change(change_id: int) -> Response:
    """Publish a change of the catalogue, or turn it down with a reason."""
    decide = catalogue.publish if request.form.get("verdict") == "publish" else catalogue.turn_down
    try:
        with acting() as uow:
            done = decide(uow, change_id, request.form.get("remark", "")[:500])
            version = done.version
    except (DomainError, DecisionError) as refusal:
        flash(say(refusal.phrase), "stop")
    else:
        if version is None:
            flash(_("已登记：不写入派单目录。"), "done")
        else:
            flash(_("已发布派单目录第 %(version)s 版。", version=version), "done")
    return redirect(url_for("web.disputes"))


def _told(session: Session, dispute: Dispute) -> dict[str, object]:
    """What is known of a dispute, for its page and beside its steps."""
    demand = dispute.order.demand
    city = City(session)
    matter = f"{city.category(demand.category)} · {city.district(demand.district)}"
    facts = [
        Fact(_("争议事由"), say(coordinating.CAUSES.get(dispute.cause, dispute.cause))),
        Fact(_("协调层级"), _tier(dispute.tier)),
        Fact(_("首接单位"), dispute.first_unit.name_in(language()) if dispute.first_unit else ""),
        Fact(_("事项"), matter),
        Fact(_("受理时间"), moment(dispute.opened_at)),
        Fact(_("最迟明确时间"), due(dispute.promised_at)),
    ]
    if dispute.hazard:
        done = dispute.hazard_handled_at
        facts.append(
            Fact(_("险情"), _("已于 %(at)s 先行处置", at=moment(done)) if done else _("待先行处置"))
        )
    earlier = coordinating.rulings_on(session, demand.category, demand.district)
    return {
        "dispute_facts": facts,
        "parties": [
            Party(
                party.unit.name_in(language()),
                _("首接单位") if party.part == "first_receiver" else _("拟承办单位"),
                party.position,
                moment(party.stated_at) if party.stated_at else "",
            )
            for party in dispute.parties
        ],
        "meetings": [
            (moment(one.meets_at), one.place, one.called_by_name) for one in dispute.meetings
        ],
        "earlier_rulings": [_ruled(one) for one in earlier if one.dispute_id != dispute.id],
        "ruling": _ruling_facts(session, dispute.ruling) if dispute.ruling else [],
    }


def _ruling_facts(session: Session, ruling: Ruling) -> list[Fact]:
    return [
        Fact(_("裁定编号"), ruling.number),
        Fact(_("结果"), _settlement(ruling.settlement)),
        Fact(_("主办单位"), ruling.lead_unit.name_in(language())),
        Fact(_("协办单位"), _("、").join(_names(session, ruling.co_units.split()))),
        Fact(_("裁定人"), ruling.ruled_by_name),
        Fact(_("裁定时间"), moment(ruling.ruled_at)),
        Fact(_("派单目录变更"), _state_of_change(session, ruling)),
        Fact(_("结论及依据"), ruling.words, wide=True),
        Fact(_("会议纪要"), ruling.minutes, wide=True),
    ]


def _state_of_change(session: Session, ruling: Ruling) -> str:
    change = session.scalar(select(CatalogueChange).where(CatalogueChange.ruling_id == ruling.id))
    if change is None:
        return ""
    if change.decided_at is None:
        return _("待审核")
    if change.version is None:
        return _("不写入")
    return _("已发布第 %(version)s 版", version=change.version)


def _ruled(ruling: Ruling) -> tuple[str, str, str]:
    return ruling.number, ruling.lead_unit.name_in(language()), moment(ruling.ruled_at)


def _row(session: Session, lights: Lights, dispute: Dispute) -> DisputeRow:
    order = dispute.order
    name = f"coordination_{dispute.tier}"
    running = engine.clock_of(session, SUBJECT, order.demand_id, name)
    first = dispute.first_unit
    return DisputeRow(
        dispute_id=dispute.id,
        number=order.number,
        title=order.demand.title,
        cause=say(coordinating.CAUSES.get(dispute.cause, dispute.cause)),
        tier=_tier(dispute.tier),
        first_unit=first.name_in(language()) if first else _("未明确"),
        light=lights.of(running, None),
        hazard=_("险情") if dispute.hazard and dispute.hazard_handled_at is None else "",
    )


def _change(session: Session, change: CatalogueChange) -> ChangeRow:
    city = City(session)
    seen = catalogue.difference(session, change)
    ruling = change.ruling
    return ChangeRow(
        change_id=change.id,
        ruling=ruling.number,
        dispute_id=ruling.dispute_id,
        matter=f"{city.category(change.category)} · {city.district(change.district)}",
        before=_division(session, seen.lead_before, seen.co_before),
        after=_division(session, seen.lead_after, seen.co_after),
        words=ruling.words,
        own=ruling.ruled_by is not None and ruling.ruled_by == g.actor.user_id,
    )


def _division(session: Session, lead: str, co_units: Sequence[str]) -> str:
    [name] = _names(session, [lead])
    if not co_units:
        return name
    return _(
        "%(lead)s（协办：%(others)s）", lead=name, others=_("、").join(_names(session, co_units))
    )


def _names(session: Session, codes: Sequence[str]) -> list[str]:
    found = [(code, unit_by_code(session, code)) for code in codes]
    return [unit.name_in(language()) if unit is not None else code for code, unit in found]


def _tier(tier: int) -> str:
    return {
        1: _("一级：单位协商"),
        2: _("二级：热线中心协调"),
        3: _("三级：裁定"),
    }[tier]


def _settlement(code: str) -> str:
    return {
        Settlement.AGREED: _("协商一致"),
        Settlement.RULED: _("裁定"),
        Settlement.FALLBACK: _("属地兜底"),
    }[Settlement(code)]


def _limit_effect(effect: str, names: Sequence[str]) -> str:
    if not names:
        return _("没有在计时")
    words = {
        "restart": _("停止，新单位签收后重新起算"),
        "continue": _("照走，不返还"),
        "pause": _("暂停，之后顺延"),
        "stop": _("停止"),
    }[effect]
    return _("%(limits)s：%(effect)s", limits=_("、").join(names), effect=words)


def _beside(session: Session, one: Procedure) -> str:
    """What runs beside the order, by name and unit."""
    bundle = acts.opening_bundle(session, one.kind)
    process = bundle.processes[bundle.main]
    name = say(Phrase(process.name, process.name_en or process.name))
    unit = session.get(HandlingUnit, one.unit_id or 0)
    return _("%(name)s（%(unit)s）", name=name, unit=unit.name_in(language())) if unit else name


def _fate(fate: Fate) -> str:
    return {
        Fate.ENDS: _("终止"),
        Fate.GOES_ON: _("继续，改由新主办单位牵头"),
        Fate.UNTOUCHED: _("不受影响"),
    }[fate]


def _unit_name(session: Session, unit_id: int) -> str:
    return session.get_one(HandlingUnit, unit_id).name_in(language())


def _counted(session: Session, unit_id: int) -> str:
    count = return_ledger.counted(session)[unit_id]
    return _("%(asked)s 次，其中不当退单 %(against)s 次", asked=count.asked, against=count.against)


def _reason(session: Session, case: Case, code: str) -> str:
    """A reason in the words of the form it was chosen from."""
    process_id = case.demand.process_id
    assert process_id is not None  # a case with an order has a process
    form = engine.form_of(session, process_id, "return_before_signing")
    asked = form.field("reason_code") if form is not None else None
    for option in asked.options if asked is not None else ():
        if option.value == code:
            return say(option.label)
    return code


def _story(session: Session, case: Case) -> list[Event]:
    return [
        event_of(line)
        for line in lines_of(session, case)
        if line.is_step and line.element_id in _OF_DISPUTE
    ]

"""The page of a case: what is known, what happened, its time limits, and the step to do now."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import engine
from app.cases import (
    acts,
    catalogue,
    clocks,
    explaining,
    history,
    joined_rating,
    orders,
    queries,
    repairing,
    requester,
    second_person,
    steps,
    story,
    viewing,
)
from app.cases.acts import Act
from app.cases.models.demand import AnswerWay
from app.cases.orders import Case
from app.cases.requester import Requester
from app.cases.story import Line
from app.core import clock
from app.core.errors import Conflict, Invalid, NotAllowed, NotFound
from app.core.phrase import Phrase
from app.engine import ClockRow, HumanTaskRow, ProcessFault
from app.engine.diagram import Element
from app.engine.forms import FieldType, Form
from app.engine.kernel import Bundle
from app.identity import directory, policy
from app.identity.models import HandlingUnit, User
from app.web import files, labels, parts, related, supervised
from app.web.access import acting, holds, permission, reading_session
from app.web.drawings import drawing
from app.web.forms import Choices, FormView, errors_in_words, form_view, submitted
from app.web.labels import City
from app.web.language import _, due, language, moment, ngettext, say
from app.web.lights import Lights
from app.web.standing import answer, standing
from app.web.views import Diagram, Event, Fact, Limit, Step

Page = str | Response | tuple[str, int]

_DONE_BY_PEOPLE = frozenset({"userTask", "manualTask"})
_BASIS = "依据"
"""The column of a table in which each row names where it comes from."""
_AMONG_THE_FACTS = frozenset({"register", "answer_or_order"})
"""Steps whose answers the page shows as facts of the demand."""
_RECENT = 5
"""From the judgement back to the reply that it is about."""
TABS = ("basic", "progress", "deadlines", "story", "diagram")


@dataclass(frozen=True, slots=True)
class TaskView:
    """The step the reader may do now."""

    id: int
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class Help:
    """What a page adds to the plain form of a step: a template shown before it with its values,
    what the form begins with, attributes of its fields, and what a field offers of its own.
    """

    template: str
    values: Mapping[str, object]
    begin: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    choices: Mapping[str, Choices] = field(default_factory=dict)


HELPS: dict[str, Callable[[Case, HumanTaskRow], Help]] = {}
"""By id of the step; filled by the modules of the roles. Most steps need none."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another open step, or a rest: then `who` says until when; `address` where it is done, for
    one of the reader's own.
    """

    name: str
    who: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class ActView:
    """Something the reader may set going; `why_not` says why it must wait."""

    name: str
    address: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why what was sent was not done; `conflict` when somebody else was first."""

    sentence: str
    errors: Mapping[str, str]
    conflict: bool = False


@permission("order.see")
def case(demand_id: int) -> Page:
    """The page of a case, or only its panel when htmx asks for another tab."""
    found = _found(reading_session(), demand_id)
    if viewing.is_watched(found.demand) and not request.headers.get("HX-Request"):
        with acting() as uow:
            viewing.note_view(uow, demand_id)
        found = _found(reading_session(), demand_id)
    return _page(found, _my_task(found))


@permission("order.see")
def do_step(task_id: int) -> Page:
    """Do a step. Refused, the page comes again with the reason and all that was typed.

    Only asked for, as by a reload of that page, it leads to the case.
    """
    session = reading_session()
    task = _task(session, task_id)
    if request.method == "GET":
        return redirect(url_for("web.case", demand_id=task.subject_id, task=task_id))
    form = engine.form_of(session, task.process_id, task.element_id) or Form(())
    sent = files.take_in(form)
    if sent.errors:
        return _again(task_id, Refusal("", sent.errors), sent.fields), 422
    try:
        with acting() as uow:
            done = steps.complete(uow, task_id, submitted(form, sent.fields))
            demand_id = done.demand.id
    except Invalid as wrong:
        refusal = Refusal(say(wrong.phrase), errors_in_words(wrong.fields))
        return _again(task_id, refusal, sent.fields), 422
    except Conflict as first:
        refusal = Refusal(say(first.phrase), {}, conflict=True)
        try:
            return _again(task_id, refusal, sent.fields), 409
        except NotAllowed:  # the case has gone to others
            return kept(form, sent.fields, first)
    except NotAllowed as refused:
        return kept(form, sent.fields, refused)
    except ProcessFault as fault:
        with acting() as uow:
            repairing.report(uow, task.subject_id, task.process_id, task.element_id, fault)
        said = _("流程出现异常，已报告给值班长修复。您填写的内容仍保留在页面上，可复制留存。")
        return _again(task_id, Refusal(said, {}), sent.fields), 409
    flash(_("已完成：%(step)s。", step=_name(task)), "done")
    if my_tasks(reading_session(), demand_id):
        return redirect(url_for("web.case", demand_id=demand_id))
    return redirect(url_for("web.worklist"))


@permission("order.see")
def look_at_step(task_id: int) -> FlaskResponse:
    """Which fields of an open step are shown and required with what was typed so far."""
    session = reading_session()
    task = _task(session, task_id)
    _found(session, task.subject_id)
    form = engine.form_of(session, task.process_id, task.element_id) or Form(())
    return answer(form, _scope(session, task, form), request.form)


@permission("requester.unmask")
def unmask(demand_id: int) -> Page:
    """Show name and number in full once; that it was looked at goes into the history."""
    with acting() as uow:
        asker = requester.unmask(uow, demand_id)
    found = _found(reading_session(), demand_id)
    return _page(found, _my_task(found), asker=asker)


@permission("order.see")
def diagram_file(demand_id: int) -> FlaskResponse:
    """The diagram of the case's process, in the version the case runs on."""
    session = reading_session()
    found = _found(session, demand_id)
    return drawing(_bundle(session, found).diagrams[0])


def _again(task_id: int, refusal: Refusal, typed: Mapping[str, Any]) -> str:
    session = reading_session()
    task = _task(session, task_id)
    return _page(_found(session, task.subject_id), task, refusal=refusal, typed=typed)


def kept(form: Form, typed: Mapping[str, Any], refused: Conflict | NotAllowed) -> tuple[str, int]:
    """Why it was not done, and what was typed, where the case has no form for the reader now."""
    shown = form_view(
        form,
        g.actor.roles,
        typed=typed,
        choices={**choices_of(City(reading_session())), **files.chosen(form, typed)},
    )
    is_forbidden = isinstance(refused, NotAllowed)
    sentence = say(refused.phrase)
    page = render_template("kept.html", sentence=sentence, form=shown, is_forbidden=is_forbidden)
    return page, 403 if is_forbidden else 409


def _task(session: Session, task_id: int) -> HumanTaskRow:
    """The task, open or done. Raises `NotFound`, also when its case is none of the reader's."""
    task = session.get(HumanTaskRow, task_id)
    if task is None or task.subject_kind != orders.SUBJECT:
        raise NotFound(Phrase("没有这项待办。", "There is no such task."))
    return task


def found_case(demand_id: int) -> Case:
    """The case for another page about it. Raises like the page of the case."""
    return _found(reading_session(), demand_id)


def _found(session: Session, demand_id: int) -> Case:
    """The case. Raises `NotFound`, or `NotAllowed` for people of a unit that has no part in it."""
    found = orders.find(session, demand_id)
    unit_id = g.actor.unit_id
    if unit_id is None or queries.concerns(session, demand_id, unit_id):
        policy.require(g.actor, "order.see", unit_id)
    elif not policy.may(g.actor, "order.see", found.unit_id):
        raise NotAllowed(
            Phrase(
                "这件诉求现不由贵单位主办或协办，您不能查看。如认为有误，请与热线中心联系。",
                "Your unit neither handles this matter nor assists in it now, so you cannot see "
                "it. If that is wrong, ask the hotline centre.",
            )
        )
    return found


def _my_task(found: Case) -> HumanTaskRow | None:
    """The step of this case that the reader may do now and has chosen, else the first one."""
    mine = my_tasks(reading_session(), found.demand.id)
    asked = request.args.get("task", type=int)
    return next((task for task in mine if task.id == asked), mine[0] if mine else None)


def my_tasks(session: Session, demand_id: int) -> list[HumanTaskRow]:
    """The steps of a case and its procedures that the reader may do now, oldest first."""
    return [
        task
        for task in queries.open_tasks(session, demand_id)
        if second_person.may_do(
            session,
            g.actor,
            task,
            orders.find_in_scope(session, demand_id, task.scope).unit_id,
        )
    ]


def _page(
    found: Case,
    task: HumanTaskRow | None,
    *,
    refusal: Refusal | None = None,
    typed: Mapping[str, Any] | None = None,
    asker: Requester | None = None,
) -> str:
    session, now = reading_session(), clock.now()
    tab = request.args.get("tab", TABS[0])
    if tab not in TABS:
        tab = TABS[0]
    panel = _panel(found, tab, asker)
    if request.headers.get("HX-Request"):
        return render_template("case_panel.html", **panel)
    demand, order = found.demand, found.order
    form, helped = FormView(()), None
    if task is not None:
        if task.closed_at is None and task.element_id in HELPS:
            helped = HELPS[task.element_id](found, task)
        form = _form(session, task, helped, refusal, typed)
    nearest = min(
        (
            (
                (row.paused_at is not None, row.due_at),
                say(clocks.NAMES.get(row.name, row.name)),
                row,
                yellow,
            )
            for row, yellow in queries.clocks_of(session, demand.id)
            if row.stopped_at is None and row.due_at is not None
        ),
        key=lambda one: one[0],
        default=None,
    )
    return render_template(
        "case.html",
        **panel,
        **(helped.values if helped is not None else {}),
        has_worklist=holds(g.actor, "order.see_worklist"),
        number=order.number if order else demand.number,
        title=demand.title,
        status=labels.order_status(order.status) if order else labels.demand_status(demand.status),
        limit_name=nearest[1] if nearest else "",
        light_now=Lights(session, now).of(nearest[2], nearest[3]) if nearest else None,
        tags=[
            *_tags(found),
            *(one.ground for one in supervised.instructed(session, demand.id)),
        ],
        task=_task_view(task) if task is not None else None,
        gone=task is not None and task.closed_at is not None,
        form=form,
        helped=helped,
        refusal=refusal,
        waiting=_waiting(found, task),
        acts=possible_acts(session, found),
    )


def possible_acts(session: Session, found: Case) -> list[ActView]:
    """What the reader may set going on the case, beside the open steps."""
    named: dict[tuple[str, str], ActView] = {}
    for act in acts.acts_of(session, found, g.actor, clock.now()):
        name = act_name(session, act)
        view = ActView(
            name,
            url_for("web.act", demand_id=found.demand.id, key=act.key),
            say(act.why_not) if act.why_not is not None else "",
        )
        named.setdefault((act.kind, name), view)  # who stands in for several roles needs one
    possible = list(named.values())
    order = found.order
    if holds(g.actor, "order.free_hand") and order is not None and order.closed_at is None:
        address = url_for("web.free_hand", demand_id=found.demand.id)
        possible.append(ActView(_("值班长处置"), address, ""))
    return possible


def act_name(session: Session, act: Act) -> str:
    """What an act is called, with the unit whose part it is about where that is another's."""
    name = say(act.element.label)
    unit_id = act.case.procedure.unit_id if act.case.procedure is not None else None
    if unit_id is None or unit_id == g.actor.unit_id:
        return name
    unit = session.get_one(HandlingUnit, unit_id)
    return _("%(act)s（%(unit)s）", act=name, unit=unit.name_in(language()))


def _form(
    session: Session,
    task: HumanTaskRow,
    helped: Help | None,
    refusal: Refusal | None,
    typed: Mapping[str, Any] | None,
) -> FormView:
    form = engine.form_of(session, task.process_id, task.element_id) or Form(())
    city = City(session)
    begun = typed if typed is not None or helped is None else helped.begin
    return form_view(
        form,
        g.actor.roles,
        typed=begun,
        standing=standing(
            form, _scope(session, task, form), begun, url_for("web.look_at_step", task_id=task.id)
        ),
        errors=refusal.errors if refusal is not None else None,
        choices={
            **choices_of(city),
            **files.chosen(form, typed),
            **(helped.choices if helped is not None else {}),
        },
        attributes=helped.attributes if helped is not None else None,
    )


def _scope(session: Session, task: HumanTaskRow, form: Form) -> Mapping[str, object]:
    about = orders.find(session, task.subject_id)
    return steps.scope_of(session, about, form, g.actor.roles, task.process_id, task.token)


def choices_of(city: City) -> dict[str, Choices]:
    """What the fields offer whose choices are the city's own."""
    return {
        FieldType.CATEGORY: city.categories(),
        FieldType.DISTRICT: city.districts(),
        FieldType.UNIT: city.units(),
        FieldType.UNITS: city.units(),
    }


def _task_view(task: HumanTaskRow) -> TaskView:
    actions = {"sign_for": _("签收"), "dispatch": _("派单"), "close": _("办结")}
    return TaskView(task.id, _name(task), actions.get(task.element_id, _("提交")))


def _waiting(found: Case, mine: HumanTaskRow | None) -> list[Waiting]:
    """The open steps of others, and instants until which the process rests."""
    session = reading_session()
    waiting = [
        Waiting(
            _name(task),
            _doer(session, *_whose(session, task)),
            url_for("web.case", demand_id=found.demand.id, task=task.id)
            if task.id in {one.id for one in my_tasks(session, found.demand.id)}
            else "",
        )
        for task in queries.open_tasks(session, found.demand.id)
        if mine is None or task.id != mine.id
    ]
    for timer in queries.timers_of(session, _process_id(found)):
        element = _bundle(session, found).element(timer.element_id)
        if element is not None and element.kind == "intermediateCatchEvent":
            waiting.append(Waiting(say(element.label), _("至 %(time)s", time=moment(timer.due_at))))
    return waiting


def _whose(session: Session, task: HumanTaskRow) -> tuple[str, int | None]:
    """The role, and the unit that a step names or that a procedure beside the order is about."""
    code, unit_id = second_person.whose(session, task)
    if unit_id is None and code in policy.UNIT_ROLES:
        procedure = orders.find_in_scope(session, task.subject_id, task.scope).procedure
        unit_id = procedure.unit_id if procedure is not None else None
    return code, unit_id


def _name(task: HumanTaskRow) -> str:
    return str(task.name if language() == "zh" else task.name_en or task.name)


def role(code: str | None) -> str:
    """A role in the reader's language."""
    return say(policy.ROLE_NAMES.get(code or "", code or ""))


def whose(session: Session, element: Element) -> str:
    """Who does a step of a diagram, in the reader's language."""
    unit = directory.unit_by_code(session, element.unit) if element.unit is not None else None
    return _doer(session, element.role, None if unit is None else unit.id)


def _doer(session: Session, code: str | None, named_unit_id: int | None) -> str:
    if named_unit_id is None:
        return role(code)
    unit = session.get_one(HandlingUnit, named_unit_id).name_in(language())
    return _("%(unit)s %(role)s", unit=unit, role=role(code))


def _tags(found: Case) -> list[str]:
    demand = found.demand
    tags = [labels.urgency(demand.urgency)]
    if demand.confidential:
        tags.append(_("保密"))
    if found.order is not None and found.order.rejected_count:
        times = found.order.rejected_count
        tags.append(ngettext("审核退回 %(num)s 次", "审核退回 %(num)s 次", times))
    if found.order is not None and found.order.re_handled_count:
        tags.append(_("重办"))
    if found.order is not None and found.order.reopened_count:
        times = found.order.reopened_count
        tags.append(ngettext("重开 %(num)s 次", "重开 %(num)s 次", times))
    return [tag for tag in tags if tag]


def _panel(found: Case, tab: str, asker: Requester | None) -> dict[str, object]:
    """What the chosen tab shows; the other tabs cost nothing."""
    session = reading_session()
    panel: dict[str, object] = {
        "demand_id": found.demand.id,
        "tab": tab,
        "tabs": [
            ("basic", _("基本信息")),
            ("progress", _("办理过程")),
            ("deadlines", _("时限说明")),
            ("story", _("全程说明")),
            ("diagram", _("流程图")),
        ],
    }
    match tab:
        case "progress":
            panel["events"] = _events(session, found)
        case "deadlines":
            panel["limits"] = _limits(session, found)
        case "story":
            panel["sections"] = _story(session, found)
        case "diagram":
            panel["drawn"] = _diagram(session, found)
        case _:
            panel["files"] = files.of_case(found)
            panel["instructed"] = supervised.instructed(session, found.demand.id)
            panel["supervisions"] = supervised.supervisions(session, found.demand.id)
            panel["related"] = related.links(session, found)
            panel["facts_of_case"] = _facts(session, found, asker)
            panel["recent"] = _recent(session, found)
            panel["may_unmask"] = asker is None and requester.may_unmask(
                session, found.demand, g.actor, found.unit_id
            )
    return panel


def _story(session: Session, found: Case) -> list[dict[str, object]]:
    """The whole story, as the console tells it."""
    return [
        {
            "title": say(part.title),
            "lines": [{"depth": line.depth, "text": say(line.text)} for line in part.lines],
        }
        for part in explaining.explain(session, found, clock.now(), g.actor.roles)
    ]


def _facts(session: Session, found: Case, asker: Requester | None) -> list[Fact]:
    demand, order = found.demand, found.order
    city = City(session)
    who = asker or requester.masked(session, demand, g.actor, language())

    def seen(field: str) -> str:
        return requester.shown(session, demand, g.actor, field, language())

    facts = [
        Fact(_("诉求编号"), demand.number),
        Fact(_("来源渠道"), _option(session, found, "channel")),
        Fact(_("诉求人"), who.name),
        Fact(_("联系电话"), who.phone),
        Fact(_("来电时间"), moment(demand.arrived_at)),
        Fact(_("发生时间"), demand.happened),
        Fact(_("诉求性质"), _option(session, found, "nature")),
        Fact(_("诉求分类"), city.category(demand.category)),
        Fact(_("事发区域"), city.district(demand.district)),
        Fact(_("紧急程度"), _option(session, found, "urgency")),
        Fact(_("事发地址"), seen(requester.ADDRESS), wide=True),
        Fact(_("诉求内容"), seen(requester.CONTENT), wide=True),
    ]
    if demand.answer:
        facts.append(Fact(_("答复内容"), demand.answer, wide=True))
    if demand.answered_way == AnswerWay.THREE_PARTY:
        expert = session.get(User, demand.answered_by) if demand.answered_by else None
        facts.append(Fact(_("答复方式"), _("政策专员三方通话答复")))
        facts.append(Fact(_("答复人"), expert.name if expert else ""))
    if order is not None:
        unit = session.get(HandlingUnit, order.lead_unit_id) if order.lead_unit_id else None
        facts += [
            Fact(_("派单方式"), labels.dispatch_mode(order.dispatch_mode)),
            Fact(_("主办单位"), unit.name_in(language()) if unit else ""),
            Fact(_("派单时间"), moment(order.dispatched_at)),
            Fact(_("签收时间"), moment(order.signed_at)),
            Fact(_("答复时间"), moment(order.replied_at)),
        ]
        others = parts.all_parts_in_words(session, found)
        if others:
            facts.append(Fact(_("协办和下级单位"), others, wide=True))
        ruling = catalogue.ruling_behind(session, order)
        if ruling is not None:
            facts.append(Fact(_("派单依据"), _("协调裁定 %(number)s", number=ruling.number)))
        if order.referred_to:
            facts.append(Fact(_("转送单位"), order.referred_to))
            facts.append(Fact(_("转送文号"), order.referral_number or ""))
        if order.published is not None:
            facts.append(Fact(_("结果公开"), _("是") if order.published else _("否")))
        if order.public_reply:
            facts.append(Fact(_("公开答复"), order.public_reply, wide=True))
        asked = joined_rating.ratings_of(session, order.id)
        if asked:
            rated = [one for one in asked if one.rated_at is not None]
            said = _(
                "已发链接 %(asked)s 人，已评价 %(rated)s 人，不满意 %(bad)s 人",
                asked=len(asked),
                rated=len(rated),
                bad=sum(1 for one in rated if joined_rating.is_dissatisfied(one)),
            )
            facts.append(Fact(_("并案诉求人评价"), said))
    return facts


def _option(session: Session, found: Case, name: str) -> str:
    """A code of the demand in the words of the registration form it was chosen from."""
    code = str(getattr(found.demand, name))
    register = _bundle(session, found).element("register")
    asked = register.form.field(name) if register is not None and register.form else None
    options = asked.options if asked is not None else ()
    return next((say(option.label) for option in options if option.value == code), code)


def _bundle(session: Session, found: Case) -> Bundle:
    """The diagrams in the version that the case runs on."""
    return engine.bundle_of_process(session, _process_id(found))


def _process_id(found: Case) -> int:
    process_id = found.demand.process_id
    assert process_id is not None  # set in the transaction in which a demand arrives
    return process_id


def _events(session: Session, found: Case) -> list[Event]:
    return [event_of(line) for line in lines_of(session, found)]


def _recent(session: Session, found: Case) -> list[Event]:
    """What was last entered in the latest steps, the newest first: what the next person decides
    upon. Each step stands there once.
    """
    latest: dict[str | None, Line] = {}
    for line in reversed(lines_of(session, found)):
        if line.is_step and line.answers and line.element_id not in _AMONG_THE_FACTS:
            latest.setdefault(line.element_id, line)
    return [event_of(line) for line in islice(latest.values(), _RECENT)]


def lines_of(session: Session, found: Case) -> list[Line]:
    """The story of the case as far as the reader may know it."""
    return story.story(session, found.demand.id, _process_id(found), g.actor.roles)


def event_of(line: Line) -> Event:
    """A line of the story for a timeline."""
    return Event(
        at=line.at,
        who=line.who,
        what=say(line.what),
        details=[(say(answer.label), say(answer.value)) for answer in line.answers],
        kind="late" if line.is_late else "" if line.is_step else "system",
    )


def _limits(session: Session, found: Case) -> list[Limit]:
    lights = Lights(session, clock.now())
    limits = []
    for row, yellow_at in queries.clocks_of(session, found.demand.id):
        name = say(clocks.NAMES.get(row.name, row.name))
        limits.append(
            Limit(
                name=name if row.run == 1 else _("%(name)s（第%(run)s次）", name=name, run=row.run),
                light=lights.of(row, yellow_at),
                facts=[
                    Fact(_("起算"), moment(row.started_at)),
                    Fact(_("到期"), due(row.due_at)),
                    Fact(_("黄灯"), moment(yellow_at)),
                    Fact(_("停止"), moment(row.stopped_at)),
                    Fact(_("依据"), _source(row), wide=True),
                ],
                explanation=[say(line.phrase) for line in clocks.explanation(session, row)],
                running=row.stopped_at is None,
            )
        )
    return limits


def _source(row: ClockRow) -> str:
    """Which row of which version of the table set the limit, with what the row says about it."""
    decision = json.loads(row.evidence)["decision"]
    lines = []
    for table in decision["tables"]:
        for matched in table["rows"]:
            notes = matched["annotations"]
            said = notes.get(_BASIS) or "；".join(str(text) for text in notes.values() if text)
            where = _(
                "时限表第 %(version)s 版第 %(row)s 行",
                version=decision["version"],
                row=matched["index"],
            )
            lines.append(f"{where}{_('：')}{said}" if said else where)
    return "\n".join(lines)


def _diagram(session: Session, found: Case) -> Diagram:
    """The drawing with its tokens, and how far each step of people is."""
    active = {task.element_id for task in queries.open_tasks(session, found.demand.id)}
    done = {
        entry.element_id
        for entry in history.story(session, found.demand.id)
        if entry.element_id is not None
    } - active
    words = {"is-active": _("进行中"), "is-done": _("已完成"), "": _("未开始")}
    steps_of_people = []
    for element in done_by_people(_bundle(session, found)):
        state = "is-active" if element.id in active else "is-done" if element.id in done else ""
        who = whose(session, element)
        steps_of_people.append(Step(say(element.label), who, state, words[state]))
    return Diagram(
        address=url_for("web.diagram_file", demand_id=found.demand.id),
        active=sorted(active),
        done=sorted(done),
        steps=steps_of_people,
    )


def done_by_people(bundle: Bundle) -> Iterator[Element]:
    """The steps that people do, in the order in which they are drawn."""
    for process in bundle.processes.values():
        yield from (one for one in process.elements.values() if one.kind in _DONE_BY_PEOPLE)

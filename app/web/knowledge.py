"""The knowledge base: looking things up, keeping items, and filling what it could not answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.cases import knowledge
from app.cases.models.knowledge import KnowledgeEdit, KnowledgeItem, KnowledgeStatus
from app.cases.orders import Case
from app.core import clock
from app.core.clock import CHINA
from app.core.errors import Conflict, Invalid
from app.core.phrase import Phrase
from app.engine.forms import Field, FieldType, Form
from app.identity import policy
from app.web.access import acting, permission, reading_session
from app.web.case import choices_of
from app.web.forms import FormView, errors_in_words, form_view, number_in, plain, submitted
from app.web.labels import City
from app.web.language import _, say
from app.web.paging import page_of
from app.web.views import Event, Fact

Page = str | Response | tuple[str, int]

FILTERS = Form((Field("text", FieldType.TEXT, Phrase("关键词", "Words"), max_length=50),))


@dataclass(frozen=True, slots=True)
class Row:
    """An item in a list; `ending` says that its last day is near or past."""

    item: KnowledgeItem
    address: str
    category: str
    status: str
    until: str
    ending: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An item that may answer the demand at hand; its address, once the demand is registered,
    begins the form with it.
    """

    number: str
    title: str
    content: str
    source: str
    address: str
    view: str


@permission("knowledge.see")
def items() -> str:
    """Items that contain the words asked for; editors also see drafts and withdrawn ones."""
    session = reading_session()
    text = plain(request.args.get("text", ""))[:50]
    found = knowledge.items(session, text=text, drafts=_may_edit())
    city = City(session)
    return render_template(
        "knowledge.html",
        page=page_of([_row(item, city) for item in found]),
        filters=form_view(FILTERS, g.actor.roles, typed=request.args),
        may_edit=_may_edit(),
    )


@permission("knowledge.see")
def item(item_id: int) -> str:
    """One item with its source, its last day, and every state it was left in."""
    session = reading_session()
    found = knowledge.find(session, item_id)
    row = _row(found, City(session))
    edits = knowledge.edits_of(session, item_id)
    events = [_event(edit, before) for edit, before in zip(edits, [*edits[1:], None], strict=True)]
    return render_template(
        "knowledge_item.html",
        row=row,
        facts=[
            Fact(_("编号"), found.number),
            Fact(_("状态"), row.status),
            Fact(_("诉求分类"), row.category),
            Fact(_("有效期至"), row.until),
            Fact(_("编辑人"), found.edited_by_name),
            Fact(_("引用次数"), str(found.used)),
            Fact(_("向社会公开"), _("是") if found.open_to_public else _("否")),
            Fact(_("关键词"), found.keywords),
            Fact(_("依据"), found.source, wide=True),
            Fact(_("答复口径"), found.content, wide=True),
        ],
        events=events,
        may_edit=_may_edit(),
    )


@permission("knowledge.edit")
def new_item() -> Page:
    """Write an item; for a gap it begins with what the closed order says."""
    session = reading_session()
    gap_id = number_in(request.values.get("gap", ""))
    gap = knowledge.find_gap(session, gap_id) if gap_id is not None else None
    begin: dict[str, Any] = {}
    if gap is not None:
        begin = {
            "title": gap.demand.title,
            "content": (gap.order.public_reply if gap.order else None) or "",
            "category": gap.demand.category,
        }
    if request.method == "GET":
        return _form(begin, gap=gap)
    try:
        with acting() as uow:
            written = knowledge.write(uow, submitted(knowledge.FORM, request.form))
            if gap is not None:
                knowledge.fill_gap(uow, gap.gap.id, written.id)
            item_id = written.id
    except Invalid as wrong:
        return _form(request.form, errors_in_words(wrong.fields), gap=gap), 422
    flash(_("已保存为草稿，发布后话务员才能引用。"), "done")
    return redirect(url_for("web.knowledge_item", item_id=item_id))


@permission("knowledge.edit")
def edit_item(item_id: int) -> Page:
    """Change an item; what it said before stays in its story."""
    found = knowledge.find(reading_session(), item_id)
    if request.method == "GET":
        return _form({field.name: getattr(found, field.name) for field in knowledge.FORM.fields})
    try:
        with acting() as uow:
            knowledge.write(uow, submitted(knowledge.FORM, request.form), item_id)
    except Invalid as wrong:
        return _form(request.form, errors_in_words(wrong.fields)), 422
    flash(_("已保存。"), "done")
    return redirect(url_for("web.knowledge_item", item_id=item_id))


@permission("knowledge.edit")
def publish_item(item_id: int) -> Response:
    """Offer an item to agents."""
    try:
        with acting() as uow:
            knowledge.publish(uow, item_id)
        flash(_("已发布，话务员答复时可以引用。"), "done")
    except Conflict as refusal:
        flash(say(refusal.phrase), "stop")
    return redirect(url_for("web.knowledge_item", item_id=item_id))


@permission("knowledge.edit")
def withdraw_item(item_id: int) -> Response:
    """Offer an item no longer."""
    with acting() as uow:
        knowledge.withdraw(uow, item_id)
    flash(_("已撤回，不再推荐给话务员。"), "done")
    return redirect(url_for("web.knowledge_item", item_id=item_id))


@permission("knowledge.edit")
def gaps() -> str:
    """Closed consultations that the base could not answer, the one due first first."""
    now = clock.now()
    rows = [(one, one.gap.due_at < now) for one in knowledge.gaps(reading_session())]
    return render_template("knowledge_gaps.html", page=page_of(rows))


@permission("knowledge.edit")
def dismiss_gap(gap_id: int) -> Response:
    """Say why nothing needs to be written."""
    try:
        with acting() as uow:
            knowledge.dismiss_gap(uow, gap_id, plain(request.form.get("reason", "")))
        flash(_("已处理。"), "done")
    except (Invalid, Conflict) as refusal:
        flash(say(refusal.phrase), "stop")
    return redirect(url_for("web.knowledge_gaps"))


def offers(session: Session, case: Case) -> list[Offer]:
    """Items beside the decision to answer a demand at once."""
    demand = case.demand
    texts = (demand.title, demand.content)
    return [
        _offer(found, url_for("web.case", demand_id=demand.id, knowledge=found.id))
        for found in knowledge.suggestions(session, clock.now(), texts, demand.category)
    ]


def offers_while_typing(session: Session, texts: Iterable[str], category: str) -> list[Offer]:
    """Items beside the registration of a demand, as far as it is typed."""
    return [_offer(found) for found in knowledge.suggestions(session, clock.now(), texts, category)]


def _offer(found: KnowledgeItem, address: str = "") -> Offer:
    return Offer(
        number=found.number,
        title=found.title,
        content=found.content,
        source=found.source,
        address=address,
        view=url_for("web.knowledge_item", item_id=found.id),
    )


def begun_with(session: Session) -> dict[str, Any]:
    """What the answer begins with when an item was chosen; nothing where none was."""
    item_id = number_in(request.args.get("knowledge", ""))
    found = session.get(KnowledgeItem, item_id) if item_id is not None else None
    today = clock.now().astimezone(CHINA).date()
    if found is None or not knowledge.is_usable(found, today):
        return {}
    return {"outcome": "answered", "answer": found.content, "knowledge_number": found.number}


def _form(
    typed: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    gap: knowledge.Gap | None = None,
) -> str:
    view: FormView = form_view(
        knowledge.FORM,
        g.actor.roles,
        typed=typed or None,
        errors=errors,
        choices=choices_of(City(reading_session())),
    )
    is_new = request.endpoint == "web.new_knowledge"
    title = _("新建知识") if is_new else _("编辑知识")
    return render_template("knowledge_form.html", form=view, gap=gap, title=title)


def _event(edit: KnowledgeEdit, before: KnowledgeEdit | None) -> Event:
    """An edit with the texts that it changed."""
    texts = [
        (_("问题"), edit.title, before.title if before else ""),
        (_("答复口径"), edit.content, before.content if before else ""),
        (_("依据"), edit.source, before.source if before else ""),
    ]
    return Event(
        at=edit.at,
        who=edit.by_name,
        what=_("第 %(number)s 次编辑：%(status)s", number=edit.position, status=_of(edit.status)),
        details=[(label, text) for label, text, was in texts if text != was],
    )


def _row(found: KnowledgeItem, city: City) -> Row:
    left = found.expires_on - clock.now().astimezone(CHINA).date()
    ending = ""
    if left.days < 0:
        ending = _("已过期")
    elif left <= knowledge.SOON:
        ending = _("即将到期")
    return Row(
        item=found,
        address=url_for("web.knowledge_item", item_id=found.id),
        category=city.category(found.category) if found.category else "",
        status=_of(found.status),
        until=found.expires_on.isoformat(),
        ending=ending,
    )


def _of(status: str) -> str:
    return {
        KnowledgeStatus.DRAFT: _("草稿"),
        KnowledgeStatus.PUBLISHED: _("已发布"),
        KnowledgeStatus.WITHDRAWN: _("已撤回"),
    }[KnowledgeStatus(status)]


def _may_edit() -> bool:
    return policy.may(g.actor, "knowledge.edit")

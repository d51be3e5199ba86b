"""The knowledge base: what agents answer from, who keeps it, and what it could not answer.

An item is written by an editor, published, used until its last day, and withdrawn. A consultation
that had to become an order is a gap: an editor fills it or says why nothing needs to be written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.cases import answers, clocks
from app.cases.models.city import Category
from app.cases.models.demand import Demand
from app.cases.models.knowledge import (
    KnowledgeEdit,
    KnowledgeGap,
    KnowledgeItem,
    KnowledgeStatus,
)
from app.cases.models.work_order import WorkOrder
from app.cases.orders import Case, next_number
from app.core.clock import CHINA
from app.core.errors import Conflict, Invalid, NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine.forms import Field, FieldType, Form
from app.identity.policy import require
from app.worktime.deadlines import deadline

SOON = timedelta(days=30)
"""[P] How long before its last day an item is shown as ending."""

OFFERED = 5
"""[P] How many items are offered beside an answer."""

_STAGE = "knowledge_item"
"""Where the table of time limits says how soon a gap is to be filled."""

FORM = Form(
    (
        Field("title", FieldType.TEXT, Phrase("问题", "Question"), required=True, max_length=120),
        Field(
            "content",
            FieldType.LONG_TEXT,
            Phrase("答复口径", "Answer"),
            help=Phrase(
                "话务员可直接引用，请写成完整的答复。",
                "Agents give it as it stands: write a complete answer.",
            ),
            required=True,
            max_length=4000,
        ),
        Field(
            "source",
            FieldType.TEXT,
            Phrase("依据", "Source"),
            help=Phrase(
                "政策文件名称和文号，或提供答复的单位。",
                "Title and number of the document, or the unit that gave the answer.",
            ),
            required=True,
            max_length=200,
        ),
        Field("category", FieldType.CATEGORY, Phrase("诉求分类", "Category")),
        Field(
            "keywords",
            FieldType.TEXT,
            Phrase("关键词", "Keywords"),
            help=Phrase(
                "群众常用的说法，以空格分隔。", "What people call it, separated by blanks."
            ),
            max_length=200,
        ),
        Field(
            "expires_on",
            FieldType.DATE,
            Phrase("有效期至", "May be used until"),
            help=Phrase(
                "到期后不再推荐给话务员，须复核后延长。", "Afterwards it must be reviewed."
            ),
            required=True,
        ),
        Field("open_to_public", FieldType.BOOLEAN, Phrase("可向社会公开", "Open to the public")),
    )
)
"""What an item says; pages draw it and `write` checks it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An open gap with the case that showed it."""

    gap: KnowledgeGap
    demand: Demand
    order: WorkOrder | None


def write(
    uow: UnitOfWork, given: Mapping[str, object], item_id: int | None = None
) -> KnowledgeItem:
    """Write a new item, which is a draft, or change one. Every state of it is kept.

    Raises `NotAllowed`, `NotFound`, or `Invalid` with the fields.
    """
    require(uow.actor, "knowledge.edit")
    checked = answers.check(FORM, given, uow.actor.roles)
    expires_on = checked["expires_on"]
    assert isinstance(expires_on, date)  # the form requires it
    if expires_on < _today(uow.now):
        past = Phrase("有效期已过，请填写今天或以后的日期。", "That day is past: give a later one.")
        raise Invalid(past, {"expires_on": past})
    category = str(checked["category"] or "") or None
    if category is not None and uow.session.get(Category, category) is None:
        unknown = Phrase("请从列表中选择。", "Choose from the list.")
        raise Invalid(unknown, {"category": unknown})
    item = find(uow.session, item_id) if item_id is not None else _new(uow)
    item.title = str(checked["title"])
    item.content = str(checked["content"])
    item.source = str(checked["source"])
    item.category = category
    item.keywords = str(checked["keywords"] or "")
    item.expires_on = expires_on
    item.open_to_public = bool(checked["open_to_public"])
    _record(uow, item)
    return item


def publish(uow: UnitOfWork, item_id: int) -> KnowledgeItem:
    """Offer an item to agents; gaps that it fills are closed.

    Raises `NotAllowed`, `NotFound`, or `Conflict` when its last day has passed.
    """
    require(uow.actor, "knowledge.edit")
    item = find(uow.session, item_id)
    if item.expires_on < _today(uow.now):
        raise Conflict(
            Phrase(
                "有效期已过，请先复核内容并延长有效期，再发布。",
                "Its last day has passed: review it and give it a later day, then publish it.",
            )
        )
    item.status = KnowledgeStatus.PUBLISHED
    _record(uow, item)
    for gap in uow.session.scalars(
        select(KnowledgeGap).where(
            KnowledgeGap.item_id == item.id, KnowledgeGap.closed_at.is_(None)
        )
    ):
        _close(uow, gap)
    return item


def withdraw(uow: UnitOfWork, item_id: int) -> KnowledgeItem:
    """Offer an item no longer. Raises `NotAllowed` or `NotFound`."""
    require(uow.actor, "knowledge.edit")
    item = find(uow.session, item_id)
    item.status = KnowledgeStatus.WITHDRAWN
    _record(uow, item)
    return item


def use(uow: UnitOfWork, number: str) -> int:
    """Count that a demand is answered with the item of this number; its id. Raises `Invalid`."""
    item = usable(uow, number)
    item.used = KnowledgeItem.used + 1
    return item.id


def usable(uow: UnitOfWork, number: str) -> KnowledgeItem:
    """The item of this number. Raises `Invalid` for one that is not published or whose last day
    has passed.
    """
    item = uow.session.scalar(select(KnowledgeItem).where(KnowledgeItem.number == number.strip()))
    if item is None or not is_usable(item, _today(uow.now)):
        wrong = Phrase(
            "没有这条知识，或已撤回、过期。请核对编号，或留空。",
            "There is no such item, or it is withdrawn or past its last day. Check the number, or "
            "leave the field empty.",
        )
        raise Invalid(wrong, {"knowledge_number": wrong})
    return item


def note_gap(uow: UnitOfWork, case: Case, at: datetime) -> None:
    """A consultation that became an order is closed: the base could not answer it.

    An editor has as long as the table of time limits says for `knowledge_item`, counted from `at`.
    An order that was reopened and is closed again leaves the gap it has.
    """
    if case.demand.nature != "consultation" or _has_gap(uow.session, case.demand.id):
        return
    terms = clocks.terms_of(uow.session, case.demand, _STAGE)
    calendar = clocks.calendar_of(uow.session, None)
    due = deadline(calendar, at, terms.limit, terms.policy)
    uow.session.add(KnowledgeGap(demand_id=case.demand.id, opened_at=at, due_at=due.due_at))


def _has_gap(session: Session, demand_id: int) -> bool:
    return bool(session.scalar(select(KnowledgeGap.id).where(KnowledgeGap.demand_id == demand_id)))


def fill_gap(uow: UnitOfWork, gap_id: int, item_id: int) -> None:
    """Say which item fills a gap; it is closed once that item is published.

    Raises `NotAllowed`, `NotFound`, or `Conflict` when it is closed.
    """
    gap = _open_gap(uow, gap_id)
    item = find(uow.session, item_id)
    gap.item_id = item.id
    if item.status == KnowledgeStatus.PUBLISHED:
        _close(uow, gap)


def dismiss_gap(uow: UnitOfWork, gap_id: int, reason: str) -> None:
    """Say why nothing needs to be written. Raises as `fill_gap`, and `Invalid` without a reason."""
    gap = _open_gap(uow, gap_id)
    if not reason.strip():
        missing = Phrase("请写明为什么不需要补充知识。", "Say why nothing needs to be written.")
        raise Invalid(missing, {"reason": missing})
    gap.item_id, gap.reason = None, reason.strip()
    _close(uow, gap)


def gaps(session: Session) -> list[Gap]:
    """The open gaps, the one due first first."""
    rows = session.execute(
        select(KnowledgeGap, Demand, WorkOrder)
        .join(Demand, Demand.id == KnowledgeGap.demand_id)
        .outerjoin(WorkOrder, WorkOrder.demand_id == Demand.id)
        .where(KnowledgeGap.closed_at.is_(None))
        .order_by(KnowledgeGap.due_at, KnowledgeGap.id)
    )
    return [Gap(gap, demand, order) for gap, demand, order in rows]


def find_gap(session: Session, gap_id: int) -> Gap:
    """The gap, if it is open. Raises `NotFound`."""
    found = next((one for one in gaps(session) if one.gap.id == gap_id), None)
    if found is None:
        raise NotFound(
            Phrase("没有这项待补充知识，或已处理。", "There is no such gap, or it is closed.")
        )
    return found


def find(session: Session, item_id: int) -> KnowledgeItem:
    """The item. Raises `NotFound`."""
    item = session.get(KnowledgeItem, item_id)
    if item is None:
        raise NotFound(Phrase("没有这条知识。", "There is no such item."))
    return item


def edits_of(session: Session, item_id: int) -> list[KnowledgeEdit]:
    """Every state an item was left in, the latest first."""
    return list(
        session.scalars(
            select(KnowledgeEdit)
            .where(KnowledgeEdit.item_id == item_id)
            .order_by(KnowledgeEdit.position.desc())
        )
    )


def items(session: Session, *, text: str = "", drafts: bool = False) -> list[KnowledgeItem]:
    """The items that contain every word of `text`, the latest edited first.

    Without `drafts` only published ones.
    """
    chosen = select(KnowledgeItem)
    if not drafts:
        chosen = chosen.where(KnowledgeItem.status == KnowledgeStatus.PUBLISHED)
    for word in text.split():
        chosen = chosen.where(_contains(word))
    return list(
        session.scalars(chosen.order_by(KnowledgeItem.edited_at.desc(), KnowledgeItem.id.desc()))
    )


def is_usable(item: KnowledgeItem, today: date) -> bool:
    """Whether agents may answer with it today."""
    return item.status == KnowledgeStatus.PUBLISHED and item.expires_on >= today


def suggestions(
    session: Session, now: datetime, texts: Iterable[str], category: str
) -> list[KnowledgeItem]:
    """Items that may answer a demand with these texts, the likeliest first: of the same category,
    and with words in common.

    Words are compared as pairs of neighbouring characters, since Chinese writes no blanks.
    """
    asked = _pairs(texts)
    found: list[tuple[float, int]] = []
    rows = session.execute(
        select(
            KnowledgeItem.id, KnowledgeItem.title, KnowledgeItem.keywords, KnowledgeItem.category
        ).where(
            KnowledgeItem.status == KnowledgeStatus.PUBLISHED,
            KnowledgeItem.expires_on >= _today(now),
        )
    )
    for item_id, title, keywords, its_category in rows:
        known = _pairs([title, keywords])
        shared = len(asked & known) / (len(known) or 1)
        score = shared + (0.5 if its_category and its_category == category else 0)
        if score >= _LIKELY:
            found.append((score, item_id))
    best = [item_id for _score, item_id in sorted(found, reverse=True)[:OFFERED]]
    by_id = {
        item.id: item
        for item in session.scalars(select(KnowledgeItem).where(KnowledgeItem.id.in_(best)))
    }
    return [by_id[item_id] for item_id in best]


_LIKELY = 0.3
"""[P] Below it an item has no more in common with a demand than any two texts."""


def _pairs(texts: Iterable[str]) -> set[str]:
    return {
        text[at : at + 2]
        for text in texts
        for at in range(len(text) - 1)
        if text[at : at + 2].isalnum()
    }


def _contains(word: str) -> ColumnElement[bool]:
    columns: Sequence[ColumnElement[str]] = [
        KnowledgeItem.number.expression,
        KnowledgeItem.title.expression,
        KnowledgeItem.content.expression,
        KnowledgeItem.keywords.expression,
        KnowledgeItem.source.expression,
    ]
    return or_(*(column.contains(word, autoescape=True) for column in columns))


def _new(uow: UnitOfWork) -> KnowledgeItem:
    item = KnowledgeItem(
        number=next_number(uow, "ZS"), status=KnowledgeStatus.DRAFT, edits=0, used=0
    )
    uow.session.add(item)
    return item


def _record(uow: UnitOfWork, item: KnowledgeItem) -> None:
    """Keep the item as it is left now, with who left it so."""
    item.edited_at, item.edited_by = uow.now, uow.actor.user_id
    item.edited_by_name = uow.actor.name
    item.edits += 1
    uow.session.flush()
    uow.session.add(
        KnowledgeEdit(
            item_id=item.id,
            position=item.edits,
            at=uow.now,
            by=uow.actor.user_id,
            by_name=uow.actor.name,
            status=item.status,
            title=item.title,
            content=item.content,
            source=item.source,
            expires_on=item.expires_on,
        )
    )


def _open_gap(uow: UnitOfWork, gap_id: int) -> KnowledgeGap:
    require(uow.actor, "knowledge.edit")
    gap = uow.session.get(KnowledgeGap, gap_id, with_for_update=True)
    if gap is None:
        raise NotFound(Phrase("没有这项待补充知识。", "There is no such gap."))
    if gap.closed_at is not None:
        when = gap.closed_at.astimezone(CHINA)
        raise Conflict(
            Phrase(
                f"这项待补充知识已由{gap.closed_by_name}于{when:%m月%d日%H:%M}处理。",
                f"This gap was already closed by {gap.closed_by_name} at {when:%d %b %H:%M}.",
            )
        )
    return gap


def _close(uow: UnitOfWork, gap: KnowledgeGap) -> None:
    gap.closed_at, gap.closed_by = uow.now, uow.actor.user_id
    gap.closed_by_name = uow.actor.name


def _today(now: datetime) -> date:
    return now.astimezone(CHINA).date()

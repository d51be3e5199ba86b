"""What happens in the demo beside single orders: the superior's report, extensions of many orders,
the daily sample of rechecks, a reorganisation.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import count

from sqlalchemy import select

from app.cases import bulk, knowledge, rechecking, reorganising
from app.cases.models.bulk_extension import BulkExtension
from app.cases.models.work_order import WorkOrder
from app.core.clock import CHINA
from app.core.uow import SYSTEM, Actor, UnitOfWork
from app.demo.scenes import Scenes
from app.demo.stories import Act, Event, Story
from app.identity.policy import Role
from app.supervision import superior

_LATER = 2_000_000
"""Occasions come after orders at the same instant."""

_UNKNOWN_NUMBER = "QT2020010100001"
"""An order that is another city's: a report may name it by mistake."""


def occasions(scenes: Scenes) -> Iterator[Event]:
    """Each with its instant and the person who does it, in no order."""
    number = count(_LATER)

    def person(role: Role) -> Actor:
        return scenes.people.in_role(role, None)

    def event(at: datetime, actor: Actor, act: Act) -> Event:
        return Event(min(at, scenes.now), next(number), act, actor)

    two_days_ago, yesterday = (_morning(scenes, days) for days in (2, 1))
    listed = scenes.stories["listed_by_superior"]
    yield event(two_days_ago, person(Role.INSPECTOR), partial(_report, listed))
    unit_id = scenes.units["urban_management"]
    yield event(
        yesterday,
        person(Role.DISPATCHER),
        partial(
            _ask, bulk.Query(unit_id=unit_id), 2, "other", "强降温预警，外勤力量全部转入除雪保畅。"
        ),
    )
    yield event(yesterday + timedelta(hours=1), person(Role.DUTY_MANAGER), _approve)
    yield event(
        scenes.now - timedelta(minutes=40),
        person(Role.DISPATCHER),
        partial(_ask, bulk.Query(district="jiangpan"), 1, "other", "江畔区政务网络整体割接。"),
    )
    yield event(
        scenes.now - timedelta(days=12), person(Role.ADMINISTRATOR), partial(_merge, scenes)
    )
    editor = person(Role.KNOWLEDGE_EDITOR)
    yield event(scenes.now - timedelta(days=20), editor, _answer_gap)
    yield event(yesterday + timedelta(hours=2), editor, _dismiss_gaps)
    today = scenes.now.astimezone(CHINA).date()
    for back in range(rechecking.DAYS, 0, -1):
        day = today - timedelta(days=back)
        night = datetime.combine(day + timedelta(days=1), time(0, 10), CHINA)
        yield event(night, SYSTEM, partial(_draw, day=day))


def _morning(scenes: Scenes, days_ago: int) -> datetime:
    """Half past nine of the working day so many before today."""
    day = scenes.now.astimezone(CHINA).date()
    while days_ago:
        day -= timedelta(days=1)
        days_ago -= scenes.calendar.is_working_day(day)
    return datetime.combine(day, time(9, 30), CHINA)


def _report(listed: Story, uow: UnitOfWork) -> None:
    number = uow.session.scalars(
        select(WorkOrder.number).where(WorkOrder.demand_id == listed.demand_id)
    ).one()
    day = uow.now.astimezone(CHINA).date() - timedelta(days=1)
    superior.adopt(uow, day, f"不满意工单\n{number}\n{_UNKNOWN_NUMBER}\n")


def _ask(query: bulk.Query, days: int, ground: str, reason: str, uow: UnitOfWork) -> None:
    bulk.ask(uow, query, days, ground, reason)


def _approve(uow: UnitOfWork) -> None:
    """Somebody else than who asked agrees; what the ticker would do follows at once."""
    asked = uow.session.scalars(select(BulkExtension.id)).one()
    bulk.decide(uow, asked, approved=True, opinion="情况属实，同意延期，请逐件告知诉求人。")
    for line_id in bulk.next_orders(uow.session, 1000):
        bulk.apply(uow, line_id)


def _merge(scenes: Scenes, uow: UnitOfWork) -> None:
    reorganising.carry_out(
        uow,
        {
            "unit": str(scenes.units["statistics"]),
            "kind": "merged",
            "heir": str(scenes.units["development_reform"]),
            "shares": "",
            "basis": "云编办第18号",
        },
    )


def _answer_gap(uow: UnitOfWork) -> None:
    """The editor writes down what a unit answered, so that agents can answer it the next time."""
    for gap in knowledge.gaps(uow.session)[:1]:
        assert gap.order is not None  # only consultations that became orders leave a gap
        given = {
            "title": gap.demand.title,
            "content": gap.order.public_reply or "",
            "source": "承办单位的公开答复",
            "category": gap.demand.category,
            "keywords": "",
            "expires_on": str(uow.now.astimezone(CHINA).date() + timedelta(days=180)),
            "open_to_public": True,
        }
        item = knowledge.write(uow, given)
        knowledge.fill_gap(uow, gap.gap.id, item.id)
        knowledge.publish(uow, item.id)


def _dismiss_gaps(uow: UnitOfWork) -> None:
    for gap in knowledge.gaps(uow.session):
        if gap.gap.due_at < uow.now - timedelta(days=5):
            knowledge.dismiss_gap(uow, gap.gap.id, "已写入同类知识，不另建条目。")


def _draw(uow: UnitOfWork, *, day: date) -> None:
    rechecking.draw(uow, day)

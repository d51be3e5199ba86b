"""Worklists: the right tasks for the right people, the most urgent first, in their colours."""

from app.cases import queries
from app.cases.queries import Filter, Light
from app.core.db import reading
from app.core.uow import Actor
from app.identity.policy import Role, may_do_step
from tests.office import Office


def seen(office: Office, login: str, narrowed: Filter | None = None) -> list[tuple[str, str]]:
    with reading(office.sessions) as session:
        page = queries.worklist(session, office.actor(login), office.now, narrowed or Filter())
        return [(item.task.element_id, item.light(office.now)) for item in page.items]


def test_each_role_sees_its_own_steps_and_units_only_their_own_orders(office: Office) -> None:
    office.bring_to("dispatch")
    office.bring_to("sign_for")
    office.bring_to("reply")
    assert seen(office, "dispatcher") == [("dispatch", "green")]
    assert seen(office, "liaison") == [("sign_for", "green")]
    assert seen(office, "handler") == [("reply", "green")]
    assert seen(office, "stranger") == []
    assert seen(office, "duty") == [("dispatch", "green")]


def test_the_most_urgent_comes_first_and_colours_follow_the_clock(office: Office) -> None:
    late = office.bring_to("reply", nature="consultation")
    office.bring_to("reply")
    office.wait(days=4)  # Friday the 6th: consultation was due on Thursday
    with reading(office.sessions) as session:
        items = queries.worklist(session, office.actor("handler"), office.now).items
    assert next(item.demand.id for item in items) == late
    assert [item.light(office.now) for item in items] == [Light.RED, Light.GREEN]
    assert seen(office, "handler", Filter(light="red")) == [("reply", "red")]
    office.wait(days=3)
    assert seen(office, "handler", Filter(light="yellow")) == [("reply", "yellow")]
    with reading(office.sessions) as session:
        counts = queries.counts_by_light(session, office.actor("handler"), office.now)
    assert (counts[Light.RED], counts[Light.YELLOW], counts[Light.GREEN]) == (1, 1, 0)


def test_a_list_is_narrowed_by_words_nature_and_pages(office: Office) -> None:
    for index in range(5):
        office.bring_to("reply", title=f"路灯第{index}盏不亮")
    assert len(seen(office, "handler", Filter(text="第3盏"))) == 1
    assert len(seen(office, "handler", Filter(text="100%"))) == 0
    assert len(seen(office, "handler", Filter(nature="report"))) == 0
    with reading(office.sessions) as session:
        page = queries.worklist(session, office.actor("handler"), office.now, page=2, size=2)
    assert (page.total, page.pages, len(page.items), page.number) == (5, 3, 2, 2)


def test_the_list_and_the_permission_agree_for_every_role(office: Office) -> None:
    """`within reach` is the rule of `may_do_step`, said in SQL: both must say the same."""
    cases = {
        element: office.bring_to(element)
        for element in ("answer_or_order", "dispatch", "sign_for", "reply", "review_reply")
    }
    unit = office.unit("urban_management")
    for role in Role:
        for unit_id in (None, unit, unit + 1):
            actor = Actor(1, "某人", frozenset({role}), unit_id)
            with reading(office.sessions) as session:
                listed = {
                    item.task.element_id
                    for item in queries.worklist(session, actor, office.now).items
                }
                allowed = {
                    task.element_id
                    for element, case in cases.items()
                    for task in queries.open_tasks(session, case)
                    if may_do_step(
                        actor,
                        task.role or "",
                        unit if element in {"sign_for", "reply", "review_reply"} else None,
                    )
                }
            assert listed == allowed, (role, unit_id)

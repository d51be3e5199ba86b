"""The pages after the review: the callback list, the link to a rating, and who has looked."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from lxml import html
from sqlalchemy import select, update

from app import create_app
from app.cases import intake, queries, steps
from app.cases.models.rating import RatingLink
from app.cases.models.work_order import Callback, WorkOrder
from app.core import clock
from app.core.db import Sessions, reading
from app.core.uow import SYSTEM, Actor, unit_of_work
from app.engine import TimerWaitRow
from app.identity.directory import actor_of
from app.identity.models import HandlingUnit, User
from app.jobs.deadlines import tick
from app.office import Office
from tests.web.conftest import DEMAND, Browser, Desks

GOOD = {"efficiency": "satisfied", "attitude": "satisfied", "result": "satisfied", "solved": "yes"}
WAY: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("answer_or_order", "agent", {"outcome": "order"}),
    ("dispatch", "dispatcher", {}),
    ("sign_for", "liaison", {}),
    ("first_contact", "handler", {"contact_way": "phone", "contact_note": "已联系。"}),
    (
        "reply",
        "handler",
        {"truth": "true", "handling_result": "resolved", "reply_text": "已修复。"},
    ),
    ("approve_reply", "approver", {"approval": "approved"}),
    ("review_reply", "reviewer", {"review": "passed"}),
)


def person(sessions: Sessions, login: str) -> Actor:
    with reading(sessions) as session:
        return actor_of(session.scalars(select(User).where(User.login == login)).one())


def do(
    sessions: Sessions,
    demand_id: int,
    element: str,
    login: str,
    at: datetime,
    **given: object,
) -> None:
    with reading(sessions) as session:
        [task] = [t.id for t in queries.open_tasks(session, demand_id) if t.element_id == element]
        unit = session.scalars(
            select(HandlingUnit.id).where(HandlingUnit.code == "urban_management")
        ).one()
    if element == "dispatch":
        given["lead_unit"] = unit
    with unit_of_work(sessions, person(sessions, login), at) as uow:
        steps.complete(uow, task, given)


def registered(sessions: Sessions, at: datetime, **given: object) -> int:
    with unit_of_work(sessions, person(sessions, "agent"), at) as uow:
        return intake.register(uow, DEMAND | given).demand.id


def reviewed(sessions: Sessions, at: datetime) -> int:
    """A case whose requester is to be called."""
    case = registered(sessions, at)
    for element, login, given in WAY:
        do(sessions, case, element, login, at, **given)
    return case


@pytest.fixture
def link(sessions: Sessions) -> str:
    """A link that waits to be used, after three calls in vain in the past days."""
    begun = clock.now() - timedelta(days=30)
    case = reviewed(sessions, begun)
    for days in (0, 7, 14):
        at = begun + timedelta(days=days)
        tick(sessions, partial(datetime.fromisoformat, at.isoformat()))
        do(sessions, case, "callback", "callback", at, reached="no")
    with unit_of_work(sessions, SYSTEM, at) as uow:  # the time to rate begins now
        uow.session.execute(
            update(TimerWaitRow)
            .where(TimerWaitRow.element_id == "link_lapsed")
            .values(due_at=clock.now() + timedelta(days=2))
        )
    with reading(sessions) as session:
        return session.scalars(select(RatingLink.code)).one()


@pytest.fixture
def public(desks: Desks) -> Browser:
    """A browser in which nobody has signed in."""
    return Browser(desks.app.test_client())


def test_the_callback_list_shows_whom_to_call_and_the_attempts_so_far(
    desks: Desks, sessions: Sessions
) -> None:
    case = reviewed(sessions, clock.now())
    browser = desks.of("callback")
    page = browser.page("/callbacks")
    [row] = page.xpath("//main//tbody/tr")
    assert "0" in row.text_content()
    do(sessions, case, "callback", "callback", clock.now(), reached="no")
    page = browser.page("/callbacks")
    assert "下次拨打" in page.text_content()
    assert browser.get("/worklist").status_code == 200


def test_only_who_calls_sees_the_list(desks: Desks) -> None:
    assert desks.of("handler").get("/callbacks").status_code == 403


def test_a_requester_rates_by_the_link_without_signing_in(
    public: Browser, sessions: Sessions, link: str
) -> None:
    browser = public
    page = browser.page(f"/rate/{link}")
    assert len(page.xpath("//input[@type='radio']")) == 11
    answer = browser.post(f"/rate/{link}", GOOD)
    assert "感谢您的评价" in answer.text
    with reading(sessions) as session:
        last = session.scalars(select(Callback).order_by(Callback.id.desc())).first()
        assert last is not None
        assert (last.way, last.solved) == ("link", True)
    assert "已经用过" in browser.get(f"/rate/{link}").text
    assert browser.post(f"/rate/{link}", GOOD).status_code == 409


def test_half_a_rating_comes_back_with_what_was_chosen(public: Browser, link: str) -> None:
    answer = public.post(f"/rate/{link}", {"efficiency": "satisfied"})
    assert answer.status_code == 422
    assert "请逐项作出评价" in answer.text
    assert answer.text.count(" checked") == 1


def test_a_rating_from_elsewhere_is_refused(public: Browser, link: str) -> None:
    assert public.client.post(f"/rate/{link}", data=GOOD).status_code == 400


def test_too_many_visits_from_one_address_are_refused_whichever_process_they_reach(
    office: Office,
) -> None:
    desks = [Browser(create_app(office).test_client()) for _ in range(2)]
    answers = [desks[n % 2].get(f"/rate/guess{n}").status_code for n in range(61)]
    assert answers[:30] == [404] * 30
    assert 429 in answers[30:]  # wherever a span of time ends in between


@pytest.mark.parametrize("proxies", [0, 1])
def test_behind_a_proxy_each_citizen_has_an_address_of_their_own(
    office: Office, proxies: int
) -> None:
    behind = replace(office, settings=replace(office.settings, proxies=proxies))
    browser = Browser(create_app(behind).test_client())
    answers = {
        browser.client.get(f"/rate/{n}", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code
        for n in range(70)
    }
    assert answers == ({404} if proxies else {404, 429})  # unasked, nobody is believed


def test_every_look_at_a_sealed_case_is_kept_for_administrators(
    desks: Desks, sessions: Sessions
) -> None:
    sealed = registered(sessions, clock.now(), confidential="true")
    plain = registered(sessions, clock.now())
    desks.of("dispatcher").page(f"/cases/{sealed}")
    desks.of("dispatcher").page(f"/cases/{plain}")
    page = desks.of("admin").page("/views")
    rows = [" ".join(row.text_content().split()) for row in page.xpath("//main//tbody/tr")]
    assert len(rows) == 1
    assert desks.of("dispatcher").get("/views").status_code == 403
    assert not desks.of("admin").page("/views?number=SQ0").xpath("//main//tbody/tr")


def test_who_decides_on_a_reopening_sees_its_cause_and_how_the_order_was_closed(
    desks: Desks, sessions: Sessions
) -> None:
    now = clock.now()
    case = reviewed(sessions, now)
    do(sessions, case, "callback", "callback", now, reached="yes", **GOOD)
    do(sessions, case, "close", "reviewer", now, closing_reason="resolved", closing_note="已复核。")
    with reading(sessions) as session:
        number = session.scalars(select(WorkOrder.number)).one()
    inspector = desks.of("inspector")
    listed = {"day": "2026-03-02", "text": number}
    assert inspector.post("/supervisions/report", listed).status_code == 302
    assert f"{number} 已督办，已提请重开" in words(inspector.page("/supervisions/report"))
    [beside] = desks.of("duty").page(f"/cases/{case}").xpath("//*[@class='beside']")
    said = words(beside)
    assert "提请事由上级热线日报列为不满意" in said
    assert "归档说明已复核。" in said
    assert "已重开次数0" in said


def test_a_reopening_that_an_agent_asks_for_shows_what_was_asked(
    desks: Desks, sessions: Sessions
) -> None:
    now = clock.now()
    case = reviewed(sessions, now)
    do(sessions, case, "callback", "callback", now, reached="yes", **GOOD)
    do(sessions, case, "close", "reviewer", now, closing_reason="resolved")
    agent = desks.of("agent")
    [address] = agent.page(f"/cases/{case}").xpath("//a[contains(@href, 'reopening')]/@href")
    asked = {"reopening_ground": "not_done", "reopening_reason": "灯又不亮了。"}
    assert agent.post(address, asked).status_code == 302
    [beside] = desks.of("duty").page(f"/cases/{case}").xpath("//*[@class='beside']")
    assert "申请人李晓" in words(beside)
    assert "灯又不亮了。" in words(beside)


def words(page: html.HtmlElement) -> str:
    return " ".join(page.text_content().split())

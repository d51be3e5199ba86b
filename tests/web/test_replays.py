"""Replays in the browser: asked for, watched, read with figures, and with cases by who may."""

from datetime import timedelta

from sqlalchemy import select

from app.core import clock
from app.core.db import reading
from app.core.uow import unit_of_work
from app.design.replay import asking
from app.identity.directory import actor_of
from app.identity.models import User
from app.jobs.replaying import work
from app.web.access import SESSIONS
from tests.web.conftest import Browser, Desks


def words(browser: Browser, path: str) -> str:
    return " ".join(browser.page(path).text_content().split())


def replayed(desks: Desks) -> str:
    """The address of a finished replay of two demands."""
    desks.register()
    desks.ordered(requester_phone="13700001111")
    sessions = desks.app.extensions[SESSIONS]
    with reading(sessions) as session:
        designer = actor_of(session.scalars(select(User).where(User.login == "designer")).one())
    now = clock.now()
    with unit_of_work(sessions, designer, now) as uow:
        made = asking.ask(uow, now - timedelta(days=1)).id
    work(sessions, clock.now, processes=0)
    return f"/design/replays/{made}"


def test_a_replay_is_asked_for_watched_and_cancelled(desks: Desks) -> None:
    designer = desks.of("designer")
    assert designer.post("/design/replays", {"months": "12"}).status_code == 422
    desks.register()
    answer = designer.post("/design/replays", {"months": "12"})
    assert answer.status_code == 302, answer.text
    assert "运行中" in words(designer, answer.location)
    again = designer.post("/design/replays", {"months": "1"})
    assert again.status_code == 409
    assert designer.post(f"{answer.location}/cancel", {}).status_code == 302
    assert "已取消" in words(designer, "/design/replays")


def test_designers_read_figures_and_only_who_may_see_cases_reads_those(desks: Desks) -> None:
    address = replayed(desks)
    designer = desks.of("designer")
    page = words(designer, address)
    assert "已完成" in page
    assert "期限移动 0 个" in page
    assert "各单位、岗位的工作量" in page
    assert "/cases/" not in designer.get(address).text.split("<main", 1)[-1]
    assert designer.get(f"{address}/file").status_code == 403
    duty = desks.of("duty")
    assert duty.get(f"{address}/file").text.startswith("\ufefflist,number")

"""Replays in the browser: asked for, watched, read with figures, and with cases by who may."""

from datetime import timedelta

import orjson
from sqlalchemy import select

from app.core import clock
from app.core.db import reading
from app.core.uow import SYSTEM, unit_of_work
from app.design.replay import asking
from app.design.replay.models import DesignReplay
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
    assert "已完成 0 / 1 组" in designer.get(f"{answer.location}/progress").text
    again = designer.post("/design/replays", {"months": "1"})
    assert again.status_code == 409
    assert designer.post(f"{answer.location}/cancel", {}).status_code == 302
    assert "已取消" in words(designer, "/design/replays")
    assert "状态已更新" in designer.get(f"{answer.location}/progress").text


def test_designers_read_figures_and_only_who_may_see_cases_reads_those(desks: Desks) -> None:
    address = replayed(desks)
    designer = desks.of("designer")
    page = words(designer, address)
    assert "已完成" in page
    assert "期限移动 0 个" in page
    assert "升级新增 0 个，消失 0 个，时刻改变 0 个" in page
    assert "2 件诉求只计入数字" in page
    assert "各单位、岗位的工作量" in page
    assert "/cases/" not in designer.get(address).text.split("<main", 1)[-1]
    assert designer.get(f"{address}/file").status_code == 403
    duty = desks.of("duty")
    assert duty.get(f"{address}/file").text.startswith("\ufefflist,number")


def test_escalations_are_called_by_their_names(desks: Desks) -> None:
    address = replayed(desks)
    sessions = desks.app.extensions[SESSIONS]
    lines = [
        {"number": "SQ202603020001", "kind": kind, "what": what, "at": "2026-03-02T09:00:00+00:00"}
        for kind, what in (
            ("light", "/handling/red"),
            ("mark", "mark_overdue"),
            ("supervision", "no_progress/unit"),
        )
    ]
    with unit_of_work(sessions, SYSTEM, clock.now()) as uow:
        found = uow.session.get_one(DesignReplay, int(address.rpartition("/")[2]))
        names = [f"{line['kind']}/{line['what']}" for line in lines]
        found.result = orjson.dumps(
            orjson.loads(found.result) | {"gained": 3, "gained_what": dict.fromkeys(names, 1)}
        ).decode()
    page = words(desks.of("designer"), address)
    for name in ("办理时限红灯（到期）", "办理超期", "督办：长期无进展（unit）"):
        assert name in page

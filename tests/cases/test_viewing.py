"""Sealed and anonymous cases: what is shown to whom, and that every look is kept."""

import pytest

from app.cases import requester, viewing
from app.cases.orders import find
from app.cases.story import story
from app.core.db import reading
from app.core.uow import Actor
from tests.office import DEMAND, Office

PUBLIC = Actor(user_id=None, name="路人")


@pytest.mark.parametrize("field", ["address", "content"])
@pytest.mark.parametrize("sealed", [{"confidential": True}, {}])
def test_place_and_content_are_for_the_office_and_nobody_else(
    office: Office, field: str, sealed: dict[str, object]
) -> None:
    case = office.register(**sealed)
    with reading(office.sessions) as session:
        demand = find(session, case).demand
        handler = requester.shown(session, demand, office.actor("handler"), field, "zh")
        assert handler == DEMAND[field]
        assert requester.shown(session, demand, PUBLIC, field, "zh") != DEMAND[field]


@pytest.mark.parametrize("login", ["liaison", "handler", "approver", "inspector"])
def test_a_sealed_requester_is_shown_to_no_unit_of_any_tier(office: Office, login: str) -> None:
    case = office.bring_to("reply", confidential=True)
    with reading(office.sessions) as session:
        demand = find(session, case).demand
        seen = requester.masked(session, demand, office.actor(login), "zh")
    assert "张" not in seen.name
    assert "138" not in seen.phone


def test_looks_are_kept_with_who_and_when_newest_first(office: Office) -> None:
    case = office.register(confidential=True)
    for login in ("dispatcher", "duty"):
        with office.acting(login) as uow:
            viewing.note_view(uow, case)
    with reading(office.sessions) as session:
        assert viewing.is_watched(find(session, case).demand)
        found, total = viewing.views(session, number=office.demand(case).number)
        assert [(view.user_name, view.at) for view, _number in found] == [
            ("吴值班", office.now),
            ("王派单", office.now),
        ]
        assert total == 2
        assert viewing.views(session, number="SQ0") == ([], 0)


def test_looks_at_plain_cases_are_not_kept(office: Office) -> None:
    case = office.register()
    with reading(office.sessions) as session:
        assert not viewing.is_watched(find(session, case).demand)


def test_the_story_keeps_place_and_content_from_whoever_may_not_see_them(office: Office) -> None:
    case = office.register(confidential=True)
    with reading(office.sessions) as session:
        process = find(session, case).demand.process_id
        assert process is not None
        for roles, told in ((frozenset[str](), False), (frozenset({"agent"}), True)):
            lines = story(session, case, process, roles)
            texts = [answer.value.zh for line in lines for answer in line.answers]
            assert (DEMAND["content"] in texts) is told

"""Who sees what of a requester: as the newest table of confidentiality says, and recorded."""

import pytest

from app.cases import requester
from app.cases.requester import Requester
from app.core.db import reading
from app.core.errors import NotAllowed
from app.core.uow import Actor
from app.decisions import registry
from app.decisions.dmn import read_model
from app.identity.policy import Role
from app.profiles.folders import TABLES
from tests.office import Office


def seen(office: Office, case: int, by: str, language: str = "zh") -> Requester:
    with reading(office.sessions) as session:
        demand = office.demand(case)
        return requester.masked(session, demand, office.actor(by), language)


def may_look(office: Office, case: int, by: str) -> bool:
    with reading(office.sessions) as session:
        unit = office.unit("urban_management")
        return requester.may_unmask(session, office.demand(case), office.actor(by), unit)


def test_everybody_sees_a_family_name_and_the_ends_of_the_number(office: Office) -> None:
    case = office.bring_to("first_contact")
    for login in ("agent", "dispatcher", "reviewer", "handler", "leader"):
        assert seen(office, case, login) == Requester("张**", "138****1234")


def test_who_must_call_may_look_and_the_look_is_recorded(office: Office) -> None:
    case = office.bring_to("first_contact")
    assert [may_look(office, case, login) for login in ("agent", "handler")] == [True, True]
    assert [may_look(office, case, login) for login in ("reviewer", "liaison")] == [False, False]
    with office.acting("handler") as uow:
        assert requester.unmask(uow, case) == Requester("张三丰", "13800001234")
    assert office.story(case)[-1].startswith("查看诉求人完整联系方式")


def test_a_sealed_demand_shows_nothing_and_only_the_centre_may_look(office: Office) -> None:
    case = office.bring_to("first_contact", confidential=True)
    assert seen(office, case, "handler") == Requester("保密", "")
    assert seen(office, case, "agent", "en") == Requester("Confidential", "")
    assert not may_look(office, case, "handler")
    with office.acting("handler") as uow, pytest.raises(NotAllowed, match="through the centre"):
        requester.unmask(uow, case)
    assert may_look(office, case, "agent")
    with office.acting("agent") as uow:
        assert requester.unmask(uow, case).phone == "13800001234"


def test_of_an_anonymous_requester_there_is_nothing_to_look_at(office: Office) -> None:
    case = office.bring_to("first_contact", anonymous=True, requester_name="", requester_phone="")
    assert seen(office, case, "agent") == Requester("匿名", "")
    assert not may_look(office, case, "agent")
    with office.acting("agent") as uow, pytest.raises(NotAllowed, match="anonymous"):
        requester.unmask(uow, case)


def test_a_stricter_table_protects_the_cases_that_are_open_already(office: Office) -> None:
    case = office.bring_to("first_contact")
    text = (TABLES / "confidentiality.dmn").read_text(encoding="utf-8")
    with office.acting("duty") as uow:
        registry.publish(
            uow,
            "confidentiality",
            text.replace('<text>"masked"</text>', '<text>"hidden"</text>').encode(),
        )
    assert seen(office, case, "handler") == Requester("", "")


def test_a_role_the_office_does_not_know_opens_nothing_and_breaks_nothing(office: Office) -> None:
    demand = office.demand(office.bring_to("first_contact"))
    with reading(office.sessions) as session:
        for roles, phone in (({"volunteer"}, ""), ({"volunteer", "agent"}, "138****1234")):
            actor = Actor(user_id=None, name="新丁", roles=frozenset(roles))
            assert requester.masked(session, demand, actor, "zh").phone == phone


def test_the_table_knows_every_role() -> None:
    table = read_model((TABLES / "confidentiality.dmn").read_bytes())
    for role in Role:
        outputs = table.decide(
            {"field": "requester_phone", "role": role, "anonymous": False, "confidential": True}
        ).outputs
        assert outputs["view"] == "hidden"

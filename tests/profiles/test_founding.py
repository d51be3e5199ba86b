"""The demo city under every profile: the twenty demands through the real commands."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from app.cases import intake, queries, steps
from app.core.db import reading
from app.core.uow import Actor, unit_of_work
from app.demo.stories import People
from app.identity.models import User
from app.identity.policy import Role
from app.profiles.comparing import Demand, Practice, demands
from app.profiles.folders import names
from app.profiles.shelf import load
from tests.office import Office


class Clerks:
    """Whoever does a step in the demo city, at an instant of our choosing."""

    def __init__(self, office: Office) -> None:
        self.office = office
        with reading(office.sessions) as session:
            self.people = People(session.scalars(select(User)))

    def actor(self, role: Role, unit_id: int | None = None) -> Actor:
        return self.people.in_role(role, unit_id)

    def do(self, demand_id: int, element: str, actor: Actor, at: datetime, **given: object) -> None:
        task_id = self.office.task(demand_id, element)
        with unit_of_work(self.office.sessions, actor, at) as uow:
            steps.complete(uow, task_id, given)


def brought_to_a_unit(clerks: Clerks, demand: Demand, lead_unit: str) -> int:
    """The demand registered, dispatched and signed for when the file says so; its id."""
    agent = clerks.actor(Role.AGENT)
    given = {
        "channel": demand.channel,
        "requester_name": "张三丰",
        "requester_phone": f"138000012{demand.number:02d}",
        "nature": demand.nature,
        "category": demand.category,
        "district": demand.district,
        "address": f"幸福路{demand.number}号",
        "happened": "近日",
        "title": demand.title.zh,
        "content": demand.title.zh,
        "urgency": demand.urgency,
    }
    with unit_of_work(clerks.office.sessions, agent, demand.arrived_at) as uow:
        demand_id = intake.register(uow, given).demand.id
    clerks.do(demand_id, "answer_or_order", agent, demand.arrived_at, outcome="order")
    unit_id = clerks.office.unit(lead_unit)
    dispatcher, liaison = clerks.actor(Role.DISPATCHER), clerks.actor(Role.UNIT_LIAISON, unit_id)
    clerks.do(demand_id, "dispatch", dispatcher, demand.dispatched_at, lead_unit=unit_id)
    clerks.do(demand_id, "sign_for", liaison, demand.signed_at)
    return demand_id


@pytest.mark.parametrize("name", names())
def test_the_twenty_demands_get_the_deadlines_the_comparison_shows(
    city_under: Callable[[str], Office], name: str
) -> None:
    office = city_under(name)
    clerks, profile = Clerks(office), load(name)
    practice = Practice(profile)
    has_own_limits = bool(profile.own & {"time_limits", "traffic_light", "calendar"})
    checked = 0
    for demand in demands()[:: 1 if has_own_limits else 5]:
        foreseen = practice.outcome(demand)
        demand_id = brought_to_a_unit(clerks, demand, foreseen.lead_unit)
        with reading(office.sessions) as session:
            clocks = {clock.name: clock for clock, _yellow in queries.clocks_of(session, demand_id)}
        for stage, timed in foreseen.stages.items():
            if stage in clocks:
                assert clocks[stage].due_at == timed.due.due_at, (demand.title.zh, stage)
                checked += 1
    assert checked > (40 if has_own_limits else 8)
    office.database.dispose()

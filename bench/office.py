"""An office to measure in: tables, shipped rules and diagrams, a unit and its people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.cases.models.city import Category, District
from app.core.clock import CHINA
from app.core.db import Base, reading
from app.core.uow import SYSTEM, Actor, unit_of_work
from app.identity.directory import actor_of, add_user
from app.identity.models import HandlingUnit, User
from app.office import publish_shipped, wire
from bench.databases import Make, Place

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
"""A Monday with plain working weeks on both sides."""

PEOPLE: tuple[tuple[str, str | None], ...] = (
    ("agent", None),
    ("dispatcher", None),
    ("reviewer", None),
    ("callback_agent", None),
    ("inspector", None),
    ("unit_liaison", "urban"),
    ("unit_handler", "urban"),
    ("unit_approver", "urban"),
)


@dataclass(frozen=True, slots=True)
class Staff:
    """Who acts, by role, and the unit that handles."""

    actors: Mapping[str, Actor]
    unit_id: int


def founded(make: Make) -> Make:
    """Makes databases with an office in them: one is founded, the others are copies of it."""
    first = make("founded")
    staffed(first)
    first.database.dispose()

    def copy(name: str, like: Place | None = None) -> Place:
        return make(name, like or first)

    return copy


def staffed(place: Place) -> Staff:
    """The office in a database, founded at first use."""
    wire()
    Base.metadata.create_all(place.database)
    with reading(place.sessions) as session:
        is_new = session.scalar(select(HandlingUnit.id)) is None
    if is_new:
        publish_shipped(place.sessions, MORNING)
        with unit_of_work(place.sessions, SYSTEM, MORNING) as uow:
            unit = HandlingUnit(
                code="urban", name_zh="市城管局", name_en="Urban Management", kind="department"
            )
            uow.session.add(unit)
            uow.session.add(District(code="east", name_zh="江东区", name_en="East", position=0))
            uow.session.add(Category(code="noise", name_zh="噪音", name_en="Noise", position=0))
            uow.session.flush()
            for role, where in PEOPLE:
                own = unit if where else None
                add_user(uow, role, role, "correct horse", [role], own, phone="13900001111")
    with reading(place.sessions) as session:
        actors = {user.login: actor_of(user) for user in session.scalars(select(User))}
        return Staff(actors, session.scalars(select(HandlingUnit.id)).one())

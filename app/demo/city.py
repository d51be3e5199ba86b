"""The demo city 云江市: people, units, and some weeks of work up to this moment.

Its history is made by the real commands on a virtual clock: every deadline, colour and entry
is what the product itself makes of it. Loaded once, into an empty database only.
"""

import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from app.cases import knowledge
from app.cases.models.city import Category, District
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.core.files import FileStore
from app.core.outbox import OutboxMessage
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, Actor, UnitOfWork, unit_of_work
from app.demo.occasions import occasions
from app.demo.scenes import Scenes
from app.demo.stories import People, plain_orders, rows
from app.identity.directory import add_user
from app.identity.models import HandlingUnit, User
from app.identity.policy import ROLE_NAMES, UNIT_ROLES, Role
from app.jobs.deadlines import tick
from app.jobs.sending import send_waiting
from app.worktime import offices

PASSWORD = "jieban-demo"  # noqa: S105 - the sign-ins of the demo are shown to everybody

DOMAIN = "@yunjiang.example"
"""Addresses of the demo's people: a real office has none of them."""

SHOWN = (
    "agent1",
    "policy1",
    "dispatcher1",
    "reviewer1",
    "callback1",
    "inspector1",
    "coordinator",
    "duty",
    "leader",
    "authority1",
    "editor",
    "designer",
    "admin",
    "handler.ranqi",
    "handler.jiangpan",
    "handler.yanjiang",
)
"""Sign-ins that are shown; of the units one for each role is added."""


def is_empty(sessions: Sessions) -> bool:
    """Whether nobody has been entered yet."""
    with reading(sessions) as session:
        return session.scalar(select(User.id).limit(1)) is None


def sign_ins() -> list[tuple[str, str, str]]:
    """Login, name and roles of the sign-ins that are shown; the password is `PASSWORD`."""
    logins = set(SHOWN)
    missing = set(UNIT_ROLES)
    for row in rows("people"):
        mine = missing & set(row["roles"].split())
        if mine:
            logins.add(row["login"])
            missing -= mine
    return [
        (row["login"], row["name"], row["roles"])
        for row in rows("people")
        if row["login"] in logins
    ]


def sign_ins_of(sessions: Sessions) -> list[tuple[str, Phrase, str]]:
    """Login, name with role, and password, where this database is the demo city's; else none."""
    with reading(sessions) as session:
        known = set(session.scalars(select(User.login).where(User.email.endswith(DOMAIN))))
    return [
        (login, _name_with_roles(name, [ROLE_NAMES[role] for role in roles.split()]), PASSWORD)
        for login, name, roles in sign_ins()
        if login in known
    ]


def unit_names() -> dict[str, Phrase]:
    """The names of the demo's units by code."""
    return {row["code"]: Phrase(row["name_zh"], row["name_en"]) for row in rows("units")}


def _name_with_roles(name: str, roles: Sequence[Phrase]) -> Phrase:
    return Phrase(
        f"{name} · {'、'.join(role.zh for role in roles)}",
        f"{name} · {', '.join(role.en for role in roles)}",
    )


def load(sessions: Sessions, files: FileStore, now: datetime) -> None:
    """People the city, and drive some weeks of work ending at `now`; its papers go to `files`."""
    with unit_of_work(sessions, SYSTEM, now) as uow:
        _load_city(uow)
    with reading(sessions) as session:
        calendar = offices.working_calendar(session, "CN")
        people = People(session.scalars(select(User)))
        units = {unit.code: unit.id for unit in session.scalars(select(HandlingUnit))}
    scenes = Scenes(people, units, calendar, files, now)
    events = [
        *plain_orders(rows("demands"), people, units, calendar, now),
        *scenes.events(),
        *occasions(scenes),
    ]
    _write_knowledge(sessions, people.in_role(Role.KNOWLEDGE_EDITOR, None), now)
    heapq.heapify(events)
    while events:
        event = heapq.heappop(events)
        _tick_at(sessions, event.at)
        with unit_of_work(sessions, event.actor, event.at) as uow:
            event.act(uow)
    _tick_at(sessions, now)
    while send_waiting(sessions, lambda: now, {"sms": _Sent(), "email": _Sent()}):
        pass


def _write_knowledge(sessions: Sessions, editor: Actor, now: datetime) -> None:
    """What the office knew before the demands of the demo came in."""
    today = now.astimezone(CHINA).date()
    with unit_of_work(sessions, editor, now - timedelta(days=40)) as uow:
        for row in rows("knowledge"):
            names = ("title", "content", "source", "category", "keywords")
            given: dict[str, object] = {name: row[name] for name in names}
            given["expires_on"] = str(today + timedelta(days=int(row["days_left"])))
            given["open_to_public"] = row["open_to_public"] == "yes"
            item = knowledge.write(uow, given)
            if row["published"] == "yes":
                knowledge.publish(uow, item.id)


class _Sent:
    """The messages of the demo's past count as sent: nobody is to be told today."""

    def send(self, message: OutboxMessage) -> None:
        """Do nothing."""


def _tick_at(sessions: Sessions, at: datetime) -> None:
    tick(sessions, lambda: at)


def _load_city(uow: UnitOfWork) -> None:
    for position, row in enumerate(rows("districts")):
        uow.session.add(District(**row, position=position))
    for position, row in enumerate(rows("categories")):
        category = Category(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            parent_code=row["parent"] or None,
            position=position,
        )
        uow.session.add(category)
        uow.session.flush()
    units: dict[str, HandlingUnit] = {}
    for row in rows("units"):
        parent = units.get(row["parent_code"])
        unit = HandlingUnit(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            kind=row["kind"],
            district=row["district_code"] or None,
            parent_id=parent.id if parent else None,
        )
        uow.session.add(unit)
        uow.session.flush()
        units[unit.code] = unit
    for row in rows("people"):
        add_user(
            uow,
            row["login"],
            row["name"],
            PASSWORD,
            row["roles"].split(),
            units.get(row["unit"]),
            phone=row["phone"] or None,
            email=row["email"] or None,
        )

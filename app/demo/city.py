"""The demo city 云江市: people, units, and some weeks of work up to this moment.

Its history is made by the real commands on a virtual clock: every deadline, colour and entry
is what the product itself makes of it. Loaded once, into an empty database only.
"""

import csv
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import cycle
from pathlib import Path

from sqlalchemy import select

from app.cases import intake, knowledge, queries, steps
from app.cases.models.city import Category, District
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.core.outbox import OutboxMessage
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, Actor, UnitOfWork, unit_of_work
from app.identity.directory import actor_of, add_user
from app.identity.models import HandlingUnit, User
from app.identity.policy import ROLE_NAMES, UNIT_ROLES, Role
from app.jobs.deadlines import tick
from app.jobs.sending import send_waiting
from app.worktime import offices
from app.worktime.calendars import WorkingCalendar

DATA = Path(__file__).parent / "data"
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
    "authority1",
    "duty",
    "editor",
    "designer",
)
"""Sign-ins of the centre that are shown; of the units one for each role is added."""

Row = dict[str, str]
Act = Callable[[UnitOfWork], None]


def is_empty(sessions: Sessions) -> bool:
    """Whether nobody has been entered yet."""
    with reading(sessions) as session:
        return session.scalar(select(User.id).limit(1)) is None


def sign_ins() -> list[tuple[str, str, str]]:
    """Login, name and roles of the sign-ins that are shown; the password is `PASSWORD`."""
    logins = set(SHOWN)
    missing = set(UNIT_ROLES)
    for row in _rows("people"):
        mine = missing & set(row["roles"].split())
        if mine:
            logins.add(row["login"])
            missing -= mine
    return [
        (row["login"], row["name"], row["roles"])
        for row in _rows("people")
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
    return {row["code"]: Phrase(row["name_zh"], row["name_en"]) for row in _rows("units")}


def _name_with_roles(name: str, roles: Sequence[Phrase]) -> Phrase:
    return Phrase(
        f"{name} · {'、'.join(role.zh for role in roles)}",
        f"{name} · {', '.join(role.en for role in roles)}",
    )


def load(sessions: Sessions, now: datetime) -> None:
    """People the city, and drive some weeks of work ending at `now`."""
    with unit_of_work(sessions, SYSTEM, now) as uow:
        _load_city(uow)
    with reading(sessions) as session:
        calendar = offices.working_calendar(session, "CN")
        people = _People(session.scalars(select(User)))
        units = {unit.code: unit.id for unit in session.scalars(select(HandlingUnit))}
    events = list(_events(_rows("demands"), people, units, calendar, now))
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
        for row in _rows("knowledge"):
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
    for position, row in enumerate(_rows("districts")):
        uow.session.add(District(**row, position=position))
    for position, row in enumerate(_rows("categories")):
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
    for row in _rows("units"):
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
    for row in _rows("people"):
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


class _People:
    """Who does a step: the first person in the role, of the unit where the role is a unit's."""

    def __init__(self, users: Iterable[User]) -> None:
        self._actors = [actor_of(user) for user in users]

    def in_role(self, role: Role, unit_id: int | None) -> Actor:
        """The person; for a unit nobody of which is in the demo, somebody without a sign-in."""
        for actor in self._actors:
            if role in actor.roles and (role not in UNIT_ROLES or actor.unit_id == unit_id):
                return actor
        return Actor(None, "承办单位经办人", frozenset({role}), unit_id)


# How far the orders of the demo have come, and how many working days ago they arrived.
# Repeated over the rows. The limits are 3 and 5 working days from sign-for, so that what has
# waited at the unit since one day is green, since four yellow and since eight red.
_STAGES: tuple[tuple[str, int], ...] = (
    ("closed", 21),
    ("reply", 8),
    ("reply", 4),
    ("reply", 1),
    ("closed", 17),
    ("sign_for", 0),
    ("review_reply", 3),
    ("closed", 14),
    ("callback", 5),
    ("first_contact", 1),
    ("closed", 12),
    ("reply", 9),
    ("approve_reply", 3),
    ("dispatch", 0),
    ("close", 7),
    ("reply", 5),
    ("closed", 19),
    ("judge", 7),
    ("sign_for", 1),
    ("reply", 2),
)

# When, after the arrival, each step of a prompt unit is done: working days, then hours.
_DONE_AFTER: dict[str, tuple[int, timedelta]] = {
    "register": (0, timedelta()),
    "tell_non_acceptance": (0, timedelta(minutes=4)),
    "answer_or_order": (0, timedelta(minutes=6)),
    "three_party_answer": (0, timedelta(minutes=9)),
    "dispatch": (0, timedelta(minutes=40)),
    "sign_for": (0, timedelta(hours=1, minutes=10)),
    "first_contact": (1, timedelta(hours=1)),
    "reply": (2, timedelta(hours=1)),
    "approve_reply": (2, timedelta(hours=2)),
    "review_reply": (3, timedelta(minutes=30)),
    "callback": (4, timedelta(minutes=20)),
    "judge": (4, timedelta(hours=2)),
    "close": (5, timedelta(minutes=30)),
}

# Urgent matters are handled by the clock on the wall: all in one sitting, day and night.
_URGENT_DONE_AFTER: dict[str, timedelta] = {
    "register": timedelta(),
    "tell_non_acceptance": timedelta(minutes=3),
    "answer_or_order": timedelta(minutes=4),
    "three_party_answer": timedelta(minutes=7),
    "dispatch": timedelta(minutes=9),
    "sign_for": timedelta(minutes=16),
    "first_contact": timedelta(minutes=25),
    "reply": timedelta(minutes=95),
    "approve_reply": timedelta(minutes=110),
    "review_reply": timedelta(hours=3),
    "callback": timedelta(hours=22),
    "judge": timedelta(hours=25),
    "close": timedelta(hours=28),
}

# So long ago that what is urgent and still under way is yellow on any day, rest days included:
# its limits are 24 hours and 2 hours of the clock on the wall.
_URGENT_UNDER_WAY: dict[str, timedelta] = {
    "urgent": timedelta(hours=19),
    "critical": timedelta(minutes=115),
}

_BY: tuple[tuple[str, Role], ...] = (
    ("dispatch", Role.DISPATCHER),
    ("sign_for", Role.UNIT_LIAISON),
    ("first_contact", Role.UNIT_HANDLER),
    ("reply", Role.UNIT_HANDLER),
    ("approve_reply", Role.UNIT_APPROVER),
    ("review_reply", Role.REVIEWER),
    ("callback", Role.CALLBACK_AGENT),
    ("judge", Role.INSPECTOR),
    ("close", Role.REVIEWER),
)


@dataclass(order=True, slots=True)
class _Event:
    """Something a person does at an instant of the virtual clock."""

    at: datetime
    number: int
    act: Act = field(compare=False)
    actor: Actor = field(compare=False)


def _events(
    rows: list[Row],
    people: _People,
    units: dict[str, int],
    calendar: WorkingCalendar,
    now: datetime,
) -> Iterator[_Event]:
    number = 0
    stages = cycle(_STAGES)
    for index, row in enumerate(rows):
        ordered = row["outcome"] == "order"
        waits_at, days_ago = next(stages) if ordered else ("closed", 1 + index % 15)
        if row["outcome"] == "called_in":
            waits_at, days_ago = "three_party_answer", 0
        arrived_at = _working_moment(calendar, now, days_ago, index)
        if waits_at in {"first_contact", "reply", "approve_reply"}:
            arrived_at = now - _URGENT_UNDER_WAY.get(row["urgency"], now - arrived_at)
        story = _Story(row, people, units, waits_at)
        for element, act, actor in story.acts():
            if row["urgency"] == "normal":
                days, hours = _DONE_AFTER[element]
                at = min(_days_later(calendar, arrived_at, days) + hours, now)
            else:
                at = min(arrived_at + _URGENT_DONE_AFTER[element], now)
            yield _Event(at, number, act, actor)
            number += 1


class _Story:
    """One demand's way through the office, up to the step where it waits now."""

    def __init__(self, row: Row, people: _People, units: dict[str, int], waits_at: str) -> None:
        self._row = row
        self._people = people
        self._unit_id = units[row["unit"]] if row["unit"] else None
        self._waits_at = waits_at
        self._demand_id = 0

    def acts(self) -> Iterator[tuple[str, Act, Actor]]:
        """Step, what is done, and by whom; ends before the step the case waits at."""
        row = self._row
        agent = self._people.in_role(Role.AGENT, None)
        yield "register", self._register, agent
        if row["outcome"] == "not_accepted":
            yield "tell_non_acceptance", self._doing("tell_non_acceptance"), agent
            return
        yield "answer_or_order", self._doing("answer_or_order"), agent
        if row["outcome"] == "three_party":
            expert = self._people.in_role(Role.POLICY_SPECIALIST, None)
            yield "three_party_answer", self._doing("three_party_answer"), expert
        if row["outcome"] != "order":
            return
        for element, role in _BY:
            if element == self._waits_at:
                return
            if element == "judge" and row["rating"] != "dissatisfied":
                continue
            if element in {"callback", "judge"} and row["anonymous"] == "yes":
                continue
            yield element, self._doing(element), self._people.in_role(role, self._unit_id)

    def _register(self, uow: UnitOfWork) -> None:
        row = self._row
        yes_or_no = ("anonymous", "confidential", "enterprise")
        given: dict[str, object] = {name: row[name] == "yes" for name in yes_or_no}
        for name in (
            "channel",
            "requester_name",
            "requester_phone",
            "nature",
            "category",
            "district",
            "address",
            "happened",
            "title",
            "content",
            "urgency",
            "non_acceptance_ground",
        ):
            given[name] = row[name]
        self._demand_id = intake.register(uow, given).demand.id

    def _doing(self, element: str) -> Act:
        def act(uow: UnitOfWork) -> None:
            for task in queries.open_tasks(uow.session, self._demand_id):
                if task.element_id == element:
                    steps.complete(uow, task.id, self._answers(element))
                    return

        return act

    def _answers(self, element: str) -> dict[str, object]:
        row = self._row
        rating = row["rating"] or "satisfied"
        solved = row["handling_result"] in {"resolved", "partly_resolved"}
        answers: dict[str, dict[str, object]] = {
            "tell_non_acceptance": {
                "lawful_channel": row["answer"],
                "explanation": f"已向诉求人说明：{row['answer']}",
            },
            "answer_or_order": {
                "outcome": row["outcome"] if row["outcome"] != "called_in" else "three_party",
                "answer": row["answer"] if row["outcome"] == "answered" else "",
            },
            "three_party_answer": {
                "three_party_outcome": "answered",
                "three_party_reply": row["answer"],
            },
            "dispatch": {
                "lead_unit": self._unit_id,
                "instructions": "请依法依规及时办理，并将结果答复诉求人。",
            },
            "sign_for": {},
            "first_contact": {"contact_way": "phone", "contact_note": row["contact_note"]},
            "reply": {
                "truth": row["truth"],
                "handling_result": row["handling_result"],
                "reply_text": row["reply_text"],
                "public_reply": row["public_reply"],
            },
            "approve_reply": {"approval": "approved", "approval_opinion": "同意报送。"},
            "review_reply": {"review": "passed"},
            "callback": {
                "reached": "yes",
                "efficiency": rating,
                "attitude": "satisfied",
                "result": rating,
                "solved": "yes" if solved else "no",
            },
            "judge": {
                "judgement": "close",
                "judgement_opinion": "承办单位已依法办理并说明，诉求超出现行政策范围。",
            },
            "close": {
                "closing_reason": row["handling_result"],
                "closing_note": "办理情况、依据和余下事项见承办单位答复。",
            },
        }
        return answers[element]


def _working_moment(
    calendar: WorkingCalendar, now: datetime, days_ago: int, index: int
) -> datetime:
    """In office hours of the working day `days_ago` before today, or the last one before it.

    What arrived today is at least two hours old, so that its first steps are done.
    """
    day = now.astimezone(CHINA).date()
    while days_ago or not calendar.is_working_day(day):
        days_ago -= calendar.is_working_day(day)
        day -= timedelta(days=1)
    hour, minute = 8 + index % 8, (40 + 7 * index) % 60
    return min(datetime.combine(day, time(hour, minute), CHINA), now - timedelta(hours=2))


def _days_later(calendar: WorkingCalendar, start: datetime, days: int) -> datetime:
    """The same time of day, so many working days after `start`."""
    moment = start.astimezone(CHINA)
    if not days:
        return moment
    return datetime.combine(calendar.add_working_days(moment.date(), days), moment.timetz(), CHINA)


def _rows(name: str) -> list[Row]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

"""How a demand goes through the office: plain orders, each up to the step where it waits now."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import count, cycle
from pathlib import Path

from app.cases import acts, intake, queries, steps
from app.cases.orders import find
from app.core.clock import CHINA
from app.core.uow import Actor, UnitOfWork
from app.identity.directory import actor_of
from app.identity.models import User
from app.identity.policy import UNIT_ROLES, Role
from app.worktime.calendars import WorkingCalendar

DATA = Path(__file__).parent / "data"

Row = Mapping[str, str]
Act = Callable[[UnitOfWork], None]


class People:
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

# How long ago what is urgent and still under way arrived, whatever day it is: its limits are hours
# of the clock on the wall. What is at the unit is yellow; the rest waits as long as it may.
_URGENT_UNDER_WAY: dict[str, dict[str, timedelta]] = {
    "urgent": {
        "dispatch": timedelta(minutes=20),
        "sign_for": timedelta(minutes=30),
        "review_reply": timedelta(hours=3),
        "callback": timedelta(hours=8),
        "judge": timedelta(hours=26),
        "close": timedelta(hours=29),
    },
    "critical": {
        "dispatch": timedelta(minutes=8),
        "sign_for": timedelta(minutes=14),
        "review_reply": timedelta(hours=2, minutes=20),
        "callback": timedelta(hours=8),
        "judge": timedelta(hours=26),
        "close": timedelta(hours=29),
    },
}
_AT_THE_UNIT = {"urgent": timedelta(hours=19), "critical": timedelta(minutes=115)}

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
class Event:
    """Something a person does at an instant of the virtual clock."""

    at: datetime
    number: int
    act: Act = field(compare=False)
    actor: Actor = field(compare=False)


def plain_orders(
    demands: Sequence[Row],
    people: People,
    units: dict[str, int],
    calendar: WorkingCalendar,
    now: datetime,
) -> Iterator[Event]:
    """What people do for these demands; how far each has come repeats over the rows."""
    number = count()
    stages = cycle(_STAGES)
    for index, row in enumerate(demands):
        ordered = row["outcome"] == "order"
        waits_at, days_ago = next(stages) if ordered else ("closed", 1 + index % 15)
        if row["outcome"] == "called_in":
            waits_at, days_ago = "three_party_answer", 0
        arrived_at = working_moment(calendar, now, days_ago, index)
        if row["urgency"] != "normal" and waits_at != "closed":
            under_way = _URGENT_UNDER_WAY[row["urgency"]]
            arrived_at = now - under_way.get(waits_at, _AT_THE_UNIT[row["urgency"]])
        story = Story(row, people, units, waits_at)
        yield from events_of(story, row, arrived_at, calendar, now, number)
        if row["urgency"] != "normal":
            for minutes, act, actor in story.report():
                at = min(arrived_at + timedelta(minutes=minutes), now)
                yield Event(at, next(number), act, actor)


def events_of(
    story: "Story",
    row: Row,
    arrived_at: datetime,
    calendar: WorkingCalendar,
    now: datetime,
    number: Iterator[int],
) -> Iterator[Event]:
    """What people do for a story, at the pace of a prompt unit; nothing after `now`."""
    for element, act, actor in story.acts():
        if row["urgency"] == "normal":
            days, hours = _DONE_AFTER[element]
            at = min(days_later(calendar, arrived_at, days) + hours, now)
        else:
            at = min(arrived_at + _URGENT_DONE_AFTER[element], now)
        yield Event(at, next(number), act, actor)


class Story:
    """One demand's way through the office, up to the step where it waits now.

    `others` are answers that differ from the usual ones, by step.
    """

    def __init__(
        self,
        row: Row,
        people: People,
        units: Mapping[str, int],
        waits_at: str,
        others: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self._row = row
        self._others = others or {}
        self._people = people
        self._unit_id = units[row["unit"]] if row["unit"] else None
        self._waits_at = waits_at
        self.demand_id = 0

    def acts(self) -> Iterator[tuple[str, Act, Actor]]:
        """Step, what is done, and by whom; ends before the step the case waits at."""
        row = self._row
        agent = self._people.in_role(Role.AGENT, None)
        yield "register", self._register, agent
        if row["outcome"] == "not_accepted":
            yield "tell_non_acceptance", self._doing("tell_non_acceptance"), agent
            return
        if self._waits_at == "answer_or_order":
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

    def report(self) -> Iterator[tuple[int, Act, Actor]]:
        """What an urgent matter brings with it, by minutes after its arrival."""
        yield 5, self._doing("acknowledge_urgent"), self._people.in_role(Role.DUTY_MANAGER, None)
        yield 18, self._doing("acknowledge_slip"), self._people.in_role(Role.LEADER, None)
        handler = self._people.in_role(Role.UNIT_HANDLER, self._unit_id)
        yield 45, self._feed_back, handler

    def _feed_back(self, uow: UnitOfWork) -> None:
        case = find(uow.session, self.demand_id)
        for one in acts.acts_of(uow.session, case, uow.actor, uow.now):
            if one.element.id == "feed_back_from_spot":
                said = {"spot_feedback": f"已到现场。{self._row['contact_note']}"}
                acts.act(uow, self.demand_id, one.key, said)

    def _register(self, uow: UnitOfWork) -> None:
        row = self._row
        yes_or_no = (
            "anonymous", "confidential", "enterprise", "danger", "many_affected", "in_distress",
        )  # fmt: skip
        given: dict[str, object] = {name: row.get(name) == "yes" for name in yes_or_no}
        for name in (
            "channel",
            "police_number",
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
            given[name] = row.get(name, "")
        self.demand_id = intake.register(uow, given).demand.id

    def _doing(self, element: str) -> Act:
        def act(uow: UnitOfWork) -> None:
            for task in queries.open_tasks(uow.session, self.demand_id):
                if task.element_id == element:
                    steps.complete(uow, task.id, self._answers(element))
                    return

        return act

    def _answers(self, element: str) -> dict[str, object]:
        return self._usual_answers(element) | dict(self._others.get(element, {}))

    def _usual_answers(self, element: str) -> dict[str, object]:
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
            "acknowledge_urgent": {"measures": "已电话交办承办单位和属地，同步通知应急联动部门。"},
            "acknowledge_slip": {"instruction": "请立即处置，确保群众安全，结果及时报告。"},
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


def working_moment(calendar: WorkingCalendar, now: datetime, days_ago: int, index: int) -> datetime:
    """In office hours of the working day `days_ago` before today, or the last one before it.

    What arrived today is at least two hours old, so that its first steps are done.
    """
    day = now.astimezone(CHINA).date()
    while days_ago or not calendar.is_working_day(day):
        days_ago -= calendar.is_working_day(day)
        day -= timedelta(days=1)
    hour, minute = 8 + index % 8, (40 + 7 * index) % 60
    return min(datetime.combine(day, time(hour, minute), CHINA), now - timedelta(hours=2))


def days_later(calendar: WorkingCalendar, start: datetime, days: int) -> datetime:
    """The same time of day, so many working days after `start`."""
    moment = start.astimezone(CHINA)
    if not days:
        return moment
    return datetime.combine(calendar.add_working_days(moment.date(), days), moment.timetz(), CHINA)


def rows(name: str) -> list[Row]:
    """The rows of a table of the demo."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

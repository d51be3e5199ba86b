"""Orders of the demo that go other ways: returns, disputes, supervision and the rest.

A scene of `data/scenes.yaml` goes the usual way until a step, and from there as its lines say:
how long after its arrival (working days and hours), who, the step or act, and the answers.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from itertools import count

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import acts, attachments, queries, second_person, steps
from app.cases.models.work_order import WorkOrder
from app.cases.orders import find, find_in_scope
from app.core.clock import CHINA
from app.core.files import FileStore
from app.core.uow import Actor, UnitOfWork
from app.demo.stories import (
    DATA,
    Event,
    People,
    Row,
    Story,
    days_later,
    events_of,
    working_moment,
)
from app.engine.forms import Field, FieldType, Form
from app.identity.policy import Role
from app.worktime.calendars import WorkingCalendar

_SPAN = re.compile(r"(?:(\d+)d)? ?(?:(\d+)h)?(?:(\d+)m)?")
_LATER = 1_000_000
"""Events of scenes come after those of plain orders at the same instant."""


@dataclass(frozen=True, slots=True)
class Scenes:
    """Plays the scenes in a city whose present is `now`."""

    people: People
    units: Mapping[str, int]
    calendar: WorkingCalendar
    files: FileStore
    now: datetime
    stories: dict[str, Story] = field(default_factory=dict)

    def events(self) -> Iterator[Event]:
        """Everything that people do in all scenes."""
        number = count(_LATER)
        for index, scene in enumerate(_read()):
            row = {**_USUAL, **scene.demand}
            others = {
                element: {name: self._entered_plain(value) for name, value in answers.items()}
                for element, answers in scene.others.items()
            }
            story = Story(row, self.people, self.units, scene.until, others)
            self.stories[scene.name] = story
            arrived_at = working_moment(self.calendar, self.now, scene.days_ago, index)
            if scene.hours_ago is not None:
                arrived_at = self.now - timedelta(hours=scene.hours_ago)
            yield from events_of(story, row, arrived_at, self.calendar, self.now, number)
            for after, who, element, answers in scene.then:
                act = partial(self._do, story, element=element, answers=answers)
                at = min(self._after(arrived_at, after), self.now)
                yield Event(at, next(number), act, self._actor(who, row))

    def _do(
        self,
        story: Story,
        uow: UnitOfWork,
        *,
        element: str,
        answers: Mapping[str, object],
    ) -> None:
        """Do the step that is open, or else set going the act, as the diagram's form wants it."""
        demand_id = story.demand_id
        for task in queries.open_tasks(uow.session, demand_id):
            unit_id = find_in_scope(uow.session, demand_id, task.scope).unit_id
            may_do = second_person.may_do(uow.session, uow.actor, task, unit_id)
            if task.element_id == element and may_do:
                form = _form(uow.session, task.process_id, element)
                steps.complete(uow, task.id, self._entered(uow, form, answers))
                return
        for act in acts.acts_of(uow.session, find(uow.session, demand_id), uow.actor, uow.now):
            if act.element.id == element:
                acts.act(uow, demand_id, act.key, self._entered(uow, act.form, answers))
                return
        waiting = [task.element_id for task in queries.open_tasks(uow.session, demand_id)]
        raise LookupError(f"{uow.actor.name} cannot do {element} on {demand_id}: {waiting}")

    def _actor(self, who: str, row: Row) -> Actor:
        """`role` of the scene's unit, or `role@unit`."""
        role, _at, unit = who.partition("@")
        return self.people.in_role(Role(role), self.units.get(unit or row["unit"]))

    def _after(self, arrived_at: datetime, span: str) -> datetime:
        found = _SPAN.fullmatch(span)
        assert found is not None, span
        days, hours, minutes = (int(part or 0) for part in found.groups())
        return days_later(self.calendar, arrived_at, days) + timedelta(hours=hours, minutes=minutes)

    def _entered_plain(self, value: object) -> object:
        """An answer of the usual way: units are named by their codes."""
        if isinstance(value, list):
            return [self._entered_plain(one) for one in value]
        return str(self.units[value]) if isinstance(value, str) and value in self.units else value

    def _entered(
        self, uow: UnitOfWork, form: Form | None, answers: Mapping[str, object]
    ) -> dict[str, object]:
        """The answers as somebody enters them: ids of units and files, dates counted from now."""
        entered = {}
        for name, value in answers.items():
            asked = form.field(name) if form is not None else None
            assert asked is not None, name
            entered[name] = self._value(uow, asked, value)
        return entered

    def _value(self, uow: UnitOfWork, asked: Field, value: object) -> object:
        today = self.now.astimezone(CHINA).date()
        match asked.type, value:
            case FieldType.UNIT | FieldType.UNITS, _:
                return self._entered_plain(value)
            case FieldType.DATE, int(days):
                return (today + timedelta(days=days)).isoformat()
            case FieldType.DATETIME, int(days):
                day = self.calendar.add_working_days(today, days)
                return datetime.combine(day, time(14, 30), CHINA).isoformat(timespec="minutes")
            case FieldType.FILES, dict(files):
                return [self._uploaded(uow, name, text) for name, text in files.items()]
            case _, {"number_of": scene}:
                demand_id = self.stories[scene].demand_id
                return uow.session.scalar(
                    select(WorkOrder.number).where(WorkOrder.demand_id == demand_id)
                )
            case _:
                return str(value)

    def _uploaded(self, uow: UnitOfWork, name: str, text: str) -> str:
        received = attachments.receive(self.files, name, io.BytesIO(text.encode()))
        return str(attachments.keep(uow, received).id)


_USUAL: Row = {
    "channel": "phone",
    "urgency": "normal",
    "unit": "",
    "outcome": "order",
    "anonymous": "no",
    "non_acceptance_ground": "",
    "contact_note": "已电话联系诉求人，核实时间、地点和具体要求。",
    "reply_text": "经现场核实，反映情况属实，已督促整改，并将结果告知诉求人。",
    "public_reply": "",
    "truth": "true",
    "handling_result": "resolved",
    "rating": "satisfied",
    "answer": "",
}


@dataclass(frozen=True, slots=True)
class _Scene:
    """One scene as it is written; its days are working days, `others` answers on the usual way."""

    name: str
    demand: Row
    days_ago: int
    until: str
    hours_ago: float | None = None
    others: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    then: Sequence[tuple[str, str, str, Mapping[str, object]]] = ()


def _read() -> list[_Scene]:
    with (DATA / "scenes.yaml").open(encoding="utf-8") as file:
        return [_Scene(**scene) for scene in yaml.safe_load(file)]


def _form(session: Session, process_id: int, element_id: str) -> Form | None:
    element = engine.bundle_of_process(session, process_id).element(element_id)
    return element.form if element is not None else None

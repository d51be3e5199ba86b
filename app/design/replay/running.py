"""Replaying real cases: what was done to them is done again, in an office in memory.

The commands are the real ones and every deadline passes at its instant. Under the rules as they
were, everything comes out as it did; under the drafts of a change it shows what they would have
made of the same cases.

What nobody did because it did not exist (a step of a draft, another way of a case) is undecided:
it is assumed, counted and shown. Nothing that was done is dropped without a word.
"""

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Self

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import engine
from app.cases import (
    acts,
    attachments,
    bulk,
    calling_back,
    closing,
    free_hand,
    intake,
    joined_rating,
    recounting,
    reorganising,
    steps,
)
from app.cases.calling_back import RATER
from app.cases.clocks import calendar_of
from app.cases.models.bulk_extension import BulkExtensionOrder
from app.cases.models.rating import JoinedRating, RatingLink
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.orders import SUBJECT, find_in_scope, take
from app.cases.procedures import begin, open_procedure
from app.cases.rechecking import KIND as RECHECK
from app.core.clock import CHINA
from app.core.db import KEPT, Sessions, reading
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, Actor, UnitOfWork, unit_of_work
from app.design.copying import Texts, office_like
from app.design.replay.office import Event, prepare
from app.design.replay.questions import Questions, Task
from app.design.replay.recorded import (
    FREE_HAND,
    Deed,
    ProcedureKey,
    Recording,
    TaskKey,
    Who,
    reported_on,
)
from app.engine.forms import Field, FieldType, Form
from app.engine.ports import StepKind
from app.engine.processes import HEARER, Made
from app.identity.models import User
from app.supervision import superior, watching
from app.worktime.calendars import WorkingCalendar

_JUST = timedelta(microseconds=1)
"""A deadline has passed when it is later than its instant, not at it."""

_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

_ASSUMED = timedelta(hours=4)
"""Working time after which a step is taken for done that nobody has ever done."""

_ALONE = ("calendars in force", "standard calendar", "processes", "heads")
"""What need not be asked anew by every command, as nobody else writes to this office."""

_OTHER_NUMBERS = 500_000
"""Where the running numbers of a day go on for what had none in the record."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How an element was usually done: after how much working time, and with which answers."""

    after: timedelta
    answers: Mapping[str, object]
    times: int


@dataclass(slots=True)
class Account:
    """What became of what was recorded."""

    done: Counter[str] = field(default_factory=Counter)
    adapted: list[tuple[str, str, str]] = field(default_factory=list)
    """Number of the case, what, and how."""
    impossible: list[tuple[str, str, str]] = field(default_factory=list)
    """Number of the case, what, and why."""
    undecided: list[tuple[str, str, str]] = field(default_factory=list)
    """Number of the case, element, and what was assumed."""
    faults: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Way:
    """How something that was done is done now: as an open step, or as an act."""

    role: str
    unit_id: Callable[[Session], int | None]
    form: Callable[[Session], Form | None]
    do: Callable[[UnitOfWork, Mapping[str, object]], object]


class Replay:
    """One part of a recording in an office in memory."""

    def __init__(
        self,
        sessions: Sessions,
        recording: Recording,
        now: datetime,
        until: datetime,
        texts: Texts | None = None,
    ) -> None:
        self.recording = recording
        self.account = Account()
        self.passed: Counter[str] = Counter()
        """How often each element and each flow was passed: `process/id`."""
        self._heard: list[str] = []
        self._until = until
        self._is_changed = bool(texts)
        self._copy = office_like(sessions, now, texts or {})
        self.sessions = self._copy.sessions
        self._ask = Questions(self._copy.database)
        deeds = recording.deeds
        self.now = deeds[0].at if deeds else until
        with reading(sessions) as source:
            self._timetable = list(
                prepare(source, self._copy, recording, self.now, self._is_changed)
            )
            self._roles = {
                user.id: frozenset(role.role for role in user.roles)
                for user in source.scalars(select(User))
            }
            self._calendar = calendar_of(source, None)
        self._ids: dict[int, int] = {}
        self._recorded_of: dict[int, int] = {}
        self._heap: list[tuple[datetime, int, int, Callable[[], None]]] = []
        self._serial = count()
        self._next: dict[int, tuple[datetime, int]] = {}
        self._touched: set[int] = set()
        self._waiting: dict[int, list[Deed]] = defaultdict(list)
        self._opened: dict[int, int] = {}
        """Real tasks seen in the replay: how many of a key were open before, by its id."""
        self._seen: dict[tuple[int, str, ProcedureKey], int] = Counter()
        self._habits = _habits(recording, self._calendar) if self._is_changed else {}
        self.kept: dict[str, dict[object, object]] = {what: {} for what in _ALONE}
        self._copy.sessions.configure(info={HEARER: self._hear, KEPT: self.kept})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._copy.sessions.configure(info={})
        self._copy.give_back()

    @property
    def demands(self) -> list[int]:
        """The ids that the cases have in the office of the replay."""
        return list(self._ids.values())

    def run(self) -> None:
        """Everything that was recorded, in its order, until the end of the record."""
        for event in self._timetable:
            rank = 0 if event.statements else 3
            self._at(event.at, rank, partial(self._enact, event))
        for deed in self.recording.deeds:
            self._at(deed.at, 2, partial(self._do, deed))
        while self._heap:
            at, _rank, _serial, act = heapq.heappop(self._heap)
            if at > self._until:
                break
            self.now = max(self.now, at)
            act()
            self._look_ahead()
        for deeds in self._waiting.values():
            for deed in deeds:
                self._is_impossible(deed, "其环节没有再打开 / its step did not open again")

    # Time ------------------------------------------------------------------------------------

    def _at(self, at: datetime, rank: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (at, rank, next(self._serial), act))

    def _look_ahead(self) -> None:
        """Of each case that was moved: when its next deadline is told, and what has opened."""
        while self._touched:
            demand_id = self._touched.pop()
            moment = self._next_of(demand_id)
            if moment is None:
                self._next.pop(demand_id, None)
            elif self._next.get(demand_id, (None, 0))[0] != moment:
                serial = next(self._serial)
                self._next[demand_id] = moment, serial
                at = max(moment, self.now)
                self._at(at, 1, partial(self._pass, demand_id, serial))
            if self._is_changed:
                self._see_tasks(demand_id)

    def _next_of(self, demand_id: int) -> datetime | None:
        case = self.recording.cases.get(self._recorded_of.get(demand_id, 0))
        if case is None:
            return None
        found = [max(due + _JUST, case.looked_at(due)) for due in self._ask.timers(demand_id)]
        for scope, name, run, rung, due in self._ask.rungs(demand_id):
            key = self._ask.procedure(demand_id, scope), name, run, rung, due
            found.append(max(due + _JUST, case.told.get(key) or case.looked_at(due)))
        return min(found, default=None)

    def _pass(self, demand_id: int, serial: int) -> None:
        """The ticker looks at a case."""
        if self._next.get(demand_id, (None, 0))[1] != serial:
            return
        self._next.pop(demand_id)
        self._touched.add(demand_id)
        self._guarded(demand_id, "tick", partial(take, demand_id=demand_id))

    def _daily(self) -> None:
        if self._ask.is_any_going_on():
            with reading(self.sessions) as session:
                ignored = watching.unheeded(session, self.now)
            self._supervise(ignored, watching.supervise_unheeded)
            with reading(self.sessions) as session:
                idle = watching.standing_still(session, self.now)
            self._supervise(idle, watching.supervise_idle)
        if self._ask.is_any_closed(self.now - closing.ARCHIVED_AFTER):
            with unit_of_work(self.sessions, SYSTEM, self.now) as uow:
                closing.archive(uow)

    def _supervise(self, demands: Sequence[int], put: Callable[..., object]) -> None:
        for demand_id in demands:
            self._touched.add(demand_id)
            self._guarded(demand_id, "daily", partial(put, demand_id=demand_id))

    def _enact(self, event: Event) -> None:
        if not event.statements:
            self._daily()
            return
        with unit_of_work(self.sessions, SYSTEM, self.now) as uow:
            for statement, rows in event.statements:
                given = [self._here(row) for row in rows]
                uow.session.connection().execute(statement, given or None)
        for known in self.kept.values():
            known.clear()

    def _here(self, row: Mapping[str, Any]) -> dict[str, object]:
        """A row of the real office, with the ids that demands of the record have here."""
        named = {name: int(row[name]) for name in ("earlier_id", "matter_id") if name in row}
        return {**row, **{name: self._ids.get(one, one) for name, one in named.items()}}

    def _hear(self, _uow: UnitOfWork, made: Sequence[Made]) -> None:
        for loaded, outcome, _at in made:
            self._touched.add(loaded.row.subject_id)
            self._heard += [
                f"{one.process_key}/{one.element_id}"
                for one in outcome.steps
                if one.kind is StepKind.ENTERED
            ]
            self._heard += [f"{process}/{flow}" for process, flow in outcome.flows]

    # What people did -------------------------------------------------------------------------

    def _do(self, deed: Deed) -> None:
        demand_id = self._ids.get(deed.demand, 0)
        if deed.kind != "arrive" and not demand_id:
            self._is_impossible(deed, "诉求没有登记 / the demand is not there")
            return
        case = self.recording.cases[deed.demand]
        self._touched |= {demand_id, *(self._ids[one] for one in case.beside if one in self._ids)}
        self._set_numbers(deed)
        try:
            self._done(deed, demand_id)
        except DomainError as refusal:
            self._refused(deed, refusal)
        except Exception as error:  # noqa: BLE001 - the other cases go on
            self.account.faults.append((case.number, f"{_name(deed)}: {error!r}"))

    def _done(self, deed: Deed, demand_id: int) -> None:
        match deed.kind:
            case "arrive":
                self._arrive(deed)
            case "step":
                self._step(deed, demand_id)
            case "rate":
                self._rate(deed, demand_id)
            case "joined_rating":
                self._rate_joined(deed)
            case "recheck":
                self._recheck(deed, demand_id)
            case "recount":
                with self._acting(self._actor(deed, "administrator")) as uow:
                    recounting.recount(uow, demand_id)
            case "reorganise":
                with self._acting(SYSTEM) as uow:
                    reorganising.move_case(uow, demand_id)
            case "bulk":
                self._extend(deed, demand_id)
            case "report":
                self._listed(deed, demand_id)
            case _:
                self._free_hand(deed, demand_id)
        self.account.done[deed.kind] += 1

    def _arrive(self, deed: Deed) -> None:
        with self._acting(self._actor(deed)) as uow:
            made = intake.arrive(uow, str(deed.facts["channel"])).id
        self._ids[deed.demand] = made
        self._recorded_of[made] = deed.demand
        self._touched.add(made)

    def _step(self, deed: Deed, demand_id: int) -> None:
        """The open task, else the act, with this element; else it waits until it opens."""
        way = self._way_of(deed, demand_id)
        actor = self._actor(deed, way.role)
        try:
            self._go(deed, way, actor)
        except NotAllowed:  # whoever did it had the role then
            with reading(self.sessions) as session:
                unit_id = way.unit_id(session) or actor.unit_id
            self._go(deed, way, replace(actor, roles=actor.roles | {way.role}, unit_id=unit_id))

    def _go(self, deed: Deed, way: _Way, actor: Actor) -> None:
        """Do it with the answers of then; a draft may ask for more, which is filled in."""

        def do(given: Mapping[str, object]) -> None:
            with self._acting(actor) as uow:
                way.do(uow, self._entered(uow, way.form(uow.session), given))

        try:
            do(deed.answers)
        except Invalid as wrong:
            with reading(self.sessions) as session:
                form = way.form(session)
            fields = {one.name: one for one in (form.fields if form is not None else ())}
            missing = {name: fields[name] for name in wrong.fields if name in fields}
            if not self._is_changed or not missing:
                raise
            added = {name: _believable(one, self.now) for name, one in missing.items()}
            do({**deed.answers, **added})
            self._adapted(deed, f"补填 {'、'.join(added)} / filled in {', '.join(added)}")

    def _way_of(self, deed: Deed, demand_id: int) -> _Way:
        task = self._ask.open_task(demand_id, deed.element, deed.procedure)
        if task is None:
            act = self._act_of(deed, demand_id)
            return _Way(
                act.element.role or "",
                lambda _session: act.named_unit_id or act.unit_id,
                lambda _session: act.element.form,
                lambda uow, entered: acts.act(uow, demand_id, act.key, entered),
            )
        return _Way(
            task.role,
            lambda session: task.unit_id or find_in_scope(session, demand_id, task.scope).unit_id,
            lambda session: engine.form_of(session, task.process_id, task.element),
            lambda uow, entered: steps.complete(uow, task.id, entered),
        )

    def _act_of(self, deed: Deed, demand_id: int) -> acts.Act:
        why: Phrase | None = None
        with reading(self.sessions) as session:
            case = find_in_scope(session, demand_id, 0)
            for act in acts.all_acts(session, case, self._actor(deed), self.now):
                if act.element.id != deed.element:
                    continue
                if (
                    act.process_id is not None
                    and self._ask.procedure(demand_id, act.case.scope) != deed.procedure
                ):
                    continue
                if act.why_not is None:
                    return act
                why = act.why_not
        raise _NotOpen(why or Phrase("该环节现在没有打开。", "The step is not open now."))

    def _rate(self, deed: Deed, demand_id: int) -> None:
        with reading(self.sessions) as session:
            code = session.scalar(
                select(RatingLink.code)
                .join(WorkOrder, WorkOrder.id == RatingLink.order_id)
                .where(WorkOrder.demand_id == demand_id)
                .order_by(RatingLink.id.desc())
                .limit(1)
            )
        with self._acting(RATER) as uow:
            calling_back.rate_by_link(uow, code or "", deed.answers)

    def _rate_joined(self, deed: Deed) -> None:
        joined = self._ids.get(int(deed.facts["joined"]), 0)
        with self._acting(RATER) as uow:
            link = uow.session.scalar(
                select(JoinedRating)
                .where(JoinedRating.demand_id == joined)
                .order_by(JoinedRating.id.desc())
                .limit(1)
            )
            if link is None:
                raise _NotOpen(Phrase("没有评价链接。", "There is no link to rate by."))
            joined_rating.rate(uow, link, deed.answers)

    def _recheck(self, deed: Deed, demand_id: int) -> None:
        with self._acting(SYSTEM) as uow:
            case = take(uow, demand_id)
            if case.order is None or case.order.status != OrderStatus.CLOSED:
                raise _NotOpen(Phrase("工单没有办结。", "The order is not closed."))
            seed = str(deed.facts["cause"]).rpartition(":")[0]
            begin(uow, open_procedure(uow, case, RECHECK, cause=f"{seed}:{demand_id}"))

    def _extend(self, deed: Deed, demand_id: int) -> None:
        with self._acting(SYSTEM) as uow:
            clock = engine.clock_of(uow.session, SUBJECT, demand_id, "handling")
            if clock is None or clock.due_at is None:
                raise _NotOpen(Phrase("没有办理时限。", "There is no handling limit."))
            line = BulkExtensionOrder(
                bulk_id=deed.facts["bulk_extension"],
                demand_id=demand_id,
                clock_id=clock.id,
                due_before=clock.due_at,
                due_after=clock.due_at,
            )
            uow.session.add(line)
            uow.session.flush()
            if not bulk.apply(uow, line.id):
                raise _NotOpen(Phrase("工单已不在办理中。", "The order has moved on."))

    def _listed(self, deed: Deed, demand_id: int) -> None:
        day = reported_on(deed.facts)
        assert day is not None  # it is what makes the deed a report
        with self._acting(self._actor(deed)) as uow:
            if superior.list_case(uow, demand_id, day) in superior.NOTHING_NEW:
                raise _NotOpen(Phrase("不再列入督办。", "It is not supervised for that any more."))

    def _free_hand(self, deed: Deed, demand_id: int) -> None:
        does = dict(
            zip(FREE_HAND, (free_hand.jump, free_hand.reassign, free_hand.cancel), strict=True)
        )
        given = {name: str(value) for name, value in deed.answers.items() if value is not None}
        with self._acting(self._actor(deed, "duty_manager")) as uow:
            does[deed.kind](uow, demand_id, given)

    # What was not done then --------------------------------------------------------------------

    def _see_tasks(self, demand_id: int) -> None:
        """What has opened: a recorded step that waits is done; what nobody did is assumed."""
        recorded = self.recording.cases.get(self._recorded_of.get(demand_id, 0))
        if recorded is None:
            return
        fresh = [task for task in self._ask.tasks(demand_id) if task.id not in self._opened]
        for task in fresh:
            key = task.element, self._ask.procedure(demand_id, task.scope)
            place = self._seen[recorded.id, *key]
            self._seen[recorded.id, *key] += 1
            self._opened[task.id] = place
            if not task.is_open:
                continue
            waiting = [
                deed for deed in self._waiting[demand_id]
                if (deed.element, deed.procedure) == key
            ]  # fmt: skip
            known = recorded.tasks.get(key, [])
            if waiting:
                self._waiting[demand_id].remove(waiting[0])
                took = _ASSUMED
                if place < len(known):
                    took = self._calendar.worked_between(known[place].opened_at, waiting[0].at)
                late = replace(waiting[0], at=self._calendar.add_worked(task.opened_at, took))
                self._at(late.at, 2, partial(self._do_late, late))
            elif place >= len(known):
                self._assume(recorded.number, demand_id, task, key)

    def _do_late(self, deed: Deed) -> None:
        self._adapted(deed, f"推迟到 {deed.at.astimezone(CHINA):%m-%d %H:%M} / done later")
        self._do(deed)

    def _assume(self, number: str, demand_id: int, task: Task, key: TaskKey) -> None:
        habit = self._habits.get(task.element, Habit(_ASSUMED, {}, 0))
        hours = habit.after.total_seconds() / 3600
        words = f"{hours:.1f} h, {habit.times}"
        self.account.undecided.append((number, task.element, words))
        deed = Deed(
            self._calendar.add_worked(task.opened_at, habit.after),
            0,
            self._recorded_of[demand_id],
            "step",
            _nobody,
            task.element,
            key[1],
            habit.answers,
        )
        self._at(deed.at, 2, partial(self._do, deed))

    def _refused(self, deed: Deed, refusal: DomainError) -> None:
        if self._is_changed and isinstance(refusal, _NotOpen) and deed.kind == "step":
            self._waiting[self._ids[deed.demand]].append(deed)
            return
        wrong = refusal.fields if isinstance(refusal, Invalid) else {}
        why = "；".join([refusal.phrase.zh, *(f"{k}:{v.zh}" for k, v in wrong.items())])
        self._is_impossible(deed, f"{why} / {refusal.phrase.en}")

    def _is_impossible(self, deed: Deed, why: str) -> None:
        number = self.recording.cases[deed.demand].number
        self.account.impossible.append((number, _name(deed), why))

    def _adapted(self, deed: Deed, how: str) -> None:
        number = self.recording.cases[deed.demand].number
        self.account.adapted.append((number, _name(deed), how))

    # Small things ------------------------------------------------------------------------------

    @contextmanager
    def _acting(self, actor: Actor) -> Iterator[UnitOfWork]:
        self._heard.clear()
        with unit_of_work(self.sessions, actor, self.now) as uow:
            yield uow
        self.passed.update(self._heard)  # what was taken back was not passed

    def _guarded(self, demand_id: int, what: str, act: Callable[[UnitOfWork], object]) -> None:
        try:
            with self._acting(SYSTEM) as uow:
                act(uow)
        except Exception as error:  # noqa: BLE001 - the other cases go on
            recorded = self._recorded_of.get(demand_id, 0)
            number = self.recording.cases[recorded].number if recorded else "?"
            self.account.faults.append((number, f"{what}: {error!r}"))

    def _actor(self, deed: Deed, role: str = "") -> Actor:
        if deed.who.user_id is None:
            if deed.who is _nobody:
                return Actor(None, "—", frozenset({role}), None)
            return SYSTEM
        roles = self._roles.get(deed.who.user_id, frozenset())
        if not roles and role:
            roles = frozenset({role})
        return Actor(deed.who.user_id, f"P{deed.who.user_id}", roles, deed.who.unit_id)

    def _set_numbers(self, deed: Deed) -> None:
        """The numbers that this case had are given to it again."""
        case = self.recording.cases[deed.demand]
        day = deed.at.astimezone(CHINA).strftime("%Y%m%d")
        for number in (case.number, case.order_number):
            if number is not None and number[2:].startswith(day):
                self._ask.number_next(day, number[:2], int(number[10:]) - 1)

    def _entered(
        self, uow: UnitOfWork, form: Form | None, given: Mapping[str, object]
    ) -> dict[str, object]:
        """Answers as a page would hand them in."""
        entered: dict[str, object] = {}
        for one in form.fields if form is not None else ():
            value = given.get(one.name)
            if value is None or value is False:
                continue
            if one.type is FieldType.FILES and isinstance(value, list):
                entered[one.name] = [str(_upload(uow, str(file))) for file in value]
            elif isinstance(value, list):
                entered[one.name] = [str(item) for item in value]
            else:
                entered[one.name] = "true" if value is True else str(value)
        return entered


class _NotOpen(Conflict):
    """What was done then cannot be done now."""


_nobody = Who(None, None)
"""Nobody was recorded: whoever has the role is assumed."""


def _name(deed: Deed) -> str:
    return deed.element or deed.kind


def _habits(recording: Recording, calendar: WorkingCalendar) -> dict[str, Habit]:
    """How each element was usually done in these cases."""
    spans: dict[str, list[timedelta]] = defaultdict(list)
    given: dict[str, Counter[str]] = defaultdict(Counter)
    for case in recording.cases.values():
        for (element, _procedure), tasks in case.tasks.items():
            spans[element] += [
                calendar.worked_between(task.opened_at, task.closed_at)
                for task in tasks
                if task.closed_at is not None and task.how == "completed"
            ]
        for deed in case.deeds:
            if deed.kind == "step":
                text = orjson.dumps(dict(deed.answers), option=orjson.OPT_SORT_KEYS).decode()
                given[deed.element][text] += 1
    return {
        element: Habit(
            sorted(found)[len(found) // 2],
            orjson.loads(max(given[element].items(), key=lambda one: (one[1], one[0]))[0])
            if given[element]
            else {},
            len(found),
        )
        for element, found in spans.items()
        if found
    }


def _believable(asked: Field, now: datetime) -> object:
    """Something for a field that a draft asks for and nobody was asked for then."""
    today = now.astimezone(CHINA)
    match asked.type:
        case FieldType.CHOICE:
            return _fixed(asked) or asked.options[0].value
        case FieldType.MULTI_CHOICE:
            return [asked.options[0].value]
        case FieldType.BOOLEAN:
            return True
        case FieldType.NUMBER:
            return _fixed(asked) or asked.minimum or asked.maximum or "1"
        case FieldType.DATE:
            later = (today + timedelta(days=7)).date().isoformat()
            return asked.maximum or asked.minimum or later
        case FieldType.DATETIME:
            return (today + timedelta(days=1)).isoformat(timespec="minutes")
        case FieldType.PHONE:
            return "10000000000"
        case FieldType.FILES:
            return [str(number) for number in range(asked.min_length or 1)]
        case _:
            return "㐀" * (asked.min_length or 1)


def _fixed(asked: Field) -> str | None:
    """What the field begins with, where that is a value and no expression."""
    return asked.default if asked.default_expression is None else None


def _upload(uow: UnitOfWork, name: str) -> int:
    """A file that only has a name: its content is never asked for."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    received = attachments.Received(f"{digest[:8]}.jpg", "image/jpeg", digest, 1)
    return attachments.keep(uow, received).id

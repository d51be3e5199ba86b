"""A sandbox: one case in an office of its own in memory, on a clock that is moved by hand.

    with Sandbox.open(sessions, now, change_id) as sandbox:
        sandbox.register({"nature": "complaint"})
        sandbox.do("answer_or_order", {"outcome": "order"})
        sandbox.skip_to_deadline("handling", "red")

The commands are the real ones, every deadline passes at its instant, and nothing that is real is
touched: no message leaves, no file is written, no person is there but stand-ins.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from time import thread_time
from typing import Self

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import engine
from app.cases import (
    acts,
    attachments,
    clocks,
    closing,
    conditions,
    file_types,
    intake,
    procedures,
    queries,
    rechecking,
    steps,
)
from app.cases import (
    answers as asked,
)
from app.cases.acts import Act
from app.cases.models.city import Category
from app.cases.models.work_order import OrderStatus, WorkOrder
from app.cases.notices import wording
from app.cases.orders import SUBJECT, Case, find, find_in_scope, take
from app.core.clock import CHINA
from app.core.db import Sessions, reading
from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.outbox import OutboxMessage
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, Actor, UnitOfWork, unit_of_work
from app.design import checking, interventions
from app.design.copying import PLACE, Copy, Texts, office_like, unit_code
from app.design.interventions import Intervention
from app.design.models import DesignChange
from app.engine import ClockRow, ClockRungRow, HumanTaskRow, RepairItemRow, TimerWaitRow
from app.engine.diagram import Element
from app.engine.forms import Field, FieldType, Form
from app.engine.ports import Outcome, StepKind
from app.engine.processes import HEARER, Made
from app.identity.directory import actor_of
from app.identity.models import HandlingUnit, User
from app.identity.policy import ROLE_NAMES, UNIT_ROLES, Role
from app.worktime.calendars import WorkingCalendar
from app.worktime.deadlines import deadline
from app.worktime.limits import Limit, LimitUnit
from app.worktime.policy import Policy

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)
"""When a sandbox begins that is not told otherwise: a Monday morning with plain weeks behind it."""

MOST_ACTIONS = 300
"""Things done in one sandbox, by people or by the clock moved on."""
MOST_FIRINGS = 1_000
"""Deadlines that pass in one sandbox."""
MOST_SECONDS = 20.0
"""Of the processor, in one sandbox: a real story takes half a second."""
MOST_TIME = timedelta(days=5 * 366)
"""How far a sandbox may go from where it began."""

REQUESTER_PHONE = "13800000000"

Answers = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Passed:
    """An element that a token entered, left, or was cancelled at."""

    process: str
    element: str
    how: StepKind
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What one verb of the engine changed: in which process of the case, when, and the data
    afterwards.
    """

    at: datetime
    process: str
    scope: int
    passed: tuple[Passed, ...]
    flows: tuple[tuple[str, str], ...]
    """Each with the process it is in."""
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that would have been sent: which, to whom, in which words."""

    name: str
    to: Phrase
    text: Phrase


@dataclass(frozen=True, slots=True)
class Deadline:
    """A run of a clock as it stands."""

    clock: str
    run: int
    scope: int
    label: Phrase
    due_at: datetime | None
    last_day: str
    """The date a person is shown; empty where there is no deadline."""
    light: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Ahead:
    """An instant of a running clock that has not come yet."""

    clock: str
    rung: str
    label: Phrase
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trace: somebody did something, or time passed, and what came of it."""

    number: int
    at: datetime
    kind: str
    """`register`, `do`, `act`, `free_hand`, `reorganise`, `start`, `send`, `time` or `refused`."""
    who: Phrase
    what: Phrase
    process: str = ""
    element: str = ""
    answers: Answers = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    notices: tuple[Notice, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    case: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that waits for a person in the sandbox: a task (`task_id`) or an act (`key`)."""

    element: Element
    process: str
    role: str
    unit_id: int | None
    is_of_unit: bool = False
    """Whether the diagram names the unit."""
    task_id: int | None = None
    act: Act | None = None

    @property
    def form(self) -> Form | None:
        """What is asked."""
        return self.element.form


class Sandbox:
    """One office in memory and the cases that are tried in it."""

    def __init__(self, copy: Copy, begin: datetime, usual: Mapping[str, Answers]) -> None:
        self._copy = copy
        self._begin = begin
        self._usual = usual
        self._cases: dict[str, int] = {}
        self._heard: list[Move] = []
        self._notices_seen = self._actions = self._firings = 0
        self._began = thread_time()  # a busy machine is not the story's fault
        self.now = begin
        self.trace: list[Entry] = []
        self.sessions = copy.sessions
        copy.sessions.configure(info={HEARER: self._hear})
        with reading(self.sessions) as session:
            self._units = _units(session)
            people = session.scalars(select(User)).all()
            self._category = _some_category(session)
        self._people = {(one.roles[0].role, one.unit_id): actor_of(one) for one in people}
        self._of_phone = {one.phone: self._people[one.roles[0].role, one.unit_id] for one in people}

    @classmethod
    def open(
        cls,
        sessions: Sessions,
        now: datetime,
        change_id: int | None = None,
        *,
        texts: Texts | None = None,
        begin: datetime = BEGIN,
        usual: Mapping[str, Answers] | None = None,
    ) -> "Sandbox":
        """A sandbox under the rules of the office of `sessions`, with the drafts of a change.

        `texts` are drafts given directly. `begin` is the instant it starts at, `usual` what is
        answered at an element where nothing is said. Raises `NotFound`, and `Invalid` where a
        draft cannot be published.
        """
        drafts = dict(texts or {})
        if change_id is not None:
            with reading(sessions) as session:
                drafts |= checking.texts_of(session.get_one(DesignChange, change_id))
        return cls(office_like(sessions, now, drafts), begin, usual or {})

    def close(self) -> None:
        """Forget everything."""
        self._copy.give_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What people do ----------------------------------------------------------------------

    def register(
        self, facts: Answers | None = None, *, by: str | None = None, case: str = ""
    ) -> int:
        """Register a demand: `facts` over believable ones. The id of the demand."""
        actor = self.person(by or Role.AGENT)
        with self._acting(actor) as uow:
            form = intake.registration_form(uow.session)
            given = self._registration(form, facts or {})
            made = intake.register(uow, self._entered(uow, form, given)).demand.id
        self._cases[case] = made
        what = Phrase("登记诉求", "Register the demand")
        self._tell("register", actor, what, "register", given, case)
        return made

    def do(
        self,
        element: str,
        answers: Answers | None = None,
        *,
        by: str | None = None,
        case: str = "",
    ) -> None:
        """Do an open step: `answers` over usual and believable ones, by the person whose it is.

        `element` is the id, or the Chinese name. Raises `Conflict` when it is not open, and
        whatever the command refuses.
        """
        role, _, named = (by or "").partition("@")
        unit_id = self.unit(named) if named else None
        step = self._step(element, case, unit_id)
        actor = self.person(role or step.role, unit_id or step.unit_id, of_unit=step.is_of_unit)
        given = self._answers(step, answers or {})
        with self._acting(actor) as uow:
            entered = self._entered(uow, step.form, given)
            if step.task_id is not None:
                steps.complete(uow, step.task_id, entered)
            else:
                assert step.act is not None
                acts.act(uow, self._demand(case), step.act.key, entered)
        kind = "do" if step.task_id is not None else "act"
        self._tell(kind, actor, step.element.label, step.element.id, given, case, step.process)

    def go_on(self, until: str, *, case: str = "") -> None:
        """Do the open steps of the main process in their usual way until `until` is open.

        Raises `Conflict` when the case ends, or goes round in circles, without coming there.
        """
        for _ in range(60):
            waiting = self.steps(case, acts_too=False)
            if any(until in {one.element.id, one.element.name} for one in waiting):
                return
            main = [one for one in waiting if one.process == intake.MAIN_PROCESS] or waiting
            if not main:
                break
            self.do(main[0].element.id, case=case)
        raise Conflict(
            Phrase(
                f"按通常办法办理，没有走到“{until}”：{self._waiting_words(case).zh}",
                f"Doing what is usual does not lead to “{until}”: {self._waiting_words(case).en}",
            )
        )

    def intervene(
        self,
        verb: str,
        what: str,
        answers: Answers | None = None,
        *,
        by: str | None = None,
        case: str = "",
    ) -> None:
        """Do what no diagram does by itself: the duty manager's free hand, or a reorganisation.

        Raises `KeyError` for what is none of `interventions.ALL`, and whatever the command refuses.
        """
        found = interventions.ALL[verb, what]
        role, _, named = (by or found.role).partition("@")
        actor = self.person(role, self.unit(named) if named else None)
        given = {**self.suggested_intervention(found), **(answers or {})}
        with self._acting(actor) as uow:
            found.command(uow, self._demand(case), self._entered(uow, found.form, given))
        if verb == interventions.REORGANISE:
            with unit_of_work(self.sessions, SYSTEM, self.now) as uow:
                interventions.move_what_was_held(uow)
                self._units = _units(uow.session)
        self._tell(verb, actor, found.label, what, given, case)

    def start(self, process: str, data: Answers | None = None, *, case: str = "") -> None:
        """Open a procedure of the case as a rule would, with its first data.

        Raises `NotFound` for a process that is not published.
        """
        with self._acting(SYSTEM) as uow:
            main = take(uow, self._demand(case))
            opened = procedures.open_procedure(uow, main, process)
            procedures.begin(uow, opened, dict(data or {}))
        what = Phrase(f"启动流程“{process}”", f"Start process “{process}”")
        self._tell("start", SYSTEM, what, "", data or {}, case, process)

    def send(self, message: str, data: Answers | None = None, *, case: str = "") -> None:
        """Deliver a message from outside to the one process of the case that waits for it.

        Raises `Conflict` when none waits, or several do.
        """
        with self._acting(SYSTEM) as uow:
            demand_id = take(uow, self._demand(case)).demand.id
            engine.send_to_subject(uow, SUBJECT, demand_id, message, dict(data or {}))
        what = Phrase(f"收到消息“{message}”", f"Message “{message}” comes in")
        self._tell("send", SYSTEM, what, "", data or {}, case)

    # What time does ----------------------------------------------------------------------

    def wait_until(self, moment: datetime) -> None:
        """Let time pass: every deadline on the way passes at its own instant.

        Raises `Invalid` for a moment that is behind, or more than five years ahead.
        """
        if moment < self.now:
            raise Invalid(
                Phrase(
                    f"{_at(moment)} 已经过去（沙盒时间 {_at(self.now)}）：时间不会倒流。",
                    f"{_at(moment)} has passed (it is {_at(self.now)} in the sandbox): time does "
                    "not run back.",
                )
            )
        if moment - self._begin > MOST_TIME:
            raise Invalid(
                Phrase("沙盒最多推进五年。", "A sandbox goes no further than five years.")
            )
        self._pass(moment)
        self._tell("time", SYSTEM, _waited(moment), "", {}, "")

    def wait(self, span: timedelta) -> None:
        """Let a while pass. Raises as `wait_until`."""
        self.wait_until(self.now + span)

    def wait_working(self, amount: int, unit: str) -> None:
        """Let so many working days or hours pass (`working_day`, `working_hour`)."""
        calendar = self.calendar()
        if unit == "working_hour":
            limit = Limit(amount, LimitUnit.WORKING_HOUR)
            self.wait_until(deadline(calendar, self.now, limit, Policy()).due_at)
            return
        moment = self.now.astimezone(CHINA)
        for _ in range(amount):
            moment = next_working_day(calendar, moment, moment.time())
        self.wait_until(moment)

    def next_working_day(self, at: time = time(9)) -> None:
        """Go to the next working day, nine o'clock unless told otherwise."""
        self.wait_until(next_working_day(self.calendar(), self.now, at))

    def skip_to_deadline(
        self, clock: str | None = None, rung: str = "red", *, case: str = ""
    ) -> None:
        """Go just past an instant of a clock; without one, past whatever comes next.

        Raises `NotFound` where there is no such deadline ahead.
        """
        with reading(self.sessions) as session:
            if clock is None:
                moment = self._next_due(session)
            else:
                moment = session.scalar(
                    select(func.max(ClockRungRow.fire_at))
                    .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
                    .where(
                        ClockRow.subject_id == self._demand(case),
                        ClockRow.name == clock,
                        ClockRungRow.rung == rung,
                    )
                )
        if moment is None:
            name = clock or ""
            raise NotFound(
                Phrase(
                    f"前面没有“{name}”的这个期限：计时没有运行，或已经过了。",
                    f"No such deadline of “{name}” lies ahead: the clock does not run, or it has "
                    "passed.",
                )
            )
        self.wait_until(max(self.now, moment + _JUST))

    # What there is to see ----------------------------------------------------------------

    def steps(self, case: str = "", *, acts_too: bool = True) -> list[Step]:
        """What waits for people: open tasks, then what may be set going now."""
        demand_id = self._demand(case)
        found: list[Step] = []
        with reading(self.sessions) as session:
            found += [
                self._task_step(session, task) for task in queries.open_tasks(session, demand_id)
            ]
            if acts_too:
                about = find(session, demand_id)
                found += [
                    _act_step(act)
                    for act in acts.all_acts(session, about, SYSTEM, self.now)
                    if self._why_not(session, act) is None
                ]
        return found

    def suggested(self, step: Step) -> dict[str, object]:
        """What a form may begin with: what is usual at the step, over what is believable."""
        return self._answers(step, {})

    def interventions(self, case: str = "") -> list[Intervention]:
        """What can be done beside the diagrams now, each with the form it is done in."""
        with reading(self.sessions) as session:
            return interventions.now_possible(session, find(session, self._demand(case)))

    def suggested_intervention(self, one: Intervention) -> dict[str, object]:
        """What the form of an intervention may begin with."""
        asked = {name.name for name in one.form.fields}
        believed = {name: v for name, v in interventions.BELIEVED.items() if name in asked}
        return {**self._believable(one.form), **believed}

    def registration(self) -> tuple[Form, dict[str, object]]:
        """The form of the registration, and what it may begin with."""
        with reading(self.sessions) as session:
            form = intake.registration_form(session)
        return form, self._registration(form, {})

    def unit_code(self, unit_id: int) -> str:
        """The code of a unit. Raises `KeyError` for an id there is not."""
        return self._units[unit_id].code

    @property
    def begun(self) -> bool:
        """Whether a demand is registered."""
        return bool(self._cases)

    def deadlines(self, case: str = "") -> tuple[Deadline, ...]:
        """Every run of every clock, as it stands now."""
        with reading(self.sessions) as session:
            return tuple(
                Deadline(
                    clock.name,
                    clock.run,
                    clock.scope,
                    clocks.NAMES.get(clock.name, Phrase(clock.name, clock.name)),
                    clock.due_at,
                    last_day(clock.due_at),
                    queries.light_of(clock, yellow, self.now).value,
                    clock.stopped_at is not None,
                )
                for clock, yellow in queries.clocks_of(session, self._demand(case))
            )

    def ahead(self, case: str = "") -> tuple[Ahead, ...]:
        """What running clocks have ahead, the next first."""
        with reading(self.sessions) as session:
            found = session.execute(
                select(ClockRow.name, ClockRungRow.rung, ClockRungRow.fire_at)
                .join(ClockRow, ClockRow.id == ClockRungRow.clock_id)
                .where(ClockRow.subject_id == self._demand(case), ClockRungRow.fire_at.is_not(None))
                .order_by(ClockRungRow.fire_at, ClockRungRow.id)
            )
            return tuple(
                Ahead(name, rung, clocks.NAMES.get(name, Phrase(name, name)), at)
                for name, rung, at in found
                if at is not None
            )

    def fault(self) -> Phrase | None:
        """Why a process cannot go on by itself, as the repair queue has it; None where all can."""
        with reading(self.sessions) as session:
            found = session.scalar(select(RepairItemRow).order_by(RepairItemRow.id).limit(1))
        if found is None:
            return None
        return Phrase(
            f"流程出现异常，进入修复队列：{found.what}，{found.error}",
            f"A process ran into an error and went to the repair queue: {found.what}, "
            f"{found.error}",
        )

    def outcome(self, case: str = "") -> str:
        """How the case stands: the order's status, or the demand's where there is no order."""
        with reading(self.sessions) as session:
            about = find(session, self._demand(case))
            return str(about.order.status if about.order is not None else about.demand.status)

    def case(self, session: Session, case: str = "") -> Case:
        """The case, for whoever shows more of it."""
        return find(session, self._demand(case))

    def calendar(self) -> WorkingCalendar:
        """The office's calendar."""
        with reading(self.sessions) as session:
            return clocks.calendar_of(session, None)

    def person(self, role: str, unit_id: int | None = None, *, of_unit: bool = False) -> Actor:
        """The stand-in for a role, in a unit where the role is one of a unit's, or `of_unit`: a
        step that names its unit.

        Raises `NotFound` for what is no role, or a unit there is not.
        """
        found = self._people.get((role, unit_id if role in UNIT_ROLES else None))
        if found is not None and of_unit:
            return replace(found, unit_id=unit_id)
        if found is None:
            raise NotFound(
                Phrase(
                    f"沙盒里没有“{role}”这个岗位的人：请核对岗位和单位。",
                    f"Nobody in the sandbox has the role “{role}”: check role and unit.",
                )
            )
        return found

    # Within --------------------------------------------------------------------------------

    def _hear(self, _uow: UnitOfWork, made: Sequence[Made]) -> None:
        for loaded, outcome, at in made:
            self._heard.append(_move(loaded.bundle.main, loaded.row.scope, outcome, at,
                                     dict(loaded.instance.data)))  # fmt: skip

    @contextmanager
    def _acting(self, actor: Actor) -> Iterator[UnitOfWork]:
        """A unit of work that counts; what is refused leaves nothing heard behind."""
        self._require_time()
        self._actions += 1
        if self._actions > MOST_ACTIONS:
            raise Invalid(
                Phrase(
                    f"一个沙盒最多进行 {MOST_ACTIONS} 步：请把情景拆短。",
                    f"A sandbox takes at most {MOST_ACTIONS} steps: make the scenario shorter.",
                )
            )
        before = len(self._heard)
        try:
            with unit_of_work(self.sessions, actor, self.now) as uow:
                yield uow
        except BaseException:
            del self._heard[before:]
            raise

    def _require_time(self) -> None:
        if thread_time() - self._began > MOST_SECONDS:
            raise Invalid(
                Phrase(
                    f"沙盒运行超过 {MOST_SECONDS:.0f} 秒，已停止：请拆短，或检查反复触发的定时器。",
                    f"The sandbox ran longer than {MOST_SECONDS:.0f} seconds and was stopped: make "
                    "the story shorter, or look at timers that fire again and again.",
                )
            )

    def _pass(self, moment: datetime) -> None:
        while True:
            with reading(self.sessions) as session:
                due = self._next_due(session)
                filed = session.scalar(
                    select(WorkOrder.id).where(WorkOrder.status == OrderStatus.CLOSED).limit(1)
                )
            midnight = _next_midnight(self.now) if filed is not None else None
            if midnight is not None and midnight <= moment and (due is None or midnight < due):
                self.now = midnight
                self._daily()
                continue
            if due is None or due >= moment:
                break
            self.now = max(self.now, due + _JUST)
            self._fire()
        self.now = moment
        self._fire()

    def _next_due(self, session: Session) -> datetime | None:
        """The next instant at which something is due."""
        rung = session.scalar(select(func.min(ClockRungRow.fire_at)))
        timer = session.scalar(select(func.min(TimerWaitRow.due_at)))
        return min((one for one in (rung, timer) if one is not None), default=None)

    def _fire(self) -> None:
        while True:
            with reading(self.sessions) as session:
                due = engine.due_firings(session, self.now)
            if not due:
                return
            self._require_time()
            self._firings += len(due)
            if self._firings > MOST_FIRINGS:
                raise Invalid(
                    Phrase(
                        f"一个沙盒最多触发 {MOST_FIRINGS} 次期限：请检查反复触发的定时器。",
                        f"At most {MOST_FIRINGS} deadlines pass in a sandbox: look at timers that "
                        "fire again and again.",
                    )
                )
            with unit_of_work(self.sessions, SYSTEM, self.now) as uow:
                if not engine.fire(uow, *due):
                    return

    def _daily(self) -> None:
        """What the office does once a day with closed orders: draw rechecks, file them away."""
        with unit_of_work(self.sessions, SYSTEM, self.now) as uow:
            for day in rechecking.days_to_draw(uow.session, self.now.astimezone(CHINA).date()):
                rechecking.draw(uow, day)
            closing.archive(uow)

    def _why_not(self, session: Session, act: Act) -> Phrase | None:
        """Why the stand-in whose act it is cannot set it going now; None when they can."""
        if act.process_id is not None:
            return None
        role = act.element.role or ""
        unit_id = act.named_unit_id or act.case.unit_id
        actor = self._people.get((role, unit_id if role in UNIT_ROLES else None))
        if actor is None:
            return Phrase("工单还没有承办单位。", "No unit has the order yet.")
        return procedures.OPENINGS[act.kind](session, act.case, actor, self.now)

    def _task_step(self, session: Session, task: HumanTaskRow) -> Step:
        bundle = engine.bundle_of_process(session, task.process_id)
        element = bundle.element(task.element_id)
        assert element is not None  # the task is open in that very version
        about = find_in_scope(session, task.subject_id, task.scope)
        unit_id = about.unit_id if task.unit_id is None else task.unit_id
        named = task.unit_id is not None
        return Step(element, bundle.main, task.role or "", unit_id, named, task.id)

    def _step(self, element: str, case: str, unit_id: int | None) -> Step:
        """What is meant by an element: of several, the one of the unit that is named."""
        for acts_too in (False, True):
            found = [
                one
                for one in self.steps(case, acts_too=acts_too)
                if element in {one.element.id, one.element.name}
            ]
            if found:
                return next((one for one in found if one.unit_id == unit_id), found[0])
        with reading(self.sessions) as session:
            for act in acts.all_acts(session, self.case(session, case), SYSTEM, self.now):
                why_not = self._why_not(session, act)
                if act.element.id == element and why_not is not None:
                    raise Conflict(why_not)
        words = self._waiting_words(case)
        raise Conflict(
            Phrase(
                f"“{element}”现在不能办理：{words.zh}",
                f"“{element}” cannot be done now: {words.en}",
            )
        )

    def _waiting_words(self, case: str) -> Phrase:
        """What is open, for whoever expected something else."""
        found = self.steps(case, acts_too=False)
        if not found:
            return Phrase("没有未完成的环节。", "nothing is open.")
        return Phrase(
            f"未完成的环节是{'、'.join(f'“{one.element.label.zh}”' for one in found)}。",
            f"open is {', '.join(f'“{one.element.label.en}”' for one in found)}.",
        )

    def unit(self, name: str) -> int:
        """The id of a unit: by its code, one of the three stand-ins that scenarios name (`unit 1`,
        `单位1`), or the first one directly below another (`below unit 1`, `单位1的下级`).

        Raises `NotFound`.
        """
        above = name.removesuffix("的下级") if name.endswith("的下级") else ""
        if name.startswith("below "):
            above = name.removeprefix("below ")
        place = name.removeprefix("单位").removeprefix("unit").strip()
        active = [one for one in self._units.values() if one.active]
        if above:
            parent = self.unit(above)
            chosen = [one for one in active if one.parent_id == parent]
        else:
            code = unit_code(int(place)) if place != name and place.isdecimal() else name
            chosen = [one for one in active if one.code == code]
        if not chosen:
            raise NotFound(Phrase(f"没有“{name}”这个单位。", f"There is no unit “{name}”."))
        return chosen[0].id

    def _demand(self, case: str) -> int:
        if case not in self._cases:
            raise NotFound(
                Phrase(
                    "这个诉求还没有登记：请先登记。",
                    "This demand is not registered: register it first.",
                )
            )
        return self._cases[case]

    # Answers ---------------------------------------------------------------------------------

    def _answers(self, step: Step, given: Answers) -> dict[str, object]:
        """`given` over what is usual at the element, over what is believable."""
        usual = self._usual.get(step.element.id, {})
        answered = {**self._believable(step.form), **usual, **given}
        if step.form is None or not step.form.is_conditional:
            return answered
        return self._asked_for(step, step.form, answered)

    def _asked_for(self, step: Step, form: Form, answered: dict[str, object]) -> dict[str, object]:
        """With something in every field that the answers make required, and nothing in those that
        they hide.
        """
        roles = frozenset({step.role})
        with reading(self.sessions) as session:
            scope = self._scope(session, step, form, roles)
        for _ in form.fields:
            entered = self._readable(form, answered)
            look = asked.look(form, entered, roles, scope, self.now)
            lacking = [
                one
                for one in form.fields
                if one.name in look.required and answered.get(one.name) in (None, "", [])
            ]
            if not lacking:
                break
            answered |= {one.name: self._value(one) for one in lacking}
        return {name: value for name, value in answered.items() if name not in look.hidden}

    def _scope(
        self, session: Session, step: Step, form: Form, roles: frozenset[str]
    ) -> Mapping[str, object]:
        if step.act is not None:
            act = step.act
            return steps.scope_of(session, act.case, form, roles, act.process_id, act.token)
        task = session.get_one(HumanTaskRow, step.task_id)
        case = find(session, task.subject_id)
        return steps.scope_of(session, case, form, roles, task.process_id, task.token)

    def _readable(self, form: Form, answered: Answers) -> dict[str, object]:
        """Answers as conditions read them: units by id, a file for each of its names."""
        read: dict[str, object] = {}
        for one in form.fields:
            value = answered.get(one.name)
            many = value if isinstance(value, list) else [value]
            if one.type is FieldType.FILES and value:
                read[one.name] = [str(number) for number, _ in enumerate(many, 1)]
            elif one.type is FieldType.UNIT and value:
                read[one.name] = str(self._unit_id(value))
            elif one.type is FieldType.UNITS and value:
                read[one.name] = [str(self._unit_id(unit)) for unit in many]
            else:
                read[one.name] = value
        return read

    def _registration(self, form: Form, facts: Answers) -> dict[str, object]:
        return {
            **self._believable(form),
            "requester_name": "沙盒诉求人",
            "requester_phone": REQUESTER_PHONE,
            **self._usual.get("register", {}),
            **facts,
        }

    def _believable(self, form: Form | None) -> dict[str, object]:
        """Something for every field that must be filled in, or is filled in beforehand."""
        return {
            one.name: self._begun(one) or self._value(one)
            for one in (form.fields if form is not None else ())
            if one.required or one.default is not None
        }

    def _begun(self, asked: Field) -> object:
        value = conditions.begins_with(asked, {}, self.now)
        return value.isoformat() if isinstance(value, datetime) else value

    def _value(self, asked: Field) -> object:
        today = self.now.astimezone(CHINA)
        match asked.type:
            case FieldType.CHOICE:
                return asked.options[0].value
            case FieldType.MULTI_CHOICE:
                return [asked.options[0].value]
            case FieldType.BOOLEAN:
                return "true"
            case FieldType.NUMBER:
                return asked.minimum or asked.maximum or "1"
            case FieldType.DATE:
                later = (today + timedelta(days=7)).date().isoformat()
                return asked.maximum or asked.minimum or later
            case FieldType.DATETIME:
                return (today + timedelta(days=1)).isoformat(timespec="minutes")
            case FieldType.PHONE:
                return REQUESTER_PHONE
            case FieldType.UNIT:
                return "单位1"
            case FieldType.UNITS:
                return []
            case FieldType.CATEGORY:
                return self._category
            case FieldType.DISTRICT:
                return PLACE
            case FieldType.FILES:
                return [f"{asked.label.zh}{of}.{_ending(asked)}" for of in _of(asked)]
            case _:
                least = asked.min_length or 0
                return f"（{asked.label.zh}）".ljust(least, "。")[: asked.max_length]

    def _entered(self, uow: UnitOfWork, form: Form | None, given: Answers) -> dict[str, object]:
        """The answers as a page would hand them in: units by id, files uploaded, cases by number.

        Raises `NotFound` for a unit or a case there is not, `Invalid` for fields that the form
        does not have.
        """
        fields = {one.name: one for one in (form.fields if form is not None else ())}
        unknown = sorted(given.keys() - fields.keys())
        if unknown:
            raise Invalid(
                Phrase(
                    f"表单没有这些字段：{'、'.join(unknown)}。请核对字段名。",
                    f"The form has no such fields: {', '.join(unknown)}. Check their names.",
                )
            )
        return {name: self._one(uow, fields[name], value) for name, value in given.items()}

    def _one(self, uow: UnitOfWork, asked: Field, value: object) -> object:
        many = value if isinstance(value, list) else [value]
        match asked.type:
            case FieldType.UNIT if value:
                return str(self._unit_id(value))
            case FieldType.UNITS if value:
                return [str(self._unit_id(one)) for one in many]
            case FieldType.FILES if value:
                return [str(self._uploaded(uow, str(one))) for one in many]
            case _ if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
                return self._number(uow.session, value[1:-1])
            case _:
                return value

    def _unit_id(self, value: object) -> int:
        text = str(value)
        return int(text) if text.isdecimal() else self.unit(text)

    def _number(self, session: Session, case: str) -> str:
        about = find(session, self._demand(case))
        return about.order.number if about.order is not None else about.demand.number

    def _uploaded(self, uow: UnitOfWork, name: str) -> int:
        """A file that only has a name: its content is never asked for."""
        digest = hashlib.sha256(name.encode()).hexdigest()
        known = file_types.TYPES.get(file_types.extension(name), file_types.TYPES["jpg"])
        received = attachments.Received(name, known[0], digest, 1)
        return attachments.keep(uow, received).id

    # The trace -------------------------------------------------------------------------------

    def refused(self, kind: str, element: str, refusal: DomainError, case: str = "") -> None:
        """Note that something was refused, as was expected."""
        text = refusal.phrase
        zh = "；".join([text.zh, *(one.zh for one in _fields(refusal))])
        en = "; ".join([text.en, *(one.en for one in _fields(refusal))])
        what = Phrase(f"“{element}”被拒绝：{zh}", f"“{element}” was refused: {en}")
        self._tell("refused", SYSTEM, what, element, {"kind": kind}, case)

    def _tell(
        self,
        kind: str,
        actor: Actor,
        what: Phrase,
        element: str,
        answers: Answers,
        case: str,
        process: str = "",
    ) -> None:
        moves, self._heard = tuple(self._heard), []
        self.trace.append(
            Entry(
                number=len(self.trace) + 1,
                at=self.now,
                kind=kind,
                who=self._who(actor),
                what=what,
                process=process or (intake.MAIN_PROCESS if kind == "register" else ""),
                element=element,
                answers=dict(answers),
                moves=moves,
                notices=tuple(self._new_notices()),
                deadlines=self.deadlines(case) if case in self._cases else (),
                case=case,
            )
        )

    def _who(self, actor: Actor) -> Phrase:
        role = next((ROLE_NAMES[Role(one)] for one in actor.roles), _NOBODY)
        if actor.unit_id is None:
            return role
        unit = self._units[actor.unit_id]
        return Phrase(f"{unit.name_zh} {role.zh}", f"{role.en}, {unit.name_en}")

    def _new_notices(self) -> Iterator[Notice]:
        with reading(self.sessions) as session:
            fresh = session.scalars(
                select(OutboxMessage)
                .where(OutboxMessage.id > self._notices_seen)
                .order_by(OutboxMessage.id)
            ).all()
            for message in fresh:
                self._notices_seen = message.id
                values = _Values(orjson.loads(message.content))
                text = wording(message.template, session, message.created_at)
                words = Phrase(text.zh.format_map(values), text.en.format_map(values))
                person = self._of_phone.get(message.recipient)
                to = Phrase("诉求人", "Requester") if person is None else self._who(person)
                yield Notice(message.template, to, words)


def next_working_day(calendar: WorkingCalendar, after: datetime, at: time = time(9)) -> datetime:
    """The time of day `at` on the first working day after the day of `after`."""
    day = after.astimezone(CHINA).date()
    while True:
        day += timedelta(days=1)
        if calendar.is_working_day(day):
            return datetime.combine(day, at, CHINA)


def last_day(due_at: datetime | None) -> str:
    """The date a person is shown as the last day: 24:00 belongs to the day it ends."""
    if due_at is None:
        return ""
    return f"{due_at.astimezone(CHINA) - timedelta(microseconds=1):%Y-%m-%d}"


_JUST = timedelta(microseconds=1)
"""A deadline has passed when it is later than its instant, not at it."""

_NOBODY = Phrase("系统", "System")


class _Values(dict[str, object]):
    """The values of a message; a place without one shows its name."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _act_step(act: Act) -> Step:
    process, role = act.kind or intake.MAIN_PROCESS, act.element.role or ""
    named = act.named_unit_id is not None
    unit_id = act.named_unit_id if named else act.case.unit_id
    return Step(act.element, process, role, unit_id, named, None, act)


def _move(main: str, scope: int, outcome: Outcome, at: datetime, data: Answers) -> Move:
    passed = tuple(
        Passed(one.process_key, one.element_id, one.kind, one.instance) for one in outcome.steps
    )
    return Move(at, main, scope, passed, outcome.flows, data)


def _fields(refusal: DomainError) -> list[Phrase]:
    return list(refusal.fields.values()) if isinstance(refusal, Invalid) else []


def _units(session: Session) -> dict[int, HandlingUnit]:
    return {unit.id: unit for unit in session.scalars(select(HandlingUnit).order_by("id"))}


def _some_category(session: Session) -> str:
    """The first category with none below it, as agents choose them."""
    above = select(Category.parent_code).where(Category.parent_code.is_not(None))
    leaves = select(Category.code).where(Category.code.not_in(above))
    nested = Category.parent_code.is_(None)
    first = leaves.order_by(nested, Category.position, Category.code).limit(1)
    return session.scalars(first).one()


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _waited(until: datetime) -> Phrase:
    return Phrase(f"时间到 {_at(until)}", f"Time goes on to {_at(until)}")


def _next_midnight(moment: datetime) -> datetime:
    day = moment.astimezone(CHINA).date() + timedelta(days=1)
    return datetime.combine(day, time(0), CHINA)


def _ending(asked: Field) -> str:
    """How the name of a file ends that the field takes."""
    taken = file_types.extensions_of(asked.accepts)
    return "jpg" if "jpg" in taken else taken[0]


def _of(asked: Field) -> list[str]:
    """What tells the files apart of which the field wants at least so many."""
    least = asked.min_length or 1
    return [""] if least == 1 else [str(number) for number in range(1, least + 1)]

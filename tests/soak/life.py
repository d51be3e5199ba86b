"""A random office on a virtual clock: people of all roles do what they may, and what they may not.

Nothing here knows a procedure. The office is asked what can be done, and forms are filled from
their data, so that a new diagram is tried the day it is published.
"""

import logging
import pickle
import random
import re
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Select, func, select

from app.cases import acts, attachments, history, intake, queries, recounting, second_person, steps
from app.cases.calling_back import RATER
from app.cases.models.city import Category, District
from app.cases.models.demand import Demand
from app.cases.models.history import CaseHead
from app.cases.models.knowledge import KnowledgeItem
from app.cases.models.work_order import WorkOrder
from app.cases.orders import SUBJECT, find
from app.core.clock import CHINA
from app.core.db import reading
from app.core.errors import Conflict, DomainError, Invalid, NotAllowed
from app.core.files import FileStore
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, Actor, UnitOfWork, unit_of_work
from app.decisions.errors import DecisionError
from app.engine import HumanTaskRow, ProcessFault, bundle_of_process
from app.engine.forms import FieldType, Form
from app.identity.directory import actor_of, add_user
from app.identity.models import HandlingUnit, User
from app.identity.policy import UNIT_ROLES, may, may_do_step
from app.jobs import extending, reorganising
from app.jobs import recounting as sweep
from app.jobs.daily import every_day
from app.worktime import offices
from app.worktime.national import Notice, national_layer, shipped_notices
from tests.office import DEMAND, WAY, Office
from tests.soak import seldom
from tests.soak.filling import City, filled, spoilt
from tests.soak.invariants import (
    ENDED,
    Question,
    faults_of_chain,
    faults_of_held_time,
    faults_of_office,
    faults_of_rows,
)

BEGIN = datetime(2019, 1, 2, 0, 0, tzinfo=CHINA)
"""The first working day of 2019: two revisions of the national calendar lie ahead, of 22 March
2019 (五一) and of 26 January 2020 (春节), each published after the days were long promised.
"""

STEPS_A_CASE = 12
"""How many things are done or tried for each demand that arrives."""

NEGLECTED = 0.2
"""The share of demands that nobody looks at for some days: their deadlines pass one by one."""

LOOKED_UP = 0.02
"""How often it is looked up what is open; in between, some of it has been done meanwhile."""

TICKS = 0.5
"""How often the ticker has looked between two moves."""

RESTS = 0.25
"""How often nobody looks at a case for some time after a step, so that there is time for more."""

TRIES = 3
"""How often somebody mends what a form says is wrong."""

HOLDERS_ASKED = 0.1
"""After which share of steps it is added up who held the case; of whatever moved it is daily."""

REORGANISED_EVERY = 60
"""After how many days, on average, a new unit is founded and an old one given up."""

LISTS_EVERY = 3
"""After how many days the worklist of everybody was looked at: number, lights and first page."""

WHOLE_LISTS = 5
"""Of one in so many of these it is gone through to its end."""

STILL_EVERY = 7
"""After how many days the rows of a case are gone through in which nothing happens."""

WHOLE_CHAINS_EVERY = 120
"""After how many days every history there ever was is proved; those that moved are each day."""

_OPEN_TASKS = Question(
    "t.id t.process_id t.element_id t.role t.subject_id p.unit_id o.lead_unit_id",
    "FROM human_task t LEFT JOIN procedure p ON p.id = t.scope"
    " LEFT JOIN work_order o ON o.demand_id = t.subject_id"
    f" WHERE t.subject_kind = '{SUBJECT}' AND t.closed_at IS NULL ORDER BY t.id",
)
_ENTRIES = Question("entries", "FROM case_head WHERE demand_id = ?")
_LATELY: Select[int] = select(Demand.id).order_by(Demand.id.desc()).limit(200)
_LATELY_OPEN = _LATELY.where(Demand.status.not_in(ENDED))
_LATELY_OF_UNITS: Select[int] = (
    select(WorkOrder.demand_id)
    .where(WorkOrder.closed_at.is_(None), WorkOrder.lead_unit_id.is_not(None))
    .order_by(WorkOrder.demand_id.desc())
    .limit(200)
)

_REMEMBERED = (
    "tally",
    "day",
    "_chance",
    "_pages",
    "_asked",
    "_spoilt",
    "_neglected",
    "_proved",
    "_arrived",
    "_number",
    "_moves",
    "_down_until",
    "_recount_at",
    "_ahead",
    "_seen",
)
"""What a life knows by itself."""

T = TypeVar("T")


class Fault(AssertionError):
    """Something that must never be, with what it takes to see it again."""


@dataclass(slots=True)
class Tally:
    """What happened, by kind."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """For people, the commonest first."""
        for label, counted in (("done", self.done), ("refused", self.refused)):
            yield f"{label} {counted.total()}: " + ", ".join(
                f"{kind} {count}" for kind, count in counted.most_common()
            )
        for kind, count in self.faults.most_common():
            yield f"FAULT {count} × {kind}"


@dataclass(frozen=True, slots=True)
class Task:
    """An open task, and the unit whose it is if it is a unit's."""

    id: int
    process_id: int
    element_id: str
    role: str | None
    demand: int
    unit: int | None


class Complaints(logging.Handler):
    """What the product itself logs as a defect, because it goes on with the next case."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, where it happened included."""
        error = record.exc_info[1] if record.exc_info else None
        where = f"{_traced(error)}\n" if isinstance(error, Exception) else ""
        self.heard.append(where + record.getMessage())


class Life:
    """Some time in the life of one office; `seed` decides everything.

    The first `Fault` ends it; where a place to `keep` faults is given, each kind of them is kept
    there once with its first example, its case is left alone, and life goes on. With what was
    `remembered` of it and the database of that moment, a life goes on where it was.
    """

    def __init__(
        self,
        office: Office,
        seed: int,
        files: Path,
        keep: Callable[[str], None] | None = None,
        begin: datetime = BEGIN,
        remembered: bytes | None = None,
    ) -> None:
        self.office = office
        self.tally = Tally()
        self.day = 0
        self._seed = seed
        self._keep = keep
        self._files = FileStore(files)
        self._chance = random.Random(seed)
        self._pages: deque[tuple[int, int, str, Mapping[str, object]]] = deque(maxlen=50)
        self._asked: deque[tuple[int, str, str, Mapping[str, object]]] = deque(maxlen=50)
        self._spoilt: set[int] = set()
        self._neglected: dict[int, datetime] = {}
        self._proved: dict[int, int] = {}
        """How long the history of an open case was when it was proved last."""
        self._arrived = self._number = self._moves = 0
        self._down_until: datetime | None = None
        self._recount_at: datetime | None = None
        self._ahead = [one for one in shipped_notices() if one.issued > begin.date()]
        self._complaints = Complaints()
        self._seen: list[Task] = []
        if remembered is None:
            self._go_back(begin)
            self._people_every_unit()
        else:
            office.now, kept = pickle.loads(remembered)
            for name, value in kept.items():
                setattr(self, name, value)
        self._look_who_is_there()

    def remembered(self) -> bytes:
        """What a life knows that its database does not hold."""
        return pickle.dumps((self.office.now, {name: getattr(self, name) for name in _REMEMBERED}))

    def live(self, demands: int, days: int, each_day: Callable[[str], bool] | None = None) -> None:
        """`demands` arrive within `days`, of which `day` are over. `each_day` is told of every day,
        and may end it all.

        Raises `Fault`.
        """
        logging.getLogger("app").addHandler(self._complaints)
        try:
            while self.day < days:
                self.day += 1
                arriving = demands * self.day // days - self._arrived
                self._arrived += arriving
                self._one_day(arriving)
                words = f"{self.office.now:%Y-%m-%d} demands {self._arrived} moves {self._moves}"
                if each_day is not None and not each_day(words):
                    return
            self._prove_all("at the end")
        finally:
            logging.getLogger("app").removeHandler(self._complaints)

    def _one_day(self, arriving: int) -> None:
        begin = self.office.now
        moves = [self._register] * arriving
        moves += [self._something] * (arriving * STEPS_A_CASE)
        self._chance.shuffle(moves)
        if self._chance.random() < 1 / REORGANISED_EVERY:
            moves.append(self._reorganise)
        for moment, move in zip(
            sorted(map(self._moment, [begin] * len(moves))), moves, strict=True
        ):
            self._go_to(moment)
            self._moves += 1
            move()
        self._go_to(begin + timedelta(days=1))
        if self._down_until is None:
            self._tick()
            self._jobs()
        self._must("daily", lambda: every_day(self.office.sessions, self._files, self._now))
        self._check_office()

    def _moment(self, begin: datetime) -> datetime:
        """Mostly by day, sometimes at night."""
        at_night = self._chance.random() < 0.15
        hours = self._chance.uniform(0, 24) if at_night else self._chance.triangular(7, 21, 10)
        return begin + timedelta(seconds=int(hours * 3600))

    # Time -------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self.office.now

    def _go_to(self, moment: datetime) -> None:
        """Time goes by. The ticker looks, unless it is down; what was promised may change."""
        self.office.now = moment
        if self._down_until is not None and moment >= self._down_until:
            self._down_until = None
        elif self._down_until is None and self._chance.random() < 0.002:
            self._down_until = moment + timedelta(hours=self._chance.triangular(1, 96, 8))
            self.tally.done["outage of the ticker"] += 1
        if self._ahead and moment.date() > self._ahead[0].issued:
            self._adopt(self._ahead.pop(0))
            self._recount_at = moment + timedelta(hours=self._chance.randint(1, 60))
        if self._recount_at is not None and moment >= self._recount_at:
            self._recount_at = None
            self._recount()
        if self._down_until is None and self._chance.random() < TICKS:
            self._tick()
            if self._chance.random() < 0.05:
                self._jobs()
        self._hear_complaints()

    def _tick(self) -> None:
        self.tally.done["deadline passed"] += self._must("tick", self.office.tick)

    def _jobs(self) -> None:
        """What goes on in the background beside the deadlines."""
        sessions = self.office.sessions
        done = self._must("bulk extension", lambda: extending.work(sessions, self._now))
        self.tally.done["order extended in bulk, or passed over"] += done
        moved = self._must("reorganisation", lambda: reorganising.work(sessions, self._now))
        self.tally.done["case looked at for an heir"] += moved
        self._look_who_is_there()

    def _hear_complaints(self) -> None:
        heard, self._complaints.heard = self._complaints.heard, []
        self._judge("logged", None, heard)

    def _go_back(self, begin: datetime) -> None:
        """The office stands at the beginning, with the nation's calendar as it was known then."""
        self.office.now = begin
        known = national_layer(begin.year + 2, begin.date())
        with unit_of_work(self.office.sessions, SYSTEM, begin) as uow:
            offices.publish(uow, replace(known, code=offices.NATION), f"{begin:%Y-%m-%d} 所知")

    def _people_every_unit(self) -> None:
        """Somebody of every role in every unit, so that whatever is dispatched can be done; and a
        second duty manager, to decide what the first one asked for.
        """
        with unit_of_work(self.office.sessions, SYSTEM, self.office.now) as uow:
            add_user(uow, "duty_by_night", "夜值班", "correct horse", ["duty_manager"], None)
            add_user(uow, "admin", "管理员", "correct horse", ["administrator"], None)
            for unit in uow.session.scalars(select(HandlingUnit)).all():
                held = {
                    role
                    for user in uow.session.scalars(select(User).where(User.unit_id == unit.id))
                    for role in actor_of(user).roles
                }
                if UNIT_ROLES - held:
                    _all_roles(uow, unit)

    def _look_who_is_there(self) -> None:
        with reading(self.office.sessions) as session:
            users = session.scalars(select(User).order_by(User.id)).all()
            self._of_login = {user.login: actor_of(user) for user in users}
            self._people = list(self._of_login.values())
            self._login = {user.id: user.login for user in users}
            orders = select(WorkOrder.number).order_by(WorkOrder.id.desc()).limit(60)
            items = select(KnowledgeItem.number).order_by(KnowledgeItem.id.desc()).limit(10)
            self._city = City(
                session.scalars(select(HandlingUnit.id).where(HandlingUnit.active)).all(),
                session.scalars(select(District.code)).all(),
                session.scalars(select(Category.code)).all(),
                [*session.scalars(orders), *session.scalars(items)],
            )

    def _adopt(self, notice: Notice) -> None:
        with unit_of_work(self.office.sessions, SYSTEM, self.office.now) as uow:
            layer = offices.newest_layer(uow.session, offices.NATION)
            offices.publish(uow, offices.with_notice(layer, notice), notice.number)
        self.tally.done["holiday notice"] += 1

    def _recount(self) -> None:
        with unit_of_work(self.office.sessions, SYSTEM, self.office.now) as uow:
            asked = recounting.ask_for_all(uow)
        self.tally.done["case to recount"] += asked.total
        while self._must("recount", lambda: sweep.work(self.office.sessions, self._now)):
            pass

    # What people do ---------------------------------------------------------------------------

    def _something(self) -> None:
        kinds: tuple[tuple[Callable[[], None], int], ...] = (
            (self._do_own_work, 65),
            (self._act, 20),
            (self._do_what_is_seldom, 2),
            (self._do_nonsense, 4),
            (self._do_others_work, 3),
            (self._do_again, 3),
            (self._act_again, 2),
            (self._do_twice_at_once, 1),
        )
        [move] = self._chance.choices([kind for kind, _ in kinds], [often for _, often in kinds])
        move()

    def _register(self) -> None:
        """A demand arrives; one in eight tells of a matter that was told before."""
        chance = self._chance
        self._number += 1
        matter = chance.randrange(self._number) if chance.random() < 0.12 else self._number
        usual = DEMAND | {
            "requester_phone": f"138{matter:08d}",
            "address": f"江畔区幸福小区{matter}号楼",
            "title": f"夜间施工噪音{matter}",
            "nature": chance.choice(["complaint", "complaint", "consultation", "help"]),
            "urgency": chance.choices(["normal", "urgent", "critical"], [90, 7, 3])[0],
        }
        with reading(self.office.sessions) as session:
            form = intake.registration_form(session)
        if chance.random() < 0.9:
            usual["non_acceptance_ground"] = ""

        def register(given: Mapping[str, object]) -> int:
            with self._acting(self._of_login["agent"]) as uow:
                demand = intake.register(uow, given).demand.id
            if chance.random() < NEGLECTED:
                span = timedelta(hours=chance.triangular(2, 24 * 90, 24 * 4))
                self._neglected[demand] = self.office.now + span
            return demand

        self._mending("register", self._of_login["agent"], None, form, usual, register)

    def _do_own_work(self) -> None:
        """Somebody does what their worklist says."""
        found = self._own_task()
        if found is None:
            return
        task, who = found

        def complete(given: Mapping[str, object]) -> int:
            self._complete(task.id, who, given)
            self._pages.append((task.demand, task.id, self._login_of(who), given))
            if self._chance.random() < RESTS:
                span = timedelta(hours=self._chance.triangular(0, 24 * 12, 6))
                self._neglected[task.demand] = self.office.now + span
            return task.demand

        usual = dict(_usual(task.element_id, self._chance))
        if task.element_id == "dispatch":
            usual["lead_unit"] = str(self._chance.choice(self._city.units))
        self._mending(task.element_id, who, task.demand, self._form_of(task), usual, complete)

    def _act(self) -> None:
        """Somebody, mostly who may, sets something going that is offered on an order."""
        demand = self._open_demand()
        if demand is None:
            return
        with reading(self.office.sessions) as session:
            looking = self._chance.choice(self._people)
            case = find(session, demand)
            offered = list(acts.all_acts(session, case, looking, self.office.now))
        rightly = self._chance.random() < 0.95
        doers = {
            act.key: [who for who in self._people if not rightly or acts.may(who, act)]
            for act in offered
        }
        offered = [act for act in offered if doers[act.key]]
        if not offered:
            return
        [chosen] = self._chance.choices(offered, [self._rarity(act) for act in offered])
        who = self._chance.choice(doers[chosen.key])

        def act(given: Mapping[str, object]) -> int:
            self._asked.append((demand, chosen.key, self._login_of(who), given))
            with self._acting(who) as uow:
                return acts.act(uow, demand, chosen.key, given).demand.id

        self._mending(f"act {chosen.element.id}", who, demand, chosen.form, {}, act)

    def _do_nonsense(self) -> None:
        """A form with one field wrong is refused, or was no nonsense after all."""
        found = self._own_task()
        if found is None:
            return
        task, who = found
        form = self._form_of(task)
        given = spoilt(
            self._filled(form, _usual(task.element_id, self._chance)), form, self._chance
        )
        self._try("nonsense", task.demand, lambda: self._complete(task.id, who, given))

    def _do_others_work(self) -> None:
        """Anybody tries anything: it works exactly where the rule of steps says so."""
        tasks = self._look_up()
        if not tasks:
            return
        task = self._chance.choice(tasks)
        who = self._chance.choice(self._people)
        allowed = self._may(who, task)
        given = self._filled(self._form_of(task), _usual(task.element_id, self._chance))
        ended = self._try("anybody", task.demand, lambda: self._complete(task.id, who, given))
        if not allowed and not isinstance(ended, NotAllowed | Conflict):
            words = f"{who.name} may not do {task.element_id}, and it ended with {ended!r}"
            self._judge("anybody", task.demand, [words])

    def _do_again(self) -> None:
        """A page was left open, and the step has been done meanwhile."""
        if self._pages:
            demand, task, login, given = self._chance.choice(self._pages)
            who = self._of_login[login]
            ended = self._try("again", demand, lambda: self._complete(task, who, given))
            if not isinstance(ended, Conflict):
                self._judge("again", demand, [f"task {task} was done again: {ended!r}"])

    def _act_again(self) -> None:
        """Somebody asks for what was asked for before, or for what only others may."""
        if not self._asked:
            return
        demand, key, login, given = self._chance.choice(self._asked)
        who = self._chance.choice([self._of_login[login], *self._people])

        def act() -> None:
            with self._acting(who) as uow:
                acts.act(uow, demand, key, given)

        self._try("act again", demand, act)

    def _do_twice_at_once(self) -> None:
        """Two clicks: one does the step, the other reads that it was done."""
        found = self._own_task()
        if found is None:
            return
        task, who = found
        given = self._filled(self._form_of(task), _usual(task.element_id, self._chance))

        def click(_: int) -> str:
            try:
                self._complete(task.id, who, given)
            except ProcessFault:
                raise
            except DomainError as refusal:
                return type(refusal).__name__
            return "done"

        def both() -> list[str]:
            with ThreadPoolExecutor(2) as clicks:
                return sorted(clicks.map(click, range(2)))

        ends = self._must("twice at once", both, task.demand)
        self.tally.refused["twice at once: " + " and ".join(ends)] += 1
        if ends.count("done") == 2:
            self._judge("twice at once", task.demand, [f"{task.element_id} was done twice"])
        self._check_case(f"twice {task.element_id}", task.demand)

    def _do_what_is_seldom(self) -> None:
        """Somebody does something beside the steps of orders."""
        kinds = [kind for kind, _often in seldom.KINDS]
        [make_up] = self._chance.choices(kinds, [often for _kind, often in seldom.KINDS])
        self._attempt(make_up)

    def _reorganise(self) -> None:
        """A unit is founded, so that there are always some, and another one is given up."""
        with unit_of_work(self.office.sessions, SYSTEM, self.office.now) as uow:
            number = uow.session.scalar(select(func.count()).select_from(HandlingUnit))
            unit = HandlingUnit(
                code=f"unit_{number}",
                name_zh=f"市第{number}局",
                name_en=f"Bureau {number}",
                kind="department",
            )
            uow.session.add(unit)
            uow.session.flush()
            _all_roles(uow, unit)
        self._look_who_is_there()
        self._attempt(seldom.reorganise)

    def _attempt(self, make_up: Callable[[seldom.Situation], seldom.Attempt | None]) -> None:
        """Mostly by somebody who may; whoever may not is refused."""
        demand = self._open_demand()
        with reading(self.office.sessions) as session:
            made = make_up(
                seldom.Situation(session, self._chance, self._city, self.office.now, demand)
            )
        if made is None or made.demand in self._spoilt:
            return
        who = made.who or RATER
        if made.permission:
            able = [one for one in self._people if may(one, made.permission)]
            who = self._chance.choice(able if self._chance.random() < 0.9 else self._people)

        def do() -> None:
            with self._acting(who) as uow:
                made.do(uow)

        ended = self._try(made.what, made.demand, do)
        if made.permission and not may(who, made.permission) and not isinstance(ended, NotAllowed):
            words = f"{who.name} may not do this, and it ended with {ended!r}"
            self._judge(made.what, made.demand, [words])

    # Doing, trying, checking ------------------------------------------------------------------

    def _mending(
        self,
        what: str,
        who: Actor,
        demand: int | None,
        form: Form | None,
        usual: Mapping[str, object],
        move: Callable[[Mapping[str, object]], int],
    ) -> None:
        """Do something; where the form says what is wrong, mend it and submit again."""
        wrong: frozenset[str] = frozenset()
        given = self._filled(form, usual) | self._papers(form, who, wrong)
        for _ in range(TRIES):
            ended = self._try(what, demand, partial(move, given))
            if not isinstance(ended, Invalid):
                return
            wrong |= frozenset(ended.fields)
            given = given | self._filled(form, usual, wrong) | self._papers(form, who, wrong)

    def _try(
        self, what: str, demand: int | None, move: Callable[[], int | None]
    ) -> DomainError | None:
        """Do something that may be refused: the refusal, which leaves no trace.

        `move` gives the case where it was none before.
        """
        before = self._entries(demand)
        try:
            made = self._must(what, move, demand, refusable=True)
        except DomainError as refusal:
            self.tally.refused[f"{what}: {type(refusal).__name__}"] += 1
            if self._entries(demand) != before:
                self._judge(what, demand, [f"refused ({refusal}), and left traces"])
            return refusal
        self.tally.done[what] += 1
        touched = demand or made
        if touched is not None:
            self._check_case(what, touched)
        return None

    def _must(
        self,
        what: str,
        move: Callable[[], T],
        demand: int | None = None,
        *,
        refusable: bool = False,
    ) -> T:
        """Do something that succeeds; a refusal passes where it is `refusable`."""
        try:
            return move()
        except DomainError as refusal:
            if refusable and not isinstance(refusal, ProcessFault | DecisionError):
                raise
            words = _traced(refusal)
        except Fault:
            raise
        except Exception as defect:  # noqa: BLE001 - a defect is what is looked for
            words = _traced(defect)
        self._judge(what, demand, [words])
        raise Conflict(Phrase("缺陷。", "A defect, kept."))

    def _check_case(self, what: str, demand: int) -> None:
        if demand not in self._spoilt:
            with reading(self.office.sessions) as session:
                now = self.office.now
                rows = faults_of_rows(session, [demand], self._people, now)
                self._judge(what, demand, [words for _case, words in rows])
                self._judge(what, demand, faults_of_chain(session, demand, now))
                if self._chance.random() < HOLDERS_ASKED:
                    self._judge(what, demand, faults_of_held_time(session, demand, now))

    def _check_office(self) -> None:
        """The rows and stories of whatever has moved, every day; of what stands still, in turn."""
        with reading(self.office.sessions) as session:
            found = faults_of_office(
                session,
                self._people[self.day % LISTS_EVERY :: LISTS_EVERY],
                self.office.now,
                ticked=self._down_until is None,
                whole={who.user_id for who in self._people[self.day % WHOLE_LISTS :: WHOLE_LISTS]},
            )
            self._judge("daily", None, found)
            open_cases = [
                demand
                for demand in session.scalars(select(Demand.id).where(Demand.status.not_in(ENDED)))
                if demand not in self._spoilt
            ]
            lengths = dict(
                session.execute(
                    select(CaseHead.demand_id, CaseHead.entries)
                    .join(Demand, Demand.id == CaseHead.demand_id)
                    .where(Demand.status.not_in(ENDED))
                ).all()
            )
            now = self.office.now
            moved = [one for one in open_cases if self._proved.get(one) != lengths[one]]
            still = set(open_cases).difference(moved)
            looked_at = [
                *moved,
                *(one for one in still if one % STILL_EVERY == self.day % STILL_EVERY),
            ]
            for demand, words in faults_of_rows(session, looked_at, self._people, now):
                self._judge("daily", demand, [words])
            for demand in moved:
                self._judge("daily", demand, faults_of_chain(session, demand, now))
                self._judge("daily", demand, faults_of_held_time(session, demand, now))
        self._proved = lengths
        if self.day % WHOLE_CHAINS_EVERY == 0:
            self._prove_all("all histories")

    def _prove_all(self, what: str) -> None:
        with reading(self.office.sessions) as session:
            self._judge(what, None, history.faults(session))

    def _judge(self, what: str, demand: int | None, found: Iterator[str] | list[str]) -> None:
        for words in found:
            kind = f"{what}: {_kind(words)}"
            self.tally.faults[kind] += 1
            if demand is not None:
                self._spoilt.add(demand)
            if self._keep is None or self.tally.faults[kind] == 1:
                told = self._told(what, demand, words)
                if self._keep is None:
                    raise Fault(told)
                self._keep(told)

    def _told(self, what: str, demand: int | None, words: str) -> str:
        lines = [
            f"seed {self._seed}, move {self._moves}, {self.office.now:%Y-%m-%d %H:%M:%S}, {what}",
            words,
        ]
        if demand is not None:
            try:
                lines += [f"case {demand}:", *self.office.story(demand)[-25:]]
                lines += [f"open: {self.office.waiting(demand)}"]
            except Exception as error:  # noqa: BLE001 - the fault itself is what must be told
                lines.append(f"its story cannot be told: {error!r}")
        return "\n".join(lines)

    # Small things -----------------------------------------------------------------------------

    def _acting(self, who: Actor) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work(self.office.sessions, who, self.office.now)

    def _complete(self, task: int, who: Actor, given: Mapping[str, object]) -> None:
        with self._acting(who) as uow:
            steps.complete(uow, task, given)

    def _open_tasks(self) -> list[Task]:
        """What was open when it was looked up last."""
        if not self._seen or self._chance.random() < LOOKED_UP:
            self._look_up()
        return self._seen

    def _look_up(self) -> list[Task]:
        with reading(self.office.sessions) as session:
            self._seen = [
                Task(*place, of_procedure or lead)
                for *place, of_procedure, lead in _OPEN_TASKS.ask(session)
            ]
        return self._seen

    def _own_task(self) -> tuple[Task, Actor] | None:
        """An open task with somebody who may do it, mostly one that was left for long."""
        if self._chance.random() < 0.03:
            return self._task_of_worklist()
        tasks = self._open_tasks()
        looked_at = (
            task
            for task in (self._left_for_long(tasks) for _ in range(min(len(tasks), 20)))
            if self._is_looked_at(task.demand)
        )
        task = next(looked_at, None)
        if task is None:
            return None
        self._seen.remove(task)
        able = [who for who in self._people if self._may(who, task)]
        return (task, self._chance.choice(able)) if able else None

    def _left_for_long(self, tasks: Sequence[Task]) -> Task:
        return tasks[int(len(tasks) * self._chance.triangular(0, 0.999, 0))]

    def _may(self, who: Actor, task: Task) -> bool:
        """Whether a person may do an open task, by the rule for steps."""
        if task.element_id not in second_person.RULES:
            return may_do_step(who, task.role or "", task.unit)
        with reading(self.office.sessions) as session:
            row = session.get_one(HumanTaskRow, task.id)
            return second_person.may_do(session, who, row, task.unit)

    def _task_of_worklist(self) -> tuple[Task, Actor] | None:
        """Something on somebody's worklist, among what is most urgent there."""
        with reading(self.office.sessions) as session:
            for who in self._chance.sample(self._people, len(self._people)):
                items = queries.worklist(session, who, self.office.now).items
                mine = [item.task for item in items if self._is_looked_at(item.demand.id)]
                if mine:
                    row = self._chance.choice(mine)
                    place = (row.id, row.process_id, row.element_id, row.role, row.subject_id)
                    return Task(*place, who.unit_id), who
        return None

    def _is_looked_at(self, demand: int) -> bool:
        until = self._neglected.get(demand)
        return demand not in self._spoilt and (until is None or until <= self.office.now)

    def _rarity(self, act: acts.Act) -> float:
        """What was seldom tried is tried more often, and what must wait anyway seldom."""
        what = f"act {act.element.id}"
        refused = sum(self.tally.refused[f"{what}: {kind}"] for kind in ("Invalid", "Conflict"))
        weight = 1 / (1 + self.tally.done[what] + refused / 4)
        return weight if act.why_not is None else weight / 20

    def _open_demand(self) -> int | None:
        """Mostly one that a unit has, else one that is open, or any."""
        with reading(self.office.sessions) as session:
            [chosen] = self._chance.choices([_LATELY_OF_UNITS, _LATELY_OPEN, _LATELY], [6, 2, 2])
            rows = session.connection().execute(chosen).scalars()
            found = [demand for demand in rows if demand not in self._spoilt]
        return self._chance.choice(found) if found else None

    def _login_of(self, who: Actor) -> str:
        assert who.user_id is not None  # whoever has pages signs in
        return self._login[who.user_id]

    def _form_of(self, task: Task) -> Form | None:
        with reading(self.office.sessions) as session:
            element = bundle_of_process(session, task.process_id).element(task.element_id)
            assert element is not None
            return element.form

    def _filled(
        self,
        form: Form | None,
        usual: Mapping[str, object],
        wrong: frozenset[str] = frozenset(),
    ) -> dict[str, object]:
        return filled(form, self._city, self._chance, self.office.now, usual, wrong)

    def _papers(
        self, form: Form | None, who: Actor, wrong: frozenset[str]
    ) -> Mapping[str, Sequence[str]]:
        """Files for a form, uploaded beforehand: where they are asked for, and sometimes else."""
        wanted = [
            field.name
            for field in (form.fields if form is not None else ())
            if field.type is FieldType.FILES
            and (field.required or field.name in wrong or self._chance.random() < 0.1)
        ]
        if not wanted or not may(who, "attachment.add", who.unit_id):
            return {}
        text = BytesIO(f"材料{self._chance.randrange(100)}。".encode())
        received = attachments.receive(self._files, "材料.txt", text)
        try:
            with self._acting(who) as uow:
                return {name: [str(attachments.keep(uow, received).id)] for name in wanted}
        except Invalid:  # too many are waiting
            return {}

    def _entries(self, demand: int | None) -> int | None:
        """How long the history of a case is."""
        if demand is None:
            return None
        with reading(self.office.sessions) as session:
            return next((row.entries for row in _ENTRIES.ask(session, demand)), None)


def _all_roles(uow: UnitOfWork, unit: HandlingUnit) -> None:
    name = f"{unit.name_zh}全岗"
    add_user(uow, f"all_of_{unit.code}", name, "correct horse", sorted(UNIT_ROLES), unit)


def _usual(element_id: str, chance: random.Random) -> Mapping[str, object]:
    """Mostly what a smooth case needs, so that cases get on; else whatever the form offers."""
    _who, usual = WAY.get(element_id, ("", {}))
    return usual if chance.random() < 0.85 else {}


def _traced(error: Exception) -> str:
    """Where it happened, and last what it was, in one line."""
    where = "".join(traceback.format_tb(error.__traceback__)[-12:])
    lines = [line for line in str(error).splitlines() if line.strip()] or [""]
    told = lines[1] if len(lines) > 1 and lines[0].startswith("(") else lines[0]
    return f"{where}{type(error).__name__}: {told}"


def _kind(words: str) -> str:
    """The last line without numbers: two faults of one kind differ in those."""
    return re.sub(r"\d+", "#", words.strip().splitlines()[-1])[:160]

"""Deadlines: looking when nothing is due, firing what is, and doing so at the right instant."""

import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time

from dateutil.relativedelta import relativedelta
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import engine
from app.cases.expressions import compile_expression
from app.core.db import Base, reading
from app.core.uow import SYSTEM, UnitOfWork, unit_of_work
from app.engine import Call, ClockRungRow, HumanTaskRow, ProcessRow, TimerWaitRow, WorkingTime
from app.jobs.deadlines import tick
from bench.databases import Make, Place
from bench.figures import Figures
from bench.multiply import multiply
from bench.office import founded
from bench.office_cases import LEAD, ShippedCases

BEGUN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
YELLOW_PASSED = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
"""A week later: the yellow instant of the handling clock lies behind, and the red one."""


class Host:
    """A host for a diagram that asks nothing of it."""

    compile = staticmethod(compile_expression)

    def newest_decision(self, session: Session, key: str) -> None:
        raise NotImplementedError

    def unit_named(self, session: Session, kind: str, subject_id: int, code: str) -> int:
        raise NotImplementedError

    def lock_subjects(self, uow: UnitOfWork, kind: str, subject_ids: Sequence[int]) -> None:
        """There is nothing beside the process."""

    def call_service(
        self, name: str, parameters: Mapping[str, object], call: Call
    ) -> Mapping[str, object] | None:
        raise NotImplementedError

    def decide(self, key: str, data: Mapping[str, object], binding: str, call: Call) -> object:
        raise NotImplementedError

    def due(self, ask: WorkingTime, call: Call) -> datetime:
        raise NotImplementedError


def measure(figures: Figures, sqlite: Make, postgres: Make, *, quick: bool) -> None:
    """The series of deadlines."""
    for kind, make in (("sqlite", sqlite), ("postgres", postgres)):
        suffix = "" if kind == "sqlite" else f"_{kind}"
        offices = founded(make)
        _nothing_due(figures, offices("open_orders"), suffix, quick=quick)
        _lights(figures, offices("lights"), suffix, 20 if quick else 1_000)
        _plain_timers(figures, make("plain_timers"), suffix, 20 if quick else 2_000)
    _exact(figures, sqlite("exact"))


def _nothing_due(figures: Figures, place: Place, suffix: str, *, quick: bool) -> None:
    """The main process with 100,000 orders in handling, before anything of theirs is due."""
    copies = 200 if quick else 100_000
    _open_orders(place, copies - 1)
    if place.kind == "postgres":  # what the server does by itself a minute after such a change
        with unit_of_work(place.sessions, SYSTEM, BEGUN) as uow:
            uow.session.execute(text("ANALYZE"))
    with reading(place.sessions) as session:
        orders = session.scalar(select(func.count()).select_from(ProcessRow))
        armed = session.scalar(
            select(func.count()).select_from(ClockRungRow).where(ClockRungRow.fire_at.is_not(None))
        )
    figures.put(f"open_orders{suffix}", orders)
    figures.put(f"armed_rungs{suffix}", armed)
    cpu, wall = [], []
    for _ in range(60):
        before = process_time(), perf_counter()
        fired = tick(place.sessions, lambda: BEGUN + timedelta(hours=1))
        cpu.append(process_time() - before[0])
        wall.append(perf_counter() - before[1])
        assert fired == 0
    figures.put(f"tick_ms_100k_open{suffix}", statistics.median(wall) * 1000)
    figures.put(f"tick_cpu_ms_100k_open{suffix}", statistics.median(cpu) * 1000)


def _lights(figures: Figures, place: Place, suffix: str, copies: int) -> None:
    """Yellow and red lights of the main process: notices, history and state, twenty a commit."""
    _open_orders(place, copies - 1)
    began = perf_counter()
    fired = tick(place.sessions, lambda: YELLOW_PASSED)
    spent = perf_counter() - began
    assert fired == 2 * copies
    figures.put(f"shipped_fires_per_s{suffix}", fired / spent)


def _open_orders(place: Place, copies: int) -> None:
    office = ShippedCases(place, seed=1)
    case = office.begin()
    for move in LEAD:
        office.do(case, move, office.ticket(case, move.element))
    with unit_of_work(place.sessions, SYSTEM, BEGUN) as uow:
        multiply(uow.session, copies)


def _plain_timers(figures: Figures, place: Place, suffix: str, copies: int) -> None:
    """Timers of their own in a plain diagram: the engine and its rows, twenty a commit."""
    _publish(place, ("PT1H",))
    with unit_of_work(place.sessions, SYSTEM, BEGUN) as uow:
        engine.start(uow, engine.create(uow, "waits", "bench", 1))
        multiply(uow.session, copies - 1)
    began = perf_counter()
    fired = tick(place.sessions, lambda: BEGUN + timedelta(hours=2))
    spent = perf_counter() - began
    assert fired == copies
    figures.put(f"fires_per_s{suffix}", fired / spent)


def _exact(figures: Figures, place: Place) -> None:
    """A look a microsecond early does nothing; one hours late ends as if it had been in time."""
    _publish(place, ("P30D", "P1Y"))
    with unit_of_work(place.sessions, SYSTEM, BEGUN) as uow:
        process = engine.create(uow, "waits", "bench", 1)
        engine.start(uow, process)
    for key, due in (
        ("timer_30_days_exact", BEGUN + timedelta(days=30)),
        ("timer_one_year_exact", BEGUN + timedelta(days=30) + relativedelta(years=1)),
    ):
        early = tick(place.sessions, lambda at=due: at - timedelta(microseconds=1))
        late = tick(place.sessions, lambda at=due: at + timedelta(hours=5))
        with reading(place.sessions) as session:
            waiting = session.scalars(select(TimerWaitRow.due_at)).all()
            done = session.scalars(select(HumanTaskRow.opened_at)).all()
        following = [*waiting, *done]
        next_due = due if done else due + relativedelta(years=1)
        figures.put(key, int((early, late, following) == (0, 1, [next_due])))


def _publish(place: Place, spans: Sequence[str]) -> None:
    """A diagram that waits so long, one span after the other, and then for a person."""
    Base.metadata.create_all(place.database)
    engine.wire(Host())
    names = ["begin", *(f"wait_{n}" for n in range(len(spans))), "look"]
    catches = "".join(
        f'<bpmn:intermediateCatchEvent id="wait_{n}"><bpmn:timerEventDefinition>'
        f"<bpmn:timeDuration>{span}</bpmn:timeDuration></bpmn:timerEventDefinition>"
        "</bpmn:intermediateCatchEvent>"
        for n, span in enumerate(spans)
    )
    flows = "".join(
        f'<bpmn:sequenceFlow id="to_{target}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target in zip(names, [*names[1:], "end"], strict=True)
    )
    source = (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
        'id="definitions" targetNamespace="https://jieban.dev/bench">'
        '<bpmn:process id="waits" isExecutable="true"><bpmn:startEvent id="begin"/>'
        f'{catches}<bpmn:userTask id="look"/><bpmn:endEvent id="end"/>{flows}'
        "</bpmn:process></bpmn:definitions>"
    )
    with unit_of_work(place.sessions, SYSTEM, BEGUN) as uow:
        engine.publish(uow, "waits", [engine.read_diagram(source.encode(), "waits.bpmn")])

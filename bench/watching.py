"""Watching: the heat map of 100,000 cases, the ways they take, and their log.

A few cases are led from arrival to file, their steps are spread over the weeks of a quarter, and
all their rows are copied inside the database.
"""

import random
from datetime import datetime, timedelta
from time import perf_counter, process_time

from sqlalchemy import Integer, func, insert, literal, select
from sqlalchemy.orm import Session

from app.cases.models.demand import Demand
from app.core.db import Base, reading
from app.core.uow import SYSTEM, Actor, unit_of_work
from app.design import event_log, passages, variants, watching
from app.design.event_log import Format, Wanted
from app.design.visits import Selection
from app.engine import HumanTaskRow, ProcessRow
from bench.databases import Make, Place
from bench.figures import Figures
from bench.multiply import SHIFTED, copied
from bench.office import MORNING, founded
from bench.office_cases import LIFE, ShippedCases

WHO = Actor(None, "", frozenset({"duty_manager"}))
NOW = MORNING + timedelta(days=120)
CHOSEN = Selection("work_order")
MONTH = Selection(
    "work_order",
    arrived_from=MORNING + timedelta(days=30),
    arrived_before=MORNING + timedelta(days=60),
)
COPIED = ("demand", "work_order", "process", "human_task", "clock")


def measure(figures: Figures, sqlite: Make, postgres: Make, *, quick: bool) -> None:
    """The series of watching."""
    originals, copies = (5, 10) if quick else (50, 2_000)
    for kind, make in (("sqlite", sqlite), ("postgres", postgres)):
        place = founded(make)("watching")
        cases = _filled(place, originals, copies - 1)
        with reading(place.sessions) as session:
            before = process_time()
            month = watching.heat_map(session, MONTH, NOW, WHO)
            figures.put(f"watch_month_cases_{kind}", month.cases)
            figures.put(f"watch_month_cpu_s_{kind}", process_time() - before)
            before = process_time()
            passages.passages(session, MONTH, NOW, WHO)
            figures.put(f"watch_month_passages_cpu_s_{kind}", process_time() - before)
            begun, before = perf_counter(), process_time()
            found = watching.heat_map(session, CHOSEN, NOW, WHO)
            figures.put(f"watch_heat_map_cpu_s_{kind}", process_time() - before)
            seen = perf_counter()
            variants.distinctions(session, CHOSEN, NOW)
            distinguished = perf_counter()
            ways = variants.ways(session, CHOSEN, NOW, WHO)
            counted = perf_counter()
            wanted = Wanted(CHOSEN, Format.CSV)
            size = sum(map(len, event_log.written(session, wanted, NOW)))
            written = perf_counter()
        assert found.cases == ways.ended + ways.running == cases
        events = sum(2 * one.passed + 2 * one.called_off + one.now for one in found.figures)
        figures.put(f"watch_cases_{kind}", cases)
        figures.put(f"watch_heat_map_s_{kind}", seen - begun)
        figures.put(f"watch_distinctions_s_{kind}", distinguished - seen)
        figures.put(f"watch_variants_s_{kind}", counted - distinguished)
        figures.put(f"watch_log_events_per_s_{kind}", events / (written - counted))
        figures.put(f"watch_log_mb_{kind}", size / 1e6)


def _filled(place: Place, originals: int, copies: int) -> int:
    """How many cases there are then."""
    office = ShippedCases(place, seed=5)
    chance = random.Random(5)
    for _ in range(originals):
        case = office.begin()
        for move in LIFE:
            office.do(case, move, office.ticket(case, move.element))
    with unit_of_work(place.sessions, SYSTEM, NOW) as uow:
        for demand in uow.session.scalars(select(Demand)):
            _spread(uow.session, demand, chance)
        uow.session.flush()
        _multiply(uow.session, copies)
    with reading(place.sessions) as session:
        return session.scalar(select(func.count()).select_from(ProcessRow)) or 0


def _spread(session: Session, demand: Demand, chance: random.Random) -> None:
    """Let hours and days go by between the steps of a case."""
    at: datetime = MORNING + timedelta(hours=chance.randrange(24 * 90))
    demand.arrived_at = at
    tasks = select(HumanTaskRow).where(HumanTaskRow.subject_id == demand.id)
    for task in session.scalars(tasks.order_by(HumanTaskRow.id)):
        task.opened_at = at
        at += timedelta(seconds=chance.randrange(60, 3 * 86_400))
        if task.closed_at is not None:
            task.closed_at = at
    if demand.closed_at is not None:
        demand.closed_at = at


def _multiply(session: Session, copies: int) -> None:
    numbers = select(literal(1, Integer).label("k")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.k + 1).where(numbers.c.k < copies))
    for name in COPIED:
        table = Base.metadata.tables[name]
        columns = (copied(table, one.name, SHIFTED[name], numbers.c.k) for one in table.c)
        chosen = select(*columns).select_from(table).join(numbers, literal(1) == literal(1))
        session.execute(insert(table).from_select([one.name for one in table.c], chosen))

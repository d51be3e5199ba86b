"""Replaying: what a real case costs that is run again, and how far a second process helps.

A random office lives for some weeks; its cases are replayed as they were, and nothing may come out
otherwise. Then the parts of that replay are asked for again and again, up to the cases wanted: each
is run from its record as if it were the first.
"""

import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import orjson
from sqlalchemy import select

from app.core.db import reading
from app.core.uow import SYSTEM, unit_of_work
from app.design.replay import asking as replays
from app.design.replay.models import DesignReplay, DesignReplayPart
from app.identity.directory import add_user
from app.jobs.replaying import work
from bench.databases import Make
from bench.figures import Figures
from tests.office import Office
from tests.soak.life import BEGIN, Life

DIFFERENCES = ("moved", "appeared", "gone", "gained", "lost", "shifted", "impossible", "faults")


def measure(figures: Figures, sqlite: Make, postgres: Make, *, quick: bool) -> None:  # noqa: ARG001 - a replay runs in memory, wherever its cases are
    """The series of replaying."""
    lived, days, wanted, few = (8, 6, 16, 8) if quick else (320, 40, 10_000, 1_000)
    place = sqlite("replay")
    office = Office(place.database)
    office.found()
    with tempfile.TemporaryDirectory() as files:
        Life(office, seed=3, files=Path(files), begin=BEGIN).live(demands=lived, days=days)
    with unit_of_work(office.sessions, SYSTEM, office.now) as uow:
        add_user(uow, "designer", "D", "correct horse", ["process_designer"], None)
    once = _replayed(office, lived, processes=0)
    told = orjson.loads(once.result)
    figures.put("replay_different_cases", once.cases)
    figures.put("replay_deadlines", told["deadlines"])
    figures.put("replay_escalations", told["escalations"])
    figures.put("replay_differences", sum(told[name] for name in DIFFERENCES))
    spent = {}
    for processes, cases in ((1, few), (2, wanted)):
        begun = perf_counter()
        done = _replayed(office, cases, processes=processes)
        spent[processes] = (perf_counter() - begun) / done.cases
        figures.put(f"replay_cases_{processes}p", done.cases)
        figures.put(f"replay_cpu_ms_a_case_{processes}p", 1000 * done.cpu_seconds / done.cases)
        figures.put(f"replay_wall_ms_a_case_{processes}p", 1000 * spent[processes])
    figures.put("replay_cpu_min_10000_cases", 10_000 * done.cpu_seconds / done.cases / 60)
    figures.put("replay_speed_of_2_processes", spent[1] / spent[2])


def _replayed(office: Office, cases: int, processes: int) -> DesignReplay:
    """A replay of so many cases at least, the same ones over again where there are fewer."""
    with office.acting("designer") as uow:
        asked = replays.ask(uow, office.now - timedelta(days=400))
        parts = uow.session.scalars(
            select(DesignReplayPart).where(DesignReplayPart.replay_id == asked.id)
        ).all()
        once = asked.cases
        while asked.cases < cases:
            for part in parts:
                position = len(parts) * asked.cases // once + part.position
                uow.session.add(
                    DesignReplayPart(replay_id=asked.id, position=position, demands=part.demands)
                )
            asked.cases += once
        replay_id = asked.id
    while True:
        work(office.sessions, lambda: office.now, processes=processes, seconds=float("inf"))
        with reading(office.sessions) as session:
            found = replays.replay(session, replay_id)
            if found.finished_at is not None:
                return found

"""Transitions per second of several processes on one PostgreSQL database."""

import multiprocessing
import statistics
import traceback
from collections.abc import Sequence
from importlib import import_module
from time import perf_counter
from typing import Any

from bench.databases import Place, open_place
from bench.lives import Contestant, Life, live

Named = tuple[str, str]
"""Module and name of a factory of contestants, to be found again in another process."""


def side_by_side(
    places: Sequence[tuple[Named, Place]], life: Life, *, seconds: float, rounds: int
) -> list[float]:
    """Transitions a second with two processes, for each contestant; medians of rounds in turns."""
    found: list[list[float]] = [[] for _ in places]
    for _ in range(rounds):
        for rates, (named, place) in zip(found, places, strict=True):
            rates.append(_together(named, place.url, life, seconds))
    return [statistics.median(rates) for rates in found]


def _together(named: Named, url: str, life: Life, seconds: float, processes: int = 2) -> float:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(processes)
    answers = context.Queue()
    workers = [
        context.Process(target=_work, args=(named, url, tuple(life), seconds, start, answers))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    failed = [answer for answer in found if isinstance(answer, str)]
    if failed:
        raise RuntimeError(failed[0])
    return sum(found)


def _work(named: Named, url: str, life: Life, seconds: float, start: Any, answers: Any) -> None:
    """Answer the transitions a second of this process, or how it failed."""
    try:
        place = open_place("postgres", url)
        contestant = getattr(import_module(named[0]), named[1])(place)
        live(contestant, life)
        start.wait(timeout=120)
        answers.put(_rate(contestant, life, seconds))
        place.database.dispose()
    except Exception:  # the parent raises it: nothing is lost
        start.abort()
        answers.put(traceback.format_exc())
        raise


def _rate(contestant: Contestant, life: Life, seconds: float) -> float:
    began = perf_counter()
    lives = 0
    while perf_counter() - began < seconds:
        live(contestant, life)
        lives += 1
    return lives * (len(life) + 1) / (perf_counter() - began)

"""Replaying real cases over all cores, part by part, as a designer asked."""

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import datetime
from functools import partial
from multiprocessing import get_context

import orjson
from sqlalchemy.exc import DBAPIError

from app.core import jobs
from app.core.db import Sessions, make_engine, make_sessions, reading
from app.core.uow import SYSTEM, unit_of_work
from app.design.replay import asking as replays
from app.design.replay.models import ReplayStatus
from app.office import wire

A_KNOCK_S = 120.0
"""How long parts are begun at one knock of the ticker: a server that stops waits for those."""

_A_WORD_S = 20.0
"""How often a process says that it is still at it: the lease of a job is a minute."""

_log = logging.getLogger(__name__)


def work(
    sessions: Sessions,
    clock: Callable[[], datetime],
    *,
    processes: int | None = None,
    seconds: float = A_KNOCK_S,
) -> int:
    """Go on with the replay that was asked for, if any; returns how many parts were run.

    `processes` are as many as there are cores unless given; 0: this process. Killed half-way, the
    next one goes on with the parts that are left. A part that fails is told in the figures.
    """
    with reading(sessions) as session:
        found = replays.running(session)
        if found is None and not jobs.is_open(session, replays.JOB):
            return 0
        parts = [] if found is None else list(replays.waiting(session, found.id))
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        if found is not None:
            jobs.ask(uow, replays.JOB, len(parts))
        job = jobs.hold(uow, replays.JOB)
    if job is None:
        return 0
    done = _run(sessions, clock, job.id, parts, processes, seconds)
    with reading(sessions) as session:
        left = [] if found is None else list(replays.waiting(session, found.id))
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        is_over = not left or _is_over(sessions, parts)
        if found is not None and not left:
            replays.finish(uow, found.id)
        jobs.report(
            uow, job.id, cursor=0, done=0, changed=0, failed=0, error=None, finished=is_over
        )
        if not is_over:
            jobs.release(uow, job.id)
    return done


def run_part(part_id: int) -> tuple[str, float]:
    """One part, in a process of its own: what came of it, and the processor's seconds."""
    return _measured(_office[0], part_id)


def _open(url: str) -> None:
    """What a process of its own begins with: what it compiles for one part serves the next."""
    wire()
    _office.append(make_sessions(make_engine(url)))


_office: list[Sessions] = []
"""The office of a process of its own."""


def _measured(sessions: Sessions, part_id: int) -> tuple[str, float]:
    begun = time.process_time()
    return replays.run_part(sessions, part_id), time.process_time() - begun


def _run(
    sessions: Sessions,
    clock: Callable[[], datetime],
    job_id: int,
    parts: list[int],
    processes: int | None,
    seconds: float,
) -> int:
    """Run parts for some time, each kept as soon as it was run; how many were."""
    done = 0
    until = time.monotonic() + seconds
    if processes == 0:
        for part_id in parts:
            if time.monotonic() > until or _is_over(sessions, parts):
                break
            _keep(sessions, clock, job_id, part_id, partial(_measured, sessions, part_id))
            done += 1
        return done
    with reading(sessions) as session:
        url = session.get_bind().engine.url.render_as_string(hide_password=False)
    count = min(processes or os.cpu_count() or 1, len(parts))
    if not count:
        return 0
    spawn = get_context("spawn")
    with ProcessPoolExecutor(count, spawn, initializer=_open, initargs=(url,)) as pool:
        rest = iter(parts)
        at_it: dict[Future[tuple[str, float]], int] = {}
        while True:
            while len(at_it) < count and time.monotonic() < until:
                following = next(rest, None)
                if following is None or _is_over(sessions, parts):
                    break
                at_it[pool.submit(run_part, following)] = following
            if not at_it:
                return done
            ready, _rest = wait(at_it, timeout=_A_WORD_S, return_when=FIRST_COMPLETED)
            if not ready:
                _say(sessions, clock, job_id, 0)
            for future in ready:
                _keep(sessions, clock, job_id, at_it.pop(future), future.result)
                done += 1


def _keep(
    sessions: Sessions,
    clock: Callable[[], datetime],
    job_id: int,
    part_id: int,
    run: Callable[[], tuple[str, float]],
) -> None:
    try:
        result, cpu_seconds = run()
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - the other parts go on
        _log.exception("part %d of a replay failed", part_id)
        with reading(sessions) as session:
            result = orjson.dumps(replays.failed(session, part_id, str(error))).decode()
        cpu_seconds = 0.0
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        replays.keep(uow, part_id, result, cpu_seconds)
    _say(sessions, clock, job_id, 1)


def _say(sessions: Sessions, clock: Callable[[], datetime], job_id: int, done: int) -> None:
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        jobs.report(
            uow, job_id, cursor=0, done=done, changed=0, failed=0, error=None, finished=False
        )


def _is_over(sessions: Sessions, parts: list[int]) -> bool:
    """Whether the replay was cancelled."""
    with reading(sessions) as session:
        return not parts or replays.status_of_part(session, parts[0]) != ReplayStatus.RUNNING

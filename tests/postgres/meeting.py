"""Letting people and tickers meet at one case: at the same moment, or one just after the other."""

import threading
from collections.abc import Callable, Mapping

from sqlalchemy import Select, select, text

from app.cases import acts, steps
from app.cases.history import faults
from app.cases.models.demand import Demand
from app.core.db import reading
from app.core.errors import Conflict, DomainError
from app.core.uow import unit_of_work
from tests.office import WAY, Office

Doing = Callable[[], object]

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
"""How many connections to the database wait for a lock that another one holds."""


def at_once(*doings: Doing) -> list[object]:
    """Do all at the same moment, each in a thread; results or exceptions, in their order."""
    ready = threading.Barrier(len(doings))
    results: list[object] = [None] * len(doings)
    threads = [
        threading.Thread(target=_run, args=(results, number, doing, ready))
        for number, doing in enumerate(doings)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def in_turn(office: Office, held: int | Select[int], *doings: Doing) -> list[object]:
    """Hold a case (or the row of a statement) until all doings wait for it, in their order; let go.

    Each has then begun before the one before it has written anything: the narrowest of races, and
    always the same. Who waits for a moment only may have given way by then. Results or exceptions,
    in their order.
    """
    row = select(Demand.id).where(Demand.id == held) if isinstance(held, int) else held
    results: list[object] = [None] * len(doings)
    threads: list[threading.Thread] = []
    with office.sessions() as holder, office.sessions() as observer:
        holder.execute(row.with_for_update()).one()
        for number, doing in enumerate(doings):
            thread = threading.Thread(target=_run, args=(results, number, doing))
            thread.start()
            threads.append(thread)
            while thread.is_alive() and observer.scalar(_WAITING) != number + 1:
                observer.rollback()  # a transaction sees one state of the statistics
        gone = [
            result for thread, result in zip(threads, results, strict=True) if not thread.is_alive()
        ]
        assert all(isinstance(result, Conflict) for result in gone), f"did not wait: {gone}"
        holder.rollback()
    for thread in threads:
        thread.join()
    return results


def step(office: Office, case: int, element: str, by: str | None = None, **given: object) -> Doing:
    """Doing an open step as `Office.do` does, from a page that is open already."""
    login, usual = WAY[element]
    task, actor = office.task(case, element), office.actor(by or login)

    def doing() -> None:
        with unit_of_work(office.sessions, actor, office.now) as uow:
            steps.complete(uow, task, usual | given)

    return doing


def act(office: Office, case: int, element: str, by: str, given: Mapping[str, object]) -> Doing:
    """Doing an act as `Office.act` does, from a page that is open already."""
    key, actor = office.act_key(case, element, by), office.actor(by)

    def doing() -> None:
        with unit_of_work(office.sessions, actor, office.now) as uow:
            acts.act(uow, case, key, given)

    return doing


def won(results: list[object]) -> list[bool]:
    """Who went through. What stopped the others must be a refusal, never a defect or a deadlock."""
    broken = [one for one in results if isinstance(one, Exception) and not _is_refusal(one)]
    assert not broken, broken
    return [not isinstance(one, Exception) for one in results]


def sentence(result: object) -> str:
    """What somebody who was refused reads, in Chinese."""
    assert isinstance(result, DomainError), result
    return result.phrase.zh


def whole(office: Office) -> bool:
    """Whether every chain of history adds up."""
    with reading(office.sessions) as session:
        return list(faults(session)) == []


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, DomainError)


def _run(
    results: list[object], number: int, doing: Doing, ready: threading.Barrier | None = None
) -> None:
    if ready is not None:
        ready.wait()
    try:
        results[number] = doing()
    except Exception as error:  # noqa: BLE001 - looked at by the test
        results[number] = error

"""Processes that could not go on by themselves: somebody looks, mends the cause, tries again."""

from app import engine
from app.cases import history
from app.cases.orders import SUBJECT, find
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ProcessFault, ProcessRow
from app.identity.policy import require


def report(
    uow: UnitOfWork, demand_id: int, process_id: int, what: str, fault: ProcessFault
) -> None:
    """Put a process of a case into the repair queue, after a person's step failed in it.

    In a unit of work of its own: that of the step has been rolled back, and nothing is half done.
    """
    find(uow.session, demand_id, lock=True)
    engine.hold(uow, process_id, what, fault.phrase.zh)
    history.record(uow, demand_id, "hold", element_id=what)


def hold_stuck(uow: UnitOfWork) -> int:
    """Put every process that will never move again into the repair queue; how many there were."""
    found = engine.stuck_processes(uow.session)
    for process_id in found:
        engine.hold(uow, process_id, "stuck", "no open task, no timer, no wait")
    return len(found)


def try_again(uow: UnitOfWork, process_id: int) -> None:
    """Take a process out of the repair queue; what was due is tried again at once.

    What fails again goes back into the queue. Raises `NotFound`, `NotAllowed`.
    """
    require(uow.actor, "repair.try_again")
    process = uow.session.get(ProcessRow, process_id)
    if process is None or process.subject_kind != SUBJECT:
        raise NotFound(Phrase("没有这个流程。", "There is no such process."))
    find(uow.session, process.subject_id, lock=True)
    engine.resume(uow, process_id)
    history.record(uow, process.subject_id, "try_again")
    engine.let_due_pass(uow, SUBJECT, process.subject_id)

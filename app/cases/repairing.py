"""Processes that could not go on by themselves: somebody looks, mends the cause, tries again."""

from app import engine
from app.cases import history
from app.cases.orders import SUBJECT, find
from app.core.errors import NotFound
from app.core.phrase import Phrase
from app.core.uow import UnitOfWork
from app.engine import ProcessRow
from app.identity.policy import require


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

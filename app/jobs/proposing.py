"""Checking and trying changes that designers want to propose, and proposing them in their name."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.core import jobs
from app.core.db import Sessions, reading
from app.core.errors import DomainError
from app.core.jobs import Job
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, unit_of_work
from app.design import changes, evidence
from app.identity.directory import actor_of
from app.identity.models import User

_log = logging.getLogger(__name__)


def work(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """Weigh every change that waits to be proposed, and propose it; returns how many there were.

    What speaks against one is kept for its page. The trial is no part of a transaction: a change
    saved meanwhile is not proposed.
    """
    with reading(sessions) as session:
        waiting = changes.to_be_proposed(session)
    done = 0
    for change_id in waiting:
        with unit_of_work(sessions, SYSTEM, clock()) as uow:
            job = jobs.hold(uow, changes.proposal(change_id))
        if job is not None:
            _propose(sessions, clock, change_id, job)
            done += 1
    return done


def _propose(sessions: Sessions, clock: Callable[[], datetime], change_id: int, job: Job) -> None:
    against: Phrase | None = None
    try:
        weighed = evidence.weigh(sessions, clock(), change_id)
        with reading(sessions) as session:
            actor = actor_of(session.get_one(User, job.asked_by))
        with unit_of_work(sessions, actor, clock()) as uow:
            changes.propose(uow, change_id, weighed)
    except DBAPIError:
        raise
    except DomainError as refusal:
        against = changes.refusal_of(refusal)
    except Exception:  # noqa: BLE001 - the others do not wait for one change
        _log.exception("the change %d could not be weighed", change_id)
        against = Phrase(
            "系统出错，未能完成检查；错误已记录，请联系系统管理员。",
            "A fault kept the checks from ending; it was logged: tell the administrator.",
        )
    with unit_of_work(sessions, SYSTEM, clock()) as uow:
        jobs.report(
            uow,
            job.id,
            cursor=0,
            done=1,
            changed=int(against is None),
            failed=int(against is not None),
            error=None if against is None else f"{against.zh}\n{against.en}",
            finished=True,
        )

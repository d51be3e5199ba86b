"""Bringing approved changes of the workshop into force when their time has come."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from app.core.db import Sessions, reading
from app.core.errors import DomainError
from app.core.phrase import Phrase
from app.core.uow import SYSTEM, Actor, unit_of_work
from app.design import changes, going_live
from app.identity.directory import actor_of
from app.identity.models import User

_log = logging.getLogger(__name__)


def work(sessions: Sessions, clock: Callable[[], datetime]) -> int:
    """Publish every approved change that is due, each in one transaction; returns how many.

    A change that is refused now, though it was accepted when it was proposed, is marked as failed
    and tells why; the others go on. A database that is gone ends this knock.
    """
    with reading(sessions) as session:
        waiting = changes.due(session, clock())
    done = 0
    for change_id in waiting:
        try:
            actor = _in_whose_name(sessions, change_id)
            with unit_of_work(sessions, actor, clock()) as uow:
                done += going_live.publish_change(uow, change_id)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - the others do not wait for one change
            if not isinstance(error, DomainError):
                _log.exception("the change %d could not be published", change_id)
            with unit_of_work(sessions, SYSTEM, clock()) as uow:
                changes.failed(uow, change_id, _why(error))
    return done


def _in_whose_name(sessions: Sessions, change_id: int) -> Actor:
    """The approver: a version names who put it into force."""
    with reading(sessions) as session:
        change = changes.change(session, change_id)
        return actor_of(session.get_one(User, change.decided_by))


def _why(error: Exception) -> Phrase:
    if isinstance(error, DomainError):
        return changes.refusal_of(error)
    return Phrase(
        "系统出错，未能发布；错误已记录，请联系系统管理员。",
        "A fault kept it from being published; it was logged: tell the administrator.",
    )

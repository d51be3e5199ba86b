"""The unit of work: one transaction, one actor, one instant.

Entry points (pages, API, jobs, commands of the console) open it; everything below receives it
and never commits. Leaving the block normally commits, leaving it by an exception rolls back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.db import Sessions


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person with roles in a unit, or the system itself."""

    user_id: int | None
    name: str
    roles: frozenset[str] = field(default_factory=frozenset)
    unit_id: int | None = None


SYSTEM = Actor(user_id=None, name="系统", roles=frozenset({"system"}))
"""Acts for timers and jobs."""


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """What a command receives: the open transaction, who acts, and the one `now` of it all."""

    session: Session
    actor: Actor
    now: datetime


@contextmanager
def unit_of_work(sessions: Sessions, actor: Actor, now: datetime) -> Iterator[UnitOfWork]:
    """Open a transaction for `actor` at `now` (aware); commit at the end, roll back on an error."""
    if now.tzinfo is None:
        raise ValueError("a unit of work needs an aware instant")
    session = sessions()
    try:
        yield UnitOfWork(session, actor, now)
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()

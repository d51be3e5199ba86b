"""Work that outlasts a request: asked for by a person, done bit by bit by the ticker.

The row says how far the work has come, so that a page can show it and any process can go on
where another one was killed. What is done in each bit must bear being done twice.
"""

from datetime import datetime, timedelta

from sqlalchemy import Index, Text, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, Id
from app.core.uow import UnitOfWork

LEASE = timedelta(minutes=1)
"""How long a process holds a job without a word; then another one may go on with it."""

_OPEN = "finished_at IS NULL"


class Job(Base):
    """One piece of work; of each kind at most one is open."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_open",
            "kind",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[int | None] = mapped_column(Id)
    """The user in whose name it is done; none for the system."""
    asked_by_name: Mapped[str]
    total: Mapped[int]
    """How many things there were to look at when it was asked for."""
    done: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    """How many of those done were changed by it."""
    failed: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    cursor: Mapped[int] = mapped_column(Id, default=0)
    """The id of the last thing done; the rest have greater ones."""
    held_until: Mapped[datetime | None]
    """Until when a process is at it; free afterwards."""
    finished_at: Mapped[datetime | None]


def ask(uow: UnitOfWork, kind: str, total: int) -> Job:
    """The open job of this kind, in the name of the actor; one that is open already goes on."""
    connection = uow.session.connection()
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        build(Job)
        .values(
            kind=kind,
            asked_at=uow.now,
            asked_by=uow.actor.user_id,
            asked_by_name=uow.actor.name,
            total=total,
            done=0,
            changed=0,
            failed=0,
            cursor=0,
        )
        .on_conflict_do_nothing(index_elements=["kind"], index_where=text(_OPEN))
    )
    return uow.session.scalars(select(Job).where(Job.kind == kind, Job.finished_at.is_(None))).one()


def hold(uow: UnitOfWork, kind: str) -> Job | None:
    """Take the open job of this kind for `LEASE`; none when there is none or another is at it."""
    free = or_(Job.held_until.is_(None), Job.held_until <= uow.now)
    held = uow.session.execute(
        update(Job)
        .where(Job.kind == kind, Job.finished_at.is_(None), free)
        .values(held_until=uow.now + LEASE)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    return None if held is None else uow.session.get(Job, held, populate_existing=True)


def report(
    uow: UnitOfWork,
    job_id: int,
    *,
    cursor: int,
    done: int,
    changed: int,
    failed: int,
    error: str | None,
    finished: bool,
) -> None:
    """Add what was done since the last report; an unfinished job stays held."""
    job = uow.session.get_one(Job, job_id, with_for_update=True, populate_existing=True)
    job.cursor = max(job.cursor, cursor)
    job.done += done
    job.changed += changed
    job.failed += failed
    job.last_error = error or job.last_error
    job.held_until = None if finished else uow.now + LEASE
    if finished:
        job.finished_at = uow.now


def release(uow: UnitOfWork, job_id: int) -> None:
    """Leave an unfinished job to whoever looks next."""
    uow.session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(held_until=None)
        .execution_options(synchronize_session=False)
    )


def is_open(session: Session, kind: str) -> bool:
    """Whether there is anything to do; asked at every knock of the ticker, so it only reads."""
    found = select(Job.id).where(Job.kind == kind, Job.finished_at.is_(None))
    return session.scalar(found) is not None


def latest(session: Session, kind: str) -> Job | None:
    """The job of this kind that was asked for last, finished or not."""
    return session.scalar(select(Job).where(Job.kind == kind).order_by(Job.id.desc()).limit(1))

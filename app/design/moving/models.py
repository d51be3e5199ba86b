"""Tables of moves: live processes brought to another version of their diagram, case by case."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class MoveStatus(StrEnum):
    """How far a move has come."""

    TRIED = "tried"
    """A dry run: nothing has been asked for."""
    WAITING = "waiting"
    """Asked for; a second person decides."""
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    """Somebody stopped it half-way; what was moved stays moved."""
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    """What had not gone on is back at its version; the lines say which has."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class MoveOutcome(StrEnum):
    """What became of one process."""

    MOVED = "moved"
    SKIPPED = "skipped"
    """It had ended, or was at that version already."""
    NEEDS_MAPPING = "needs_mapping"
    REFUSED = "refused"
    """It stands where the new version cannot take it over."""
    FAILED = "failed"
    """A defect: the process is as it was."""
    UNDONE = "undone"
    GONE_ON = "gone_on"
    """Moved, and not to be undone: the case has gone on since."""


class CaseMove(Base):
    """A batch of moves to one version of one diagram: asked by one person, agreed by another."""

    __tablename__ = "case_move"
    __table_args__ = (
        Index(
            "ix_case_move_open",
            "diagram",
            unique=True,
            sqlite_where=text("open"),
            postgresql_where=text("open"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    diagram: Mapped[str]
    """Key of the diagram."""
    version: Mapped[int]
    """The version they are moved to."""
    mapping: Mapped[str] = mapped_column(Text)
    """JSON: element of an old version → the element that takes its place."""
    recount_limits: Mapped[bool]
    """Whether running clocks get the limits of the new version's tables."""
    query: Mapped[str] = mapped_column(Text)
    """JSON: which cases were meant."""
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str]
    open: Mapped[bool]
    """Waiting, under way or interrupted: of each diagram one at most."""
    asked_at: Mapped[datetime]
    """When it was asked for; of a dry run, when that was."""
    asked_by: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    asked_by_name: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    decided_by_name: Mapped[str | None]
    opinion: Mapped[str] = mapped_column(Text, default="")
    finished_at: Mapped[datetime | None]
    undone_by_name: Mapped[str | None]
    """Who had the whole batch undone, and why."""
    undo_reason: Mapped[str] = mapped_column(Text, default="")


class CaseMoveLine(Base):
    """One process of a move."""

    __tablename__ = "case_move_line"
    __table_args__ = (
        UniqueConstraint("move_id", "process_id"),
        Index(
            "ix_case_move_line_waiting",
            "move_id",
            "id",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    move_id: Mapped[int] = mapped_column(Id, ForeignKey("case_move.id"))
    process_id: Mapped[int] = mapped_column(Id, ForeignKey("process.id"))
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"), index=True)
    number: Mapped[str]
    """Of the order, or of the demand while there is none."""
    from_version: Mapped[int]
    seen: Mapped[int | None] = mapped_column(Id)
    """How far the case had come at its dry run; it grows with every change of the case. Empty
    until it has been looked at.
    """
    verdict: Mapped[str | None]
    """What the dry run expects."""
    tasks: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """JSON: its open steps, before and after."""
    orphans: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """JSON: the elements it stands at that the new version no longer has, in their order."""
    limits_changed: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many of its running clocks get another limit."""
    outcome: Mapped[str | None]
    """Empty until its turn has come."""
    note: Mapped[str] = mapped_column(Text, default="")
    """Why it cannot move, was not moved, or not undone: a line in Chinese, a line in English."""
    deadlines: Mapped[str] = mapped_column(Text, default="[]")
    """JSON: the clocks that ran, before and after; what it takes to put them back."""
    engine_move_id: Mapped[int | None] = mapped_column(Id, ForeignKey("process_move.id"))
    done_at: Mapped[datetime | None]

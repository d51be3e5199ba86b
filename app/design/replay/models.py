"""Tables of replays: what was asked for, and what came of each part of the record."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import orjson
from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.design.documents import Document


class ReplayStatus(StrEnum):
    """How far a replay has come."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class DesignReplay(Base):
    """Real cases run again: under a change's drafts, or as they were where there is no change."""

    __tablename__ = "design_replay"
    __table_args__ = (
        Index(
            "ix_design_replay_running",
            "id",
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    change_id: Mapped[int | None] = mapped_column(Id, ForeignKey("design_change.id"), index=True)
    since: Mapped[datetime]
    """Cases that arrived from then on, up to when it was asked for."""
    asked_at: Mapped[datetime]
    asked_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    asked_by_name: Mapped[str]
    drafts: Mapped[str] = mapped_column(Text)
    """JSON: kind, key and content of each draft as it was when it was asked for: `snapshot`."""
    status: Mapped[str]
    cases: Mapped[int]
    result: Mapped[str] = mapped_column(Text, default="")
    """JSON: the figures of all parts, once it is done."""
    finished_at: Mapped[datetime | None]
    cpu_seconds: Mapped[float] = mapped_column(default=0.0)


class DesignReplayPart(Base):
    """Cases that influence each other, or some that do not; one process runs them at a time."""

    __tablename__ = "design_replay_part"
    __table_args__ = (UniqueConstraint("replay_id", "position"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    replay_id: Mapped[int] = mapped_column(Id, ForeignKey("design_replay.id"))
    position: Mapped[int]
    demands: Mapped[str] = mapped_column(Text)
    """JSON: ids of the demands."""
    result: Mapped[str | None] = mapped_column(Text)
    """JSON: figures and lists, once it was run."""


def snapshot(texts: Mapping[Document, str]) -> str:
    """Drafts as a replay keeps them: the same for the same texts."""
    listed = sorted([what.kind.value, what.key, text] for what, text in texts.items())
    return orjson.dumps(listed).decode()

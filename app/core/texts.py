"""Texts that the office publishes version by version: what has no table of its own for that."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, Id, never_changes


@never_changes
class DocumentVersion(Base):
    """A published version of a text. Never changes."""

    __tablename__ = "document_version"
    __table_args__ = (UniqueConstraint("kind", "key", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    version: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    """Of `content`."""
    published_at: Mapped[datetime]


def in_force(session: Session, kind: str, key: str, at: datetime) -> str | None:
    """The text that was the newest at an instant; none where nothing was published by then."""
    return session.scalar(
        select(DocumentVersion.content)
        .where(
            DocumentVersion.kind == kind,
            DocumentVersion.key == key,
            DocumentVersion.published_at <= at,
        )
        .order_by(DocumentVersion.version.desc())
        .limit(1)
    )

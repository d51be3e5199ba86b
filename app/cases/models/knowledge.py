"""What the office knows: answers that agents give at once."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class KnowledgeStatus(StrEnum):
    """Where an item stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class KnowledgeItem(Base):
    """A question with its answer, its source, and the day until which it may be used."""

    __tablename__ = "knowledge_item"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """ZS, the day, and a running number of that day."""
    status: Mapped[str] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    """The policy, with its document number where it has one, or who gave the answer."""
    category: Mapped[str | None]
    keywords: Mapped[str] = mapped_column(Text)
    open_to_public: Mapped[bool]
    """Whether it may be shown outside the office, too."""
    expires_on: Mapped[date]
    """The last day on which it may be used."""
    edited_at: Mapped[datetime]
    edited_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    edited_by_name: Mapped[str]
    edits: Mapped[int] = mapped_column(default=0)
    used: Mapped[int] = mapped_column(default=0)
    """How many demands were answered with it."""


class KnowledgeEdit(Base):
    """An item as somebody left it: one row an edit, never changed."""

    __tablename__ = "knowledge_edit"
    __table_args__ = (UniqueConstraint("item_id", "position"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    item_id: Mapped[int] = mapped_column(Id, ForeignKey("knowledge_item.id"))
    position: Mapped[int]
    at: Mapped[datetime]
    by: Mapped[int | None] = mapped_column(Id)
    by_name: Mapped[str]
    status: Mapped[str]
    title: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    expires_on: Mapped[date]


class KnowledgeGap(Base):
    """A consultation the base could not answer: an editor is to fill the gap."""

    __tablename__ = "knowledge_gap"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"), unique=True)
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    closed_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    closed_by_name: Mapped[str | None]
    item_id: Mapped[int | None] = mapped_column(Id, ForeignKey("knowledge_item.id"))
    """What fills it; none where an editor found that nothing needs to be written."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why nothing needs to be written."""

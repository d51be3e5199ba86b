"""Extensions of many orders at once: what was asked for, decided, and done to each."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class BulkStatus(StrEnum):
    """How far a bulk extension has come."""

    WAITING = "waiting"
    """It waits for the approval of a second person."""
    APPROVED = "approved"
    REFUSED = "refused"


class BulkOutcome(StrEnum):
    """What became of one order."""

    EXTENDED = "extended"
    SKIPPED = "skipped"
    """It had moved on since: answered, overdue, suspended, or already extended otherwise."""


class BulkExtension(Base):
    """More time for all orders that a query found, for one common reason."""

    __tablename__ = "bulk_extension"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    asked_by_name: Mapped[str]
    query: Mapped[str] = mapped_column(Text)
    """JSON of what the orders were chosen by."""
    days: Mapped[int]
    """In the unit of each limit."""
    ground: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    decided_by_name: Mapped[str | None]
    opinion: Mapped[str | None] = mapped_column(Text)


class BulkExtensionOrder(Base):
    """One order of a bulk extension, with the deadline that was shown to who asked and decided."""

    __tablename__ = "bulk_extension_order"
    __table_args__ = (
        UniqueConstraint("bulk_id", "demand_id"),
        Index(
            "ix_bulk_extension_order_to_do",
            "bulk_id",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    bulk_id: Mapped[int] = mapped_column(Id, ForeignKey("bulk_extension.id"))
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    clock_id: Mapped[int] = mapped_column(Id, ForeignKey("clock.id"))
    due_before: Mapped[datetime]
    due_after: Mapped[datetime]
    """As foreseen when it was asked for."""
    outcome: Mapped[str | None]
    """Empty until it was this order's turn."""
    note: Mapped[str | None] = mapped_column(Text)
    """Why it was skipped."""

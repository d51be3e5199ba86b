"""Parts of an order: what a co-unit or a lower tier does of it, and answers."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class Relation(StrEnum):
    """Why a unit has a part of an order that is another's."""

    CO = "co"
    """It assists the lead unit (协办)."""
    LOWER = "lower"
    """A unit above it has passed the matter on to it (转派下级)."""


class Part(Base):
    """The part of one unit. Whose it is and how it ended are in its procedure."""

    __tablename__ = "part"
    __table_args__ = (Index("ix_part_above_id", "above_id"),)

    procedure_id: Mapped[int] = mapped_column(Id, ForeignKey("procedure.id"), primary_key=True)
    relation: Mapped[str]
    above_id: Mapped[int | None] = mapped_column(Id, ForeignKey("procedure.id"))
    """The part that this one was given for; empty where it was given for the order itself."""
    giver_unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """The unit that is answered; empty while the order has no lead unit."""
    task: Mapped[str | None] = mapped_column(Text)
    """What is asked of the unit; empty: whatever of the matter is its business."""
    signed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    overdue: Mapped[bool] = mapped_column(default=False)
    """Its limit passed without an answer: its own unit's lateness, not the lead's."""

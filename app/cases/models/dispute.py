"""Disputes about whose duty a matter is: parties, meetings, rulings, and what the catalogue learns.

What people said in a step, and their files, is kept with the steps of the case.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.models.work_order import WorkOrder
from app.core.db import Base, Id
from app.identity.models import HandlingUnit


class Settlement(StrEnum):
    """How a dispute ended."""

    AGREED = "agreed"
    """The units agreed among themselves, or with the centre's help."""
    RULED = "ruled"
    FALLBACK = "fallback"
    """Nobody could say whose it is: the government of the place takes it."""


class Dispute(Base):
    """A dispute about whose order it is, from tier 1 (the units) to 3 (the leader)."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index("ix_dispute_order_id", "order_id"),
        Index(
            "ix_dispute_open_tier",
            "tier",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("work_order.id"))
    cause: Mapped[str]
    """As the table `coordination_entry` names it."""
    hazard: Mapped[bool]
    """There is danger, which the first receiver sees to while it is settled whose duty it is."""
    hazard_handled_at: Mapped[datetime | None]
    first_unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """The first receiver, who leads meanwhile; empty where no unit was found."""
    tier: Mapped[int]
    opened_at: Mapped[datetime]
    opened_by_name: Mapped[str]
    promised_at: Mapped[datetime]
    """The date that the requester was told: the end of the last tier that may be needed."""
    closed_at: Mapped[datetime | None]

    order: Mapped[WorkOrder] = relationship()
    first_unit: Mapped[HandlingUnit | None] = relationship()
    parties: Mapped[list["DisputeParty"]] = relationship(order_by="DisputeParty.id")
    meetings: Mapped[list["DisputeMeeting"]] = relationship(order_by="DisputeMeeting.id")
    ruling: Mapped["Ruling | None"] = relationship(back_populates="dispute")


class DisputeParty(Base):
    """A unit that has part in a dispute, and what it holds."""

    __tablename__ = "dispute_party"
    __table_args__ = (UniqueConstraint("dispute_id", "unit_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(Id, ForeignKey("dispute.id"))
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    part: Mapped[str]
    """`first_receiver` or `proposed_unit`."""
    position: Mapped[str] = mapped_column(Text, default="")
    """What it said last; earlier words are in the steps of the case."""
    stated_at: Mapped[datetime | None]

    unit: Mapped[HandlingUnit] = relationship()


class DisputeMeeting(Base):
    """A meeting that was called, where and when."""

    __tablename__ = "dispute_meeting"
    __table_args__ = (Index("ix_dispute_meeting_dispute_id", "dispute_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    dispute_id: Mapped[int] = mapped_column(Id, ForeignKey("dispute.id"))
    tier: Mapped[int]
    meets_at: Mapped[datetime]
    place: Mapped[str]
    called_by_name: Mapped[str]


class Ruling(Base):
    """Whose the matter is, from the instant it was settled; binding, and never changed."""

    __tablename__ = "ruling"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """CD, the day, and a running number of that day: later orders name it."""
    dispute_id: Mapped[int] = mapped_column(Id, ForeignKey("dispute.id"), unique=True)
    tier: Mapped[int]
    settlement: Mapped[str]
    lead_unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    co_units: Mapped[str] = mapped_column(Text)
    """Codes of the units that assist, separated by blanks."""
    ruled_at: Mapped[datetime]
    ruled_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    ruled_by_name: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    minutes: Mapped[str] = mapped_column(Text)

    dispute: Mapped[Dispute] = relationship(back_populates="ruling")
    lead_unit: Mapped[HandlingUnit] = relationship()


class CatalogueChange(Base):
    """What a ruling changes in the dispatch catalogue; published once a second person agrees."""

    __tablename__ = "catalogue_change"
    __table_args__ = (
        Index("ix_catalogue_change_category_district", "category", "district"),
        Index(
            "ix_catalogue_change_waiting",
            "id",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    ruling_id: Mapped[int] = mapped_column(Id, ForeignKey("ruling.id"), unique=True)
    category: Mapped[str]
    district: Mapped[str]
    drafted_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_name: Mapped[str | None]
    version: Mapped[int | None]
    """The version of the catalogue that carries it first; empty where it was turned down."""
    remark: Mapped[str] = mapped_column(Text, default="")

    ruling: Mapped[Ruling] = relationship()

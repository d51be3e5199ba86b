"""Urgent matters reported to a leader, and matters that go to the police or come from it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class UrgentReport(Base):
    """A report slip (呈阅件) about an urgent order; its process runs beside the handling."""

    __tablename__ = "urgent_report"

    procedure_id: Mapped[int] = mapped_column(Id, ForeignKey("procedure.id"), primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """CY, the day, and a running number of that day."""
    report_to: Mapped[str]
    """`leader` or `duty_manager`, as the table `urgency` says."""
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_name: Mapped[str | None]
    measures: Mapped[str | None] = mapped_column(Text)
    """What the duty officer arranged at once."""
    seen_at: Mapped[datetime | None]
    seen_by_name: Mapped[str | None]
    instruction: Mapped[str | None] = mapped_column(Text)
    """What the leader wrote on the slip."""
    fed_back_at: Mapped[datetime | None]
    feedback: Mapped[str | None] = mapped_column(Text)
    """What the unit reported from the spot."""
    late: Mapped[bool] = mapped_column(default=False)
    """A limit of the report has passed at least once."""


class PoliceTransfer(Base):
    """A matter passed to 110, or that came from it; both sides keep their numbers."""

    __tablename__ = "police_transfer"
    __table_args__ = (Index("ix_police_transfer_demand_id", "demand_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    procedure_id: Mapped[int | None] = mapped_column(Id, ForeignKey("procedure.id"), unique=True)
    """The procedure of a matter that went to 110; none for one that came from it."""
    direction: Mapped[str]
    """`out` to 110, `in` from it."""
    way: Mapped[str]
    """`one_key`, `three_party`, or `first_receiver` where nobody else would take it."""
    police_number: Mapped[str | None] = mapped_column(index=True)
    at: Mapped[datetime]
    """When it was passed on, or arrived."""
    by_name: Mapped[str]
    accepted_at: Mapped[datetime | None]
    result: Mapped[str | None] = mapped_column(Text)
    result_at: Mapped[datetime | None]
    """When the result came back, or was returned to 110."""

"""Requests of units for more time."""

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class ExtensionRequest(Base):
    """One request, of one unit, for one run of the handling clock.

    Days are in the unit of the limit: working days for a limit of working days.
    """

    __tablename__ = "extension_request"
    __table_args__ = (Index("ix_extension_request_clock_id", "clock_id"),)

    procedure_id: Mapped[int] = mapped_column(Id, ForeignKey("procedure.id"), primary_key=True)
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"))
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """The unit that asked: requests and grants are counted to it."""
    number: Mapped[int]
    """The n-th of this run of the clock, from 1; refused and withdrawn ones do not count."""
    days: Mapped[int]
    ground: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    days_granted: Mapped[int | None]
    """Empty until the request is approved."""

"""Promises of units to do by a later date what cannot be done within the limit."""

from datetime import date

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class Promise(Base):
    """One promise of one unit; counted apart from orders that were done, and from returns."""

    __tablename__ = "promise"
    __table_args__ = (Index("ix_promise_unit_id_promised_on", "unit_id", "promised_on"),)

    procedure_id: Mapped[int] = mapped_column(Id, ForeignKey("procedure.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    promised_on: Mapped[date]
    words: Mapped[str] = mapped_column(Text)
    kept: Mapped[bool | None]
    """Empty until the unit reports."""

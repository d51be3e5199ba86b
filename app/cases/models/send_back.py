"""Requests of units to send an order back, and what was decided on each."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class ReturnRequest(Base):
    """One request of one unit, for one order. What was decided, and its effect, is filled in later.

    Counters of an order and of a unit are sums over these rows.
    """

    __tablename__ = "return_request"
    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        Index("ix_return_request_unit_id_asked_at", "unit_id", "asked_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("work_order.id"))
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    number: Mapped[int]
    """The n-th of this order, from 1, by whichever unit."""
    asked_at: Mapped[datetime]
    asked_by_name: Mapped[str]
    reason_code: Mapped[str]
    statement: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    suggested_unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    hazard: Mapped[bool]
    """The unit says that there is danger, which somebody must see to first."""
    route: Mapped[str]
    """Where the table `return_request` sent it."""
    bouncing: Mapped[bool]
    """The table takes it as evidence of buck-passing."""
    decision: Mapped[str | None]
    """Empty until it is decided."""
    decided_at: Mapped[datetime | None]
    decided_by_name: Mapped[str | None]
    counts_as_return: Mapped[bool] = mapped_column(default=False)
    counts_against_unit: Mapped[bool] = mapped_column(default=False)
    may_return_again: Mapped[bool] = mapped_column(default=True)
    """Whether this unit may still send this order back freely; coordination stays open to it."""

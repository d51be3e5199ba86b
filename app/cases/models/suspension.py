"""Orders that rest in the register of pending matters (挂账)."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class Suspension(Base):
    """One request of a unit to let an order rest, and the rest that came of it."""

    __tablename__ = "suspension"

    procedure_id: Mapped[int] = mapped_column(Id, ForeignKey("procedure.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """The unit that asked."""
    ground: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    condition: Mapped[str | None] = mapped_column(Text)
    """What must happen for the order to go on; empty where only time must pass."""
    review_on: Mapped[date]
    """The day on which it is looked at again, by the calendar in China."""
    most_months: Mapped[int]
    """The longest rest that the table allows for the ground."""
    status_before: Mapped[str]
    """Where the order stood, and stands again afterwards."""
    suspended_at: Mapped[datetime | None]
    """Empty until the request is approved."""
    resumed_at: Mapped[datetime | None]
    renewals: Mapped[int] = mapped_column(default=0)

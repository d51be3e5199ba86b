"""What runs beside the main process of a case: an extension asked for, a co-unit's part …"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class Procedure(Base):
    """A process of its own beside the main one. It never blocks the order.

    `kind` is the key of its diagram. Clocks and tasks of the procedure hang on this row; what it
    is about in detail is in the table of its kind. Its history is part of the case's chain.
    """

    __tablename__ = "procedure"
    __table_args__ = (
        UniqueConstraint("kind", "cause"),
        Index("ix_procedure_demand_id", "demand_id"),
        Index(
            "ix_procedure_open_unit_id",
            "unit_id",
            "kind",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """The unit whose people do its unit steps; empty for a procedure of the centre."""
    cause: Mapped[str | None]
    """What set it going, where it must be set going once only; unique among those of its kind."""
    opened_at: Mapped[datetime]
    opened_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    opened_by_name: Mapped[str]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    """How it ended, in a code of its kind; empty while it is open."""
    process_id: Mapped[int | None] = mapped_column(Id)

"""Who has seen a case."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class CaseView(Base):
    """One look of one person at the page of a sealed or anonymous case; never changed."""

    __tablename__ = "case_view"
    __table_args__ = (Index("ix_case_view_demand_id", "demand_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    user_name: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))

"""Which units had an order before the one that has it now."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class FormerUnit(Base):
    """A unit that was in charge of an order, and until when. Who is in charge now stands in the
    order itself.
    """

    __tablename__ = "former_unit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"), index=True)
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    until: Mapped[datetime]

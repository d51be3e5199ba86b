"""Which demands are about one matter: merged into an order, or related to an earlier demand."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class RelatedDemand(Base):
    """A person found that a demand is about the matter of an earlier one."""

    __tablename__ = "related_demand"
    __table_args__ = (Index("ix_related_demand_matter_id", "matter_id"),)

    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"), primary_key=True)
    earlier_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    matter_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    """The first demand about the matter: all that are about it name the same."""
    counts_as: Mapped[str]
    """`repeat` of the same requester, `joint` with others, or `none`, as the table says."""
    merged: Mapped[bool]
    """Whether it joined the order of the earlier one; else it has an order of its own."""
    related_at: Mapped[datetime]

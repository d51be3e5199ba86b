"""A unit that is merged into another, split, or closed: what was planned and how far it is."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class Reorganisation(Base):
    """One unit gives its work to others; carried out case by case in the background."""

    __tablename__ = "reorganisation"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    """`merged`, `split` or `closed`."""
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    heir_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """Who takes what no other heir takes."""
    plan: Mapped[str] = mapped_column(Text)
    """JSON: category → id of the unit that takes the orders and rows of it, where it is split."""
    basis: Mapped[str] = mapped_column(Text)
    """The document that reorganises the units."""
    asked_at: Mapped[datetime]
    asked_by_name: Mapped[str]
    catalogue_version: Mapped[int | None]
    """The version of the dispatch catalogue that names the heirs; none where no row named it."""
    done_at: Mapped[datetime | None]

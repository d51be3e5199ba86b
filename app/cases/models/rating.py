"""What hangs on ratings: links by text message, objections of units, and the drawn sample."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class RatingLink(Base):
    """A link by which a requester who was not reached may rate once."""

    __tablename__ = "rating_link"
    __table_args__ = (Index("ix_rating_link_order_id", "order_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    """Nobody can guess it; whoever has it may rate."""
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("work_order.id"))
    sent_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class JoinedRating(Base):
    """What somebody whose demand joined an order thinks of it: a link, and the rating given by it.

    It is not counted: the order counts once.
    """

    __tablename__ = "joined_rating"
    __table_args__ = (
        Index("ix_joined_rating_order_id", "order_id"),
        Index("ix_joined_rating_demand_id", "demand_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    """Nobody can guess it; whoever has it may rate."""
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("work_order.id"))
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    """The demand that joined the order."""
    sent_at: Mapped[datetime]
    open_until: Mapped[datetime]
    rated_at: Mapped[datetime | None]
    """Empty until the link was used; so are the ratings."""
    efficiency: Mapped[str | None]
    attitude: Mapped[str | None]
    result: Mapped[str | None]
    solved: Mapped[bool | None]


class RatingObjection(Base):
    """A unit holds that a rating must not count to it."""

    __tablename__ = "rating_objection"

    procedure_id: Mapped[int] = mapped_column(Id, ForeignKey("procedure.id"), primary_key=True)
    callback_id: Mapped[int] = mapped_column(Id, ForeignKey("callback.id"), unique=True)
    """A rating is objected to once."""
    unit_id: Mapped[int] = mapped_column(Id, ForeignKey("handling_unit.id"))
    ground: Mapped[str]
    statement: Mapped[str] = mapped_column(Text)
    approved: Mapped[bool | None]
    """Empty until it is decided."""


class ReCheckSample(Base):
    """What was drawn for one day: anybody can draw it again from seed and share."""

    __tablename__ = "re_check_sample"

    day: Mapped[date] = mapped_column(primary_key=True)
    """The day on which the orders were closed."""
    seed: Mapped[str]
    percent: Mapped[int]
    closed: Mapped[int]
    """How many orders could have been drawn."""
    drawn: Mapped[int]
    drawn_at: Mapped[datetime]

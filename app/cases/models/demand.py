"""What a requester asks for. Most demands are answered at once and never become an order."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Id

if TYPE_CHECKING:
    from app.cases.models.work_order import WorkOrder


class DemandStatus(StrEnum):
    """Where a demand stands."""

    REGISTERING = "registering"
    ACCEPTED = "accepted"
    ANSWERED_ONLINE = "answered_online"
    ORDERED = "ordered"
    NOT_ACCEPTED = "not_accepted"
    CLOSED = "closed"
    ARCHIVED = "archived"
    MERGED = "merged"


class AnswerWay(StrEnum):
    """Who answered a demand that needed no order."""

    AGENT = "agent"
    THREE_PARTY = "three_party"
    """A policy specialist, in a call of three: counted as answered online, too."""


class Demand(Base):
    """A demand with its five elements: who, when, where, cause and course of events.

    The history of the whole case, order included, hangs on it.
    """

    __tablename__ = "demand"
    __table_args__ = (
        Index("ix_demand_requester_phone_arrived_at", "requester_phone", "arrived_at"),
        Index("ix_demand_category_district_arrived_at", "category", "district", "arrived_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """Shown to people: SQ, the day, and a running number of that day."""
    query_code: Mapped[str]
    """With the number it lets the requester look up progress."""
    status: Mapped[str]
    channel: Mapped[str]
    arrived_at: Mapped[datetime] = mapped_column(index=True)
    registered_at: Mapped[datetime | None]
    registered_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))

    requester_name: Mapped[str]
    requester_phone: Mapped[str]
    anonymous: Mapped[bool] = mapped_column(default=False)
    confidential: Mapped[bool] = mapped_column(default=False)
    enterprise: Mapped[bool] = mapped_column(default=False)

    nature: Mapped[str]
    category: Mapped[str]
    urgency: Mapped[str] = mapped_column(default="normal")
    district: Mapped[str]
    address: Mapped[str] = mapped_column(Text)
    happened: Mapped[str] = mapped_column(Text)
    """When it happened, in the requester's words."""
    title: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)

    answer: Mapped[str | None] = mapped_column(Text)
    """What the requester was told, where no order was needed."""
    answered_way: Mapped[str | None]
    answered_by: Mapped[int | None] = mapped_column(Id)
    knowledge_item_id: Mapped[int | None] = mapped_column(Id)
    """The item the answer was taken from, if it was."""
    closed_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(Id, ForeignKey("demand.id"), index=True)
    """The demand about the same matter with whose order it is answered."""
    process_id: Mapped[int | None] = mapped_column(Id)

    order: Mapped["WorkOrder | None"] = relationship(back_populates="demand")


class DailyNumber(Base):
    """The running number of a day and a prefix; the row is locked while the next is taken."""

    __tablename__ = "daily_number"

    day: Mapped[str] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]

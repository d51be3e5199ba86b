"""The order to a unit to handle a demand, and what was said on the way."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.models.demand import Demand
from app.core.db import Base, Id


class OrderStatus(StrEnum):
    """Where an order stands; the names are the office's own."""

    PENDING_DISPATCH = "pending_dispatch"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    HANDLING = "handling"
    IN_APPROVAL = "in_approval"
    FEEDBACK = "feedback"
    PENDING_CALLBACK = "pending_callback"
    PENDING_JUDGEMENT = "pending_judgement"
    RE_HANDLING = "re_handling"
    SUSPENDED = "suspended"
    RETURN_ASKED = "return_asked"
    IN_COORDINATION = "in_coordination"
    PENDING_CLOSURE = "pending_closure"
    CLOSED = "closed"
    ARCHIVED = "archived"


class DispatchMode(StrEnum):
    """Who answers an order."""

    ASSIGN = "assign"
    """交办: a unit handles it."""
    SELF = "self"
    """自办: the centre answers itself."""
    REFER = "refer"
    """转送: a body outside the system answers."""


class RatingWay(StrEnum):
    """How a rating was asked for."""

    PHONE = "phone"
    LINK = "link"
    """By text message, after nobody was reached."""
    RE_CHECK = "re_check"
    """A sample of the closed orders is asked once more."""


class WorkOrder(Base):
    """A work order. Created only when a demand must be handled by a unit."""

    __tablename__ = "work_order"
    __table_args__ = (
        Index(
            "ix_work_order_open_lead_unit_id",
            "lead_unit_id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    """GD, the day, and a running number of that day."""
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"), unique=True)
    status: Mapped[str] = mapped_column(index=True)
    lead_unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    created_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    signed_automatically: Mapped[bool] = mapped_column(default=False)
    contacted_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    """When the unit's reply was last approved: what the handling limit is measured against."""
    reviewed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closing_reason: Mapped[str | None]
    overdue: Mapped[bool] = mapped_column(default=False)
    """The handling limit has passed at least once without a reply."""
    rejected_count: Mapped[int] = mapped_column(default=0)
    re_handled_count: Mapped[int] = mapped_column(default=0)
    returned_count: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often the order was sent back in a way that counts."""
    next_unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """Where it goes once the return is settled; the heir of its unit, where that was gone when it
    was reopened; empty otherwise."""
    public_reply: Mapped[str | None] = mapped_column(Text)
    published: Mapped[bool | None]
    """Whether the result is published; empty until it is closed."""
    reopened_count: Mapped[int] = mapped_column(default=0, server_default="0")
    dispatch_mode: Mapped[str] = mapped_column(default=DispatchMode.ASSIGN, server_default="assign")
    """One of `DispatchMode`: orders are counted by it."""
    referred_to: Mapped[str | None]
    """The body outside the system that a referred order was passed to."""
    referral_number: Mapped[str | None]
    """The number under which that body has it."""

    demand: Mapped[Demand] = relationship(back_populates="order")


class StepRecord(Base):
    """What a person entered in a step: never changed, one row a submission.

    The answers hold free text and so stay out of the chain of history, which keeps a digest
    with this row's salt. Deleting answers and salt anonymises without breaking the chain.
    """

    __tablename__ = "step_record"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"), index=True)
    element_id: Mapped[str]
    done_at: Mapped[datetime]
    done_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    done_by_name: Mapped[str]
    answers: Mapped[str] = mapped_column(Text)
    """JSON of field → value."""
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)


class Callback(Base):
    """One attempt to ask the requester, with the rating if there was one."""

    __tablename__ = "callback"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("work_order.id"), index=True)
    attempt: Mapped[int]
    called_at: Mapped[datetime]
    called_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    reached: Mapped[bool]
    efficiency: Mapped[str | None]
    attitude: Mapped[str | None]
    result: Mapped[str | None]
    solved: Mapped[bool | None]
    way: Mapped[str] = mapped_column(default=RatingWay.PHONE, server_default="phone")
    """One of `RatingWay`."""
    unit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("handling_unit.id"))
    """The unit in charge when the rating was given: it is counted to that one."""
    excluded_by: Mapped[int | None] = mapped_column(Id, ForeignKey("procedure.id"))
    """The approved objection that keeps the rating out of the unit's score; it is never deleted."""

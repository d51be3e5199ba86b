"""What happened to a case, one entry after the other; entries are only ever added."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class HistoryEntry(Base):
    """One link of a case's chain.

    It holds command, element and routing facts, enough to run the case again. Personal data
    and free text appear only as the id of their row and a salted digest.
    """

    __tablename__ = "history_entry"
    __table_args__ = (UniqueConstraint("demand_id", "position"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"))
    position: Mapped[int]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(Id)
    actor_name: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(Id)
    command: Mapped[str]
    element_id: Mapped[str | None]
    facts: Mapped[str] = mapped_column(Text)
    """JSON: routing facts set, clocks moved, and the digest of the record if there is one."""
    record_id: Mapped[int | None] = mapped_column(Id)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


class CaseHead(Base):
    """The end of a case's chain: where the next entry goes, and what it follows."""

    __tablename__ = "case_head"

    demand_id: Mapped[int] = mapped_column(Id, ForeignKey("demand.id"), primary_key=True)
    entries: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    anchored: Mapped[int] = mapped_column(default=0)
    """How many entries the last anchor covers: a case that did not move is not anchored again."""


class AnchoredHead(Base):
    """The end of a case's chain as it stood when a day was anchored."""

    __tablename__ = "anchored_head"

    anchor_id: Mapped[int] = mapped_column(Id, ForeignKey("chain_anchor.id"), primary_key=True)
    demand_id: Mapped[int] = mapped_column(Id, primary_key=True)
    """No foreign key: a case that vanished must still be named."""
    entries: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)

"""Published tables, which never change, and what they decided for whom."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id, never_changes


@never_changes
class DecisionVersion(Base):
    """A published version of a decision table. Rows are added, never changed."""

    __tablename__ = "decision_version"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(Text)
    """Of the text, and of what it imports."""
    xml: Mapped[str] = mapped_column(Text)
    imports: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    """JSON: key and version of each table it imports; they answer in these versions for ever."""
    published_at: Mapped[datetime]


class DecisionRecord(Base):
    """One answer of a table, kept as evidence: which rows, on which inputs, with which outputs.

    `rows`, `inputs` and `outputs` are JSON texts.
    """

    __tablename__ = "decision_record"
    __table_args__ = (
        ForeignKeyConstraint(
            ["decision_key", "version"], ["decision_version.key", "decision_version.version"]
        ),
        Index(None, "subject_kind", "subject_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[int] = mapped_column(Id)
    decision_key: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    decided_at: Mapped[datetime]
    rows: Mapped[str] = mapped_column(Text)
    inputs: Mapped[str] = mapped_column(Text)
    outputs: Mapped[str] = mapped_column(Text)

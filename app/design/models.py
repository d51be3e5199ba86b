"""Tables of the workshop: changes, their drafts, what was published by whom, what a release offers.

Published diagrams, decision tables and letters have tables of their own; `app.core.texts` keeps
the versions of every other kind of document.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base, Id


class Kind(StrEnum):
    """What can be edited in the workshop; the key of a document is unique within its kind."""

    DIAGRAM = "diagram"
    """BPMN; the key is the id of the process that is started."""
    TABLE = "table"
    """DMN; the key is that of the decision."""
    SCENARIOS = "scenarios"
    """Stories that a process is tried with (YAML); the key is that of the process."""
    EXAMPLES = "examples"
    """Test rows of a table (YAML); the key is that of the decision."""
    LETTER = "letter"
    """JSON: the text in both languages; the key is the kind of letter."""
    MESSAGE = "message"
    """JSON: the text in both languages; the key is the name of the message."""
    PROFILE = "profile"
    """JSON: the city's own values; there is one document of the kind."""


class Status(StrEnum):
    """How far a change has come."""

    OPEN = "open"
    PROPOSED = "proposed"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """It could not be published when its time had come; the decision note says why."""


class Source(StrEnum):
    """Where a published version came from."""

    SHIPPED = "shipped"
    CHANGE = "change"
    ROLLBACK = "rollback"
    FOLLOWING = "following"
    """A diagram published anew because a table or a diagram it names has a new version."""


class DesignChange(Base):
    """Documents that are worked on together and go live together."""

    __tablename__ = "design_change"
    __table_args__ = (
        Index(
            "ix_design_change_due",
            "effective_at",
            sqlite_where=text("status = 'approved'"),
            postgresql_where=text("status = 'approved'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[str]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    created_by_name: Mapped[str]
    created_at: Mapped[datetime]
    proposed_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    proposed_by_name: Mapped[str | None]
    proposed_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(Id, ForeignKey("app_user.id"))
    decided_by_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(Text, default="")
    effective_at: Mapped[datetime | None]
    """When it is to be published, as its approver chose."""
    published_at: Mapped[datetime | None]
    evidence: Mapped[str] = mapped_column(Text, default="")
    """JSON: what the approver was shown, as it was when the change was proposed."""

    drafts: Mapped[list["DesignDraft"]] = relationship(
        back_populates="change", order_by="DesignDraft.id"
    )


class DesignDraft(Base):
    """The text of one document in one change; a document is in one open change at most."""

    __tablename__ = "design_draft"
    __table_args__ = (
        UniqueConstraint("change_id", "kind", "key"),
        Index(
            "ix_design_draft_open",
            "kind",
            "key",
            unique=True,
            sqlite_where=text("open"),
            postgresql_where=text("open"),
        ),
        {"sqlite_autoincrement": True},  # an editor left open must never save into another draft
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    change_id: Mapped[int] = mapped_column(Id, ForeignKey("design_change.id"))
    kind: Mapped[str]
    key: Mapped[str]
    based_on: Mapped[int | None]
    """The published version it began as, or was last compared with; none for a new document."""
    restores: Mapped[int | None]
    """The older version that it brings back, unchanged."""
    content: Mapped[str] = mapped_column(Text)
    revision: Mapped[int]
    """From 1; a save names the one it has seen."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    changed_by_name: Mapped[str]
    open: Mapped[bool]

    change: Mapped[DesignChange] = relationship(back_populates="drafts")


class DesignDraftRevision(Base):
    """A text that a draft had; the last ones, and every one that was proposed, are kept."""

    __tablename__ = "design_draft_revision"
    __table_args__ = (UniqueConstraint("draft_id", "revision"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    draft_id: Mapped[int] = mapped_column(Id, ForeignKey("design_draft.id"))
    revision: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime]
    saved_by: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    saved_by_name: Mapped[str]
    proposed: Mapped[bool]


class Publication(Base):
    """How a version came to be published: by a release, or by a change with author and approver."""

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("kind", "key", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    change_id: Mapped[int | None] = mapped_column(Id, ForeignKey("design_change.id"), index=True)
    kind: Mapped[str]
    key: Mapped[str]
    version: Mapped[int]
    source: Mapped[str]
    sha256: Mapped[str]
    """Of the text that was handed in; the version may hold more (rulings in the catalogue)."""
    from_version: Mapped[int | None]
    """The older version that a roll-back brought back."""
    scenarios: Mapped[int | None]
    """For a diagram: the version of its scenarios that it was published with."""
    comment: Mapped[str] = mapped_column(Text)
    author: Mapped[str]
    approved_by: Mapped[str | None]
    published_at: Mapped[datetime]


class ShippedOffer(Base):
    """A text that a release brought for a document that the city has made its own."""

    __tablename__ = "shipped_offer"
    __table_args__ = (UniqueConstraint("kind", "key", "sha256"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    """Of `content`: the same text is offered once."""
    offered_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    """When it was taken into a change, put aside, or followed by a newer one."""
    settled_by_name: Mapped[str | None]


class DesignRecording(Base):
    """A story that is being tried step by step, to be kept as a scenario."""

    __tablename__ = "design_recording"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    process: Mapped[str]
    """Key of the process that it is about."""
    change_id: Mapped[int | None] = mapped_column(Id, ForeignKey("design_change.id"), index=True)
    """The change whose drafts are tried; none for what is in force."""
    story: Mapped[str] = mapped_column(Text)
    """Its steps, as a document of scenarios writes them."""
    revision: Mapped[int]
    """Counts the changes; a click on a page that shows an older one loses."""
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    created_by_name: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

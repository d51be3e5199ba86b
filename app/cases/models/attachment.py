"""Files that belong to a case."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class Attachment(Base):
    """One file somebody uploaded; its content stands in the folder of files under its digest.

    Until the step or the addition it was chosen for is done it belongs to no case: only who
    uploaded it knows of it, and it is removed after a day.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index(
            "ix_attachment_waiting",
            "uploaded_by",
            sqlite_where=text("demand_id IS NULL"),
            postgresql_where=text("demand_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    demand_id: Mapped[int | None] = mapped_column(Id, ForeignKey("demand.id"), index=True)
    element_id: Mapped[str | None]
    """The step it was entered in; none for what was added to the case beside the steps."""
    kind: Mapped[str | None]
    """What it shows, a `FileKind`; none while it waits."""
    name: Mapped[str]
    """As the uploader's machine named it, made harmless."""
    media_type: Mapped[str]
    size: Mapped[int]
    """Bytes."""
    digest: Mapped[str] = mapped_column(index=True)
    """SHA-256 of the content, in hex."""
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[int] = mapped_column(Id, ForeignKey("app_user.id"))
    uploaded_by_name: Mapped[str]
    uploaded_by_unit: Mapped[int | None] = mapped_column(Id)
    """The unit of the uploader at that time; none for people of the centre without one."""

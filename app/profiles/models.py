"""The letters of the office and who issues them, as they were published, version by version."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id


class LetterVersion(Base):
    """The text of one kind of letter, with places for its fields, from one publication on."""

    __tablename__ = "letter_version"
    __table_args__ = (UniqueConstraint("kind", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    version: Mapped[int]
    text_zh: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class LetterIssuer(Base):
    """In whose name letters are issued, from one publication on; the newest counts."""

    __tablename__ = "letter_issuer"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    published_at: Mapped[datetime]

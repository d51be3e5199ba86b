"""Hash chains: an entry carries the digest of everything before it.

Each case has a chain; the heads that moved are anchored once a day in a chain of their own, so
that neither a rewritten history nor a vanished case goes unnoticed.
"""

import hashlib
import secrets
from datetime import date, datetime

import orjson
from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id

GENESIS = bytes(32)
"""What the first entry of a chain follows."""


class ChainAnchor(Base):
    """The heads of the chains that grew on one day, as one digest in a chain of its own."""

    __tablename__ = "chain_anchor"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    heads: Mapped[int]
    """How many heads were anchored."""
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Over the day, every anchored head in order of its case, and the previous anchor."""
    anchored_at: Mapped[datetime]


def link(previous: bytes, content: object) -> bytes:
    """The digest of an entry with `content` (JSON values) that follows `previous`."""
    return hashlib.sha256(previous + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def salt() -> bytes:
    """A fresh salt. Deleting it with its text leaves a digest that betrays nothing."""
    return secrets.token_bytes(16)


def digest_of_text(text_salt: bytes, text: str) -> str:
    """What the chain keeps of personal data and free text."""
    return hashlib.sha256(text_salt + text.encode()).hexdigest()

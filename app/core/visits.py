"""How often a page without sign-in was asked for, counted for all processes of an office together.

Addresses are not kept: each falls into one of so many buckets, by a digest with the office's
secret. So the table is bounded, and nobody can choose whose bucket to fill.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.uow import UnitOfWork

BUCKETS = 65_536
"""Rows at most. Two addresses of one bucket share what is allowed to one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class VisitCount(Base):
    """The visits of one bucket within the newest of its spans of time."""

    __tablename__ = "visit_count"

    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    span: Mapped[int]
    """Number of the span since 1970."""
    visits: Mapped[int]


def admit(
    uow: UnitOfWork, page: str, address: str, secret: str, *, most: int, within: timedelta
) -> bool:
    """Count a visit of `page`; whether it is among the first `most` of its span of time.

    Spans lie end to end, so that across the edge of two there may be twice as many.
    """
    span = (uow.now - _EPOCH) // within
    counted = VisitCount.__table__
    connection = uow.session.connection()
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    upsert = (
        build(VisitCount)
        .values(bucket=_bucket(page, address, secret), span=span, visits=1)
        .on_conflict_do_update(
            index_elements=["bucket"],
            set_={
                "span": span,
                "visits": case((counted.c.span == span, counted.c.visits + 1), else_=1),
            },
        )
        .returning(VisitCount.visits)
    )
    return int(connection.execute(upsert).scalar_one()) <= most


def _bucket(page: str, address: str, secret: str) -> int:
    """Whoever has one address of an IPv6 network of 64 bits has them all."""
    try:
        if ip_address(address).version == 6:
            address = str(ip_network(f"{address}/64", strict=False))
    except ValueError:
        pass  # a socket without an address
    digest = hashlib.blake2b(
        f"{page}\n{address}".encode(), key=secret.encode()[:64], digest_size=8
    ).digest()
    return int.from_bytes(digest) % BUCKETS

"""Messages to the outside: written with the case, sent afterwards.

A command only adds a row; nothing leaves the house inside a transaction. The key makes a
message unique, so that a step done again after a crash does not tell people twice.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Index, Text, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, Id
from app.core.uow import UnitOfWork

GIVE_UP_AFTER = 8
"""Attempts; with doubling pauses from one minute this is a little over two hours."""


class OutboxMessage(Base):
    """One message to one recipient."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_waiting",
            "next_attempt_at",
            sqlite_where=text("sent_at IS NULL"),
            postgresql_where=text("sent_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    """Idempotency key: what happened to whom."""
    medium: Mapped[str]
    """`sms` or `email`."""
    recipient: Mapped[str]
    template: Mapped[str]
    content: Mapped[str] = mapped_column(Text)
    """JSON of the values of the template."""
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)


class Sender(Protocol):
    """What carries a message out of the house."""

    def send(self, message: OutboxMessage) -> None:
        """Send, or raise `OSError` when it may be tried again."""


def post(
    uow: UnitOfWork,
    key: str,
    medium: str,
    recipient: str,
    template: str,
    values: Mapping[str, object],
) -> None:
    """Leave a message to be sent after the commit; a key that was used before adds nothing."""
    connection = uow.session.connection()
    connection.execute(
        _POST[connection.dialect.name],
        {
            "key": key,
            "medium": medium,
            "recipient": recipient,
            "template": template,
            "content": json.dumps(values, ensure_ascii=False, default=str),
            "created_at": uow.now,
            "next_attempt_at": uow.now,
            "attempts": 0,
        },
    )


_POST = {
    "postgresql": postgresql.insert(OutboxMessage).on_conflict_do_nothing(index_elements=["key"]),
    "sqlite": sqlite.insert(OutboxMessage).on_conflict_do_nothing(index_elements=["key"]),
}


def waiting(session: Session, now: datetime, limit: int = 100) -> list[int]:
    """Ids of the messages to be tried at `now`, oldest first."""
    return list(
        session.scalars(
            select(OutboxMessage.id)
            .where(OutboxMessage.sent_at.is_(None), OutboxMessage.next_attempt_at <= now)
            .order_by(OutboxMessage.next_attempt_at)
            .limit(limit)
        )
    )


def deliver(uow: UnitOfWork, message_id: int, senders: Mapping[str, Sender]) -> None:
    """Try one message; a failure is noted and tried later with growing pauses.

    The row is locked while it is sent, so that two workers do not send it twice. After
    `GIVE_UP_AFTER` attempts it stays for an administrator to see.
    """
    message = uow.session.scalar(
        select(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.sent_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    if message is None:
        return
    message.attempts += 1
    try:
        senders[message.medium].send(message)
    except OSError as error:
        message.last_error = str(error)
        pause = timedelta(minutes=2 ** (message.attempts - 1))
        message.next_attempt_at = uow.now + pause if message.attempts < GIVE_UP_AFTER else None
    else:
        message.sent_at = uow.now
        message.next_attempt_at = None

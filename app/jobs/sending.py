"""What carries messages of the outbox out of the house."""

import json
import logging
import smtplib
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import object_session

from app.cases.notices import wording
from app.core.db import Sessions, reading
from app.core.outbox import OutboxMessage, Sender, deliver, waiting
from app.core.uow import SYSTEM, unit_of_work
from app.settings import Settings

SECONDS = 15
"""How long a mail server or gateway may take."""

_log = logging.getLogger("jieban.sent")


def text_of(message: OutboxMessage, site: str) -> str:
    """The message in words; links in it begin with `site`."""
    text = wording(message.template, object_session(message), message.created_at)
    return text.zh.format(site=site, **json.loads(message.content))


class LogSender:
    """Writes messages to the log: for trying out, and where no gateway is set."""

    def __init__(self, site: str) -> None:
        self._site = site

    def send(self, message: OutboxMessage) -> None:
        """One line in the log jieban.sent; the recipient is shortened."""
        text = text_of(message, self._site)
        _log.info("%s to …%s: %s", message.medium, message.recipient[-4:], text)


class MailSender:
    """Sends mail by SMTP."""

    def __init__(self, url: str, sender: str, site: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender
        self._site = site

    def send(self, message: OutboxMessage) -> None:
        """Send as plain text. Raises `OSError` (smtplib's errors are OSErrors)."""
        mail = EmailMessage()
        mail["From"], mail["To"] = self._sender, message.recipient
        mail["Subject"] = "12345 工单提醒"
        mail.set_content(text_of(message, self._site))
        secure = self._url.scheme == "smtps"
        kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
        host, port = self._url.hostname or "", self._url.port or (465 if secure else 25)
        with kind(host, port, timeout=SECONDS) as server:
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(mail)


class GatewaySender:
    """Hands text messages to an HTTP gateway."""

    def __init__(self, url: str, site: str) -> None:
        self._url = url
        self._site = site

    def send(self, message: OutboxMessage) -> None:
        """POST {to, text, key} as JSON; the key lets the gateway drop what it had already.

        Raises `OSError` (urllib's errors are OSErrors).
        """
        body = json.dumps(
            {
                "to": message.recipient,
                "text": text_of(message, self._site),
                "key": message.key,
            }
        ).encode()
        request = urllib.request.Request(  # noqa: S310 - the setting only admits http and https
            self._url, body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310
            pass


def senders(settings: Settings) -> dict[str, Sender]:
    """What carries which medium, as the settings say."""
    site = settings.site
    log = LogSender(site)
    return {
        "sms": GatewaySender(settings.sms_url, site) if settings.sms_url else log,
        "email": MailSender(settings.smtp_url, settings.mail_from, site)
        if settings.smtp_url
        else log,
    }


def send_waiting(
    sessions: Sessions, clock: Callable[[], datetime], carriers: Mapping[str, Sender]
) -> int:
    """Try every message that is due to be tried; returns how many were tried."""
    now = clock()
    with reading(sessions) as session:
        ids = waiting(session, now)
    for message_id in ids:
        with unit_of_work(sessions, SYSTEM, now) as uow:
            deliver(uow, message_id, carriers)
    return len(ids)

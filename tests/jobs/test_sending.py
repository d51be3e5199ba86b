"""Messages leave the house after the commit, once, and failures are tried again."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select

from app.cases.models.rating import RatingLink
from app.core.db import reading
from app.core.outbox import GIVE_UP_AFTER, OutboxMessage, Sender
from app.jobs.sending import GatewaySender, LogSender, send_waiting
from tests.office import Office

SITE = "https://12345.example.gov.cn"


class Gateway(HTTPServer):
    """A gateway on this machine that can be told to fail."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[dict[str, str]] = []
        self.failing = False


class Receiver(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.failing:
            self.server.received.append(json.loads(body))
        self.send_response(503 if self.server.failing else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def send(office: Office, gateway: Gateway) -> int:
    carrier = GatewaySender(f"http://127.0.0.1:{gateway.server_port}/", SITE)
    carriers: dict[str, Sender] = {"sms": carrier, "email": LogSender(SITE)}
    return send_waiting(office.sessions, lambda: office.now, carriers)


def test_the_liaison_is_told_of_a_dispatched_order_once(office: Office, gateway: Gateway) -> None:
    case = office.bring_to("sign_for")
    send(office, gateway)
    send(office, gateway)
    [message] = [one for one in gateway.received if "请及时签收" in one["text"]]
    assert office.order(case).number in message["text"]
    assert "张三丰" not in message["text"]


def test_the_link_to_a_rating_can_be_opened_from_the_message(
    office: Office, gateway: Gateway
) -> None:
    case = office.bring_to("callback")
    for _ in range(3):
        office.wait(days=3)
        office.do(case, "callback", reached="no")
    send(office, gateway)
    with reading(office.sessions) as session:
        code = session.scalars(select(RatingLink.code)).one()
    [link] = [one["text"] for one in gateway.received if "/rate/" in one["text"]]
    assert f"请打开 {SITE}/rate/{code} 评价" in link
    assert all(code not in line for line in office.story(case))


def test_a_failing_gateway_is_tried_again_with_growing_pauses(
    office: Office, gateway: Gateway
) -> None:
    office.bring_to("sign_for", anonymous=True, requester_phone="")  # only the liaison is told
    gateway.failing = True
    assert send(office, gateway) == 1
    assert send(office, gateway) == 0
    office.now += timedelta(minutes=1)
    assert send(office, gateway) == 1
    office.now += timedelta(minutes=1)
    assert send(office, gateway) == 0
    gateway.failing = False
    office.now += timedelta(minutes=1)
    assert send(office, gateway) == 1
    assert len(gateway.received) == 1


def test_after_eight_failures_the_message_waits_for_an_administrator(
    office: Office, gateway: Gateway
) -> None:
    office.bring_to("sign_for", anonymous=True, requester_phone="")  # only the liaison is told
    gateway.failing = True
    for _ in range(GIVE_UP_AFTER + 3):
        send(office, gateway)
        office.now += timedelta(hours=3)
    with reading(office.sessions) as session:
        message = session.scalars(select(OutboxMessage)).one()
    assert (message.attempts, message.sent_at) == (GIVE_UP_AFTER, None)
    assert "503" in (message.last_error or "")

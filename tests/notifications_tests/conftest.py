"""The outside world of messages: a real SMTP server and a real HTTP gateway on this machine, and rows to send."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

from notifications.models import Message
from notifications.statuses import Channel
from orders.models import Order
from shops.wakeups import circuit
from tests.factories import make_order


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MailServer:
    """Keeps what it accepts; `answer` is given to every recipient, `final` after the text."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.answer = "250 OK"
        self.final = "250 OK"
        self.connections = 0
        self.port = free_port()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.final.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.envelopes.append(envelope)
        return self.final


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """An SMTP server, with the settings pointing at it."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
    yield server
    controller.stop()


@dataclass
class Gateway:
    """What an SMS gateway was sent, and what it answers. `behaviour` may hang up or stay silent."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    answer: str = '{"id": "gw-1", "status": "queued"}'
    behaviour: str = "answer"
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """An HTTP gateway, with the settings pointing at it."""
    state = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            is_form = "form" in self.headers.get("Content-Type", "")
            state.requests.append(dict(parse_qsl(raw)) if is_form else json.loads(raw))
            state.headers.append(dict(self.headers))
            if state.behaviour == "hang up":
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if state.behaviour == "stay silent":
                state.released.wait(30)
                return
            body = state.answer.encode()
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/send"
    settings.SMS = {
        "url": state.url,
        "token": "secret-token",
        "headers": {},
        "body": {"to": "{to}", "text": "{text}", "id": "{id}"},
        "success": "",
        "timeout": 2,
    }
    yield state
    state.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def closed_circuit() -> Iterator[None]:
    """No test inherits another's broken broker."""
    circuit.close()
    yield
    circuit.close()


@pytest.fixture
def make_message() -> Callable[..., Message]:
    """A due message about an order, as the handlers would queue it."""
    from notifications.services import queue_messages
    from tests.factories import SYSTEM

    def make(
        channel: str = Channel.EMAIL, event: str = "confirmed", order: Order | None = None, **columns: Any
    ) -> Message:
        import uuid

        order = order or make_order()
        uid = uuid.uuid4()
        queue_messages(order_id=order.pk, shop_id=order.shop_id, event=event, event_uid=uid, actor=SYSTEM)
        Message.objects.filter(event_uid=uid).exclude(channel=channel).delete()
        if columns:
            Message.objects.filter(event_uid=uid).update(**columns)
        return Message.objects.get(event_uid=uid)

    return make

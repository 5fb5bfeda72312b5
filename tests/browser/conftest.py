"""A real Chromium on a live server, and the world behind it: a Celery worker, a mail server, an SMS gateway.

Every page is watched: a violated content policy, a script error or a failed request of the page's own fails the test.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from scripts.chromium import HOW_TO, find_chromium
from shops.models import User

# Playwright's event loop runs in the test's thread; Django would take the test itself for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
DESK = {"width": 1440, "height": 860}
# Two cores that test on both can keep a page waiting; what is right comes, and what is wrong stays wrong.
expect.set_options(timeout=10_000)
PHONE = {"width": 390, "height": 780}
# What a refusal answers with is meant; the browser logs it all the same.
MEANT = ("status of 409", "status of 422", "status of 403")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.fail(HOW_TO)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def session_of(user: User) -> str:
    """The key of a session in which this person is signed in; the form of the login page has a test of its own."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@dataclass
class Visitor:
    """Opens windows of one browser and keeps what went wrong in any of them."""

    browser: Browser
    address: str
    problems: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, user: User, *, phone: bool = False, scripts: bool = True) -> Page:
        """A window in which this person is signed in."""
        options: dict[str, Any] = (
            {"viewport": PHONE, "has_touch": True, "is_mobile": True} if phone else {"viewport": DESK}
        )
        context = self.browser.new_context(
            base_url=self.address, locale="en-GB", java_script_enabled=scripts, **options
        )
        self.contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": self.address}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        return page

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(meant in message.text for meant in MEANT):
            self.problems.append(message.text)


@pytest.fixture
def visitor(chromium: Browser, live_server: LiveServer) -> Iterator[Visitor]:
    visitor = Visitor(chromium, live_server.url)
    yield visitor
    for context in visitor.contexts:
        context.close()
    assert visitor.problems == []


@pytest.fixture
def sign_in(visitor: Visitor) -> Callable[..., Page]:
    return visitor.open


# --- The world behind the pages


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sinks:
    """What customers received: `mails` by SMTP, `texts` by the SMS gateway."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.texts: list[dict[str, str]] = []
        texts = self.texts

        class Gateway(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                texts.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"id": "sms-1"}')

            def log_message(self, *arguments: Any) -> None:
                return

        self.gateway = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        self.smtp = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def start(self) -> None:
        threading.Thread(target=self.gateway.serve_forever, args=(0.02,), daemon=True).start()
        self.smtp.start()

    def stop(self) -> None:
        self.gateway.shutdown()
        self.gateway.server_close()
        self.smtp.stop()

    @property
    def smtp_port(self) -> int:
        return int(self.smtp.port)


@pytest.fixture
def sinks() -> Iterator[Sinks]:
    sinks = Sinks()
    sinks.start()
    yield sinks
    sinks.stop()


@pytest.fixture
def worker(live_server: LiveServer, sinks: Sinks, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker on the test's database, sending to the sinks; with no broker shared, its own sweep finds the work."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "oms.settings",
        "DATABASE_URL": _database_url(),
        "OMS_DATA_DIR": str(tmp_path / "worker"),
        "OMS_PUBLIC_URL": live_server.url,
        "EMAIL_URL": f"smtp://127.0.0.1:{sinks.smtp_port}",
        "SMS_URL": f"http://127.0.0.1:{sinks.gateway.server_port}/send",
        "CELERY_BROKER_URL": "",
        "REDIS_URL": "",
    }
    environment.pop("CELERY_BROKER_URL")
    command = [
        sys.executable,
        "-m",
        "celery",
        "--quiet",
        "-A",
        "oms",
        "worker",
        "--pool",
        "threads",
        "--concurrency",
        "2",
    ]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        yield process
        process.terminate()
        process.wait(timeout=20)


def _database_url() -> str:
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    return (
        f"postgres://{values['USER']}:{values['PASSWORD']}@{values['HOST']}:{values['PORT']}/{values['NAME']}"
    )


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 25) -> None:
    """Wait for something outside the browser."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def eventually() -> Callable[..., None]:
    return wait_until

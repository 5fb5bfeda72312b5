"""Servers on this machine that speak the providers' protocols, each as its documentation tells.

They check what the provider would check (key, fields, number format) and refuse in its own way, so that a class that
speaks wrongly is refused here too.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


@dataclass
class Call:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    form: dict[str, str]
    json: Any


@dataclass
class ProviderServer:
    """A provider; `refuse` is its next answer where it is to be another than usual, `behaviour` how it breaks off."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    refuse: Answer | None = None
    behaviour: str = "answer"
    released: threading.Event = field(default_factory=threading.Event)


Speak = Callable[[ProviderServer, Call], Answer]


def smsapi(server: ProviderServer, call: Call) -> Answer:
    """SMSAPI: bearer token, a form, an idx that is accepted once."""
    if call.headers.get("Authorization") != "Bearer good":
        return 401, {"error": 101, "message": "Authorization failed"}
    if (call.method, call.path, call.form.get("format")) != ("POST", "/sms.do", "json"):
        return 400, {"error": 1001, "message": "Invalid action"}
    if not call.form["to"].isdecimal():
        return 200, {"error": 13, "message": "No correct phone numbers", "invalid_numbers": []}
    if call.form.get("check_idx") == "1" and any(one["idx"] == call.form["idx"] for one in server.sent):
        return 200, {"error": 53, "message": "Not unique idx"}
    server.sent.append(call.form)
    row = {"id": f"sa-{len(server.sent)}", "points": 0.16, "number": call.form["to"], "status": "QUEUE"}
    return 200, {"count": 1, "list": [row | {"error": None, "idx": call.form["idx"]}]}


def turbosms(server: ProviderServer, call: Call) -> Answer:
    """TurboSMS: always HTTP 200, a code for the request and one for each recipient."""
    if call.headers.get("Authorization") != "Bearer good":
        return 200, {"response_code": 103, "response_status": "REQUIRED_TOKEN", "response_result": None}
    if call.path == "/message/status.json":
        row = {"message_id": call.json["messages"][0], "response_code": 0, "status": "Delivered"}
        return 200, {"response_code": 0, "response_status": "OK", "response_result": [row]}
    recipient = call.json["recipients"][0]
    row = {"phone": recipient, "response_code": 0, "message_id": f"ts-{len(server.sent)}"}
    if not recipient.isdecimal():
        row |= {"response_code": 305, "message_id": None, "response_status": "INVALID_PHONE"}
        return 200, {"response_code": 802, "response_status": "PARTIAL", "response_result": [row]}
    server.sent.append(call.json)
    return 200, {
        "response_code": 801,
        "response_status": "SUCCESS_MESSAGE_SENT",
        "response_result": [row | {"response_status": "OK"}],
    }


def sendsms(server: ProviderServer, call: Call) -> Answer:
    """SendSMS: one GET, a negative status is an error."""
    if (call.query.get("username"), call.query.get("password")) != ("casa", "good"):
        return 200, {"status": -1, "message": "Invalid username or password", "details": None}
    if not call.query["to"].isdecimal():
        return 200, {"status": -5, "message": "Invalid destination number", "details": None}
    server.sent.append(call.query)
    return 200, {"status": 1, "message": "Sent", "details": f"ss-{len(server.sent)}"}


def twilio(server: ProviderServer, call: Call) -> Answer:
    """Twilio: basic authentication, 201 with a sid, 4xx with a code."""
    signed = base64.b64encode(b"AC1:good").decode()
    if call.headers.get("Authorization") != f"Basic {signed}":
        return 401, {"code": 20003, "message": "Authenticate", "status": 401}
    if call.method == "GET":
        rows = [
            {"sid": f"SM{n}", "body": one["Body"], "status": "delivered"} for n, one in enumerate(server.sent)
        ]
        return 200, rows[0] if call.path.endswith("/SM0.json") else {"messages": rows}
    if not call.form["To"].startswith("+"):
        return 400, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}
    server.sent.append(call.form)
    return 201, {"sid": f"SM{len(server.sent) - 1}", "status": "queued"}


@contextmanager
def serve(speak: Speak) -> Iterator[ProviderServer]:
    """Run a provider on a free port of this machine."""
    state = ProviderServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            call = self._call()
            state.calls.append(call)
            if state.behaviour == "hang up":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if state.behaviour == "stay silent":
                state.released.wait(30)
                self.close_connection = True
                return
            status, said = state.refuse or speak(state, call)
            body = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _call(self) -> Call:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            kind = self.headers.get("Content-Type", "")
            form = _one_each(raw) if "form" in kind else {}
            parsed = json.loads(raw) if "json" in kind else None
            return Call(self.command, parts.path, dict(self.headers), _one_each(parts.query), form, parsed)

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()


def _one_each(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}

"""SMS through any HTTP gateway: an address, headers, a body to fill in, and a rule for what success looks like.

Settings (`SMS`): `url`; `token`, sent as a bearer; `headers`; `body`, in whose strings {to}, {text}, {id} and
{sender} are filled in, sent as JSON or, when the Content-Type header says so, as a form; `success`, a text that the
answer must contain; `timeout` in seconds. {id} stays the same when a message is tried again, so that a gateway that
knows idempotency can recognise it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
from django.conf import settings

from notifications.transports.base import (
    ChannelDown,
    Outgoing,
    PermanentError,
    TemporaryError,
    TransportError,
    UnknownOutcome,
)

LONGEST_ANSWER = 64 * 1024
_PLACES = re.compile(r"\{(to|text|id|sender)\}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# The gateway says that it did not take the message, and that it may later.
LATER = frozenset({429, 500, 503})
# The gateway's own door is closed to us; every other message would meet it too.
CLOSED = frozenset({401, 403, 404, 405})
# Something between us and the gateway lost the answer.
LOST = frozenset({408, 502, 504})


@dataclass(frozen=True)
class GatewaySettings:
    """The `SMS` setting, with its defaults."""

    url: str
    token: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    success: str = ""
    timeout: int = 15


def gateway_settings() -> GatewaySettings:
    """The gateway as configured now."""
    return GatewaySettings(**settings.SMS)


class SmsGateway:
    """One HTTP client for a batch. A request is never repeated by itself: only rows are tried again."""

    name = "sms"
    STEPS = 4  # connect, write, wait for the answer, read it

    def __init__(self, gateway: GatewaySettings) -> None:
        self._gateway = gateway
        headers = {name: str(value) for name, value in gateway.headers.items()}
        if gateway.token:
            headers["Authorization"] = f"Bearer {gateway.token}"
        self._is_form = "form" in httpx.Headers(headers).get("content-type", "")
        self._client = httpx.Client(headers=headers, timeout=gateway.timeout, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(self, message: Outgoing) -> str:
        """Hand one SMS to the gateway and answer the number it gives it."""
        if not _PHONE.fullmatch(message.to):
            raise PermanentError(f"“{message.to}” is not a phone number with its country code.")
        body = fill(self._gateway.body, message)
        content = {"data": body} if self._is_form else {"json": body}
        try:
            with self._client.stream("POST", self._gateway.url, **content) as response:
                return self._judge(response.status_code, self._read(response))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ChannelDown(_words(error)) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise ChannelDown(_words(error)) from error
        except httpx.HTTPError as error:
            raise UnknownOutcome(_words(error)) from error

    def _read(self, response: httpx.Response) -> str:
        """The answer's text, as much as fits in the time and size allowed for it."""
        ends_at = time.monotonic() + self._gateway.timeout
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LONGEST_ANSWER or time.monotonic() > ends_at:
                break
        return b"".join(parts).decode(errors="replace")

    def _judge(self, status: int, answer: str) -> str:
        if 200 <= status < 300:
            if self._gateway.success and self._gateway.success not in answer:
                raise PermanentError(f"The gateway refused: {answer[:200]}")
            return provider_number(answer)
        raise _error_of(status)(f"HTTP {status}: {answer[:200]}")


def fill(body: Any, message: Outgoing) -> Any:
    """The body with the message's values in it; a value's own braces are never read as a place."""
    if isinstance(body, str):
        values = {"to": message.to, "text": message.text, "id": message.key, "sender": message.sender}
        return _PLACES.sub(lambda match: values[match[1]], body)
    if isinstance(body, dict):
        return {name: fill(value, message) for name, value in body.items()}
    if isinstance(body, list):
        return [fill(value, message) for value in body]
    return body


def provider_number(answer: str) -> str:
    """The message's number in a gateway's JSON answer, where it has one under a usual name."""
    try:
        parsed = json.loads(answer)
    except ValueError:
        return ""
    if not isinstance(parsed, dict):
        return ""
    names = ("id", "message_id", "messageId", "sid")
    return next((str(parsed[name])[:200] for name in names if parsed.get(name)), "")


def _error_of(status: int) -> type[TransportError]:
    if status in LATER:
        return TemporaryError
    if status in CLOSED:
        return ChannelDown
    if status in LOST or status >= 500:
        return UnknownOutcome
    return PermanentError


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"

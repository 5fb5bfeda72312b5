"""What every SMS provider's class shares: one HTTP client for a batch, and what its silence or its status codes mean.

A request is never repeated by itself, redirects are not followed, and of an answer only so much is read as fits its
size and time. What could not be connected never left; what was handed over and not answered may have left.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils.functional import Promise

from notifications.statuses import MessageState
from notifications.transports.base import (
    ChannelDown,
    Heard,
    Outgoing,
    PermanentError,
    TemporaryError,
    TransportError,
    UnknownOutcome,
)

# The client's own log lines name the whole address, and some providers want the key in it.
logging.getLogger("httpx").setLevel(logging.WARNING)

TIMEOUT = 15
STEPS = 4  # connect, write, wait for the answer, read it
LONGEST_ANSWER = 64 * 1024
INNER = (".local", ".internal", ".lan", ".home.arpa")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# The provider says that it did not take the message, and that it may later.
LATER = frozenset({429, 500, 503})
# The provider's own door is closed to us; every other message would meet it too.
CLOSED = frozenset({401, 403, 404, 405})
# Something between us and the provider lost the answer.
LOST = frozenset({408, 502, 504})


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def parsed(self) -> dict[str, Any]:
        """The JSON object in it, or nothing."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Hook:
    """A call to one of our own addresses: what it carried, by name, and how it was signed."""

    url: str
    fields: Mapping[str, str]
    posted: Mapping[str, str] = field(default_factory=dict)
    signature: str = ""


@dataclass(frozen=True)
class Reply:
    """What somebody wrote back. `key` is the provider's own number of it, where there is one."""

    sender: str
    text: str
    key: str = ""


@dataclass(frozen=True)
class Field:
    """One thing a provider wants to know of an account."""

    name: str
    label: str | Promise
    help: str | Promise = ""
    is_secret: bool = False
    is_required: bool = True
    is_long: bool = False
    example: str = ""


class SmsClient:
    """One HTTP client for a batch."""

    name = "sms"
    STEPS = STEPS

    def __init__(self, *, timeout: int = TIMEOUT, **options: Any) -> None:
        self._timeout = timeout
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, method: str, url: str, **content: Any) -> Answer:
        """One request. Raises ChannelDown when it never left, UnknownOutcome when nobody can tell."""
        try:
            with self._client.stream(method, url, **content) as response:
                return Answer(response.status_code, self._read(response))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ChannelDown(_words(error)) from error
        # The last of these: a header that cannot be written, found before anything is sent.
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
            raise ChannelDown(_words(error)) from error
        except httpx.HTTPError as error:
            raise UnknownOutcome(_words(error)) from error

    def _read(self, response: httpx.Response) -> str:
        """The answer's text, as much as fits in the time and size allowed for it."""
        ends_at = time.monotonic() + self._timeout
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LONGEST_ANSWER or time.monotonic() > ends_at:
                break
        return b"".join(parts).decode(errors="replace")


class SmsProvider(SmsClient):
    """A provider known by name: its fields, its address, and how it speaks. One small class each derives from it."""

    fields: ClassVar[tuple[Field, ...]] = ()
    base_url: ClassVar[str] = ""
    # What a report call and a reply call are answered.
    report_answer: ClassVar[str] = "OK"
    reply_answer: ClassVar[str] = "OK"

    def __init__(self, credentials: Mapping[str, str], *, report_url: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.credentials = credentials
        self.report_url = report_url
        self.url = checked_url(credentials.get("url") or self.base_url)

    @staticmethod
    def is_genuine(hook: Hook, credentials: Mapping[str, str]) -> bool:
        """Whether a call really comes from the provider, where it signs its calls; the secret address was right."""
        return True

    @staticmethod
    def read_reports(hook: Hook) -> list[Heard]:
        """The delivery reports in a call; those that say nothing we know are left out."""
        return []

    @staticmethod
    def read_reply(hook: Hook) -> Reply | None:
        """The customer's answer in a call."""
        return usual_reply(hook)


def phone_of(message: Outgoing) -> str:
    """The recipient's number, E.164 with its plus. Raises PermanentError for anything else."""
    if not _PHONE.fullmatch(message.to):
        raise PermanentError(f"“{message.to}” is not a phone number with its country code.")
    return message.to


def error_of(answer: Answer) -> TransportError:
    """What an answer's status code means for the message."""
    words = f"HTTP {answer.status}: {answer.text[:200]}"
    if answer.status in LATER:
        return TemporaryError(words)
    if answer.status in CLOSED:
        return ChannelDown(words)
    if answer.status in LOST or answer.status >= 500:
        return UnknownOutcome(words)
    return PermanentError(words)


def checked_url(url: str) -> str:
    """The address, when messages and keys may be sent there; raises ChannelDown with the reason otherwise.

    Only https, to a host by name or a public address; on a developer's machine (OMS_ENV=local) also to itself.
    """
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise ChannelDown(f"“{url}” is not a web address.") from error
    if is_own_machine(host) and parts.scheme in ("http", "https") and settings.OMS_ENV == "local":
        return url
    if parts.scheme != "https" or not host or parts.username or parts.password:
        raise ChannelDown(f"“{url}” is not an address that begins with https:// and carries no password.")
    if is_own_machine(host) or not _is_public(host):
        raise ChannelDown(f"“{url}” leads into the house's own network.")
    return url


def is_own_machine(host: str) -> bool:
    """Whether a host is the machine we run on."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        # A name; one without a dot, or under these endings, is a name of an inner network. Where the last part is a
        # number it is an address in a shorter spelling, such as 127.1.
        is_number = re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2])
        return "." in host and not is_number and not host.endswith(INNER)


def first_of(fields: Mapping[str, str], *names: str) -> str:
    """The first of these fields that says something."""
    return next((fields[name] for name in names if fields.get(name)), "")


def usual_reply(hook: Hook) -> Reply | None:
    """A reply under the names that most gateways use."""
    fields = hook.fields
    sender = first_of(fields, "from", "From", "sms_from", "sender", "msisdn", "phone")
    if not sender:
        return None
    text = first_of(fields, "text", "Body", "sms_text", "message", "body")
    return Reply(sender, text, first_of(fields, "id", "MsgId", "MessageSid", "message_id"))


# The words most gateways tell an SMS's end in; the short ones are those of SMPP 3.4, table 5.2.28.
USUAL_STATES = {
    "delivered": MessageState.DELIVERED,
    "delivrd": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.FAILED,
    "undeliv": MessageState.FAILED,
    "failed": MessageState.FAILED,
    "rejected": MessageState.FAILED,
    "rejectd": MessageState.FAILED,
    "expired": MessageState.FAILED,
    "deleted": MessageState.FAILED,
    "cancelled": MessageState.FAILED,
    "canceled": MessageState.FAILED,
    "accepted": MessageState.SENT,
    "acceptd": MessageState.SENT,
    "queued": MessageState.SENT,
    "sending": MessageState.SENT,
    "sent": MessageState.SENT,
}


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"

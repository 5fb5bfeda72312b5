"""What every transport promises, and the three ways in which sending can go wrong.

A transport knows a provider and plain values. It knows no order, no row and no rule about when to try again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self, runtime_checkable


@dataclass(frozen=True)
class Outgoing:
    """One message, ready to leave. `sender` is an address with a name, or an SMS sender's name, or empty."""

    key: str
    to: str
    text: str
    subject: str = ""
    html: str = ""
    sender: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class TransportError(Exception):
    """Sending did not go as it should; the text is for people."""


class TemporaryError(TransportError):
    """It did not leave, and may if tried later."""


class ChannelDown(TemporaryError):
    """It did not leave because the provider as a whole cannot be used now; the next one would not either."""


class PermanentError(TransportError):
    """It did not leave and never will."""


class NoSuchAddress(PermanentError):
    """It did not leave, because the address does not exist; do not write there again."""


class Unsubscribed(PermanentError):
    """It did not leave, because the recipient told the provider to stop; do not write there again."""


class UnknownOutcome(TransportError):
    """The connection broke or stayed silent after the message was handed over: it may have left."""


class Transport(Protocol):
    """A way out, used for one batch: entered, `send` for each message, left.

    `send` answers the provider's own number of the message (or an empty text), and raises TemporaryError,
    ChannelDown, PermanentError or UnknownOutcome. It must end within `transports.seconds_to_send`.
    """

    name: str

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: Outgoing) -> str: ...


@dataclass(frozen=True)
class Heard:
    """What a provider says of a message after it left: a state of ours, and the provider's own words for it.

    The message is named by our key, by the provider's number, or by both.
    """

    state: str
    status: str
    key: str = ""
    provider_id: str = ""
    words: str = ""


@runtime_checkable
class CanLookUp(Protocol):
    """A transport whose provider can be asked what became of a message."""

    def look_up(self, message: Outgoing, *, provider_id: str, since: datetime) -> Heard | None:
        """What the provider knows of a message handed over after `since`; None when it knows nothing of it.

        Raises the errors of `send`. None never proves that it did not leave: only a person decides that.
        """
        ...

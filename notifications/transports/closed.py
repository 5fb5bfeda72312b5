"""The transport of a lane that nobody can use any more: its SMS account was taken away while messages waited."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from notifications.transports.base import Outgoing, PermanentError

REASON = "no_account"


class ClosedTransport:
    """Refuses every message with a reason; a person may send it again by the shop's present way."""

    name = "closed"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def send(self, message: Outgoing) -> str:
        """Never succeeds."""
        raise PermanentError(REASON)

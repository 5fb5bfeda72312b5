"""The wake-up of the outbox."""

from __future__ import annotations

from shops.wakeups import wake

DRAIN_TASK = "notifications.tasks.drain_outbox"


def wake_workers() -> None:
    """Let the workers look into the outbox when this transaction commits; asked for often, it is sent once."""
    wake(DRAIN_TASK)

"""What a wake-up runs."""

from __future__ import annotations

from celery import shared_task

from notifications.sending import drain
from notifications.statuses import Channel
from notifications.wakeups import DRAIN_TASK


@shared_task(name=DRAIN_TASK, ignore_result=True)
def drain_outbox() -> int:
    """Send whatever is due on every channel until nothing is, and answer how many messages were taken."""
    return sum(drain(channel) for channel in Channel.values)

"""What a wake-up runs."""

from __future__ import annotations

from celery import shared_task

from notifications.selectors import lanes_due
from notifications.sending import drain
from notifications.wakeups import DRAIN_TASK
from shops.sweep import look_now


@shared_task(name=DRAIN_TASK, ignore_result=True)
def drain_outbox() -> int:
    """Let this process look into the outbox now, and answer how many messages this call itself began.

    A worker's own threads do the sending, one for each lane, so that a provider that hangs keeps no task from
    running. Where none look, every lane is drained here, one after another.
    """
    if look_now():
        return 0
    return sum(drain(lane) for lane in lanes_due())

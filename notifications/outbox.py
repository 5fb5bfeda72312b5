"""The queue that is the database: taking a message, and writing down what became of it.

A message is taken by a conditional UPDATE, so exactly one worker has it, until its lease ends. The lease outlasts
every time-out of the transport, so a lease that ran out means a worker that is gone. `attempts` is the fence: a
worker that comes back late changes nothing.

`via` is written just before the message is handed to its transport. A row found without it never left.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from notifications.models import Message
from notifications.statuses import Channel, MessageState
from notifications.transports import seconds_to_send

LEASE_MARGIN = timedelta(seconds=15)
# How long to wait after each failed attempt, in seconds: some 30 hours in all, then it has failed.
PAUSES = (5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200)
MOST_ATTEMPTS = len(PAUSES) + 1


def claim(message_id: uuid.UUID, *, channel: str, now: datetime | None = None) -> Message | None:
    """Take one due message, or answer None where somebody else has it or it was discarded."""
    now = now or timezone.now()
    lease = now + timedelta(seconds=seconds_to_send(channel)) + LEASE_MARGIN
    due = Message.objects.filter(pk=message_id, state=MessageState.QUEUED, due_at__lte=now)
    if not due.update(state=MessageState.SENDING, lease_until=lease, attempts=F("attempts") + 1, via=""):
        return None
    return Message.objects.select_related("shop", "order").get(pk=message_id)


def keep_words(message: Message, *, via: str) -> bool:
    """Store what is about to leave, and by what; False when the message is no longer ours."""
    return _update(
        message,
        via=via,
        subject=message.subject,
        body=message.body,
        html=message.html,
        written_in=message.written_in,
        message_id=message.message_id,
    )


def mark_sent(message: Message, *, provider_id: str) -> bool:
    """It left."""
    return _end(
        message, MessageState.SENT, "", sent_at=timezone.now(), provider_id=_storable(provider_id, 200)
    )


def mark_failed(message: Message, *, reason: str) -> bool:
    """It did not leave and never will, unless a person sends it again."""
    return _end(message, MessageState.FAILED, reason)


def mark_unknown(message: Message, *, reason: str) -> bool:
    """It may have left; nobody but a person sends it again."""
    return _end(message, MessageState.UNKNOWN, reason)


def mark_discarded(message: Message, *, reason: str) -> bool:
    """It is not true any more."""
    return _end(message, MessageState.DISCARDED, reason)


def retry_later(message: Message, *, reason: str, pauses: tuple[int, ...] = PAUSES) -> bool:
    """It did not leave: wait, longer each time, and after the last pause call it failed."""
    if message.attempts > len(pauses):
        return mark_failed(message, reason=reason or "gave_up")
    due_at = timezone.now() + timedelta(seconds=pauses[message.attempts - 1])
    return _end(message, MessageState.QUEUED, reason, due_at=due_at, via="")


def put_back(message: Message, *, due_at: datetime) -> bool:
    """It may yet become true again: wait until then, as if it had never been taken, so that an undo finds it."""
    return _update(
        message, state=MessageState.QUEUED, lease_until=None, due_at=due_at, attempts=message.attempts - 1
    )


def take_back_expired(now: datetime | None = None) -> int:
    """Deal with messages whose worker is gone, and answer how many there were.

    What was not handed over yet, and every e-mail (with its old Message-ID), goes back into the queue; an SMS that
    was is `unknown`, for nobody can tell whether it arrived.
    """
    now = now or timezone.now()
    expired = Message.objects.filter(state=MessageState.SENDING, lease_until__lt=now)
    if (
        not expired.exists()
    ):  # a look is cheap; an UPDATE that finds nothing still takes SQLite's one write lock
        return 0
    tired = expired.filter(attempts__gte=MOST_ATTEMPTS)
    given_up = tired.update(state=MessageState.FAILED, lease_until=None, last_error="gave_up")
    cut_off = expired.filter(channel=Channel.SMS).exclude(via="")
    unknown = cut_off.update(state=MessageState.UNKNOWN, lease_until=None, last_error="interrupted_sms")
    untouched = expired.filter(Q(channel=Channel.EMAIL) | Q(via=""))
    queued = untouched.update(
        state=MessageState.QUEUED, lease_until=None, due_at=now, via="", last_error="interrupted_email"
    )
    return given_up + unknown + queued


def _end(message: Message, state: str, reason: str, **columns: Any) -> bool:
    return _update(message, state=state, lease_until=None, last_error=_storable(reason, 500), **columns)


def _storable(words: str, length: int) -> str:
    """A provider may answer anything; PostgreSQL keeps no NUL, and half a surrogate pair is no character."""
    return words.encode("utf-8", "replace").decode().replace("\0", "")[:length]


def _update(message: Message, **columns: Any) -> bool:
    ours = Message.objects.filter(pk=message.pk, state=MessageState.SENDING, attempts=message.attempts)
    return bool(ours.update(**columns))

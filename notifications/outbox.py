"""The queue that is the database: taking messages, and writing down what became of them.

Due messages of a lane are taken a few at a time, each by exactly one worker, until their lease ends. The lease is
short until a message is handed over and then outlasts every time-out of its transport, so a lease that ran out means
a worker that is gone. `attempts` is the fence: a worker that comes back late changes nothing.

`via` is written just before a message is handed to its transport. A row found without it never left.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from notifications.events import CorrespondenceChanged
from notifications.models import Message
from notifications.statuses import Channel, Hold, MessageState
from notifications.transports import seconds_to_send
from shops.bus import publish
from shops.locks import lock_free

LEASE_MARGIN = timedelta(seconds=15)
# No message of a bite is begun later than this after it was taken; the rest is put back.
BITE_SECONDS = 10
# What was taken this often may be what ends its workers: it is taken by itself, so that it takes no others with it.
ALONE_FROM = 3
# How long to wait after each failed attempt, in seconds: some 30 hours in all, then it has failed.
PAUSES = (5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 43200)
MOST_ATTEMPTS = len(PAUSES) + 1


def take(lane: str, *, limit: int, now: datetime | None = None) -> list[Message]:
    """Take up to `limit` due messages of this lane, longest due first, with their shops and orders.

    Nobody waits for anybody: what another worker is taking is passed over. What ended its workers more than once
    comes alone.
    """
    now = now or timezone.now()
    due = Message.objects.filter(lane=lane, state=MessageState.QUEUED, due_at__lte=now)
    if not due.exists():  # a look is cheap; a transaction takes SQLite's one write lock
        return []
    return _take(due.order_by("due_at"), limit=limit, now=now)


def claim(message_id: uuid.UUID, *, now: datetime | None = None) -> Message | None:
    """Take one due message, or answer None where somebody else has it or it was discarded."""
    now = now or timezone.now()
    due = Message.objects.filter(pk=message_id, state=MessageState.QUEUED, due_at__lte=now)
    return next(iter(_take(due, limit=1, now=now)), None)


def _take(due: QuerySet[Message], *, limit: int, now: datetime) -> list[Message]:
    with transaction.atomic():
        rows = lock_free(due.only("pk", "attempts"), limit=limit)
        keys = [row.pk for row in takewhile(lambda row: row.attempts < ALONE_FROM, rows)]
        keys = keys or [row.pk for row in rows[:1]]
        lease = now + timedelta(seconds=BITE_SECONDS) + LEASE_MARGIN
        taken = Message.objects.filter(pk__in=keys, state=MessageState.QUEUED)
        taken.update(
            state=MessageState.SENDING, lease_until=lease, attempts=F("attempts") + 1, via="", hold=""
        )
    # Read after it was taken: what an order went through until this moment is seen.
    mine = Message.objects.filter(pk__in=keys, state=MessageState.SENDING, lease_until=lease)
    return list(mine.select_related("shop", "order").order_by("due_at", "pk"))


def keep_words(message: Message, *, via: str) -> bool:
    """Store what is about to leave, and by what; False when the message is no longer ours."""
    return bool(keep_all([message], via=via))


def keep_all(messages: Sequence[Message], *, via: str) -> list[Message]:
    """Store what is about to leave, and by what, in one transaction; answer those that are still ours."""
    if not messages:
        return []
    longest = timedelta(seconds=seconds_to_send(messages[0].lane))
    waits = timedelta(seconds=BITE_SECONDS if len(messages) > 1 else 0)
    lease = timezone.now() + waits + longest + LEASE_MARGIN
    with transaction.atomic():
        return [message for message in messages if _keep(message, via, lease)]


def _keep(message: Message, via: str, lease: datetime) -> bool:
    message.via, message.lease_until = via, lease
    return _update(
        message,
        via=via,
        lease_until=lease,
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
    return _end_in_trouble(message, MessageState.FAILED, reason)


def mark_unknown(message: Message, *, reason: str) -> bool:
    """It may have left; nobody but a person sends it again. `due_at` is when its provider is asked about it."""
    return _end_in_trouble(message, MessageState.UNKNOWN, reason, due_at=timezone.now())


def mark_discarded(message: Message, *, reason: str) -> bool:
    """It is not true any more."""
    return _end(message, MessageState.DISCARDED, reason)


def retry_later(message: Message, *, reason: str, pauses: tuple[int, ...] = PAUSES) -> bool:
    """It did not leave: wait, longer each time, and after the last pause call it failed."""
    if message.attempts > len(pauses):
        return mark_failed(message, reason=reason or "gave_up")
    due_at = timezone.now() + timedelta(seconds=pauses[message.attempts - 1])
    return _end(message, MessageState.QUEUED, reason, due_at=due_at, via="")


def put_back(message: Message, *, due_at: datetime, hold: str = Hold.UNDO) -> bool:
    """Wait until then, as if it had never been taken, so that an undo finds it."""
    return _update(
        message,
        state=MessageState.QUEUED,
        lease_until=None,
        due_at=due_at,
        hold=hold,
        via="",
        attempts=message.attempts - 1,
    )


def release(messages: Sequence[Message]) -> int:
    """Put back what was taken and not begun, as if it had never been taken; answer how many were still ours."""
    if not messages:
        return 0
    # Whoever took one since has a later lease than ours.
    leases = {message.lease_until for message in messages}
    ours = Message.objects.filter(
        pk__in=[message.pk for message in messages], state=MessageState.SENDING, lease_until__in=leases
    )
    return ours.update(state=MessageState.QUEUED, lease_until=None, via="", attempts=F("attempts") - 1)


def let_others_pass(message: Message, *, until: datetime) -> int:
    """Make the messages that wait to be written from the same text due a little later; answer how many waited."""
    same = Message.objects.filter(
        lane=message.lane,
        state=MessageState.QUEUED,
        due_at__lt=until,
        shop_id=message.shop_id,
        event=message.event,
        language=message.language,
        body="",
    )
    return same.update(due_at=until) if same.exists() else 0


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
    with transaction.atomic():
        return _take_back(expired, now)


def _take_back(expired: QuerySet[Message], now: datetime) -> int:
    in_trouble = Q(channel=Channel.SMS) & ~Q(via="") | Q(attempts__gte=MOST_ATTEMPTS)
    told = set(expired.filter(in_trouble, order__isnull=False).values_list("order_id", flat=True))
    cut_off = expired.filter(channel=Channel.SMS).exclude(via="")
    unknown = cut_off.update(
        state=MessageState.UNKNOWN, lease_until=None, due_at=now, ended_at=now, last_error="interrupted_sms"
    )
    untouched = expired.filter(Q(channel=Channel.EMAIL) | Q(via=""))
    tired = untouched.filter(attempts__gte=MOST_ATTEMPTS)
    given_up = tired.update(state=MessageState.FAILED, lease_until=None, ended_at=now, last_error="gave_up")
    # An SMS among them was not begun, so there is nothing to say of it.
    cause = Case(When(channel=Channel.EMAIL, then=Value("interrupted_email")), default=Value(""))
    queued = untouched.update(
        state=MessageState.QUEUED, lease_until=None, due_at=now, via="", last_error=cause
    )
    for order_id in told:
        publish(CorrespondenceChanged(order_id=order_id))
    return given_up + unknown + queued


def _end_in_trouble(message: Message, state: str, reason: str, **columns: Any) -> bool:
    """An end that needs a person, and that open boards show."""
    with transaction.atomic():
        is_ours = _end(message, state, reason, **columns)
        if is_ours and message.order_id is not None:
            publish(CorrespondenceChanged(order_id=message.order_id))
    return is_ours


def _end(message: Message, state: str, reason: str, **columns: Any) -> bool:
    if state != MessageState.QUEUED:
        columns["ended_at"] = timezone.now()
    return _update(message, state=state, lease_until=None, last_error=_storable(reason, 500), **columns)


def _storable(words: str, length: int) -> str:
    """A provider may answer anything; PostgreSQL keeps no NUL, and half a surrogate pair is no character."""
    return words.encode("utf-8", "replace").decode().replace("\0", "")[:length]


def _update(message: Message, **columns: Any) -> bool:
    ours = Message.objects.filter(pk=message.pk, state=MessageState.SENDING, attempts=message.attempts)
    return bool(ours.update(**columns))

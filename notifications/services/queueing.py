"""Queueing what a change of an order is worth, and taking it back.

Called inside the order's transaction by the handlers, so messages commit or roll back with the order.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.facts import OrderFacts, facts_of_order
from notifications.models import Message
from notifications.selectors import channels_on, lanes_of, switch_rows
from notifications.statuses import Hold, MessageEvent, MessageState
from notifications.wakeups import wake_workers
from orders.errors import TooLateToUndo
from shops.actors import Actor, actor_columns


@transaction.atomic
def queue_messages(
    *,
    order_id: int,
    shop_id: int,
    event: str,
    event_uid: uuid.UUID,
    actor: Actor,
    move_id: uuid.UUID | None = None,
    due_at: datetime | None = None,
) -> int:
    """Queue this event's messages on every channel that is on, and answer how many were new.

    The same event never queues twice: the key is event uid : purpose : channel : recipient, and for "received"
    the order itself. Customers without an address on a channel get nothing there. Until `due_at` they are held, so
    that the change can be undone.
    """
    matrix = switch_rows(shop_id, event)
    if not any(row.is_on for row in matrix):
        return 0
    facts = facts_of_order(order_id)
    channels = channels_on(matrix, payment_method=facts.order.payment_method, source=facts.order.source)
    lanes = lanes_of(shop_id)
    messages = [
        message
        for channel in channels
        if (message := _message(facts, channel, event=event, event_uid=event_uid, actor=actor))
    ]
    for message in messages:
        message.move_id = move_id
        message.lane = lanes[message.channel]
        message.due_at = due_at or message.created_at
        message.hold = Hold.UNDO if due_at else ""
    queued = _insert(messages)
    if queued and due_at is None:
        wake_workers()
    return queued


def _message(
    facts: OrderFacts, channel: str, *, event: str, event_uid: uuid.UUID, actor: Actor
) -> Message | None:
    recipient = facts.recipient(channel)[:254]
    if not recipient:
        return None
    key = f"{event_uid}:{event}:{channel}:{recipient}"
    if event == MessageEvent.RECEIVED:
        key = f"{facts.order.uuid}:{event}:{channel}:once"
    return Message(
        shop_id=facts.order.shop_id,
        order=facts.order,
        event=event,
        channel=channel,
        recipient=recipient,
        language=facts.order.language,
        facts=facts.snapshot(channel, event),
        dedupe_key=key,
        event_uid=event_uid,
        **actor_columns(actor),
    )


def _insert(messages: list[Message]) -> int:
    known = set(
        Message.objects.filter(dedupe_key__in=[message.dedupe_key for message in messages]).values_list(
            "dedupe_key", flat=True
        )
    )
    new = [message for message in messages if message.dedupe_key not in known]
    # A twin that commits in between loses quietly against the unique key.
    Message.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


@transaction.atomic
def discard_messages_of(*, event_uid: uuid.UUID) -> int:
    """Discard the waiting messages of an event that was undone, and answer how many.

    Raises TooLateToUndo when one was taken already; whoever undoes must then roll everything back.
    """
    messages = Message.objects.filter(event_uid=event_uid)
    waiting = messages.filter(state=MessageState.QUEUED, attempts=0)
    discarded = waiting.update(state=MessageState.DISCARDED, last_error="reverted", ended_at=timezone.now())
    if messages.exclude(state__in=(MessageState.DISCARDED, MessageState.FAILED)).exists():
        raise TooLateToUndo(
            _("The customer is being told already; this can no longer be undone."), code="message_left"
        )
    return discarded

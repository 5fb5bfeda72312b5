"""Changing the outbox: queueing what a change of an order is worth, taking it back, sending again, switches.

Called inside the order's transaction by the handlers, so messages commit or roll back with the order.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from notifications.errors import MessageError
from notifications.facts import OrderFacts, facts_of_order
from notifications.models import Message, MessageSwitch, MessageTemplate
from notifications.presets import default_switches, default_texts
from notifications.selectors import channels_on, switches_of
from notifications.statuses import MessageEvent, MessageState
from notifications.wakeups import wake_workers
from orders.errors import TooLateToUndo
from shops.actors import Actor, actor_columns
from shops.locks import lock_one
from shops.models import Shop
from shops.permissions import Action, require


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
    the order itself. Customers without an address on a channel get nothing there.
    """
    channels = channels_on(shop_id, event)
    if not channels:
        return 0
    order = facts_of_order(order_id)
    messages = [
        message
        for channel in channels
        if (message := _message(order, channel, event=event, event_uid=event_uid, actor=actor))
    ]
    for message in messages:
        message.move_id = move_id
        message.due_at = due_at or message.created_at
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
        lane=channel,
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
    discarded = waiting.update(state=MessageState.DISCARDED, last_error="reverted")
    if messages.exclude(state__in=(MessageState.DISCARDED, MessageState.FAILED)).exists():
        raise TooLateToUndo(
            _("The customer is being told already; this can no longer be undone."), code="message_left"
        )
    return discarded


@transaction.atomic
def resend_message(*, message_id: uuid.UUID, actor: Actor) -> uuid.UUID:
    """Queue a message again, as a new row with the same facts, and answer its key.

    Each press is one new message, but only one may wait at a time. Raises NotPermitted, and MessageError while
    the message itself has not come to its end.
    """
    original = Message.objects.filter(pk=message_id).first()
    if original is None:
        raise MessageError(_("This message does not exist."), code="not_found")
    require(actor, shop_id=original.shop_id, action=Action.RESEND_MESSAGE)
    if original.state in (MessageState.QUEUED, MessageState.SENDING):
        raise MessageError(
            _("This message is still on its way; wait until it has left or failed."), code="on_its_way"
        )
    new_id = uuid.uuid4()
    turn = Message.objects.filter(resend_of=original).count() + 1
    if Message.objects.filter(
        resend_of=original, state__in=(MessageState.QUEUED, MessageState.SENDING)
    ).exists():
        raise MessageError(_("This message is being sent again already."), code="on_its_way")
    _insert_resend(original, new_id, turn, actor)
    wake_workers()
    return new_id


def _insert_resend(original: Message, new_id: uuid.UUID, turn: int, actor: Actor) -> None:
    now = timezone.now()
    try:
        with transaction.atomic():
            Message.objects.create(
                id=new_id,
                shop_id=original.shop_id,
                order_id=original.order_id,
                event=original.event,
                channel=original.channel,
                lane=original.lane,
                recipient=original.recipient,
                language=original.language,
                facts=original.facts,
                dedupe_key=f"{original.pk}:resend-{turn}:{original.channel}:{original.recipient}",
                event_uid=original.event_uid,
                due_at=now,
                created_at=now,
                resend_of=original,
                **actor_columns(actor),
            )
    except IntegrityError as error:  # two people pressed at once
        raise MessageError(_("This message is being sent again already."), code="on_its_way") from error


@transaction.atomic
def set_switches(*, shop_id: int, switches: Mapping[tuple[str, str], bool]) -> int:
    """Turn a shop's messages on and off, by (event, channel), and answer how many changed."""
    lock_one(Shop.objects.all(), shop_id)
    current = switches_of(shop_id)
    changed = [(key, is_on) for key, is_on in switches.items() if current.get(key) != is_on]
    for (event, channel), is_on in changed:
        MessageSwitch.objects.update_or_create(
            shop_id=shop_id, event=event, channel=channel, defaults={"is_on": is_on}
        )
    return len(changed)


@transaction.atomic
def add_default_templates(*, shop_id: int) -> None:
    """Give a shop the default texts and switches it does not have yet; what it has is left as it is."""
    lock_one(Shop.objects.all(), shop_id)
    owned = set(MessageTemplate.objects.filter(shop_id=shop_id).values_list("event", "channel", "language"))
    templates = [
        MessageTemplate(
            shop_id=shop_id, event=event, channel=channel, language=language, subject=subject, body=body
        )
        for event, channel, language, subject, body in default_texts()
        if (event, channel, language) not in owned
    ]
    bulk_create_with_history(templates, MessageTemplate)
    switches = [
        MessageSwitch(shop_id=shop_id, event=event, channel=channel, is_on=is_on)
        for event, channel, is_on in default_switches()
    ]
    MessageSwitch.objects.bulk_create(switches, ignore_conflicts=True)

"""Many due messages, fast: a few as the handlers queue them, then copies of those rows with keys of their own."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

COPIES_AT_ONCE = 500


def queue(shop_id: int, order_ids: Iterable[int], *, count: int, channels: Iterable[str]) -> int:
    """Queue `count` messages about these orders, all due now, in turns over the orders; answer how many there are."""
    from notifications.models import Message
    from notifications.services import queue_messages
    from shops.actors import Actor

    actor, uids = Actor.system("bench"), []
    for order_id in order_ids:
        uids.append(uuid.uuid4())
        queue_messages(order_id=order_id, shop_id=shop_id, event="confirmed", event_uid=uids[-1], actor=actor)
    made = Message.objects.filter(event_uid__in=uids)
    made.exclude(channel__in=list(channels)).delete()
    originals = list(made.order_by("created_at", "pk"))
    copies = [_copy(originals[n % len(originals)]) for n in range(count - len(originals))]
    Message.objects.bulk_create(copies, batch_size=COPIES_AT_ONCE)
    return made.count() + len(copies)


def _copy(original: object) -> object:
    """The same message of another event."""
    from notifications.models import Message

    assert isinstance(original, Message)
    columns = {
        field.attname: getattr(original, field.attname)
        for field in Message._meta.concrete_fields
        if not field.primary_key
    }
    uid = uuid.uuid4()
    columns["event_uid"] = uid
    columns["dedupe_key"] = f"{uid}:{original.event}:{original.channel}:{original.recipient}"
    return Message(**columns)

"""Notes to colleagues: e-mails of ours to people who work in a shop, through the same outbox as everything else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from notifications.models import Message
from notifications.statuses import Channel, Lane, MessageEvent
from notifications.wakeups import wake_workers
from shops.actors import Actor, actor_columns


@transaction.atomic
def queue_note(
    *,
    shop_id: int,
    recipients: Iterable[str],
    subject: str,
    text: str,
    key: str,
    actor: Actor,
    language: str,
    order_id: int | None = None,
) -> int:
    """Queue an e-mail in these words to each address, and answer how many were new.

    `key` names what the note is about: the same key never goes to the same address twice.
    """
    addresses = list(dict.fromkeys(address.strip()[:254] for address in recipients if address.strip()))
    now, uid = timezone.now(), uuid.uuid5(uuid.NAMESPACE_URL, f"oms:note:{shop_id}:{key}")
    notes = [
        Message(
            shop_id=shop_id,
            order_id=order_id,
            event=MessageEvent.STAFF,
            channel=Channel.EMAIL,
            lane=Lane.EMAIL,
            recipient=address,
            language=language,
            written_in=language,
            subject=" ".join(subject.split())[:500],
            body=text,
            dedupe_key=f"note:{shop_id}:{key}:{address}"[:350],
            event_uid=uid,
            due_at=now,
            created_at=now,
            **actor_columns(actor),
        )
        for address in addresses
    ]
    known = set(
        Message.objects.filter(dedupe_key__in=[note.dedupe_key for note in notes]).values_list(
            "dedupe_key", flat=True
        )
    )
    new = [note for note in notes if note.dedupe_key not in known]
    Message.objects.bulk_create(new, ignore_conflicts=True)
    if new:
        wake_workers()
    return len(new)

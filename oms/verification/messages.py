"""Whether the outbox agrees: keys, the events messages speak of, and what was sent again."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from notifications.models import Message
from notifications.selectors import problems_of_messages
from notifications.statuses import MessageEvent, MessageState
from oms.verification.scope import of_shop
from orders.models import OrderEvent


def outbox(shop_id: int | None) -> Iterator[str]:
    """Keys are well formed and name their own event; messages speak of events that exist and were not undone."""
    if shop_id is None:
        yield from problems_of_messages()
    rows = of_shop(Message.objects.all(), shop_id)
    yield from _keys(rows.order_by("created_at", "pk"))
    event = OrderEvent.objects.filter(uid=OuterRef("event_uid"), order=OuterRef("order_id"))
    for pk in rows.filter(~Exists(event)).values_list("pk", flat=True).iterator():
        yield f"message {pk} speaks of an event that its order never had"
    undone = Exists(event.filter(reverted_at__isnull=False))
    told = rows.filter(undone, resend_of=None, state__in=[MessageState.SENT, MessageState.QUEUED])
    for pk, state in told.values_list("pk", "state").iterator():
        yield f"message {pk} is {state} although its change was undone"
    yield from _resends(rows)
    for pk in rows.exclude(shop_id=F("order__shop_id")).values_list("pk", flat=True).iterator():
        yield f"message {pk} and its order belong to different shops"


def _keys(rows: QuerySet[Message]) -> Iterator[str]:
    columns = (
        "pk",
        "dedupe_key",
        "event",
        "channel",
        "recipient",
        "event_uid",
        "order__uuid",
        "resend_of_id",
    )
    for pk, key, event, channel, recipient, uid, order_uuid, resend_of in rows.values_list(
        *columns
    ).iterator():
        if resend_of is not None:
            continue
        expected = f"{uid}:{event}:{channel}:{recipient}"
        if event == MessageEvent.RECEIVED:
            expected = f"{order_uuid}:{event}:{channel}:once"
        if key != expected:
            yield f"message {pk}: its key is {key}, not {expected}"


def _resends(rows: QuerySet[Message]) -> Iterator[str]:
    strange = (
        Q(pk=F("resend_of_id")) | ~Q(order_id=F("resend_of__order_id")) | ~Q(channel=F("resend_of__channel"))
    )
    strange |= Q(created_at__lt=F("resend_of__created_at"))
    for pk in rows.filter(strange, resend_of__isnull=False).values_list("pk", flat=True).iterator():
        yield f"message {pk} does not repeat the message it is said to repeat"

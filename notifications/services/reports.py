"""What is heard of a message after it left: delivered, not delivered, came back.

Reports come more than once, late and in any order. The row keeps the best of what was heard, every report is kept
beside it.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from notifications.events import CorrespondenceChanged
from notifications.models import Message, MessageReport
from notifications.statuses import TROUBLE, MessageState
from shops.bus import publish

_S = MessageState
# From which states a report may move a message. A failure heard of beats "sent", never "delivered"; what came back
# stays so, for a mailbox may take an e-mail and return it later, and that says more than any other failure; news of an
# earlier step only ends a doubt. A message that waits to be tried again moves on "delivered" alone: it arrived after
# all, and a second would be one too many.
MOVES: dict[str, frozenset[str]] = {
    _S.DELIVERED: frozenset({_S.QUEUED, _S.SENDING, _S.SENT, _S.UNKNOWN, _S.FAILED}),
    _S.FAILED: frozenset({_S.SENDING, _S.SENT, _S.UNKNOWN}),
    _S.BOUNCED: frozenset({_S.SENDING, _S.SENT, _S.UNKNOWN, _S.DELIVERED, _S.FAILED}),
    _S.SENT: frozenset({_S.UNKNOWN}),
}


@transaction.atomic
def record_report(
    *,
    message_id: uuid.UUID,
    state: str,
    key: str,
    words: str = "",
    by: str = "",
    at: datetime | None = None,
    provider_id: str = "",
) -> bool:
    """Keep a report and move the message where it may; True when the message moved.

    `state` is sent, delivered, failed or bounced. The same `key` again changes nothing. `words` are the provider's
    own and become the reason of a failure.
    """
    key, words = storable(key, 200), storable(words, 500)
    if MessageReport.objects.filter(key=key).exists():
        return False
    at = at or timezone.now()
    report = MessageReport(
        message_id=message_id, key=key, state=state, at=at, words=words, by=storable(by, 150)
    )
    # A twin that commits in between loses quietly against the unique key, and its move below finds nothing to do.
    MessageReport.objects.bulk_create([report], ignore_conflicts=True)
    return _move(message_id, state, words, at, storable(provider_id, 200))


def _move(message_id: uuid.UUID, state: str, words: str, at: datetime, provider_id: str) -> bool:
    columns: dict[str, object] = {
        "state": state,
        "lease_until": None,
        "hold": "",
        "ended_at": Coalesce(F("ended_at"), Value(at)),
    }
    if state == MessageState.DELIVERED:
        columns |= {"delivered_at": at, "last_error": ""}
    if state in (MessageState.DELIVERED, MessageState.SENT):
        columns |= {"sent_at": Coalesce(F("sent_at"), Value(at)), "last_error": ""}
    else:
        columns["last_error"] = words or "undelivered"
    moving = Message.objects.filter(pk=message_id, state__in=MOVES[state])
    if provider_id:
        moving.filter(provider_id="").update(provider_id=provider_id)
    told = _whose_trouble(moving, state)
    is_moved = bool(moving.update(**columns))
    if is_moved and told is not None:
        publish(CorrespondenceChanged(order_id=told))
    return is_moved


def _whose_trouble(moving: QuerySet[Message], state: str) -> int | None:
    """The order about which this message begins or ceases to need a person; most reports say neither."""
    if state in (MessageState.DELIVERED, MessageState.SENT):
        moving = moving.filter(state__in=TROUBLE)
    return moving.values_list("order_id", flat=True).first()


def storable(words: str, length: int) -> str:
    """A provider's words as they can be kept: PostgreSQL keeps no NUL, and half a surrogate pair is no character."""
    return words.encode("utf-8", "replace").decode().replace("\0", "")[:length]

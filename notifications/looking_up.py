"""Asking providers what became of SMS that were cut off in sending.

Only where a provider answers such questions. It is asked after a minute, then at growing distances, for three days;
a person may decide before. Nothing is ever sent again by this.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import groupby

import structlog
from django.utils import timezone

from notifications.composing import compose, without_link
from notifications.models import Message
from notifications.selectors import unknown_to_look_up
from notifications.services.reports import record_report
from notifications.statuses import MessageState
from notifications.transports import transport_for
from notifications.transports.base import CanLookUp, Transport, TransportError

AT_ONCE = 50
FIRST_PAUSE = timedelta(minutes=1)
# It was handed over at most this long before it was found to be cut off: a lease, and what clocks differ by.
HANDED_OVER_BEFORE = timedelta(minutes=30)
TELLING = (MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED)

log = structlog.get_logger(__name__)


def look_up_unknown(*, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Ask about the messages whose turn it is, and answer about how many something was heard."""
    found = 0
    for lane, messages in groupby(unknown_to_look_up(now=timezone.now(), limit=AT_ONCE), lambda m: m.lane):
        with transport_for(lane) as transport:
            for message in messages:
                if should_stop():
                    return found
                _ask_later_again(message)
                found += _ask(message, transport)
    return found


def _ask_later_again(message: Message) -> None:
    """Before asking, so that an answer that takes long is not waited for by every worker."""
    now = timezone.now()
    pause = max(FIRST_PAUSE, now - (message.ended_at or message.created_at))
    Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN).update(due_at=now + pause)


def _ask(message: Message, transport: Transport) -> bool:
    if not isinstance(transport, CanLookUp):
        return False
    since = (message.ended_at or message.created_at) - HANDED_OVER_BEFORE
    try:
        # With the tracking link in it, for some providers are asked by the words that left.
        heard = transport.look_up(compose(message), provider_id=message.provider_id, since=since)
    except TransportError as error:
        log.info("the provider did not tell", message=str(message.pk), error=str(error)[:200])
        return False
    except Exception:  # a provider's library raised what it does not promise
        log.exception("the provider could not be asked", message=str(message.pk))
        return False
    if heard is None or heard.state not in TELLING:
        return False
    return record_report(
        message_id=message.pk,
        state=heard.state,
        key=f"looked-up:{message.pk}:{heard.state}",
        words=without_link(heard.words or heard.status, message),
        by=transport.name,
        provider_id=heard.provider_id,
    )

"""Emptying the outbox: take what is due, write it, hand it to its transport, note the outcome.

Runs in a worker, outside any transaction: nothing here holds a lock while a provider thinks. A broken template
fails its message and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formataddr, parseaddr

import structlog
from django.conf import settings
from django.utils import timezone

from notifications import outbox
from notifications.errors import TemplateError, TemplateMissing
from notifications.layout import write
from notifications.models import Message
from notifications.selectors import due_ids, template_for
from notifications.statuses import FORWARD_EVENTS, OFF_THE_PATH, Channel
from notifications.transports import transport_for
from notifications.transports.base import (
    ChannelDown,
    Outgoing,
    PermanentError,
    TemporaryError,
    Transport,
    UnknownOutcome,
)
from orders.models import OrderEvent
from orders.models.history import EventKind
from orders.tracking import token_for
from shops.models import Shop

BATCH = 50

log = structlog.get_logger(__name__)


def drain(channel: str, *, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Send what is due on this channel until nothing is, and answer how many messages were taken.

    Stops early when the provider as a whole is down: the rest is not even taken, and the next call tries again.
    """
    outbox.take_back_expired()
    taken = 0
    with transport_for(channel) as transport:
        while ids := due_ids(channel, now=timezone.now(), limit=BATCH):
            for message_id in ids:
                if should_stop():
                    return taken
                message = outbox.claim(message_id, channel=channel)
                if message is None:
                    continue
                taken += 1
                if not deliver(message, transport):
                    return taken
    return taken


def deliver(message: Message, transport: Transport) -> bool:
    """Send one message that was claimed; False when its provider is down and the next one need not be tried."""
    change = _way_off(message)
    if change is not None and change.undo_until is not None and change.undo_until > timezone.now():
        outbox.put_back(message, due_at=change.undo_until)
        return True
    reason = why_not(message)
    if reason:
        outbox.mark_discarded(message, reason=reason)
        return True
    try:
        outgoing = compose(message)
    except TemplateMissing:
        outbox.mark_failed(message, reason="no_template")
        return True
    except TemplateError as error:
        outbox.mark_failed(message, reason=str(error))
        return True
    except Exception as error:  # whatever a text does, it must not stop the queue
        log.exception("message could not be written", message=str(message.pk))
        outbox.mark_failed(message, reason=f"{type(error).__name__}: {error}")
        return True
    if not outbox.keep_words(message, via=transport.name):
        return True
    return _hand_over(message, outgoing, transport)


def why_not(message: Message) -> str:
    """The reason to drop a message, or nothing: its event was undone, or the order was cancelled or came back.

    That the order went on since never drops it, and neither does anything when a person asked to send it again.
    """
    if message.resend_of_id is not None:
        return ""
    if _way_off(message) is not None:
        return "left_the_path"
    undone = OrderEvent.objects.filter(uid=message.event_uid, reverted_at__isnull=False)
    return "reverted" if undone.exists() else ""


def _way_off(message: Message) -> OrderEvent | None:
    """The cancellation or return that made this message untrue.

    The history decides, not the status read when the message was taken: that may have been undone since.
    """
    if message.resend_of_id is not None or message.event not in FORWARD_EVENTS:
        return None
    if message.order is None or message.order.status not in OFF_THE_PATH:
        return None
    changes = OrderEvent.objects.filter(order=message.order, kind=EventKind.STATUS, reverted_at=None)
    latest = changes.order_by("-id").first()
    return latest if latest is not None and latest.to_status in OFF_THE_PATH else None


def compose(message: Message) -> Outgoing:
    """The message in words, with the tracking link put in; what was written once stays as it was.

    Raises TemplateMissing and TemplateError.
    """
    if not message.body:
        _write(message)
    message.message_id = message.message_id or _message_id(message)
    link = _tracking_link(message)
    return Outgoing(
        key=str(message.pk),
        to=message.recipient,
        text=message.body.replace(message.link_mark, link),
        subject=message.subject.replace(message.link_mark, link),
        html=message.html.replace(message.link_mark, link),
        sender=_sender(message),
        reply_to=message.shop.sender_email,
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )


def _tracking_link(message: Message) -> str:
    """The customer's own page of the order; a note to colleagues about no order has none."""
    order = message.order
    if order is None:
        return settings.OMS_PUBLIC_URL
    return f"{settings.OMS_PUBLIC_URL}/t/{token_for(order.uuid, order.tracking_version)}/"


def _write(message: Message) -> None:
    template = template_for(
        shop_id=message.shop_id,
        event=message.event,
        channel=message.channel,
        language=message.language,
        shop_language=message.shop.language,
    )
    written = write(template, message.facts, shop=message.shop, link=message.link_mark)
    if not written.text.strip():
        raise TemplateError(["no_text"])
    message.subject, message.body, message.html = written.subject, written.text, written.html
    message.written_in = template.language


def _message_id(message: Message) -> str:
    """One number for all attempts of an e-mail, so that a mailbox can recognise the second copy."""
    if message.channel != Channel.EMAIL:
        return ""
    domain = _address(message.shop).rpartition("@")[2] or "localhost"
    return f"<{message.pk}@{domain.encode('idna').decode()}>"


def _sender(message: Message) -> str:
    shop: Shop = message.shop
    if message.channel == Channel.SMS:
        return shop.sms_sender
    name = " ".join((shop.sender_name or shop.name).split())
    return formataddr((name, _address(shop)), charset="utf-8")


def _address(shop: Shop) -> str:
    """The bare address a shop writes from; the house's own may be set with a name around it."""
    return shop.sender_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _hand_over(message: Message, outgoing: Outgoing, transport: Transport) -> bool:
    try:
        provider_id = transport.send(outgoing)
    except PermanentError as error:
        outbox.mark_failed(message, reason=str(error))
    except TemporaryError as error:
        outbox.retry_later(message, reason=str(error))
        return not isinstance(error, ChannelDown)
    except UnknownOutcome as error:
        _cut_off(message, str(error))
    except Exception as error:  # a provider's library raised what it does not promise
        log.exception("message could not be sent", message=str(message.pk))
        _cut_off(message, f"{type(error).__name__}: {error}")
    else:
        outbox.mark_sent(message, provider_id=provider_id)
    return True


def _cut_off(message: Message, reason: str) -> None:
    """E-mail is sent again (its number stays), an SMS never by itself."""
    if message.channel == Channel.SMS:
        outbox.mark_unknown(message, reason=reason)
    else:
        outbox.retry_later(message, reason=reason)

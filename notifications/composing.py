"""Putting a message into words: its template, its sender, the tracking link, and what shall be written at all.

What is the same for many messages is read once for a bite: their templates, what was undone, which orders left the
path. A text that takes long is remembered, so that one template cannot hold up the messages of all others.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formataddr, parseaddr
from functools import partial
from urllib.parse import quote_plus

from django.conf import settings
from django.utils import timezone

from notifications.errors import TemplateError
from notifications.layout import write
from notifications.looks import Look
from notifications.models import Message, MessageTemplate
from notifications.selectors import look_of, quiet_until, suppressed_among, template_for
from notifications.statuses import FORWARD_EVENTS, OFF_THE_PATH, Channel, Hold, MessageEvent
from notifications.transports.base import Outgoing
from orders.models import OrderEvent
from orders.models.history import EventKind
from orders.tracking import token_for
from shops.models import Shop

# Seconds of the processor's time; a long e-mail about an order of a hundred lines takes some 0.05.
SLOW_TEXT_SECONDS = 0.2
SLOW_FOR_SECONDS = 300

TextKey = tuple[int, str, str, str]


@dataclass(frozen=True)
class Verdict:
    """What shall be done with a message instead of writing it; nothing where both are empty."""

    reason: str = ""
    wait_until: datetime | None = None
    hold: str = ""


@dataclass
class SlowTexts:
    """Which texts took long of late. Kept for the life of a worker; a text that was mended is fast again soon."""

    clock: Callable[[], float] = time.monotonic
    until: dict[TextKey, float] = field(default_factory=dict)

    def note(self, message: Message, seconds: float) -> None:
        """A text took so much of the processor's time."""
        if seconds > SLOW_TEXT_SECONDS:
            self.until[text_key(message)] = self.clock() + SLOW_FOR_SECONDS
        else:
            self.until.pop(text_key(message), None)

    def has(self, message: Message) -> bool:
        """Whether the message is written from a slow text."""
        return self.until.get(text_key(message), 0.0) > self.clock()


slow_texts = SlowTexts()


def text_key(message: Message) -> TextKey:
    """What a message shares with all that are written from the same template."""
    return message.shop_id, message.event, message.channel, message.language


class Templates:
    """The templates and looks of one bite, each read once."""

    def __init__(self) -> None:
        self._found: dict[TextKey, MessageTemplate] = {}
        self._looks: dict[int, Look] = {}

    def of(self, message: Message) -> MessageTemplate:
        """The template of this message. Raises TemplateMissing."""
        key = text_key(message)
        if key not in self._found:
            self._found[key] = template_for(
                shop_id=message.shop_id,
                event=message.event,
                channel=message.channel,
                language=message.language,
                shop_language=message.shop.language,
            )
        return self._found[key]

    def look_of(self, shop: Shop) -> Look:
        """The look of this shop's e-mails."""
        if shop.pk not in self._looks:
            self._looks[shop.pk] = look_of(shop)
        return self._looks[shop.pk]


def judge(messages: Sequence[Message]) -> list[Verdict]:
    """What each message deserves, in their order: be written, wait, or be dropped.

    Dropped are messages whose event was undone, news of an order that was cancelled or came back since, and what goes
    to an address that is not written to any more. That an order went on never drops one; neither does the order's
    story when a person asked to send it again. What may be undone yet waits, and an SMS waits for the end of the quiet
    hours unless a person let it pass. Three queries, and one more for each shop whose SMS are among them.
    """
    told_by_the_order = [message for message in messages if message.resend_of_id is None]
    undone = set(
        OrderEvent.objects.filter(
            uid__in=[message.event_uid for message in told_by_the_order], reverted_at__isnull=False
        ).values_list("uid", flat=True)
    )
    ways_off, closed, quiet = _ways_off(told_by_the_order), suppressed_among(messages), _QuietHours()
    return [
        Verdict(reason="suppressed")
        if message.pk in closed
        else _verdict(message, undone, ways_off) or quiet.verdict(message)
        for message in messages
    ]


def _verdict(message: Message, undone: set[uuid.UUID], ways_off: dict[int, OrderEvent]) -> Verdict | None:
    if message.resend_of_id is not None:
        return None
    change = ways_off.get(message.order_id or 0) if message.event in FORWARD_EVENTS else None
    if change is not None:
        if change.undo_until is not None and change.undo_until > timezone.now():
            return Verdict(wait_until=change.undo_until, hold=Hold.UNDO)
        return Verdict(reason="left_the_path")
    return Verdict(reason="reverted") if message.event_uid in undone else None


class _QuietHours:
    """The ends of the quiet hours around this moment, by shop."""

    def __init__(self) -> None:
        self._ends: dict[int, datetime | None] = {}

    def verdict(self, message: Message) -> Verdict:
        if message.channel != Channel.SMS or message.at_once:
            return Verdict()
        if message.shop_id not in self._ends:
            self._ends[message.shop_id] = quiet_until(message.shop, timezone.now())
        ends = self._ends[message.shop_id]
        return Verdict(wait_until=ends, hold=Hold.QUIET) if ends is not None else Verdict()


def _ways_off(messages: Sequence[Message]) -> dict[int, OrderEvent]:
    """The cancellation or return that made news of an order untrue, by order.

    The history decides, not the status read when the message was taken: that may have been undone since.
    """
    suspects = {
        message.order.pk
        for message in messages
        if message.order is not None
        and message.order.status in OFF_THE_PATH
        and message.event in FORWARD_EVENTS
    }
    if not suspects:
        return {}
    changes = OrderEvent.objects.filter(order_id__in=suspects, kind=EventKind.STATUS, reverted_at=None)
    latest = {change.order_id: change for change in changes.order_by("id")}
    return {key: change for key, change in latest.items() if change.to_status in OFF_THE_PATH}


def compose(message: Message, templates: Templates | None = None) -> Outgoing:
    """The message in words, with the tracking link put in; what was written once stays as it was.

    Raises TemplateMissing and TemplateError.
    """
    if not message.body:
        began = time.thread_time()
        try:
            _write(message, templates or Templates())
        finally:
            slow_texts.note(message, time.thread_time() - began)
    message.message_id = message.message_id or _message_id(message)
    linked = partial(_linked, mark=message.link_mark, link=_tracking_link(message))
    return Outgoing(
        key=str(message.pk),
        to=message.recipient,
        text=linked(message.body),
        subject=linked(message.subject),
        html=linked(message.html),
        sender=_sender(message),
        reply_to=message.shop.sender_email,
        headers=_headers(message),
    )


def _linked(text: str, mark: str, link: str) -> str:
    """The text with the link where its mark stands, also inside another address (the filter “url_encode”)."""
    return text.replace(mark, link).replace(quote_plus(mark), quote_plus(link))


def _tracking_link(message: Message) -> str:
    """The customer's own page of the order; a note to colleagues about no order has none."""
    order = message.order
    if order is None:
        return settings.OMS_PUBLIC_URL
    return f"{settings.OMS_PUBLIC_URL}/t/{token_for(order.uuid, order.tracking_version)}/"


def without_link(words: str, message: Message) -> str:
    """What a provider said, without the customer's tracking link, which some repeat, whole or cut off."""
    if message.order is None:
        return words
    token = token_for(message.order.uuid, message.order.tracking_version)
    return re.sub(rf"{re.escape(token[:8])}[\w-]*", "…", words)


def _write(message: Message, templates: Templates) -> None:
    template = templates.of(message)
    written = write(template, message.facts, look=templates.look_of(message.shop), link=message.link_mark)
    if not written.text.strip():
        raise TemplateError(["no_text"])
    message.subject, message.body, message.html = written.subject, written.text, written.html
    message.written_in = template.language


def _message_id(message: Message) -> str:
    """One number for all attempts of an e-mail, so that a mailbox can recognise the second copy."""
    if message.channel != Channel.EMAIL:
        return ""
    return f"<{message.pk}@{_domain(message.shop)}>"


def _headers(message: Message) -> dict[str, str]:
    """What mailboxes and other machines read; an order's e-mails answer one number, so that they stand together.

    Nobody sent an e-mail of that number: a mailbox joins what refers to the same one (RFC 5322, 3.6.4). Notes to
    colleagues and test sends stay out of the customer's thread.
    """
    if message.channel != Channel.EMAIL:
        return {}
    headers = {"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"}
    if message.order is not None and message.event != MessageEvent.STAFF:
        thread = f"<{message.order.uuid}@{_domain(message.shop)}>"
        headers |= {"In-Reply-To": thread, "References": thread}
    return headers


def _domain(shop: Shop) -> str:
    domain = _address(shop).rpartition("@")[2] or "localhost"
    return domain.encode("idna").decode()


def _sender(message: Message) -> str:
    shop: Shop = message.shop
    if message.channel == Channel.SMS:
        return shop.sms_sender
    name = " ".join((shop.sender_name or shop.name).split())
    return formataddr((name, _address(shop)), charset="utf-8")


def _address(shop: Shop) -> str:
    """The bare address a shop writes from; the house's own may be set with a name around it."""
    return shop.sender_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]

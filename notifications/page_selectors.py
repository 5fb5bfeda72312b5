"""The Messages page: which messages a person sees, narrowed by state, channel and shop, page after page.

Pages go by key (created, id), so a page costs the same wherever it is; nothing is counted.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from notifications.errors import TemplateError, TemplateMissing
from notifications.layout import Written, sample_link, write
from notifications.models import Message
from notifications.selectors import readable_messages, template_for
from notifications.statuses import Channel, MessageState
from shops.models import User

PAGE_SIZE = 50


@dataclass(frozen=True)
class MessageFilter:
    """What the list is narrowed by, as it stands in the address."""

    state: str = ""
    channel: str = ""
    shop: str = ""

    def query(self, **changes: str) -> str:
        """The filter with some values changed, ready for a link; empty values are left out."""
        after = changes.pop("after", "")
        changed = replace(self, **changes)
        pairs = {"state": changed.state, "channel": changed.channel, "shop": changed.shop, "after": after}
        return urlencode({name: value for name, value in pairs.items() if value})


@dataclass(frozen=True)
class MessagePage:
    """The rows of one page, and the opaque cursor of the next one (empty on the last)."""

    rows: list[Message]
    after: str


def read_filter(state: str, channel: str, shop: str) -> MessageFilter:
    """The filter of a request; unknown states and channels are ignored, an unknown shop finds nothing."""
    return MessageFilter(
        state if state in MessageState.values else "", channel if channel in Channel.values else "", shop[:50]
    )


def message_page(user: User, wanted: MessageFilter, after: str = "") -> MessagePage:
    """One page of the messages this person may read, newest first, with all that a row shows."""
    found = readable_messages(user).select_related("shop", "order").defer("facts", "html", "body")
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.channel:
        found = found.filter(channel=wanted.channel)
    if wanted.shop:
        found = found.filter(shop__slug=wanted.shop)
    rows = list(_before(found, after).order_by("-created_at", "-id")[: PAGE_SIZE + 1])
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return MessagePage(rows, _cursor(rows[-1]) if more else "")


def message_for(user: User, message_id: uuid.UUID) -> Message | None:
    """One message this person may read, with its order and shop."""
    found = readable_messages(user).select_related("shop", "order", "resend_of")
    return found.filter(pk=message_id).first()


def words_of(message: Message) -> tuple[Written | None, str]:
    """What the message says, or would say if it were written now; and what stands in the way.

    The customer's own link is not shown: who has it needs no password.
    """
    if message.body:
        shown = [
            text.replace(message.link_mark, sample_link())
            for text in (message.body, message.subject, message.html)
        ]
        return Written(*shown), ""
    try:
        template = template_for(
            shop_id=message.shop_id,
            event=message.event,
            channel=message.channel,
            language=message.language,
            shop_language=message.shop.language,
        )
        return write(template, message.facts, shop=message.shop, link=sample_link()), ""
    except TemplateMissing:
        return None, "no_template"
    except TemplateError as error:
        return None, str(error)


def _before(messages: QuerySet[Message], after: str) -> QuerySet[Message]:
    cursor = _read_cursor(after)
    if cursor is None:
        return messages
    at, key = cursor
    return messages.filter(Q(created_at__lt=at) | Q(id__lt=key), created_at__lte=at)


def _cursor(message: Message) -> str:
    return (
        base64.urlsafe_b64encode(f"{message.created_at.isoformat()}|{message.pk}".encode())
        .decode()
        .rstrip("=")
    )


def _read_cursor(text: str) -> tuple[datetime, uuid.UUID] | None:
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        at, _mark, key = plain.partition("|")
        moment = parse_datetime(at)
        # The database keeps UTC, in which the first and the last hours of the calendar may not exist.
        return (moment.astimezone(UTC), uuid.UUID(key)) if moment and moment.tzinfo else None
    except (ValueError, OverflowError, binascii.Error):
        return None

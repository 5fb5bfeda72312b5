"""The Messages page: which messages a person sees, narrowed by state, channel and shop, page after page.

Pages go by key (created, id), so a page costs the same wherever it is; nothing is counted.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from notifications.errors import TemplateError, TemplateMissing
from notifications.layout import Written, sample_link, write
from notifications.models import Message
from notifications.selectors import readable_messages, template_for
from notifications.statuses import Channel, MessageState
from shops.keyset import Page, newest_first
from shops.models import User


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


def read_filter(state: str, channel: str, shop: str) -> MessageFilter:
    """The filter of a request; unknown states and channels are ignored, an unknown shop finds nothing."""
    return MessageFilter(
        state if state in MessageState.values else "", channel if channel in Channel.values else "", shop[:50]
    )


def message_page(user: User, wanted: MessageFilter, after: str = "") -> Page[Message]:
    """One page of the messages this person may read, newest first, with all that a row shows."""
    found = readable_messages(user).select_related("shop", "order").defer("facts", "html", "body")
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.channel:
        found = found.filter(channel=wanted.channel)
    if wanted.shop:
        found = found.filter(shop__slug=wanted.shop)
    return newest_first(found, "created_at", after)


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

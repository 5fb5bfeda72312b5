"""The Messages page: which messages a person sees, narrowed and searched, page after page.

Pages go by key (created, id), so a page costs the same wherever it is; nothing is counted.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

import phonenumbers
from django.db.models import Q, QuerySet

from notifications.errors import TemplateError, TemplateMissing
from notifications.layout import Written, sample_link, write
from notifications.models import Message
from notifications.selectors import look_of, readable_messages, template_for
from notifications.statuses import Channel, MessageEvent, MessageState
from orders.models import Order
from shops.keyset import Page, newest_first
from shops.models import Shop, User

ATTENTION, EVERY = "attention", "all"
LONGEST_SEARCH = 100
MOST_ORDERS = 50


@dataclass(frozen=True)
class MessageFilter:
    """What the list is narrowed by, as it stands in the address. `state` may also be `ATTENTION`."""

    state: str = ""
    channel: str = ""
    shop: str = ""
    event: str = ""
    q: str = ""

    def query(self, **changes: str) -> str:
        """The filter with some values changed, ready for a link; what is empty is left out, but "all" is said."""
        after = changes.pop("after", "")
        pairs = asdict(replace(self, **changes)) | {"after": after}
        pairs["state"] = pairs["state"] or EVERY
        return urlencode({name: value for name, value in pairs.items() if value})


def read_filter(state: str, channel: str, shop: str, event: str = "", q: str = "") -> MessageFilter:
    """The filter of a request; unknown states, channels and moments are ignored, an unknown shop finds nothing."""
    return MessageFilter(
        state if state in (ATTENTION, *MessageState.values) else "",
        channel if channel in Channel.values else "",
        shop[:50],
        event if event in MessageEvent.values else "",
        " ".join(q.split())[:LONGEST_SEARCH],
    )


def needs_a_person(user: User) -> bool:
    """Whether any message waits for somebody's decision."""
    return readable_messages(user).needing_a_person().exists()


def message_page(user: User, wanted: MessageFilter, after: str = "") -> Page[Message]:
    """One page of the messages this person may read, newest first, with all that a row shows."""
    readable = readable_messages(user)
    if wanted.state == ATTENTION:
        readable = readable.needing_a_person()
    found: QuerySet[Message] = readable.select_related("shop", "order").defer("facts", "html", "body")
    if wanted.state in MessageState.values:
        found = found.filter(state=wanted.state)
    for name in ("channel", "event"):
        if getattr(wanted, name):
            found = found.filter(**{name: getattr(wanted, name)})
    if wanted.shop:
        found = found.filter(shop__slug=wanted.shop)
    if wanted.q:
        found = _searched(found, user, wanted.q)
    return newest_first(found, "created_at", after)


def _searched(found: QuerySet[Message], user: User, q: str) -> QuerySet[Message]:
    """Those to an address that begins so, or about orders whose number does; each from its own index."""
    addressed = Q()
    for beginning in _beginnings(user, q):
        addressed |= Q(recipient__startswith=beginning)
    numbered = Order.objects.visible_to(user).filter(number__startswith=q.upper())
    about = list(numbered.order_by("number").values_list("pk", flat=True)[:MOST_ORDERS])
    return found.filter(addressed | Q(order_id__in=about) if about else addressed)


def _beginnings(user: User, q: str) -> list[str]:
    """How an address that begins with this may be stored: a national number also with its country's prefix."""
    forms = [q, q.casefold()]
    digits = "".join(letter for letter in q if letter.isdigit())
    if digits and not any(letter.isalpha() or letter == "@" for letter in q):
        forms.append(f"+{digits}" if q.startswith("+") else digits)
        if digits.startswith("0"):
            countries = set(Shop.objects.visible_to(user).values_list("country", flat=True))
            codes = {phonenumbers.country_code_for_region(country) for country in countries if country}
            # A national number's leading zero gives way to the country's prefix.
            forms += [f"+{code}{digits[1:]}" for code in sorted(codes) if code]
    return list(dict.fromkeys(forms))


def message_for(user: User, message_id: uuid.UUID) -> Message | None:
    """One message this person may read, with its order, its shop and what was heard of it."""
    found = readable_messages(user).select_related(
        "shop", "order__shop", "order__shipping_address", "order__billing_address", "resend_of"
    )
    return found.filter(pk=message_id).prefetch_related("reports").first()


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
        return write(template, message.facts, look=look_of(message.shop), link=sample_link()), ""
    except TemplateMissing:
        return None, "no_template"
    except TemplateError as error:
        return None, str(error)

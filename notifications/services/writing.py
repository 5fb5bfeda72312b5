"""Messages a person writes about an order: from a template's words or freely, and to an address the customer gave us.

What is typed is what leaves: it is never read as a template. One mark alone means something, `LINK`, which becomes
the customer's own page when the message is sent.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError, TemplateMissing
from notifications.facts import OrderFacts, facts_of_order
from notifications.layout import Written, words_of_template, write_words
from notifications.models import Message, MessageTemplate, Suppression
from notifications.segments import plain_letters
from notifications.selectors import lanes_of, look_of, template_for
from notifications.statuses import TEMPLATE_EVENTS, Channel, Hold, MessageEvent
from notifications.wakeups import wake_workers
from orders.contacts import normalise_email, normalise_phone
from orders.models import CustomerContact, Order
from orders.models.customers import ContactKind
from shops.actors import Actor, actor_columns
from shops.permissions import Action, require

LINK = "{{order_url}}"
MOST_LETTERS = {Channel.EMAIL: 10_000, Channel.SMS: 1_000}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")


@dataclass(frozen=True)
class Draft:
    """What a person typed. `plain` writes an SMS in letters that fit the short alphabet."""

    channel: str
    recipient: str
    text: str
    subject: str = ""
    plain: bool = False


@dataclass(frozen=True)
class Recipient:
    """An address of the customer's, and why it is not written to, if it is not."""

    address: str
    suppression: Suppression | None = None


@dataclass(frozen=True)
class Beginning:
    """The words of a template on this order, to go on from; `plain` as the template has it."""

    subject: str
    text: str
    plain: bool


def recipients_of(facts: OrderFacts, channel: str) -> list[Recipient]:
    """Where the customer can be reached on this channel: the order's address first, then what else they gave. Two queries."""
    order = facts.order
    known = list(dict.fromkeys(filter(None, _addresses(facts, channel))))
    refused = {
        row.address: row
        for row in Suppression.objects.filter(
            shop_id=order.shop_id, channel=channel, lifted_at=None, address__in=map(_comparable, known)
        )
    }
    return [Recipient(address, refused.get(_comparable(address))) for address in known]


def beginning_of(facts: OrderFacts, *, event: str, channel: str) -> Beginning:
    """A template's words with this order's facts in them. Raises TemplateMissing and TemplateError."""
    if event not in dict(TEMPLATE_EVENTS):
        raise TemplateMissing(event)
    template = _template(facts.order, event, channel)
    snapshot = facts.snapshot(channel, event, template.language)
    subject, text = words_of_template(template, snapshot, link=LINK)
    return Beginning(subject, text, template.plain_letters)


def written_by_hand(order: Order, draft: Draft, *, link: str) -> Written:
    """The whole message a draft makes, with `link` where the customer's page is meant."""
    text = _CONTROLS.sub("", draft.text.replace("\r\n", "\n")).strip().replace(LINK, link)
    if draft.channel == Channel.EMAIL:
        subject = _CONTROLS.sub("", draft.subject).replace(LINK, link)
        return write_words(
            subject=subject, text=text, look=look_of(order.shop), link=link, language=order.language
        )
    return Written(text=plain_letters(text, order.language) if draft.plain else text)


@transaction.atomic
def write_message(*, order_id: int, draft: Draft, nonce: uuid.UUID, actor: Actor) -> uuid.UUID:
    """Queue a draft and answer the message's key; it waits as long as a change of the order can be undone.

    The same form (`nonce`) sends once, however often it arrives. Raises NotPermitted, and MessageError for words or
    an address that cannot be sent, or when the same form was sent with other words before.
    """
    facts = facts_of_order(order_id)
    order = facts.order
    require(actor, shop_id=order.shop_id, action=Action.RESEND_MESSAGE)
    check_draft(facts, draft)
    message = _message(order, draft, nonce, actor)
    earlier = Message.objects.filter(dedupe_key=message.dedupe_key).first()
    if earlier is None:
        try:
            with transaction.atomic():
                message.save(force_insert=True)
        except IntegrityError:  # the same form from another request
            earlier = Message.objects.get(dedupe_key=message.dedupe_key)
    if earlier is None:
        wake_workers()
        return message.pk
    if _words(earlier) != _words(message):
        raise MessageError(
            _("This form was sent already, with other words. Open it again to write another message."),
            code="sent_already",
        )
    return earlier.pk


def check_draft(facts: OrderFacts, draft: Draft) -> None:
    """Raise MessageError, naming the field, unless this draft can be sent."""
    if draft.channel not in Channel.values:
        raise MessageError(_("Choose e-mail or SMS."), code="channel", field="channel")
    known = {row.address: row for row in recipients_of(facts, draft.channel)}
    if draft.recipient not in known:
        raise MessageError(_("Choose one of the customer's addresses."), code="recipient", field="recipient")
    suppression = known[draft.recipient].suppression
    if suppression is not None:
        raise MessageError(
            _("%(address)s is not written to any more: %(reason)s.")
            % {"address": draft.recipient, "reason": suppression.get_reason_display()},
            code="suppressed",
            field="recipient",
        )
    if not _CONTROLS.sub("", draft.text).strip():
        raise MessageError(_("Write something first."), code="empty", field="text")
    if draft.channel == Channel.EMAIL and not _CONTROLS.sub("", draft.subject).strip():
        raise MessageError(_("An e-mail needs a subject."), code="empty", field="subject")
    most = MOST_LETTERS[Channel(draft.channel)]
    if len(draft.text) > most:
        raise MessageError(
            _("The text is longer than %(limit)d characters.") % {"limit": most}, code="long", field="text"
        )


def _message(order: Order, draft: Draft, nonce: uuid.UUID, actor: Actor) -> Message:
    now = timezone.now()
    message = Message(
        shop_id=order.shop_id,
        order=order,
        event=MessageEvent.WRITTEN,
        channel=draft.channel,
        lane=lanes_of(order.shop_id)[draft.channel],
        recipient=draft.recipient[:254],
        language=order.language,
        written_in=order.language,
        dedupe_key=f"written:{order.pk}:{nonce}",
        event_uid=nonce,
        hold=Hold.UNDO if order.shop.undo_seconds else "",
        due_at=now + timedelta(seconds=order.shop.undo_seconds),
        created_at=now,
        **actor_columns(actor),
    )
    written = written_by_hand(order, draft, link=message.link_mark)
    message.subject, message.body, message.html = written.subject[:500], written.text, written.html
    return message


def _words(message: Message) -> tuple[str, str, str, str]:
    """What tells two messages apart, without the mark that is different in each."""
    body = message.body.replace(message.link_mark, LINK)
    return message.channel, message.recipient, message.subject.replace(message.link_mark, LINK), body


def _template(order: Order, event: str, channel: str) -> MessageTemplate:
    return template_for(
        shop_id=order.shop_id,
        event=event,
        channel=channel,
        language=order.language,
        shop_language=order.shop.language,
    )


def _addresses(facts: OrderFacts, channel: str) -> Iterator[str]:
    order = facts.order
    yield facts.recipient(channel)
    for address in filter(None, (order.shipping_address, order.billing_address)):
        if channel == Channel.EMAIL:
            yield address.email.strip()
        elif address.phone.strip():
            yield (
                normalise_phone(address.phone, address.country or order.shop.country) or address.phone.strip()
            )
    kind = ContactKind.EMAIL if channel == Channel.EMAIL else ContactKind.PHONE
    contacts = CustomerContact.objects.filter(customer_id=order.customer_id, kind=kind).order_by("pk")
    for value, normalised in contacts.values_list("value", "normalised"):
        yield value.strip() if channel == Channel.EMAIL else normalised or value.strip()


def _comparable(address: str) -> str:
    """An address as suppressions keep it."""
    return normalise_email(address) if "@" in address else address

"""What became of the demo's messages: providers report, one mailbox does not exist, and nobody was ever asked."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

from notifications.models import Message, Suppression
from notifications.services.reach import suppress_address
from notifications.services.reports import record_report
from notifications.statuses import Channel, MessageState, SuppressionReason
from shops.actors import Actor
from shops.models import Shop

PROVIDER = "Demo"
DELIVERED_SHARE = {Channel.EMAIL: 0.8, Channel.SMS: 0.9}
NO_MAILBOX = "550 5.1.1 The mailbox does not exist"
ACCEPTED = {Channel.EMAIL: "250 2.0.0 OK", Channel.SMS: "DELIVRD"}
NEWS_SECONDS = (3, 90)


def report_messages(shop: Shop) -> None:
    """Report on the shop's messages that left: most arrived, and one e-mail came back, the only one to its address."""
    sent = list(Message.objects.filter(shop=shop, state=MessageState.SENT).order_by("sent_at", "pk"))
    heard = Counter(message.recipient for message in sent)
    emails = (message for message in sent if message.channel == Channel.EMAIL)
    bounced = next((message for message in emails if heard[message.recipient] == 1), None)
    if bounced is not None:
        _bounce(bounced)
    random = Random(shop.slug)
    for message in sent:
        if message is not bounced and random.random() < DELIVERED_SHARE[Channel(message.channel)]:
            _report(message, MessageState.DELIVERED, ACCEPTED[Channel(message.channel)], random)


def _bounce(message: Message) -> None:
    _report(message, MessageState.BOUNCED, NO_MAILBOX, Random(message.recipient))
    suppress_address(
        shop_id=message.shop_id,
        channel=message.channel,
        address=message.recipient,
        reason=SuppressionReason.BOUNCE,
        actor=Actor.system(PROVIDER),
        words=NO_MAILBOX,
    )
    Suppression.objects.filter(shop_id=message.shop_id).update(created_at=message.sent_at)


def _report(message: Message, state: str, words: str, random: Random) -> None:
    assert message.sent_at is not None
    record_report(
        message_id=message.pk,
        state=state,
        key=f"demo:{message.pk.hex}:{state}",
        words=words,
        by=PROVIDER,
        at=message.sent_at + timedelta(seconds=random.randint(*NEWS_SECONDS)),
    )

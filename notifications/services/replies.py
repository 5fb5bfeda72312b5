"""What comes in from an SMS provider: delivery reports of our messages, and customers' replies.

Whoever calls knew the account's secret address. Nothing said here is taken for more than it is: a report may only
speak of messages of its account's shop, a reply is kept as plain text, and only a whole "stop" or "start" is obeyed.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from notifications.events import CorrespondenceChanged
from notifications.models import Message, SmsAccount, SmsReply
from notifications.reply_words import wish_of
from notifications.selectors import normalised_address
from notifications.services.reach import lift_stop, suppress_address
from notifications.services.reports import record_report
from notifications.statuses import Channel, ReplyWish, SuppressionReason
from notifications.transports.base import Heard
from notifications.transports.sms_client import Reply
from orders.models import Order
from orders.services import add_note
from shops.actors import Actor, ActorKind
from shops.bus import publish
from shops.permissions import Action, require

LONGEST_REPLY = 2000
# A number that writes more often in a day than anybody does is no longer listened to that day, but for its "stop".
MOST_REPLIES_A_DAY = 100


def receive_reports(*, account_id: int, reports: list[Heard]) -> int:
    """Record what was heard of this account's messages, and answer how many moved.

    Reports of messages we do not know, or of another shop's, are passed over.
    """
    account = SmsAccount.objects.get(pk=account_id)
    moved = 0
    for heard in reports:
        message_id = _message_of(account, heard)
        if message_id is not None:
            moved += record_report(
                message_id=message_id,
                state=heard.state,
                key=f"sms:{message_id}:{heard.status}",
                words=heard.words,
                by=account.get_provider_display(),
                provider_id=heard.provider_id,
            )
    return moved


def _message_of(account: SmsAccount, heard: Heard) -> uuid.UUID | None:
    """The message a report is about: by our own key, else by the provider's number."""
    ours = Message.objects.filter(shop_id=account.shop_id, channel=Channel.SMS)
    try:
        key = uuid.UUID(heard.key)
    except ValueError:
        key = None
    if key is not None and (found := ours.filter(pk=key).values_list("pk", flat=True).first()):
        return found
    if not heard.provider_id:
        return None
    by_number = ours.filter(provider_id=heard.provider_id[:200])
    return by_number.order_by("-created_at").values_list("pk", flat=True).first()


@transaction.atomic
def receive_reply(*, account_id: int, reply: Reply) -> SmsReply | None:
    """Keep a customer's reply beside their newest order, and obey a "stop" or "start".

    The same call twice is one reply. None when it was known already, or the number wrote too often today.
    """
    account = SmsAccount.objects.get(pk=account_id)
    sender = normalised_address(Channel.SMS, _with_plus(reply.sender))[:30]
    text = reply.text.replace("\0", "").strip()[:LONGEST_REPLY]
    wish = wish_of(text)
    key = _key_of(account, reply, sender, text)
    if SmsReply.objects.filter(key=key).exists():
        return None
    _obey(account, sender, text, wish)
    if _wrote_too_often(account, sender):
        return None
    order = _order_of(account, sender)
    row = SmsReply.objects.create(
        shop_id=account.shop_id, order=order, key=key, sender=sender, text=text, wish=wish
    )
    if order is not None and text:
        add_note(order_id=order.pk, actor=Actor.source(f"SMS {sender}", account.shop_id), text=text)
    if order is not None:
        publish(CorrespondenceChanged(order_id=order.pk))
    return row


@transaction.atomic
def read_replies(*, order_id: int, actor: Actor) -> int:
    """Note that a person read what the customer of an order answered; answers how many replies were new.

    Raises NotPermitted.
    """
    unread = SmsReply.objects.filter(order_id=order_id, read_at=None)
    shop_id = unread.values_list("shop_id", flat=True).first()
    if shop_id is None:
        return 0
    require(actor, shop_id=shop_id, action=Action.VIEW_MESSAGES)
    read = unread.update(read_at=timezone.now())
    publish(CorrespondenceChanged(order_id=order_id))
    return read


def _obey(account: SmsAccount, sender: str, text: str, wish: str) -> None:
    customer = Actor(ActorKind.CUSTOMER, sender)
    if wish == ReplyWish.STOP:
        suppress_address(
            shop_id=account.shop_id,
            channel=Channel.SMS,
            address=sender,
            reason=SuppressionReason.STOP,
            actor=customer,
            words=text,
        )
    elif wish == ReplyWish.START:
        lift_stop(shop_id=account.shop_id, channel=Channel.SMS, address=sender, actor=customer)


def _wrote_too_often(account: SmsAccount, sender: str) -> bool:
    since = timezone.now() - timedelta(days=1)
    today = SmsReply.objects.filter(shop_id=account.shop_id, sender=sender, at__gte=since)
    return today[MOST_REPLIES_A_DAY - 1 : MOST_REPLIES_A_DAY].exists()


def _order_of(account: SmsAccount, sender: str) -> Order | None:
    """The newest order this number was written to about."""
    written = Message.objects.filter(shop_id=account.shop_id, recipient=sender, channel=Channel.SMS)
    newest = written.filter(order__isnull=False).select_related("order").order_by("-created_at").first()
    return newest.order if newest is not None else None


def _key_of(account: SmsAccount, reply: Reply, sender: str, text: str) -> str:
    """The provider's number of the reply; where it gives none, its words within the same minute."""
    if reply.key:
        return f"{account.pk}:{reply.key}"[:200]
    said = f"{sender}\n{text}\n{timezone.now():%Y-%m-%d %H:%M}"
    return f"{account.pk}:{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}"


def _with_plus(number: str) -> str:
    bare = number.replace("\0", "").strip()
    return f"+{bare}" if bare.isdecimal() and len(bare) > 9 and not bare.startswith("0") else bare

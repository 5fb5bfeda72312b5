"""Sending again what failed, or may not have left, because a person says so."""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.events import CorrespondenceChanged
from notifications.facts import facts_of_order
from notifications.models import Message
from notifications.selectors import is_suppressed, lanes_of
from notifications.statuses import MessageEvent, MessageState
from notifications.wakeups import wake_workers
from shops.actors import Actor, actor_columns
from shops.bus import publish
from shops.permissions import Action, require


@transaction.atomic
def resend_message(*, message_id: uuid.UUID, actor: Actor, to_current_address: bool = False) -> uuid.UUID:
    """Queue a message again, as a new row with the same facts, and answer its key.

    It goes where the first one went, or to the address the order has by now. Each press is one new message, but only
    one may wait at a time. Raises NotPermitted, and MessageError while the message itself has not come to its end or
    when the order has no address on this channel, or one that asked not to be written to.
    """
    original = Message.objects.filter(pk=message_id).first()
    if original is None:
        raise MessageError(_("This message does not exist."), code="not_found")
    require(actor, shop_id=original.shop_id, action=Action.RESEND_MESSAGE)
    if original.state in (MessageState.QUEUED, MessageState.SENDING):
        raise MessageError(
            _("This message is still on its way; wait until it has left or failed."), code="on_its_way"
        )
    new_id = uuid.uuid4()
    turn = Message.objects.filter(resend_of=original).count() + 1
    if Message.objects.filter(
        resend_of=original, state__in=(MessageState.QUEUED, MessageState.SENDING)
    ).exists():
        raise MessageError(_("This message is being sent again already."), code="on_its_way")
    recipient = _current_address(original) if to_current_address else original.recipient
    _refuse_suppressed(original, recipient)
    _insert_resend(original, new_id, turn, recipient, actor)
    if original.order_id is not None:
        publish(CorrespondenceChanged(order_id=original.order_id))
    wake_workers()
    return new_id


def _current_address(original: Message) -> str:
    address = facts_of_order(original.order_id).recipient(original.channel)[:254] if original.order_id else ""
    if not address:
        raise MessageError(_("The order has no address on this channel."), code="no_address")
    return address


def _refuse_suppressed(original: Message, recipient: str) -> None:
    if is_suppressed(shop_id=original.shop_id, channel=original.channel, address=recipient):
        raise MessageError(
            _("%(address)s is not written to any more; lift that first.") % {"address": recipient},
            code="suppressed",
        )


def _insert_resend(original: Message, new_id: uuid.UUID, turn: int, recipient: str, actor: Actor) -> None:
    now = timezone.now()
    try:
        with transaction.atomic():
            Message.objects.create(
                id=new_id,
                shop_id=original.shop_id,
                order_id=original.order_id,
                event=original.event,
                channel=original.channel,
                lane=lanes_of(original.shop_id)[original.channel],
                recipient=recipient,
                language=original.language,
                facts=original.facts,
                dedupe_key=f"{original.pk}:resend-{turn}:{original.channel}:{recipient}",
                event_uid=original.event_uid,
                due_at=now,
                created_at=now,
                resend_of=original,
                **_own_words(original, new_id),
                **actor_columns(actor),
            )
    except IntegrityError as error:  # two people pressed at once
        raise MessageError(_("This message is being sent again already."), code="on_its_way") from error


def _own_words(original: Message, new_id: uuid.UUID) -> dict[str, str]:
    """The words of what no template could write again: notes to colleagues, and what was written by hand."""
    if original.event not in (MessageEvent.STAFF, MessageEvent.WRITTEN):
        return {}
    mark = Message(pk=new_id).link_mark
    words = {name: getattr(original, name) for name in ("subject", "body", "html")}
    words = {name: text.replace(original.link_mark, mark) for name, text in words.items()}
    return {"written_in": original.written_in, **words}

"""Sending again what failed, or may not have left, because a person says so."""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.models import Message
from notifications.selectors import lanes_of
from notifications.statuses import MessageEvent, MessageState
from notifications.wakeups import wake_workers
from shops.actors import Actor, actor_columns
from shops.permissions import Action, require


@transaction.atomic
def resend_message(*, message_id: uuid.UUID, actor: Actor) -> uuid.UUID:
    """Queue a message again, as a new row with the same facts, and answer its key.

    Each press is one new message, but only one may wait at a time. Raises NotPermitted, and MessageError while
    the message itself has not come to its end.
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
    _insert_resend(original, new_id, turn, actor)
    wake_workers()
    return new_id


def _insert_resend(original: Message, new_id: uuid.UUID, turn: int, actor: Actor) -> None:
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
                recipient=original.recipient,
                language=original.language,
                facts=original.facts,
                dedupe_key=f"{original.pk}:resend-{turn}:{original.channel}:{original.recipient}",
                event_uid=original.event_uid,
                due_at=now,
                created_at=now,
                resend_of=original,
                **_own_words(original),
                **actor_columns(actor),
            )
    except IntegrityError as error:  # two people pressed at once
        raise MessageError(_("This message is being sent again already."), code="on_its_way") from error


def _own_words(original: Message) -> dict[str, str]:
    """The words of a note to colleagues: no template could write them again."""
    if original.event != MessageEvent.STAFF:
        return {}
    return {name: getattr(original, name) for name in ("written_in", "subject", "body", "html")}

"""What a person decides about a message that waits: not to send it, or to send it at once.

Both are one conditional UPDATE, as a worker's claim is: whoever comes first has the message, and nobody waits.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.models import Message, MessageReport
from notifications.statuses import Channel, MessageState
from notifications.wakeups import wake_workers
from shops.actors import Actor
from shops.permissions import Action, require

SKIPPED = "skipped"
ON_ITS_WAY = (MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED)


@transaction.atomic
def skip_message(*, message_id: uuid.UUID, actor: Actor) -> bool:
    """Drop a message that has not left, and answer whether this call did it.

    Who decided so is kept. Doing it twice is harmless. Raises NotPermitted, and MessageError when it is being sent,
    has left or came to another end.
    """
    message = _permitted(message_id, actor)
    now = timezone.now()
    waiting = Message.objects.filter(pk=message_id, state=MessageState.QUEUED)
    if waiting.update(state=MessageState.DISCARDED, last_error=SKIPPED, hold="", ended_at=now):
        _keep_decision(message_id, SKIPPED, MessageState.DISCARDED, actor, now)
        return True
    message = Message.objects.get(pk=message_id)
    if message.state == MessageState.DISCARDED and message.last_error == SKIPPED:
        return False
    raise MessageError(_too_late(message), code="too_late")


@transaction.atomic
def send_now(*, message_id: uuid.UUID, actor: Actor) -> bool:
    """Make a waiting message due at once, and answer whether this call did it.

    Quiet hours do not hold it then, and what it tells can no longer be undone. Doing it twice is harmless, and so is
    a worker that was faster. Raises NotPermitted, and MessageError when the message came to its end without leaving.
    """
    message = _permitted(message_id, actor)
    now = timezone.now()
    # An SMS that is due and not taken yet may still be held by quiet hours.
    held = Q(due_at__gt=now) | Q(channel=Channel.SMS, at_once=False)
    waiting = Message.objects.filter(held, pk=message_id, state=MessageState.QUEUED)
    if waiting.update(due_at=now, hold="", at_once=True):
        _keep_decision(message_id, "now", MessageState.QUEUED, actor, now)
        wake_workers()
        return True
    message = Message.objects.get(pk=message_id)
    if message.state in (MessageState.QUEUED, *ON_ITS_WAY):
        return False
    raise MessageError(_too_late(message), code="too_late")


def _keep_decision(message_id: uuid.UUID, decision: str, state: str, actor: Actor, now: datetime) -> None:
    MessageReport.objects.get_or_create(
        key=f"{message_id}:{decision}",
        defaults={"message_id": message_id, "state": state, "at": now, "by": actor.label[:150]},
    )


def _permitted(message_id: uuid.UUID, actor: Actor) -> Message:
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise MessageError(_("This message does not exist."), code="not_found")
    require(actor, shop_id=message.shop_id, action=Action.RESEND_MESSAGE)
    return message


def _too_late(message: Message) -> str:
    if message.state == MessageState.SENDING:
        return _("This message is being sent right now; it can no longer be stopped.")
    if message.state in (MessageState.SENT, MessageState.DELIVERED, MessageState.BOUNCED):
        return _("This message has left already.")
    return _("This message does not wait any more: %(state)s.") % {"state": message.get_state_display()}

"""What a person found out about a message of which nobody knew whether it left."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.events import CorrespondenceChanged
from notifications.models import Message, MessageReport
from notifications.statuses import MessageState
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Action, require


@transaction.atomic
def decide_unknown(*, message_id: uuid.UUID, actor: Actor) -> bool:
    """Note that a message arrived after all, and answer whether this call did it; who said so is kept.

    Doing it twice is harmless. That it did not arrive is said by sending it again. Raises NotPermitted, and
    MessageError when its state leaves nothing to decide.
    """
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise MessageError(_("This message does not exist."), code="not_found")
    require(actor, shop_id=message.shop_id, action=Action.RESEND_MESSAGE)
    now, key = timezone.now(), f"{message_id}:arrived"
    unknown = Message.objects.filter(pk=message_id, state=MessageState.UNKNOWN)
    if unknown.update(
        state=MessageState.SENT, last_error="", sent_at=Coalesce(F("sent_at"), F("ended_at"), Now())
    ):
        MessageReport.objects.create(
            message_id=message_id, key=key, state=MessageState.SENT, at=now, by=actor.label[:150]
        )
        if message.order_id is not None:
            publish(CorrespondenceChanged(order_id=message.order_id))
        return True
    if MessageReport.objects.filter(key=key).exists():
        return False
    raise MessageError(
        _("There is nothing to decide any more: this message is known to be “%(state)s”.")
        % {"state": Message.objects.get(pk=message_id).get_state_display()},
        code="known",
    )

"""Whom a shop must not write to any more, and what customers answered.

An address is suppressed by its own "stop", by what a provider reported, or by a colleague; a suppression is lifted,
never deleted. A person needs the right to edit messages for the one, to send them again for the other; customers and
providers speak for their own address.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.errors import MessageError
from notifications.models import Suppression
from notifications.selectors import is_suppressed, normalised_address
from notifications.services.reports import storable
from notifications.statuses import SuppressionReason
from shops.actors import Actor, actor_columns
from shops.permissions import Action, require


@transaction.atomic
def suppress_address(
    *, shop_id: int, channel: str, address: str, reason: str, actor: Actor, words: str = ""
) -> bool:
    """Stop writing to an address; False when that was so already. Raises NotPermitted for a person who may not."""
    if actor.is_person:
        require(actor, shop_id=shop_id, action=Action.EDIT_MESSAGES)
    kept = normalised_address(channel, address)[:254]
    if not kept or is_suppressed(shop_id=shop_id, channel=channel, address=kept):
        return False
    row = Suppression(
        shop_id=shop_id,
        channel=channel,
        address=kept,
        reason=reason,
        words=storable(words, 500),
        **actor_columns(actor),
    )
    # A twin that commits in between loses quietly against the unique constraint.
    Suppression.objects.bulk_create([row], ignore_conflicts=True)
    return True


@transaction.atomic
def lift_suppression(*, suppression_id: int, actor: Actor) -> None:
    """Write to an address again, and record who decided so. Raises NotPermitted, and MessageError for none to lift."""
    found = Suppression.objects.filter(pk=suppression_id).first()
    if found is None:
        raise MessageError(_("This entry does not exist."), code="not_found")
    require(actor, shop_id=found.shop_id, action=Action.RESEND_MESSAGE)
    if not _lift(actor, pk=found.pk):
        raise MessageError(_("This address is written to again already."), code="lifted")


def lift_stop(*, shop_id: int, channel: str, address: str, actor: Actor) -> bool:
    """Undo a customer's own "stop" because the customer says "start"; what others decided stays."""
    kept = normalised_address(channel, address)
    return _lift(actor, shop_id=shop_id, channel=channel, address=kept, reason=SuppressionReason.STOP)


def _lift(actor: Actor, **which: object) -> bool:
    live = Suppression.objects.filter(lifted_at__isnull=True, **which)
    return bool(live.update(lifted_at=timezone.now(), lifted_by=actor.label[:150]))

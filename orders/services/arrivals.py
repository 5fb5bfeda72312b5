"""Parcels that wait at a locker or pick-up point until the customer comes for them."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import OrderError
from orders.events import ShipmentAtPickup
from orders.models import Shipment
from orders.models.history import EventKind
from orders.services.access import lock_order
from orders.services.recording import record
from orders.statuses import ShipmentState
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Action


@transaction.atomic
def mark_at_pickup(*, shipment_id: int, actor: Actor, notify: bool = True) -> bool:
    """Note that a parcel can be collected, and answer whether that was news; a repeat does nothing.

    The order stays shipped. Raises OrderError for a parcel that is not on its way.
    """
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=shipment_id)
    order = lock_order(order_id=order_id, actor=actor, action=Action.DELIVER)
    parcel = order.shipments.get(pk=shipment_id)
    if parcel.state != ShipmentState.HANDED_OVER:
        raise OrderError(_("Only a parcel that is on its way can wait to be collected."), code="wrong_state")
    if parcel.at_pickup_at is not None:
        return False
    parcel.at_pickup_at = timezone.now()
    parcel.save(update_fields=["at_pickup_at"])
    details = {"shipment": parcel.pk, "at_pickup": True}
    event = record(order, kind=EventKind.SHIPMENT, actor=actor, details=details, notify=notify)
    publish(
        ShipmentAtPickup(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=notify,
            shipment_id=parcel.pk,
        )
    )
    return True

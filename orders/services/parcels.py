"""Parcels prepared ahead, and returns that arrive."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import services as inventory
from orders.carriers import CARRIERS, is_numbered, normal_number
from orders.errors import OrderError
from orders.events import OrderEdited, ReturnReceived
from orders.models import Order, OrderEvent, Return, Shipment
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.services.access import lock_order
from orders.services.awb_owners import require_free_awb
from orders.services.recording import record
from orders.statuses import ReturnState, ShipmentState, Status
from shops.actors import Actor, actor_columns
from shops.bus import publish
from shops.models import StockMaster
from shops.permissions import Action


@transaction.atomic
def add_shipment(*, order_id: int, actor: Actor, carrier: str, tracking_number: str = "") -> Shipment:
    """Prepare the parcel of a confirmed order; stock leaves later, when it is shipped.

    Raises OrderError for another status, an unknown carrier, a missing number or one that another order has, or when
    a parcel is prepared already.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.SHIP)
    if order.status not in (Status.CONFIRMED, Status.PROCESSING):
        raise OrderError(
            _("A parcel can be prepared once the order is confirmed, until it is shipped."),
            code="wrong_status",
        )
    if carrier not in CARRIERS:
        raise OrderError(_("Choose a carrier from the list."), code="invalid", field="carrier")
    number = normal_number(tracking_number)
    if is_numbered(carrier) and not number:
        raise OrderError(
            _("Give the tracking number (AWB) of the parcel."), code="invalid", field="tracking_number"
        )
    if order.shipments.filter(state=ShipmentState.PREPARED).exists():
        raise OrderError(_("A parcel is already prepared; remove it first."), code="already_prepared")
    require_free_awb(order, carrier=carrier, number=number)
    parcel = Shipment.objects.create(
        order=order, carrier=carrier, tracking_number=number, **actor_columns(actor)
    )
    _parcel_changed(
        order, actor, EventKind.SHIPMENT, {"shipment": parcel.pk, "carrier": carrier, "number": number}
    )
    return parcel


@transaction.atomic
def void_shipment(*, shipment_id: int, actor: Actor) -> None:
    """Remove a prepared parcel. Raises OrderError once it was handed over."""
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=shipment_id)
    order = lock_order(order_id=order_id, actor=actor, action=Action.SHIP)
    changed = order.shipments.filter(pk=shipment_id, state=ShipmentState.PREPARED).update(
        state=ShipmentState.VOIDED
    )
    if not changed:
        raise OrderError(_("The parcel was handed over or removed already."), code="wrong_state")
    _parcel_changed(order, actor, EventKind.SHIPMENT, {"shipment": shipment_id, "voided": True})


@transaction.atomic
def deliver_parcel(*, shipment_id: int, actor: Actor) -> None:
    """Note that one of several parcels arrived; the order's status stays.

    Raises OrderError unless it is on its way, and for the last parcel of an order that is not delivered yet: that
    is the order's delivery.
    """
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=shipment_id)
    order = lock_order(order_id=order_id, actor=actor, action=Action.DELIVER)
    on_the_way = order.shipments.filter(state=ShipmentState.HANDED_OVER)
    if order.status == Status.SHIPPED and not on_the_way.exclude(pk=shipment_id).exists():
        raise OrderError(
            _("This is the last parcel on its way: mark the order as delivered instead."), code="last_parcel"
        )
    if not on_the_way.filter(pk=shipment_id).update(
        state=ShipmentState.DELIVERED, delivered_at=timezone.now()
    ):
        raise OrderError(_("The parcel is not on its way any more."), code="wrong_state")
    parcel = Shipment.objects.get(pk=shipment_id)
    details = {"shipment": parcel.pk, "carrier": parcel.carrier, "number": parcel.tracking_number}
    _parcel_changed(order, actor, EventKind.SHIPMENT, {**details, "delivered": True})


@transaction.atomic
def receive_return(*, return_id: int, actor: Actor, restocked: dict[int, int], notify: bool = True) -> None:
    """Note that a return arrived; `restocked` says, by return line, how many units are good and go into stock again.

    Raises OrderError when it was received before, or more is restocked than came back.
    """
    order_id = Return.objects.values_list("order_id", flat=True).get(pk=return_id)
    order = lock_order(order_id=order_id, actor=actor, action=Action.RETURN)
    changed = order.returns.filter(pk=return_id, state=ReturnState.ANNOUNCED).update(
        state=ReturnState.RECEIVED, received_at=timezone.now()
    )
    if not changed:
        raise OrderError(_("This return was received already."), code="wrong_state")
    units: dict[int, int] = {}
    for row in Return.objects.get(pk=return_id).lines.select_related("line__product").order_by("pk"):
        good = restocked.get(row.pk, 0)
        if not 0 <= good <= row.quantity:
            raise OrderError(
                _("%(name)s: between 0 and %(most)d can go back into stock.")
                % {"name": row.line.name, "most": row.quantity},
                code="invalid",
                field=f"restocked-{row.pk}",
            )
        row.restocked = good
        row.save(update_fields=["restocked"])
        if good and row.line.product.is_tracked:
            units[row.line.product_id] = units.get(row.line.product_id, 0) + good
    if units and order.shop.stock_master != StockMaster.NOBODY:
        inventory.restock(
            reference=order.stock_reference, quantities=units, reason=f"return {return_id}", actor=actor
        )
    event = _parcel_changed(
        order, actor, EventKind.RETURN, {"return": return_id, "restocked": sum(units.values())}
    )
    publish(
        ReturnReceived(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=notify,
            return_id=return_id,
        )
    )


def _parcel_changed(order: Order, actor: Actor, kind: EventKind, details: dict[str, object]) -> OrderEvent:
    refresh_order_terms(order.pk)
    event = record(order, kind=kind, actor=actor, details=details, notify=False)
    publish(
        OrderEdited(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            changes=(kind.value,),
        )
    )
    return event

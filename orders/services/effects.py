"""What a status change does to stock, parcels and returns, and what undoing it takes back.

Each effect runs after the transition, inside the order's transaction, with the order's row locked.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import services as inventory
from inventory.selectors import Held, reservations_of
from orders.carriers import normal_number
from orders.errors import TooLateToUndo
from orders.guards import Arguments
from orders.models import Order, OrderEvent, Return, ReturnLine, Shipment, ShipmentLine
from orders.services.awb_owners import is_taken, lock_awbs, require_free_awb
from orders.services.claims import set_manager
from orders.statuses import ReturnState, ShipmentState, Status, Transition
from shops.actors import Actor, actor_columns
from shops.models import ReserveAt, StockMaster


@dataclass(frozen=True)
class Change:
    """One status change under way."""

    order: Order
    actor: Actor
    arguments: Arguments
    move_id: uuid.UUID


def wanted_units(order: Order) -> dict[int, int]:
    """Units per product, same-product lines summed."""
    wanted: dict[int, int] = defaultdict(int)
    for product_id, quantity in order.lines.values_list("product_id", "quantity"):
        wanted[product_id] += quantity
    return dict(wanted)


def reserve_for(order: Order, actor: Actor, *, on_shortage: Literal["refuse", "backorder"]) -> None:
    """Hold what the order wants, unless nobody keeps this shop's stock."""
    if order.shop.stock_master == StockMaster.NOBODY:
        return
    inventory.reserve(
        reference=order.stock_reference,
        shop_id=order.shop_id,
        wanted=wanted_units(order),
        on_shortage=on_shortage,
        actor=actor,
    )


def lock_stock(order: Order) -> dict[int, Held]:
    """Lock the stock of all that the order wants or holds, before several verbs of stock; answers what it holds."""
    held = reservations_of([order.stock_reference])[order.stock_reference]
    is_kept = order.shop.stock_master != StockMaster.NOBODY
    wanted = wanted_units(order) if is_kept else {}
    inventory.lock_products(shop_id=order.shop_id, product_ids=wanted.keys() | held.keys())
    return held


def follow_lines(
    order: Order,
    wanted_before: Mapping[int, int],
    actor: Actor,
    *,
    on_shortage: Literal["refuse", "backorder"],
) -> None:
    """Hold what the lines want now instead of what they wanted before, after they changed; raises as `reserve` does.

    What is still wanted stays held: whoever waits for a freed unit would take it at once.
    """
    wanted = wanted_units(order)
    if wanted == wanted_before:
        return
    held = lock_stock(order)
    dropped = held.keys() - wanted.keys()
    if dropped:
        inventory.release(reference=order.stock_reference, actor=actor, product_ids=dropped)
    if held or reserves_at_placing(order) or order.status != Status.NEW:
        reserve_for(order, actor, on_shortage=on_shortage)


def reserves_at_placing(order: Order) -> bool:
    return order.shop.reserve_at == ReserveAt.PLACING


def _confirmed(change: Change) -> None:
    order = change.order
    may_wait = order.partial_agreed or not order.shop.blocks_on_shortage
    _hold_number(change)
    reserve_for(order, change.actor, on_shortage="backorder" if may_wait else "refuse")
    # After the stock: the claim reaches the deal, and deals are locked after stock rows.
    if change.actor.is_person and order.manager_id is None:
        set_manager(order, change.actor, change.actor.user_id)


def _started(change: Change) -> None:
    """Starting to pick changes no stock: what is picked is already reserved."""
    _hold_number(change)


def _hold_number(change: Change) -> None:
    # Shipping may follow in the same transaction, after stock and deals are locked; the number is locked before them.
    lock_awbs([_named_number(change.arguments)])


def _shipped(change: Change) -> None:
    order, arguments = change.order, change.arguments
    require_free_awb(order, carrier=arguments.carrier, number=_named_number(arguments))
    parcel = _parcel_to_hand_over(change)
    held = reservations_of([order.stock_reference]).get(order.stock_reference, {})
    left = {product_id: mine.reserved for product_id, mine in held.items() if mine.reserved}
    blocks = order.shop.blocks_on_shortage
    _fill_parcel(order, parcel, left if blocks else None)
    let_go_of_uncounted(order, held, change.actor)
    if order.shop.stock_master == StockMaster.NOBODY:
        return
    inventory.ship_out(
        reference=order.stock_reference,
        quantities=left if blocks else wanted_units(order),
        actor=change.actor,
        strict=blocks,
    )


def let_go_of_uncounted(order: Order, held: Mapping[int, Held], actor: Actor) -> None:
    """Free what was reserved before its stock stopped being counted: it travels, but no movement says so."""
    lines = order.lines.filter(product__in=held)
    if order.shop.stock_master != StockMaster.NOBODY:
        lines = lines.filter(product__is_tracked=False)
    uncounted = set(lines.values_list("product_id", flat=True)) if held else set()
    if uncounted:
        lock_stock(order)
        inventory.release(reference=order.stock_reference, actor=actor, product_ids=uncounted)


def parcels_left_behind(order: Order, arguments: Arguments) -> list[int]:
    """Prepared parcels that do not travel because another one was named when shipping."""
    if not arguments.carrier:
        return []
    named, number = arguments.carrier, _named_number(arguments)
    prepared = order.shipments.filter(state=ShipmentState.PREPARED)
    return [
        parcel.pk
        for parcel in prepared
        if (parcel.carrier, normal_number(parcel.tracking_number)) != (named, number)
    ]


def _named_number(arguments: Arguments) -> str:
    """The number given along with a carrier; without one the prepared parcel travels, whatever else was typed."""
    return normal_number(arguments.tracking_number) if arguments.carrier else ""


def _parcel_to_hand_over(change: Change) -> Shipment:
    arguments, order = change.arguments, change.order
    now = timezone.now()
    gone: dict[str, Any] = {"state": ShipmentState.HANDED_OVER, "handed_over_at": now}
    prepared = order.shipments.filter(state=ShipmentState.PREPARED)
    if arguments.carrier:
        number = _named_number(arguments)
        left_behind = parcels_left_behind(order, arguments)
        order.shipments.filter(pk__in=left_behind).update(state=ShipmentState.VOIDED)
        # What is still prepared is the named parcel; it may have been written before numbers had one form.
        prepared.update(tracking_number=number, **gone)
        parcel = order.shipments.filter(**gone).first()
        if parcel is not None:
            return parcel
        return Shipment.objects.create(
            order=order,
            carrier=arguments.carrier,
            tracking_number=number,
            move_id=change.move_id,
            **gone,
            **actor_columns(change.actor),
        )
    prepared.update(**gone)
    return order.shipments.filter(state=ShipmentState.HANDED_OVER).latest("pk")


def _fill_parcel(order: Order, parcel: Shipment, reserved: dict[int, int] | None) -> None:
    """Write what travels: all of an untracked line, of a tracked one what is reserved (`None`: everything)."""
    left = dict(reserved or {})
    rows = []
    for line in order.lines.select_related("product"):
        units = line.quantity
        if reserved is not None and line.product.is_tracked:
            units = min(line.quantity, left.get(line.product_id, 0))
            left[line.product_id] = left.get(line.product_id, 0) - units
        if units:
            rows.append(ShipmentLine(shipment=parcel, line=line, quantity=units))
    ShipmentLine.objects.bulk_create(rows)


def _delivered(change: Change) -> None:
    change.order.shipments.filter(state=ShipmentState.HANDED_OVER).update(
        state=ShipmentState.DELIVERED, delivered_at=timezone.now()
    )


def _cancelled(change: Change) -> None:
    inventory.release(reference=change.order.stock_reference, actor=change.actor)
    change.order.shipments.filter(state=ShipmentState.PREPARED).update(state=ShipmentState.VOIDED)


def _returned(change: Change) -> None:
    order = change.order
    note = Return.objects.create(
        order=order,
        kind=change.arguments.return_kind,
        reason=change.arguments.reason[:500],
        move_id=change.move_id,
        **actor_columns(change.actor),
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(return_note=note, line_id=line_id, quantity=units)
        for line_id, units in sorted(_travelled(order).items())
    )
    order.shipments.filter(state__in=[ShipmentState.HANDED_OVER, ShipmentState.DELIVERED]).update(
        state=ShipmentState.RETURNED
    )
    # What did not travel with the parcel is not sent after it any more.
    inventory.release(reference=order.stock_reference, actor=change.actor)


def _travelled(order: Order) -> dict[int, int]:
    """Units per line that were handed over."""
    units: dict[int, int] = defaultdict(int)
    out = [ShipmentState.HANDED_OVER, ShipmentState.DELIVERED]
    rows = ShipmentLine.objects.filter(shipment__order=order, shipment__state__in=out)
    for line_id, quantity in rows.values_list("line_id", "quantity"):
        units[line_id] += quantity
    return units


def _reopened(change: Change) -> None:
    if reserves_at_placing(change.order):
        reserve_for(change.order, change.actor, on_shortage="backorder")


EFFECTS: dict[str, Callable[[Change], None]] = {
    Transition.CONFIRM: _confirmed,
    Transition.START_PROCESSING: _started,
    Transition.SHIP: _shipped,
    Transition.DELIVER: _delivered,
    Transition.CANCEL: _cancelled,
    Transition.RETURN: _returned,
    Transition.REOPEN: _reopened,
}


def compensate(order: Order, event: OrderEvent, actor: Actor) -> None:
    """Take back what one status change did to stock, parcels and returns."""
    COMPENSATIONS[Status(event.to_status)](order, event, actor)


def _unconfirm(order: Order, event: OrderEvent, actor: Actor) -> None:
    # A new order has no parcel: one that was prepared inside the hold goes with the confirmation.
    order.shipments.filter(state=ShipmentState.PREPARED).update(state=ShipmentState.VOIDED)
    if not reserves_at_placing(order):
        inventory.release(reference=order.stock_reference, actor=actor)
    if event.details.get("claimed") and order.manager_id == event.actor_user_id:
        set_manager(order, actor, None)


def _unship(order: Order, event: OrderEvent, actor: Actor) -> None:
    free = _still_free(order, event)
    lock_stock(order)
    inventory.reverse_shipment(reference=order.stock_reference, actor=actor)
    reserve_for(order, actor, on_shortage="backorder")
    parcels = order.shipments.filter(state=ShipmentState.HANDED_OVER)
    ShipmentLine.objects.filter(shipment__in=parcels).delete()
    parcels.filter(move_id=event.move_id).update(
        state=ShipmentState.VOIDED, handed_over_at=None, handover_sheet=None
    )
    order.shipments.filter(state=ShipmentState.HANDED_OVER).update(
        state=ShipmentState.PREPARED, handed_over_at=None, handover_sheet=None
    )
    _unvoid(order, free)


def _still_free(order: Order, event: OrderEvent) -> list[int]:
    """The parcels that went with this change, without those whose number another order got since; locks the numbers."""
    keys = event.details.get("voided_shipments", [])
    voided = list(order.shipments.filter(pk__in=keys, state=ShipmentState.VOIDED))
    numbers = {parcel.pk: normal_number(parcel.tracking_number) for parcel in voided}
    lock_awbs(numbers.values())
    return [
        parcel.pk
        for parcel in voided
        if not is_taken(order, carrier=parcel.carrier, number=numbers[parcel.pk])
    ]


def _unvoid(order: Order, free: list[int]) -> None:
    order.shipments.filter(pk__in=free).update(state=ShipmentState.PREPARED)


def _undeliver(order: Order, event: OrderEvent, actor: Actor) -> None:
    delivered = order.shipments.filter(state=ShipmentState.DELIVERED, pk__in=event.details["on_the_way"])
    delivered.update(state=ShipmentState.HANDED_OVER, delivered_at=None)


def _uncancel(order: Order, event: OrderEvent, actor: Actor) -> None:
    free = _still_free(order, event)
    if reserves_at_placing(order) or event.from_status != Status.NEW:
        reserve_for(order, actor, on_shortage="backorder")
    _unvoid(order, free)


def _unreturn(order: Order, event: OrderEvent, actor: Actor) -> None:
    announced = order.returns.filter(move_id=event.move_id, state=ReturnState.ANNOUNCED)
    if not announced.update(state=ReturnState.VOIDED):
        raise TooLateToUndo(_("The return was received already."), code="received")
    # A return that never came holds no line: the source may still replace the lines of an order that is here.
    ReturnLine.objects.filter(return_note__order=order, return_note__move_id=event.move_id).delete()
    came_back = order.shipments.filter(state=ShipmentState.RETURNED)
    came_back.filter(pk__in=event.details["on_the_way"]).update(state=ShipmentState.HANDED_OVER)
    came_back.update(state=ShipmentState.DELIVERED)
    wait_for_the_rest(order, actor)


def wait_for_the_rest(order: Order, actor: Actor) -> None:
    """Hold again what a shipped order still owes: what neither travelled nor was dropped."""
    # A shop that does not count here sends everything at once; elsewhere what was short is still owed.
    if not order.shop.blocks_on_shortage:
        return
    gone, rest = _travelled(order), defaultdict[int, int](int)
    for line in order.lines.all():
        rest[line.product_id] += line.quantity - gone.get(line.pk, 0) - line.dropped
    inventory.reserve(
        reference=order.stock_reference,
        shop_id=order.shop_id,
        wanted={product_id: units for product_id, units in rest.items() if units},
        on_shortage="backorder",
        actor=actor,
    )


def _unreopen(order: Order, event: OrderEvent, actor: Actor) -> None:
    inventory.release(reference=order.stock_reference, actor=actor)


def _unstart(order: Order, event: OrderEvent, actor: Actor) -> None:
    """Starting to pick changed no stock."""


COMPENSATIONS: dict[Status, Callable[[Order, OrderEvent, Actor], None]] = {
    Status.CONFIRMED: _unconfirm,
    Status.PROCESSING: _unstart,
    Status.SHIPPED: _unship,
    Status.DELIVERED: _undeliver,
    Status.CANCELLED: _uncancel,
    Status.RETURNED: _unreturn,
    Status.NEW: _unreopen,
}

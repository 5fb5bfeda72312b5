"""What had to wait when an order was shipped: sending it after the first parcel, or dropping it, and undoing either.

The status stays; each parcel has its own lines, its own movements of stock and its own row in the history.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import services as inventory
from inventory.selectors import reservations_of
from orders.carriers import normal_number
from orders.errors import NeedsInput, OrderError, TooLateToUndo, TransitionRefused
from orders.events import OrderEdited, ShipmentDispatched
from orders.guards import Arguments, Refusal, can_drop_rest, can_ship_rest
from orders.models import Order, OrderEvent, OrderLine, Shipment, ShipmentLine
from orders.models.history import EventKind
from orders.search import refresh_order_terms
from orders.selectors import LineUnits, rest_facts, units_of_lines
from orders.services.access import lock_order
from orders.services.awb_owners import require_free_awb
from orders.services.effects import let_go_of_uncounted, wait_for_the_rest
from orders.services.recording import record
from orders.services.transitions import undo_deadline
from orders.statuses import PaymentStatus, ShipmentState, StockNews
from shops.actors import Actor, actor_columns
from shops.bus import publish
from shops.models import StockMaster
from shops.permissions import Action


@dataclass(frozen=True)
class RestChange:
    """What happened to the rest of an order; until `undo_until` the move can be undone (None: never)."""

    order_id: int
    event_id: int
    move_id: uuid.UUID
    undo_until: datetime | None
    shipment_id: int | None = None


@transaction.atomic
def ship_rest(
    *,
    order_id: int,
    actor: Actor,
    carrier: str,
    tracking_number: str = "",
    quantities: Mapping[int, int] | None = None,
) -> RestChange:
    """Hand over a further parcel of an order that was shipped without everything; its status stays.

    `quantities` says how many units of each line go, by line key; without it all that is here goes. The units leave
    the stock that is reserved for the order. Raises NotPermitted, NeedsInput (carrier or number), TransitionRefused
    (nothing is owed, nothing has arrived), or OrderError naming the field: of a line, or of a number that
    another order has.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.SHIP)
    units = units_of_lines([order.pk])[order.pk]
    arguments = Arguments(carrier=carrier, tracking_number=tracking_number)
    if refusal := can_ship_rest(rest_facts(order, units), arguments):
        raise _as_error(refusal)
    number = normal_number(tracking_number)
    require_free_awb(order, carrier=carrier, number=number)
    going = _choose(order, units, quantities)
    parcel = Shipment.objects.create(
        order=order,
        carrier=carrier,
        tracking_number=number,
        state=ShipmentState.HANDED_OVER,
        handed_over_at=timezone.now(),
        move_id=uuid.uuid4(),
        **actor_columns(actor),
    )
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=parcel, line=line, quantity=quantity) for line, quantity in going
    )
    return _record_parcel(order, actor, parcel, _let_out(order, going, actor))


@transaction.atomic
def drop_rest(*, order_id: int, actor: Actor, reason: str = "") -> RestChange:
    """Decide that what is owed of a shipped order will not be sent: it waits no more, and what was reserved is free.

    Raises NotPermitted or TransitionRefused. The history row says whether a refund is due.
    """
    order = lock_order(order_id=order_id, actor=actor, action=Action.CANCEL)
    units = units_of_lines([order.pk])[order.pk]
    if refusal := can_drop_rest(rest_facts(order, units)):
        raise _as_error(refusal)
    dropped = {row.line.pk: row.owed for row in units if row.owed}
    _drop(order, dropped)
    inventory.release(reference=order.stock_reference, actor=actor)
    event = record(
        order,
        kind=EventKind.STOCK,
        actor=actor,
        reason_code=StockNews.DROPPED,
        reason=reason.strip()[:500],
        details={
            "dropped": dropped,
            "goods": [f"{row.owed} × {row.line.name}" for row in units if row.owed],
            "refund_due": order.payment_status == PaymentStatus.PAID,
        },
        notify=False,
        move_id=uuid.uuid4(),
        undo_until=undo_deadline(order, actor),
    )
    _publish_edited(order, actor, event)
    return _as_change(event)


def compensate_rest(order: Order, event: OrderEvent, actor: Actor) -> None:
    """Take back what one of these changes did to stock and parcels. Raises TooLateToUndo where the parcel arrived."""
    _COMPENSATIONS[EventKind(event.kind)](order, event, actor)


def _take_back_parcel(order: Order, event: OrderEvent, actor: Actor) -> None:
    parcel = order.shipments.filter(move_id=event.move_id)
    if not parcel.filter(state=ShipmentState.HANDED_OVER).update(
        state=ShipmentState.VOIDED, handed_over_at=None, handover_sheet=None
    ):
        raise TooLateToUndo(_("The parcel arrived already."), code="delivered")
    ShipmentLine.objects.filter(shipment__in=parcel).delete()
    left = {int(product_id): units for product_id, units in event.details["left"].items()}
    if left:
        inventory.reverse_shipment(reference=order.stock_reference, quantities=left, actor=actor)
    refresh_order_terms(order.pk)


def _owe_again(order: Order, event: OrderEvent, actor: Actor) -> None:
    _drop(order, {int(line_id): -units for line_id, units in event.details["dropped"].items()})
    wait_for_the_rest(order, actor)


_COMPENSATIONS: dict[EventKind, Callable[[Order, OrderEvent, Actor], None]] = {
    EventKind.SHIPMENT: _take_back_parcel,
    EventKind.STOCK: _owe_again,
}


def _choose(
    order: Order, units: list[LineUnits], quantities: Mapping[int, int] | None
) -> list[tuple[OrderLine, int]]:
    """The lines that travel with how many units of each; refuses more than is here, and an empty parcel."""
    here = order.shop.blocks_on_shortage
    going = []
    for row in units:
        most = row.ready(blocks_on_shortage=here)
        wanted = most if quantities is None else quantities.get(row.line.pk, 0)
        if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 <= wanted <= most:
            raise OrderError(
                _("%(name)s: between 0 and %(most)d can be sent now.")
                % {"name": row.line.name, "most": most},
                code="invalid",
                field=f"units-{row.line.pk}",
            )
        if wanted:
            going.append((row.line, wanted))
    if quantities is not None and quantities.keys() - {row.line.pk for row in units}:
        raise OrderError(_("One of these lines is not of this order."), code="invalid")
    if not going:
        raise OrderError(_("Nothing would be in the parcel: choose at least one unit."), code="empty")
    return going


def _let_out(order: Order, going: list[tuple[OrderLine, int]], actor: Actor) -> dict[int, int]:
    """Let the units leave the stock; answers how many did, by product."""
    held = reservations_of([order.stock_reference])[order.stock_reference]
    let_go_of_uncounted(order, held, actor)
    if order.shop.stock_master == StockMaster.NOBODY:
        return {}
    wanted: dict[int, int] = defaultdict(int)
    for line, quantity in going:
        wanted[line.product_id] += quantity
    return inventory.ship_out(
        reference=order.stock_reference,
        quantities=wanted,
        actor=actor,
        strict=order.shop.blocks_on_shortage,
    )


def _record_parcel(order: Order, actor: Actor, parcel: Shipment, left: dict[int, int]) -> RestChange:
    refresh_order_terms(order.pk)
    event = record(
        order,
        kind=EventKind.SHIPMENT,
        actor=actor,
        details={
            "shipment": parcel.pk,
            "carrier": parcel.carrier,
            "number": parcel.tracking_number,
            "rest": True,
            "left": left,
        },
        move_id=parcel.move_id,
        undo_until=undo_deadline(order, actor),
    )
    publish(
        ShipmentDispatched(
            uid=event.uid,
            shipment_id=parcel.pk,
            is_first=False,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=event.notify,
            move_id=event.move_id,
            undo_until=event.undo_until,
            occurred_at=event.at,
        )
    )
    return _as_change(event, parcel.pk)


def _drop(order: Order, units: Mapping[int, int]) -> None:
    lines = list(order.lines.filter(pk__in=units))
    for line in lines:
        line.dropped += units[line.pk]
    OrderLine.objects.bulk_update(lines, ["dropped"])


def _publish_edited(order: Order, actor: Actor, event: OrderEvent) -> None:
    publish(
        OrderEdited(
            uid=event.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=actor,
            notify=False,
            changes=("dropped",),
        )
    )


def _as_change(event: OrderEvent, shipment_id: int | None = None) -> RestChange:
    assert event.move_id is not None
    return RestChange(event.order_id, event.pk, event.move_id, event.undo_until, shipment_id)


def _as_error(refusal: Refusal) -> OrderError:
    if refusal.form:
        field = "carrier" if refusal.code == "carrier_unknown" else "tracking_number"
        return NeedsInput(refusal.sentence, form=refusal.form, field=field)
    return TransitionRefused(refusal.sentence, code=refusal.code)

"""What a customer sees of an order by its link: where it stands, the parcel, the goods, what is still to be paid.

No name, address, phone or e-mail of the customer is read into it: a link can be passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Prefetch
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from orders.carriers import carrier_name
from orders.models import Order, OrderEvent, OrderLine, Shipment
from orders.models.history import EventKind
from orders.statuses import HAPPY_PATH, DeliveryKind, ShipmentState, Status
from orders.tracking import digest_of

STEP_NAMES = {
    Status.NEW: _("Received"),
    Status.CONFIRMED: _("Confirmed"),
    Status.PROCESSING: _("Being prepared"),
    Status.SHIPPED: _("On its way"),
    Status.DELIVERED: _("Delivered"),
    Status.CANCELLED: _("Cancelled"),
    Status.RETURNED: _("Returned"),
}
SENTENCES = {
    Status.NEW: _("We have received your order and will confirm it soon."),
    Status.CONFIRMED: _("Your order is confirmed. We are about to prepare it."),
    Status.PROCESSING: _("We are picking and packing your order."),
    Status.SHIPPED: _("Your parcel is with the courier."),
    Status.DELIVERED: _("Your order has been delivered. Thank you!"),
    Status.CANCELLED: _("Your order has been cancelled."),
    Status.RETURNED: _("Your parcel came back to us."),
}


@dataclass(frozen=True)
class Step:
    """One step of the way: done at a moment, the current one, or still to come (`at` is None)."""

    status: str
    name: str
    at: datetime | None
    is_current: bool

    @property
    def is_done(self) -> bool:
        return self.at is not None


@dataclass(frozen=True)
class Parcel:
    carrier: str
    tracking_number: str
    url: str


@dataclass(frozen=True)
class TrackedOrder:
    """The page's content. `due` is what the customer pays at the door, zero when nothing; gross, in the currency."""

    order: Order
    sentence: str
    steps: list[Step]
    parcels: list[Parcel]
    lines: list[OrderLine]
    due: Decimal

    @property
    def current(self) -> Step:
        return next(step for step in self.steps if step.is_current)


def find_tracked_order(token: str) -> TrackedOrder | None:
    """The order of a link in its own language, or None for a wrong, old or malformed one; all three cost one look-up."""
    parcels = Shipment.objects.exclude(state=ShipmentState.VOIDED)
    changes = OrderEvent.objects.filter(
        kind__in=[EventKind.PLACED, EventKind.STATUS], reverted_at=None
    ).order_by("pk")
    order = (
        Order.objects.select_related("shop")
        .prefetch_related(
            "lines",
            Prefetch("shipments", parcels, to_attr="live_shipments"),
            Prefetch("events", changes, to_attr="changes"),
        )
        .filter(tracking_digest=digest_of(token), shop__is_active=True)
        .first()
    )
    if order is None:
        return None
    with translation.override(language_of(order)):
        return _tracked(order)


def language_of(order: Order) -> str:
    """The language the customer is spoken to about this order."""
    return order.language or order.shop.language


def _tracked(order: Order) -> TrackedOrder:
    return TrackedOrder(
        order=order,
        sentence=_sentence(order),
        steps=steps_of(order, order.changes),  # type: ignore[attr-defined]
        parcels=[
            Parcel(carrier_name(parcel.carrier), parcel.tracking_number, _public_url(order, parcel))
            for parcel in order.live_shipments  # type: ignore[attr-defined]
        ],
        lines=list(order.lines.all()),
        due=_due(order),
    )


def steps_of(order: Order, changes: list[OrderEvent]) -> list[Step]:
    """The way so far and what is still to come. A step that was left again (reopened, undone) is not shown as done."""
    reached: dict[str, datetime] = {Status.NEW: order.placed_at}
    for change in changes:
        status = change.to_status
        if not status or status == Status.NEW:
            reached = {Status.NEW: order.placed_at}
        else:
            reached[status] = change.at
    if order.status not in HAPPY_PATH:
        way = [status for status in HAPPY_PATH if status in reached]
        reached.setdefault(order.status, order.status_changed_at)
        return [_step(status, reached, order.status) for status in (*way, Status(order.status))]
    position = HAPPY_PATH.index(Status(order.status))
    for status in HAPPY_PATH[: position + 1]:
        reached.setdefault(status, order.status_changed_at)
    done: dict[str, datetime] = {status: reached[status] for status in HAPPY_PATH[: position + 1]}
    return [_step(status, done, order.status) for status in HAPPY_PATH]


def _step(status: Status, reached: dict[str, datetime], current: str) -> Step:
    return Step(status, str(STEP_NAMES[status]), reached.get(status), status == current)


def _sentence(order: Order) -> str:
    if order.status == Status.SHIPPED and order.delivery_kind in (DeliveryKind.LOCKER, DeliveryKind.PICKUP):
        return str(
            _("Your parcel is on its way to the pick-up point; the courier tells you when it is there.")
        )
    return str(SENTENCES[Status(order.status)])


def _public_url(order: Order, parcel: Shipment) -> str:
    """The carrier's page, as long as there is something to follow to the customer."""
    return parcel.tracking_url if order.status in HAPPY_PATH else ""


def _due(order: Order) -> Decimal:
    on_the_way = order.status in (Status.NEW, Status.CONFIRMED, Status.PROCESSING, Status.SHIPPED)
    return order.total if order.is_cod and not order.is_paid and on_the_way else Decimal("0")

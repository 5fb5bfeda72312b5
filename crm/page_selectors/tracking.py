"""What a customer sees of an order by its link: where it stands, the parcels, the goods, what is still to be paid.

No name, address, phone or e-mail of the customer is read into it: a link can be passed on. The pick-up point is named
only while a parcel waits there, for then its owner needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Prefetch
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from notifications.looks import Look
from notifications.selectors import look_of
from orders.carriers import carrier_name
from orders.contacts import safe_link
from orders.models import Order, OrderEvent, OrderLine, Shipment
from orders.models.history import EventKind
from orders.statuses import (
    HAPPY_PATH,
    DeliveryKind,
    PaymentStatus,
    ShipmentState,
    Status,
)
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


AT_PICKUP = "at_pickup"
READY = pgettext_lazy("parcel", "Ready to collect")
ON_THE_WAY = (Status.NEW, Status.CONFIRMED, Status.PROCESSING, Status.SHIPPED)
UNPAID = (PaymentStatus.PENDING, PaymentStatus.FAILED)


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
class Content:
    """Some units of a line."""

    quantity: int
    line: OrderLine


@dataclass(frozen=True)
class Parcel:
    """One parcel: who brings it, where it is, and what is in it where there is more than one."""

    carrier: str
    tracking_number: str
    url: str
    sentence: str
    at: datetime | None
    contents: list[Content]
    waits: bool


@dataclass(frozen=True)
class Payment:
    """What there is to say about money: `url` where it can be paid now; `is_warning` when something went wrong."""

    sentence: str
    url: str = ""
    is_warning: bool = False


@dataclass(frozen=True)
class TrackedOrder:
    """The page's content. `due` is what the customer pays at the door, zero when nothing; gross, in the currency."""

    order: Order
    look: Look
    headline: str
    sentence: str
    steps: list[Step]
    parcels: list[Parcel]
    rest: list[Content]
    lines: list[OrderLine]
    due: Decimal
    payment: Payment | None


def find_tracked_order(token: str) -> TrackedOrder | None:
    """The order of a link in its own language, or None for a wrong, old or malformed one; all three cost one look-up."""
    parcels = (
        Shipment.objects.exclude(state=ShipmentState.VOIDED).order_by("pk").prefetch_related("lines__line")
    )
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
    shipments: list[Shipment] = order.live_shipments  # type: ignore[attr-defined]
    lines = list(order.lines.all())
    rest = _rest(order, lines, shipments)
    waiting = _waiting(order, shipments)
    steps = steps_of(order, order.changes, waiting)  # type: ignore[attr-defined]
    return TrackedOrder(
        order=order,
        look=look_of(order.shop),
        headline=str(next(step.name for step in steps if step.is_current)),
        sentence=_sentence(order, waiting),
        steps=steps,
        parcels=[_parcel(order, parcel, len(shipments) > 1 or bool(rest)) for parcel in shipments],
        rest=rest,
        lines=lines,
        due=_due(order),
        payment=_payment(order),
    )


def steps_of(order: Order, changes: list[OrderEvent], waiting: Shipment | None = None) -> list[Step]:
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
    current = AT_PICKUP if waiting else order.status
    steps = [_step(status, done, current) for status in HAPPY_PATH]
    if waiting is not None:
        steps.insert(
            HAPPY_PATH.index(Status.SHIPPED) + 1, Step(AT_PICKUP, str(READY), waiting.at_pickup_at, True)
        )
    return steps


def _step(status: Status, reached: dict[str, datetime], current: str) -> Step:
    return Step(status, str(STEP_NAMES[status]), reached.get(status), status == current)


def _waiting(order: Order, shipments: list[Shipment]) -> Shipment | None:
    """The parcel that lies at the pick-up point, where nothing of the order is still on the road."""
    if order.status != Status.SHIPPED:
        return None
    out = [parcel for parcel in shipments if parcel.state == ShipmentState.HANDED_OVER]
    return out[-1] if out and all(parcel.at_pickup_at for parcel in out) else None


def _sentence(order: Order, waiting: Shipment | None) -> str:
    if waiting is not None:
        if order.pickup_point:
            return str(_("Your parcel waits for you at %(place)s.")) % {"place": order.pickup_point}
        return str(_("Your parcel waits for you at the pick-up point."))
    if order.status == Status.SHIPPED and order.delivery_kind in (DeliveryKind.LOCKER, DeliveryKind.PICKUP):
        return str(
            _("Your parcel is on its way to the pick-up point; the courier tells you when it is there.")
        )
    return str(SENTENCES[Status(order.status)])


def _parcel(order: Order, parcel: Shipment, names_goods: bool) -> Parcel:
    waits = bool(parcel.at_pickup_at) and parcel.state == ShipmentState.HANDED_OVER
    sentence, at = _("Being prepared"), None
    if order.status == Status.RETURNED:
        sentence = STEP_NAMES[Status.RETURNED]
    elif parcel.state == ShipmentState.DELIVERED:
        sentence, at = _("Delivered"), parcel.delivered_at
    elif waits:
        sentence, at = READY, parcel.at_pickup_at
    elif parcel.state == ShipmentState.HANDED_OVER:
        sentence, at = _("On its way"), parcel.handed_over_at
    contents = [Content(row.quantity, row.line) for row in parcel.lines.all()] if names_goods else []
    return Parcel(
        carrier=carrier_name(parcel.carrier),
        tracking_number=parcel.tracking_number,
        url=_public_url(order, parcel),
        sentence=str(sentence),
        at=at,
        contents=contents,
        waits=waits,
    )


def _rest(order: Order, lines: list[OrderLine], shipments: list[Shipment]) -> list[Content]:
    """What a shipped order still owes: neither in a parcel nor dropped."""
    if order.status not in (Status.SHIPPED, Status.DELIVERED):
        return []
    packed: dict[int, int] = {}
    for row in (row for parcel in shipments for row in parcel.lines.all()):
        packed[row.line_id] = packed.get(row.line_id, 0) + row.quantity
    if not packed:
        return []
    owed = ((line.quantity - line.dropped - packed.get(line.pk, 0), line) for line in lines)
    return [Content(units, line) for units, line in owed if units > 0]


def _public_url(order: Order, parcel: Shipment) -> str:
    """The carrier's page, as long as there is something to follow to the customer."""
    return parcel.tracking_url if order.status in HAPPY_PATH else ""


def _due(order: Order) -> Decimal:
    return order.total if order.is_cod and not order.is_paid and order.status in ON_THE_WAY else Decimal("0")


def _payment(order: Order) -> Payment | None:
    if order.payment_status == PaymentStatus.REFUNDED:
        return Payment(str(_("Your money was sent back to you.")))
    if order.payment_status == PaymentStatus.PARTLY_REFUNDED:
        return Payment(str(_("A part of your money was sent back to you.")))
    if order.status in (Status.CANCELLED, Status.RETURNED) and order.is_paid:
        return Payment(str(_("The money you paid comes back to you.")))
    if order.is_cod or order.payment_status not in UNPAID or order.status not in ON_THE_WAY:
        return None
    url = safe_link(order.payment_url)
    if order.payment_status == PaymentStatus.FAILED:
        return Payment(str(_("Your payment did not go through.")), url, is_warning=True)
    return Payment(str(_("We are waiting for your payment.")), url)

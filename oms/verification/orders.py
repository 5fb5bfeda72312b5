"""Whether orders agree with themselves: their totals, links, histories and parcels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from oms.verification.scope import of_shop
from orders.models import Order, OrderEvent, OrderLine, Shipment
from orders.models.history import EventKind
from orders.selectors import LEFT_THE_HOUSE
from orders.statuses import ShipmentState, Status
from orders.tracking import digest_of, token_for

CENT = Decimal("0.01")
AFTER_HANDOVER = (Status.SHIPPED, Status.DELIVERED, Status.RETURNED)


def totals_and_links(shop_id: int | None) -> Iterator[str]:
    """Goods are the sum of the lines, the total is the sum of its parts, and the link's digest is the order's own."""
    rows = of_shop(Order.objects.all(), shop_id).order_by("pk")
    rows = rows.annotate(lines_total=Coalesce(Sum("lines__total"), Decimal(0)))
    amounts = ("goods_total", "shipping_total", "fees_total", "rounding", "total", "lines_total")
    identity = ("number", "uuid", "tracking_version", "tracking_digest")
    for number, key, version, digest, *money in rows.values_list(*identity, *amounts).iterator():
        goods, shipping, fees, rounding, total, lines = (Decimal(value).quantize(CENT) for value in money)
        if goods != lines:
            yield f"order {number}: its lines add up to {lines}, its goods to {goods}"
        if total != goods + shipping + fees + rounding:
            yield f"order {number}: its parts add up to {goods + shipping + fees + rounding}, its total is {total}"
        if digest != digest_of(token_for(key, version)):
            yield f"order {number}: the link of its tracking page leads nowhere"


@dataclass
class Story:
    """What the events of one order tell: where they lead, and where those that still count lead."""

    order_id: int
    number: str
    status: str
    at: str = ""
    counted: str = ""
    breaks: list[str] = field(default_factory=list)

    def hear(self, kind: str, from_status: str, to_status: str, is_reverted: bool) -> None:
        """Take the next event into account."""
        if kind == EventKind.PLACED:
            self.at = self.counted = to_status
            return
        if from_status != self.at:
            self.breaks.append(
                f"order {self.number}: a change from {from_status} is recorded while it was {self.at or 'not placed'}"
            )
        self.at = to_status
        if kind == EventKind.STATUS and not is_reverted:
            if from_status != self.counted:
                self.breaks.append(
                    f"order {self.number}: the change from {from_status} follows an undone one"
                )
            self.counted = to_status

    def problems(self) -> Iterator[str]:
        """What does not fit, once all events were heard."""
        yield from self.breaks
        for reached, which in (
            (self.at, "its history"),
            (self.counted, "its history without undone changes"),
        ):
            if reached != self.status:
                yield f"order {self.number} is {self.status}, but {which} ends at {reached or 'nothing'}"


def histories(shop_id: int | None) -> Iterator[str]:
    """Every change starts where the one before ended, and the last one ends where the order stands."""
    told = OrderEvent.objects.filter(kind__in=[EventKind.PLACED, EventKind.STATUS, EventKind.REVERTED])
    columns: tuple[str, ...] = ("order_id", "order__number", "order__status")
    columns += ("kind", "from_status", "to_status", "reverted_at")
    story: Story | None = None
    rows: Any = of_shop(told, shop_id, "order__shop_id").order_by("order_id", "id").values_list(*columns)
    for order_id, number, status, kind, from_status, to_status, reverted_at in rows.iterator():
        if story is None or story.order_id != order_id:
            if story is not None:
                yield from story.problems()
            story = Story(order_id, number, status)
        story.hear(kind, from_status, to_status, reverted_at is not None)
    if story is not None:
        yield from story.problems()
    yield from _without_history(shop_id)


def _without_history(shop_id: int | None) -> Iterator[str]:
    placed = OrderEvent.objects.filter(order=OuterRef("pk"), kind=EventKind.PLACED)
    silent = of_shop(Order.objects.filter(~Exists(placed)), shop_id).order_by("pk")
    for number in silent.values_list("number", flat=True).iterator():
        yield f"order {number}: nothing records that it was placed"


def parcels(shop_id: int | None) -> Iterator[str]:
    """An order that left the house has a parcel that was handed over, and no line was sent or dropped twice."""
    out = Shipment.objects.filter(order=OuterRef("pk")).exclude(
        state__in=[ShipmentState.PREPARED, ShipmentState.VOIDED]
    )
    lost = of_shop(Order.objects.filter(~Exists(out), status__in=AFTER_HANDOVER), shop_id).order_by("pk")
    for number, status in lost.values_list("number", "status").iterator():
        yield f"order {number} is {status}, but no parcel of it was handed over"
    yield from _sent_twice(shop_id)


def _sent_twice(shop_id: int | None) -> Iterator[str]:
    sent = Sum("shipment_lines__quantity", filter=Q(shipment_lines__shipment__state__in=LEFT_THE_HOUSE))
    lines = of_shop(OrderLine.objects.filter(shipment_lines__isnull=False), shop_id, "order__shop_id")
    rows = lines.order_by("pk").annotate(sent=Coalesce(sent, 0)).filter(sent__gt=F("quantity") - F("dropped"))
    columns = ("order__number", "name", "quantity", "dropped", "sent")
    for number, name, quantity, dropped, units in rows.values_list(*columns).iterator():
        yield f"order {number}: {units} of {name} were sent, {dropped} dropped, but {quantity} ordered"

"""Cards as the board shows them: loaded by key, in a fixed number of queries however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from crm.models import Deal, Stage
from inventory.selectors import reservations_of
from orders.carriers import carrier_name
from orders.models import Order, OrderLine, Shipment
from orders.statuses import BEFORE_HANDOVER, ShipmentState, Status
from shops.working_hours import Calendar

CLOSED = (Status.DELIVERED, Status.CANCELLED, Status.RETURNED)


@dataclass(frozen=True)
class Card:
    """One card, ready to show. `age` is the time in its stage; marks are set only when true."""

    deal: Deal
    order: Order | None
    stage: Stage
    first_product: str
    more_products: int
    carrier: str
    tracking_number: str
    age: timedelta
    is_late: bool
    is_short: bool
    has_other_open: bool
    without_awb: bool

    @property
    def awb_tail(self) -> str:
        """The last four characters of the tracking number."""
        return self.tracking_number[-4:]


def cards_of(deals: Collection[Deal], calendar: Calendar) -> dict[int, Card]:
    """Cards by deal key. The deals come with stage, order, address and manager; four queries more."""
    orders = {deal.order.pk: deal.order for deal in deals if deal.order is not None}
    products = _products(orders)
    parcels = _parcels(orders)
    short = _short(orders)
    busy = _customers_with_more_than_one_open({order.customer_id for order in orders.values()})
    now = timezone.now()
    cards = {}
    for deal in deals:
        order = deal.order
        carrier, number = parcels.get(deal.order_id or 0, ("", ""))
        first, more = products.get(deal.order_id or 0, ("", 0))
        cards[deal.pk] = Card(
            deal=deal,
            order=order,
            stage=deal.stage,
            first_product=first,
            more_products=more,
            carrier=carrier_name(carrier or (order.courier if order else "")),
            tracking_number=number,
            age=now - deal.stage_entered_at,
            is_late=_is_late(deal, calendar, now),
            is_short=deal.order_id in short,
            has_other_open=order is not None and order.status not in CLOSED and order.customer_id in busy,
            without_awb=deal.stage.slug == "packed" and not number,
        )
    return cards


def _products(orders: Collection[int]) -> dict[int, tuple[str, int]]:
    names: dict[int, list[str]] = defaultdict(list)
    rows = OrderLine.objects.filter(order_id__in=orders).order_by("order_id", "position")
    for order_id, name in rows.values_list("order_id", "name"):
        names[order_id].append(name)
    return {order_id: (rows[0], len(rows) - 1) for order_id, rows in names.items()}


def _parcels(orders: Collection[int]) -> dict[int, tuple[str, str]]:
    rows = Shipment.objects.filter(order_id__in=orders).exclude(state=ShipmentState.VOIDED).order_by("pk")
    return {row[0]: (row[1], row[2]) for row in rows.values_list("order_id", "carrier", "tracking_number")}


def _short(orders: dict[int, Order]) -> set[int]:
    waiting = {pk: order.stock_reference for pk, order in orders.items() if order.status in BEFORE_HANDOVER}
    held = reservations_of(list(waiting.values()))
    return {
        pk
        for pk, reference in waiting.items()
        if any(mine.backordered for mine in held.get(reference, {}).values())
    }


def _customers_with_more_than_one_open(customers: Collection[int]) -> set[int]:
    rows = (
        Order.objects.filter(customer_id__in=customers)
        .exclude(status__in=CLOSED)
        .order_by()
        .values("customer_id")
        .annotate(open_orders=Count("pk"))
        .filter(Q(open_orders__gt=1))
    )
    return set(rows.values_list("customer_id", flat=True))


def _is_late(deal: Deal, calendar: Calendar, now: datetime) -> bool:
    limit = deal.stage.time_limit_hours
    if limit is None:
        return False
    allowed = timedelta(hours=float(limit))
    if now - deal.stage_entered_at <= allowed:
        return False
    # A window of four weeks is enough to tell, and bounds the walk over the calendar.
    start = max(deal.stage_entered_at, now - max(timedelta(days=28), allowed * 8))
    return calendar.open_between(start, now) > allowed

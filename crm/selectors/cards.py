"""Cards as the board shows them: loaded by key, in a fixed number of queries however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from crm.models import Deal, Stage
from inventory.models import Reservation
from orders.carriers import carrier_name
from orders.guards import WITH_REST
from orders.models import Order, OrderLine, Shipment
from orders.models.orders import order_of_reference, stock_reference
from orders.selectors import with_goods_arrived
from orders.statuses import ShipmentState, Status
from shops.working_hours import Calendar

CLOSED = (Status.DELIVERED, Status.CANCELLED, Status.RETURNED)


@dataclass(frozen=True)
class Card:
    """One card, ready to show. `age` is the time in its stage; marks are set only when true.

    `expected_on` is the day from which nothing is short any more, where it is known.
    """

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
    expected_on: date | None
    goods_arrived: bool
    has_other_open: bool
    without_awb: bool

    @property
    def awaits_rest(self) -> bool:
        """Whether what is short is the rest of an order that was shipped already."""
        return self.is_short and self.order is not None and self.order.status in WITH_REST

    @property
    def awb_tail(self) -> str:
        """The last four characters of the tracking number."""
        return self.tracking_number[-4:]


def cards_of(deals: Collection[Deal], calendar: Calendar) -> dict[int, Card]:
    """Cards by deal key. The deals come with stage, order, address and manager; five queries more."""
    orders = {deal.order.pk: deal.order for deal in deals if deal.order is not None}
    products = _products(orders)
    parcels = _parcels(orders)
    short = _short(orders)
    arrived = with_goods_arrived(orders.values())
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
            expected_on=short.get(deal.order_id or 0),
            goods_arrived=deal.order_id in arrived and deal.order_id not in short,
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


def _short(orders: dict[int, Order]) -> dict[int, date | None]:
    """The orders that wait for goods, and the day all of these are expected on (None: nobody knows)."""
    open_orders = [
        pk for pk, order in orders.items() if order.status not in (Status.CANCELLED, Status.RETURNED)
    ]
    waiting = Reservation.objects.filter(
        reference__in=[stock_reference(pk) for pk in open_orders], backordered__gt=0
    )
    days: dict[int, list[date | None]] = defaultdict(list)
    for reference, day in waiting.values_list("reference", "stock_item__product__expected_on"):
        days[order_of_reference(reference) or 0].append(day)
    return {pk: _latest(found) for pk, found in days.items()}


def _latest(days: list[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return max(known) if len(known) == len(days) else None


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

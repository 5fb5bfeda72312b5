"""Cards as the board shows them: loaded by key, in one query however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from crm.models import Deal, Stage
from inventory.models import Reservation
from orders.carriers import carrier_name
from orders.guards import WITH_REST
from orders.models import Order, OrderEvent, OrderLine, Shipment
from orders.models.history import EventKind
from orders.models.orders import stock_reference_at
from orders.selectors import NEWS_OF_GOODS
from orders.statuses import ShipmentState, Status, StockNews
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


def with_marks(deals: QuerySet[Deal]) -> QuerySet[Deal, Any]:
    """The deals with what `cards_of` needs beside their own row: looked up per card, for no query of its own."""
    lines = OrderLine.objects.filter(order=OuterRef("order_id"))
    parcels = Shipment.objects.filter(order=OuterRef("order_id")).exclude(state=ShipmentState.VOIDED)
    last_parcel = JSONObject(carrier="carrier", number="tracking_number")
    return deals.annotate(
        first_product=Subquery(lines.order_by("position").values("name")[:1]),
        line_count=Subquery(lines.order_by().values("order").annotate(n=Count("pk")).values("n")),
        parcel=Subquery(parcels.order_by("-pk").values_list(last_parcel)[:1]),
        waiting=Subquery(_waiting_units()),
        goods_arrived=Exists(goods_arrived()),
        has_other_open=Exists(_other_open_orders()),
    )


def cards_of(deals: Iterable[Any], calendar: Calendar) -> dict[int, Card]:
    """Cards by deal key. The deals come from `with_marks`, with stage, order, address and manager."""
    now = timezone.now()
    return {deal.pk: _card(deal, calendar, now) for deal in deals}


def _card(deal: Any, calendar: Calendar, now: datetime) -> Card:
    order = deal.order
    parcel = deal.parcel or {"carrier": "", "number": ""}
    is_short = deal.waiting is not None and order.status not in (Status.CANCELLED, Status.RETURNED)
    return Card(
        deal=deal,
        order=order,
        stage=deal.stage,
        first_product=deal.first_product or "",
        more_products=max(0, (deal.line_count or 0) - 1),
        carrier=carrier_name(parcel["carrier"] or (order.courier if order else "")),
        tracking_number=parcel["number"],
        age=now - deal.stage_entered_at,
        is_late=_is_late(deal, calendar, now),
        is_short=is_short,
        expected_on=_expected_on(deal.waiting) if is_short else None,
        goods_arrived=deal.goods_arrived and not is_short,
        has_other_open=deal.has_other_open and order.status not in CLOSED,
        without_awb=deal.stage.slug == "packed" and not parcel["number"],
    )


def goods_arrived() -> QuerySet[OrderEvent]:
    """Of the deal around it: news that its goods are here, younger than the order's status, with no later news and
    no parcel that took them. The same rule as `orders.selectors.with_goods_arrived`, as a condition."""
    arrived = OrderEvent.objects.filter(
        order=OuterRef("order_id"),
        kind=EventKind.STOCK,
        reason_code=StockNews.ARRIVED,
        reverted_at=None,
        at__gte=OuterRef("order__status_changed_at"),
    )
    later = OrderEvent.objects.filter(
        NEWS_OF_GOODS, order=OuterRef("order"), pk__gt=OuterRef("pk"), reverted_at=None
    )
    # Last, for SQLite asks in the order written: few events are news, and only these look for later ones.
    return arrived.filter(~Exists(later))


def _waiting_units() -> QuerySet[Reservation, Any]:
    """What the deal's order waits for: how many products, of how many the day is known, and the last of these days."""
    waiting = Reservation.objects.filter(
        reference=stock_reference_at(OuterRef("order_id")), backordered__gt=0
    )
    day = "stock_item__product__expected_on"
    found = JSONObject(products=Count("pk"), known=Count(day), last=Max(day))
    return waiting.order_by().values("reference").annotate(found=found).values("found")


def _expected_on(waiting: dict[str, Any]) -> date | None:
    return date.fromisoformat(waiting["last"]) if waiting["known"] == waiting["products"] else None


def _other_open_orders() -> QuerySet[Order]:
    same_customer = Order.objects.filter(customer=OuterRef("order__customer_id"))
    return same_customer.exclude(pk=OuterRef("order_id")).exclude(status__in=CLOSED)


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

"""The order list: one page of rows with what their columns need, how many there are, and the rows of its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from crm.models import Deal
from crm.page_selectors.order_columns import Cell, Column, OrderRow
from crm.page_selectors.order_filters import OrderFilter, orders_wanted
from orders.models import Order, Shipment
from orders.statuses import ShipmentState
from shops.keyset import newest_first
from shops.models import Shop, User

MOST_COUNTED = 1000
MOST_AT_ONCE = 500
AT_ONCE = 500


@dataclass(frozen=True)
class OrderPage:
    """The rows of one page, and the cursor of the next one (empty on the last)."""

    rows: list[OrderRow]
    after: str


def shops_shown(shops: Sequence[Shop], slug: str) -> list[Shop]:
    """The shops of the list: those the person may see, or the one asked for; an unknown one shows nothing."""
    return [shop for shop in shops if not slug or shop.slug == slug]


def list_orders(
    orders: QuerySet[Order], shops: Sequence[Shop], columns: Sequence[Column], after: str = ""
) -> OrderPage:
    """One page of these orders (see `orders_wanted`), newest first. A fixed number of queries for one set of columns."""
    page = newest_first(_with_row(orders), "placed_at", after, shop_ids=[shop.pk for shop in shops])
    return OrderPage(_rows(page.rows, columns), page.after)


def count_orders(orders: QuerySet[Order], shops: Sequence[Shop]) -> int:
    """How many these are, counted up to one more than `MOST_COUNTED`."""
    found = orders.filter(shop__in=[shop.pk for shop in shops])
    return found.order_by().values("pk")[: MOST_COUNTED + 1].count()


def chosen_orders(
    user: User, wanted: OrderFilter, shops: Sequence[Shop], keys: Sequence[int] | None
) -> QuerySet[Order]:
    """The ticked orders, or with None the newest `MOST_AT_ONCE` that match; only those this person may see."""
    if keys is not None:
        ticked = Order.objects.visible_to(user).filter(pk__in=keys[:MOST_AT_ONCE])
        return ticked.order_by("-placed_at", "-pk")
    page = newest_first(
        orders_wanted(user, wanted, shops), "placed_at", "", MOST_AT_ONCE, [shop.pk for shop in shops]
    )
    return Order.objects.filter(pk__in=[order.pk for order in page.rows]).order_by("-placed_at", "-pk")


def order_file_rows(
    orders: QuerySet[Order], shops: Sequence[Shop], columns: Sequence[Column]
) -> Iterator[Sequence[Cell]]:
    """The headings, then the orders newest first, read five hundred at a time by key."""
    yield [str(heading) for column in columns for heading in column.headings]
    found, after = _with_row(orders), ""
    shop_ids = [shop.pk for shop in shops]
    while True:
        page = newest_first(found, "placed_at", after, AT_ONCE, shop_ids)
        for row in _rows(page.rows, columns):
            yield [cell for column in columns for cell in column.cells(row)]
        after = page.after
        if not after:
            return


def _with_row(orders: QuerySet[Order]) -> QuerySet[Order]:
    parcels = Shipment.objects.exclude(state=ShipmentState.VOIDED)
    return orders.select_related("shop", "customer", "manager", "shipping_address").prefetch_related(
        Prefetch("shipments", parcels, to_attr="live_shipments")
    )


def _rows(orders: Sequence[Order], columns: Sequence[Column]) -> list[OrderRow]:
    needs = {column.needs for column in columns}
    keys = [order.pk for order in orders]
    cards: dict[int | None, Deal] = {}
    with_tags = any(column.key == "tags" for column in columns)
    if "stage" in needs:
        deals = Deal.objects.filter(order__in=keys).select_related("stage")
        cards = {deal.order_id: deal for deal in (deals.prefetch_related("tags") if with_tags else deals)}
    if "lines" in needs:
        prefetch_related_objects(list(orders), "lines")
    return [
        OrderRow(
            order=order,
            parcels=order.live_shipments,  # type: ignore[attr-defined]
            stage=cards[order.pk].stage if order.pk in cards else None,
            tags=list(cards[order.pk].tags.all()) if with_tags and order.pk in cards else (),
            lines=list(order.lines.all()) if "lines" in needs else (),
        )
        for order in orders
    ]

"""Whether stock agrees: the ledger with the counters, the counters with the reservations, those with the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Sum
from django.urls import reverse

from inventory.models import Reservation
from inventory.selectors import reservations_of, stock_differences
from oms.verification.scope import of_shop, pieces
from orders.guards import WITH_REST
from orders.models import Order, OrderLine
from orders.models.orders import order_of_reference, stock_reference
from orders.selectors import units_of_lines
from orders.statuses import BEFORE_HANDOVER, Status
from shops.models import StockMaster


def counters(shop_id: int | None) -> Iterator[str]:
    """The sum of a stock item's movements is what is on hand; the sum of its reservations is what is reserved.

    Each sentence ends with the page on which the counter can be repaired.
    """
    for difference in stock_differences(None if shop_id is None else [shop_id]):
        page = reverse("inventory:repair", args=[difference.stock_item_id])
        yield f"{difference.sentence} Repair: {page}"


def owners(shop_id: int | None) -> Iterator[str]:
    """Every reservation belongs to an order of the same shop that is neither cancelled nor returned.

    After the handover an order holds no more than what it still owes: neither sent nor dropped.
    """
    rows = of_shop(Reservation.objects.all(), shop_id, "stock_item__product__shop_id").order_by("pk")
    columns = ("reference", "stock_item__product__shop_id", "stock_item__product_id")
    for piece in pieces(rows.values_list(*columns).iterator()):
        keys = {reference: order_of_reference(reference) for reference, _shop, _product in piece}
        orders = Order.objects.in_bulk([key for key in keys.values() if key is not None])
        too_much = _held_beyond_owed([order for order in orders.values() if order.status in WITH_REST])
        for reference, owner_shop, product_id in piece:
            order = orders.get(keys[reference] or 0)
            yield from _owner_problem(reference, order, owner_shop)
            if order is not None and (order.pk, product_id) in too_much:
                yield (
                    f"order {order.number} is {order.status} but still holds stock "
                    f"of product {product_id} that it does not owe"
                )


def _held_beyond_owed(orders: list[Order]) -> set[tuple[int, int]]:
    """Orders and products of which more is held than is owed."""
    held = reservations_of([order.stock_reference for order in orders])
    owed: dict[tuple[int, int], int] = defaultdict(int)
    for order_id, rows in units_of_lines([order.pk for order in orders]).items():
        for row in rows:
            owed[order_id, row.line.product_id] += row.owed
    return {
        (order.pk, product_id)
        for order in orders
        for product_id, mine in held[order.stock_reference].items()
        if mine.reserved + mine.backordered > owed[order.pk, product_id]
    }


def _owner_problem(reference: str, order: Order | None, shop_id: int) -> Iterator[str]:
    if order is None:
        yield f"reservation {reference}: there is no such order"
    elif order.shop_id != shop_id:
        yield f"reservation {reference}: order {order.number} belongs to another shop than the goods"
    elif order.status in (Status.CANCELLED, Status.RETURNED):
        yield f"order {order.number} is {order.status} but still holds stock"


def holdings(shop_id: int | None) -> Iterator[str]:
    """An order before its handover holds no more than it ordered; once confirmed, where we keep the stock, no less."""
    open_orders = of_shop(Order.objects.filter(status__in=BEFORE_HANDOVER), shop_id)
    columns = ("pk", "number", "status", "shop__stock_master")
    for piece in pieces(open_orders.order_by("pk").values_list(*columns).iterator()):
        wanted = _wanted([row[0] for row in piece])
        held = reservations_of([stock_reference(row[0]) for row in piece])
        for pk, number, status, master in piece:
            must_hold = status != Status.NEW and master == StockMaster.HERE
            mine = held[stock_reference(pk)]
            for product_id in sorted(wanted[pk].keys() | mine.keys()):
                units = mine[product_id].reserved + mine[product_id].backordered if product_id in mine else 0
                asked, is_tracked = wanted[pk].get(product_id, (0, True))
                if units > asked or (must_hold and is_tracked and units < asked):
                    yield f"order {number} ordered {asked} of product {product_id} but holds {units}"


def _wanted(order_ids: list[int]) -> dict[int, dict[int, tuple[int, bool]]]:
    wanted: dict[int, dict[int, tuple[int, bool]]] = defaultdict(dict)
    rows = (
        OrderLine.objects.filter(order_id__in=order_ids)
        .order_by()
        .values_list("order_id", "product_id", "product__is_tracked")
        .annotate(units=Sum("quantity"))
    )
    for order_id, product_id, is_tracked, units in rows:
        wanted[order_id][product_id] = (units, is_tracked)
    return wanted

"""Whether stock agrees: the ledger with the counters, the counters with the reservations, those with the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Sum

from inventory.models import Reservation
from inventory.selectors import reservations_of, stock_problems
from oms.verification.scope import of_shop, pieces
from orders.models import Order, OrderLine
from orders.statuses import BEFORE_HANDOVER, Status
from shops.models import StockMaster

HELD_BY_ORDER = "order:"


def counters(shop_id: int | None) -> Iterator[str]:
    """The sum of a stock item's movements is what is on hand; the sum of its reservations is what is reserved."""
    yield from stock_problems(shop_id=shop_id)


def owners(shop_id: int | None) -> Iterator[str]:
    """Every reservation belongs to an order of the same shop that is neither cancelled nor returned.

    After the handover only what was agreed to follow later may still be held.
    """
    rows = of_shop(Reservation.objects.all(), shop_id, "stock_item__product__shop_id").order_by("pk")
    columns = ("reference", "stock_item__product__shop_id", "stock_item__product__allow_backorder")
    for piece in pieces(rows.values_list(*columns).iterator()):
        keys = {reference: _order_key(reference) for reference, _shop, _later in piece}
        orders = Order.objects.in_bulk([key for key in keys.values() if key is not None])
        for reference, owner_shop, may_follow in piece:
            yield from _owner_problem(reference, orders.get(keys[reference] or 0), owner_shop, may_follow)


def _order_key(reference: str) -> int | None:
    key = reference.removeprefix(HELD_BY_ORDER)
    return int(key) if reference.startswith(HELD_BY_ORDER) and key.isdigit() else None


def _owner_problem(reference: str, order: Order | None, shop_id: int, may_follow: bool) -> Iterator[str]:
    if order is None:
        yield f"reservation {reference}: there is no such order"
    elif order.shop_id != shop_id:
        yield f"reservation {reference}: order {order.number} belongs to another shop than the goods"
    elif order.status in (Status.CANCELLED, Status.RETURNED):
        yield f"order {order.number} is {order.status} but still holds stock"
    elif order.status not in BEFORE_HANDOVER and not (order.partial_agreed or may_follow):
        yield f"order {order.number} is {order.status} but still holds stock that nobody agreed to send later"


def holdings(shop_id: int | None) -> Iterator[str]:
    """An order before its handover holds no more than it ordered; once confirmed, where we keep the stock, no less."""
    open_orders = of_shop(Order.objects.filter(status__in=BEFORE_HANDOVER), shop_id)
    columns = ("pk", "number", "status", "shop__stock_master")
    for piece in pieces(open_orders.order_by("pk").values_list(*columns).iterator()):
        wanted = _wanted([row[0] for row in piece])
        held = reservations_of([f"{HELD_BY_ORDER}{row[0]}" for row in piece])
        for pk, number, status, master in piece:
            must_hold = status != Status.NEW and master == StockMaster.HERE
            mine = held[f"{HELD_BY_ORDER}{pk}"]
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

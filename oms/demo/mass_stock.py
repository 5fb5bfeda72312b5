"""Stock of orders in mass: what they hold, what left with them, what came back, and the goods that made it possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from inventory.models import MovementKind, Product, Reservation, StockItem, StockMovement
from orders.models import Order, OrderLine
from orders.statuses import BEFORE_HANDOVER, Status
from shops.actors import Actor, actor_columns
from shops.locks import lock
from shops.models import ReserveAt, Shop, StockMaster

ROWS_AT_ONCE = 2000
SPARE = 40


def move_stock(
    shop: Shop,
    orders: Sequence[Order],
    lines: Sequence[Sequence[OrderLine]],
    restocked: Sequence[tuple[Order, Product, int]],
) -> None:
    """Receive what these orders need, reserve for the open ones, ship for the others, put back what was returned."""
    if shop.stock_master == StockMaster.NOBODY:
        return
    items = _lock_items(shop)
    held: Counter[int] = Counter()
    out: Counter[int] = Counter()
    reservations, movements = [], []
    for order, mine in zip(orders, lines, strict=True):
        for line in mine:
            item = items.get(line.product_id)
            if item is None:
                continue
            if _holds(shop, order):
                held[item.pk] += line.quantity
                reservations.append(
                    Reservation(reference=order.stock_reference, stock_item=item, reserved=line.quantity)
                )
            elif order.status in (Status.SHIPPED, Status.DELIVERED, Status.RETURNED):
                out[item.pk] += line.quantity
                movements.append(
                    _movement(item, MovementKind.SHIPMENT, -line.quantity, order.stock_reference)
                )
    back = [(order, items[product.pk], units) for order, product, units in restocked if product.pk in items]
    movements += [
        _movement(item, MovementKind.RESTOCK, units, order.stock_reference) for order, item, units in back
    ]
    came_back = Counter[int]()
    for _order, item, units in back:
        came_back[item.pk] += units
    for item in items.values():
        received = held[item.pk] + out[item.pk] + SPARE
        movements.append(_movement(item, MovementKind.RECEIPT, received, ""))
        item.on_hand += received - out[item.pk] + came_back[item.pk]
        item.reserved += held[item.pk]
    Reservation.objects.bulk_create(reservations, batch_size=ROWS_AT_ONCE)
    StockMovement.objects.bulk_create(movements, batch_size=ROWS_AT_ONCE)
    StockItem.objects.bulk_update(items.values(), ["on_hand", "reserved"])


def _lock_items(shop: Shop) -> dict[int, StockItem]:
    mine = StockItem.objects.filter(
        product__shop=shop, product__is_tracked=True, warehouse__is_default=True
    ).values_list("pk", flat=True)
    return {item.product_id: item for item in lock(StockItem.objects.all(), mine)}


def _holds(shop: Shop, order: Order) -> bool:
    if order.status == Status.NEW:
        return shop.reserve_at == ReserveAt.PLACING
    return order.status in BEFORE_HANDOVER


def _movement(item: StockItem, kind: str, quantity: int, reference: str) -> StockMovement:
    by = actor_columns(Actor.system("seed"))
    return StockMovement(
        stock_item=item, kind=kind, quantity=quantity, reference=reference, reason="seed", **by
    )

"""What orders do when stock changes: the people of an order hear that its goods arrived, or are missing after all.

Only rows are inserted, the order's own row is never locked: whoever receives goods waits for no order.
"""

from __future__ import annotations

from inventory.events import BackorderAllocated, FiguresRequested, ReservationShorted
from inventory.models import Product
from orders.events import OrderBecameShippable
from orders.models import Order, OrderEvent
from orders.models.history import EventKind
from orders.models.orders import order_of_reference
from orders.selectors import units_of_lines
from orders.services.recording import record
from orders.services.sales import FIGURES_TASK
from orders.statuses import StockNews
from shops.actors import Actor
from shops.bus import publish
from shops.locks import lock
from shops.wakeups import wake

STOCK = Actor.system()


def note_goods_arrived(event: BackorderAllocated) -> None:
    """When the last goods an order waited for arrived, its history says so, and the news goes out once."""
    order = _order_behind(event.reference) if event.is_last else None
    if order is None:
        return
    # Goods of one order may arrive in two transactions at once, each of which sees the other's still missing. The
    # row that says it was placed is the gate: nothing else ever locks it, and who comes second sees all.
    gate = order.events.order_by("pk").values_list("pk", flat=True)[:1]
    lock(OrderEvent.objects.all(), list(gate))
    units = units_of_lines([order.pk])[order.pk]
    if any(row.waiting for row in units):
        return
    goods = tuple(f"{row.reserved} × {row.line.name}" for row in units if row.reserved)
    row = record(
        order,
        kind=EventKind.STOCK,
        actor=STOCK,
        reason_code=StockNews.ARRIVED,
        details={"goods": goods},
        notify=False,
    )
    publish(
        OrderBecameShippable(
            uid=row.uid,
            order_id=order.pk,
            shop_id=order.shop_id,
            actor=STOCK,
            number=order.number,
            status=order.status,
            manager_id=order.manager_id,
            lines=goods,
            event_id=row.pk,
        )
    )


def note_goods_missing(event: ReservationShorted) -> None:
    """Reserved units turned out not to exist: the history of their order says so."""
    order = _order_behind(event.reference)
    if order is None:
        return
    name = Product.objects.values_list("name", flat=True).get(pk=event.product_id)
    record(
        order,
        kind=EventKind.STOCK,
        actor=STOCK,
        reason_code=StockNews.MISSING,
        details={"goods": [f"{event.quantity} × {name}"]},
        notify=False,
    )


def compute_figures_soon(event: FiguresRequested) -> None:
    """Somebody waits for the shop's sales figures: a worker computes them when the request is committed."""
    wake(FIGURES_TASK)


def _order_behind(reference: str) -> Order | None:
    key = order_of_reference(reference)
    return Order.objects.filter(pk=key).first() if key is not None else None

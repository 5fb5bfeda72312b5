"""The proof that the data agree with themselves: every invariant of the system, checked by reading only.

Each check yields one sentence for each thing that is off. Rows are streamed, so memory does not grow with the
database. It knows what must be true and never mends anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crm.models import Deal
from inventory.models import StockItem
from notifications.models import Message
from oms.verification import board, messages, orders, stock
from oms.verification.scope import of_shop
from orders.models import Order

Check = Callable[[int | None], Iterator[str]]

CHECKS: dict[str, Check] = {
    "stock: ledger = counters = reservations": stock.counters,
    "reservations belong to orders that may hold them": stock.owners,
    "open orders hold what they ordered": stock.holdings,
    "totals and tracking links": orders.totals_and_links,
    "order histories": orders.histories,
    "parcels of shipped orders": orders.parcels,
    "orders and deals agree": board.agreement,
    "every order has its card": board.missing_cards,
    "histories of deals": board.moves,
    "entry stages": board.entries,
    "messages": messages.outbox,
}


@dataclass(frozen=True)
class Figures:
    """How much was looked at."""

    orders: int
    deals: int
    stock_items: int
    messages: int


def problems(shop_id: int | None = None) -> Iterator[tuple[str, str]]:
    """Everything that is off, as (name of the check, sentence); of one shop, or of all."""
    for name, check in CHECKS.items():
        for sentence in check(shop_id):
            yield name, sentence


def figures(shop_id: int | None = None) -> Figures:
    """How many rows the checks look at."""
    return Figures(
        orders=of_shop(Order.objects.all(), shop_id).count(),
        deals=of_shop(Deal.objects.all(), shop_id, "funnel__shop_id").count(),
        stock_items=of_shop(StockItem.objects.all(), shop_id, "product__shop_id").count(),
        messages=of_shop(Message.objects.all(), shop_id).count(),
    )

"""What nobody buys: goods on hand without a sale for a while, and the money tied up in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from inventory.models import MovementKind, Product, StockItem, StockMovement
from shops.models import Shop

PAGE_SIZE = 50
DAY = timedelta(days=1)


@dataclass
class SlowMover:
    """A product with units on hand: when it last sold (or, never sold, when it first came in). Cost without VAT."""

    product_id: int
    units: int = 0
    reserved: int = 0
    last_sale: datetime | None = None
    first_in: datetime | None = None
    cost: Decimal | None = None
    currency: str = ""
    product: Product | None = None

    @property
    def since(self) -> datetime | None:
        return self.last_sale or self.first_in

    @property
    def days(self) -> int | None:
        """Whole days since the last sale, or since it came in; None when neither is known."""
        return None if self.since is None else (timezone.now() - self.since) // DAY

    @property
    def money(self) -> Decimal | None:
        return None if self.cost is None else self.cost * self.units


@dataclass(frozen=True)
class TiedUp:
    """Money tied up in one currency; the currency "" stands for goods whose cost nobody entered."""

    currency: str
    products: int
    units: int
    money: Decimal


def slow_movers(shop: Shop, *, days: int) -> list[SlowMover]:
    """The tracked products on hand that were not sold for `days` days, most money tied up first.

    A sale is a shipment that was not undone later; what is reserved to the last unit is as good as sold. Amounts of different currencies are not compared: the shop's own
    come first, then the others, then goods without a cost. One query.
    """
    border = timezone.now() - days * DAY
    found: dict[int, SlowMover] = {}
    for row in _items(shop):
        mover = found.setdefault(row["product_id"], SlowMover(row["product_id"]))
        mover.units += row["on_hand"]
        mover.reserved += row["reserved"]
        mover.last_sale = max(filter(None, (mover.last_sale, row["last_sale"])), default=None)
        mover.first_in = min(filter(None, (mover.first_in, row["first_in"])), default=None)
        mover.cost = row["product__cost"]
        mover.currency = (
            (row["product__cost_currency"] or shop.currency) if row["product__cost"] is not None else ""
        )
    slow = [
        mover
        for mover in found.values()
        if mover.units > mover.reserved and (mover.since is None or mover.since < border)
    ]
    return sorted(slow, key=lambda mover: _rank(mover, shop.currency))


def slow_page(movers: Sequence[SlowMover], after: int | None) -> tuple[list[SlowMover], int | None]:
    """One page of them, with their products, and the key of the product after which the next begins. One query."""
    places = {mover.product_id: place for place, mover in enumerate(movers)}
    start = places.get(after, -1) + 1 if after is not None else 0
    shown = list(movers[start : start + PAGE_SIZE])
    products = Product.objects.select_related("category").in_bulk([mover.product_id for mover in shown])
    for mover in shown:
        mover.product = products[mover.product_id]
    return shown, shown[-1].product_id if len(movers) > start + PAGE_SIZE else None


def tied_up(movers: Iterable[SlowMover], own_currency: str) -> list[TiedUp]:
    """The sums by currency, the shop's own first, goods without a cost last."""
    sums: dict[str, list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    for mover in movers:
        entry = sums[mover.currency]
        entry[0] += 1
        entry[1] += mover.units
        entry[2] += mover.money or Decimal(0)
    order = sorted(sums, key=lambda currency: (not currency, currency != own_currency, currency))
    return [TiedUp(currency, *sums[currency]) for currency in order]


def _rank(mover: SlowMover, own_currency: str) -> tuple[bool, bool, str, Decimal, int]:
    money = mover.money if mover.money is not None else Decimal(mover.units)
    return (not mover.currency, mover.currency != own_currency, mover.currency, -money, mover.product_id)


def _items(shop: Shop) -> Iterable[Any]:
    """Every stock item of the shop's tracked products, with its last sale and its first arrival."""
    movements = StockMovement.objects.filter(stock_item=OuterRef("pk"))
    undone = StockMovement.objects.filter(
        stock_item=OuterRef("stock_item"),
        reference=OuterRef("reference"),
        kind=MovementKind.SHIPMENT_REVERSED,
        pk__gt=OuterRef("pk"),
    )
    sales = movements.filter(~Exists(undone), kind=MovementKind.SHIPMENT).order_by("-at")
    arrivals = movements.filter(quantity__gt=0).order_by("at")
    items: QuerySet[StockItem] = StockItem.objects.filter(
        product__shop=shop, product__is_tracked=True, product__in=_on_hand(shop)
    )
    return (
        items.annotate(
            last_sale=Subquery(sales.values("at")[:1]), first_in=Subquery(arrivals.values("at")[:1])
        )
        .order_by()
        .values(
            "product_id",
            "on_hand",
            "reserved",
            "last_sale",
            "first_in",
            "product__cost",
            "product__cost_currency",
        )
        .iterator(chunk_size=2000)
    )


def _on_hand(shop: Shop) -> QuerySet[StockItem, Any]:
    here = StockItem.objects.filter(on_hand__gt=0, product__shop=shop)
    return here.order_by().values("product_id")

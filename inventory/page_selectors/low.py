"""What runs low: stock items with less available than their safety stock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, Sum

from inventory.models import Product, Reservation, StockItem
from inventory.page_selectors.reorder import Line, lines_of

PAGE_SIZE = 50
# Written as the partial index `stock_items_running_low` is, so that it serves.
RUNS_LOW = Q(safety_stock__gt=F("on_hand") - F("reserved"))
Place = tuple[int, int]


@dataclass(frozen=True)
class LowRow:
    """One stock item that runs low; `line` is about its product in all warehouses."""

    item: StockItem
    waiting: int
    line: Line

    @property
    def missing(self) -> int:
        """Units missing to the safety stock."""
        return self.item.safety_stock - self.item.available


def low_items(shop_ids: Collection[int]) -> QuerySet[StockItem]:
    """The stock items of active, tracked products of these shops that run low."""
    return StockItem.objects.filter(
        RUNS_LOW, product__shop_id__in=shop_ids, product__is_tracked=True, product__is_active=True
    )


def low_page(shop_ids: Collection[int], after: Place | None) -> tuple[list[LowRow], Place | None]:
    """One page of what runs low, by product, and the (product, item) after which the next one begins."""
    items = low_items(shop_ids)
    if after is not None:
        product_id, pk = after
        items = items.filter(Q(product_id__gt=product_id) | Q(product_id=product_id, pk__gt=pk))
    shown = list(
        items.select_related("product__shop", "warehouse").order_by("product_id", "pk")[: PAGE_SIZE + 1]
    )
    more, shown = len(shown) > PAGE_SIZE, shown[:PAGE_SIZE]
    return low_rows(shown), (shown[-1].product_id, shown[-1].pk) if more else None


def low_rows(items: Collection[StockItem]) -> list[LowRow]:
    """The items with who waits for them and what should be ordered. A fixed number of queries."""
    waiting = dict(
        Reservation.objects.filter(stock_item__in=[item.pk for item in items], backordered__gt=0)
        .order_by()
        .values_list("stock_item_id")
        .annotate(units=Sum("backordered"))
    )
    products = Product.objects.filter(pk__in=[item.product_id for item in items])
    lines = {line.product.pk: line for line in lines_of(products)}
    return [LowRow(item, waiting.get(item.pk, 0), lines[item.product_id]) for item in items]

"""What the check page reads: per shop whether the books agree, what differs, and what was repaired before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from inventory.models import Counter, StockRepair
from inventory.selectors import stock_differences, stock_items_by_shop
from shops.keyset import Page, newest_key_first
from shops.models import Shop

MOST_SHOWN = 200


@dataclass
class OddItem:
    """A stock item with what is off: (stored, by its rows) per counter, None where it agrees."""

    stock_item_id: int
    product: str
    name: str
    warehouse: str
    on_hand: tuple[int, int] | None = None
    reserved: tuple[int, int] | None = None


@dataclass(frozen=True)
class ShopCheck:
    """The books of one shop: how many stock items were looked at, and the odd ones, at most `MOST_SHOWN`."""

    shop: Shop
    stock_items: int
    odd: list[OddItem] = field(default_factory=list)
    unshown: int = 0


def check_shops(shops: Sequence[Shop]) -> list[ShopCheck]:
    """Compare ledger, counters and reservations of the shops. Three queries, whatever there is."""
    keys = [shop.pk for shop in shops]
    counted = stock_items_by_shop(keys)
    found: dict[int, dict[int, OddItem]] = {key: {} for key in keys}
    for difference in stock_differences(keys):
        odd = found[difference.shop_id].setdefault(
            difference.stock_item_id,
            OddItem(difference.stock_item_id, difference.product, difference.name, difference.warehouse),
        )
        if difference.counter == Counter.ON_HAND:
            odd.on_hand = (difference.stored, difference.true)
        else:
            odd.reserved = (difference.stored, difference.true)
    return [_check_of(shop, counted.get(shop.pk, 0), list(found[shop.pk].values())) for shop in shops]


def _check_of(shop: Shop, stock_items: int, odd: list[OddItem]) -> ShopCheck:
    return ShopCheck(shop, stock_items, odd[:MOST_SHOWN], max(0, len(odd) - MOST_SHOWN))


def past_repairs(shop_ids: Sequence[int], after: str) -> Page[StockRepair]:
    """What was repaired in these shops, newest first, a page at a time. One query."""
    mine = StockRepair.objects.filter(stock_item__product__shop_id__in=shop_ids)
    return newest_key_first(mine.select_related("stock_item__product__shop", "stock_item__warehouse"), after)

"""Reading stock: what is held for whom, what is free, and whether the counters still agree with the ledger.

Owners of reservations are opaque references here. Every function costs a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from inventory.models import Counter, Product, Reservation, StockItem, StockSettings


@dataclass(frozen=True)
class Held:
    """What one reference holds of one product, in whole units: reserved now, and still waited for."""

    reserved: int = 0
    backordered: int = 0


def reservations_of(references: Collection[str]) -> dict[str, dict[int, Held]]:
    """What each reference holds, by product key; a reference without reservations maps to an empty dict. One query."""
    found: dict[str, dict[int, Held]] = {reference: {} for reference in references}
    rows = (
        Reservation.objects.filter(reference__in=references)
        .values_list("reference", "stock_item__product_id")
        .annotate(held=Sum("reserved"), waiting=Sum("backordered"))
    )
    for reference, product_id, held, waiting in rows:
        found[reference][product_id] = Held(held, waiting)
    return found


def available_units(product_ids: Collection[int]) -> dict[int, int]:
    """Free units (on hand less reserved, all warehouses) by product key; untracked products are absent. One query."""
    rows = (
        Product.objects.filter(pk__in=product_ids, is_tracked=True)
        .order_by()
        .values_list("pk")
        .annotate(free=Coalesce(Sum(F("stock_items__on_hand") - F("stock_items__reserved")), 0))
    )
    return dict(rows)


def with_counters(products: QuerySet[Product]) -> QuerySet[Product]:
    """The products with `on_hand`, `reserved`, `available`, `waiting` and `safety` units over all warehouses.

    Subqueries, so that a page computes them for the rows it shows and not for the whole catalogue.
    """
    return products.annotate(
        on_hand=_units_of(StockItem.objects.filter(product=OuterRef("pk")), "product", "on_hand"),
        reserved=_units_of(StockItem.objects.filter(product=OuterRef("pk")), "product", "reserved"),
        safety=_units_of(StockItem.objects.filter(product=OuterRef("pk")), "product", "safety_stock"),
        waiting=_units_of(
            Reservation.objects.filter(stock_item__product=OuterRef("pk")),
            "stock_item__product",
            "backordered",
        ),
    ).annotate(available=F("on_hand") - F("reserved"))


def _units_of(rows: QuerySet[Any], key: str, counter: str) -> Coalesce:
    total = rows.order_by().values(key).annotate(units=Sum(counter)).values("units")
    return Coalesce(Subquery(total, output_field=IntegerField()), 0)


@dataclass(frozen=True)
class Difference:
    """One counter of one stock item that is not what the rows behind it add up to; whole units."""

    stock_item_id: int
    shop_id: int
    product: str
    name: str
    warehouse: str
    counter: Counter
    stored: int
    true: int

    @property
    def sentence(self) -> str:
        """What is off, for people."""
        if self.counter == Counter.ON_HAND:
            text = _("%(product)s: %(stored)s on hand, but its movements add up to %(true)s.")
        else:
            text = _("%(product)s: %(stored)s reserved, but its reservations add up to %(true)s.")
        return text % {"product": self.product, "stored": self.stored, "true": self.true}


def stock_differences(shop_ids: Collection[int] | None = None) -> Iterator[Difference]:
    """Every counter, of some shops or of all, that differs from its ledger or its reservations. Two queries."""
    items = StockItem.objects.order_by("pk")
    if shop_ids is not None:
        items = items.filter(product__shop_id__in=shop_ids)
    for counter, rows in (
        (Counter.ON_HAND, "movements__quantity"),
        (Counter.RESERVED, "reservations__reserved"),
    ):
        off = items.annotate(true=Coalesce(Sum(rows), 0)).exclude(**{counter.value: F("true")})
        names = ("product__shop_id", "product__sku", "product__name", "warehouse__name")
        for pk, shop_id, sku, name, place, stored, true in off.values_list(
            "pk", *names, counter.value, "true"
        ):
            yield Difference(pk, shop_id, sku or name, name, place, counter, stored, true)


def settings_of(shop_id: int) -> StockSettings:
    """How the shop looks at its stock; the defaults, not saved, where it never said. One query."""
    return StockSettings.objects.filter(shop_id=shop_id).first() or StockSettings(shop_id=shop_id)


def stock_problems(shop_id: int | None = None) -> Iterator[str]:
    """One sentence for each difference of `stock_differences`, of one shop or of all. Two queries."""
    for difference in stock_differences(None if shop_id is None else [shop_id]):
        yield difference.sentence


@dataclass(frozen=True)
class Sums:
    """What one stock item says of itself, and what its ledger and its reservations add up to; whole units."""

    on_hand: int
    reserved: int
    ledger: int
    held: int

    @property
    def agree(self) -> bool:
        return self.on_hand == self.ledger and self.reserved == self.held

    @property
    def reserved_after(self) -> int:
        """What a repair leaves reserved: all that is held, as far as it exists."""
        return min(self.held, max(0, self.ledger))

    @property
    def shortened(self) -> int:
        """Units of reservations that a repair lets wait again."""
        return self.held - self.reserved_after

    @property
    def mark(self) -> str:
        """The four numbers as a text, by which a form says what was shown."""
        return f"{self.on_hand}/{self.reserved}/{self.ledger}/{self.held}"


def sums_of(item: StockItem) -> Sums:
    """The counters of a stock item beside the sums behind them. Two queries."""
    ledger = item.movements.aggregate(units=Coalesce(Sum("quantity"), 0))["units"]
    held = item.reservations.aggregate(units=Coalesce(Sum("reserved"), 0))["units"]
    return Sums(item.on_hand, item.reserved, ledger, held)


def stock_items_by_shop(shop_ids: Collection[int]) -> dict[int, int]:
    """How many stock items each of the shops has. One query."""
    rows = StockItem.objects.filter(product__shop_id__in=shop_ids).order_by()
    return dict(rows.values_list("product__shop_id").annotate(items=Count("pk")))

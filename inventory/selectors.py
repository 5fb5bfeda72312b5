"""Reading stock: what is held for whom, what is free, and whether the counters still agree with the ledger.

Owners of reservations are opaque references here. Every function costs a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from inventory.models import Product, Reservation, StockItem
from shops.search_text import fold


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


def search_products(products: QuerySet[Product], question: str) -> QuerySet[Product]:
    """The products whose SKU, barcode or name contains every word asked for, in any case and without diacritics."""
    found = products
    for word in fold(question).split():
        found = found.filter(search_text__contains=word)
    return found


def stock_page(
    products: QuerySet[Product], *, size: int, after: tuple[str, int] | None = None
) -> tuple[list[Product], tuple[str, int] | None]:
    """One page of products by name and key, counters included, and the key after which the next page begins."""
    if after is not None:
        name, pk = after
        products = products.filter(Q(name__gt=name) | Q(name=name, pk__gt=pk))
    rows = list(with_counters(products.select_related("shop")).order_by("name", "pk")[: size + 1])
    if len(rows) <= size:
        return rows, None
    return rows[:size], (rows[size - 1].name, rows[size - 1].pk)


def stock_problems(shop_id: int | None = None) -> Iterator[str]:
    """One sentence for each stock item, of one shop or of all, whose counters differ from its ledger or its
    reservations. Two queries."""
    items = StockItem.objects.order_by("pk")
    if shop_id is not None:
        items = items.filter(product__shop_id=shop_id)
    ledger = items.annotate(total=Coalesce(Sum("movements__quantity"), 0)).exclude(on_hand=F("total"))
    for sku, name, on_hand, total in ledger.values_list("product__sku", "product__name", "on_hand", "total"):
        yield _("%(product)s: %(on_hand)s on hand, but its movements add up to %(total)s.") % {
            "product": sku or name,
            "on_hand": on_hand,
            "total": total,
        }
    held = items.annotate(total=Coalesce(Sum("reservations__reserved"), 0)).exclude(reserved=F("total"))
    for sku, name, reserved, total in held.values_list("product__sku", "product__name", "reserved", "total"):
        yield _("%(product)s: %(reserved)s reserved, but its reservations add up to %(total)s.") % {
            "product": sku or name,
            "reserved": reserved,
            "total": total,
        }

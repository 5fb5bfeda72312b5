"""The stock list: products by name, narrowed by words, shop, category, warehouse and state, with their counters.

A page costs what it shows: every filter walks an index, and counters are read for the rows shown. Fixed queries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from inventory.models import AbcClass, Category, Product, ProductFigures, Reservation, StockItem, Warehouse
from inventory.search import search_products
from shops.keyset import read_key

PAGE_SIZE = 50
MOST_LISTED = 500
LOW = Q(safety_stock__gt=F("on_hand") - F("reserved"))


class State(models.TextChoices):
    ALL = "", _("Active products")
    LOW = "low", _("Running low")
    SHORT = "short", _("Short: orders wait")
    UNTRACKED = "untracked", _("Untracked")
    A = "a", _("Class A")
    B = "b", _("Class B")
    C = "c", _("Class C")
    INACTIVE = "inactive", pgettext_lazy("products", "Archived")


ABC_STATES = {State.A: AbcClass.A, State.B: AbcClass.B, State.C: AbcClass.C}


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; `query` writes it back as an address."""

    q: str = ""
    shop: str = ""
    category: int | None = None
    warehouse: int | None = None
    state: str = ""

    @property
    def is_narrowed(self) -> bool:
        return self != Wanted()

    def query(self, **changes: Any) -> str:
        after = changes.pop("after", "")
        values = {**vars(replace(self, **changes)), "after": after}
        return urlencode({name: value for name, value in values.items() if value})


def read_wanted(asked: Any, shop: str) -> Wanted:
    """What a request asks for; what makes no sense narrows nothing."""
    state = asked.get("state", "")
    return Wanted(
        q=asked.get("q", "").strip()[:100].replace("\0", ""),
        shop=shop,
        category=read_key(asked.get("category", "")),
        warehouse=read_key(asked.get("warehouse", "")),
        state=state if state in State.values else "",
    )


@dataclass(frozen=True)
class Counters:
    """Units of one product: in all warehouses, or in the one the list is about."""

    on_hand: int = 0
    reserved: int = 0
    safety: int = 0
    waiting: int = 0
    is_low: bool = False

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True)
class Row:
    """One product of the list."""

    product: Product
    counters: Counters


@dataclass(frozen=True)
class ProductPage:
    """One page of the list, and where the next one begins (empty on the last)."""

    rows: list[Row]
    after: str


def list_products(*, shop_ids: Sequence[int], wanted: Wanted, after: str = "") -> ProductPage:
    """One page of the products of these shops by name and key."""
    products = _narrowed(wanted, shop_ids)
    place = _read_place(after)
    if place is not None:
        name, pk = place
        products = products.filter(Q(name__gt=name) | Q(name=name, pk__gt=pk), name__gte=name)
    found = _by_name(products, shop_ids)
    counters = counters_of([product.pk for product in found[:PAGE_SIZE]], warehouse_id=wanted.warehouse)
    rows = [Row(product, counters.get(product.pk, Counters())) for product in found[:PAGE_SIZE]]
    last = rows[-1].product if len(found) > PAGE_SIZE else None
    return ProductPage(rows, f"{last.pk} {last.name}" if last else "")


def products_wanted(*, shop_ids: Sequence[int], wanted: Wanted) -> QuerySet[Product]:
    """All products of these shops that the list is narrowed to, unordered; for files, which read them part by part."""
    return _narrowed(wanted, shop_ids).filter(shop_id__in=shop_ids)


def counters_of(product_ids: Collection[int], *, warehouse_id: int | None = None) -> dict[int, Counters]:
    """The counters of these products by key; one without stock items is absent. Two queries."""
    items = StockItem.objects.filter(product_id__in=product_ids)
    waiting = Reservation.objects.filter(stock_item__product_id__in=product_ids, backordered__gt=0)
    if warehouse_id is not None:
        items, waiting = (
            items.filter(warehouse_id=warehouse_id),
            waiting.filter(stock_item__warehouse_id=warehouse_id),
        )
    waited = dict(waiting.order_by().values_list("stock_item__product_id").annotate(units=Sum("backordered")))
    sums = (
        items.order_by()
        .values_list("product_id")
        .annotate(
            here=Sum("on_hand"),
            promised=Sum("reserved"),
            safety=Sum("safety_stock"),
            low=Count("pk", filter=LOW),
        )
    )
    return {
        pk: Counters(on_hand, reserved, safety, waited.get(pk, 0), bool(low))
        for pk, on_hand, reserved, safety, low in sums
    }


def categories_of(shop_ids: Collection[int]) -> list[Category]:
    """The categories one may narrow the list to, by name; with their shop, for people of several."""
    rows = Category.objects.filter(shop_id__in=shop_ids).select_related("shop")
    return list(rows.order_by("name", "pk")[:MOST_LISTED])


def warehouses_of(shop_ids: Collection[int]) -> list[Warehouse]:
    """The warehouses of these shops by name, with their shop."""
    rows = Warehouse.objects.filter(shop_id__in=shop_ids).select_related("shop")
    return list(rows.order_by("shop_id", "-is_default", "name")[:MOST_LISTED])


def _narrowed(wanted: Wanted, shop_ids: Sequence[int]) -> QuerySet[Product]:
    products: QuerySet[Product] = Product.objects.filter(is_active=wanted.state != State.INACTIVE)
    if wanted.category is not None:
        products = products.filter(category_id=wanted.category)
    if wanted.warehouse is not None:
        here = StockItem.objects.filter(warehouse_id=wanted.warehouse)
        products = _among(products, here, "product_id")
    products = _in_state(products, wanted.state, shop_ids)
    return search_products(products, wanted.q)


def _in_state(products: QuerySet[Product], state: str, shop_ids: Sequence[int]) -> QuerySet[Product]:
    if state == State.UNTRACKED:
        return products.filter(is_tracked=False)
    if state == State.LOW:
        low = StockItem.objects.filter(LOW, product__shop_id__in=shop_ids)
        return _among(products.filter(is_tracked=True), low, "product_id")
    if state == State.SHORT:
        short = Reservation.objects.filter(backordered__gt=0, stock_item__product__shop_id__in=shop_ids)
        return _among(products, short, "stock_item__product_id")
    if state in ABC_STATES:
        figures = ProductFigures.objects.filter(abc_class=ABC_STATES[State(state)])
        return _among(products, figures, "product_id")
    return products


def _among(products: QuerySet[Product], rows: QuerySet[Any], key: str) -> QuerySet[Product]:
    """The products these rows name. Few are looked up by key; with many the rows are asked for each product shown."""
    keys = list(rows.order_by().values_list(key, flat=True)[: MOST_LISTED + 1])
    if len(keys) <= MOST_LISTED:
        return products.filter(pk__in=set(keys))
    return products.filter(Exists(rows.filter(**{key: OuterRef("pk")})))


def _by_name(products: QuerySet[Product], shop_ids: Sequence[int]) -> list[Product]:
    """The first rows by name. Of several shops each is read by its own index; the database sorts, by its own letters."""
    ordered = products.order_by("name", "pk")
    size = PAGE_SIZE + 1
    if len(shop_ids) == 1:
        found = ordered.filter(shop_id=shop_ids[0])[:size]
    else:
        keys = [
            pk
            for shop_id in shop_ids
            for pk in ordered.filter(shop_id=shop_id).values_list("pk", flat=True)[:size]
        ]
        found = Product.objects.filter(pk__in=keys).order_by("name", "pk")[:size]
    return list(found.select_related("shop", "category"))


def _read_place(text: str) -> tuple[str, int] | None:
    """Where a page begins: the key and the name of the product before it; nonsense begins at the beginning."""
    key, _space, name = text.partition(" ")
    pk = read_key(key)
    return None if pk is None or "\0" in name else (name, pk)

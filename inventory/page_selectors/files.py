"""What stands in the files people take away: products with their stock, and the ledger. Read part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from inventory.models import Product, StockItem, StockMovement
from inventory.stock_files.columns import COLUMNS, FILE_COLUMNS, Column, yes_or_no
from shops.keyset import newest_first
from shops.models import Shop

AT_ONCE = 500
Cell = str | int | Decimal | date | None


def template_rows(language: str) -> Iterator[Sequence[Cell]]:
    """An empty file to fill in: the headings, and one line as an example."""
    yield [column.heading(language) for column in FILE_COLUMNS]
    yield [_example(column, language) for column in FILE_COLUMNS]


def product_rows(
    products: QuerySet[Product], *, shops: Sequence[Shop], warehouse_id: int | None, language: str
) -> Iterator[Sequence[Cell]]:
    """The headings, then the products by key, as the import reads them. Two queries for each five hundred.

    Stock is that of the one warehouse, or of each shop's default one. With several shops a column names them.
    """
    by_key = {shop.pk: shop for shop in shops}
    columns = FILE_COLUMNS if len(shops) == 1 else COLUMNS
    yield [column.heading(language) for column in columns]
    last = 0
    rows = products.select_related("category", "family").order_by("pk")
    while part := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        last = part[-1].pk
        items = _items(part, warehouse_id)
        for product in part:
            shop, item = by_key[product.shop_id], items.get(product.pk)
            yield [_cell(column.key, product, shop, item, language) for column in columns]


def only_known_ones(products: QuerySet[Product]) -> QuerySet[Product]:
    """The products a file can name again: those with an SKU or a barcode."""
    return products.exclude(Q(sku="") & Q(barcode=""))


def movement_rows(movements: QuerySet[StockMovement]) -> Iterator[Sequence[Cell]]:
    """The headings, then the movements, newest first, in the time zone in force. One query for each five hundred."""
    yield [
        *(_("Time"), _("Shop"), _("SKU"), _("Product"), _("Warehouse"), pgettext("stock", "Kind")),
        *(_("Quantity"), _("Reference"), _("Reason"), _("By"), _("Cost of one unit"), _("Currency")),
    ]
    after = ""
    while True:
        page = newest_first(movements, "at", after, AT_ONCE)
        yield from map(_movement, page.rows)
        after = page.after
        if not after:
            return


def _items(products: Sequence[Product], warehouse_id: int | None) -> Mapping[int, StockItem]:
    place = {"warehouse_id": warehouse_id} if warehouse_id else {"warehouse__is_default": True}
    rows = StockItem.objects.filter(product__in=[product.pk for product in products], **place)
    return {item.product_id: item for item in rows}


def _cell(key: str, product: Product, shop: Shop, item: StockItem | None, language: str) -> Cell:
    if key == "shop":
        return shop.slug
    if key == "on_hand":
        return (item.on_hand if item else 0) if product.is_tracked else None
    if key == "safety_stock":
        return item.safety_stock if item else 0
    if key in ("price_currency", "cost_currency"):
        amount = getattr(product, key.removesuffix("_currency"))
        return (getattr(product, key) or shop.currency) if amount is not None else getattr(product, key)
    value = getattr(product, key)
    if isinstance(value, bool):
        return yes_or_no(value, language)
    return value.name if key in ("category", "family") and value is not None else value


def _example(column: Column, language: str) -> str:
    if column.example in ("yes", "no"):
        return yes_or_no(column.example == "yes", language)
    return column.example


def _movement(row: StockMovement) -> Sequence[Cell]:
    item = row.stock_item
    return [
        f"{timezone.localtime(row.at, item.product.shop.zone):%Y-%m-%d %H:%M:%S}",
        item.product.shop.name,
        item.product.sku,
        item.product.full_name,
        item.warehouse.name,
        row.get_kind_display(),
        row.quantity,
        row.reference,
        row.reason,
        row.actor_label,
        row.unit_cost,
        row.cost_currency,
    ]

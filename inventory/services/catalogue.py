"""Products that come to be by themselves, because an order names them, and the shelf every shop starts with;
categories and families, which come to be when somebody writes a new name."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from inventory.models import Category, Product, ProductFamily, Warehouse
from inventory.services.sheet import open_default_warehouse
from shops.search_text import fold


@transaction.atomic
def ensure_product(
    *,
    shop_id: int,
    source: str,
    sku: str,
    name: str,
    external_product_id: str = "",
    external_variation_id: str = "",
    price: Decimal | None = None,
    vat_rate: Decimal | None = None,
) -> Product:
    """The shop's product with this SKU, or, without a SKU, with this key at its source; created untracked if new.

    A product known by its key at the source takes the SKU it is given later. A line with neither SKU nor key (a
    product deleted at the source) is known by its name. Two calls at once answer the same row. `price` is gross.
    """
    sku = sku.strip()[:100]
    key = {
        "shop_id": shop_id,
        "source": source[:30],
        "external_product_id": external_product_id[:64] or _key_from_name(name),
        "external_variation_id": external_variation_id[:64],
    }
    first = {"name": name.strip()[:255] or sku, "price": price, "vat_rate": vat_rate, "is_tracked": False}
    if not sku:
        return Product.objects.get_or_create(**key, sku="", defaults=first)[0]
    # The exclusion repeats the condition of the unique index, without which SQLite would read the whole shop.
    known = Product.objects.filter(shop_id=shop_id, sku=sku).exclude(sku="").first()
    if known is not None:
        return known
    if external_product_id:
        _give_sku(Product.objects.filter(**key, sku=""), sku)
    return Product.objects.get_or_create(shop_id=shop_id, sku=sku, defaults={**key, **first})[0]


@transaction.atomic
def create_default_warehouse(*, shop_id: int) -> Warehouse:
    """The shop's default warehouse, created if it has none."""
    return open_default_warehouse(shop_id)


@transaction.atomic
def ensure_category(*, shop_id: int, name: str) -> Category:
    """The shop's category of this name, whatever its case and diacritics; made if there is none."""
    name = " ".join(name.split())[:100]
    asked = fold(name)
    for category in Category.objects.filter(shop_id=shop_id):
        if fold(category.name) == asked:
            return category
    return Category.objects.get_or_create(shop_id=shop_id, name=name)[0]


@transaction.atomic
def ensure_family(*, shop_id: int, name: str) -> ProductFamily:
    """The shop's product with variants of this name, made if there is none. There may be as many as products, so
    only the spelling itself is looked up."""
    name = " ".join(name.split())[:255]
    return ProductFamily.objects.get_or_create(shop_id=shop_id, name=name)[0]


def _give_sku(products: QuerySet[Product], sku: str) -> None:
    """Name the product known by its key so far; if somebody else took the SKU just now, theirs it is."""
    for product in products:
        product.sku = sku
        with suppress(IntegrityError), transaction.atomic():
            product.save(update_fields=["sku", "search_text"])


def _key_from_name(name: str) -> str:
    return "name:" + hashlib.sha256(fold(name).encode()).hexdigest()[:32]

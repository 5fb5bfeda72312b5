"""The words a product is found by, kept beside it: any save of a product, alone or in bulk, keeps them in step."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models

from shops.scoping import ShopScopedQuerySet
from shops.search import code_terms, storable, store_terms, word_terms
from shops.search_text import fold, join_folded

if TYPE_CHECKING:
    from inventory.models.catalogue import Product

SEARCHED = frozenset({"sku", "barcode", "name", "variant"})
END_OF_BARCODE = 4
AT_ONCE = 500


class ProductTerm(models.Model):
    """One folded word or code a product is found by; searched by prefix."""

    product = models.ForeignKey("inventory.Product", on_delete=models.CASCADE, related_name="terms")
    term = models.CharField(max_length=80, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "term"], name="product_term_once")]

    def __str__(self) -> str:
        return self.term


class ProductQuerySet(ShopScopedQuerySet["Product"]):
    """Products in bulk, with the words they are found by."""

    def bulk_create(self, objs: Iterable[Product], *args: Any, **kwargs: Any) -> list[Product]:
        products = list(objs)
        for product in products:
            product.search_text = searchable(product)
        made = super().bulk_create(products, *args, **kwargs)
        refresh_product_terms(made)
        return made

    def bulk_update(self, objs: Iterable[Product], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        products = list(objs)
        names = _with_search_text(products, fields)
        changed = super().bulk_update(products, names, *args, **kwargs)
        if "search_text" in names:
            refresh_product_terms(products)
        return changed

    def overwrite(self, products: list[Product], fields: Iterable[str]) -> None:
        """Write these fields of many products, whose rows the caller has locked, for a missing row would be made anew.

        It is an upsert: `bulk_update` writes a CASE for each row and field, which takes twice as long.
        """
        names = _with_search_text(products, fields)
        super().bulk_create(products, update_conflicts=True, unique_fields=["id"], update_fields=names)
        if "search_text" in names:
            refresh_product_terms(products)


def _with_search_text(products: list[Product], fields: Iterable[str]) -> list[str]:
    """The fields to write, with the text people search in where it changes, which is made here."""
    names = list(fields)
    if not SEARCHED & set(names):
        return names
    for product in products:
        product.search_text = searchable(product)
    return [*names, "search_text"]


def searchable(product: Product) -> str:
    """Everything a product is found by, as one folded line."""
    return join_folded(product.sku, product.barcode, product.name, product.variant)


def terms_of(*, sku: str, barcode: str, name: str, variant: str) -> set[str]:
    """The terms of a product: its codes whole and in parts, the end of its barcode, the words of its name."""
    terms = code_terms(sku) | set(re.split(r"[\s\-_./]+", fold(sku))) | code_terms(barcode)
    terms |= word_terms(name) | word_terms(variant)
    # People read the last digits off a label that no scanner takes any more.
    return storable(terms | {fold(barcode)[-END_OF_BARCODE:]})


def refresh_product_terms(products: Iterable[Product]) -> None:
    """Make the stored terms of these products agree with what they say; writes only the difference."""
    saved = [product for product in products if product.pk is not None]
    for start in range(0, len(saved), AT_ONCE):
        batch = saved[start : start + AT_ONCE]
        wanted = {
            product.pk: terms_of(
                sku=product.sku, barcode=product.barcode, name=product.name, variant=product.variant
            )
            for product in batch
        }
        store_terms(ProductTerm, "product_id", wanted)

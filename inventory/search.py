"""Finding products: by the beginnings of their words and codes, or by exactly what a scanner read."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from inventory.models import Product, ProductTerm
from shops.search import PUNCTUATION, Word, narrow, storable, tokens_of

MOST_SCANNED = 64


def search_products(products: QuerySet[Product], question: str) -> QuerySet[Product]:
    """The products of which every word of the question begins a word of the name, SKU or barcode, in any case and
    script, without diacritics. An empty question leaves all of them."""
    return narrow(products, ProductTerm, "product_id", words_of_products(question))


def words_of_products(question: str) -> list[Word]:
    """The words of a question about products, as they were typed but for case and diacritics."""
    beginnings = [storable({token.strip(PUNCTUATION)}) for token in tokens_of(question)]
    return [Word(frozenset(found)) for found in beginnings if found]


def scanned_product(code: str, *, shop_ids: Collection[int]) -> Product | None:
    """The one product of these shops with exactly this barcode or SKU; None when there is none, or more than one."""
    code = code.strip()
    if not code or len(code) > MOST_SCANNED or "\0" in code:
        return None
    mine = Product.objects.filter(shop_id__in=shop_ids)
    # The exclusions repeat the conditions of the partial indexes, without which SQLite would not use them.
    by_barcode = Q(pk__in=mine.filter(barcode=code).exclude(barcode="").values("pk"))
    by_sku = Q(pk__in=mine.filter(sku=code).exclude(sku="").values("pk"))
    found = list(Product.objects.filter(by_barcode | by_sku).order_by("pk")[:2])
    return found[0] if len(found) == 1 else None

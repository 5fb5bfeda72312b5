"""Finding the product a scanner or a person names: exactly by barcode or SKU, else by the words of a search."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from inventory.models import Product
from inventory.search import scanned_product, search_products

MOST_HITS = 10
LONGEST_CODE = 100


@dataclass(frozen=True)
class Found:
    """What a code names: one product for certain, or those it may mean."""

    code: str = ""
    product: Product | None = None
    hits: tuple[Product, ...] = ()


def read_code(text: str) -> str:
    """A code as it came in a request, without needless spaces."""
    return " ".join(text.split())[:LONGEST_CODE]


def find_by_code(code: str, *, shop_ids: Collection[int]) -> Found:
    """The product of these shops with this barcode or SKU (in any case), else up to ten that match as a search."""
    exact = scanned_product(code, shop_ids=shop_ids)
    if exact is not None or not code:
        return Found(code, exact)
    mine = Product.objects.filter(shop_id__in=shop_ids).select_related("shop")
    hits = tuple(search_products(mine, code).order_by("-is_active", "name", "pk")[:MOST_HITS])
    same = [hit for hit in hits if hit.sku.casefold() == code.casefold()]
    return Found(code, same[0]) if len(same) == 1 else Found(code, hits=hits)

"""What the pages of stock counts read: the list of counts, what a scanned code means, what is left to count.

Every function costs a fixed number of queries, and a page of lines costs what it shows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from inventory.models import (
    CountState,
    Product,
    StockCount,
    StockCountEntry,
    StockCountLine,
)
from inventory.references import Named
from inventory.search import search_products
from shops.keyset import Page, newest_key_first, read_key

if TYPE_CHECKING:
    from shops.models import User

MOST_CHOICES = 20
LINES_PER_PAGE = 50
UNFINISHED = (CountState.OPEN, CountState.REVIEW)
BY_PLACE = ("placeless", "stock_item__product__place", "stock_item__product__name", "pk")
L = TypeVar("L", bound=models.Model)


@dataclass(frozen=True)
class Progress:
    """How much of a count is done, in lines."""

    counted: int = 0
    total: int = 0

    @property
    def left(self) -> int:
        return self.total - self.counted


def progress_of(count_ids: Collection[int]) -> dict[int, Progress]:
    """How far these counts are. One query."""
    rows = (
        StockCountLine.objects.filter(count__in=count_ids)
        .order_by()
        .values_list("count_id")
        .annotate(done=Count("counted"), total=Count("pk"))
    )
    found = {count_id: Progress(done, total) for count_id, done, total in rows}
    return {count_id: found.get(count_id, Progress()) for count_id in count_ids}


def counts_page(shop_ids: Sequence[int], after: str) -> tuple[Page[StockCount], dict[int, Progress]]:
    """One page of the counts of these shops, newest first, and how far the unfinished ones are."""
    counts = StockCount.objects.filter(shop_id__in=shop_ids).select_related("shop", "warehouse", "category")
    page = newest_key_first(counts, after, shop_ids=shop_ids)
    return page, progress_of([count.pk for count in page.rows if count.state in UNFINISHED])


@dataclass(frozen=True)
class Scan:
    """What a scanned or typed text means: one product, several to choose from, or a sentence why none."""

    product: Product | None = None
    choices: list[Product] = field(default_factory=list)
    sentence: str = ""
    is_cut: bool = False


def read_scan(count: StockCount, text: str) -> Scan:
    """The product of the count's shop with this barcode or SKU, else those whose name or place it is."""
    text = text.strip()[:100]
    if not text:
        return Scan()
    products = Product.objects.filter(shop_id=count.shop_id).order_by("name", "pk")
    exact = _with_code(products, text)
    if exact:
        return _choose(exact)
    named = Q(pk__in=search_products(products, text).order_by().values("pk"))
    near = products.filter(named | Q(place__istartswith=text), is_active=True, is_tracked=True)
    found = list(near[:MOST_CHOICES])
    if found:
        return Scan(choices=found, is_cut=len(found) == MOST_CHOICES)
    return Scan(sentence=_("No product has the barcode, SKU, name or place “%(text)s”.") % {"text": text})


def _with_code(products: QuerySet[Product], code: str) -> list[Product]:
    # The exclusions repeat the conditions of the partial indexes, without which SQLite would not use them.
    by_barcode = products.filter(barcode=code).exclude(barcode="").order_by().values("pk")
    by_sku = products.filter(sku=code).exclude(sku="").order_by().values("pk")
    return list(products.filter(Q(pk__in=by_barcode) | Q(pk__in=by_sku))[:MOST_CHOICES])


def _choose(products: list[Product]) -> Scan:
    counted = [product for product in products if product.is_tracked]
    if not counted:
        return Scan(
            sentence=_(
                "The stock of %(product)s is not counted. Turn on “stock is counted” in the product first."
            )
            % {"product": products[0]}
        )
    return Scan(product=counted[0]) if len(counted) == 1 else Scan(choices=counted)


def product_to_count(count: StockCount, product_key: str) -> Product | None:
    """The counted product of the count's shop with this key, as it came in a request."""
    key = read_key(product_key)
    products = Product.objects.filter(shop_id=count.shop_id, is_tracked=True)
    return products.filter(pk=key).first() if key else None


def line_of(count: StockCount, product: Product) -> StockCountLine | None:
    """The product's line in this count; None while it is not on the list."""
    return count.lines.filter(
        stock_item__product=product, stock_item__warehouse_id=count.warehouse_id
    ).first()


def last_entry_of(count: StockCount, user: User) -> StockCountEntry | None:
    """What this person entered last in this count."""
    entries = StockCountEntry.objects.filter(line__count=count, actor_user=user)
    return entries.select_related("line__stock_item__product").order_by("-pk").first()


def lines_to_count(count: StockCount, after: str = "") -> tuple[list[StockCountLine], str]:
    """One page of the lines nobody counted yet, by place, and the key of the last one if more follow."""
    lines = with_place(count.lines.select_related("stock_item__product"))
    left = lines.filter(counted__isnull=True)
    return page_by(left, lines, BY_PLACE, after, LINES_PER_PAGE)


def with_place(lines: QuerySet[StockCountLine]) -> QuerySet[StockCountLine]:
    """The lines with `placeless`, by which products without a place come last."""
    nowhere = When(stock_item__product__place="", then=Value(1))
    return lines.annotate(placeless=Case(nowhere, default=Value(0), output_field=IntegerField()))


def lines_by_place(count: StockCount) -> QuerySet[StockCountLine]:
    """Every line in the order in which one walks through the warehouse; for the printed list and the file."""
    return with_place(count.lines.select_related("stock_item__product")).order_by(*BY_PLACE)


def page_by(
    rows: QuerySet[L], known: QuerySet[L], keys: Sequence[str], after: str, size: int
) -> tuple[list[L], str]:
    """One page of rows by these keys ("-" for descending, the last one unique), after the row with the key `after`.

    The place of that row is looked up in `known`, because it may have left `rows` since. Answers the key of the last
    row if more follow.
    """
    names = [key.lstrip("-") for key in keys]
    pk = read_key(after)
    last = known.filter(pk=pk).values_list(*names).first() if pk else None
    if last is not None:
        rows = rows.filter(_behind(keys, names, last))
    found = list(rows.order_by(*keys)[: size + 1])
    return found[:size], str(found[size - 1].pk) if len(found) > size else ""


def _behind(keys: Sequence[str], names: Sequence[str], last: Sequence[Any]) -> Q:
    behind = Q()
    for place, key in enumerate(keys):
        same = dict(zip(names[:place], last[:place], strict=True))
        further = "lt" if key.startswith("-") else "gt"
        behind |= Q(**same, **{f"{names[place]}__{further}": last[place]})
    return behind


def counts_behind(references: Collection[str], user: User) -> dict[str, Named]:
    """The counts behind "count:<key>" references of movements: name and page for those the person may see. One query."""
    keys = {reference: read_key(reference.partition(":")[2]) for reference in references}
    seen = StockCount.objects.visible_to(user).filter(pk__in=[key for key in keys.values() if key])
    names = dict(seen.values_list("pk", "name"))
    return {
        reference: Named(names[key], reverse("inventory:count", args=[key]))
        if key in names
        else Named(_("a stock count"))
        for reference, key in keys.items()
    }

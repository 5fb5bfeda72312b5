"""The queue of backorders: which products are waited for, by whom, and who is served first when they come in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Min, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils.dateparse import parse_datetime

from inventory.models import Product, Reservation
from inventory.references import Named, named
from inventory.search import search_products
from inventory.selectors import with_counters
from shops.keyset import read_key

if TYPE_CHECKING:
    from shops.models import User

PAGE_SIZE = 25
MOST_SHOWN = 20


@dataclass(frozen=True)
class Waiter:
    """Somebody who waits for units of a product, in the order of serving."""

    named: Named
    units: int
    since: datetime


@dataclass
class Queue:
    """One product that is waited for: its counters stand on `product`, the first who wait in `waiters`."""

    product: Product
    since: datetime
    units: int
    references: int
    waiters: list[Waiter] = field(default_factory=list)

    @property
    def unseen(self) -> int:
        return self.references - len(self.waiters)


@dataclass(frozen=True)
class QueuePage:
    """Products that are waited for, the longest waiting first, and the cursor of the next page (empty on the last)."""

    rows: list[Queue]
    after: str


def waiting_page(user: User, *, shop_ids: Collection[int], question: str = "", after: str = "") -> QueuePage:
    """One page of the queue in these shops, narrowed by words of the product. A fixed number of queries."""
    groups = list(_after(_groups(shop_ids, question), after)[: PAGE_SIZE + 1])
    more, groups = len(groups) > PAGE_SIZE, groups[:PAGE_SIZE]
    keys = [group["product"] for group in groups]
    products = with_counters(Product.objects.filter(pk__in=keys).select_related("shop")).in_bulk()
    queues = {
        group["product"]: Queue(
            products[group["product"]], group["since"], group["units"], group["references"]
        )
        for group in groups
    }
    _fill(queues, user)
    last = groups[-1] if more else None
    return QueuePage(list(queues.values()), f"{last['since'].isoformat()}|{last['product']}" if last else "")


def _groups(shop_ids: Collection[int], question: str) -> Any:
    """Waiting units by product, the longest waiting first."""
    rows = Reservation.objects.filter(backordered__gt=0, stock_item__product__shop_id__in=shop_ids)
    if question:
        found = search_products(Product.objects.filter(shop_id__in=shop_ids), question)
        rows = rows.filter(stock_item__product__in=found.values("pk"))
    return (
        rows.order_by()
        .values(product=F("stock_item__product_id"))
        .annotate(
            since=Min("created_at"), units=Sum("backordered"), references=Count("reference", distinct=True)
        )
        .order_by("since", "product")
    )


def _after(groups: Any, after: str) -> Any:
    """The groups after a cursor; one that cannot be read begins at the beginning."""
    since, product = _read_cursor(after)
    if since is None or product is None:
        return groups
    return groups.filter(Q(since__gt=since) | Q(since=since, product__gt=product))


def _read_cursor(text: str) -> tuple[datetime | None, int | None]:
    at, _bar, key = text.partition("|")
    try:
        since = parse_datetime(at)
        # The database keeps UTC, in which the first and the last hours of the calendar may not exist.
        return (since.astimezone(UTC) if since and since.tzinfo else None), read_key(key)
    except (ValueError, OverflowError):
        return None, None


def _fill(queues: dict[int, Queue], user: User) -> None:
    """Put the first who wait into each queue, in the order in which incoming units are given out. Two queries."""
    place = Window(RowNumber(), partition_by="stock_item__product_id", order_by=["created_at", "pk"])
    waiting = Reservation.objects.filter(backordered__gt=0, stock_item__product_id__in=list(queues))
    first = waiting.annotate(place=place).filter(place__lte=MOST_SHOWN).order_by("created_at", "pk")
    rows = list(first.values_list("stock_item__product_id", "reference", "backordered", "created_at"))
    names = named({reference for _product, reference, _units, _since in rows}, user)
    for product_id, reference, units, since in rows:
        queues[product_id].waiters.append(Waiter(names[reference], units, since))

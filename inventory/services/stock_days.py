"""What a shop held at the end of each day, and what it was worth: today's counters, and the ledger backwards.

A day is the shop's own. Goods without a cost stand under the currency "" with the value 0, so that their units are
seen and no value is invented.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from inventory.models import StockDay, StockItem, StockMovement
from shops.models import Shop

ROWS_AT_ONCE = 2000
DAY = timedelta(days=1)
Cost = tuple[str, Decimal]
NO_COST: Cost = ("", Decimal(0))


@dataclass
class Shelf:
    """Units and cost of every product at one moment, with their sums by currency kept up to date."""

    units: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    costs: dict[int, Cost] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    worth: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, product_id: int, quantity: int) -> None:
        """Put units of a product on the shelf, or take them off."""
        currency, cost = self.costs.get(product_id, NO_COST)
        self.units[product_id] += quantity
        self.held[currency] += quantity
        self.worth[currency] += quantity * cost

    def revalue(self, product_id: int, cost: Cost) -> None:
        """From now on each unit of the product costs this."""
        quantity = self.units[product_id]
        self.add(product_id, -quantity)
        self.costs[product_id] = cost
        self.add(product_id, quantity)

    def on(self, shop_id: int, day: date) -> list[StockDay]:
        """The rows of one day; an empty shelf has one, too, so that the day is known."""
        found = {currency: units for currency, units in self.held.items() if units} or {"": 0}
        return [
            StockDay(shop_id=shop_id, day=day, currency=currency, units=units, value=self.worth[currency])
            for currency, units in found.items()
        ]


@transaction.atomic
def record_stock_day(*, shop_id: int, day: date) -> None:
    """Keep what the shop held at the end of one of its days, at today's costs, replacing what was kept of that day.

    What moved since then is taken back by the ledger, so it does not matter when it is asked for.
    """
    shop = Shop.objects.get(pk=shop_id)
    shelf = _shelf_at(shop, _end_of(shop, day))
    StockDay.objects.filter(shop_id=shop_id, day=day).delete()
    _keep(shelf.on(shop_id, day))


@transaction.atomic
def rebuild_stock_days(*, shop_id: int, since: date) -> int:
    """Compute the days from `since` to yesterday again from the ledger; answers how many.

    A product is valued at the cost of its last movement that has one, until the next; where none has come yet, at
    its cost of today.
    """
    shop = Shop.objects.get(pk=shop_id)
    today = timezone.now().astimezone(shop.zone).date()
    begin, end = _end_of(shop, since - DAY), _end_of(shop, today - DAY)
    shelf = _shelf_at(shop, begin)
    moved, costs = _moved_by_day(shop, begin, end), _costs_by_day(shop, since, end)
    for product_id, cost in costs.pop(since - DAY, {}).items():
        shelf.revalue(product_id, cost)
    rows: list[StockDay] = []
    for number in range((today - since).days):
        day = since + number * DAY
        for product_id, quantity in moved.get(day, ()):
            shelf.add(product_id, quantity)
        for product_id, cost in costs.get(day, {}).items():
            shelf.revalue(product_id, cost)
        rows += shelf.on(shop_id, day)
    StockDay.objects.filter(shop_id=shop_id, day__gte=since, day__lt=today).delete()
    _keep(rows)
    return max(0, (today - since).days)


def record_ended_days() -> int:
    """Keep yesterday's stock of every active shop whose yesterday is not kept yet; answers of how many shops."""
    recorded = 0
    for shop in Shop.objects.filter(is_active=True):
        yesterday = timezone.now().astimezone(shop.zone).date() - DAY
        if not StockDay.objects.filter(shop=shop, day=yesterday).exists():
            record_stock_day(shop_id=shop.pk, day=yesterday)
            recorded += 1
    return recorded


def stock_now(shop_id: int) -> list[StockDay]:
    """What the shop holds this moment, by currency; not saved. One query."""
    shop = Shop.objects.get(pk=shop_id)
    return _shelf_at(shop).on(shop_id, timezone.now().astimezone(shop.zone).date())


def _keep(rows: list[StockDay]) -> None:
    # Two workers at once write the same rows: the later one wins, neither fails.
    StockDay.objects.bulk_create(
        rows,
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["shop", "day", "currency"],
        update_fields=["units", "value"],
    )


def _end_of(shop: Shop, day: date) -> datetime:
    return datetime.combine(day + DAY, time.min, shop.zone)


def _shelf_at(shop: Shop, moment: datetime | None = None) -> Shelf:
    """The shelf as it is, or as it was at a moment. One query, so that nothing moves between two."""
    items: QuerySet[Any] = StockItem.objects.filter(product__shop=shop, product__is_tracked=True)
    if moment is None:
        items = items.annotate(then=F("on_hand"))
    else:
        later = StockMovement.objects.filter(stock_item=OuterRef("pk"), at__gte=moment).order_by()
        moved = Subquery(later.values("stock_item").annotate(units=Sum("quantity")).values("units"))
        items = items.annotate(then=F("on_hand") - Coalesce(moved, 0))
    shelf = Shelf()
    rows = items.values_list("product_id", "then", "product__cost", "product__cost_currency")
    for product_id, units, cost, currency in rows.iterator(chunk_size=ROWS_AT_ONCE):
        if cost is not None:
            shelf.costs[product_id] = (currency or shop.currency, cost)
        shelf.add(product_id, units)
    return shelf


def _moved_by_day(shop: Shop, begin: datetime, end: datetime) -> dict[date, list[tuple[int, int]]]:
    rows = (
        _movements(shop)
        .filter(at__gte=begin, at__lt=end)
        .order_by()
        .values_list("stock_item__product_id", TruncDate("at", tzinfo=shop.zone))
        .annotate(units=Sum("quantity"))
    )
    found: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for product_id, day, quantity in rows.iterator(chunk_size=ROWS_AT_ONCE):
        found[day].append((product_id, quantity))
    return found


def _costs_by_day(shop: Shop, since: date, end: datetime) -> dict[date, dict[int, Cost]]:
    """The last cost of each product on each day; what was known before `since` stands on the day before it."""
    found: dict[date, dict[int, Cost]] = defaultdict(dict)
    for product_id, at, cost, currency in _costed(shop, end):
        day = max(at.astimezone(shop.zone).date(), since - DAY)
        found[day][product_id] = (currency or shop.currency, cost)
    return found


def _costed(shop: Shop, end: datetime) -> Iterator[Any]:
    rows = _movements(shop).filter(at__lt=end, unit_cost__isnull=False, quantity__gt=0).order_by("at", "pk")
    yield from rows.values_list("stock_item__product_id", "at", "unit_cost", "cost_currency").iterator(
        chunk_size=ROWS_AT_ONCE
    )


def _movements(shop: Shop) -> QuerySet[StockMovement]:
    return StockMovement.objects.filter(stock_item__product__shop=shop, stock_item__product__is_tracked=True)

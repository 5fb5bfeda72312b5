"""A product's page: counters by warehouse, who holds it, its ledger, its plot, its sisters. Fixed queries.

Owners of reservations and movements are opaque references; whoever owns them names them for the person who looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inventory.models import (
    MovementKind,
    Product,
    ProductFigures,
    Reservation,
    StockItem,
    StockMovement,
    Warehouse,
)
from inventory.page_selectors.products import Counters, Row, counters_of
from inventory.references import Named, named
from shops.keyset import newest_first, read_key
from shops.models import Shop, User

SPANS = (90, 180, 365)
HELD_AT_ONCE = 50
MOVED_AT_ONCE = 50
MOST_SISTERS = 50
CAME = (MovementKind.RECEIPT, MovementKind.RESTOCK)
WENT = (MovementKind.SHIPMENT, MovementKind.SHIPMENT_REVERSED)


@dataclass(frozen=True)
class Shelf:
    """The product in one warehouse; `item` is None where it never was."""

    warehouse: Warehouse
    item: StockItem | None
    waiting: int = 0

    @property
    def is_low(self) -> bool:
        return self.item is not None and self.item.available < self.item.safety_stock


@dataclass(frozen=True)
class Holder:
    """Who holds or waits for units of the product."""

    reservation: Reservation
    owner: Named


@dataclass(frozen=True)
class LedgerLine:
    """One movement, what was on hand in all warehouses after it, and what it was for."""

    movement: StockMovement
    after: int
    reference: Named | None


@dataclass(frozen=True)
class PlotDay:
    """One day of the plot, in whole units; `went` are shipped ones, less those whose shipment was undone."""

    day: date
    on_hand: int
    came: int
    went: int
    has_moved: bool


@dataclass(frozen=True)
class ProductPage:
    """Everything a product's page shows."""

    product: Product
    counters: Counters
    shelves: list[Shelf]
    figures: ProductFigures | None
    sisters: list[Row]
    holders: list[Holder]
    more_holders: str
    ledger: list[LedgerLine]
    older: str
    days: list[PlotDay]
    span: int


def product_page(
    user: User, product: Product, *, span: int = SPANS[0], held_after: str = "", moved_after: str = ""
) -> ProductPage:
    """The page of one product (with its shop, category and family), its parts from where their cursors say."""
    items = list(StockItem.objects.filter(product=product).order_by("pk"))
    item_ids = [item.pk for item in items]
    holders, more_holders = _holders(item_ids, held_after)
    moved = newest_first(
        StockMovement.objects.filter(stock_item__in=item_ids).select_related("stock_item__warehouse"),
        "at",
        moved_after,
        MOVED_AT_ONCE,
        shop_ids=item_ids,
        within="stock_item_id",
    )
    references = {row.reference for row in holders} | {row.reference for row in moved.rows}
    owners = named(references - {""}, user)
    return ProductPage(
        product=product,
        counters=counters_of([product.pk]).get(product.pk, Counters()),
        shelves=_shelves(product, items),
        figures=ProductFigures.objects.filter(product=product).first(),
        sisters=_sisters(product),
        holders=[Holder(row, owners[row.reference]) for row in holders],
        more_holders=more_holders,
        ledger=_with_balance(product, moved.rows, owners),
        older=moved.after,
        days=plot_days(product.shop, item_ids, span=span),
        span=span,
    )


def read_span(text: str) -> int:
    """For how many days the plot is asked; the shortest it offers when that makes no sense."""
    return int(text) if text in {str(span) for span in SPANS} else SPANS[0]


def plot_days(shop: Shop, item_ids: Sequence[int], *, span: int) -> list[PlotDay]:
    """Units on hand at the end of each of the last `span` days of the shop's calendar, and what came and went on it.

    Walked backwards from what is on hand now, over movements summed by day in the database. Two queries.
    """
    today = timezone.localdate(timezone=shop.zone)
    first = today - timedelta(days=span - 1)
    since = datetime.combine(first, time.min, tzinfo=shop.zone)
    items = StockItem.objects.filter(pk__in=item_ids)
    on_hand = items.aggregate(units=Sum("on_hand", default=0))["units"]
    sums = (
        StockMovement.objects.filter(stock_item__in=item_ids, at__gte=since)
        .order_by()
        .values_list(TruncDate("at", tzinfo=shop.zone))
        .annotate(
            moved=Sum("quantity"),
            came=Sum("quantity", default=0, filter=Q(kind__in=CAME)),
            went=Sum("quantity", default=0, filter=Q(kind__in=WENT)),
        )
    )
    by_day = {day: figures for day, *figures in sums}
    days = []
    for offset in range(span):
        day = today - timedelta(days=offset)
        moved, came, went = by_day.get(day, (0, 0, 0))
        days.append(PlotDay(day, on_hand, came, -went, day in by_day))
        on_hand -= moved
    return days[::-1]


def plot_of(days: Sequence[PlotDay], unit: str) -> dict[str, Any]:
    """The days as `static/js/plot.js` reads them."""
    return {
        "labels": {"day": _("Day")},
        "days": [day.day.isoformat() for day in days],
        "series": [
            {
                "label": _("On hand"),
                "values": [day.on_hand for day in days],
                "kind": "steps",
                "colour": "--accent",
                "axis": "left",
                "unit": unit,
            },
            {
                "label": _("Came in"),
                "values": [day.came for day in days],
                "kind": "bars",
                "colour": "--good",
                "axis": "right",
            },
            {
                "label": _("Shipped"),
                "values": [day.went for day in days],
                "kind": "bars",
                "colour": "--cod",
                "axis": "right",
            },
        ],
    }


def plot_sentence(days: Sequence[PlotDay]) -> str:
    """What the plot shows, for people who do not see it."""
    before = ngettext("Over the last %(count)s day:", "Over the last %(count)s days:", len(days)) % {
        "count": len(days)
    }
    figures = _("%(first)s on hand at first, %(last)s now; %(came)s came in, %(went)s were shipped.") % {
        "first": days[0].on_hand,
        "last": days[-1].on_hand,
        "came": sum(day.came for day in days),
        "went": sum(day.went for day in days),
    }
    return f"{before} {figures}"


def _shelves(product: Product, items: Sequence[StockItem]) -> list[Shelf]:
    by_warehouse = {item.warehouse_id: item for item in items}
    waiting = dict(
        Reservation.objects.filter(stock_item__in=[item.pk for item in items], backordered__gt=0)
        .order_by()
        .values_list("stock_item_id")
        .annotate(units=Sum("backordered"))
    )
    shelves = []
    for warehouse in Warehouse.objects.filter(shop_id=product.shop_id).order_by("-is_default", "name"):
        item = by_warehouse.get(warehouse.pk)
        shelves.append(Shelf(warehouse, item, waiting.get(item.pk, 0) if item else 0))
    return shelves


def _sisters(product: Product) -> list[Row]:
    if product.family_id is None:
        return []
    rows = Product.objects.filter(family_id=product.family_id).exclude(pk=product.pk)
    found = list(rows.order_by("name", "variant", "pk")[:MOST_SISTERS])
    counters = counters_of([sister.pk for sister in found])
    return [Row(sister, counters.get(sister.pk, Counters())) for sister in found]


def _holders(item_ids: Sequence[int], after: str) -> tuple[list[Reservation], str]:
    """Who holds or waits, oldest first. Each item is walked by its own index; together they are few."""
    rows = Reservation.objects.filter(stock_item__in=item_ids)
    last = read_key(after)
    if last is not None:
        rows = rows.filter(pk__gt=last)
    keys = [
        pk
        for item_id in item_ids
        for pk in rows.filter(stock_item=item_id)
        .order_by("pk")
        .values_list("pk", flat=True)[: HELD_AT_ONCE + 1]
    ]
    found = list(
        Reservation.objects.filter(pk__in=keys)
        .select_related("stock_item__warehouse")
        .order_by("pk")[: HELD_AT_ONCE + 1]
    )
    shown = found[:HELD_AT_ONCE]
    return shown, str(shown[-1].pk) if len(found) > HELD_AT_ONCE else ""


def _with_balance(
    product: Product, movements: Sequence[StockMovement], owners: dict[str, Named]
) -> list[LedgerLine]:
    """The movements with what was on hand after each: after the first by one sum, then backwards."""
    if not movements:
        return []
    balance, lines = _on_hand_after(product, movements[0]), []
    for movement in movements:
        lines.append(LedgerLine(movement, balance, owners.get(movement.reference)))
        balance -= movement.quantity
    return lines


def _on_hand_after(product: Product, movement: StockMovement) -> int:
    """On hand now, less what moved later. One statement, so that a movement in between cannot part the two sums."""
    mine = StockItem.objects.filter(product=OuterRef("pk")).order_by().values("product")
    later = (
        StockMovement.objects.filter(stock_item__product=OuterRef("pk"), at__gte=movement.at)
        .filter(Q(at__gt=movement.at) | Q(pk__gt=movement.pk))
        .order_by()
        .values("stock_item__product")
    )
    units = IntegerField()
    now = Coalesce(Subquery(mine.annotate(units=Sum("on_hand")).values("units"), output_field=units), 0)
    since = Coalesce(Subquery(later.annotate(units=Sum("quantity")).values("units"), output_field=units), 0)
    return Product.objects.filter(pk=product.pk).values_list(now - since, flat=True).get()

"""What a stock count found, for the people who review it: differences, warnings, and who will have to wait.

A page of differences costs what it shows; the sums read one number per difference. Values are units × cost, without VAT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, Exists, F, FloatField, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Abs, Cast, Coalesce

from inventory.models import CountState, Product, Reservation, StockCount, StockCountLine, StockMovement
from inventory.page_selectors.counts import BY_PLACE, page_by, with_place
from inventory.references import Named, named

if TYPE_CHECKING:
    from shops.models import User

ROWS_PER_PAGE = 50
MOST_RESERVATIONS = 2000
BY_SIZE = ("-size", "-worth", "pk")
BY_WORTH = ("-worth", "-size", "pk")


class Show(StrEnum):
    """Which lines of a count are shown."""

    DIFFERENCES = "differences"
    AGAIN = "again"
    SHORT = "short"
    UNCOUNTED = "uncounted"
    ALL = "all"


@dataclass(frozen=True)
class Row:
    """One line under review. Units; `value` is the difference at cost, or None where the cost is not known."""

    line: StockCountLine
    difference: int | None
    moved: int
    value: Decimal | None
    currency: str
    is_impossible: bool
    moved_between: bool
    short_by: int
    waiting: list[Named] = field(default_factory=list)

    @property
    def product(self) -> Product:
        return self.line.stock_item.product


@dataclass(frozen=True)
class Figures:
    """What a count comes to: lines, units more and less than expected, and the value of it by currency."""

    total: int
    counted: int
    differing: int
    again: int
    short: int
    found: int
    missing: int
    values: dict[str, Decimal]

    @property
    def left(self) -> int:
        return self.total - self.counted


def figures_of(count: StockCount) -> Figures:
    """The sums of a count. Two queries."""
    lines = _judged(count)
    sums = lines.aggregate(
        total=Count("pk"),
        done=Count("counted"),
        differing=Count("pk", filter=~Q(units=0)),
        again=Count("pk", filter=Q(needs_again=True)),
        short=Count("pk", filter=Q(lacks=True)),
        found=Coalesce(Sum("units", filter=Q(units__gt=0)), 0),
        missing=Coalesce(Sum("units", filter=Q(units__lt=0)), 0),
    )
    sums["counted"] = sums.pop("done")
    return Figures(values=_values(count, lines), **sums)


def review_page(
    count: StockCount, user: User, *, show: str = Show.DIFFERENCES, by_units: bool = False, after: str = ""
) -> tuple[list[Row], str]:
    """One page of lines, the largest value (or the most units) first; those without a difference by place.

    Answers the key of the last line if more follow. At most four queries and those that name the orders.
    """
    known = with_place(_judged(count)).select_related("stock_item__product")
    narrowed = {
        Show.DIFFERENCES: Q(units__isnull=False) & ~Q(units=0),
        Show.AGAIN: Q(needs_again=True),
        Show.SHORT: Q(lacks=True),
        Show.UNCOUNTED: Q(counted__isnull=True),
        Show.ALL: Q(),
    }
    keys = BY_PLACE if show in (Show.UNCOUNTED, Show.ALL) else BY_SIZE if by_units else BY_WORTH
    lines, last = page_by(known.filter(narrowed[Show(show)]), known, keys, after, ROWS_PER_PAGE)
    waiting = _who_will_wait({line.stock_item_id: _lack(line) for line in lines if _lack(line)}, user)
    return [_row(count, line, waiting[line.stock_item_id]) for line in lines], last


def lines_to_recount(count: StockCount) -> list[int]:
    """The keys of the lines that must be counted again before the count can be trusted."""
    return list(_judged(count).filter(needs_again=True).values_list("pk", flat=True))


def _judged(count: StockCount) -> QuerySet[Any]:
    """The lines with the difference in `units`, its `size` and `worth`, and the warnings of an unfinished count."""
    if count.state == CountState.POSTED:
        units: Any = F("posted_difference")
    else:
        units = F("counted") - F("on_hand_then")
    cost = Coalesce(Cast("stock_item__product__cost", FloatField()), Value(0.0))
    lines = StockCountLine.objects.filter(count=count).annotate(units=units)
    lines = lines.annotate(size=Coalesce(Abs("units"), Value(0)))
    lines = lines.annotate(worth=Cast("size", FloatField()) * cost)
    if count.state not in (CountState.OPEN, CountState.REVIEW):
        return lines.annotate(moved_between=_no(), impossible=_no(), needs_again=_no(), lacks=_no())
    on_hand, reserved = F("stock_item__on_hand"), F("stock_item__reserved")
    between = StockMovement.objects.filter(
        stock_item=OuterRef("stock_item"), at__gt=OuterRef("first_counted_at"), at__lt=OuterRef("counted_at")
    )
    twice_while_moving = Q(first_counted_at__lt=F("counted_at")) & Q(Exists(between))
    lines = lines.annotate(
        moved_between=_flag(twice_while_moving), impossible=_flag(Q(units__lt=Value(0) - on_hand))
    )
    return lines.annotate(
        needs_again=_flag(Q(moved_between=True) | Q(impossible=True)),
        lacks=_flag(Q(units__lt=reserved - on_hand)),
    )


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=models.BooleanField())


def _no() -> Value:
    return Value(False, output_field=models.BooleanField())


def _values(count: StockCount, lines: QuerySet[Any]) -> dict[str, Decimal]:
    """The differences at cost by currency; products whose cost is not known are left out."""
    priced = lines.filter(stock_item__product__cost__isnull=False).exclude(units=0).exclude(units=None)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    rows = priced.values_list("units", "stock_item__product__cost", "stock_item__product__cost_currency")
    for units, cost, currency in rows:
        sums[currency or count.shop.currency] += units * cost
    return dict(sums)


def _row(count: StockCount, line: Any, waiting: list[Named]) -> Row:
    product, item = line.stock_item.product, line.stock_item
    then = line.on_hand_then if line.on_hand_then is not None else item.on_hand
    is_known = line.units is not None and product.cost is not None
    return Row(
        line=line,
        difference=line.units,
        moved=then - line.expected,
        value=line.units * product.cost if is_known else None,
        currency=product.cost_currency or count.shop.currency,
        is_impossible=line.impossible,
        moved_between=line.moved_between,
        short_by=_lack(line),
        waiting=waiting,
    )


def _lack(line: Any) -> int:
    """Units that are reserved but would not be there any more."""
    if not line.lacks:
        return 0
    item = line.stock_item
    return int(min(item.reserved, item.reserved - item.on_hand - line.units))


def _who_will_wait(lacking: dict[int, int], user: User) -> dict[int, list[Named]]:
    """Whose units are taken first where some are missing, by stock item: the newest reservations, as posting does."""
    taken: dict[int, list[str]] = defaultdict(list)
    left = dict(lacking)
    for item_id, reference, reserved in _newest_reservations(lacking):
        if left[item_id] > 0:
            taken[item_id].append(reference)
            left[item_id] -= reserved
    names = named({reference for found in taken.values() for reference in found}, user)
    shown = {item_id: [names[reference] for reference in found] for item_id, found in taken.items()}
    return defaultdict(list, shown)


def _newest_reservations(item_ids: Collection[int]) -> list[tuple[int, str, int]]:
    if not item_ids:
        return []
    held = Reservation.objects.filter(stock_item__in=item_ids, reserved__gt=0)
    rows = held.order_by("-created_at", "-pk").values_list("stock_item_id", "reference", "reserved")
    return list(rows[:MOST_RESERVATIONS])

"""What to order, of whom, and why: every tracked, active product below its reorder point, with the arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from django.db.models import Min, Q, QuerySet, Sum
from django.utils import timezone

from inventory.models import MovementKind, Product, Reservation, StockItem, StockMovement, StockSettings
from inventory.rules.reordering import HUNDREDTH, Need, rounded

SALES = (MovementKind.SHIPMENT, MovementKind.SHIPMENT_REVERSED)
DAY = timedelta(days=1)
PAGE_SIZE = 100


@dataclass(frozen=True)
class Line:
    """One product and what is needed of it. Money is in the currency the product costs."""

    product: Product
    need: Need
    on_hand: int
    reserved: int

    @property
    def quantity(self) -> int:
        return self.need.quantity

    @property
    def per_day(self) -> Decimal:
        """Demand a day, rounded for people; the arithmetic goes on with the exact one."""
        return rounded(self.need.per_day, HUNDREDTH)

    @property
    def reorder_point(self) -> Decimal:
        return rounded(self.need.reorder_point)

    @property
    def order_up_to(self) -> Decimal:
        return rounded(self.need.order_up_to)

    @property
    def position(self) -> str:
        """What is left when everybody who waits is served; below zero with a minus, not a hyphen."""
        return str(self.need.position).replace("-", "−")

    @property
    def position_in_brackets(self) -> str:
        """The same as something to take away: "40 − (−2)"."""
        return f"({self.position})" if self.need.position < 0 else self.position

    @property
    def missing(self) -> Decimal:
        """Units to the level an order aims at, before they are rounded up to packs."""
        return rounded(self.need.order_up_to - self.need.position)

    @property
    def currency(self) -> str:
        return self.product.cost_currency or self.product.shop.currency

    @property
    def cost(self) -> Decimal | None:
        """What the suggested order costs, without VAT; None where the cost is not known."""
        return None if self.product.cost is None else self.product.cost * self.quantity


@dataclass(frozen=True)
class SupplierOrder:
    """The lines of one supplier on this page."""

    supplier: str
    lines: Sequence[Line]

    @property
    def cost(self) -> list[tuple[str, Decimal]]:
        """What they cost together, by currency; lines without a cost are not in it."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            if line.cost is not None:
                sums[line.currency] += line.cost
        return sorted(sums.items())

    @property
    def without_cost(self) -> int:
        return sum(line.cost is None for line in self.lines)


def lines_of(products: QuerySet[Product]) -> list[Line]:
    """What is known of each product, needed or not. Five queries.

    Demand is the net of shipments in the last `demand_days` of the shop, over the days of these the product existed.
    """
    rows = list(products.select_related("shop").defer("search_text"))
    settings = _settings_of({product.shop_id for product in rows})
    now = timezone.now()
    counters = _counters_of(products)
    waiting = dict(
        Reservation.objects.filter(
            stock_item__product__in=products.order_by().values("pk"), backordered__gt=0
        )
        .order_by()
        .values_list("stock_item__product_id")
        .annotate(units=Sum("backordered"))
    )
    moved = _moved_in_window(products, settings, now)
    lines = []
    for product in rows:
        on_hand, reserved, safety = counters.get(product.pk, (0, 0, 0))
        shipped, first = moved.get(product.pk, (0, None))
        own = settings[product.shop_id]
        need = Need(
            shipped=shipped,
            days=_days_of_life(product, first, own.demand_days, now),
            lead_days=own.lead_time_days if product.lead_time_days is None else product.lead_time_days,
            safety=safety,
            free=on_hand - reserved,
            waiting=waiting.get(product.pk, 0),
            pack=product.pack_size,
        )
        lines.append(Line(product, need, on_hand, reserved))
    return lines


def order_suggestions(products: QuerySet[Product]) -> list[Line]:
    """The lines worth ordering, by supplier (those without one last), then by name."""
    due = [line for line in lines_of(products.filter(is_tracked=True, is_active=True)) if line.quantity]
    return sorted(due, key=_by_supplier)


def page_of(lines: Sequence[Line], after: int | None) -> tuple[list[Line], int | None]:
    """The lines of one page, and the key of the product after which the next one begins."""
    places = {line.product.pk: place for place, line in enumerate(lines)}
    start = places.get(after, -1) + 1 if after is not None else 0
    shown = list(lines[start : start + PAGE_SIZE])
    more = len(lines) > start + PAGE_SIZE
    return shown, shown[-1].product.pk if more else None


def by_supplier(lines: Iterable[Line]) -> list[SupplierOrder]:
    """The lines, which are ordered by supplier, under their suppliers."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.product.supplier, []).append(line)
    return [SupplierOrder(supplier, mine) for supplier, mine in groups.items()]


def suppliers_of(shop_id: int) -> list[str]:
    """The suppliers of the shop's active products, by name."""
    names = Product.objects.filter(shop_id=shop_id, is_active=True).exclude(supplier="")
    return list(names.order_by("supplier").values_list("supplier", flat=True).distinct())


def _by_supplier(line: Line) -> tuple[bool, str, str, str, int]:
    product = line.product
    supplier = product.supplier
    return (not supplier, supplier.casefold(), supplier, product.full_name.casefold(), product.pk)


def _settings_of(shop_ids: Iterable[int]) -> dict[int, StockSettings]:
    shop_ids = list(shop_ids)
    found = {settings.shop_id: settings for settings in StockSettings.objects.filter(shop_id__in=shop_ids)}
    return {shop_id: found.get(shop_id) or StockSettings(shop_id=shop_id) for shop_id in shop_ids}


def _counters_of(products: QuerySet[Product]) -> dict[int, tuple[int, int, int]]:
    rows = (
        StockItem.objects.filter(product__in=products.order_by().values("pk"))
        .order_by()
        .values_list("product_id")
        .annotate(units=Sum("on_hand"), held=Sum("reserved"), safety=Sum("safety_stock"))
    )
    return {product_id: (units, held, safety) for product_id, units, held, safety in rows}


def _moved_in_window(
    products: QuerySet[Product], settings: dict[int, StockSettings], now: datetime
) -> dict[int, tuple[int, datetime]]:
    """Net units shipped of each product in its shop's window, and when it first moved in it."""
    if not settings:
        return {}
    window = Q()
    for shop_id, own in settings.items():
        window |= Q(stock_item__product__shop_id=shop_id, at__gte=now - own.demand_days * DAY)
    rows = (
        StockMovement.objects.filter(window, stock_item__product__in=products.order_by().values("pk"))
        .order_by()
        .values_list("stock_item__product_id")
        .annotate(units=Sum("quantity", filter=Q(kind__in=SALES), default=0), first=Min("at"))
    )
    return {product_id: (-units, first) for product_id, units, first in rows}


def _days_of_life(product: Product, first: datetime | None, window: int, now: datetime) -> int:
    born = min(product.created_at, first) if first else product.created_at
    return max(1, min(window, ceil((now - born) / DAY)))

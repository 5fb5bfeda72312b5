"""The ABC page: what the three classes earn and hold, the curve, and the products, best first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.utils import timezone

from inventory.models import AbcClass, FiguresRun, ProductFigures, StockItem, StockSettings
from shops.models import Shop

PAGE_SIZE = 50
CURVE_POINTS = 200
HUNDRED = Decimal(100)
Place = tuple[Decimal, int]


@dataclass(frozen=True)
class ClassSummary:
    """One class: how many products, what they earned, and what of them is on the shelf. Money in the shop's currency.

    Shares are percent, None where the whole is nothing. `other_stock` is held in other currencies.
    """

    name: str
    products: int
    products_share: Decimal | None
    revenue: Decimal
    revenue_share: Decimal | None
    stock: Decimal
    stock_share: Decimal | None
    other_stock: Sequence[tuple[str, Decimal]]


@dataclass(frozen=True)
class Curve:
    """The cumulated share of revenue over the products, best first: points for a drawing 1000 wide and 1000 high."""

    points: str
    products: int
    a_until: int
    b_until: int
    a_percent: int
    b_percent: int

    @property
    def a_y(self) -> int:
        """How high the mark of class A lies."""
        return 1000 - 10 * self.a_percent

    @property
    def b_y(self) -> int:
        return self.a_y - 10 * self.b_percent

    @property
    def b_width(self) -> int:
        return self.b_x - self.a_x

    @property
    def c_width(self) -> int:
        return 1000 - self.b_x

    @property
    def a_x(self) -> int:
        return self.a_until * 1000 // self.products

    @property
    def b_x(self) -> int:
        return self.b_until * 1000 // self.products


def is_being_computed(run: FiguresRun | None) -> bool:
    """Whether somebody asked for newer figures, or a worker is at it."""
    if run is None:
        return False
    at_work = run.lease_until is not None and run.lease_until > timezone.now()
    return at_work or run.requested_at is not None


def summaries(shop: Shop) -> list[ClassSummary]:
    """The three classes, A first. Two queries."""
    rows = {
        name: (count, revenue)
        for name, count, revenue in ProductFigures.objects.filter(product__shop=shop)
        .order_by()
        .values_list("abc_class")
        .annotate(count=Count("pk"), earned=Sum("revenue"))
    }
    stock = _stock_by_class(shop)
    products = sum(count for count, _revenue in rows.values())
    earned = sum((revenue for _count, revenue in rows.values()), Decimal(0))
    held = sum((sums.get(shop.currency, Decimal(0)) for sums in stock.values()), Decimal(0))
    found = []
    for name in AbcClass.values:
        count, revenue = rows.get(name, (0, Decimal(0)))
        worth = dict(stock[name])
        own = worth.pop(shop.currency, Decimal(0))
        found.append(
            ClassSummary(
                name=name,
                products=count,
                products_share=_share(Decimal(count), Decimal(products)),
                revenue=revenue,
                revenue_share=_share(revenue, earned),
                stock=own,
                stock_share=_share(own, held),
                other_stock=sorted(worth.items()),
            )
        )
    return found


def curve_of(shop: Shop, settings: StockSettings) -> Curve | None:
    """The curve of the shop's figures; None where nothing was earned. One query, two columns of every product."""
    rows = list(
        ProductFigures.objects.filter(product__shop=shop, revenue__gt=0)
        .order_by("-revenue", "product")
        .values_list("cumulated", "abc_class")
    )
    if not rows:
        return None
    count = len(rows)
    step = max(1, count // CURVE_POINTS)
    places = sorted({*range(0, count, step), count - 1})
    points = [(0, 1000)] + [
        ((place + 1) * 1000 // count, 1000 - int(rows[place][0] * 10)) for place in places
    ]
    classes = [name for _cumulated, name in rows]
    a_until = classes.count(AbcClass.A)
    return Curve(
        points=" ".join(f"{x},{y}" for x, y in points),
        products=count,
        a_until=a_until,
        b_until=a_until + classes.count(AbcClass.B),
        a_percent=settings.abc_a_percent,
        b_percent=settings.abc_b_percent,
    )


def figures_page(
    shop: Shop, *, abc_class: str = "", after: Place | None = None
) -> tuple[list[ProductFigures], Place | None]:
    """One page of products by revenue, of one class or of all, and the place after which the next begins."""
    rows = ProductFigures.objects.filter(product__shop=shop).select_related("product")
    if abc_class:
        rows = rows.filter(abc_class=abc_class)
    if after is not None:
        revenue, product_id = after
        rows = rows.filter(Q(revenue__lt=revenue) | Q(revenue=revenue, product_id__gt=product_id))
    shown = list(rows.order_by("-revenue", "product_id")[: PAGE_SIZE + 1])
    more, shown = len(shown) > PAGE_SIZE, shown[:PAGE_SIZE]
    return shown, (shown[-1].revenue, shown[-1].product_id) if more else None


def _stock_by_class(shop: Shop) -> dict[str, dict[str, Decimal]]:
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    rows = StockItem.objects.filter(
        product__shop=shop, on_hand__gt=0, product__cost__isnull=False, product__figures__isnull=False
    ).values_list("product__figures__abc_class", "on_hand", "product__cost", "product__cost_currency")
    for name, units, cost, currency in rows.iterator(chunk_size=2000):
        sums[name][currency or shop.currency] += units * (cost or Decimal(0))
    return sums


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return part * HUNDRED / whole if whole else None

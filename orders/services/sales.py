"""What products sold, summed up from orders and written down to the stock figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Max, QuerySet, Sum
from django.utils import timezone

from inventory import services as inventory
from inventory.models import FiguresRun
from inventory.selectors import settings_of
from orders.models import Order, OrderLine
from orders.statuses import Status
from shops.actors import Actor
from shops.models import Shop
from shops.money import quantise
from shops.permissions import Action, require

FIGURES_TASK = "orders.tasks.refresh_stock_figures"
NOT_SOLD = (Status.CANCELLED, Status.RETURNED)
ROWS_AT_ONCE = 2000


def refresh_figures(*, shop_id: int, actor: Actor) -> int | None:
    """Compute anew what each product of the shop sold over its ABC period, and keep it with shares and classes.

    Revenue is what customers pay for the lines (with VAT, after discounts, without delivery) of orders placed in
    the period in the shop's currency, unless cancelled or returned as a whole by now; money given back for part of
    an order is not taken off. Orders in other currencies are counted apart, never added up. The database sums, so
    memory grows with the number of products, not of orders. Answers how many products have figures, or None
    while another worker computes them. Raises `NotPermitted`.
    """
    require(actor, shop_id=shop_id, action=Action.VIEW_REVENUE)
    began_at = inventory.claim_figures(shop_id=shop_id)
    if began_at is None:
        return None
    shop = Shop.objects.get(pk=shop_id)
    since, until = figures_period(shop, began_at)
    orders = _sold_between(shop, since, until)
    # Read outside the transaction that stores: on SQLite that one keeps everybody else from writing.
    return inventory.store_figures(
        shop_id=shop_id,
        sales=list(_sales_of(shop, orders)),
        since=since,
        until=until,
        left_out=_in_other_currencies(shop, orders),
        began_at=began_at,
    )


def refresh_due_figures() -> int:
    """Compute the figures of every shop where somebody asked for them or a new day has begun; answers of how many.

    One shop's failure does not keep the others from theirs: it is raised when all are done.
    """
    done, failures = 0, []
    runs = {run.shop_id: run for run in FiguresRun.objects.all()}
    for shop in Shop.objects.filter(is_active=True):
        if not _is_due(shop, runs.get(shop.pk)):
            continue
        try:
            done += refresh_figures(shop_id=shop.pk, actor=Actor.system("figures")) is not None
        except Exception as failure:
            failures.append(failure)
    if failures:
        raise ExceptionGroup("figures of some shops could not be computed", failures)
    return done


def figures_period(shop: Shop, now: datetime) -> tuple[date, date]:
    """The first and the last day of the shop's ABC period, in its own calendar; the last is today."""
    today = now.astimezone(shop.zone).date()
    days = settings_of(shop.pk).abc_days
    return today - timedelta(days=days - 1), today


def _is_due(shop: Shop, run: FiguresRun | None) -> bool:
    if run is None or run.computed_at is None or run.requested_at is not None:
        return True
    return run.computed_at.astimezone(shop.zone).date() < timezone.now().astimezone(shop.zone).date()


def _sold_between(shop: Shop, since: date, until: date) -> QuerySet[Order]:
    begin = datetime.combine(since, time.min, shop.zone)
    end = datetime.combine(until + timedelta(days=1), time.min, shop.zone)
    sold = Order.objects.filter(shop=shop, placed_at__gte=begin, placed_at__lt=end)
    return sold.exclude(status__in=NOT_SOLD)


def _sales_of(shop: Shop, orders: QuerySet[Order]) -> Iterator[inventory.Sale]:
    rows = (
        OrderLine.objects.filter(order__in=orders.filter(currency=shop.currency))
        .order_by()
        .values_list("product_id")
        .annotate(units=Sum("quantity"), revenue=Sum("total"), last=Max("order__placed_at"))
    )
    for product_id, units, revenue, last in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield inventory.Sale(product_id, units, quantise(revenue, shop.currency), last)


def _in_other_currencies(shop: Shop, orders: QuerySet[Order]) -> list[dict[str, object]]:
    rows = (
        orders.exclude(currency=shop.currency)
        .order_by("currency")
        .values_list("currency")
        .annotate(orders=Count("pk"), goods=Sum("goods_total"))
    )
    return [
        {"currency": currency, "orders": count, "amount": str(quantise(goods or Decimal(0), currency))}
        for currency, count, goods in rows
    ]

"""Figures that are computed now and then and kept: what each product sold, and what a shop held day by day.

Sales come from whoever knows them; stock comes from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inventory.events import FiguresRequested
from inventory.models import FiguresRun, Product, ProductFigures
from inventory.rules.abc import Ranked, classify
from inventory.selectors import settings_of
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Action, require

ROWS_AT_ONCE = 1000
LEASE = timedelta(minutes=15)


@dataclass(frozen=True)
class Sale:
    """What one product sold over a period: whole units, revenue in the shop's currency with VAT."""

    product_id: int
    units: int
    revenue: Decimal
    last_sold_at: datetime | None = None


@transaction.atomic
def request_figures(*, shop_id: int, actor: Actor) -> None:
    """Ask for the shop's sales figures to be computed; a worker does it soon. Asking twice is asking once.

    Raises `NotPermitted`.
    """
    require(actor, shop_id=shop_id, action=Action.VIEW_REVENUE)
    run = _run_of(shop_id)
    FiguresRun.objects.filter(pk=run.pk, requested_at=None).update(requested_at=timezone.now())
    publish(FiguresRequested(shop_id=shop_id))


def claim_figures(*, shop_id: int) -> datetime | None:
    """Take the shop's computation for a while; answers since when it is taken, None while somebody else has it.

    One that fails is tried again when the while is over, not at once and for ever.
    """
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = FiguresRun.objects.filter(free, pk=_run_of(shop_id).pk).update(lease_until=now + LEASE)
    return now if taken else None


@transaction.atomic
def store_figures(
    *,
    shop_id: int,
    sales: Iterable[Sale],
    since: date,
    until: date,
    left_out: list[dict[str, object]],
    began_at: datetime,
) -> int:
    """Keep what each product sold from `since` to `until`, with its share and class, replacing what was known.

    Every active product gets a row; one that sold nothing is C. `left_out` names what the sales do not hold. A
    request made after `began_at` stays, because it asks for newer figures. Answers how many products have figures.
    """
    sold = {sale.product_id: sale for sale in sales}
    idle = Product.objects.filter(shop_id=shop_id, is_active=True).values_list("pk", flat=True)
    for product_id in idle.iterator(chunk_size=ROWS_AT_ONCE):
        sold.setdefault(product_id, Sale(product_id, 0, Decimal(0)))
    settings, now = settings_of(shop_id), timezone.now()
    ranked = classify(
        ((sale.product_id, sale.revenue) for sale in sold.values()),
        a_percent=settings.abc_a_percent,
        b_percent=settings.abc_b_percent,
    )
    rows = (_figures(sold[row.key], row, since, until, now) for row in ranked)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        ProductFigures.objects.bulk_create(
            batch,
            update_conflicts=True,
            unique_fields=["product"],
            update_fields=[field.attname for field in ProductFigures._meta.fields if not field.unique],
        )
    ProductFigures.objects.filter(product__shop_id=shop_id).exclude(computed_at=now).delete()
    _close_run(shop_id, since, until, left_out, began_at, now)
    return len(sold)


def _figures(sale: Sale, row: Ranked, since: date, until: date, now: datetime) -> ProductFigures:
    return ProductFigures(
        product_id=sale.product_id,
        units_sold=sale.units,
        revenue=sale.revenue,
        share=row.share,
        cumulated=row.cumulated,
        abc_class=row.abc_class,
        last_sold_at=sale.last_sold_at,
        since=since,
        until=until,
        computed_at=now,
    )


def _close_run(
    shop_id: int,
    since: date,
    until: date,
    left_out: list[dict[str, object]],
    began_at: datetime,
    now: datetime,
) -> None:
    run = FiguresRun.objects.filter(pk=_run_of(shop_id).pk)
    run.update(computed_at=now, since=since, until=until, left_out=left_out, lease_until=None)
    run.filter(requested_at__lte=began_at).update(requested_at=None)


def _run_of(shop_id: int) -> FiguresRun:
    return FiguresRun.objects.get_or_create(shop_id=shop_id)[0]

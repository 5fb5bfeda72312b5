"""The daily report of what runs low: when it is due, what stands in it, and that it goes out once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from inventory.events import ReportLine, StockReportDue
from inventory.models import StockItem, StockReport, StockSettings
from inventory.page_selectors.low import low_items, low_rows
from inventory.selectors import settings_of
from inventory.services.settings import read_addresses
from shops.bus import publish
from shops.models import Shop

MOST_LINES = 200
KEPT = timedelta(days=90)
# For shops that never said when they open.
USUAL_OPENING = time(8)


def report_low_stock(*, shop_id: int, now: datetime | None = None) -> bool:
    """Publish `StockReportDue` if the shop's day has begun, somebody wants to know, something runs low, and nobody
    was told today; answers whether it did.

    A day is the shop's own, by its working hours and holidays; on a closed day nobody is told. Two calls at once
    publish once: the row of the day is unique.
    """
    moment = now or timezone.now()
    shop, settings = Shop.objects.get(pk=shop_id), settings_of(shop_id)
    day = moment.astimezone(shop.zone).date()
    if not settings.alert_emails.strip() or not _has_opened(shop, moment):
        return False
    if StockReport.objects.filter(shop=shop, day=day).exists():
        return False
    with transaction.atomic():
        report, is_mine = StockReport.objects.get_or_create(shop=shop, day=day)
        return is_mine and _publish(report, settings)


def report_all_shops() -> int:
    """Report the shops whose day has begun; answers how many. One shop's failure does not keep the others waiting."""
    told, failures = 0, []
    wanted = StockSettings.objects.exclude(alert_emails="").filter(shop__is_active=True)
    for shop_id in wanted.values_list("shop_id", flat=True):
        try:
            told += report_low_stock(shop_id=shop_id)
        except Exception as failure:
            failures.append(failure)
    if failures:
        raise ExceptionGroup("some shops could not be reported", failures)
    return told


def _publish(report: StockReport, settings: StockSettings) -> bool:
    before = StockReport.objects.filter(shop=report.shop, day__lt=report.day).order_by("-day").first()
    known = frozenset(before.stock_items if before else ())
    low = list(low_items([report.shop_id]).order_by("pk").values_list("pk", flat=True))
    report.stock_items = low
    report.save(update_fields=["stock_items"])
    StockReport.objects.filter(shop=report.shop, day__lt=report.day - KEPT).delete()
    if not low:
        return False
    new = [pk for pk in low if pk not in known]
    first = (new + [pk for pk in low if pk in known])[:MOST_LINES]
    publish(
        StockReportDue(
            shop_id=report.shop_id,
            day=report.day,
            recipients=tuple(read_addresses(settings.alert_emails)),
            total=len(low),
            new=len(new),
            lines=tuple(_lines(first, known)),
        )
    )
    return True


def _lines(pks: Collection[int], known: Collection[int]) -> list[ReportLine]:
    items = StockItem.objects.filter(pk__in=pks).select_related("product__shop", "warehouse")
    lines = [
        ReportLine(
            product_id=row.item.product_id,
            sku=row.item.product.sku,
            name=row.item.product.full_name,
            warehouse=row.item.warehouse.name,
            available=row.item.available,
            safety_stock=row.item.safety_stock,
            waiting=row.waiting,
            suggested=row.line.quantity,
            is_new=row.item.pk not in known,
        )
        for row in low_rows(list(items))
    ]
    return sorted(lines, key=lambda line: (not line.is_new, line.name.casefold(), line.product_id))


def _has_opened(shop: Shop, moment: datetime) -> bool:
    local = moment.astimezone(shop.zone)
    if not shop.working_hours:
        return local.time() >= USUAL_OPENING
    midnight = datetime.combine(local.date(), time.min, shop.zone)
    return shop.calendar.open_between(midnight, moment) > timedelta()

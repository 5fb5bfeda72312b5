"""Handover sheets: what waits for one, one sheet as it is printed, and the sheets made so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery
from django.utils import timezone

from orders.carriers import carrier_name
from orders.models import HandoverSheet, Order, Shipment
from orders.selectors import LEFT_THE_HOUSE
from orders.services.handover import KEPT_IN_MIND, MOST_ON_A_SHEET, TAKEN_ALONG
from shops.keyset import Page, newest_key_first
from shops.models import Shop, User

MOST_WAITING = 1_000


@dataclass(frozen=True)
class SheetRow:
    """A parcel on a sheet; `cod` is what the courier collects for it, in the order's currency, or None."""

    parcel: Shipment
    cod: Decimal | None

    @property
    def order(self) -> Order:
        return self.parcel.order

    def day_in(self, shop: Shop) -> date | None:
        """The day it was handed over, by the shop's clock."""
        at = self.parcel.handed_over_at
        return None if at is None else timezone.localdate(at, timezone=shop.zone)


@dataclass
class Batch:
    """The parcels of one shop and courier that are on no sheet yet, the longest ago first."""

    shop: Shop
    carrier: str
    rows: list[SheetRow] = field(default_factory=list)

    @property
    def name(self) -> str:
        return carrier_name(self.carrier)

    @property
    def fitting(self) -> list[SheetRow]:
        """What a sheet can hold, the newest."""
        return self.rows[-MOST_ON_A_SHEET:]

    @property
    def chosen(self) -> list[SheetRow]:
        """What is ticked at first: today's by the shop's clock, or all of earlier days where there are none today."""
        today = timezone.localdate(timezone=self.shop.zone)
        todays = [row for row in self.fitting if row.day_in(self.shop) == today]
        return todays or self.fitting

    @property
    def chosen_keys(self) -> set[int]:
        return {row.parcel.pk for row in self.chosen}

    @property
    def earlier(self) -> int:
        """How many of earlier days are not ticked."""
        return len(self.fitting) - len(self.chosen)

    @property
    def totals(self) -> list[tuple[str, Decimal]]:
        return totals_of(self.chosen)


def waiting_batches(user: User, shops: Sequence[Shop]) -> list[Batch]:
    """What couriers took along in the last fortnight without a sheet, the newest thousand of it. One query."""
    by_key = {shop.pk: shop for shop in shops}
    since = timezone.now() - KEPT_IN_MIND
    waiting = _with_orders(Shipment.objects.filter(handed_over_at__gte=since, handover_sheet=None))
    waiting = waiting.filter(
        state__in=TAKEN_ALONG,
        order__shop_id__in=by_key,
        order__in=Order.objects.visible_to(user),
    )
    batches: dict[tuple[int, str], Batch] = {}
    newest = _rows(waiting.order_by("-handed_over_at", "-pk")[:MOST_WAITING])
    for row in reversed(newest):
        shop = by_key[row.order.shop_id]
        key = (shop.pk, row.parcel.carrier)
        batches.setdefault(key, Batch(shop, row.parcel.carrier)).rows.append(row)
    return sorted(batches.values(), key=lambda batch: (batch.shop.name, -len(batch.rows)))


def visible_parcels(user: User, keys: Sequence[int]) -> list[int]:
    """Of these parcels the keys of those whose order this person may see. One query."""
    mine = Shipment.objects.filter(pk__in=keys, order__in=Order.objects.visible_to(user))
    return list(mine.values_list("pk", flat=True))


@dataclass(frozen=True)
class SheetPage:
    """A sheet as it is printed; `hidden` parcels are of colleagues' orders this person does not see."""

    sheet: HandoverSheet
    rows: list[SheetRow]
    hidden: int

    @property
    def name(self) -> str:
        return carrier_name(self.sheet.carrier)

    @property
    def totals(self) -> list[tuple[str, Decimal]]:
        return totals_of(self.rows)


def sheet_page(user: User, sheet_id: int) -> SheetPage | None:
    """One sheet with its parcels, or None where this person may not see it; a fixed number of queries."""
    sheet = HandoverSheet.objects.visible_to(user).select_related("shop").filter(pk=sheet_id).first()
    if sheet is None:
        return None
    on_it = Shipment.objects.filter(handover_sheet=sheet, state__in=LEFT_THE_HOUSE)
    seen = on_it.filter(order__in=Order.objects.visible_to(user))
    rows = _rows(_with_orders(seen).order_by("handed_over_at", "pk"))
    return SheetPage(sheet, rows, on_it.count() - len(rows))


def sheets_so_far(user: User, after: str, shop_ids: Sequence[int]) -> Page[HandoverSheet]:
    """One page of the sheets of these shops, newest first, each with how many `parcels` are on it."""
    sheets = HandoverSheet.objects.visible_to(user).select_related("shop")
    on_it = Shipment.objects.filter(handover_sheet=OuterRef("pk"), state__in=LEFT_THE_HOUSE)
    counted = on_it.order_by().values("handover_sheet").annotate(n=Count("pk")).values("n")
    return newest_key_first(sheets.annotate(parcels=Subquery(counted)), after, 20, shop_ids)


def totals_of(rows: Iterable[SheetRow]) -> list[tuple[str, Decimal]]:
    """The money to collect by currency, to the cent, in the order of the codes."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.cod is not None:
            sums[row.order.currency] += row.cod
    return sorted(sums.items())


def _with_orders(parcels: QuerySet[Shipment]) -> QuerySet[Shipment]:
    first = Shipment.objects.filter(order=OuterRef("order"), state__in=LEFT_THE_HOUSE).order_by()
    return parcels.select_related("order__shipping_address", "order__customer").annotate(
        first_pk=Subquery(first.values("order").annotate(first=Min("pk")).values("first"))
    )


def _rows(parcels: Iterable[Shipment]) -> list[SheetRow]:
    return [SheetRow(parcel, _cod_of(parcel)) for parcel in parcels]


def _cod_of(parcel: Shipment) -> Decimal | None:
    """What the courier collects: the order's total with its first parcel, unless it was paid before that left."""
    order = parcel.order
    if not order.is_cod or parcel.pk != parcel.first_pk:  # type: ignore[attr-defined]
        return None
    paid, left = order.paid_at, parcel.handed_over_at
    return None if paid is not None and left is not None and paid <= left else order.total

"""What the movement forms show beside the form: a product's counters by warehouse, and the reasons usually given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from inventory.models import Product, Reservation, StockItem, StockMovement, Warehouse

if TYPE_CHECKING:
    from shops.models import User

READ_BACK = 100
MOST_REASONS = 8


@dataclass(frozen=True)
class Shelf:
    """A product's counters in each warehouse of its shop, the default one first, and who waits for it."""

    warehouses: Sequence[Warehouse]
    items: Sequence[StockItem]
    waiting: int


def shelf_of(product: Product) -> Shelf:
    """The shelf of one product; a warehouse that never held it stands there with zeros. Three queries."""
    places = Warehouse.objects.filter(shop_id=product.shop_id).order_by("-is_default", "name")
    held = {item.warehouse_id: item for item in StockItem.objects.filter(product=product)}
    items = [held.get(place.pk) or StockItem(product=product, warehouse=place) for place in places]
    for item, place in zip(items, places, strict=True):
        item.warehouse = place
    waiting = Reservation.objects.filter(stock_item__product=product).aggregate(units=Sum("backordered"))
    return Shelf(list(places), items, waiting["units"] or 0)


def usual_reasons(user: User, kind: str) -> list[str]:
    """The reasons this person gave lately for movements of this kind, the latest first. One query."""
    lately = StockMovement.objects.filter(actor_user=user, kind=kind).order_by("-at", "-pk")
    reasons = lately.values_list("reason", flat=True)[:READ_BACK]
    return list(dict.fromkeys(reason for reason in reasons if reason))[:MOST_REASONS]

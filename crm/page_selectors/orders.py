"""The order list: who sees which orders, narrowed by words, shop and status."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Prefetch

from orders.models import Order, Shipment
from orders.search import search_orders
from orders.statuses import ShipmentState, Status
from shops.keyset import Page, newest_first
from shops.models import Shop

if TYPE_CHECKING:
    from shops.models import User


@dataclass(frozen=True)
class OrderFilter:
    """What the list is narrowed by, as it stands in the address."""

    q: str = ""
    shop: str = ""
    status: str = ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.shop or self.status)

    def query(self, **changes: str) -> str:
        """The filter with some values changed, ready for a link; empty values are left out."""
        changed = replace(self, **{name: value for name, value in changes.items() if name != "after"})
        pairs = {
            "q": changed.q,
            "shop": changed.shop,
            "status": changed.status,
            "after": changes.get("after", ""),
        }
        return urlencode({name: value for name, value in pairs.items() if value})


def read_filter(q: str, shop: str, status: str) -> OrderFilter:
    """The filter of a request; an unknown status is ignored, an unknown shop finds nothing."""
    q, shop = q.replace("\0", " "), shop.replace("\0", " ")
    return OrderFilter(" ".join(q.split())[:200], shop[:50], status if status in Status.values else "")


def list_orders(user: User, wanted: OrderFilter, after: str = "") -> Page[Order]:
    """One page of the orders this person may see, newest first, with all that a row shows."""
    shops = Shop.objects.visible_to(user)
    if wanted.shop:
        shops = shops.filter(slug=wanted.shop)
    orders = Order.objects.visible_to(user)
    if wanted.status:
        orders = orders.filter(status=wanted.status)
    parcels = Prefetch(
        "shipments", Shipment.objects.exclude(state=ShipmentState.VOIDED), to_attr="live_shipments"
    )
    found = search_orders(orders, wanted.q).select_related("shop", "customer", "manager", "shipping_address")
    shop_ids = list(shops.values_list("pk", flat=True))
    return newest_first(found.prefetch_related(parcels), "placed_at", after, shop_ids=shop_ids)

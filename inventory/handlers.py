"""What stock does when something happens elsewhere."""

from __future__ import annotations

from inventory import services
from shops.events import ShopCreated


def create_default_warehouse(event: ShopCreated) -> None:
    """Give a new shop its shelf; a shop that has one keeps it."""
    services.create_default_warehouse(shop_id=event.shop_id)

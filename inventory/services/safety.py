"""Safety stock: how little of a product a warehouse may have free before people are warned."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.events import StockRanLow
from inventory.models import StockItem, Warehouse
from inventory.services.sheet import LARGEST_QUANTITY, find_products, lock_items_of, open_items
from shops.actors import Actor
from shops.bus import publish
from shops.permissions import Action, require


@transaction.atomic
def set_safety_stock(*, product_id: int, warehouse_id: int, safety_stock: int, actor: Actor) -> StockItem:
    """Set the safety stock of one product in one warehouse, in whole units; 0 switches the warning off.

    Raises `NotPermitted`, or `StockError` for what is not a whole number from 0 to a million, a product whose stock
    is not counted, or a warehouse of another shop. Announces `StockRanLow` when it is undercut from now on.
    """
    products = find_products([product_id])
    product = products[product_id]
    require(actor, shop_id=product.shop_id, action=Action.CHANGE_STOCK)
    _check(safety_stock)
    if not product.is_tracked:
        raise StockError(
            _("The stock of %(product)s is not counted, so it cannot run low.") % {"product": product},
            code="untracked",
        )
    warehouse = Warehouse.objects.filter(pk=warehouse_id, shop_id=product.shop_id).first()
    if warehouse is None:
        raise StockError(
            _("This warehouse belongs to another shop."), code="unknown_warehouse", field="warehouse"
        )
    open_items([product], warehouse)
    items = lock_items_of(products)[product_id]
    item = next(item for item in items if item.warehouse_id == warehouse_id)
    was_low = item.available < item.safety_stock
    item.safety_stock, item.changed_at = safety_stock, timezone.now()
    item.save(update_fields=["safety_stock", "changed_at"])
    if item.available < safety_stock and not was_low:
        publish(
            StockRanLow(
                shop_id=product.shop_id,
                product_id=product_id,
                sku=product.sku,
                warehouse_id=warehouse_id,
                available=item.available,
                safety_stock=safety_stock,
            )
        )
    return item


def _check(safety_stock: int) -> None:
    is_whole = isinstance(safety_stock, int) and not isinstance(safety_stock, bool)
    if not is_whole or not 0 <= safety_stock <= LARGEST_QUANTITY:
        raise StockError(
            _("A safety stock must be a whole number from 0 to %(largest)s.") % {"largest": LARGEST_QUANTITY},
            code="bad_quantity",
            field="safety_stock",
        )

"""Holding stock for somebody and letting it go again. Whoever it is appears as an opaque reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.errors import Shortage, StockShort
from inventory.models import Product, Reservation
from inventory.selectors import Held
from inventory.services.limits import check_reference, stock_verb
from inventory.services.sheet import Sheet, check_quantity, find_products, lock_items_of, open_items
from shops.actors import Actor
from shops.models import Shop


@dataclass(frozen=True)
class Reserved:
    """What a reference holds after `reserve`, by product key, and what of it is still missing."""

    held: Mapping[int, Held]
    shortages: tuple[Shortage, ...] = ()

    @property
    def is_complete(self) -> bool:
        return not self.shortages


@stock_verb
def reserve(
    *,
    reference: str,
    shop_id: int,
    wanted: Mapping[int, int],
    on_shortage: Literal["refuse", "backorder"],
    actor: Actor,
) -> Reserved:
    """Make the reference hold `wanted` units of each product (a total per product key, not an increase).

    A repeat changes nothing; a higher total reserves the difference, and waiting units become reserved ones where
    stock is free; a lower total frees the difference. Products that are not named, and untracked ones, are left
    alone. What is missing waits as a backorder; with "refuse" only products that may be sold before they are in
    stock on this day of the shop's calendar wait, and any other shortage raises `StockShort` naming every SKU, with nothing written.
    Raises `StockError` for a quantity that is not a whole number from 1 to a million, or a product of another shop.
    """
    check_reference(reference)
    for quantity in wanted.values():
        check_quantity(quantity)
    known = find_products(wanted, shop_id=shop_id)
    products = {pk: product for pk, product in known.items() if product.is_tracked}
    open_items(products.values())
    sheet = Sheet(products, actor=actor, reference=reference)
    sheet.load_reservations(reference)
    shortages = [_shortage(sheet, reference, products[pk], wanted[pk]) for pk in products]
    missing = [shortage for shortage in shortages if shortage]
    if on_shortage == "refuse":
        today = _today_in(shop_id) if missing else date.min
        refuse_short([short for short in missing if not products[short.product_id].may_wait(today)])
    lowered = [_settle(sheet, reference, pk, wanted[pk]) for pk in products]
    sheet.close(allocate=any(lowered), leave_out=reference)
    held = {pk: Held(*sheet.held(reference, pk)) for pk in products}
    return Reserved(held, tuple(missing))


@stock_verb
def release(*, reference: str, actor: Actor, product_ids: Collection[int] | None = None) -> None:
    """Free everything the reference holds or waits for, and give the freed units to those who wait, oldest first.

    With `product_ids` only what it holds of these. A reference that holds nothing is left as it is: releasing twice
    is harmless.
    """
    rows = Reservation.objects.filter(reference=reference)
    if product_ids is not None:
        rows = rows.filter(stock_item__product_id__in=product_ids)
    products = find_products(rows.values_list("stock_item__product_id", flat=True))
    sheet = Sheet(products, actor=actor, reference=reference)
    sheet.load_reservations(reference)
    for product_id in products:
        reserved, backordered = sheet.held(reference, product_id)
        sheet.unreserve(reference, product_id, reserved)
        sheet.stop_waiting(reference, product_id, backordered)
    sheet.close(allocate=True, leave_out=reference)


def lock_products(*, shop_id: int, product_ids: Collection[int]) -> None:
    """Lock the stock of these products until the caller's transaction ends; counted ones that have none get it.

    For callers of several verbs that touch some of the products each: one verb after another would lock them out of
    key order, and two such callers would wait in a circle. Raises `NotInTransaction` outside a transaction, and
    `StockError` for a product of another shop.
    """
    products = find_products(product_ids, shop_id=shop_id)
    open_items([product for product in products.values() if product.is_tracked])
    lock_items_of(products)


def refuse_short(shortages: list[Shortage]) -> None:
    """Raise `StockShort` naming each SKU, unless there is no shortage."""
    if not shortages:
        return
    parts = "; ".join(short.sentence for short in shortages)
    raise StockShort(_("Not enough in stock. %(list)s.") % {"list": parts}, shortages)


def _shortage(sheet: Sheet, reference: str, product: Product, wanted: int) -> Shortage | None:
    reserved, _waiting = sheet.held(reference, product.pk)
    available = reserved + sheet.free(product.pk)
    if available >= wanted:
        return None
    return Shortage(
        product.sku,
        product.name,
        wanted,
        available,
        product_id=product.pk,
        ahead_from=product.preorder_from,
    )


def _today_in(shop_id: int) -> date:
    return timezone.localdate(timezone=Shop.objects.get(pk=shop_id).zone)


def _settle(sheet: Sheet, reference: str, product_id: int, wanted: int) -> bool:
    """Bring what is held to the total; answers whether units were freed."""
    reserved, backordered = sheet.held(reference, product_id)
    freed = sheet.unreserve(reference, product_id, reserved - wanted)
    got = sheet.reserve(reference, product_id, wanted - reserved)
    still_missing = max(0, wanted - reserved - got)
    sheet.wait(reference, product_id, max(0, still_missing - backordered))
    sheet.stop_waiting(reference, product_id, backordered - still_missing)
    return bool(freed)

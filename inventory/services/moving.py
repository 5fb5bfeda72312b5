"""Goods that move: in, out, back again, and counted. Every verb writes the ledger beside the counters.

Whatever comes in is given to waiting reservations in the same transaction, oldest first; that touches stock and
reservation rows only, so it never waits for the owner of a reservation.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from inventory.errors import Shortage, StockError
from inventory.models import MovementKind, Product, StockItem, StockMovement, Warehouse
from inventory.services.reserving import refuse_short
from inventory.services.sheet import LARGEST_STOCK, Sheet, check_quantity, find_products, open_items
from shops.actors import Actor
from shops.permissions import Action, require


@transaction.atomic
def ship_out(*, reference: str, quantities: Mapping[int, int], actor: Actor, strict: bool = True) -> None:
    """Let units leave the house: on hand and reserved fall together, by product key. Untracked products are ignored.

    Strict: raises `StockShort` where the reference has less reserved than asked, and nothing is written. Otherwise
    what is reserved goes, then what is free, never more than exists, and the reference stops waiting for the rest.
    """
    for quantity in quantities.values():
        check_quantity(quantity)
    products = {pk: product for pk, product in find_products(quantities).items() if product.is_tracked}
    open_items(products.values())
    sheet = Sheet(products, actor=actor, reference=reference)
    sheet.load_reservations(reference)
    if strict:
        refuse_short(_unreserved(sheet, reference, quantities))
    for product_id in products:
        _ship(sheet, reference, product_id, quantities[product_id])
    sheet.close()


@transaction.atomic
def reverse_shipment(*, reference: str, actor: Actor) -> None:
    """Undo the reference's shipments that are not undone yet: the units are on hand and reserved for it again.

    Doing it twice changes nothing more.
    """
    out = _still_out(reference)
    items = StockItem.objects.filter(pk__in=out).values_list("product_id", flat=True)
    sheet = Sheet(find_products(items), actor=actor, reference=reference)
    sheet.load_reservations(reference)
    out = _still_out(reference)
    for product_id in sheet.products:
        for item in sheet.items_of(product_id):
            if item.pk in out:
                sheet.move(item, out[item.pk], MovementKind.SHIPMENT_REVERSED)
                sheet.hold(reference, item, out[item.pk])
    sheet.close()


@transaction.atomic
def restock(*, reference: str, quantities: Mapping[int, int], reason: str, actor: Actor) -> None:
    """Put returned units back on the shelf of the default warehouse, by product key; untracked products are ignored."""
    for quantity in quantities.values():
        check_quantity(quantity)
    products = {pk: product for pk, product in find_products(quantities).items() if product.is_tracked}
    open_items(products.values())
    sheet = Sheet(products, actor=actor, reference=reference, reason=reason)
    for product_id in products:
        sheet.move(sheet.item_in(product_id, None), quantities[product_id], MovementKind.RESTOCK)
    sheet.close(allocate=True)


@transaction.atomic
def receive(
    *, product_id: int, quantity: int, reason: str, actor: Actor, warehouse_id: int | None = None
) -> None:
    """Take in new units. Raises `NotPermitted`, or `StockError` for a product whose stock is not counted."""
    check_quantity(quantity)
    sheet, item = _open_one(product_id, reason, actor, warehouse_id)
    sheet.move(item, quantity, MovementKind.RECEIPT)
    sheet.close(allocate=True)


@transaction.atomic
def write_off(
    *, product_id: int, quantity: int, reason: str, actor: Actor, warehouse_id: int | None = None
) -> None:
    """Take broken or lost units off the shelf. Reserved units cannot be written off: raises `StockError`."""
    check_quantity(quantity)
    sheet, item = _open_one(product_id, reason, actor, warehouse_id)
    if quantity > item.available:
        raise StockError(
            _(
                "Only %(available)s of %(product)s can be written off: %(on_hand)s are here, %(reserved)s are reserved."
            )
            % {
                "available": item.available,
                "product": item.product,
                "on_hand": item.on_hand,
                "reserved": item.reserved,
            },
            code="reserved",
            field="quantity",
        )
    sheet.move(item, -quantity, MovementKind.WRITE_OFF)
    sheet.close()


@transaction.atomic
def count(
    *, product_id: int, counted: int, reason: str, actor: Actor, warehouse_id: int | None = None
) -> None:
    """Set the units on hand to what was counted, by a movement of the difference; no difference, no movement.

    Raises `StockError` below what is reserved, saying how many are.
    """
    if isinstance(counted, bool) or not isinstance(counted, int) or not 0 <= counted <= LARGEST_STOCK:
        raise StockError(
            _("A count must be a whole number from 0 to %(largest)s.") % {"largest": LARGEST_STOCK},
            code="bad_quantity",
            field="quantity",
        )
    sheet, item = _open_one(product_id, reason, actor, warehouse_id)
    if counted < item.reserved:
        raise StockError(
            _(
                "%(reserved)s of %(product)s are reserved for orders; release them before you count only %(counted)s."
            )
            % {"reserved": item.reserved, "product": item.product, "counted": counted},
            code="reserved",
            field="quantity",
        )
    if counted != item.on_hand:
        sheet.move(item, counted - item.on_hand, MovementKind.COUNT)
    sheet.close(allocate=True)


def _ship(sheet: Sheet, reference: str, product_id: int, quantity: int) -> None:
    """Move out what the reference has, then what is free; with a full reservation the second part is nothing."""
    left = quantity
    for item, taken in sheet.unreserve(reference, product_id, quantity):
        sheet.move(item, -taken, MovementKind.SHIPMENT)
        left -= taken
    for item in sheet.items_of(product_id):
        taken = min(left, item.available)
        if taken > 0:
            sheet.move(item, -taken, MovementKind.SHIPMENT)
            left -= taken
            sheet.stop_waiting(reference, product_id, taken)
    sheet.stop_waiting(reference, product_id, left)


def _unreserved(sheet: Sheet, reference: str, quantities: Mapping[int, int]) -> list[Shortage]:
    short = []
    for product_id, product in sheet.products.items():
        reserved, _waiting = sheet.held(reference, product_id)
        if reserved < quantities[product_id]:
            short.append(
                Shortage(product.sku, product.name, quantities[product_id], reserved, product_id=product_id)
            )
    return short


def _still_out(reference: str) -> dict[int, int]:
    """Units per stock item that left under this reference and were not brought back by undoing."""
    kinds = (MovementKind.SHIPMENT, MovementKind.SHIPMENT_REVERSED)
    moved = StockMovement.objects.filter(reference=reference, kind__in=kinds).order_by()
    sums = moved.values_list("stock_item_id").annotate(moved=Sum("quantity"))
    return {item_id: -total for item_id, total in sums if total < 0}


def _open_one(
    product_id: int, reason: str, actor: Actor, warehouse_id: int | None
) -> tuple[Sheet, StockItem]:
    """The sheet and the stock item a person changes by hand, after asking whether they may."""
    products = find_products([product_id])
    product = products[product_id]
    require(actor, shop_id=product.shop_id, action=Action.CHANGE_STOCK)
    _refuse_untracked(product)
    warehouse = (
        Warehouse.objects.filter(pk=warehouse_id, shop_id=product.shop_id).first() if warehouse_id else None
    )
    if warehouse_id and warehouse is None:
        raise StockError(
            _("This warehouse belongs to another shop."), code="unknown_warehouse", field="warehouse"
        )
    open_items([product], warehouse)
    sheet = Sheet(products, actor=actor, reason=reason)
    return sheet, sheet.item_in(product_id, warehouse_id)


def _refuse_untracked(product: Product) -> None:
    if not product.is_tracked:
        raise StockError(
            _("The stock of %(product)s is not counted. Turn on “stock is counted” in the product first.")
            % {"product": product},
            code="untracked",
        )

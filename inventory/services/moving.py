"""Goods that leave for a reference and come back from it. Every verb writes the ledger beside the counters.

Whatever comes in is given to waiting reservations in the same transaction, oldest first; that touches stock and
reservation rows only, so it never waits for the owner of a reservation.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Max, Sum

from inventory.errors import Shortage
from inventory.models import MovementKind, StockItem, StockMovement
from inventory.services.limits import check_reference, check_text, stock_verb
from inventory.services.reserving import refuse_short
from inventory.services.sheet import Sheet, check_quantity, find_products, open_items
from shops.actors import Actor


@stock_verb
def ship_out(
    *, reference: str, quantities: Mapping[int, int], actor: Actor, strict: bool = True
) -> dict[int, int]:
    """Let units leave the house: on hand and reserved fall together, by product key; answers how many left.

    Untracked products are ignored.

    Strict: raises `StockShort` where the reference has less reserved than asked, and nothing is written. Otherwise
    what is reserved goes, then what is free, never more than exists, and the reference stops waiting for the rest.
    """
    check_reference(reference)
    for quantity in quantities.values():
        check_quantity(quantity)
    products = {pk: product for pk, product in find_products(quantities).items() if product.is_tracked}
    open_items(products.values())
    sheet = Sheet(products, actor=actor, reference=reference)
    sheet.load_reservations(reference)
    if strict:
        refuse_short(_unreserved(sheet, reference, quantities))
    left = {pk: _ship(sheet, reference, pk, quantities[pk]) for pk in products}
    sheet.close()
    return left


@stock_verb
def reverse_shipment(*, reference: str, actor: Actor, quantities: Mapping[int, int] | None = None) -> None:
    """Undo the reference's shipments that are not undone yet: the units are on hand and reserved for it again.

    With `quantities` (by product key) only so many units of these, from where units left last; what never left
    does not come back. Without, doing it twice changes nothing more.
    """
    out = _still_out(reference)
    items = StockItem.objects.filter(pk__in=out).values_list("product_id", flat=True)
    sheet = Sheet(find_products(items), actor=actor, reference=reference)
    sheet.load_reservations(reference)
    left = None if quantities is None else dict(quantities)
    items_by_key = {item.pk: item for product_id in sheet.products for item in sheet.items_of(product_id)}
    for item_id, gone in _still_out(reference).items():
        item = items_by_key.get(item_id)
        if item is None:
            continue
        units = gone if left is None else min(gone, left.get(item.product_id, 0))
        if units > 0:
            sheet.move(item, units, MovementKind.SHIPMENT_REVERSED)
            sheet.hold(reference, item, units)
        if left is not None:
            left[item.product_id] = left.get(item.product_id, 0) - units
    sheet.close()


@stock_verb
def restock(*, reference: str, quantities: Mapping[int, int], reason: str, actor: Actor) -> None:
    """Put returned units back on the shelf of the default warehouse, by product key; untracked products are ignored."""
    check_reference(reference)
    check_text(reason, field="reason")
    for quantity in quantities.values():
        check_quantity(quantity)
    products = {pk: product for pk, product in find_products(quantities).items() if product.is_tracked}
    open_items(products.values())
    sheet = Sheet(products, actor=actor, reference=reference, reason=reason)
    for product_id in products:
        sheet.move(sheet.item_in(product_id, None), quantities[product_id], MovementKind.RESTOCK)
    sheet.close(allocate=True)


def _ship(sheet: Sheet, reference: str, product_id: int, quantity: int) -> int:
    """Move out what the reference has, then what is free; with a full reservation the second part is nothing.

    Answers how many units left.
    """
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
    return quantity - left


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
    """Units per stock item that left under this reference and were not brought back by undoing, last left first."""
    kinds = (MovementKind.SHIPMENT, MovementKind.SHIPMENT_REVERSED)
    moved = StockMovement.objects.filter(reference=reference, kind__in=kinds).order_by()
    sums = moved.values_list("stock_item_id").annotate(moved=Sum("quantity"), last=Max("pk"))
    return {item_id: -total for item_id, total, _last in sums.order_by("-last") if total < 0}

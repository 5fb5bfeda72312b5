"""What people do to one product's stock: take in, adjust, write off, move, bring back, count. Always with a reason.

Each verb asks for the permission to change stock, writes the ledger beside the counters, and gives what became free
to those who wait, oldest first.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from inventory.errors import StockError
from inventory.models import MovementKind, Product, StockItem, Warehouse
from inventory.services.limits import LONGEST_REFERENCE, check_cost, check_text, is_key, stock_verb
from inventory.services.sheet import (
    LARGEST_QUANTITY,
    LARGEST_STOCK,
    Sheet,
    check_quantity,
    find_products,
    open_items,
)
from shops.actors import Actor
from shops.models import Shop
from shops.permissions import Action, require


@stock_verb
def receive(
    *,
    product_id: int,
    quantity: int,
    reason: str,
    actor: Actor,
    warehouse_id: int | None = None,
    unit_cost: Decimal | None = None,
    cost_currency: str = "",
    update_cost: bool = False,
    reference: str = "",
) -> None:
    """Take in new units, and give them to those who wait, oldest first; `reference` is the number of their document.

    `unit_cost` is what one unit cost, without VAT, in `cost_currency` (the shop's when empty); the movement keeps it.
    `update_cost` makes it the product's cost, too, for which the actor must be allowed to edit products.
    Raises `NotPermitted`, or `StockError` naming the field; then nothing is written.
    """
    check_quantity(quantity)
    product = _find_one(product_id, actor)
    if unit_cost is not None and not cost_currency:
        cost_currency = Shop.objects.values_list("currency", flat=True).get(pk=product.shop_id)
    unit_cost = check_cost(unit_cost, cost_currency)
    if update_cost and unit_cost is not None:
        require(actor, shop_id=product.shop_id, action=Action.EDIT_PRODUCT)
        # Before the stock rows are locked: a product's row always comes first.
        Product.objects.filter(pk=product.pk).update(cost=unit_cost, cost_currency=cost_currency)
    sheet, item = _open(product, reason, actor, warehouse_id, reference=reference)
    sheet.move(item, quantity, MovementKind.RECEIPT, unit_cost=unit_cost, cost_currency=cost_currency)
    sheet.close(allocate=True)


@stock_verb
def adjust(
    *,
    product_id: int,
    difference: int,
    reason: str,
    actor: Actor,
    warehouse_id: int | None = None,
) -> None:
    """Correct the units on hand by a difference, up or down, without having counted.

    Reserved units cannot be taken away: raises `StockError`, like for a difference of zero.
    """
    if isinstance(difference, bool) or not isinstance(difference, int) or not difference:
        raise _bad_difference(difference)
    if abs(difference) > LARGEST_QUANTITY:
        raise _bad_difference(difference)
    product = _find_one(product_id, actor)
    sheet, item = _open(product, reason, actor, warehouse_id)
    if -difference > item.available:
        raise _too_few(
            item,
            _(
                "Only %(available)s of %(product)s can be taken away: %(on_hand)s are here, %(reserved)s are reserved."
            ),
            field="difference",
        )
    sheet.move(item, difference, MovementKind.ADJUSTMENT)
    sheet.close(allocate=True)


@stock_verb
def write_off(
    *,
    product_id: int,
    quantity: int,
    reason: str,
    actor: Actor,
    warehouse_id: int | None = None,
    from_reserved: bool = False,
) -> None:
    """Take broken or lost units off the shelf: free ones, and with `from_reserved` then reserved ones, too.

    What was reserved waits again, the newest reservation first, and is served by another warehouse where that has
    free units. Raises `StockError` for more than may be taken.
    """
    check_quantity(quantity)
    sheet, item = _open(_find_one(product_id, actor), reason, actor, warehouse_id)
    if from_reserved and quantity > item.on_hand:
        raise _too_few(
            item,
            _("Only %(on_hand)s of %(product)s are here; more cannot be written off."),
            field="quantity",
        )
    if not from_reserved and quantity > item.available:
        raise _too_few(
            item,
            _(
                "Only %(available)s of %(product)s can be written off: %(on_hand)s are here, %(reserved)s are reserved."
            ),
            field="quantity",
        )
    sheet.shorten(item, quantity - item.available)
    sheet.move(item, -quantity, MovementKind.WRITE_OFF)
    sheet.close(allocate=from_reserved)


@stock_verb
def transfer(
    *,
    product_id: int,
    quantity: int,
    from_warehouse_id: int,
    to_warehouse_id: int,
    reason: str,
    actor: Actor,
) -> None:
    """Move free units from one warehouse of the shop to another: one movement out, one in.

    Raises `StockError` for more than is free there, or for one and the same warehouse.
    """
    check_quantity(quantity)
    product = _find_one(product_id, actor)
    source = _find_warehouse(from_warehouse_id, product, field="from_warehouse")
    target = _find_warehouse(to_warehouse_id, product, field="to_warehouse")
    if source.pk == target.pk:
        raise StockError(
            _("Choose two different warehouses to move goods between."),
            code="same_warehouse",
            field="to_warehouse",
        )
    check_text(reason, field="reason")
    for warehouse in (source, target):
        open_items([product], warehouse)
    sheet = Sheet({product.pk: product}, actor=actor, reason=reason)
    item = sheet.item_in(product.pk, source.pk)
    if quantity > item.available:
        raise _too_few(
            item,
            _(
                "Only %(available)s of %(product)s can be moved: %(on_hand)s are there, %(reserved)s are reserved."
            ),
            field="quantity",
        )
    sheet.move(item, -quantity, MovementKind.TRANSFER)
    sheet.move(sheet.item_in(product.pk, target.pk), quantity, MovementKind.TRANSFER)
    sheet.close()


@stock_verb
def return_to_stock(
    *,
    product_id: int,
    quantity: int,
    reason: str,
    actor: Actor,
    reference: str = "",
    warehouse_id: int | None = None,
) -> None:
    """Put units back on the shelf that came back from somebody, by hand; `reference` may name whose they were."""
    check_quantity(quantity)
    product = _find_one(product_id, actor)
    sheet, item = _open(product, reason, actor, warehouse_id, reference=reference)
    sheet.move(item, quantity, MovementKind.RESTOCK)
    sheet.close(allocate=True)


@stock_verb
def count(
    *,
    product_id: int,
    counted: int,
    reason: str,
    actor: Actor,
    warehouse_id: int | None = None,
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
    sheet, item = _open(_find_one(product_id, actor), reason, actor, warehouse_id)
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


def _find_one(product_id: int, actor: Actor) -> Product:
    """The product a person changes by hand, after asking whether they may."""
    product = find_products([product_id])[product_id]
    require(actor, shop_id=product.shop_id, action=Action.CHANGE_STOCK)
    if not product.is_tracked:
        raise StockError(
            _("The stock of %(product)s is not counted. Turn on “stock is counted” in the product first.")
            % {"product": product},
            code="untracked",
        )
    return product


def _find_warehouse(warehouse_id: int, product: Product, *, field: str = "warehouse") -> Warehouse:
    mine = Warehouse.objects.filter(shop_id=product.shop_id)
    warehouse = mine.filter(pk=warehouse_id).first() if is_key(warehouse_id) else None
    if warehouse is None:
        raise StockError(_("This shop has no such warehouse."), code="unknown_warehouse", field=field)
    return warehouse


def _open(
    product: Product,
    reason: str,
    actor: Actor,
    warehouse_id: int | None,
    *,
    reference: str = "",
) -> tuple[Sheet, StockItem]:
    check_text(reason, field="reason")
    check_text(reference, field="reference", longest=LONGEST_REFERENCE)
    warehouse = None if warehouse_id is None else _find_warehouse(warehouse_id, product)
    open_items([product], warehouse)
    sheet = Sheet({product.pk: product}, actor=actor, reason=reason, reference=reference)
    return sheet, sheet.item_in(product.pk, warehouse_id)


def _bad_difference(difference: object) -> StockError:
    return StockError(
        _(
            "A difference must be a whole number, up or down, from 1 to %(largest)s; this one is %(difference)s."
        )
        % {"largest": LARGEST_QUANTITY, "difference": str(difference)[:40]},
        code="bad_quantity",
        field="difference",
    )


def _too_few(item: StockItem, sentence: str, *, field: str) -> StockError:
    counters = {"available": item.available, "on_hand": item.on_hand, "reserved": item.reserved}
    return StockError(sentence % {"product": item.product, **counters}, code="reserved", field=field)

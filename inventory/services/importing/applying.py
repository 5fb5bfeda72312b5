"""Writing an approved plan: products, then stock, in one transaction, or nothing at all.

Everything is read and compared before the transaction, which only locks, looks whether what was shown still holds,
and writes. Rows are locked in the order of the house: products, then stock items, each by primary key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from inventory.models import (
    Category,
    MovementKind,
    Product,
    ProductFamily,
    Reservation,
    StockImport,
    StockItem,
)
from inventory.services.importing.plan import Change, Named, Plan
from inventory.services.sheet import Sheet
from shops.actors import Actor
from shops.locks import lock
from shops.models import Shop
from shops.search_text import fold

T = TypeVar("T")
AT_ONCE = 500
MOST_KINDS = 10


class PlanIsStale(Exception):
    """What was shown no longer holds; nothing was written."""


def write_plan(plan: Plan, job: StockImport, shop: Shop, actor: Actor) -> None:
    """Make every change of the plan. Must run in a transaction, which it expects to be rolled back when it raises.

    Raises `PlanIsStale` where a product was changed or made by somebody else meanwhile, or where so many units left
    that a difference no longer fits.
    """
    changes = sorted(plan.changes.values(), key=lambda change: change.row)
    names = _open_names(changes, shop)
    known = [change for change in changes if change.product_id is not None]
    products = _lock_products(known, shop)
    _write_known(known, products, names)
    made = _write_new([change for change in changes if change.product_id is None], shop, names)
    products |= made
    pks = {product.sku: pk for pk, product in made.items()}
    stock = {change.product_id or pks[change.sku]: change for change in changes if _touches_stock(change)}
    _write_stock(stock, products, job, shop, actor)


def in_parts(rows: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """The rows, so many at a time."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _touches_stock(change: Change) -> bool:
    is_new = change.product_id is None
    return is_new or change.safety_stock is not None or bool(change.difference) or _untracks(change)


def _untracks(change: Change) -> bool:
    return change.product_id is not None and change.fields.get("is_tracked") == (True, False)


def _open_names(changes: Sequence[Change], shop: Shop) -> dict[str, dict[str, int]]:
    """The keys of all categories and families the changes name, made where they are missing."""
    new = {
        field: [name for name in _named(changes, field) if name.pk is None]
        for field in ("category", "family")
    }
    Category.objects.bulk_create(
        [Category(shop_id=shop.pk, name=name.name) for name in new["category"]], ignore_conflicts=True
    )
    ProductFamily.objects.bulk_create(
        [ProductFamily(shop_id=shop.pk, name=name.name) for name in new["family"]], ignore_conflicts=True
    )
    categories = Category.objects.filter(shop_id=shop.pk).values_list("name", "pk")
    families = ProductFamily.objects.filter(shop_id=shop.pk).values_list("name", "pk")
    return {
        "category": {fold(name): pk for name, pk in categories},
        "family": {fold(name): pk for name, pk in families},
    }


def _named(changes: Sequence[Change], field: str) -> list[Named]:
    """The categories or families the changes name, each once."""
    found = {
        change.fields[field][1].key: change.fields[field][1] for change in changes if field in change.fields
    }
    return [found[key] for key in sorted(found)]


def _lock_products(known: Sequence[Change], shop: Shop) -> dict[int, Product]:
    """The products that change, locked; raises `PlanIsStale` unless they still are as they were shown."""
    products: dict[int, Product] = {}
    mine = Product.objects.filter(shop_id=shop.pk).select_related("category", "family")
    for part in in_parts(sorted(change.product_id or 0 for change in known)):
        products |= {product.pk: product for product in lock(mine, part)}
    for change in known:
        product = products.get(change.product_id or 0)
        if product is None or any(
            _shown_value(product, field, shop) != _plain(old) for field, (old, _new) in change.fields.items()
        ):
            raise PlanIsStale
    return products


def _shown_value(product: Product, field: str, shop: Shop) -> Any:
    value = getattr(product, field)
    if field.endswith("_currency"):
        return value or shop.currency
    return value.name if field in ("category", "family") and value is not None else value


def _plain(old: Any) -> Any:
    return old.name if isinstance(old, Named) else old


def _set(product: Product, change: Change, names: dict[str, dict[str, int]]) -> None:
    for field, (_old, new) in change.fields.items():
        if field in names:
            setattr(product, f"{field}_id", names[field][new.key])
        else:
            setattr(product, field, new)


def _write_known(
    known: Sequence[Change], products: dict[int, Product], names: dict[str, dict[str, int]]
) -> None:
    by_fields: dict[tuple[str, ...], list[Product]] = {}
    for change in known:
        if change.fields:
            product = products[change.product_id or 0]
            _set(product, change, names)
            by_fields.setdefault(tuple(sorted(change.fields)), []).append(product)
    if len(by_fields) > MOST_KINDS:
        every = tuple(sorted({field for fields in by_fields for field in fields}))
        by_fields = {every: [product for same in by_fields.values() for product in same]}
    for fields, same in by_fields.items():
        for part in in_parts(same):
            Product.objects.overwrite(list(part), fields)


def _write_new(new: Sequence[Change], shop: Shop, names: dict[str, dict[str, int]]) -> dict[int, Product]:
    made: dict[int, Product] = {}
    for part in in_parts(new):
        products = []
        for change in part:
            product = Product(shop_id=shop.pk, is_tracked=True)
            _set(product, change, names)
            products.append(product)
        try:
            with transaction.atomic():
                made |= {product.pk: product for product in Product.objects.bulk_create(products)}
        except IntegrityError as error:  # somebody made a product with one of these SKUs just now
            raise PlanIsStale from error
    return made


def _write_stock(
    stock: dict[int, Change], products: dict[int, Product], job: StockImport, shop: Shop, actor: Actor
) -> None:
    """Open the stock items, set their safety stock, and book the differences by sheets of the ledger."""
    _open_items(stock, products, job)
    pks: list[int] = []
    for part in in_parts(sorted(stock)):
        pks += StockItem.objects.filter(product__in=part).values_list("pk", flat=True)
    for part in in_parts(sorted(pks)):
        _set_safety_stock(lock(StockItem.objects.all(), part), stock, job.warehouse_id)
    _refuse_held([pk for pk, change in stock.items() if _untracks(change)])
    moving = sorted(pk for pk, change in stock.items() if change.difference)
    waiting = {pk for part in in_parts(moving) for pk in _waiting_for(part)}
    # What is waited for goes on one sheet: it tells the owners in one order, and two changes of stock that tell the
    # same owners must not wait for each other.
    sheets = [(sorted(waiting), True)] if waiting else []
    sheets += [(list(part), False) for part in in_parts([pk for pk in moving if pk not in waiting])]
    for mine, allocate in sheets:
        sheet = Sheet(
            {pk: products[pk] for pk in mine}, actor=actor, reference=job.reference, reason=job.name
        )
        for pk in mine:
            _book(sheet, pk, stock[pk], job.warehouse_id, shop)
        sheet.close(allocate=allocate)


def _refuse_held(product_ids: Sequence[int]) -> None:
    """Somebody holds or waits for what would no longer be counted, since the file was looked through."""
    for part in in_parts(product_ids):
        if Reservation.objects.filter(stock_item__product__in=part).exists():
            raise PlanIsStale


def _open_items(stock: dict[int, Change], products: dict[int, Product], job: StockImport) -> None:
    for part in in_parts(sorted(stock)):
        here = StockItem.objects.filter(product__in=part, warehouse_id=job.warehouse_id)
        missing = set(part) - set(here.values_list("product_id", flat=True))
        StockItem.objects.bulk_create(
            [
                StockItem(product_id=pk, warehouse_id=job.warehouse_id, safety_stock=_safety_of(stock[pk]))
                for pk in sorted(missing)
                if products[pk].is_tracked or stock[pk].safety_stock
            ],
            ignore_conflicts=True,
        )


def _safety_of(change: Change) -> int:
    return change.safety_stock[1] if change.safety_stock else 0


def _set_safety_stock(items: Sequence[StockItem], stock: dict[int, Change], warehouse_id: int) -> None:
    changed, now = [], timezone.now()
    for item in items:
        wanted = stock[item.product_id].safety_stock
        if item.warehouse_id == warehouse_id and wanted and wanted[1] != item.safety_stock:
            if item.safety_stock != wanted[0]:
                raise PlanIsStale
            item.safety_stock, item.changed_at = wanted[1], now
            changed.append(item)
    if changed:
        StockItem.objects.bulk_update(changed, ["safety_stock", "changed_at"])


def _waiting_for(product_ids: Sequence[int]) -> set[int]:
    """Which of these products somebody waits for."""
    waiting = Reservation.objects.filter(stock_item__product__in=product_ids, backordered__gt=0)
    return set(waiting.values_list("stock_item__product_id", flat=True))


def _book(sheet: Sheet, product_id: int, change: Change, warehouse_id: int, shop: Shop) -> None:
    """Move what the count differs by; what a new product brings along is a receipt at its cost."""
    item, product = sheet.item_in(product_id, warehouse_id), sheet.products[product_id]
    if item.on_hand + change.difference < item.reserved:
        raise PlanIsStale
    if change.product_id is None:
        currency = product.cost_currency or shop.currency
        sheet.move(
            item, change.difference, MovementKind.RECEIPT, unit_cost=product.cost, cost_currency=currency
        )
    else:
        sheet.move(item, change.difference, MovementKind.COUNT)

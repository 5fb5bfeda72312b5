"""The stock sheet: the locked rows of one call, changed in memory, written once.

Every stock verb opens a sheet for the products it touches. Opening locks all their stock items by primary key,
whatever the warehouse; writing saves counters, reservations and ledger lines together. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from inventory.errors import StockError
from inventory.events import BackorderAllocated, ReservationShorted, StockChanged, StockRanLow
from inventory.models import Product, Reservation, StockItem, StockMovement, Warehouse
from inventory.services.limits import is_key
from shops.actors import Actor, actor_columns
from shops.bus import publish
from shops.locks import lock
from shops.models import Shop

News = BackorderAllocated | ReservationShorted
LARGEST_QUANTITY = 1_000_000
LARGEST_STOCK = 1_000_000_000
# One UPDATE names each row once per column, and a database reads such a list from its beginning for every row.
ITEMS_AT_ONCE = 200


def check_quantity(quantity: int) -> None:
    """Raise `StockError` unless this is a whole number from 1 to a million."""
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 < quantity <= LARGEST_QUANTITY:
        raise StockError(
            _("A quantity must be a whole number from 1 to %(largest)s; this one is %(quantity)s.")
            % {"largest": LARGEST_QUANTITY, "quantity": str(quantity)[:40]},
            code="bad_quantity",
            field="quantity",
        )


def open_default_warehouse(shop_id: int) -> Warehouse:
    """The shop's default warehouse, created if it has none, named in the shop's language."""
    warehouse = Warehouse.objects.filter(shop_id=shop_id, is_default=True).first()
    if warehouse is not None:
        return warehouse
    language = Shop.objects.values_list("language", flat=True).get(pk=shop_id)
    with override(language):
        name = _("Main warehouse")
    return Warehouse.objects.get_or_create(shop_id=shop_id, is_default=True, defaults={"name": name})[0]


class Sheet:
    """The stock items of some products, locked until the transaction ends, with the changes made to them."""

    def __init__(
        self,
        products: Mapping[int, Product],
        *,
        actor: Actor,
        reference: str = "",
        reason: str = "",
    ) -> None:
        self.products = products
        self._stamp = {"reference": reference, "reason": reason[:200], **actor_columns(actor)}
        self._items = lock_items_of(products)
        self._was_available = {item.pk: item.available for items in self._items.values() for item in items}
        self._rows: dict[tuple[str, int], Reservation] = {}
        self._movements: list[StockMovement] = []
        self._changed: set[int] = set()
        # Also where only the units waited for changed: machines ask for what changed since, and read those, too.
        self._unsaved: set[int] = set()
        self._loaded: set[str] = set()
        self._news: list[News] = []

    def items_of(self, product_id: int) -> list[StockItem]:
        """The product's stock items, the default warehouse first."""
        return self._items.get(product_id, [])

    def item_in(self, product_id: int, warehouse_id: int | None) -> StockItem:
        """The product's stock item in one warehouse, or in the default one."""
        items = self.items_of(product_id)
        return next(item for item in items if warehouse_id in (None, item.warehouse_id))

    def free(self, product_id: int) -> int:
        """Units of the product nobody has reserved, in all warehouses."""
        return sum(item.available for item in self.items_of(product_id))

    def load_reservations(self, reference: str) -> None:
        """Read what the reference holds; must come before any change to it."""
        self._loaded.add(reference)
        for row in Reservation.objects.filter(reference=reference, stock_item__product_id__in=self.products):
            self._rows[reference, row.stock_item_id] = row

    def held(self, reference: str, product_id: int) -> tuple[int, int]:
        """The reference's (reserved, backordered) units of the product, changes included."""
        rows = self._rows_of(reference, product_id)
        return sum(row.reserved for row in rows), sum(row.backordered for row in rows)

    def reserve(self, reference: str, product_id: int, quantity: int) -> int:
        """Reserve up to `quantity` free units for the reference; answers how many."""
        left = quantity
        for item in self.items_of(product_id):
            taken = min(left, item.available)
            if taken > 0:
                self.hold(reference, item, taken)
                left -= taken
        return quantity - left

    def unreserve(self, reference: str, product_id: int, quantity: int) -> list[tuple[StockItem, int]]:
        """Free up to `quantity` of the reference's reserved units; answers from where."""
        freed, left = [], quantity
        for item in self.items_of(product_id):
            row = self._rows.get((reference, item.pk))
            given = min(left, row.reserved) if row else 0
            if given > 0:
                self.hold(reference, item, -given)
                freed.append((item, given))
                left -= given
        return freed

    def hold(self, reference: str, item: StockItem, quantity: int) -> None:
        """Reserve units of one stock item that are known to be free; a negative quantity frees them."""
        self._row(reference, item).reserved += quantity
        item.reserved += quantity
        self._mark(item)

    def wait(self, reference: str, product_id: int, quantity: int) -> None:
        """Let the reference wait for this many more units; nothing happens below one."""
        if quantity > 0:
            item = self.item_in(product_id, None)
            self._row(reference, item).backordered += quantity
            self._unsaved.add(item.pk)

    def stop_waiting(self, reference: str, product_id: int, quantity: int) -> None:
        """Let the reference wait for up to this many units less."""
        left = quantity
        for row in self._rows_of(reference, product_id):
            dropped = max(0, min(left, row.backordered))
            row.backordered -= dropped
            left -= dropped
            if dropped:
                self._unsaved.add(row.stock_item_id)

    def move(
        self,
        item: StockItem,
        quantity: int,
        kind: str,
        *,
        unit_cost: Decimal | None = None,
        cost_currency: str = "",
    ) -> None:
        """Change the units on hand and add the line to the ledger; never below what is reserved.

        `unit_cost` is what one unit cost, without VAT, in `cost_currency`.
        """
        item.on_hand += quantity
        if item.on_hand > LARGEST_STOCK:
            raise StockError(
                _("%(product)s: more than %(largest)s units cannot be kept in one place.")
                % {"product": item.product, "largest": LARGEST_STOCK},
                code="too_much",
            )
        self._mark(item)
        cost = {"unit_cost": unit_cost, "cost_currency": cost_currency if unit_cost is not None else ""}
        stamp = {**cost, **self._stamp}
        self._movements.append(StockMovement(stock_item=item, kind=kind, quantity=quantity, **stamp))

    def correct(self, item: StockItem, *, on_hand: int, reserved: int) -> None:
        """Set counters to what their rows add up to; no movement says so. Only for repairs."""
        item.on_hand, item.reserved = on_hand, reserved
        self._mark(item)

    def shorten(self, item: StockItem, quantity: int) -> None:
        """Let the newest reservations of one stock item wait for this many units again: they are not there.

        Nothing happens below one. Reservations must be as they are written; their owners are told when the sheet
        closes.
        """
        left = max(0, quantity)
        newest_first = item.reservations.filter(reserved__gt=0).order_by("-created_at", "-pk")
        for row in newest_first[:left]:
            if left <= 0:
                return
            row = self._rows.setdefault((row.reference, item.pk), row)
            taken = min(left, row.reserved)
            self.hold(row.reference, item, -taken)
            row.backordered += taken
            left -= taken
            self._news.append(
                ReservationShorted(
                    shop_id=item.product.shop_id,
                    reference=row.reference,
                    product_id=item.product_id,
                    quantity=taken,
                )
            )

    def allocate(self, *, leave_out: str = "") -> None:
        """Give free units to those who wait, oldest first; their owners are told when the sheet closes.

        The sheet must be written before.
        """
        awaited = self._awaited()
        for product_id, product in self.products.items():
            free = self.free(product_id)
            if free <= 0 or product_id not in awaited:
                continue
            for row in self._waiting(product_id, leave_out)[:free]:
                row = self._rows.setdefault((row.reference, row.stock_item_id), row)
                given = self.reserve(row.reference, product_id, row.backordered)
                row.backordered -= given
                if given:
                    self._news.append(
                        BackorderAllocated(
                            shop_id=product.shop_id,
                            reference=row.reference,
                            product_id=product_id,
                            quantity=given,
                        )
                    )

    def write(self) -> None:
        """Save every change made so far: counters, reservations, ledger."""
        items = [item for items in self._items.values() for item in items if item.pk in self._unsaved]
        self._unsaved.clear()
        if items:
            now = timezone.now()
            for item in items:
                _refuse_impossible(item)
                item.changed_at = now
            _save_counters(items)
        StockMovement.objects.bulk_create(self._movements)
        self._movements.clear()
        self._write_reservations()

    def announce(self) -> None:
        """Publish what happened to reservations, and `StockChanged` for every product whose counters changed.

        Everything is written by then, so whoever listens reads the stock as it is now.
        """
        news, self._news = self._news, []
        for event in _by_owner(news):
            publish(event)
        for product_id, product in self.products.items():
            items = self.items_of(product_id)
            if any(item.pk in self._changed for item in items):
                publish(
                    StockChanged(
                        shop_id=product.shop_id,
                        product_id=product_id,
                        sku=product.sku,
                        on_hand=sum(item.on_hand for item in items),
                        reserved=sum(item.reserved for item in items),
                    )
                )
                self._announce_low(product, items)

    def _announce_low(self, product: Product, items: list[StockItem]) -> None:
        for item in items:
            if item.available < item.safety_stock <= self._was_available[item.pk]:
                publish(
                    StockRanLow(
                        shop_id=product.shop_id,
                        product_id=product.pk,
                        sku=product.sku,
                        warehouse_id=item.warehouse_id,
                        available=item.available,
                        safety_stock=item.safety_stock,
                    )
                )

    def close(self, *, leave_out: str = "", allocate: bool = False) -> None:
        """Write, share out what became free if asked to, and announce."""
        self.write()
        if allocate:
            self.allocate(leave_out=leave_out)
            self.write()
        self.announce()

    def _mark(self, item: StockItem) -> None:
        self._changed.add(item.pk)
        self._unsaved.add(item.pk)

    def _row(self, reference: str, item: StockItem) -> Reservation:
        key = (reference, item.pk)
        if key not in self._rows:
            known = None
            if reference not in self._loaded:
                known = Reservation.objects.filter(reference=reference, stock_item=item).first()
            self._rows[key] = known or Reservation(reference=reference, stock_item=item)
        return self._rows[key]

    def _rows_of(self, reference: str, product_id: int) -> list[Reservation]:
        keys = [(reference, item.pk) for item in self.items_of(product_id)]
        return [self._rows[key] for key in keys if key in self._rows]

    def _awaited(self) -> set[int]:
        """The products of the sheet somebody waits for: one query, whatever the number of products."""
        waiting = Reservation.objects.filter(stock_item__product__in=self.products, backordered__gt=0)
        return set(waiting.values_list("stock_item__product_id", flat=True).distinct())

    def _waiting(self, product_id: int, leave_out: str) -> Any:
        waiting = Reservation.objects.filter(stock_item__in=self.items_of(product_id), backordered__gt=0)
        return waiting.exclude(reference=leave_out).order_by("created_at", "pk")

    def _write_reservations(self) -> None:
        kept = [row for row in self._rows.values() if row.reserved or row.backordered]
        emptied = [key for key, row in self._rows.items() if not (row.reserved or row.backordered)]
        new, known = [row for row in kept if row.pk is None], [row for row in kept if row.pk is not None]
        Reservation.objects.bulk_create(new)
        if known:
            Reservation.objects.bulk_update(known, ["reserved", "backordered"])
        gone = [row.pk for row in (self._rows.pop(key) for key in emptied) if row.pk is not None]
        if gone:
            Reservation.objects.filter(pk__in=gone).delete()


def _refuse_impossible(item: StockItem) -> None:
    if not 0 <= item.reserved <= item.on_hand:
        raise StockError(
            _(
                "%(product)s: %(reserved)s reserved of %(on_hand)s on hand is not possible. Nothing was changed."
            )
            % {"product": item.product, "reserved": item.reserved, "on_hand": item.on_hand},
            code="impossible",
        )


def _by_owner(news: list[News]) -> list[News]:
    """The news in the order of their owners, which two changes of stock at once then meet the same way round; of
    what one owner was given the last is marked."""
    told = sorted(news, key=lambda event: event.reference)
    last = {event.reference: at for at, event in enumerate(told) if isinstance(event, BackorderAllocated)}
    return [
        replace(event, is_last=last[event.reference] == at)
        if isinstance(event, BackorderAllocated)
        else event
        for at, event in enumerate(told)
    ]


def _save_counters(items: list[StockItem]) -> None:
    """Write the counters of locked rows. Many are written as an upsert: an UPDATE with a CASE for each row and column
    takes several times as long."""
    counters = ["on_hand", "reserved", "changed_at"]
    if len(items) > ITEMS_AT_ONCE:
        StockItem.objects.bulk_create(
            items, update_conflicts=True, unique_fields=["id"], update_fields=counters
        )
    else:
        StockItem.objects.bulk_update(items, counters)


def find_products(product_ids: Iterable[int], *, shop_id: int | None = None) -> dict[int, Product]:
    """The products by key; raises `StockError` when one is missing or belongs to another shop."""
    wanted = set(product_ids)
    products = Product.objects.in_bulk(key for key in wanted if is_key(key))
    if len(products) < len(wanted) or any(
        shop_id not in (None, product.shop_id) for product in products.values()
    ):
        raise StockError(
            _("One of these products does not exist in this shop."), code="unknown_product", field="product"
        )
    return products


def open_items(products: Collection[Product], warehouse: Warehouse | None = None) -> None:
    """Create the stock items that are missing, by ascending product key so that two calls never wait in a circle."""
    wanted = {product.pk: product for product in products}
    existing = StockItem.objects.filter(product__in=wanted)
    place = {"warehouse": warehouse} if warehouse else {"warehouse__is_default": True}
    missing = set(wanted) - set(existing.filter(**place).values_list("product_id", flat=True))
    for pk in sorted(missing):
        home = warehouse or open_default_warehouse(wanted[pk].shop_id)
        StockItem.objects.get_or_create(product_id=pk, warehouse=home)


def lock_items_of(products: Mapping[int, Product]) -> dict[int, list[StockItem]]:
    """Lock every stock item of the products by ascending key; answers them by product, the default warehouse first."""
    locked: dict[int, StockItem] = {}
    keys = StockItem.objects.filter(product__in=products).values_list("pk", flat=True)
    # While we waited for a lock, its holder may have opened another item and reserved there: look again until
    # nothing is new. Whoever opens one now has to wait for us.
    while missing := set(keys.all()) - locked.keys():
        locked |= {item.pk: item for item in lock(_with_names(), missing)}
    items: dict[int, list[StockItem]] = {}
    for pk in sorted(locked):
        items.setdefault(locked[pk].product_id, []).append(locked[pk])
    for found in items.values():
        found.sort(key=lambda item: (not item.warehouse.is_default, item.pk))
    return items


def _with_names() -> QuerySet[StockItem]:
    return StockItem.objects.select_related("product", "warehouse")

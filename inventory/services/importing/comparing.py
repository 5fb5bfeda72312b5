"""Comparing a file with a shop, row by row; nothing is written.

Differences of stock are taken from what was on hand when the file was looked through (the baseline), so that goods
that move before it is imported are neither lost nor counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import F, Sum

from inventory.models import Category, Product, ProductFamily, Reservation, StockImport, StockItem
from inventory.services.importing.plan import Change, Named, Plan
from inventory.services.sheet import LARGEST_STOCK
from inventory.stock_files.columns import BY_KEY
from inventory.stock_files.problems import BadValue, Problem, shown
from inventory.stock_files.reading import Row, find_headings, rows_of
from inventory.stock_files.values import is_empty
from shops.models import Shop
from shops.search_text import fold

AT_ONCE = 500
# The columns that are fields of the product, under the same name.
FIELDS = (
    *("sku", "barcode", "name", "variant", "category", "family", "unit", "price", "price_currency"),
    *(
        "cost",
        "cost_currency",
        "vat_rate",
        "weight_grams",
        "place",
        "supplier",
        "lead_time_days",
        "pack_size",
    ),
    *("is_active", "is_tracked", "allow_backorder", "preorder_from", "expected_on"),
)
Progress = Callable[[int], None]


@dataclass
class _Known:
    """What this shop has of the products named by some rows."""

    by_sku: dict[str, Product]
    by_barcode: dict[str, list[Product]]
    items: dict[int, StockItem]
    held: dict[int, int]


def make_plan(
    job: StockImport, shop: Shop, *, progress: Progress, baseline: Mapping[int, int] | None = None
) -> Plan:
    """Read the whole file and compare it with the shop as it is now; raises `StockError` for a file that is none.

    With a `baseline` the differences of stock are taken from it, else from what is on hand now. The cost is two
    queries for each five hundred rows.
    """
    content = bytes(job.content)
    plan = Plan(find_headings(content, job.options.get("mapping")))
    if not plan.headings.knows_products:
        return plan
    comparer = _Comparer(plan, shop, job.warehouse_id, baseline)
    rows = (row for row in rows_of(content) if row[0] > plan.headings.row)
    while batch := list(islice(rows, AT_ONCE)):
        comparer.compare([row for row in batch if not all(is_empty(cell) for cell in row[1])])
        progress(plan.rows)
    _keep_cells(plan, content)
    position = {text: number for number, text in enumerate(plan.headings.texts)}
    plan.problems.sort(key=lambda problem: (problem.row, position.get(problem.column, 0)))
    return plan


class _Comparer:
    """Compares rows with the shop, a few hundred at a time, and adds what it finds to the plan."""

    def __init__(self, plan: Plan, shop: Shop, warehouse_id: int, baseline: Mapping[int, int] | None) -> None:
        self.plan, self.shop, self.warehouse_id, self.baseline = plan, shop, warehouse_id, baseline
        self.columns = [
            (position, key, BY_KEY[key]) for position, key in enumerate(plan.headings.keys) if key
        ]
        self.names: dict[str, dict[str, Named]] = {
            name: {
                fold(text): Named(text, pk)
                for pk, text in model.objects.filter(shop_id=shop.pk).values_list("pk", "name")
            }
            for name, model in (("category", Category), ("family", ProductFamily))
        }
        self.bad: set[tuple[int, str]] = set()
        self.first_row: dict[int | str, int] = {}
        self.first_barcode: dict[str, int] = {}

    def compare(self, rows: list[Row]) -> None:
        """Read and compare these rows."""
        self.plan.rows += len(rows)
        drafts = [(number, cells, self._read(number, cells)) for number, cells in rows]
        known = self._load(values for _number, _cells, values in drafts)
        for number, cells, values in drafts:
            self._compare_one(number, values, known)
            if number in self.plan.bad_rows:
                self.plan.keep_cells(number, cells)

    def _read(self, number: int, cells: list[Any]) -> dict[str, Any]:
        """The values of a row by column; empty cells are absent, those that cannot be read become problems."""
        values: dict[str, Any] = {}
        if any(not is_empty(cell) for cell in cells[len(self.plan.headings.texts) :]):
            self._refuse(number, "", cells[len(self.plan.headings.texts)], "too_many_cells")
        for position, key, column in self.columns:
            cell = cells[position] if position < len(cells) else None
            if is_empty(cell):
                continue
            try:
                values[key] = column.read(cell)
            except BadValue as bad:
                self._refuse(number, key, cell, bad.code, **bad.details)
        if "shop" in values and fold(values["shop"]) not in (fold(self.shop.slug), fold(self.shop.name)):
            self._refuse(number, "shop", values["shop"], "other_shop")
        return values

    def _load(self, drafts: Iterable[Mapping[str, Any]]) -> _Known:
        drafts = list(drafts)
        mine = Product.objects.filter(shop_id=self.shop.pk).select_related("category", "family")
        skus = {values["sku"] for values in drafts if "sku" in values}
        codes = {values["barcode"] for values in drafts if "barcode" in values}
        by_sku = {product.sku: product for product in mine.filter(sku__in=skus).exclude(sku="")}
        by_barcode: dict[str, list[Product]] = {}
        for product in mine.filter(barcode__in=codes).exclude(barcode="") if codes else ():
            by_barcode.setdefault(product.barcode, []).append(product)
        pks = {product.pk for product in by_sku.values()}
        pks |= {product.pk for found in by_barcode.values() for product in found}
        stock = StockItem.objects.filter(product__in=pks)
        items = {item.product_id: item for item in stock.filter(warehouse_id=self.warehouse_id)}
        holds = Reservation.objects.filter(stock_item__product__in=pks).order_by()
        held = dict(
            holds.values_list("stock_item__product_id").annotate(units=Sum(F("reserved") + F("backordered")))
        )
        return _Known(by_sku, by_barcode, items, held)

    def _compare_one(self, number: int, values: dict[str, Any], known: _Known) -> None:
        product = self._find(number, values, known)
        key = product.pk if product else values.get("sku")
        if key is None or self._is_repeated(number, key, values):
            return
        if product is None and "name" not in values and number not in self.plan.bad_rows:
            self._refuse(number, "name", None, "no_name")
        change = Change(
            number,
            product.pk if product else None,
            product.sku if product else values["sku"],
            values.get("name") or (product.name if product else ""),
        )
        change.fields = dict(self._differences(values, product))
        self._check_barcode(number, change, known)
        self._compare_stock(number, change, values, product, known)
        if number not in self.plan.bad_rows and not change.is_empty:
            self.plan.changes[number] = change

    def _find(self, number: int, values: Mapping[str, Any], known: _Known) -> Product | None:
        """The product a row names: by its SKU, or without one by its barcode."""
        if "sku" in values:
            return known.by_sku.get(values["sku"])
        if self._is_bad(number, "sku"):
            return None
        if "barcode" not in values:
            if not self._is_bad(number, "barcode"):
                self._refuse(number, "sku", None, "no_sku")
            return None
        found = known.by_barcode.get(values["barcode"], [])
        if len(found) == 1:
            return found[0]
        self._refuse(
            number, "barcode", values["barcode"], "ambiguous_barcode" if found else "unknown_barcode"
        )
        return None

    def _is_repeated(self, number: int, key: int | str, values: Mapping[str, Any]) -> bool:
        """Whether an earlier row names the same product; then neither is imported."""
        first = self.first_row.setdefault(key, number)
        if first == number:
            return False
        name = "sku" if "sku" in values else "barcode"
        if not self._is_bad(first, name):
            self._refuse(first, name, values[name], "duplicate_sku", other=number)
            self.plan.changes.pop(first, None)
        self._refuse(number, name, values[name], "duplicate_sku", other=first)
        return True

    def _differences(
        self, values: Mapping[str, Any], product: Product | None
    ) -> Iterator[tuple[str, tuple[Any, Any]]]:
        for name in FIELDS:
            if name not in values:
                continue
            new, old = values[name], getattr(product, name) if product else None
            if name in self.names:
                new = self.names[name].setdefault(fold(new), Named(new))
                old = Named(old.name, old.pk) if old else None
                if product and old and new.key == old.key:
                    continue
            elif name.endswith("_currency") and product:
                old = old or self.shop.currency
            if product is None or new != old:
                yield name, (old, new)

    def _check_barcode(self, number: int, change: Change, known: _Known) -> None:
        """A barcode that comes new to a product must not be another's: a scanner could not tell them apart."""
        if "barcode" not in change.fields:
            return
        code = change.fields["barcode"][1]
        others = [owner for owner in known.by_barcode.get(code, ()) if owner.pk != change.product_id]
        if others:
            self._refuse(number, "barcode", code, "barcode_taken", sku=others[0].sku or others[0].name)
        first = self.first_barcode.setdefault(code, number)
        if first != number:
            self._refuse(number, "barcode", code, "duplicate_barcode", other=first)

    def _compare_stock(
        self,
        number: int,
        change: Change,
        values: Mapping[str, Any],
        product: Product | None,
        known: _Known,
    ) -> None:
        item = known.items.get(product.pk) if product else None
        is_counted = values.get("is_tracked", product.is_tracked if product else True)
        if product and "is_tracked" in change.fields and not is_counted and product.pk in known.held:
            self._refuse(
                number, "is_tracked", values["is_tracked"], "still_reserved", reserved=known.held[product.pk]
            )
        if "safety_stock" in values:
            old = item.safety_stock if item else 0
            change.safety_stock = (old, values["safety_stock"]) if old != values["safety_stock"] else None
        if "on_hand" not in values:
            return
        if not is_counted:
            self._refuse(number, "on_hand", values["on_hand"], "not_counted")
            return
        now = item.on_hand if item else 0
        change.base = now
        if product is not None:
            change.base = now if self.baseline is None else self.baseline.get(product.pk, now)
            self.plan.baseline[product.pk] = change.base
        change.counted = values["on_hand"]
        self._check_counted(number, change, now, item.reserved if item else 0)

    def _check_counted(self, number: int, change: Change, now: int, reserved: int) -> None:
        after = now + change.difference
        if after > LARGEST_STOCK:
            self._refuse(number, "on_hand", change.counted, "too_large", most=LARGEST_STOCK)
        if after < reserved:
            code = "below_reserved" if after >= 0 and now == change.base else "moved_meanwhile"
            self._refuse(number, "on_hand", change.counted, code, reserved=reserved)

    def _is_bad(self, number: int, key: str) -> bool:
        return (number, key) in self.bad

    def _refuse(self, number: int, key: str, value: Any, code: str, **details: Any) -> None:
        self.bad.add((number, key))
        self.plan.bad_rows.add(number)
        self.plan.problems.append(Problem(number, self._heading(key), shown(value), code, details))

    def _heading(self, key: str) -> str:
        """The column as the file itself calls it."""
        keys = self.plan.headings.keys
        return self.plan.headings.texts[keys.index(key)] if key in keys else ""


def _keep_cells(plan: Plan, content: bytes) -> None:
    """Read again what bad rows hold that were good until a later row repeated them."""
    missing = plan.bad_rows - plan.bad_cells.keys()
    if not missing or not plan.has_room:
        return
    for number, cells in rows_of(content):
        if number in missing:
            plan.keep_cells(number, cells)
            missing.discard(number)
        if not missing:
            return

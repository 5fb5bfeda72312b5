"""Importing products and stock: a dry run first, then everything that was shown, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from inventory import services
from inventory.models import (
    ImportState,
    MovementKind,
    Product,
    Reservation,
    StockImport,
    StockItem,
    StockMovement,
    Warehouse,
)
from inventory.selectors import stock_problems
from inventory.services.importing import approve_import, run_imports, upload_import
from shops.actors import Actor
from shops.models import Shop
from tests.factories import SYSTEM, make_product, make_shop

pytestmark = pytest.mark.django_db


def upload(shop: Shop, *lines: str, actor: Actor = SYSTEM, name: str = "stock.csv") -> StockImport:
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    content = "\n".join(lines).encode()
    return upload_import(warehouse_id=warehouse.pk, name=name, content=content, actor=actor)


def look_through(shop: Shop, *lines: str) -> StockImport:
    job = upload(shop, *lines)
    run_imports()
    job.refresh_from_db()
    assert job.state == ImportState.CHECKED, job.failure
    return job


def apply(job: StockImport, *, without_bad_rows: bool = False) -> StockImport:
    approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=without_bad_rows, actor=SYSTEM)
    run_imports()
    job.refresh_from_db()
    return job


def codes(job: StockImport) -> Sequence[tuple[int, str, str]]:
    return [(problem["row"], problem["column"], problem["code"]) for problem in job.problems]


def on_hand(product: Product) -> int:
    return StockItem.objects.get(product=product).on_hand


def test_a_dry_run_shows_what_would_change_and_writes_nothing() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG", name="Mug", price=Decimal("10.00"))

    job = look_through(shop, "SKU;Name;Price;On hand", "MUG;Mug;12,50;8", "BOWL;Bowl;7;3")

    assert job.summary["new"] == job.summary["changed"] == 1
    assert (job.summary["units_in"], job.summary["units_out"]) == (6, 0)
    changed = next(change for change in job.changes if not change["is_new"])
    assert changed["fields"] == [["price", "10.00", "12.50"]]
    assert changed["stock"] == [5, 8, 3]
    assert Product.objects.filter(shop=shop).count() == 1
    assert on_hand(mug) == 5


def test_it_imports_products_and_stock_through_the_ledger() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG", name="Mug", price=Decimal("10.00"))
    job = look_through(
        shop,
        "SKU;Barcode;Name;Category;Variant of;Price;Cost;Cost currency;Safety stock;Preorder from;Active;On hand",
        "MUG;594001;Mug;Kitchen;;12,50;;;4;;yes;8",
        "BOWL;594002;Bowl;Kitchen;Bowls;1 234,50;3.10;EUR;2;31.12.2026;no;3",
    )

    job = apply(job)

    assert job.state == ImportState.DONE
    mug.refresh_from_db()
    assert (mug.price, mug.barcode, mug.category and mug.category.name) == (
        Decimal("12.50"),
        "594001",
        "Kitchen",
    )
    bowl = Product.objects.get(shop=shop, sku="BOWL")
    assert (bowl.price, bowl.cost, bowl.cost_currency) == (Decimal("1234.50"), Decimal("3.10"), "EUR")
    assert (bowl.preorder_from, bowl.is_active, bowl.family and bowl.family.name) == (
        date(2026, 12, 31),
        False,
        "Bowls",
    )
    assert (on_hand(mug), on_hand(bowl)) == (8, 3)
    assert StockItem.objects.get(product=mug).safety_stock == 4
    moved = StockMovement.objects.filter(reference=f"import:{job.pk}").order_by("pk")
    assert [(row.kind, row.quantity, row.unit_cost) for row in moved] == [
        (MovementKind.COUNT, 3, None),
        (MovementKind.RECEIPT, 3, Decimal("3.10")),
    ]
    assert list(stock_problems()) == []
    assert list(Product.objects.filter(terms__term="bowl")) == [bowl]


def test_empty_cells_leave_things_as_they_are() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG", name="Mug", supplier="Ceramica")

    job = look_through(shop, "SKU,Name,Supplier,On hand", "MUG,,,", "")

    assert (job.summary["changed"], job.summary["unchanged"]) == (0, 1)
    assert on_hand(mug) == 5


def test_a_product_is_known_by_its_barcode_where_the_sku_is_missing() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG", barcode="594001")

    job = apply(look_through(shop, "Barcode;On hand", "594001;9"))

    assert job.state == ImportState.DONE
    assert on_hand(mug) == 9


def test_every_problem_is_named_by_row_column_and_value() -> None:
    shop = make_shop()
    taken = make_product(shop, stock=0, sku="TAKEN", barcode="594009")
    held = make_product(shop, stock=10, sku="HELD")
    services.reserve(
        reference="x:1", shop_id=shop.pk, wanted={held.pk: 6}, on_shortage="refuse", actor=SYSTEM
    )
    rows = [
        ("A1;A;;x;;", "Price", "not_a_number"),
        ("A2;A;;-1;;", "Price", "negative"),
        ("A3;A;;NaN;;", "Price", "not_a_number"),
        ("A4;A;;1,234;;", "Price", "ambiguous_number"),
        ("A5;A;;12.3456;;", "Price", "too_precise"),
        ("A6;A;;99999999999;;", "Price", "too_large"),
        ("A7;A;;1;LEI;", "Currency", "unknown_currency"),
        ("A8;A;;;;1.5", "On hand", "not_whole"),
        ("A9;A;;;;-3", "On hand", "negative"),
        ("A10;A;;;;5941234567890", "On hand", "too_large"),
        (";A;;;;1", "SKU", "no_sku"),
        ("A12;;;;;1", "Name", "no_name"),
        (f"A13;{'n' * 256};;;;", "Name", "too_long"),
        ("A14;A;594009;;;", "Barcode", "barcode_taken"),
        ("HELD;;;;;5", "On hand", "below_reserved"),
        ("A16;A;5,94E+12;;;", "Barcode", "scientific"),
        ("A17;A;;#REF!;;", "Price", "cell_error"),
        ("A18;A;;1;RON;1;surplus", "", "too_many_cells"),
    ]

    job = look_through(
        shop, "SKU;Name;Barcode;Price;Currency;On hand", *(row for row, _column, _code in rows)
    )

    assert codes(job) == [(number, column, code) for number, (_row, column, code) in enumerate(rows, start=2)]
    assert job.problems[0]["value"] == "x"
    assert job.summary["bad_rows"] == len(rows)
    assert job.summary["bad_cells"]["2"][:4] == ["A1", "A", "", "x"]
    assert set(Product.objects.filter(shop=shop)) == {taken, held}


def test_two_rows_with_the_same_sku_are_both_named() -> None:
    shop = make_shop()

    job = look_through(shop, "SKU;Name", "MUG;Mug", "BOWL;Bowl", "MUG;Cup")

    assert codes(job) == [(2, "SKU", "duplicate_sku"), (4, "SKU", "duplicate_sku")]
    assert [problem["details"]["other"] for problem in job.problems] == [4, 2]
    assert job.summary["bad_cells"] == {"2": ["MUG", "Mug"], "4": ["MUG", "Cup"]}
    assert [change["sku"] for change in job.changes] == ["BOWL"]


def test_with_a_bad_row_nothing_is_imported_unless_it_is_left_out_on_purpose() -> None:
    from inventory.errors import StockError

    shop = make_shop()
    job = look_through(shop, "SKU;Name;Price", "MUG;Mug;1", "BOWL;Bowl;x")

    with pytest.raises(StockError):
        approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=False, actor=SYSTEM)
    run_imports()

    assert not Product.objects.filter(shop=shop).exists()

    assert apply(job, without_bad_rows=True).state == ImportState.DONE
    assert [product.sku for product in Product.objects.filter(shop=shop)] == ["MUG"]


def test_goods_that_move_between_dry_run_and_import_are_kept() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG")
    job = look_through(shop, "SKU;On hand", "MUG;8")
    services.write_off(product_id=mug.pk, quantity=2, reason="broken", actor=SYSTEM)

    job = apply(job)

    assert job.state == ImportState.DONE
    assert on_hand(mug) == 6


def test_what_was_not_shown_is_not_imported() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG", name="Mug", supplier="Old")
    job = look_through(shop, "SKU;Supplier", "MUG;New")
    Product.objects.filter(pk=mug.pk).update(supplier="Typed by a colleague")

    job = apply(job)

    assert (job.state, job.options["notice"]) == (ImportState.CHECKED, "stale")
    assert job.changes[0]["fields"] == [["supplier", "Typed by a colleague", "New"]]
    mug.refresh_from_db()
    assert mug.supplier == "Typed by a colleague"

    assert apply(job).state == ImportState.DONE


def test_a_count_that_no_longer_fits_what_is_reserved_comes_back_for_a_decision() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=10, sku="MUG")
    job = look_through(shop, "SKU;On hand", "MUG;4")
    services.reserve(reference="x:1", shop_id=shop.pk, wanted={mug.pk: 9}, on_shortage="refuse", actor=SYSTEM)

    job = apply(job)

    assert job.state == ImportState.CHECKED
    assert codes(job) == [(2, "On hand", "below_reserved")]
    assert on_hand(mug) == 10


def test_what_comes_in_goes_to_those_who_wait() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=0, sku="MUG", allow_backorder=True)
    services.reserve(
        reference="x:1", shop_id=shop.pk, wanted={mug.pk: 2}, on_shortage="backorder", actor=SYSTEM
    )

    apply(look_through(shop, "SKU;On hand", "MUG;5"))

    held = Reservation.objects.get(reference="x:1")
    assert (held.reserved, held.backordered) == (2, 0)
    assert list(stock_problems()) == []


def test_approving_twice_imports_once() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG")
    job = look_through(shop, "SKU;On hand", "MUG;8")

    first = approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=False, actor=SYSTEM)
    second = approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=False, actor=SYSTEM)
    run_imports()
    run_imports()

    assert (first, second) == (True, False)
    assert on_hand(mug) == 8
    assert StockMovement.objects.filter(reference=f"import:{job.pk}").count() == 1


def test_it_never_touches_the_products_of_another_shop() -> None:
    shop, other = make_shop(), make_shop()
    theirs = make_product(other, stock=5, sku="MUG", name="Theirs")

    apply(look_through(shop, "SKU;Name;On hand", "MUG;Ours;8"))

    theirs.refresh_from_db()
    assert (theirs.name, on_hand(theirs)) == ("Theirs", 5)
    assert Product.objects.get(shop=shop).name == "Ours"

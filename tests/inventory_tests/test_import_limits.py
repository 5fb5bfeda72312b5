"""What an import must not do to others: hold the database for long, fill it, or leave an order waiting for ever."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from django.db import connection
from openpyxl import Workbook

from inventory import services
from inventory.models import ImportState, Product, Reservation, StockImport, Warehouse
from inventory.services.importing import (
    approve_import,
    choose_columns,
    comparing,
    run_imports,
    runs,
    upload_import,
)
from inventory.services.importing.plan import Plan
from shops.models import Shop
from tests.factories import SYSTEM, make_product, make_shop

pytestmark = pytest.mark.django_db


def look_through(shop: Shop, content: bytes) -> StockImport:
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    job = upload_import(warehouse_id=warehouse.pk, name="stock", content=content, actor=SYSTEM)
    run_imports()
    job.refresh_from_db()
    return job


def wait_for(product: Product) -> None:
    services.reserve(
        reference="order:1",
        shop_id=product.shop_id,
        wanted={product.pk: 3},
        on_shortage="backorder",
        actor=SYSTEM,
    )


def test_sqlite_refuses_a_file_whose_writing_would_lock_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_ON_SQLITE", 2)
    shop = make_shop(language="en")

    job = look_through(shop, b"SKU;Name\nA;a\nB;b\nC;c\n")

    if connection.vendor == "sqlite":
        assert (job.state, "at most 2" in job.failure) == (ImportState.FAILED, True)
    else:
        assert job.state == ImportState.CHECKED
    assert not Product.objects.filter(shop=shop).exists()


def test_a_product_somebody_waits_for_stays_counted() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=0, sku="MUG")
    wait_for(mug)

    job = look_through(shop, b"SKU;Counted\nMUG;no\n")

    assert [(problem["column"], problem["code"]) for problem in job.problems] == [
        ("Counted", "still_reserved")
    ]


def test_a_product_somebody_began_to_wait_for_comes_back_for_a_decision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = make_shop()
    mug = make_product(shop, stock=0, sku="MUG")
    job = look_through(shop, b"SKU;Counted\nMUG;no\n")
    approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=False, actor=SYSTEM)
    make_plan = comparing.make_plan

    def plan_then_wait(*arguments: object, **options: object) -> Plan:
        plan = make_plan(*arguments, **options)  # type: ignore[arg-type]
        if not Reservation.objects.exists():
            wait_for(mug)
        return plan

    monkeypatch.setattr(runs, "make_plan", plan_then_wait)

    run_imports()

    job.refresh_from_db()
    mug.refresh_from_db()
    assert (job.state, mug.is_tracked) == (ImportState.CHECKED, True)
    assert [problem["code"] for problem in job.problems] == ["still_reserved"]


def test_only_so_much_of_bad_rows_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.services.importing.plan.MOST_LETTERS", 500)
    rows = "".join(f";{'x' * 60}\n" for _number in range(100))

    job = look_through(make_shop(), f"SKU;Name\n{rows}".encode())

    assert job.summary["bad_rows"] == 100
    assert 0 < len(job.summary["bad_cells"]) < 20


def test_a_safety_stock_from_a_file_is_a_change_machines_hear_of() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG")
    before = mug.stock_items.get().changed_at
    job = look_through(shop, b"SKU;Safety stock\nMUG;4\n")

    approve_import(import_id=job.pk, digest=job.digest, without_bad_rows=False, actor=SYSTEM)
    run_imports()

    item = mug.stock_items.get()
    assert item.safety_stock == 4
    assert item.changed_at > before


def test_a_heading_may_hold_characters_no_database_keeps() -> None:
    content = "SKU;Na\0me\nA;a\n".encode("utf-16")

    job = look_through(make_shop(), content)

    assert job.state == ImportState.CHECKED
    assert "Na�me" in job.summary["headings"]


def test_a_workbook_may_lie_about_its_size() -> None:
    book, place = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["SKU", "Name"])
    book.active.append(["A", "a"])
    book.save(place)
    content = _with_dimension(place.getvalue(), "A1:B9999999999")

    job = look_through(make_shop(), content)

    assert (job.state, job.rows_total) == (ImportState.CHECKED, 1)


def test_a_column_is_chosen_by_a_position_that_can_be_one() -> None:
    job = look_through(make_shop(), b"first;second\nA;a\n")

    choose_columns(
        import_id=job.pk, mapping={"0": "sku", "1": "name", "\0": "unit", "x": "place"}, actor=SYSTEM
    )

    job.refresh_from_db()
    assert job.options["mapping"] == {"0": "sku", "1": "name"}


def _with_dimension(content: bytes, size: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                text = re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{size}"'.encode(), text)
            new.writestr(part.filename, text)
    return made.getvalue()

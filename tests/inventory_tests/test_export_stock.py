"""Files to take away: what the list shows, safe in a spreadsheet, and the same when they come back."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from inventory import services
from inventory.models import Category, Product, ProductFamily, StockItem, Warehouse
from inventory.services.importing import run_imports, upload_import
from shops.models import Shop
from shops.permissions import Role
from tests.factories import SYSTEM, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db


def signed_in(shop: Shop, role: str = Role.SUPERVISOR, **fields: Any) -> Client:
    client = Client()
    client.force_login(make_user(shop, role, **fields))
    return client


def body(client: Client, address: str) -> bytes:
    return b"".join(client.get(address))  # type: ignore[arg-type]


def rows(client: Client, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body(client, address).decode("utf-8-sig"))))


def make_catalogue(shop: Shop) -> None:
    make_product(
        shop,
        stock=7,
        sku="-MUG",
        barcode="0594001",
        name="=HYPERLINK(1)",
        variant="'+red",
        category=Category.objects.create(shop=shop, name="Kitchen"),
        family=ProductFamily.objects.create(shop=shop, name="@mugs"),
        price=Decimal("12.50"),
        cost=Decimal("3.10"),
        cost_currency="EUR",
        vat_rate=Decimal("21.00"),
        weight_grams=350,
        place="B-03",
        supplier="Ceramica „Sud”",
        lead_time_days=14,
        pack_size=6,
        allow_backorder=True,
        preorder_from=date(2026, 12, 1),
    )
    make_product(shop, stock=0, sku="OLD", is_active=False, is_tracked=False, price=None)
    StockItem.objects.filter(product__sku="-MUG").update(safety_stock=4)


@pytest.mark.parametrize("language", ["en", "ro", "pl", "uk"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_that_comes_back_changes_nothing(kind: str, language: str) -> None:
    shop = make_shop()
    make_catalogue(shop)
    client = signed_in(shop, language=language)

    content = body(client, f"/stock/export.{kind}?shop={shop.slug}&all=1")
    warehouse = Warehouse.objects.get(shop=shop)
    job = upload_import(warehouse_id=warehouse.pk, name="back", content=content, actor=SYSTEM)
    run_imports()

    job.refresh_from_db()
    assert (job.state, job.problems, job.changes) == ("checked", [], [])
    assert job.summary["unchanged"] == 2
    assert job.summary["warnings"] == []


def test_no_text_is_a_formula_for_a_spreadsheet() -> None:
    shop = make_shop()
    make_catalogue(shop)
    client = signed_in(shop)

    found = rows(client, "/stock/export.csv")[0]
    book = load_workbook(io.BytesIO(body(client, "/stock/export.xlsx")))

    assert (found["SKU"], found["Name"], found["Variant of"]) == ("'-MUG", "'=HYPERLINK(1)", "'@mugs")
    assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row} <= {"s", "n", "d"}


def test_it_is_narrowed_as_the_list_is() -> None:
    shop, other = make_shop(), make_shop()
    make_product(shop, sku="MUG", name="Mug")
    make_product(shop, sku="BOWL", name="Bowl")
    make_product(shop, sku="GONE", name="Gone", is_active=False)
    make_product(other, sku="THEIRS", name="Mug")
    client = signed_in(shop)

    assert [row["SKU"] for row in rows(client, "/stock/export.csv")] == ["MUG", "BOWL"]
    assert [row["SKU"] for row in rows(client, "/stock/export.csv?q=mug")] == ["MUG"]
    assert [row["SKU"] for row in rows(client, "/stock/export.csv?state=inactive")] == ["GONE"]
    assert client.get(f"/stock/export.csv?shop={other.slug}").status_code == 404


def test_it_reads_part_by_part_and_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from inventory.page_selectors import files

    monkeypatch.setattr(files, "AT_ONCE", 3)
    shop = make_shop()
    Product.objects.bulk_create([Product(shop=shop, sku=f"S{n}", name=f"N{n}") for n in range(10)])

    found = rows(signed_in(shop), "/stock/export.csv")

    assert [row["SKU"] for row in found] == [f"S{n}" for n in range(10)]


def test_the_ledger_is_exported_as_its_page_is_narrowed() -> None:
    shop = make_shop()
    mug = make_product(shop, stock=5, sku="MUG")
    services.write_off(product_id=mug.pk, quantity=2, reason="=broken", actor=SYSTEM)
    client = signed_in(shop)

    every = rows(client, "/stock/movements.csv")
    lost = rows(client, "/stock/movements.csv?kind=write_off")

    assert [row["Quantity"] for row in every] == ["-2", "5"]
    assert [(row["SKU"], row["Reason"]) for row in lost] == [("MUG", "'=broken")]


def test_the_template_is_understood_by_the_import() -> None:
    shop = make_shop()
    content = body(signed_in(shop, language="pl"), "/stock/imports/template.csv")

    job = upload_import(
        warehouse_id=Warehouse.objects.get(shop=shop).pk, name="t", content=content, actor=SYSTEM
    )
    run_imports()

    job.refresh_from_db()
    assert (job.problems, job.summary["new"], job.summary["warnings"]) == ([], 1, [])


def test_an_unknown_kind_of_file_does_not_exist() -> None:
    client = signed_in(make_shop())

    assert client.get("/stock/export.pdf").status_code == 404
    assert client.get("/stock/imports/template.exe").status_code == 404

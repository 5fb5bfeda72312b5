"""The pages of imports: who may use them, what they say, and that a click counts once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import ImportState, Product, StockImport, StockItem, StockMovement, Warehouse
from inventory.services.importing import run_imports, upload_import
from shops.models import Shop
from shops.permissions import Role
from tests.factories import SYSTEM, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db
GOOD = "SKU;Name;On hand\nMUG;Mug;3\n"
MIXED = "SKU;Name;Price\nMUG;Mug;1\nBOWL;Bowl;many\n"


def signed_in(shop: Shop, role: str = Role.SUPERVISOR) -> Client:
    client = Client()
    client.force_login(make_user(shop, role))
    return client


def uploaded(shop: Shop, text: str) -> StockImport:
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    return upload_import(warehouse_id=warehouse.pk, name="stock.csv", content=text.encode(), actor=SYSTEM)


def checked(shop: Shop, text: str) -> StockImport:
    job = uploaded(shop, text)
    run_imports()
    job.refresh_from_db()
    return job


def send(client: Client, shop: Shop, content: bytes, name: str = "stock.csv") -> Any:
    warehouse = Warehouse.objects.get(shop=shop, is_default=True)
    file = SimpleUploadedFile(name, content)
    return client.post("/stock/imports/", {"shop": shop.slug, "warehouse": warehouse.pk, "file": file})


def test_a_file_is_uploaded_looked_through_and_imported_by_clicks() -> None:
    shop = make_shop()
    client = signed_in(shop)

    address = send(client, shop, GOOD.encode())["Location"]
    waiting = client.get(address).content.decode()
    run_imports()
    review = client.get(address)
    digest = StockImport.objects.get().digest
    client.post(f"{address}approve/", {"digest": digest})
    client.post(f"{address}approve/", {"digest": digest})
    run_imports()

    assert 'hx-trigger="every 1s"' in waiting
    assert "Import all of it" in review.content.decode()
    assert 'hx-trigger="every 1s"' not in review.content.decode()
    assert StockImport.objects.get().state == ImportState.DONE
    assert StockItem.objects.get(product__sku="MUG").on_hand == 3
    assert StockMovement.objects.count() == 1


def test_the_page_names_every_bad_row_and_asks_before_leaving_it_out() -> None:
    shop = make_shop()
    client = signed_in(shop)
    job = checked(shop, MIXED)

    page = client.get(f"/stock/imports/{job.uuid}/").content.decode()
    refused = client.post(f"/stock/imports/{job.uuid}/approve/", {"digest": job.digest})
    job.refresh_from_db()

    assert "This is not a number" in page
    assert "many" in page
    assert "Import without the 1 bad row" in page
    assert refused.status_code == 422
    assert job.state == ImportState.CHECKED
    assert not Product.objects.exists()

    accepted = client.post(
        f"/stock/imports/{job.uuid}/approve/", {"digest": job.digest, "without_bad_rows": "yes"}
    )

    assert accepted.status_code == 303
    assert StockImport.objects.get().state == ImportState.APPROVED


def test_bad_rows_come_back_as_a_file_that_can_be_put_right() -> None:
    shop = make_shop()
    job = checked(shop, MIXED)

    answer = signed_in(shop).get(f"/stock/imports/{job.uuid}/problems.csv")

    lines = b"".join(answer).decode("utf-8-sig").splitlines()  # type: ignore[arg-type]
    assert lines[0] == "Row,What is wrong,SKU,Name,Price"
    assert lines[1].startswith("3,")
    assert lines[1].endswith("BOWL,Bowl,many")


def test_an_old_digest_is_not_approved() -> None:
    shop = make_shop()
    job = checked(shop, GOOD)

    answer = signed_in(shop).post(f"/stock/imports/{job.uuid}/approve/", {"digest": "0" * 64})

    assert answer.status_code == 422
    assert StockImport.objects.get().state == ImportState.CHECKED


def test_a_waiting_file_can_be_cancelled_and_is_forgotten() -> None:
    shop = make_shop()
    job = uploaded(shop, GOOD)

    signed_in(shop).post(f"/stock/imports/{job.uuid}/cancel/")
    run_imports()

    job.refresh_from_db()
    assert (job.state, bytes(job.content)) == (ImportState.CANCELLED, b"")
    assert not Product.objects.exists()


def test_what_was_imported_cannot_be_cancelled() -> None:
    shop = make_shop()
    job = checked(shop, GOOD)
    client = signed_in(shop)
    client.post(f"/stock/imports/{job.uuid}/approve/", {"digest": job.digest})
    run_imports()

    answer = client.post(f"/stock/imports/{job.uuid}/cancel/")

    assert answer.status_code == 422
    assert StockImport.objects.get().state == ImportState.DONE


def test_a_person_says_what_the_columns_are_where_no_heading_does() -> None:
    shop = make_shop()
    client = signed_in(shop)
    job = checked(shop, "Ref;What;Pieces\nMUG;Mug;3\n")

    page = client.get(f"/stock/imports/{job.uuid}/").content.decode()
    client.post(
        f"/stock/imports/{job.uuid}/columns/",
        {"column-0": "sku", "column-1": "name", "column-2": "on_hand"},
    )
    run_imports()

    job.refresh_from_db()
    assert "Say what the columns are" in page
    assert job.summary["new"] == 1
    assert job.changes[0]["stock"] == [0, 3, 3]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.WAREHOUSE])
def test_only_those_who_edit_products_and_stock_may_import(role: str) -> None:
    shop = make_shop()
    client = signed_in(shop, role)
    job = checked(shop, GOOD)

    statuses = [
        client.get("/stock/imports/").status_code,
        send(client, shop, GOOD.encode()).status_code,
        client.get(f"/stock/imports/{job.uuid}/").status_code,
        client.post(f"/stock/imports/{job.uuid}/approve/", {"digest": job.digest}).status_code,
    ]

    assert statuses == [403] * 4
    assert StockImport.objects.get().state == ImportState.CHECKED


def test_the_files_of_another_shop_do_not_exist() -> None:
    job = checked(make_shop(), GOOD)
    client = signed_in(make_shop(), Role.ADMIN)

    statuses = [
        client.get(f"/stock/imports/{job.uuid}/").status_code,
        client.get(f"/stock/imports/{job.uuid}/problems.csv").status_code,
        client.post(f"/stock/imports/{job.uuid}/approve/", {"digest": job.digest}).status_code,
    ]

    assert statuses == [404] * 3


def test_a_warehouse_of_another_shop_is_refused() -> None:
    shop, other = make_shop(), make_shop()
    theirs = Warehouse.objects.get(shop=other)

    answer = signed_in(shop).post(
        "/stock/imports/",
        {"shop": shop.slug, "warehouse": theirs.pk, "file": SimpleUploadedFile("a.csv", GOOD.encode())},
    )

    assert answer.status_code == 422
    assert not StockImport.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x01", "neither CSV nor XLSX"),
        (b"PK\x03\x04 not a workbook", "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old or a protected"),
        (b"   \n \n", "empty"),
    ],
)
def test_a_file_that_is_no_table_fails_with_a_sentence(content: bytes, says: str) -> None:
    shop = make_shop()
    client = signed_in(shop)

    address = send(client, shop, content)["Location"]
    run_imports()

    assert StockImport.objects.get().state == ImportState.FAILED
    assert says in client.get(address).content.decode()


def test_the_pages_cost_the_same_with_few_and_with_many_rows() -> None:
    shop = make_shop()
    client = signed_in(shop)
    small = checked(shop, GOOD)
    make_product(shop, sku="OLD", stock=4)
    many = "SKU;Name;Price\n" + "".join(f"S{n};Name {n};{'x' if n % 3 else n}\n" for n in range(300))
    costs = []
    for job in (small, checked(shop, many)):
        client.get(f"/stock/imports/{job.uuid}/")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(f"/stock/imports/{job.uuid}/")
        costs.append(len(seen))

    assert costs[0] == costs[1] < 20

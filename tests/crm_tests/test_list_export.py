"""The lists as files: what the list shows, as texts that stay texts, for who may take it, told to the log."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from crm.page_selectors import orders as order_selectors
from orders.models import Order
from shops.models import ClaimVisibility, Membership
from shops.permissions import Role
from tests.factories import ADDRESS, make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FORMULA = '=HYPERLINK("http://evil.example";"x")'


@pytest.fixture
def shop():
    return make_shop("RO", order_prefix="RO-")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop)
    client.force_login(user)
    return user


def text_of(response) -> str:
    return b"".join(response.streaming_content).decode()


def rows_of(response, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text_of(response).removeprefix("\ufeff")), delimiter=delimiter))


def test_a_csv_holds_what_the_list_shows(client, shop, manager):
    order = make_order(shop, status="shipped")
    make_order(shop)
    Order.objects.filter(pk=order.pk).update(placed_at=datetime(2026, 7, 1, 21, 30, tzinfo=UTC))

    response = client.get("/orders/file.csv?status=shipped&cols=placed,amount,parcel,contact")

    lines = rows_of(response)
    assert lines[0] == ["Number", "Placed", "Phone", "E-mail", "Amount", "Currency", "Courier", "AWB"]
    awb = order.shipments.get().tracking_number
    assert lines[1:] == [
        [
            order.number,
            "2026-07-02 00:30",
            "0722 334 455",
            "ana@example.com",
            "10.00",
            "RON",
            "FAN Courier",
            awb,
        ]
    ]
    assert f"orders-{shop.slug}-20" in response["Content-Disposition"]


def test_semicolons_part_what_comma_languages_read(client, shop, manager):
    order = make_order(shop)

    lines = rows_of(client.get("/orders/file.csv?cols=amount&sep=semicolon"), ";")

    assert lines[1] == [order.number, "10,00", "RON"]
    manager.language = "ro"
    manager.save()
    client.cookies["django_language"] = "ro"
    assert rows_of(client.get("/orders/file.csv?cols=amount"), ";")[1] == [order.number, "10,00", "RON"]


def test_formulas_and_control_characters_stay_texts(client, shop, manager):
    make_order(
        shop, shipping=replace(ADDRESS, name=FORMULA, phone="+40722334455"), customer_note="a\x0bb\n=1+1"
    )
    columns = "customer,contact,note,amount"

    lines = rows_of(client.get(f"/orders/file.csv?cols={columns}"))
    answer = client.get(f"/orders/file.xlsx?cols={columns}")
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    customers = rows_of(client.get("/customers/file.csv"))

    cells = book.active[2]
    assert lines[1][1] == cells[1].value == f"'{FORMULA}"
    assert lines[1][3] == cells[3].value == "'+40722334455"
    assert [cell.value for cell in cells[5:7]] == [10, "RON"]
    assert all(cell.data_type != "f" for cell in cells)
    assert cells[7].value == "a b\n=1+1"
    assert customers[1][0] == f"'{FORMULA}"


def test_it_is_read_in_parts_and_none_is_lost(client, shop, manager, monkeypatch):
    monkeypatch.setattr(order_selectors, "AT_ONCE", 3)
    other = make_shop("PL")
    Membership.objects.create(user=manager, shop=other, role=Role.MANAGER)
    made = [make_order([shop, other][n % 2]).number for n in range(8)]

    lines = rows_of(client.get("/orders/file.csv?cols=status"))

    assert [line[0] for line in lines[1:]] == made[::-1]


def test_only_what_may_be_seen_and_taken_is_taken(client, shop, manager):
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    mine, theirs, foreign = make_order(shop), make_order(shop), make_order(make_shop("PL"))
    stored = make_shop("PL")
    Membership.objects.create(user=manager, shop=stored, role=Role.WAREHOUSE)
    packed = make_order(stored, status="confirmed")
    Order.objects.filter(pk=theirs.pk).update(manager=make_user(shop))

    every = rows_of(client.get("/orders/file.csv"))
    ticked = [("order", order.pk) for order in (mine, theirs, foreign, packed)]
    chosen = rows_of(client.get("/orders/file.csv?" + "&".join(f"{name}={key}" for name, key in ticked)))

    assert [line[0] for line in every[1:]] == [mine.number]
    assert [line[0] for line in chosen[1:]] == [mine.number]


def test_the_warehouse_takes_nothing_away(client, shop):
    client.force_login(make_user(shop, Role.WAREHOUSE))
    order = make_order(shop, status="confirmed")

    answers = [
        client.get("/orders/file.csv"),
        client.get("/orders/file.xlsx"),
        client.get("/customers/file.csv"),
        client.post("/orders/chosen", {"order": order.pk, "do": "csv"}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert "file.csv" not in client.get("/orders/").content.decode()


def test_who_took_what_is_told_to_the_log(client, shop, manager):
    make_order(shop, status="shipped")

    with structlog.testing.capture_logs() as logs:
        text_of(client.get("/orders/file.csv?status=shipped"))

    first, last = (entry for entry in logs if entry["event"].startswith("list_export"))
    assert (first["person"], first["query"]) == (manager.username, "status=shipped")
    assert last["rows"] == 1


def test_ticked_rows_lead_to_their_file(client, shop, manager):
    order = make_order(shop)

    answer = client.post(
        "/orders/chosen", {"order": order.pk, "query": "status=new&cols=amount", "do": "xlsx"}
    )
    everything = client.post("/orders/chosen", {"all": "1", "query": "status=new", "do": "csv"})

    assert answer["Location"] == f"/orders/file.xlsx?status=new&cols=amount&order={order.pk}"
    assert everything["Location"] == "/orders/file.csv?status=new"
    assert client.get("/orders/file.pdf").status_code == 404


def test_customers_are_read_at_a_fixed_cost(client, shop, manager):
    make_order(shop)
    with CaptureQueriesContext(connection) as few:
        text_of(client.get("/customers/file.csv"))
    for n in range(4):
        make_order(
            shop, shipping=replace(ADDRESS, phone=f"07220000{n}", email=f"{n}@example.com", name=f"P{n}")
        )

    with CaptureQueriesContext(connection) as many:
        lines = rows_of(client.get("/customers/file.csv"))

    assert len(lines) == 6
    assert len(many) == len(few)

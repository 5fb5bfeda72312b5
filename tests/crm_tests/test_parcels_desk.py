"""The AWB desk as a person uses it: a list, the summary, the steps, the wrong rows as a file."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.views.parcels import desk
from orders.models import Order, OrderEvent, Shipment
from shops.models import Shop
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


def sign_in(shop: Shop, role: str = Role.WAREHOUSE) -> Client:
    client = Client()
    client.force_login(make_user(shop, role, language="en"))
    return client


def orders_of(shop: Shop, count: int) -> list[Order]:
    return [make_order(shop, status="confirmed") for _ in range(count)]


def listed(orders: list[Order], *more: str) -> str:
    rows = [f"{order.number};20001055{order.pk:05}" for order in orders]
    return "\n".join(["Order;AWB", *rows, *more])


def look(client: Client, text: str, **fields: Any) -> Any:
    return client.post("/parcels/", {"text": text, **fields})


def apply_all(client: Client, answer: Any) -> Any:
    """Press the button of the summary, then let the steps run as the page does."""
    answer = client.post("/parcels/apply/", answer.context["carry"])
    while answer.context["run"]["left"]:
        run = answer.context["run"]
        fields = {name: run[name] for name in ("kind", "carrier", "rows", "done", "same")}
        answer = client.post("/parcels/apply/", fields | {"bad": run["bad_json"]})
    return answer


def test_it_shows_first_then_applies_in_steps_and_names_bad_rows(monkeypatch) -> None:
    monkeypatch.setattr(desk, "ROWS_OF_A_STEP", 2)
    shop = make_shop()
    orders = orders_of(shop, 3)
    foreign = make_order(status="confirmed")
    client = sign_in(shop)

    answer = look(client, listed(orders, f"{foreign.number};2000105599999", "=HYPERLINK(1);7"))
    summary = answer.context["summary"]
    assert Shipment.objects.count() == 0
    done = apply_all(client, answer)

    assert (len(summary.good), len(summary.bad)) == (3, 2)
    assert [row.line for row in summary.bad] == [5, 6]
    assert done.context["run"]["done"] == 3
    assert f"No order “{foreign.number}” is known here." in done.content.decode()
    assert Shipment.objects.filter(state="prepared", carrier="fan").count() == 3

    file = client.post("/parcels/bad-rows/", {"bad": done.context["run"]["bad_json"]})
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3 and "'=HYPERLINK(1" in lines[2]


def test_the_same_list_again_changes_nothing() -> None:
    shop = make_shop()
    client = sign_in(shop)
    text = listed(orders_of(shop, 2))
    apply_all(client, look(client, text))
    events = OrderEvent.objects.count()

    again = look(client, text)

    assert (len(again.context["summary"].good), len(again.context["summary"].same)) == (0, 2)
    assert "nothing changes" in again.content.decode()
    assert OrderEvent.objects.count() == events


def test_an_uploaded_export_and_outcomes_do_the_same() -> None:
    shop = make_shop()
    order = make_order(shop, status="shipped")
    number = order.shipments.get().tracking_number
    client = sign_in(shop)
    export = f"Nr. AWB;Stare\n{number};Refuzată\n".encode("cp1250")

    answer = client.post("/parcels/", {"file": SimpleUploadedFile("export.csv", export)})
    done = apply_all(client, answer)

    assert "Windows-1250" in answer.content.decode()
    assert done.context["run"]["done"] == 1
    assert Order.objects.get(pk=order.pk).status == "returned"


@pytest.mark.parametrize("text", ["", "a;b\n" * 5_001])
def test_it_says_what_is_wrong_with_a_list_that_is_none(text) -> None:
    answer = look(sign_in(make_shop()), text)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


@pytest.mark.parametrize(
    "rows", ["", "{}", "[[1]]", '[["x","a","b"]]', '[[1,"a",2]]', '[[1,"\\ud800","a"]]', "[" * 5000]
)
def test_damaged_rows_write_nothing(rows) -> None:
    shop = make_shop()
    order = make_order(shop, status="confirmed")
    fields = {"kind": "awbs", "rows": rows, "bad": "[]", "done": "0", "same": "0"}

    answer = sign_in(shop).post("/parcels/apply/", fields)

    assert answer.status_code == (200 if not rows else 422)
    assert not order.shipments.exists()

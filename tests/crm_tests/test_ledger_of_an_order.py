"""The stock ledger, asked for an order's number: it knows no orders, and finds their movements all the same."""

import pytest

from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


def test_it_finds_what_was_shipped_for_an_order(client):
    shop = make_shop()
    order, other = make_order(shop, status="shipped"), make_order(shop, status="shipped")
    client.force_login(make_user(shop, "warehouse"))

    page = client.get("/stock/movements/", {"reference": order.number.lower()}).content.decode()

    assert f'href="/orders/{order.number}/"' in page
    assert other.number not in page


def test_it_finds_no_order_of_another_shop(client):
    order = make_order(status="shipped")
    client.force_login(make_user(make_shop(), "warehouse"))

    page = client.get("/stock/movements/", {"reference": order.number}).content.decode()

    assert "No movement matches." in page

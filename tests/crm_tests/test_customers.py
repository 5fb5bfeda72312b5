"""Customers: the list, one customer's page, and the shop's note about them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import Suppression
from orders.models import Customer, Order
from shops.models import ClaimVisibility, Membership
from shops.permissions import Role
from tests.factories import ADDRESS, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop():
    return make_shop("RO")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop)
    client.force_login(user)
    return user


def somebody(n: int):
    return replace(ADDRESS, name=f"Person {n}", phone=f"07{n:08}", email=f"person{n}@example.com")


def names(response) -> list[str]:
    return [row.customer.name for row in response.context["rows"]]


def test_it_lists_how_customers_are_reached_and_what_they_ordered(client, shop, manager):
    make_order(shop)
    make_order(shop)

    response = client.get("/customers/")

    page = response.content.decode()
    for text in ("Ana-Maria Țăranu", "0722 334 455", "ana@example.com", "Cluj-Napoca"):
        assert text in page
    assert [row.order_count for row in response.context["rows"]] == [2]


def test_it_searches_by_name_and_phone(client, shop, manager):
    make_order(shop)
    make_order(shop, shipping=somebody(1))

    assert names(client.get("/customers/?q=TARANU")) == ["Ana-Maria Țăranu"]
    assert names(client.get("/customers/", {"q": "+40 722 334 455"})) == ["Ana-Maria Țăranu"]
    assert "No customer matches." in client.get("/customers/?q=nobody").content.decode()


def test_it_pages_by_key_at_a_fixed_cost(client, shop, manager):
    product = make_product(shop, stock=1000)
    for n in range(10):
        make_order(shop, lines=(make_line(product),), shipping=somebody(n))
    client.get("/customers/")
    with CaptureQueriesContext(connection) as few:
        client.get("/customers/")
    for n in range(10, 60):
        make_order(shop, lines=(make_line(product),), shipping=somebody(n))

    with CaptureQueriesContext(connection) as many:
        first = client.get("/customers/")
    second = client.get(f"/customers/?after={first.context['after']}")

    assert len(many) == len(few) <= 15
    assert names(first) + names(second) == [f"Person {n}" for n in reversed(range(60))]


def test_it_shows_one_customer_with_totals_by_currency(client, shop, manager):
    product = make_product(shop)
    lines = (make_line(product, 2),)
    first = make_order(shop, lines=lines)
    make_order(shop, lines=lines)
    make_order(shop, lines=lines, currency="EUR")
    make_order(shop, lines=lines, status="cancelled")

    response = client.get(f"/customers/{first.customer_id}/")

    totals = [(total.currency, total.order_count, total.amount) for total in response.context["totals"]]
    assert totals == [("EUR", 1, Decimal("20.00")), ("RON", 2, Decimal("40.00"))]
    page = response.content.decode()
    assert page.count('class="cell-number"') == 4
    assert "Strada Morii 7" in page


def test_it_leaves_out_orders_the_person_may_not_see(client, shop, manager):
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    order, hidden = make_order(shop), make_order(shop)
    Order.objects.filter(pk=hidden.pk).update(manager=make_user(shop))

    page = client.get(f"/customers/{order.customer_id}/").content.decode()

    assert order.number in page
    assert hidden.number not in page


def test_it_saves_the_note(client, shop, manager):
    customer = make_order(shop).customer

    response = client.post(f"/customers/{customer.pk}/note/", {"note": "Prefers the evening."})

    assert (response.status_code, response["Location"]) == (303, f"/customers/{customer.pk}/")
    assert "Prefers the evening." in client.get(f"/customers/{customer.pk}/").content.decode()


def test_it_refuses_a_note_that_is_too_long(client, shop, manager):
    customer = make_order(shop).customer

    response = client.post(f"/customers/{customer.pk}/note/", {"note": "x" * 5001})

    assert response.status_code == 422
    assert Customer.objects.get(pk=customer.pk).note == ""


def test_it_shows_nothing_of_another_shop(client, shop, manager):
    foreign = make_order(make_shop("PL")).customer

    assert names(client.get("/customers/")) == []
    assert client.get(f"/customers/{foreign.pk}/").status_code == 404
    assert client.post(f"/customers/{foreign.pk}/note/", {"note": "x"}).status_code == 404
    assert Customer.objects.get(pk=foreign.pk).note == ""


def test_it_shows_customers_only_of_shops_where_the_role_includes_them(client, shop):
    other = make_shop("PL")
    user = make_user(shop, Role.WAREHOUSE)
    customer = make_order(shop).customer
    client.force_login(user)

    assert client.get("/customers/").status_code == 403
    assert client.get(f"/customers/{customer.pk}/").status_code == 404

    Membership.objects.create(user=user, shop=other, role=Role.MANAGER)
    assert client.get("/customers/").status_code == 200
    assert client.get(f"/customers/{customer.pk}/").status_code == 404


def closed(shop, address="ana@example.com", channel="email", **columns):
    return Suppression.objects.create(
        shop=shop, channel=channel, address=address, actor_kind="system",
        **{"reason": "bounce", "words": "550 5.1.1 <b>No such user</b>", **columns},
    )  # fmt: skip


def test_it_says_which_addresses_are_not_written_to_and_why(client, shop, manager):
    customer_id = make_order(shop).customer_id
    closed(shop)
    closed(shop, "+40722334455", "sms", reason="stop", words="STOP")
    closed(make_shop(), "ana@example.com", words="of another shop")

    page = client.get(f"/customers/{customer_id}/").content.decode()

    assert page.count('class="closed-address"') == 2
    assert "The address does not exist" in page
    assert "550 5.1.1 &lt;b&gt;No such user&lt;/b&gt;" in page
    assert "The customer asked us to stop" in page
    assert "of another shop" not in page


def test_a_manager_lets_an_address_be_written_to_again_and_is_named(client, shop, manager):
    customer_id = make_order(shop).customer_id
    row = closed(shop)

    client.post(f"/customers/{customer_id}/write-again/{row.pk}/")
    again = client.post(f"/customers/{customer_id}/write-again/{row.pk}/")

    row.refresh_from_db()
    assert row.lifted_at is not None
    assert row.lifted_by == manager.username
    assert again.status_code == 303
    assert "closed-address" not in client.get(f"/customers/{customer_id}/").content.decode()


def test_an_address_of_somebody_else_stays_closed(client, shop, manager):
    customer_id = make_order(shop).customer_id
    rows = [closed(shop, "somebody@example.com"), closed(make_shop(), "ana@example.com")]

    for row in rows:
        client.post(f"/customers/{customer_id}/write-again/{row.pk}/")

    assert Suppression.objects.filter(lifted_at=None).count() == 2


def test_the_page_costs_the_same_with_many_addresses(client, shop, manager):
    order = make_order(shop)
    path = f"/customers/{order.customer_id}/"
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for n in range(8):
        value = f"ana{n}@example.com"
        order.customer.contacts.create(kind="email", value=value, normalised=value)
        closed(shop, value)

    with CaptureQueriesContext(connection) as many:
        client.get(path)

    assert len(many) == len(few)

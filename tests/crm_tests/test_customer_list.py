"""The customer list: filters, figures by currency for what the person may see, tags and personal managers for many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import CustomerTag, Tag
from notifications.models import Suppression
from orders.models import Customer, Order
from shops.models import ClaimVisibility
from shops.permissions import Role
from tests.factories import ADDRESS, make_order, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop():
    return make_shop("RO")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop)
    client.force_login(user)
    return user


def somebody(name: str):
    n = sum(name.encode())
    return replace(ADDRESS, name=name, phone=f"0722{n:06}", email=f"{name.lower()}@example.com")


def names(response) -> set[str]:
    return {row.customer.name for row in response.context["rows"]}


def test_each_filter_narrows_to_its_customers(client, shop, manager):
    bought = make_order(shop, shipping=somebody("Ana"))
    make_order(shop, shipping=somebody("Ana"))
    refused = make_order(shop, shipping=somebody("Radu"), status="returned")
    closed = make_order(shop, shipping=somebody("Ioana"))
    Order.objects.filter(pk=refused.pk).update(placed_at=datetime(2026, 1, 10, 22, 30, tzinfo=UTC))
    Customer.objects.filter(pk=closed.customer_id).update(manager=manager)
    tag = Tag.objects.create(shop=shop, name="VIP")
    CustomerTag.objects.create(customer=bought.customer, tag=tag)
    Suppression.objects.create(
        shop=shop, channel="email", address="ioana@example.com", reason="bounce", actor_kind="system"
    )

    found = {
        query: names(client.get(f"/customers/?{query}"))
        for query in (
            *("tag=VIP", "manager=mine", "manager=none", "least=2", "most=1", "refused=1", "closed=1"),
            *("from=2026-01-11&to=2026-01-11", "to=2026-01-10", "from=2026-01-12"),
        )
    }

    assert found == {
        "tag=VIP": {"Ana"},
        "manager=mine": {"Ioana"},
        "manager=none": {"Ana", "Radu"},
        "least=2": {"Ana"},
        "most=1": {"Radu", "Ioana"},
        "refused=1": {"Radu"},
        "closed=1": {"Ioana"},
        # Half past midnight in Bucharest.
        "from=2026-01-11&to=2026-01-11": {"Radu"},
        "to=2026-01-10": set(),
        "from=2026-01-12": {"Ana", "Ioana"},
    }


def test_wrong_values_are_named(client, shop, manager):
    make_order(shop)
    wrong = {"manager": "x", "least": "many", "most": "-1", "from": "x", "to": "2026-99-99", "refused": "no"}

    response = client.get("/customers/", wrong)

    assert len(response.context["rows"]) == 1
    assert len(response.context["wanted"].problems) == len(wrong)


def test_figures_are_of_orders_the_person_sees(client, shop, manager):
    make_order(shop)
    make_order(shop, currency="EUR")
    make_order(shop, status="cancelled")
    hidden = make_order(shop)
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    Order.objects.filter(pk=hidden.pk).update(manager=make_user(shop))

    row = client.get("/customers/").context["rows"][0]

    assert row.order_count == 3
    assert [(spent.currency, spent.amount) for spent in row.spent] == [
        ("EUR", Decimal("10.00")),
        ("RON", Decimal("10.00")),
    ]


def test_refused_parcels_are_counted_and_cost_no_more_for_many(client, shop, manager):
    make_order(shop, shipping=somebody("Radu"), status="returned")
    client.get("/customers/?refused=1")
    with CaptureQueriesContext(connection) as few:
        client.get("/customers/?refused=1")
    for name in ("Radu", "Ana", "Ioana", "Dan"):
        make_order(shop, shipping=somebody(name), status="returned")

    with CaptureQueriesContext(connection) as many:
        response = client.get("/customers/?refused=1")

    assert len(many) == len(few) <= 23
    assert {row.customer.name: row.refused for row in response.context["rows"]}["Radu"] == 2


def test_many_are_tagged_and_given_a_personal_manager(client, shop, manager):
    first, second = (make_order(shop, shipping=somebody(name)).customer for name in ("Ana", "Radu"))
    ticked = {"customer": [first.pk, second.pk]}

    client.post("/customers/chosen", {"customer": first.pk, "do": "tag", "name": "VIP"})
    tagged = client.post("/customers/chosen", {**ticked, "do": "tag", "name": "VIP"})
    page = client.get(tagged["Location"]).content.decode()
    again = client.post("/customers/chosen", {**ticked, "do": "tag", "name": "VIP"})
    page_again = client.get(again["Location"]).content.decode()
    answer = client.post("/customers/chosen", {**ticked, "do": "manager", "person": manager.pk})

    assert "1 customer is tagged." in page
    assert "There was nothing to change." in page_again
    assert CustomerTag.objects.filter(tag__name="VIP").count() == 2
    assert Customer.objects.filter(manager=manager).count() == 2
    assert (
        "The personal manager of 2 customers is changed." in client.get(answer["Location"]).content.decode()
    )


def test_customers_of_other_shops_stay_as_they_are(client, shop, manager):
    foreign = make_order(make_shop("PL")).customer

    client.post("/customers/chosen", {"customer": foreign.pk, "do": "tag", "name": "VIP"})
    client.force_login(make_user(shop, Role.WAREHOUSE))
    warehouse = client.post("/customers/chosen", {"customer": foreign.pk, "do": "tag", "name": "VIP"})

    assert warehouse.status_code == 403
    assert not CustomerTag.objects.exists()

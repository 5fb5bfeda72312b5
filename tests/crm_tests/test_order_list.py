"""The order list: who sees what, narrowed by words, shop and status, page by page at a fixed cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.page_selectors.order_filters import read_order_filter
from orders.models import Order
from shops.models import ClaimVisibility, Membership
from shops.permissions import Role
from tests.factories import ADDRESS, PAID, make_line, make_order, make_product, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def shop():
    return make_shop("RO", order_prefix="RO-")


@pytest.fixture
def manager(client, shop):
    user = make_user(shop)
    client.force_login(user)
    return user


def numbers(response) -> list[str]:
    return [row.order.number for row in response.context["page"].rows]


def many_orders(shop, count: int) -> None:
    product = make_product(shop, stock=1000)
    now = timezone.now()
    for n in range(count):
        order = make_order(shop, lines=(make_line(product),))
        Order.objects.filter(pk=order.pk).update(placed_at=now - timedelta(hours=n // 3))


def test_it_shows_what_a_row_promises(client, shop, manager):
    order = make_order(shop, status="shipped")
    Order.objects.filter(pk=order.pk).update(manager=manager)

    page = client.get("/orders/").content.decode()

    parcel = order.shipments.get()
    for text in (
        order.number,
        "Shipped",
        "Ana-Maria Țăranu",
        "Cluj-Napoca",
        "RON",
        "10.00",
        "COD",
        "FAN Courier",
    ):
        assert text in page
    assert f'href="{parcel.tracking_url}"' in page
    assert f'title="{manager.username}"' in page


def test_it_costs_the_same_with_ten_and_forty_orders(client, shop, manager):
    many_orders(shop, 10)
    client.get("/orders/")
    with CaptureQueriesContext(connection) as few:
        client.get("/orders/")
    many_orders(shop, 30)

    with CaptureQueriesContext(connection) as many:
        response = client.get("/orders/")

    assert len(numbers(response)) == 40
    assert len(many) == len(few) <= 17


def test_it_pages_by_key_without_losing_or_repeating_a_row(client, shop, manager):
    many_orders(shop, 60)
    expected = list(Order.objects.order_by("-placed_at", "-pk").values_list("number", flat=True))

    first = client.get("/orders/")
    second = client.get(f"/orders/?after={first.context['page'].after}")

    assert numbers(first) + numbers(second) == expected
    assert second.context["page"].after == ""
    assert "Newest" in second.content.decode()


def test_it_keeps_its_place_while_orders_arrive(client, shop, manager):
    many_orders(shop, 52)
    first = client.get("/orders/")
    make_order(shop)

    second = client.get(f"/orders/?after={first.context['page'].after}")

    assert len(numbers(second)) == 2
    assert not set(numbers(first)) & set(numbers(second))


# The last two are moments whose hour in UTC is not in the calendar: 0001-01-01T00:00+14:00, 9999-12-31T23:59-14:00.
@pytest.mark.parametrize(
    "after",
    [
        "x",
        "%00",
        "MjAyNi0wMS0wMXwx",
        "MjAyNi0xMS0yMVQwMDowMDowMHwx",
        "a" * 500,
        "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwx",
        "OTk5OS0xMi0zMVQyMzo1OTowMC0xNDowMHwx",
    ],
)
def test_it_starts_over_with_a_cursor_it_cannot_read(client, shop, manager, after):
    order = make_order(shop)

    response = client.get("/orders/", {"after": after})

    assert response.status_code == 200
    assert numbers(response) == [order.number]


def test_it_narrows_by_status_shop_and_words_together(client, shop, manager):
    other = make_shop("PL")
    Membership.objects.create(user=manager, shop=other, role=Role.MANAGER)
    wanted = make_order(shop, status="confirmed", shipping=replace(ADDRESS, name="Ștefan Ionescu"))
    make_order(shop, shipping=replace(ADDRESS, name="Ștefan Ionescu", email="x@example.com", phone=""))
    make_order(
        shop,
        status="confirmed",
        shipping=replace(ADDRESS, name="Radu Pop", email="y@example.com", phone="0733111222"),
    )
    make_order(other, status="confirmed", shipping=replace(ADDRESS, name="Ștefan Ionescu"))

    response = client.get("/orders/", {"q": "STEFAN ion", "status": "confirmed", "shop": shop.slug})

    assert numbers(response) == [wanted.number]
    assert f"q=STEFAN+ion&amp;shop={shop.slug}&amp;status=new" in response.content.decode()


def test_it_ignores_an_unknown_status_and_finds_nothing_in_an_unknown_shop(client, shop, manager):
    order = make_order(shop)

    assert numbers(client.get("/orders/?status=flying")) == [order.number]
    assert numbers(client.get("/orders/?shop=nowhere")) == []


def test_it_stays_a_list_when_one_whole_number_is_scanned(client, shop, manager):
    order = make_order(shop)
    make_order(shop)

    response = client.get("/orders/", {"q": order.number})

    assert response.status_code == 200
    assert numbers(response) == [order.number]


def test_it_shows_nothing_of_another_shop_even_when_asked_by_number(client, shop, manager):
    foreign = make_order(make_shop("PL"))

    assert numbers(client.get("/orders/")) == []
    assert numbers(client.get("/orders/", {"q": foreign.number})) == []
    assert numbers(client.get("/orders/", {"shop": foreign.shop.slug})) == []


def test_it_hides_claimed_orders_where_the_shop_wants_it(client, shop, manager):
    shop.claim_visibility = ClaimVisibility.HIDDEN
    shop.save()
    mine, theirs, free = (make_order(shop) for _ in range(3))
    Order.objects.filter(pk=mine.pk).update(manager=manager)
    Order.objects.filter(pk=theirs.pk).update(manager=make_user(shop))

    assert set(numbers(client.get("/orders/"))) == {mine.number, free.number}


def test_it_shows_the_warehouse_confirmed_and_later_orders(client, shop):
    client.force_login(make_user(shop, Role.WAREHOUSE))
    make_order(shop)
    confirmed = make_order(shop, status="confirmed")
    make_order(shop, status="cancelled")

    assert numbers(client.get("/orders/")) == [confirmed.number]


def test_it_says_what_to_do_when_it_is_empty(client, shop, manager):
    fresh = client.get("/orders/").content.decode()
    searched = client.get("/orders/?q=nobody").content.decode()

    assert "No orders yet." in fresh
    assert f"/shops/{shop.slug}/" in fresh
    assert "No order matches." in searched


def test_it_writes_names_as_text(client, shop, manager):
    make_order(
        shop, shipping=replace(ADDRESS, name="<img src=x onerror=alert(1)>"), customer_note="<b>x</b>", **PAID
    )

    page = client.get("/orders/").content.decode()

    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_it_sends_strangers_to_the_login(client):
    response = client.get("/orders/")

    assert response.status_code == 302
    assert response["Location"].startswith("/login/")


def test_it_merges_the_newest_orders_of_several_shops_page_by_page(client, shop, manager):
    others = [make_shop("PL"), make_shop("UA")]
    for other in others:
        Membership.objects.create(user=manager, shop=other, role=Role.MANAGER)
    now = timezone.now()
    for n in range(56):
        order = make_order([shop, *others][n % 3], lines=())
        Order.objects.filter(pk=order.pk).update(placed_at=now - timedelta(hours=n // 4))
    make_order(make_shop("RO"))
    expected = list(
        Order.objects.visible_to(manager).order_by("-placed_at", "-pk").values_list("number", flat=True)
    )

    first = client.get("/orders/")
    second = client.get(f"/orders/?after={first.context['page'].after}")

    assert len(expected) == 56
    assert numbers(first) + numbers(second) == expected


def test_it_sorts_no_shops_orders(client, shop, manager):
    Membership.objects.create(user=manager, shop=make_shop("PL"), role=Role.MANAGER)
    make_order(shop)
    with CaptureQueriesContext(connection) as captured:
        client.get("/orders/")

    keys = [query["sql"] for query in captured.captured_queries if "LIMIT 51" in query["sql"]]
    assert len(keys) == 2
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for sql in keys:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(str(column) for row in cursor.fetchall() for column in row)
                assert "orders_newest_of_shop" in plan
                assert "TEMP B-TREE" not in plan


def test_it_takes_a_nul_for_a_space():
    wanted = read_order_filter({"q": ["a\0b"], "shop": ["c\0"]})

    assert (wanted.q, wanted.shop) == ("a b", "c")

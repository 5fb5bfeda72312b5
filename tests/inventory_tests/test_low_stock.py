"""What runs low: the page, the badge, and that both are read through the partial index."""

import re
from datetime import date

import pytest
from django.db import connection

from inventory import services
from inventory.models import Product, StockItem, Warehouse
from inventory.page_selectors.low import low_items
from shops.actors import Actor
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def person(client, shop):
    user = User.objects.create_user("wanda", password="x")
    Membership.objects.create(user=user, shop=shop, role=Role.WAREHOUSE)
    client.force_login(user)
    return user


@pytest.fixture
def make_low(make_product):
    """A product with less available than its safety stock."""

    def make(sku, stock=3, safety=5, **fields):
        product = make_product(sku, stock=stock or 1, **fields)
        if not stock:
            services.write_off(product_id=product.pk, quantity=1, reason="broken", actor=BY)
        StockItem.objects.filter(product=product).update(safety_stock=safety)
        return product

    return make


def skus(response):
    return re.findall(r'data-sku="([^"]*)"', response.content.decode())


def row_of(response, sku):
    return re.search(rf'data-sku="{sku}">(.*?)</tr>', response.content.decode(), re.DOTALL)[1]


def test_it_lists_what_has_less_available_than_its_safety_stock(client, person, shop, make_low, make_product):
    make_low("LOW", stock=4, safety=5)
    make_low("EXACT", stock=5, safety=5)
    make_low("NONE", stock=0, safety=1)
    make_product("UNSET", stock=0)
    promised = make_low("PROMISED", stock=9, safety=5)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={promised.pk: 5}, on_shortage="refuse", actor=BY
    )

    assert sorted(skus(client.get("/stock/low/"))) == ["LOW", "NONE", "PROMISED"]


def test_untracked_and_inactive_products_do_not_run_low(client, person, make_low):
    Product.objects.filter(pk=make_low("FREE").pk).update(is_tracked=False)
    Product.objects.filter(pk=make_low("OLD").pk).update(is_active=False)

    assert skus(client.get("/stock/low/")) == []
    assert "Nothing runs low." in client.get("/stock/low/").content.decode()


def test_each_row_says_who_waits_what_is_expected_and_what_to_order(client, person, shop, make_low):
    product = make_low("MUG", stock=2, safety=10, expected_on=date(2026, 12, 24), pack_size=6)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={product.pk: 5}, on_shortage="backorder", actor=BY
    )

    row = row_of(client.get("/stock/low/"), "MUG")

    assert re.search(r'data-label="Waiting">3<', row)
    assert "24 Dec 2026" in row
    assert "18 pcs" in row, "10 safety − (0 − 3) = 13, in packs of six"
    assert f"/stock/receive/?product={product.pk}" in row


def test_only_who_may_change_stock_is_offered_to_receive(client, person, make_low):
    make_low("MUG")
    Membership.objects.update(role=Role.MANAGER)

    assert "/stock/receive/?product=" not in row_of(client.get("/stock/low/"), "MUG")


def test_each_warehouse_has_its_own_safety_stock(client, person, shop, make_product):
    product = make_product("MUG", stock=9)
    outlet = Warehouse.objects.create(shop=shop, name="Outlet")
    StockItem.objects.create(product=product, warehouse=outlet, safety_stock=2)

    assert skus(client.get("/stock/low/")) == ["MUG"]
    assert "Outlet" in row_of(client.get("/stock/low/"), "MUG")


def test_it_shows_ones_own_shops_only(client, person, make_low):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    make_low("FOREIGN", shop=other)
    make_low("MINE")

    page = client.get("/stock/low/")

    assert skus(page) == ["MINE"]
    assert re.findall(r'class="room-badge">(\d+)<', page.content.decode()) == ["1"]
    assert client.get("/stock/low/", {"shop": "other"}).status_code == 404


def test_the_badge_stands_on_the_rail_of_every_page_and_is_bounded(client, person, shop, make_low):
    assert "rail-badge" not in client.get("/stock/").content.decode()
    make_low("MUG")

    page = client.get("/stock/").content.decode()

    assert re.search(r'class="rail-badge" title="running low">1<', page)
    for number in range(100):
        make_low(f"S{number}")
    page = client.get("/stock/").content.decode()
    assert re.search(r'class="rail-badge" title="running low">99\+<', page)


def test_it_turns_the_page_without_losing_or_repeating_a_row(client, person, make_low):
    for number in range(110):
        make_low(f"S{number}")

    seen, address = [], "/stock/low/"
    while address:
        page = client.get(address)
        seen += skus(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = "/stock/low/" + found[1].replace("&amp;", "&") if found else None

    assert len(seen) == 110
    assert len(set(seen)) == 110


@pytest.mark.parametrize("after", ["", "x", "1", "-", "1-", "9" * 30 + "-1", "²-³"])
def test_it_begins_at_the_beginning_when_the_place_is_nonsense(client, person, make_low, after):
    make_low("MUG")

    assert skus(client.get("/stock/low/", {"after": after})) == ["MUG"]


def test_it_costs_the_same_queries_for_one_row_as_for_forty(
    client, person, make_low, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(24) as queries:
            client.get("/stock/low/")
        return len(queries)

    make_low("A")
    few = cost()
    for number in range(40):
        make_low(f"S{number}")

    assert cost() == few


def test_the_partial_index_serves_list_and_badge(shop, make_low, make_product):
    for number in range(3):
        make_low(f"LOW{number}")
    products = [Product(shop=shop, sku=f"S{number}", name="Mug") for number in range(3000)]
    Product.objects.bulk_create(products)
    home = Warehouse.objects.get(shop=shop, is_default=True)
    StockItem.objects.bulk_create(
        StockItem(product=product, warehouse=home, on_hand=50, safety_stock=2) for product in products
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    for query in (
        low_items([shop.pk]).order_by("product_id", "pk")[:51],
        low_items([shop.pk]).order_by()[:100],
    ):
        assert "stock_items_running_low" in query.explain()

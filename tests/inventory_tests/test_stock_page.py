"""The stock page: who sees it, what it finds, what it marks, what it costs."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import services
from inventory.models import Category, Product, ProductFigures, StockItem, Warehouse
from inventory.search import scanned_product
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


def skus(response):
    return re.findall(r'data-sku="([^"]*)"', response.content.decode())


def row_of(response, sku):
    return re.search(rf'data-sku="{sku}">(.*?)</tr>', response.content.decode(), re.DOTALL)[1]


def numbers_of(response, sku):
    return [int(text) for text in re.findall(r'class="num[^"]*"[^>]*>(\d+)<', row_of(response, sku))]


@pytest.mark.parametrize("role", list(Role))
def test_it_is_open_to_every_role(client, shop, make_product, role):
    make_product("MUG")
    user = User.objects.create_user("somebody")
    Membership.objects.create(user=user, shop=shop, role=role)
    client.force_login(user)

    assert skus(client.get("/stock/")) == ["MUG"]


def test_it_asks_strangers_to_sign_in(client, shop):
    response = client.get("/stock/")

    assert response.status_code == 302
    assert response["Location"] == "/login/?next=/stock/"


def test_it_shows_what_is_here_promised_and_free(client, person, shop, make_product):
    product = make_product("MUG", stock=12)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={product.pk: 5}, on_shortage="refuse", actor=BY
    )

    assert numbers_of(client.get("/stock/"), "MUG") == [12, 5, 7, 0, 0]


def test_it_marks_untracked_short_and_low_products(client, person, shop, make_product):
    make_product("FREE", is_tracked=False)
    short, low = make_product("SHORT"), make_product("LOW", stock=3)
    make_product("FINE", stock=3)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={short.pk: 2}, on_shortage="backorder", actor=BY
    )
    StockItem.objects.filter(product=low).update(safety_stock=5)

    response = client.get("/stock/")

    assert "untracked" in row_of(response, "FREE")
    assert "short by 2" in row_of(response, "SHORT")
    assert "running low" in row_of(response, "LOW")
    assert "tag" not in row_of(response, "FINE")


def test_it_finds_products_without_case_and_diacritics(client, person, make_product):
    make_product("X-1", name="Cană roșie")
    make_product("X-2", name="Farfurie")

    assert skus(client.get("/stock/", {"q": "CANA rosie"})) == ["X-1"]
    assert skus(client.get("/stock/", {"q": "x-2"})) == ["X-2"]
    assert "No product matches" in client.get("/stock/", {"q": "nothing"}).content.decode()


def test_it_shows_products_of_ones_own_shops_only(client, person, make_product):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    Product.objects.create(shop=other, sku="FOREIGN", name="Foreign")
    make_product("MINE")

    assert skus(client.get("/stock/")) == ["MINE"]
    assert skus(client.get("/stock/", {"shop": "shop"})) == ["MINE"]
    assert client.get("/stock/", {"shop": "other"}).status_code == 404
    assert client.get("/stock/", {"shop": "no-such-shop"}).status_code == 404


def test_it_filters_by_shop(client, person, make_product):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    Membership.objects.create(user=person, shop=other, role=Role.MANAGER)
    Product.objects.create(shop=other, sku="THERE", name="There")
    make_product("HERE")

    assert sorted(skus(client.get("/stock/"))) == ["HERE", "THERE"]
    assert skus(client.get("/stock/", {"shop": "other"})) == ["THERE"]


def test_it_turns_the_page_without_losing_or_repeating_a_product(client, person, shop, make_product):
    for number in range(120):
        make_product(f"S{number}", name=f"Name {number % 7} & co")

    seen, address = [], "/stock/?q=name"
    while address:
        page = client.get(address)
        seen += skus(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = "/stock/" + found[1].replace("&amp;", "&") if found else None

    assert len(seen) == 120
    assert set(seen) == {f"S{number}" for number in range(120)}


@pytest.mark.parametrize("after", ["", "nonsense", "9" * 40 + " x", "² x", "-1 x"])
def test_it_begins_at_the_beginning_when_the_place_is_nonsense(client, person, make_product, after):
    make_product("MUG")

    assert skus(client.get("/stock/", {"after": after})) == ["MUG"]


def test_it_shows_a_name_as_text(client, person, make_product):
    make_product("MUG", name="<img src=x onerror=alert(1)>")

    assert "<img src=x" not in client.get("/stock/").content.decode()


def test_it_costs_the_same_queries_for_two_products_as_for_fifty(
    client, person, make_product, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(14) as queries:
            client.get("/stock/")
        return len(queries)

    make_product("A"), make_product("B")
    few = cost()
    for number in range(60):
        make_product(f"S{number}", stock=1)

    assert cost() == few


# ---- A scanned code goes straight to its product


@pytest.mark.parametrize("code", ["5941234567890", " 5941234567890 ", "MUG-1"])
def test_it_goes_straight_to_the_product_with_this_barcode_or_sku(client, person, make_product, code):
    product = make_product("MUG-1", barcode="5941234567890")
    make_product("MUG-12", barcode="59412345678901")

    response = client.get("/stock/", {"q": code})

    assert response.status_code == 302
    assert response["Location"] == f"/stock/products/{product.pk}/"


def test_it_finds_an_archived_product_by_its_barcode(client, person, make_product):
    product = make_product("OLD", barcode="5941234567890", is_active=False)

    assert client.get("/stock/", {"q": "5941234567890"})["Location"] == f"/stock/products/{product.pk}/"


def test_it_lists_the_products_when_a_barcode_names_two(client, person, make_product):
    make_product("A", barcode="5941234567890")
    make_product("B", barcode="5941234567890")

    assert skus(client.get("/stock/", {"q": "5941234567890"})) == ["A", "B"]


def test_it_goes_to_no_product_of_a_foreign_shop(client, person, make_product):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    Product.objects.create(shop=other, sku="FOREIGN", name="Foreign", barcode="5941234567890")

    response = client.get("/stock/", {"q": "5941234567890"})

    assert response.status_code == 200
    assert skus(response) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a small table whole")
def test_it_looks_a_scanned_code_up_by_an_index(shop):
    with CaptureQueriesContext(connection) as queries:
        scanned_product("X", shop_ids=[shop.pk])

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + queries[-1]["sql"])
        plan = " ".join(row[-1] for row in cursor.fetchall())
    assert "sku_per_shop" in plan
    assert "products_by_barcode" in plan
    assert "SCAN" not in plan


# ---- Filters


def test_it_filters_by_category(client, person, shop, make_product):
    cups = Category.objects.create(shop=shop, name="Cups")
    make_product("CUP", category=cups)
    make_product("DISH")

    assert skus(client.get("/stock/", {"category": cups.pk})) == ["CUP"]


def test_it_shows_the_counters_of_the_warehouse_it_is_narrowed_to(client, person, shop, make_product):
    both, here = make_product("BOTH", stock=3), make_product("HERE", stock=1)
    second = Warehouse.objects.create(shop=shop, name="Second")
    services.receive(product_id=both.pk, quantity=8, reason="", actor=BY, warehouse_id=second.pk)

    response = client.get("/stock/", {"warehouse": second.pk})

    assert skus(response) == ["BOTH"]
    assert numbers_of(response, "BOTH")[0] == 8
    assert numbers_of(client.get("/stock/"), "BOTH")[0] == 11
    assert here.sku in skus(client.get("/stock/"))


@pytest.fixture
def in_every_state(shop, make_product):
    """One product for each state the list can be narrowed to, named after it."""
    make_product("untracked", is_tracked=False)
    make_product("inactive", is_active=False)
    short, low = make_product("short"), make_product("low", stock=3)
    services.reserve(
        reference="order:1", shop_id=shop.pk, wanted={short.pk: 2}, on_shortage="backorder", actor=BY
    )
    StockItem.objects.filter(product=low).update(safety_stock=5)
    for abc_class in "abc":
        ProductFigures.objects.create(
            product=make_product(abc_class),
            abc_class=abc_class.upper(),
            since=date(2026, 1, 1),
            until=date(2026, 12, 31),
            computed_at=timezone.now(),
        )


@pytest.mark.parametrize("state", ["low", "short", "untracked", "a", "b", "c", "inactive"])
@pytest.mark.parametrize("most_listed", [500, 0])
def test_it_filters_by_state(client, person, in_every_state, monkeypatch, state, most_listed):
    monkeypatch.setattr("inventory.page_selectors.products.MOST_LISTED", most_listed)

    assert skus(client.get("/stock/", {"state": state})) == [state]


def test_it_leaves_archived_products_out_and_ignores_nonsense(client, person, in_every_state):
    plain = skus(client.get("/stock/"))

    assert "inactive" not in plain
    assert len(plain) == 6
    for nonsense in ({"state": "x"}, {"category": "x"}, {"warehouse": "9" * 40}):
        assert skus(client.get("/stock/", nonsense)) == plain


def test_it_keeps_the_filters_when_the_page_is_turned_and_when_searching(client, person, shop, make_product):
    cups = Category.objects.create(shop=shop, name="Cups")
    for number in range(60):
        make_product(f"S{number}", category=cups)

    page = client.get("/stock/", {"category": cups.pk, "q": "product"}).content.decode()

    assert f"q=product&amp;category={cups.pk}&amp;after=" in page
    assert f'<input type="hidden" name="category" value="{cups.pk}">' in page


@pytest.mark.parametrize("query", ["", "q=name", "state=low", "warehouse={warehouse}", "state=untracked"])
def test_each_filter_costs_the_same_queries_however_many_match(
    client, person, shop, make_product, query, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(20) as queries:
            client.get("/stock/?" + query.format(warehouse=Warehouse.objects.get(shop=shop).pk))
        return len(queries)

    def add(number):
        product = make_product(f"S{number}", name="Name", stock=1, is_tracked=True)
        StockItem.objects.filter(product=product).update(safety_stock=5)

    add(0)
    one = cost()
    for number in range(1, 60):
        add(number)

    assert cost() == one


def test_it_offers_what_the_role_may_do(client, shop, make_product):
    make_product("MUG")

    def page_of(role):
        user = User.objects.create_user(f"role-{role}")
        Membership.objects.create(user=user, shop=shop, role=role)
        client.force_login(user)
        return client.get("/stock/").content.decode()

    assert "/stock/products/new/" in page_of(Role.SUPERVISOR)
    assert "/stock/products/new/" not in page_of(Role.WAREHOUSE)
    assert "/stock/products/new/" not in page_of(Role.MANAGER)

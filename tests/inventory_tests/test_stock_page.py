"""The stock page: who sees it, what it finds, what it marks, what it costs."""

import re

import pytest

from inventory import services
from inventory.models import Product, StockItem
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

    assert numbers_of(client.get("/stock/"), "MUG") == [12, 5, 7]


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

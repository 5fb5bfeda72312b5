"""The queue of backorders: who sees it, in which order it serves, what it finds, what it costs."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from inventory import services
from inventory.models import Product, Reservation
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
def wait_for():
    """Let a reference wait for units of a product, since so many hours."""

    def wait(product, reference, units, hours=0):
        services.reserve(
            reference=reference,
            shop_id=product.shop_id,
            wanted={product.pk: units},
            on_shortage="backorder",
            actor=BY,
        )
        since = timezone.now() - timedelta(hours=hours)
        Reservation.objects.filter(reference=reference).update(created_at=since)

    return wait


def skus(response):
    return re.findall(r'data-sku="([^"]*)"', response.content.decode())


def queue_of(response, sku):
    found = re.search(rf'data-sku="{sku}">(.*?)</section>', response.content.decode(), re.DOTALL)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


@pytest.mark.parametrize("role", list(Role))
def test_it_is_open_to_every_role_and_receives_for_those_who_may(client, shop, make_product, wait_for, role):
    product = make_product("MUG")
    wait_for(product, "x:1", 2)
    user = User.objects.create_user("somebody")
    Membership.objects.create(user=user, shop=shop, role=role)
    client.force_login(user)

    page = client.get("/stock/waiting/")

    assert skus(page) == ["MUG"]
    button = f'href="/stock/receive/?product={product.pk}"'
    assert (button in page.content.decode()) is (role != Role.MANAGER)


def test_it_says_what_it_is_for_when_nobody_waits(client, person, make_product):
    make_product("MUG", stock=4)

    page = client.get("/stock/waiting/").content.decode()

    assert "Nobody waits for stock." in page
    assert "the longest waiting first" in page


def test_it_serves_in_the_order_in_which_units_are_given_out(client, person, make_product, wait_for, held):
    product = make_product("MUG", expected_on=date(2030, 5, 2), allow_backorder=True)
    wait_for(product, "x:young", 2, hours=1)
    wait_for(product, "x:old", 3, hours=30)

    shown = queue_of(client.get("/stock/waiting/"), "MUG")
    services.receive(product_id=product.pk, quantity=4, reason="in", actor=BY)

    assert "Waiting 5 On hand 0 Available 0 Expected 2 May 2030 Sold ahead always" in shown
    assert "x:old 3 units since 1 d x:young 2 units since 1 h 00" in shown
    assert (held("x:old", product).reserved, held("x:young", product).reserved) == (3, 1)


def test_it_shows_the_longest_waiting_product_first(client, person, make_product, wait_for):
    for sku, hours in (("A", 1), ("B", 50), ("C", 7)):
        wait_for(make_product(sku), f"x:{sku}", 1, hours=hours)

    assert skus(client.get("/stock/waiting/")) == ["B", "C", "A"]


def test_it_marks_a_date_that_passed(client, person, make_product, wait_for):
    late = make_product("LATE", expected_on=timezone.localdate() - timedelta(days=2))
    soon = make_product("SOON", expected_on=timezone.localdate() + timedelta(days=2))
    wait_for(late, "x:1", 1), wait_for(soon, "x:2", 1)

    page = client.get("/stock/waiting/")

    assert "late" in queue_of(page, "LATE")
    assert "late" not in queue_of(page, "SOON")


def test_it_shows_ones_own_shops_only(client, person, make_product, wait_for):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    wait_for(Product.objects.create(shop=other, sku="FOREIGN", name="Foreign"), "x:1", 1)
    wait_for(make_product("MINE"), "x:2", 1)

    assert skus(client.get("/stock/waiting/")) == ["MINE"]
    assert client.get("/stock/waiting/", {"shop": "other"}).status_code == 404


def test_it_is_narrowed_by_words_and_shop(client, person, make_product, wait_for):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    Membership.objects.create(user=person, shop=other, role=Role.MANAGER)
    wait_for(Product.objects.create(shop=other, sku="THERE", name="Kubek"), "x:1", 1)
    wait_for(make_product("HERE", name="Cană roșie"), "x:2", 1)

    assert skus(client.get("/stock/waiting/", {"shop": "other"})) == ["THERE"]
    assert skus(client.get("/stock/waiting/", {"q": "cana ROSIE"})) == ["HERE"]
    assert "Nothing that matches" in client.get("/stock/waiting/", {"q": "nothing"}).content.decode()


def test_it_shows_twenty_of_a_long_queue_and_counts_the_rest(client, person, make_product, wait_for):
    product = make_product("MUG")
    for number in range(23):
        wait_for(product, f"x:{number:02}", 1, hours=100 - number)

    shown = queue_of(client.get("/stock/waiting/"), "MUG")

    assert "x:00" in shown and "x:19" in shown and "x:20" not in shown
    assert "and 3 more after these" in shown


def test_it_turns_the_page_without_losing_or_repeating_a_product(client, person, make_product, wait_for):
    for number in range(60):
        wait_for(make_product(f"S{number}"), f"x:{number}", 1, hours=number % 7)

    seen, address = [], "/stock/waiting/"
    while address:
        page = client.get(address)
        seen += skus(page)
        found = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = "/stock/waiting/" + found[1].replace("&amp;", "&") if found else None

    assert len(seen) == 60
    assert set(seen) == {f"S{number}" for number in range(60)}


@pytest.mark.parametrize(
    "after",
    ["nonsense", "|", "2026-01-01|1", "2026-13-01T00:00:00+00:00|1", "0001-01-01T00:00:00+14:00|1", "|" * 90],
)
def test_it_begins_at_the_beginning_when_the_place_is_nonsense(client, person, make_product, wait_for, after):
    wait_for(make_product("MUG"), "x:1", 1)

    assert skus(client.get("/stock/waiting/", {"after": after})) == ["MUG"]


def test_it_costs_the_same_queries_for_one_product_as_for_many(
    client, person, make_product, wait_for, django_assert_max_num_queries
):
    def cost():
        with django_assert_max_num_queries(14) as queries:
            client.get("/stock/waiting/")
        return len(queries)

    wait_for(make_product("FIRST"), "x:first", 1)
    few = cost()
    for number in range(20):
        product = make_product(f"S{number}")
        for place in range(3):
            wait_for(product, f"x:{number}-{place}", 1)

    assert cost() == few

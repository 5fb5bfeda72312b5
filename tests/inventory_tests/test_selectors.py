"""What reading stock answers, at what cost, and that a drift is found."""

import pytest

from inventory import services
from inventory.models import Product, Reservation, StockItem
from inventory.search import search_products
from inventory.selectors import (
    Held,
    available_units,
    reservations_of,
    stock_problems,
)
from shops.actors import Actor

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def hold(product, units, reference):
    services.reserve(
        reference=reference,
        shop_id=product.shop_id,
        wanted={product.pk: units},
        on_shortage="backorder",
        actor=BY,
    )


def test_it_tells_what_references_hold_in_one_query(make_product, django_assert_num_queries):
    first, second = make_product("A", stock=3), make_product("B")
    hold(first, 2, "order:1")
    hold(second, 4, "order:1")
    hold(first, 5, "order:2")

    with django_assert_num_queries(1):
        found = reservations_of(["order:1", "order:2", "order:3"])

    assert found == {
        "order:1": {first.pk: Held(2, 0), second.pk: Held(0, 4)},
        "order:2": {first.pk: Held(1, 4)},
        "order:3": {},
    }


def test_it_tells_free_units_in_one_query_without_untracked_products(make_product, django_assert_num_queries):
    some, none, untracked = make_product("A", stock=3), make_product("B"), make_product("C", is_tracked=False)
    hold(some, 2, "order:1")

    with django_assert_num_queries(1):
        free = available_units([some.pk, none.pk, untracked.pk])

    assert free == {some.pk: 1, none.pk: 0}


def test_it_finds_nothing_wrong_with_honest_books(make_product):
    hold(make_product(stock=3), 2, "order:1")

    assert list(stock_problems()) == []


def test_it_finds_a_counter_that_left_the_ledger(make_product):
    product = make_product(stock=3)
    StockItem.objects.filter(product=product).update(on_hand=4)

    assert list(stock_problems()) == ["A: 4 on hand, but its movements add up to 3."]


def test_it_finds_a_counter_that_left_the_reservations(make_product):
    product = make_product(stock=3)
    hold(product, 2, "order:1")
    Reservation.objects.all().delete()

    assert list(stock_problems()) == ["A: 2 reserved, but its reservations add up to 0."]


def test_it_searches_without_case_and_diacritics(make_product):
    make_product("X-1", name="Cană roșie")
    make_product("X-2", name="Чашка Біла")

    assert [p.sku for p in search_products(Product.objects.all(), "ROSIE cana")] == ["X-1"]
    assert [p.sku for p in search_products(Product.objects.all(), "чашка БІЛА x-2")] == ["X-2"]
    assert not search_products(Product.objects.all(), "cana albă").exists()

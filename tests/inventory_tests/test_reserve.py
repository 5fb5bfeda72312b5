"""Holding stock: totals, top-ups, shortages, backorders."""

import pytest

from inventory import services
from inventory.errors import StockError, StockShort
from inventory.events import StockChanged
from inventory.models import Product, Reservation, StockItem
from inventory.selectors import Held
from shops.actors import Actor
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def reserve(shop, wanted, reference="order:1", on_shortage="refuse"):
    return services.reserve(
        reference=reference,
        shop_id=shop.pk,
        wanted={product.pk: units for product, units in wanted.items()},
        on_shortage=on_shortage,
        actor=BY,
    )


def test_it_reserves_what_is_free(shop, make_product, counters, held):
    product = make_product(stock=10)

    result = reserve(shop, {product: 4})

    assert result.is_complete
    assert result.held == {product.pk: Held(4, 0)}
    assert counters(product) == (10, 4)
    assert held("order:1", product) == Held(4, 0)


def test_it_changes_nothing_when_repeated(shop, make_product, everything, published):
    product = make_product(stock=10)
    reserve(shop, {product: 4})
    before = everything()
    published.clear()

    reserve(shop, {product: 4})

    assert everything() == before
    assert published == []


def test_it_tops_up_to_a_higher_total(shop, make_product, counters, held):
    product = make_product(stock=10)
    reserve(shop, {product: 4})

    reserve(shop, {product: 6})

    assert counters(product) == (10, 6)
    assert held("order:1", product) == Held(6, 0)


def test_it_frees_the_difference_to_a_lower_total_for_those_who_wait(shop, make_product, counters, held):
    product = make_product(stock=5)
    reserve(shop, {product: 5})
    reserve(shop, {product: 2}, reference="order:2", on_shortage="backorder")

    reserve(shop, {product: 2})

    assert held("order:1", product) == Held(2, 0)
    assert held("order:2", product) == Held(2, 0)
    assert counters(product) == (5, 4)


def test_it_waits_for_less_when_the_total_falls(shop, make_product, held):
    product = make_product(stock=1)
    reserve(shop, {product: 5}, on_shortage="backorder")

    reserve(shop, {product: 3}, on_shortage="backorder")

    assert held("order:1", product) == Held(1, 2)


def test_it_turns_waiting_units_into_reserved_ones_where_stock_is_free(shop, make_product, held):
    product = make_product(stock=1)
    reserve(shop, {product: 3}, on_shortage="backorder")
    StockItem.objects.filter(product=product).update(on_hand=3)

    result = reserve(shop, {product: 3})

    assert result.is_complete
    assert held("order:1", product) == Held(3, 0)


def test_it_names_every_short_sku_and_writes_nothing(shop, make_product, everything):
    plenty, few, none = make_product("PLENTY", stock=10), make_product("FEW", stock=2), make_product("NONE")
    reserve(shop, {none: 1}, reference="other", on_shortage="backorder")
    before = everything()

    with pytest.raises(StockShort) as refusal:
        reserve(shop, {plenty: 5, few: 3, none: 1})

    assert [(short.sku, short.wanted, short.available) for short in refusal.value.shortages] == [
        ("FEW", 3, 2),
        ("NONE", 1, 0),
    ]
    assert "FEW: 3 wanted, 2 available" in refusal.value.sentence
    assert "NONE: 1 wanted, 0 available" in refusal.value.sentence
    assert everything() == before


def test_it_refuses_at_confirmation_what_has_waited_since_placing(shop, make_product, held):
    product = make_product(stock=1)
    reserve(shop, {product: 3}, on_shortage="backorder")

    with pytest.raises(StockShort):
        reserve(shop, {product: 3})

    assert held("order:1", product) == Held(1, 2)


def test_it_lets_a_product_wait_that_may_be_sold_before_it_is_in_stock(shop, make_product, held):
    product = make_product(stock=1, allow_backorder=True)

    result = reserve(shop, {product: 3})

    assert not result.is_complete
    assert held("order:1", product) == Held(1, 2)


def test_it_lets_the_rest_wait_when_told_to(shop, make_product, counters, held):
    product = make_product(stock=2)

    result = reserve(shop, {product: 5}, on_shortage="backorder")

    assert [(short.sku, short.available) for short in result.shortages] == [("A", 2)]
    assert counters(product) == (2, 2)
    assert held("order:1", product) == Held(2, 3)


def test_it_ignores_products_whose_stock_is_not_counted(shop, make_product):
    product = make_product(is_tracked=False)

    result = reserve(shop, {product: 100})

    assert result.is_complete
    assert not StockItem.objects.exists()
    assert not Reservation.objects.exists()


def test_it_creates_a_missing_stock_item_in_the_default_warehouse(shop, make_product, held):
    product = make_product()

    reserve(shop, {product: 1}, on_shortage="backorder")

    assert StockItem.objects.get(product=product).warehouse.is_default
    assert held("order:1", product) == Held(0, 1)


@pytest.mark.parametrize("units", [0, -1, 1_000_001, 10**30, True, 1.5, "3"])
def test_it_refuses_quantities_that_are_not_whole_and_sensible(shop, make_product, everything, units):
    product = make_product(stock=10)
    before = everything()

    with pytest.raises(StockError) as refusal:
        reserve(shop, {product: units})

    assert refusal.value.code == "bad_quantity"
    assert "whole number from 1 to" in refusal.value.sentence
    assert everything() == before


def test_it_refuses_another_shops_product(shop, make_product, everything):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    product = make_product(stock=10)
    foreign = Product.objects.create(shop=other, sku="X", name="Foreign")
    before = everything()

    with pytest.raises(StockError) as refusal:
        reserve(shop, {product: 1, foreign: 1})

    assert refusal.value.code == "unknown_product"
    assert everything() == before


def test_it_publishes_one_change_per_product(shop, make_product, published):
    first, second = make_product("A", stock=3), make_product("B", stock=3)
    published.clear()

    reserve(shop, {first: 1, second: 2})

    assert [(event.sku, event.on_hand, event.reserved) for event in published] == [("A", 3, 1), ("B", 3, 2)]
    assert all(isinstance(event, StockChanged) and event.shop_id == shop.pk for event in published)


def test_it_costs_the_same_queries_for_three_lines_as_for_twelve(
    shop, make_product, django_assert_num_queries
):
    products = [make_product(f"P{number}", stock=5) for number in range(12)]

    with django_assert_num_queries(10):
        reserve(shop, dict.fromkeys(products[:3], 1), reference="order:1")
    with django_assert_num_queries(10):
        reserve(shop, dict.fromkeys(products, 1), reference="order:2")

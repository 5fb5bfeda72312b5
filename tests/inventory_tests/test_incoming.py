"""Goods that come in, go to waste, come back or are counted."""

import pytest

from inventory import services
from inventory.errors import StockError
from inventory.models import Product, StockItem, StockMovement, Warehouse
from inventory.selectors import Held, available_units
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Membership, User
from shops.permissions import Role
from shops.services import create_shop

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def hold(product, units, reference="order:1"):
    services.reserve(
        reference=reference,
        shop_id=product.shop_id,
        wanted={product.pk: units},
        on_shortage="backorder",
        actor=BY,
    )


def change(verb, product, units, **more):
    quantity = {"counted": units} if verb is services.count else {"quantity": units}
    verb(product_id=product.pk, reason="because", actor=BY, **quantity, **more)


def test_it_takes_units_in(make_product, counters):
    product = make_product()

    change(services.receive, product, 7)

    assert counters(product) == (7, 0)
    movement = StockMovement.objects.get()
    assert (movement.kind, movement.quantity, movement.reason) == ("receipt", 7, "because")


@pytest.mark.parametrize("arrival", ["receive", "count", "restock"])
def test_it_gives_incoming_units_to_those_who_wait_oldest_first(make_product, held, counters, arrival):
    product = make_product()
    hold(product, 2, "order:1")
    hold(product, 2, "order:2")

    if arrival == "restock":
        services.restock(reference="return:1", quantities={product.pk: 3}, reason="back", actor=BY)
    else:
        change(getattr(services, arrival), product, 3)

    assert held("order:1", product) == Held(2, 0)
    assert held("order:2", product) == Held(1, 1)
    assert counters(product) == (3, 3)


def test_it_records_where_returned_goods_come_from(make_product):
    product = make_product(stock=1)

    services.restock(reference="return:1", quantities={product.pk: 2}, reason="unopened", actor=BY)

    movement = StockMovement.objects.get(kind="restock")
    assert (movement.quantity, movement.reference, movement.reason) == (2, "return:1", "unopened")


def test_it_restocks_nothing_of_a_product_that_is_not_counted(make_product):
    product = make_product(is_tracked=False)

    services.restock(reference="return:1", quantities={product.pk: 2}, reason="", actor=BY)

    assert not StockMovement.objects.exists()


def test_it_writes_off_free_units(make_product, counters):
    product = make_product(stock=5)
    hold(product, 2)

    change(services.write_off, product, 3)

    assert counters(product) == (2, 2)


def test_it_does_not_write_off_reserved_units(make_product, everything):
    product = make_product(stock=5)
    hold(product, 2)
    before = everything()

    with pytest.raises(StockError) as refusal:
        change(services.write_off, product, 4)

    assert "Only 3 of" in refusal.value.sentence
    assert everything() == before


def test_it_counts_by_a_movement_of_the_difference(make_product, counters):
    product = make_product(stock=5)

    change(services.count, product, 3)

    assert counters(product) == (3, 0)
    assert StockMovement.objects.get(kind="count").quantity == -2


def test_it_records_nothing_when_the_count_agrees(make_product, everything):
    product = make_product(stock=5)
    before = everything()

    change(services.count, product, 5)

    assert everything() == before


def test_it_does_not_count_below_what_is_reserved(make_product, everything):
    product = make_product(stock=5)
    hold(product, 4)
    before = everything()

    with pytest.raises(StockError) as refusal:
        change(services.count, product, 3)

    assert refusal.value.sentence.startswith("4 of A · Product A are reserved")
    assert everything() == before


@pytest.mark.parametrize("verb", [services.receive, services.write_off, services.count])
@pytest.mark.parametrize("units", [-1, 10**12, 2.5])
def test_it_refuses_quantities_that_make_no_sense(make_product, everything, verb, units):
    product = make_product(stock=5)
    before = everything()

    with pytest.raises(StockError) as refusal:
        change(verb, product, units)

    assert refusal.value.code == "bad_quantity"
    assert everything() == before


def test_it_refuses_a_shelf_that_overflows(make_product, everything):
    product = make_product(stock=5)
    change(services.count, product, 999_999_999)
    before = everything()

    with pytest.raises(StockError) as refusal:
        change(services.receive, product, 2)

    assert refusal.value.code == "too_much"
    assert everything() == before


@pytest.mark.parametrize("verb", [services.receive, services.write_off, services.count])
def test_it_refuses_a_product_whose_stock_is_not_counted(make_product, verb):
    product = make_product(is_tracked=False)

    with pytest.raises(StockError) as refusal:
        change(verb, product, 1)

    assert refusal.value.code == "untracked"
    assert not StockItem.objects.exists()


def test_it_refuses_a_product_that_does_not_exist(shop):
    with pytest.raises(StockError) as refusal:
        services.receive(product_id=12345, quantity=1, reason="", actor=BY)

    assert refusal.value.code == "unknown_product"


@pytest.mark.parametrize("verb", [services.receive, services.write_off, services.count])
def test_it_needs_a_role_that_changes_stock(make_product, everything, verb):
    product = make_product(stock=5)
    user = User.objects.create_user("m")
    Membership.objects.create(user=user, shop=product.shop, role=Role.MANAGER)
    quantity = {"counted": 1} if verb is services.count else {"quantity": 1}
    before = everything()

    with pytest.raises(NotPermitted):
        verb(product_id=product.pk, reason="", actor=Actor.person(user), **quantity)

    assert everything() == before


def test_it_fills_a_second_warehouse_and_reserves_from_both(shop, make_product, held):
    product = make_product(stock=2)
    second = Warehouse.objects.create(shop=shop, name="Second")

    change(services.receive, product, 3, warehouse_id=second.pk)
    hold(product, 4)

    assert held("order:1", product) == Held(4, 0)
    assert available_units([product.pk]) == {product.pk: 1}
    assert list(StockItem.objects.order_by("pk").values_list("on_hand", "reserved")) == [(2, 2), (3, 2)]


def test_it_lets_a_second_warehouse_serve_those_who_wait(shop, make_product, held, everything):
    product = make_product()
    second = Warehouse.objects.create(shop=shop, name="Second")
    hold(product, 2)

    change(services.receive, product, 3, warehouse_id=second.pk)

    assert held("order:1", product) == Held(2, 0)
    assert everything()[1][0]["reserved"] == 2


def test_it_refuses_another_shops_warehouse(make_product, everything):
    other = create_shop(country="PL", name="Other", slug="other", order_prefix="PL-")
    elsewhere = Warehouse.objects.create(shop=other, name="Elsewhere")
    product = make_product(stock=1)
    before = everything()

    with pytest.raises(StockError) as refusal:
        change(services.receive, product, 3, warehouse_id=elsewhere.pk)

    assert refusal.value.code == "unknown_warehouse"
    assert everything() == before
    assert not Product.objects.filter(shop=other).exists()

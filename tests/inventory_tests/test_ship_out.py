"""Goods that leave, and shipments that are undone."""

import pytest

from inventory import services
from inventory.errors import StockError, StockShort
from inventory.models import MovementKind, Reservation, StockItem, StockMovement
from inventory.selectors import Held
from shops.actors import Actor

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


def ship(product, units, strict=True, reference="order:1"):
    services.ship_out(reference=reference, quantities={product.pk: units}, actor=BY, strict=strict)


def shipped():
    return list(
        StockMovement.objects.filter(kind__startswith="shipment")
        .order_by("pk")
        .values_list("kind", "quantity")
    )


def test_it_takes_the_reserved_units_out_of_the_house(make_product, counters, held):
    product = make_product(stock=10)
    hold(product, 4)

    ship(product, 4)

    assert counters(product) == (6, 0)
    assert held("order:1", product) == Held()
    movement = StockMovement.objects.get(kind=MovementKind.SHIPMENT)
    assert (movement.quantity, movement.reference, movement.actor_label) == (-4, "order:1", "test")


def test_it_ships_a_part_and_keeps_the_rest_reserved(make_product, counters, held):
    product = make_product(stock=10)
    hold(product, 4)

    ship(product, 1)

    assert counters(product) == (9, 3)
    assert held("order:1", product) == Held(3, 0)


def test_it_refuses_more_than_is_reserved_and_writes_nothing(make_product, everything):
    product = make_product(stock=10)
    hold(product, 4)
    before = everything()

    with pytest.raises(StockShort) as refusal:
        ship(product, 5)

    assert "A: 5 wanted, 4 available" in refusal.value.sentence
    assert everything() == before


def test_it_ships_what_exists_when_it_must_not_fail(make_product, counters, held):
    product = make_product(stock=5)
    hold(product, 3)
    hold(product, 1, reference="order:2")

    ship(product, 9, strict=False)

    assert counters(product) == (1, 1)
    assert held("order:2", product) == Held(1, 0)
    assert shipped() == [("shipment", -3), ("shipment", -1)]


def test_it_stops_waiting_for_units_that_have_left_already(make_product, held):
    product = make_product(stock=1)
    hold(product, 3)

    ship(product, 3, strict=False)

    assert held("order:1", product) == Held()


def test_it_ignores_products_whose_stock_is_not_counted(make_product):
    product = make_product(is_tracked=False)

    ship(product, 5)

    assert not StockItem.objects.exists()


@pytest.mark.parametrize("units", [0, -2, 1_000_001])
def test_it_refuses_quantities_that_make_no_sense(make_product, everything, units):
    product = make_product(stock=10)
    hold(product, 4)
    before = everything()

    with pytest.raises(StockError):
        ship(product, units, strict=False)

    assert everything() == before


def test_it_undoes_a_shipment(make_product, counters, held):
    product = make_product(stock=10)
    hold(product, 4)
    ship(product, 4)

    services.reverse_shipment(reference="order:1", actor=BY)

    assert counters(product) == (10, 4)
    assert held("order:1", product) == Held(4, 0)
    assert shipped() == [("shipment", -4), ("shipment_reversed", 4)]


def test_it_undoes_a_shipment_once(make_product, everything):
    product = make_product(stock=10)
    hold(product, 4)
    ship(product, 4)
    services.reverse_shipment(reference="order:1", actor=BY)
    before = everything()

    services.reverse_shipment(reference="order:1", actor=BY)

    assert everything() == before


def test_it_undoes_a_second_shipment_after_the_first_was_undone(make_product, counters):
    product = make_product(stock=10)
    hold(product, 4)
    ship(product, 4)
    services.reverse_shipment(reference="order:1", actor=BY)
    ship(product, 3)

    services.reverse_shipment(reference="order:1", actor=BY)

    assert counters(product) == (10, 4)
    assert shipped()[-2:] == [("shipment", -3), ("shipment_reversed", 3)]


def test_it_undoes_nothing_of_another_reference(make_product, everything):
    product = make_product(stock=10)
    hold(product, 4)
    ship(product, 4)
    before = everything()

    services.reverse_shipment(reference="order:2", actor=BY)

    assert everything() == before
    assert not Reservation.objects.exists()

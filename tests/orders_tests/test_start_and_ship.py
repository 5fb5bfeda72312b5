"""confirmed → processing → shipped: something is reserved, a parcel with a carrier (and its number) exists."""

import pytest

from inventory.models import Product, StockMovement
from oms.verification import problems
from orders import services as orders
from orders.errors import NeedsInput, TransitionRefused
from orders.models import Shipment
from orders.statuses import ShipmentState, Status
from shops.models import Shop, StockMaster
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop
from tests.state import assert_sound, counters, everything, held_for, status_of

pytestmark = pytest.mark.django_db


def needs_form(order, form="ship", **arguments):
    before = everything()
    with pytest.raises(NeedsInput) as refusal:
        orders.ship_order(order_id=order.pk, actor=SYSTEM, **arguments)
    assert everything() == before
    assert refusal.value.form == form
    return refusal.value.sentence


def test_it_starts_picking_what_is_reserved():
    order = make_order(status=Status.CONFIRMED)

    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == Status.PROCESSING
    assert held_for(order) == (1, 0)


def test_it_does_not_start_where_nothing_is_reserved():
    shop = make_shop()
    order = make_order(shop, lines=(make_line(make_product(shop, stock=0, allow_backorder=True), 1),))
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    before = everything()

    with pytest.raises(TransitionRefused) as refusal:
        orders.start_processing(order_id=order.pk, actor=SYSTEM)

    assert refusal.value.code == "nothing_to_pick"
    assert everything() == before


def test_picking_starts_without_stock_where_the_source_keeps_it():
    shop = make_shop(stock_master=StockMaster.SOURCE)
    order = make_order(shop, lines=(make_line(make_product(shop, stock=0), 1),), status=Status.CONFIRMED)

    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == Status.PROCESSING


def test_shipping_takes_the_units_out_of_the_house():
    shop = make_shop()
    product = make_product(shop, stock=10)
    order = make_order(shop, lines=(make_line(product, 3),), status=Status.PROCESSING)

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=" AWB1 ")

    parcel = Shipment.objects.get(order=order)
    assert (parcel.state, parcel.tracking_number) == (ShipmentState.HANDED_OVER, "AWB1")
    assert list(parcel.lines.values_list("quantity", flat=True)) == [3]
    assert counters(product) == (7, 0)
    assert held_for(order) == (0, 0)
    assert_sound()


def test_shipping_without_a_parcel_asks_for_it():
    needs_form(make_order(status=Status.PROCESSING))


def test_a_courier_with_numbers_asks_for_one():
    order = make_order(status=Status.PROCESSING)

    assert "AWB" in needs_form(order, carrier="sameday", tracking_number="  ")


def test_an_unknown_courier_is_asked_for_again():
    needs_form(make_order(status=Status.PROCESSING), carrier="pigeon", tracking_number="1")


def test_a_number_too_long_to_store_is_asked_for_again():
    needs_form(make_order(status=Status.PROCESSING), carrier="fan", tracking_number="9" * 65)


def test_own_delivery_has_no_number():
    order = make_order(status=Status.PROCESSING)

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    assert status_of(order) == Status.SHIPPED


def test_a_prepared_parcel_is_handed_over():
    order = make_order(status=Status.CONFIRMED)
    parcel = orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="gls", tracking_number="G1")
    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    orders.ship_order(order_id=order.pk, actor=SYSTEM)

    only = Shipment.objects.get(order=order)
    assert (only.pk, only.state) == (parcel.pk, ShipmentState.HANDED_OVER)


def test_naming_the_prepared_parcel_makes_no_second_one():
    order = make_order(status=Status.PROCESSING)
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="gls", tracking_number="G1")

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="gls", tracking_number="G1")

    assert Shipment.objects.filter(order=order).count() == 1


def test_a_partial_parcel_carries_what_is_reserved_and_the_rest_waits():
    shop = make_shop()
    product = make_product(shop, stock=2)
    order = make_order(shop, lines=(make_line(product, 5),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    assert list(Shipment.objects.get(order=order).lines.values_list("quantity", flat=True)) == [2]
    assert counters(product) == (0, 0)
    assert held_for(order) == (0, 3)


def test_two_lines_of_one_product_share_what_is_reserved():
    shop = make_shop()
    product = make_product(shop, stock=3)
    order = make_order(shop, lines=(make_line(product, 2), make_line(product, 2)))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    parcel = Shipment.objects.get(order=order)
    assert list(parcel.lines.order_by("line__position").values_list("quantity", flat=True)) == [2, 1]


def test_where_the_source_keeps_the_stock_all_goes_and_nothing_waits():
    shop = make_shop(stock_master=StockMaster.SOURCE)
    product = make_product(shop, stock=2)
    order = make_order(shop, lines=(make_line(product, 5),), status=Status.PROCESSING)

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    assert list(Shipment.objects.get(order=order).lines.values_list("quantity", flat=True)) == [5]
    assert counters(product) == (0, 0)
    assert held_for(order) == (0, 0)


def test_where_nobody_keeps_count_no_stock_moves():
    shop = make_shop(stock_master=StockMaster.NOBODY)
    product = make_product(shop, stock=2)
    moved = StockMovement.objects.count()

    make_order(shop, lines=(make_line(product, 1),), status=Status.SHIPPED)

    assert counters(product) == (2, 0)
    assert StockMovement.objects.count() == moved


@pytest.mark.parametrize("master", StockMaster.values)
def test_what_was_reserved_is_let_go_when_it_ships_uncounted(master):
    shop = make_shop(stock_master=master)
    short, there = make_product(shop, stock=1), make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(short, 3), make_line(there, 2)))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=False)
    Product.objects.filter(shop=shop).update(is_tracked=False)

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    assert held_for(order) == (0, 0)
    assert (counters(short), counters(there)) == ((1, 0), (5, 0))
    assert list(problems()) == []
    assert_sound()


def test_what_was_reserved_is_let_go_when_nobody_keeps_the_stock_any_more():
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.PROCESSING)
    Shop.objects.filter(pk=shop.pk).update(stock_master=StockMaster.NOBODY)

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    assert (held_for(order), counters(product)) == ((0, 0), (5, 0))
    assert list(problems()) == []

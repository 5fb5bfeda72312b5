"""A tracking number is stored in one form and is one order's, whoever writes it: the desk, the order page or the board."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inventory import services as inventory
from orders import services as orders
from orders.errors import OrderError
from orders.guards import Arguments
from orders.models import Order, Shipment
from orders.search import orders_called
from orders.services.awb_lists import parcels_by_number
from orders.services.awbs import assign_awb
from orders.statuses import CancelReason, Status
from shops.actors import Actor
from shops.models import Shop
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import everything, status_of

pytestmark = pytest.mark.django_db
TYPED, AWB = " 2 0501 2345 abc\n", "205012345ABC"


def with_a_rest(shop: Shop) -> Order:
    """A shipped order of which one unit was not there, and is now."""
    product = make_product(shop, stock=1)
    order = make_order(shop, lines=(make_line(product, 2),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.advance_order(
        order_id=order.pk,
        to=Status.SHIPPED,
        actor=SYSTEM,
        arguments=Arguments(carrier="fan", tracking_number=f"FIRST{order.pk}"),
    )
    inventory.receive(product_id=product.pk, quantity=1, reason="delivery", actor=SYSTEM)
    return order


def prepare(shop: Shop, **parcel: str) -> tuple[Order, Callable[[], Any]]:
    order = make_order(shop, status=Status.CONFIRMED)
    return order, lambda: orders.add_shipment(order_id=order.pk, actor=SYSTEM, **parcel)


def ship(shop: Shop, **parcel: str) -> tuple[Order, Callable[[], Any]]:
    order = make_order(shop, status=Status.PROCESSING)
    return order, lambda: orders.ship_order(order_id=order.pk, actor=SYSTEM, **parcel)


def advance(shop: Shop, **parcel: str) -> tuple[Order, Callable[[], Any]]:
    order, arguments = make_order(shop), Arguments(**parcel)
    return order, lambda: orders.advance_order(
        order_id=order.pk, to=Status.SHIPPED, actor=SYSTEM, arguments=arguments
    )


def send_rest(shop: Shop, **parcel: str) -> tuple[Order, Callable[[], Any]]:
    order = with_a_rest(shop)
    return order, lambda: orders.ship_rest(order_id=order.pk, actor=SYSTEM, **parcel)


def assign(shop: Shop, **parcel: str) -> tuple[Order, Callable[[], Any]]:
    order = make_order(shop, status=Status.CONFIRMED)
    return order, lambda: assign_awb(order_id=order.pk, actor=SYSTEM, **parcel)


def fill(shop: Shop, **parcel: str) -> tuple[Order, Callable[[], Any]]:
    order, write = assign(shop, **parcel)
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="own")
    return order, write


WRITERS = [prepare, ship, advance, send_rest, assign, fill]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_typed_number_is_stored_so_that_scans_lists_and_the_search_find_it(writer):
    shop = make_shop()
    order, write = writer(shop, carrier="fan", tracking_number=TYPED)

    write()

    parcel = order.shipments.get(tracking_number=AWB)
    assert list(parcels_by_number([AWB], make_user(shop))) == [parcel]
    assert any(order in found for found in orders_called(AWB.lower(), [shop.pk]))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_number_of_another_order_is_refused_on_its_field_and_nothing_is_written(writer):
    shop = make_shop()
    owner = make_order(shop, status=Status.CONFIRMED)
    orders.add_shipment(order_id=owner.pk, actor=SYSTEM, carrier="fan", tracking_number=AWB)
    _, write = writer(shop, carrier="fan", tracking_number=TYPED)
    before = everything()

    with pytest.raises(OrderError, match="Another order has this AWB") as refused:
        write()

    assert (refused.value.code, refused.value.field) == ("awb_taken", "tracking_number")
    assert everything() == before


@pytest.mark.parametrize("typed", ["abc 123", "ABC123"])
def test_the_prepared_parcel_is_the_named_one_however_it_is_spelled(typed):
    order = make_order(status=Status.PROCESSING)
    parcel = orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="X")
    Shipment.objects.filter(pk=parcel.pk).update(tracking_number="Abc 123")

    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=typed)

    only = order.shipments.get()
    assert (only.pk, only.state, only.tracking_number) == (parcel.pk, "handed_over", "ABC123")


def test_a_number_is_another_orders_in_the_shop_or_with_the_courier():
    owner = make_order(status=Status.CONFIRMED)
    orders.add_shipment(order_id=owner.pk, actor=SYSTEM, carrier="fan", tracking_number=AWB)
    _, same_courier = prepare(make_shop(), carrier="fan", tracking_number=AWB)
    _, same_shop = prepare(owner.shop, carrier="gls", tracking_number=AWB)
    _, neither = prepare(make_shop(), carrier="gls", tracking_number=AWB)

    for write in (same_courier, same_shop):
        with pytest.raises(OrderError, match="Another order"):
            write()
    neither()


def test_own_deliveries_may_be_called_alike_and_an_order_may_repeat_its_number():
    shop = make_shop()
    for _ in range(2):
        prepare(shop, carrier="own", tracking_number="Van 1")[1]()
    order = with_a_rest(shop)
    number = order.shipments.get().tracking_number

    orders.ship_rest(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=number)

    assert order.shipments.filter(tracking_number=number).count() == 2


@pytest.mark.parametrize("way", ["ship", "cancel"])
@pytest.mark.parametrize(("is_given_away", "state"), [(False, "prepared"), (True, "voided")])
def test_undoing_brings_no_parcel_back_whose_number_another_order_got(way, is_given_away, state):
    shop = make_shop()
    order, mara = make_order(shop, status=Status.PROCESSING), Actor.person(make_user(shop))
    parcel = orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number=AWB)
    if way == "ship":
        change = orders.ship_order(order_id=order.pk, actor=mara, carrier="fan", tracking_number="OTHER1")
    else:
        change = orders.cancel_order(order_id=order.pk, actor=mara, reason_code=CancelReason.CUSTOMER)
    if is_given_away:
        prepare(shop, carrier="fan", tracking_number=AWB)[1]()

    orders.revert_move(move_id=change.move_id, actor=mara)

    parcel.refresh_from_db()
    assert (status_of(order), parcel.state) == (Status.PROCESSING, state)

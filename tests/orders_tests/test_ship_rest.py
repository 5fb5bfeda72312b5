"""Sending the rest of a shipped order: a further parcel takes what arrived, and dropping it frees what waited."""

import pytest

from inventory import services as inventory
from inventory.models import Product, Reservation, StockMovement
from oms.verification import problems
from orders import services as orders
from orders.errors import NeedsInput, OrderError, TooLateToUndo, TransitionRefused
from orders.events import ShipmentDispatched
from orders.models import Order, OrderEvent, Shipment
from orders.models.history import EventKind
from orders.selectors import units_of_lines
from orders.statuses import ReturnKind, ReturnState, ShipmentState, Status
from shops import bus
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import Shop, StockMaster
from shops.permissions import Role
from tests.factories import PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, counters, everything, held_for, status_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def shipped_in_part(shop=None, *, stock=2, quantity=5, status=Status.SHIPPED, **fields):
    """An order of five, of which two were here and went; three wait."""
    shop = shop or make_shop()
    product = make_product(shop, stock=stock)
    order = make_order(shop, lines=(make_line(product, quantity),), **fields)
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="A1")
    if status == Status.DELIVERED:
        orders.deliver_order(order_id=order.pk, actor=SYSTEM)
    return Order.objects.get(pk=order.pk), product


def goods_come(product, quantity):
    inventory.receive(product_id=product.pk, quantity=quantity, reason="delivery", actor=SYSTEM)


def send(order, actor=SYSTEM, **options):
    return orders.ship_rest(
        order_id=order.pk, actor=actor, **{"carrier": "fan", "tracking_number": "A2", **options}
    )


def line_units(order):
    return [
        (row.reserved, row.waiting, row.shipped, row.returned, row.dropped)
        for row in units_of_lines([order.pk])[order.pk]
    ]


def refused(call, error=TransitionRefused, code=""):
    before = everything()
    with pytest.raises(error) as refusal:
        call()
    assert everything() == before
    assert refusal.value.code == code or not code
    return refusal.value.sentence


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED])
def test_the_rest_leaves_in_a_parcel_of_its_own(status):
    order, product = shipped_in_part(status=status)
    goods_come(product, 4)

    send(order)

    _first, second = Shipment.objects.filter(order=order)
    assert (second.state, second.tracking_number) == (ShipmentState.HANDED_OVER, "A2")
    assert list(second.lines.values_list("quantity", flat=True)) == [3]
    assert status_of(order) == status
    assert (counters(product), held_for(order)) == ((1, 0), (0, 0))
    assert line_units(order) == [(0, 0, 5, 0, 0)]
    assert list(problems()) == []
    assert_sound()


def test_what_arrived_goes_and_what_did_not_keeps_waiting():
    order, product = shipped_in_part()
    goods_come(product, 1)

    send(order)
    goods_come(product, 2)
    send(order, tracking_number="A3")

    assert [sum(p.lines.values_list("quantity", flat=True)) for p in order.shipments.all()] == [2, 1, 2]
    assert (counters(product), held_for(order)) == ((0, 0), (0, 0))
    assert list(problems()) == []


def test_only_the_chosen_units_go():
    shop = make_shop()
    order, product = shipped_in_part(shop, stock=1, quantity=4)
    goods_come(product, 3)
    line = order.lines.get()

    send(order, quantities={line.pk: 1})

    assert line_units(order) == [(2, 0, 2, 0, 0)]
    assert held_for(order) == (2, 0)
    assert list(problems()) == []


def test_lines_of_one_product_share_what_arrived_from_the_top():
    shop = make_shop()
    product = make_product(shop, stock=1)
    order = make_order(shop, lines=(make_line(product, 2), make_line(product, 2)))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")
    goods_come(product, 2)

    assert line_units(order) == [(1, 0, 1, 0, 0), (1, 1, 0, 0, 0)]
    send(order)

    assert line_units(order) == [(0, 0, 2, 0, 0), (0, 1, 1, 0, 0)]


def test_nothing_goes_before_it_arrived():
    order, product = shipped_in_part()
    Product.objects.filter(pk=product.pk).update(expected_on="2026-12-03")

    said = refused(lambda: send(order), code="not_arrived")

    assert f"3 × {product.name}, expected 3 Dec 2026" in said


def test_nothing_goes_where_nothing_is_owed():
    order = make_order(status=Status.SHIPPED)

    refused(lambda: send(order), code="nothing_owed")


@pytest.mark.parametrize("status", [Status.NEW, Status.PROCESSING, Status.CANCELLED, Status.RETURNED])
def test_only_a_shipped_order_has_a_rest(status):
    order = make_order(status=status)

    refused(lambda: send(order), code="wrong_status")
    refused(lambda: orders.drop_rest(order_id=order.pk, actor=SYSTEM), code="wrong_status")


@pytest.mark.parametrize(
    "given", [{"carrier": "pigeon"}, {"tracking_number": " "}, {"tracking_number": "9" * 65}]
)
def test_the_parcel_needs_carrier_and_number(given):
    order, product = shipped_in_part()
    goods_come(product, 3)

    refused(lambda: send(order, **given), NeedsInput)


@pytest.mark.parametrize("units", [-1, 4, True, "1"])
def test_no_more_than_is_here_can_go(units):
    order, product = shipped_in_part()
    goods_come(product, 3)
    line = order.lines.get()

    refused(lambda: send(order, quantities={line.pk: units}), OrderError, "invalid")


@pytest.mark.parametrize("extra", [0, 1])
def test_an_empty_parcel_and_a_foreign_line_are_refused(extra):
    order, product = shipped_in_part()
    goods_come(product, 3)
    foreign = make_order().lines.get()
    quantities = {foreign.pk: 1} if extra else {order.lines.get().pk: 0}

    refused(lambda: send(order, quantities=quantities), OrderError)


def test_it_asks_for_the_role():
    shop = make_shop()
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    stranger = Actor.person(make_user(make_shop(), Role.MANAGER))
    packer = Actor.person(make_user(shop, Role.WAREHOUSE))

    refused(lambda: send(order, stranger), NotPermitted)
    refused(lambda: orders.drop_rest(order_id=order.pk, actor=packer), NotPermitted)
    send(order, packer)

    assert held_for(order) == (0, 0)


def test_it_publishes_that_a_further_parcel_left(monkeypatch):
    order, product = shipped_in_part()
    goods_come(product, 3)
    heard = []
    monkeypatch.setitem(bus._handlers, ShipmentDispatched, (heard.append,))

    change = send(order)

    assert [(event.shipment_id, event.is_first) for event in heard] == [(change.shipment_id, False)]
    assert heard[0].uid == OrderEvent.objects.get(pk=change.event_id).uid


def test_delivering_the_order_delivers_every_parcel_that_left():
    order, product = shipped_in_part()
    goods_come(product, 3)
    send(order)

    orders.deliver_order(order_id=order.pk, actor=SYSTEM)

    assert set(order.shipments.values_list("state", flat=True)) == {ShipmentState.DELIVERED}


def test_a_parcel_after_the_delivery_is_delivered_by_itself():
    order, product = shipped_in_part(status=Status.DELIVERED)
    goods_come(product, 3)
    second = send(order).shipment_id

    orders.deliver_parcel(shipment_id=second, actor=SYSTEM)

    assert Shipment.objects.get(pk=second).state == ShipmentState.DELIVERED
    refused(lambda: orders.deliver_parcel(shipment_id=second, actor=SYSTEM), OrderError, "wrong_state")


def test_the_last_parcel_of_a_shipped_order_is_the_orders_delivery():
    order, _product = shipped_in_part()
    parcel = order.shipments.get()

    refused(lambda: orders.deliver_parcel(shipment_id=parcel.pk, actor=SYSTEM), OrderError, "last_parcel")


def test_undoing_the_delivery_leaves_alone_what_had_arrived_before():
    shop = make_shop(undo_seconds=600)
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    second = send(order).shipment_id
    orders.deliver_parcel(shipment_id=second, actor=SYSTEM)
    person = Actor.person(make_user(shop))
    change = orders.deliver_order(order_id=order.pk, actor=person)

    orders.revert_move(move_id=change.move_id, actor=person)

    assert [p.state for p in order.shipments.all()] == [ShipmentState.HANDED_OVER, ShipmentState.DELIVERED]


def test_a_return_brings_back_every_parcel_and_undoing_it_sends_each_back_where_it_was():
    shop = make_shop(undo_seconds=600)
    order, product = shipped_in_part(shop, status=Status.DELIVERED)
    goods_come(product, 2)
    send(order)
    person = Actor.person(make_user(shop))
    change = orders.return_order(order_id=order.pk, actor=person, return_kind=ReturnKind.WITHDRAWAL)

    assert line_units(order) == [(0, 0, 4, 4, 0)]
    assert held_for(order) == (0, 0)
    orders.revert_move(move_id=change.move_id, actor=person)

    assert [p.state for p in order.shipments.all()] == [ShipmentState.DELIVERED, ShipmentState.HANDED_OVER]
    assert (line_units(order), held_for(order)) == ([(0, 1, 4, 0, 0)], (0, 1))
    assert list(problems()) == []


def test_returned_units_of_both_parcels_go_back_on_the_shelf():
    order, product = shipped_in_part()
    goods_come(product, 3)
    send(order)
    orders.return_order(order_id=order.pk, actor=SYSTEM, return_kind=ReturnKind.REFUSED)
    note = order.returns.get(state=ReturnState.ANNOUNCED)

    orders.receive_return(
        return_id=note.pk, actor=SYSTEM, restocked=dict.fromkeys(note.lines.values_list("pk", flat=True), 5)
    )

    assert counters(product) == (5, 0)
    assert list(problems()) == []


def test_undo_takes_back_this_parcel_only():
    shop = make_shop(undo_seconds=600)
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    person = Actor.person(make_user(shop))
    change = send(order, person)

    orders.revert_move(move_id=change.move_id, actor=person)

    assert [p.state for p in order.shipments.all()] == [ShipmentState.HANDED_OVER, ShipmentState.VOIDED]
    assert (counters(product), held_for(order)) == ((3, 3), (3, 0))
    assert line_units(order) == [(3, 0, 2, 0, 0)]
    assert status_of(order) == Status.SHIPPED
    assert list(problems()) == []
    assert_sound()


def test_undo_brings_back_only_what_left_where_the_source_keeps_the_stock():
    shop = make_shop(undo_seconds=600)
    order, product = shipped_in_part(shop)
    goods_come(product, 1)
    Shop.objects.filter(pk=shop.pk).update(stock_master=StockMaster.SOURCE)
    person = Actor.person(make_user(shop))
    change = send(order, person)

    assert (counters(product), line_units(order)) == ((0, 0), [(0, 0, 5, 0, 0)])
    orders.revert_move(move_id=change.move_id, actor=person)

    assert counters(product) == (1, 1)
    assert list(problems()) == []


def test_where_nobody_keeps_count_the_rest_moves_no_stock():
    shop = make_shop()
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    Shop.objects.filter(pk=shop.pk).update(stock_master=StockMaster.NOBODY)
    moved = StockMovement.objects.count()

    send(order)

    assert StockMovement.objects.count() == moved
    assert (counters(product), held_for(order)) == ((3, 0), (0, 0))
    assert list(problems()) == []


def test_undo_is_refused_once_the_parcel_arrived():
    shop = make_shop(undo_seconds=600)
    order, product = shipped_in_part(shop)
    goods_come(product, 3)
    person = Actor.person(make_user(shop))
    change = send(order, person)
    orders.deliver_parcel(shipment_id=change.shipment_id, actor=SYSTEM)

    refused(lambda: orders.revert_move(move_id=change.move_id, actor=person), TooLateToUndo, "delivered")


def test_shipping_cannot_be_undone_under_a_second_parcel():
    shop = make_shop(undo_seconds=600)
    product = make_product(shop, stock=2)
    order = make_order(shop, lines=(make_line(product, 5),))
    person = Actor.person(make_user(shop))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
    first = orders.ship_order(order_id=order.pk, actor=person, carrier="own")
    goods_come(product, 3)
    second = send(order, person)

    refused(lambda: orders.revert_move(move_id=first.move_id, actor=person), TooLateToUndo, "moved_on")
    orders.revert_move(move_id=second.move_id, actor=person)
    orders.revert_move(move_id=first.move_id, actor=person)

    assert (status_of(order), counters(product), held_for(order)) == (Status.PROCESSING, (5, 5), (5, 0))
    assert list(problems()) == []


def test_a_dropped_rest_waits_no_more_and_its_goods_are_free():
    order, product = shipped_in_part(**PAID)
    other = make_order(order.shop, lines=(make_line(product, 1),))
    goods_come(product, 2)

    orders.drop_rest(order_id=order.pk, actor=SYSTEM, reason="sold out")

    event = OrderEvent.objects.get(order=order, kind=EventKind.STOCK, reason_code="dropped")
    assert (event.details["refund_due"], event.reason) == (True, "sold out")
    assert line_units(order) == [(0, 0, 2, 0, 3)]
    assert (held_for(order), held_for(other)) == ((0, 0), (1, 0))
    assert list(problems()) == []
    refused(lambda: send(order), code="nothing_owed")


def test_a_dropped_rest_does_not_come_back_with_an_undone_return():
    shop = make_shop(undo_seconds=600)
    order, _product = shipped_in_part(shop)
    orders.drop_rest(order_id=order.pk, actor=SYSTEM)
    person = Actor.person(make_user(shop))
    change = orders.return_order(order_id=order.pk, actor=person, return_kind=ReturnKind.REFUSED)

    orders.revert_move(move_id=change.move_id, actor=person)

    assert not Reservation.objects.filter(reference=order.stock_reference).exists()
    assert list(problems()) == []


def test_dropping_can_be_undone():
    shop = make_shop(undo_seconds=600)
    order, _product = shipped_in_part(shop)
    person = Actor.person(make_user(shop))
    change = orders.drop_rest(order_id=order.pk, actor=person)

    orders.revert_move(move_id=change.move_id, actor=person)

    assert line_units(order) == [(0, 3, 2, 0, 0)]
    assert list(problems()) == []

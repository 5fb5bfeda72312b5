"""The ways off the happy path: cancel with a reason, return of a kind, reopen with words."""

import pytest

from inventory import services as inventory
from orders import services as orders
from orders.errors import AlreadyDone, NeedsInput, OrderError, TransitionRefused
from orders.models import Return, Shipment
from orders.statuses import CancelReason, ReturnKind, ReturnState, ShipmentState, Status
from shops.models import ReserveAt, StockMaster
from tests.factories import PAID, SYSTEM, make_line, make_order, make_product, make_shop
from tests.state import assert_sound, counters, everything, held_for, status_events, status_of

pytestmark = pytest.mark.django_db
CANCEL = {"reason_code": CancelReason.CUSTOMER}


def refused(error, verb, order, **arguments):
    before = everything()
    with pytest.raises(error) as refusal:
        verb(order_id=order.pk, actor=SYSTEM, **arguments)
    assert everything() == before
    return refusal.value


@pytest.mark.parametrize("status", [Status.NEW, Status.CONFIRMED, Status.PROCESSING])
def test_cancelling_frees_the_stock(status):
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),), status=status)

    orders.cancel_order(order_id=order.pk, actor=SYSTEM, reason="found it cheaper", **CANCEL)

    assert status_of(order) == Status.CANCELLED
    assert counters(product) == (5, 0)
    last = status_events(order)[-1]
    assert (last.reason_code, last.reason) == ("customer", "found it cheaper")
    assert_sound()


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED, Status.RETURNED])
def test_what_left_the_house_cannot_be_cancelled(status):
    refusal = refused(TransitionRefused, orders.cancel_order, make_order(status=status), **CANCEL)

    assert refusal.code == "wrong_status"


@pytest.mark.parametrize("code", ["", "because", "x" * 300])
def test_cancelling_asks_for_a_known_reason(code):
    refusal = refused(NeedsInput, orders.cancel_order, make_order(), reason_code=code)

    assert refusal.form == "cancel"


def test_cancelling_twice_says_who_did_it():
    refused(AlreadyDone, orders.cancel_order, make_order(status=Status.CANCELLED), **CANCEL)


def test_cancelling_voids_the_prepared_parcel():
    order = make_order(status=Status.PROCESSING)
    orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="own")

    orders.cancel_order(order_id=order.pk, actor=SYSTEM, **CANCEL)

    assert Shipment.objects.get(order=order).state == ShipmentState.VOIDED


def test_a_paid_order_is_marked_for_a_refund():
    paid, cod = make_order(**PAID), make_order()
    for order in (paid, cod):
        orders.cancel_order(order_id=order.pk, actor=SYSTEM, **CANCEL)

    assert status_events(paid)[-1].details["refund_due"] is True
    assert status_events(cod)[-1].details["refund_due"] is False


def test_freed_units_go_to_who_waits():
    shop = make_shop()
    product = make_product(shop, stock=1)
    first = make_order(shop, lines=(make_line(product, 1),))
    second = make_order(shop, lines=(make_line(product, 1),))

    orders.cancel_order(order_id=first.pk, actor=SYSTEM, **CANCEL)

    assert held_for(second) == (1, 0)


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED])
def test_a_return_announces_every_unit_and_restocks_none(status):
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),), status=status)

    orders.return_order(order_id=order.pk, actor=SYSTEM, return_kind=ReturnKind.REFUSED, reason="dog ate it")

    note = Return.objects.get(order=order)
    assert (note.kind, note.state, note.reason) == ("refused", ReturnState.ANNOUNCED, "dog ate it")
    assert list(note.lines.values_list("quantity", "restocked")) == [(2, 0)]
    assert counters(product) == (3, 0)
    assert Shipment.objects.get(order=order).state == ShipmentState.RETURNED
    assert_sound()


@pytest.mark.parametrize("kind", ["", "lost"])
def test_a_return_asks_for_its_kind(kind):
    order = make_order(status=Status.SHIPPED)

    assert refused(NeedsInput, orders.return_order, order, return_kind=kind).form == "return"


@pytest.mark.parametrize("status", [Status.NEW, Status.PROCESSING, Status.CANCELLED])
def test_what_never_left_cannot_return(status):
    refused(TransitionRefused, orders.return_order, make_order(status=status), return_kind=ReturnKind.REFUSED)


def test_a_returned_order_waits_for_nothing_more():
    shop = make_shop()
    product = make_product(shop, stock=2)
    order = make_order(shop, lines=(make_line(product, 5),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)
    for verb in (orders.confirm_order, orders.start_processing):
        verb(order_id=order.pk, actor=SYSTEM)
    orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    orders.return_order(order_id=order.pk, actor=SYSTEM, return_kind=ReturnKind.UNCLAIMED)

    inventory.receive(product_id=product.pk, quantity=9, reason="more", actor=SYSTEM)
    assert held_for(order) == (0, 0)


def returned_order(quantity=3, **shop_fields):
    shop = make_shop(**shop_fields)
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, quantity),), status=Status.RETURNED)
    return order, product, Return.objects.get(order=order)


def test_receiving_a_return_restocks_only_what_is_good():
    order, product, note = returned_order()
    line = note.lines.get()

    orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={line.pk: 2})

    assert Return.objects.get(pk=note.pk).state == ReturnState.RECEIVED
    assert note.lines.get().restocked == 2
    assert counters(product) == (4, 0)
    assert status_of(order) == Status.RETURNED
    assert_sound()


@pytest.mark.parametrize("units", [-1, 4])
def test_no_more_is_restocked_than_came_back(units):
    _order, _product, note = returned_order()
    before = everything()

    with pytest.raises(OrderError) as refusal:
        orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={note.lines.get().pk: units})

    assert refusal.value.field.startswith("restocked-")
    assert everything() == before


def test_a_return_is_received_once():
    _order, product, note = returned_order()
    orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={note.lines.get().pk: 1})
    before = everything()

    with pytest.raises(OrderError):
        orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={note.lines.get().pk: 1})

    assert everything() == before
    assert counters(product) == (3, 0)


def test_where_nobody_keeps_count_a_return_restocks_nothing():
    _order, product, note = returned_order(stock_master=StockMaster.NOBODY)

    orders.receive_return(return_id=note.pk, actor=SYSTEM, restocked={note.lines.get().pk: 3})

    assert counters(product) == (5, 0)


def test_reopening_reserves_again():
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.CANCELLED)

    orders.reopen_order(order_id=order.pk, actor=SYSTEM, reason="called back")

    assert status_of(order) == Status.NEW
    assert held_for(order) == (2, 0)
    assert status_events(order)[-1].reason == "called back"
    assert_sound()


def test_reopening_reserves_nothing_where_confirmation_does():
    order = make_order(make_shop(reserve_at=ReserveAt.CONFIRMATION), status=Status.CANCELLED)

    orders.reopen_order(order_id=order.pk, actor=SYSTEM, reason="called back")

    assert held_for(order) == (0, 0)


def test_reopening_asks_why():
    order = make_order(status=Status.CANCELLED)

    assert refused(NeedsInput, orders.reopen_order, order, reason="  ").form == "reopen"


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.CANCELLED, Status.NEW)])
def test_only_a_cancelled_order_is_reopened(status):
    refused(TransitionRefused, orders.reopen_order, make_order(status=status), reason="why not")


def test_delivery_marks_the_parcels():
    order = make_order(status=Status.SHIPPED)

    orders.deliver_order(order_id=order.pk, actor=SYSTEM)

    parcel = Shipment.objects.get(order=order)
    assert (parcel.state, parcel.delivered_at is not None) == (ShipmentState.DELIVERED, True)


@pytest.mark.parametrize("status", [Status.NEW, Status.CONFIRMED, Status.PROCESSING, Status.CANCELLED])
def test_only_a_shipped_order_is_delivered(status):
    refused(TransitionRefused, orders.deliver_order, make_order(status=status))

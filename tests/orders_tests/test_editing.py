"""Facts of an order change until the parcel is handed over; every change is recorded, a refusal changes nothing."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.utils import timezone

from crm.models import Deal
from orders import services as orders
from orders.errors import OrderError
from orders.guards import Arguments
from orders.models import Order, OrderNote, Shipment
from orders.models.history import EventKind
from orders.search import search_orders
from orders.statuses import BEFORE_HANDOVER, DeliveryKind, PaymentStatus, ShipmentState, Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import ReserveAt, Shop
from shops.permissions import Role
from tests.factories import (
    ADDRESS,
    SYSTEM,
    make_draft,
    make_line,
    make_order,
    make_product,
    make_shop,
    make_user,
)
from tests.state import assert_sound, counters, everything, held_for

pytestmark = pytest.mark.django_db
NEW_ADDRESS = replace(ADDRESS, name="Ștefania Ilie", street="Bulevardul Unirii 3", city="Iași")


def refused(error, call):
    before = everything()
    with pytest.raises(error) as refusal:
        call()
    assert everything() == before
    return refusal.value


def edit(order, values=NEW_ADDRESS, which="shipping", actor=SYSTEM):
    return orders.edit_address(order_id=order.pk, actor=actor, which=which, values=values)


@pytest.mark.parametrize("status", sorted(BEFORE_HANDOVER))
def test_the_address_is_editable_until_the_parcel_is_handed_over(status):
    order = make_order(status=status)

    changed = edit(order)

    stored = Order.objects.select_related("shipping_address").get(pk=order.pk)
    assert set(changed) == {"shipping.name", "shipping.street", "shipping.city"}
    assert stored.shipping_address.city == "Iași"
    event = order.events.latest("id")
    assert event.kind == EventKind.EDITED
    assert event.details["shipping.city"] == ["Cluj-Napoca", "Iași"]
    assert search_orders(Order.objects.all(), "stefania").get() == order


@pytest.mark.parametrize("status", [status for status in Status if status not in BEFORE_HANDOVER])
def test_it_is_closed_after_that(status):
    order = make_order(status=status)

    assert refused(OrderError, lambda: edit(order)).code == "handed_over"
    assert (
        refused(
            OrderError,
            lambda: orders.edit_delivery(order_id=order.pk, actor=SYSTEM, delivery_kind="own"),
        ).code
        == "handed_over"
    )


def test_the_billing_address_may_follow_later():
    order = make_order(status=Status.DELIVERED)

    edit(order, replace(ADDRESS, company="Ulița SRL"), which="billing")

    assert Order.objects.get(pk=order.pk).billing_address.company == "Ulița SRL"


def test_the_same_address_is_no_change():
    order = make_order()
    before = everything()

    assert edit(order, ADDRESS) == ()
    assert everything() == before


@pytest.mark.parametrize(("name", "value"), [("country", "ROU"), ("street", "x" * 256), ("city", "a\x00")])
def test_a_value_that_cannot_be_stored_is_named(name, value):
    order = make_order()

    refusal = refused(OrderError, lambda: edit(order, replace(ADDRESS, **{name: value})))

    assert refusal.field == f"shipping.{name}"


def test_the_warehouse_does_not_edit():
    shop = make_shop()
    order, packer = make_order(shop), Actor.person(make_user(shop, Role.WAREHOUSE))

    refused(NotPermitted, lambda: edit(order, actor=packer))


def test_the_way_of_delivery_changes():
    order = make_order()

    orders.edit_delivery(
        order_id=order.pk,
        actor=SYSTEM,
        delivery_kind=DeliveryKind.LOCKER,
        pickup_point=" easybox 7 ",
        courier="sameday",
    )

    stored = Order.objects.get(pk=order.pk)
    assert (stored.delivery_kind, stored.pickup_point, stored.courier) == ("locker", "easybox 7", "sameday")


@pytest.mark.parametrize(
    ("kind", "courier", "field"), [("pigeon", "", "delivery_kind"), ("door", "x", "courier")]
)
def test_unknown_ways_of_delivery_are_refused(kind, courier, field):
    order = make_order()

    refusal = refused(
        OrderError,
        lambda: orders.edit_delivery(order_id=order.pk, actor=SYSTEM, delivery_kind=kind, courier=courier),
    )

    assert refusal.field == field


def test_a_note_is_kept_and_never_empty():
    order = make_order()

    orders.add_note(order_id=order.pk, actor=SYSTEM, text="  call after six  ")

    assert OrderNote.objects.get(order=order).text == "call after six"
    assert (
        refused(OrderError, lambda: orders.add_note(order_id=order.pk, actor=SYSTEM, text=" ")).code
        == "empty"
    )


def test_a_payment_is_recorded_once():
    order = make_order(payment_method="card")

    first = orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.PAID)
    before = everything()
    second = orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.PAID)

    assert (first, second) == (True, False)
    assert everything() == before
    assert Order.objects.get(pk=order.pk).paid_at is not None
    event = order.events.get(kind=EventKind.PAYMENT)
    assert event.details == {"from": "pending", "to": "paid"}


def test_an_unknown_payment_state_is_refused():
    order = make_order()

    refusal = refused(
        OrderError, lambda: orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status="maybe")
    )

    assert refusal.field == "payment_status"


def test_the_warehouse_records_no_payment():
    shop = make_shop()
    order, packer = make_order(shop), Actor.person(make_user(shop, Role.WAREHOUSE))

    refused(
        NotPermitted,
        lambda: orders.record_payment(order_id=order.pk, actor=packer, payment_status="paid"),
    )


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.PROCESSING])
def test_a_parcel_is_prepared_ahead_and_removed(status):
    order = make_order(status=status)
    parcel = orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="A1")
    assert (
        refused(OrderError, lambda: orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="own")).code
        == "already_prepared"
    )

    orders.void_shipment(shipment_id=parcel.pk, actor=SYSTEM)

    assert Shipment.objects.get(order=order).state == ShipmentState.VOIDED
    assert (
        refused(OrderError, lambda: orders.void_shipment(shipment_id=parcel.pk, actor=SYSTEM)).code
        == "wrong_state"
    )


@pytest.mark.parametrize("status", [Status.NEW, Status.SHIPPED, Status.CANCELLED])
def test_no_parcel_before_confirmation_or_after_handover(status):
    order = make_order(status=status)

    refusal = refused(OrderError, lambda: orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier="own"))

    assert refusal.code == "wrong_status"


@pytest.mark.parametrize(
    ("carrier", "number", "field"), [("x", "1", "carrier"), ("fan", " ", "tracking_number")]
)
def test_a_parcel_needs_a_known_carrier_and_its_number(carrier, number, field):
    order = make_order(status=Status.CONFIRMED)

    refusal = refused(
        OrderError,
        lambda: orders.add_shipment(order_id=order.pk, actor=SYSTEM, carrier=carrier, tracking_number=number),
    )

    assert refusal.field == field


def follow(order, draft):
    return orders.update_from_source(order_id=order.pk, draft=draft, actor=SYSTEM)


def test_the_source_changes_address_note_and_lines_of_a_new_order():
    shop = make_shop()
    cup, bowl = make_product(shop, stock=10), make_product(shop, stock=10)
    order = make_order(shop, lines=(make_line(cup, 2),))

    changed = follow(
        order,
        make_draft(shop, make_line(cup, 1), make_line(bowl, 3), shipping=NEW_ADDRESS, customer_note="ring"),
    )

    stored = Order.objects.get(pk=order.pk)
    assert {"shipping.city", "customer_note", "lines"} <= set(changed)
    assert (stored.total, stored.customer_note) == (D("40.00"), "ring")
    assert (counters(cup), counters(bowl)) == ((10, 1), (10, 3))
    assert Deal.objects.get(order=order).amount == D("40.00")
    assert_sound()


def test_the_same_words_from_the_source_change_nothing():
    shop = make_shop()
    product = make_product(shop)
    order = make_order(shop, lines=(make_line(product, 2, unit_price=D("3.225"), total=D("6.445")),))
    before = everything()

    changed = follow(order, make_draft(shop, make_line(product, 2, unit_price=D("3.225"), total=D("6.445"))))

    assert changed == ()
    assert everything() == before


def test_a_change_of_price_keeps_what_is_reserved_from_who_waits():
    shop = make_shop()
    product = make_product(shop, stock=1)
    order = make_order(shop, lines=(make_line(product, 1),))
    waiting = make_order(shop, lines=(make_line(product, 1),))

    follow(order, make_draft(shop, make_line(product, 1, total=D("9.00"))))

    assert (held_for(order), held_for(waiting)) == ((1, 0), (0, 1))


def test_a_product_taken_out_at_the_source_is_free_for_who_waits():
    shop = make_shop()
    cup, bowl = make_product(shop, stock=1), make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(cup, 1), make_line(bowl, 1)))
    waiting = make_order(shop, lines=(make_line(cup, 1),))

    follow(order, make_draft(shop, make_line(bowl, 1)))

    assert (held_for(order), held_for(waiting)) == ((1, 0), (1, 0))
    assert_sound()


def test_taking_one_product_out_gives_away_nothing_else():
    shop = make_shop()
    cup, bowl = make_product(shop, stock=1), make_product(shop, stock=2)
    waiting = make_order(shop, lines=(make_line(bowl, 3),), status=Status.NEW)
    late = make_order(shop, lines=(make_line(cup, 1), make_line(bowl, 2)))
    later = make_order(shop, lines=(make_line(bowl, 1),))
    orders.cancel_order(order_id=waiting.pk, actor=SYSTEM, reason_code="customer")
    assert (held_for(late), held_for(later)) == ((3, 0), (0, 1))

    follow(late, make_draft(shop, make_line(bowl, 2)))

    assert (held_for(late), held_for(later)) == ((2, 0), (0, 1))
    assert counters(cup) == (1, 0)
    assert_sound()


def test_lines_that_change_are_followed_by_what_was_reserved_under_an_earlier_setting():
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 3),))
    Shop.objects.filter(pk=shop.pk).update(reserve_at=ReserveAt.CONFIRMATION)

    follow(order, make_draft(shop, make_line(product, 1)))

    assert held_for(order) == (1, 0)


def test_lines_change_after_a_return_and_a_shipment_were_undone():
    shop = make_shop()
    product, mara = make_product(shop, stock=5), Actor.person(make_user(shop))
    order = make_order(shop, lines=(make_line(product, 2),))
    arguments = Arguments(carrier="fan", tracking_number="A1")
    shipped = orders.advance_order(order_id=order.pk, to=Status.SHIPPED, actor=mara, arguments=arguments)
    returned = orders.return_order(order_id=order.pk, actor=mara, return_kind="refused")
    orders.revert_move(move_id=returned.move_id, actor=mara)
    orders.revert_move(move_id=shipped[0].move_id, actor=mara)

    changed = follow(order, make_draft(shop, make_line(product, 1)))

    assert changed == ("lines",)
    assert (held_for(order), counters(product)) == ((1, 0), (5, 1))
    assert_sound()


def test_the_sources_time_is_kept_when_the_lines_change():
    shop = make_shop()
    product, now = make_product(shop), timezone.now()
    order = make_order(shop, lines=(make_line(product, 1),))

    follow(order, make_draft(shop, make_line(product, 2), source_modified_at=now))

    assert Order.objects.get(pk=order.pk).source_modified_at == now


def test_lines_of_an_order_being_picked_are_only_reported():
    shop = make_shop()
    product = make_product(shop, stock=10)
    order = make_order(shop, lines=(make_line(product, 1),), status=Status.PROCESSING)

    follow(order, make_draft(shop, make_line(product, 5)))
    follow(order, make_draft(shop, make_line(product, 5)))

    assert held_for(order) == (1, 0)
    assert order.events.filter(kind=EventKind.REPORTED).count() == 1


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.DELIVERED, Status.CANCELLED])
def test_the_source_changes_nothing_after_handover(status):
    shop = make_shop()
    product = make_product(shop)
    order = make_order(shop, lines=(make_line(product, 1),), status=status)
    before = everything()

    assert follow(order, make_draft(shop, make_line(product, 9), shipping=NEW_ADDRESS)) == ()
    assert everything() == before


def test_a_bad_value_from_the_source_changes_nothing():
    shop = make_shop()
    product = make_product(shop)
    order = make_order(shop, lines=(make_line(product, 1),))
    draft = make_draft(shop, make_line(product, 1, total=D("NaN")), shipping=NEW_ADDRESS)

    assert refused(OrderError, lambda: follow(order, draft)).field == "lines[0].total"

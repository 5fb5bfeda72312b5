"""What else customers hear of: money that failed, came or went back, parcels that wait or follow, returns that arrived."""

from __future__ import annotations

import pytest

from notifications.models import Message, MessageSwitch
from orders import services
from orders.errors import OrderError
from orders.models import Order, OrderEvent, Return
from orders.statuses import PaymentStatus, ShipmentState
from tests.factories import PAID, SYSTEM, make_order
from tests.imports_tests.payloads import deliver
from tests.imports_tests.payloads import order as woo_order
from tests.state import everything

pytestmark = pytest.mark.django_db


def told(order: Order) -> list[str]:
    return list(Message.objects.filter(order=order).order_by("created_at").values_list("event", flat=True))


def test_a_failed_payment_is_told_with_the_link_to_pay() -> None:
    order = make_order(payment_method="card", payment_url="https://shop.example/pay/1/")

    services.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.FAILED)

    assert told(order) == ["payment_failed"]
    assert Message.objects.get(order=order).facts["payment_url"] == "https://shop.example/pay/1/"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "ftp://shop.example/x", "pay here", "https://" + "a" * 600]
)
def test_what_is_no_web_address_never_becomes_a_link(link: str) -> None:
    order = make_order(payment_url=link)

    assert order.payment_url == ""


def test_a_refund_is_told_once_for_each_step() -> None:
    order = make_order(**PAID)

    for state in (PaymentStatus.PARTLY_REFUNDED, PaymentStatus.PARTLY_REFUNDED, PaymentStatus.REFUNDED):
        services.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=state)

    assert told(order) == ["refunded", "refunded"]


def test_a_silent_payment_says_nothing() -> None:
    order = make_order(payment_method="card")

    services.record_payment(
        order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.FAILED, notify=False
    )

    assert told(order) == []


def test_a_parcel_at_the_pickup_point_is_told_once() -> None:
    order = make_order(status="shipped", delivery_kind="locker", pickup_point="easybox 12")
    parcel = order.shipments.get()

    first = services.mark_at_pickup(shipment_id=parcel.pk, actor=SYSTEM)
    again = services.mark_at_pickup(shipment_id=parcel.pk, actor=SYSTEM)

    parcel.refresh_from_db()
    assert (first, again) == (True, False)
    assert parcel.at_pickup_at is not None and parcel.state == ShipmentState.HANDED_OVER
    assert told(order).count("at_pickup") == 1
    assert Message.objects.get(order=order, event="at_pickup").facts["pickup_point"] == "easybox 12"


def test_only_a_parcel_on_its_way_can_wait_to_be_collected() -> None:
    order = make_order(status="delivered")
    parcel = order.shipments.get()
    before = everything()

    with pytest.raises(OrderError, match="on its way"):
        services.mark_at_pickup(shipment_id=parcel.pk, actor=SYSTEM)

    assert everything() == before


def test_a_return_that_arrived_is_told() -> None:
    order = make_order(status="returned")
    note = Return.objects.get(order=order)

    services.receive_return(return_id=note.pk, actor=SYSTEM, restocked={})

    assert told(order).count("return_received") == 1


def test_a_first_parcel_is_told_as_shipped_only() -> None:
    order = make_order(status="processing")

    services.ship_order(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="AWB1")

    assert told(order)[1:] == ["shipped", "shipped"]
    assert OrderEvent.objects.filter(order=order, to_status="shipped").count() == 1


def test_a_failed_checkout_from_the_shop_is_told_with_its_link_and_not_as_received() -> None:
    from tests.factories import make_shop

    shop = make_shop()
    payload = woo_order(status="failed", payment_method="stripe", date_paid=None, date_paid_gmt=None)
    payload["payment_url"] = "https://shop.example/checkout/order-pay/727/?pay_for_order=true&key=wc_order_1"

    deliver(shop, payload)

    order = Order.objects.get(shop=shop)
    assert order.payment_url == payload["payment_url"]
    assert set(told(order)) == {"payment_failed"}


# --- Which switch decides


def switch(order: Order, is_on: bool, **narrower: str) -> None:
    MessageSwitch.objects.update_or_create(
        shop=order.shop,
        event="confirmed",
        channel="email",
        **{"payment_method": "", "source": ""} | narrower,
        defaults={"is_on": is_on},
    )


def emails_on_confirming(order: Order) -> int:
    services.confirm_order(order_id=order.pk, actor=SYSTEM)
    return Message.objects.filter(order=order, channel="email").count()


def test_a_switch_for_the_payment_method_overrules_the_general_one() -> None:
    cod, paid = make_order(), make_order(**PAID)
    for order in (cod, paid):
        switch(order, False, payment_method="cod")

    assert (emails_on_confirming(cod), emails_on_confirming(paid)) == (0, 1)


def test_a_switch_for_the_source_overrules_the_one_for_the_payment_method() -> None:
    order = make_order(source="woocommerce")
    switch(order, False, payment_method="cod")
    switch(order, True, source="woocommerce")

    assert emails_on_confirming(order) == 1


@pytest.mark.parametrize("spelled", ["emag", "eMAG"])
def test_a_marketplace_order_is_silent_until_a_switch_names_the_marketplace(spelled: str) -> None:
    silent, named = make_order(source=spelled), make_order(source=spelled)
    switch(silent, True, payment_method="cod")
    switch(named, True, source="emag")

    assert (emails_on_confirming(silent), emails_on_confirming(named)) == (0, 1)

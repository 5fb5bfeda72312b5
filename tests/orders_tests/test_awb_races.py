"""Clicks at the same moment: one sheet, one parcel, one return, and one order for each AWB."""

from __future__ import annotations

import pytest

from orders import services as orders
from orders.guards import Arguments
from orders.models import HandoverSheet, Return, Shipment
from orders.services.awbs import assign_awb, settle_parcel
from orders.services.handover import make_handover_sheet
from tests.factories import SYSTEM, make_line, make_order, make_product

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CLICKS = 6


def test_two_clicks_at_once_make_one_sheet(in_threads):
    order = make_order(status="shipped")
    parcels = [order.shipments.get().pk]

    def click():
        return make_handover_sheet(shop_id=order.shop_id, carrier="fan", shipment_ids=parcels, actor=SYSTEM)

    outcomes = in_threads([click] * CLICKS)

    assert sum(isinstance(outcome, HandoverSheet) for outcome in outcomes) == 1
    assert HandoverSheet.objects.count() == 1


def test_the_same_row_at_once_makes_one_parcel_and_one_return(in_threads):
    order = make_order(status="confirmed")
    sent = make_order(order.shop, status="shipped").shipments.get()

    given = in_threads(
        [lambda: assign_awb(order_id=order.pk, actor=SYSTEM, carrier="fan", tracking_number="2000105560061")]
        * CLICKS
    )
    settled = in_threads(
        [lambda: settle_parcel(shipment_id=sent.pk, actor=SYSTEM, outcome="refused").does] * CLICKS
    )

    assert sorted(given) == [False] * (CLICKS - 1) + [True]
    assert Shipment.objects.filter(order=order).count() == 1
    assert sorted(settled) == ["nothing"] * (CLICKS - 1) + ["return_order"]
    assert Return.objects.count() == 1


def test_one_awb_for_two_orders_at_once_is_given_to_one(in_threads):
    first = make_order(status="confirmed")
    every = [first, *(make_order(first.shop, status="confirmed") for _ in range(CLICKS - 1))]

    given = in_threads(
        [
            lambda key=order.pk: assign_awb(
                order_id=key, actor=SYSTEM, carrier="fan", tracking_number="2000105560061"
            )
            for order in every
        ]
    )

    assert [outcome for outcome in given if outcome is True] == [True]
    assert {outcome.code for outcome in given if outcome is not True} == {"awb_taken"}
    assert Shipment.objects.filter(tracking_number="2000105560061").count() == 1


def test_one_awb_typed_for_many_orders_at_once_is_given_to_one_and_nobody_waits_in_a_circle(in_threads):
    shop = make_order().shop
    lines = (make_line(make_product(shop, stock=50), 1),)
    every = [make_order(shop, lines=lines, status=status) for status in ("new", "processing") * 3]
    typed = Arguments(carrier="fan", tracking_number="2000 1055 60061")

    # A new order takes stock before it ships, one that is being picked ships at once: both hold the number first.
    given = in_threads(
        [
            lambda key=order.pk: orders.advance_order(
                order_id=key, to="shipped", actor=SYSTEM, arguments=typed
            )
            for order in every
        ]
    )

    refused = [outcome for outcome in given if isinstance(outcome, Exception)]
    assert {getattr(error, "code", repr(error)) for error in refused} == {"awb_taken"}
    assert len(refused) == CLICKS - 1
    assert Shipment.objects.filter(tracking_number="2000105560061").count() == 1

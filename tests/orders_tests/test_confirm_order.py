"""new → confirmed: the address is complete, the payment allows it, the stock is there."""

from dataclasses import replace

import pytest

from orders import services as orders
from orders.errors import AlreadyDone, TransitionRefused
from orders.models import Order
from orders.models.history import EventKind
from orders.statuses import DeliveryKind, PaymentStatus, Status
from shops.actors import Actor
from shops.models import ReserveAt, StockMaster
from tests.factories import ADDRESS, PAID, SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, everything, held_for, status_events, status_of

pytestmark = pytest.mark.django_db


def refused(order, code, actor=SYSTEM):
    before = everything()
    with pytest.raises(TransitionRefused) as refusal:
        orders.confirm_order(order_id=order.pk, actor=actor)
    assert everything() == before
    assert refusal.value.code == code
    return refusal.value.sentence


def test_it_confirms_with_one_history_row():
    shop = make_shop()
    order, manager = make_order(shop), make_user(shop, first_name="Ion", last_name="Pop")

    change = orders.confirm_order(order_id=order.pk, actor=Actor.person(manager))

    assert status_of(order) == Status.CONFIRMED
    (event,) = status_events(order)
    assert (event.pk, event.move_id) == (change.event_id, change.move_id)
    assert (event.from_status, event.to_status, event.actor_label) == ("new", "confirmed", "Ion Pop")
    assert event.undo_until == change.undo_until is not None
    assert_sound()


def test_a_machines_change_cannot_be_undone():
    change = orders.confirm_order(order_id=make_order().pk, actor=SYSTEM)

    assert change.undo_until is None


def test_it_claims_the_order_for_who_confirms():
    shop = make_shop()
    order, manager = make_order(shop), make_user(shop)

    orders.confirm_order(order_id=order.pk, actor=Actor.person(manager))

    assert Order.objects.get(pk=order.pk).manager == manager


def test_it_leaves_a_colleagues_claim():
    shop = make_shop()
    order, first, second = make_order(shop), make_user(shop), make_user(shop)
    orders.claim_order(order_id=order.pk, actor=Actor.person(first))

    orders.confirm_order(order_id=order.pk, actor=Actor.person(second))

    assert Order.objects.get(pk=order.pk).manager == first


def test_a_second_confirmation_is_told_who_did_the_first():
    shop = make_shop()
    order, manager = make_order(shop), make_user(shop, first_name="Ion", last_name="Pop")
    orders.confirm_order(order_id=order.pk, actor=Actor.person(manager))
    before = everything()

    with pytest.raises(AlreadyDone) as refusal:
        orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert "Ion Pop" in refusal.value.sentence
    assert order.number in refusal.value.sentence
    assert everything() == before


def test_a_later_status_is_a_plain_refusal():
    refused(make_order(status=Status.PROCESSING), "wrong_status")


def test_it_reserves_where_placing_did_not():
    shop = make_shop(reserve_at=ReserveAt.CONFIRMATION)
    order = make_order(shop, lines=(make_line(make_product(shop, stock=5), 2),))

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert held_for(order) == (2, 0)


@pytest.mark.parametrize("name", ["name", "phone", "street", "city", "country"])
def test_a_door_needs_a_full_address(name):
    order = make_order(shipping=replace(ADDRESS, **{name: " "}))

    refused(order, "address_incomplete")


def test_a_company_stands_for_a_name():
    order = make_order(shipping=replace(ADDRESS, name="", company="Ulița SRL"))

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == Status.CONFIRMED


@pytest.mark.parametrize("kind", [DeliveryKind.LOCKER, DeliveryKind.PICKUP])
def test_a_locker_needs_its_code_and_no_street(kind):
    bare = replace(ADDRESS, street="", city="", country="")
    order = make_order(shipping=bare, delivery_kind=kind, pickup_point="easybox Mărăști 3")

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == Status.CONFIRMED


def test_a_locker_without_its_code_is_incomplete():
    order = make_order(delivery_kind=DeliveryKind.LOCKER, pickup_point="")

    assert "locker" in refused(order, "address_incomplete")


def test_an_order_without_lines_is_refused():
    order = make_order()
    order.lines.all().delete()

    refused(order, "no_lines")


@pytest.mark.parametrize("state", [PaymentStatus.PENDING, PaymentStatus.FAILED, PaymentStatus.REFUNDED])
def test_an_unpaid_order_is_refused(state):
    refused(make_order(payment_method="card", payment_status=state), "not_paid")


@pytest.mark.parametrize(
    "payment",
    [PAID, {"payment_method": "card", "payment_status": PaymentStatus.AUTHORIZED}, {"payment_method": "cod"}],
)
def test_paid_authorized_and_cash_on_delivery_are_confirmed(payment):
    order = make_order(**payment)

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == Status.CONFIRMED


def test_a_shop_may_confirm_unpaid_orders():
    order = make_order(make_shop(confirm_unpaid=True), payment_method="transfer")

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == Status.CONFIRMED


@pytest.mark.parametrize("reserve_at", ReserveAt.values)
def test_short_stock_is_refused_by_sku(reserve_at):
    shop = make_shop(reserve_at=reserve_at)
    full, short = make_product(shop, stock=9, sku="FULL"), make_product(shop, stock=2, sku="SHORT")
    order = make_order(shop, lines=(make_line(full, 1), make_line(short, 5)))

    sentence = refused(order, "stock_short")

    assert "SHORT: 2 of 5" in sentence
    assert "FULL" not in sentence


def test_partial_delivery_agreed_lets_the_rest_wait():
    shop = make_shop(reserve_at=ReserveAt.CONFIRMATION)
    order = make_order(shop, lines=(make_line(make_product(shop, stock=2), 5),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=True)

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert held_for(order) == (2, 3)


def test_a_product_that_may_be_sold_ahead_waits():
    shop = make_shop(reserve_at=ReserveAt.CONFIRMATION)
    order = make_order(shop, lines=(make_line(make_product(shop, stock=0, allow_backorder=True), 2),))

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert held_for(order) == (0, 2)


@pytest.mark.parametrize("master", [StockMaster.SOURCE, StockMaster.NOBODY])
def test_shortage_blocks_only_where_we_keep_the_stock(master):
    shop = make_shop(stock_master=master)
    order = make_order(shop, lines=(make_line(make_product(shop, stock=1), 5),))

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == Status.CONFIRMED


def test_units_this_order_holds_are_no_shortage():
    shop = make_shop()
    product = make_product(shop, stock=5)
    order = make_order(shop, lines=(make_line(product, 5),))
    other = make_order(shop, lines=(make_line(product, 1),))

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert held_for(order) == (5, 0)
    assert "0 of 1" in refused(other, "stock_short")


def test_the_claim_is_written_on_the_history():
    shop = make_shop()
    order = make_order(shop)

    orders.confirm_order(order_id=order.pk, actor=Actor.person(make_user(shop)))

    kinds = list(order.events.order_by("id").values_list("kind", flat=True))
    assert kinds == [EventKind.PLACED, EventKind.STATUS, EventKind.CLAIMED]

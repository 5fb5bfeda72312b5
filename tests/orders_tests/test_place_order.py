"""Placing an order writes all of it at once: customer, lines, reservation, history, card."""

from decimal import Decimal as D

import pytest
from django.db import IntegrityError, transaction

from crm.models import Deal
from inventory.models import Product, Reservation
from orders import services as orders
from orders.drafts import LineDraft
from orders.errors import OrderError
from orders.models import Order, OrderTerm
from orders.models.history import EventKind
from orders.statuses import Status
from orders.tracking import digest_of, token_for
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import ReserveAt, StockMaster
from tests.factories import SYSTEM, make_draft, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, counters, held_for

pytestmark = pytest.mark.django_db


def place(shop, *lines, number="", notify=True, reference="", **fields):
    return orders.place_order(
        shop_id=shop.pk,
        draft=make_draft(shop, *lines, **fields),
        actor=SYSTEM,
        number=number,
        notify=notify,
        reference=reference,
    )


def test_it_writes_the_order_with_one_history_row_and_one_card():
    shop = make_shop()
    product = make_product(shop)

    order = place(shop, make_line(product, 2))

    stored = Order.objects.get(pk=order.pk)
    assert (stored.status, stored.total, stored.currency) == (Status.NEW, 20, "RON")
    assert [event.kind for event in stored.events.all()] == [EventKind.PLACED]
    deal = Deal.objects.get(order=order)
    assert (deal.stage.slug, deal.amount, deal.title) == ("new", 20, order.number)
    assert OrderTerm.objects.filter(order=order).exists()
    assert_sound()


def test_it_reserves_at_placing():
    shop = make_shop()
    product = make_product(shop, stock=10)

    order = place(shop, make_line(product, 3))

    assert held_for(order) == (3, 0)
    assert counters(product) == (10, 3)


def test_it_sums_lines_of_one_product():
    shop = make_shop()
    product = make_product(shop, stock=10)

    order = place(shop, make_line(product, 3), make_line(product, 4))

    assert held_for(order) == (7, 0)
    assert Reservation.objects.filter(reference=order.stock_reference).count() == 1


def test_it_waits_for_what_is_short():
    shop = make_shop()
    product = make_product(shop, stock=2)

    order = place(shop, make_line(product, 5))

    assert held_for(order) == (2, 3)


def test_it_reserves_nothing_where_confirmation_does():
    shop = make_shop(reserve_at=ReserveAt.CONFIRMATION)
    product = make_product(shop, stock=10)

    order = place(shop, make_line(product, 3))

    assert held_for(order) == (0, 0)
    assert counters(product) == (10, 0)


def test_it_reserves_nothing_where_nobody_keeps_count():
    shop = make_shop(stock_master=StockMaster.NOBODY)
    product = make_product(shop, stock=10)

    order = place(shop, make_line(product, 3))

    assert held_for(order) == (0, 0)


def test_it_makes_unknown_products_untracked():
    shop = make_shop()
    line = LineDraft(name="Ceașcă smălțuită", quantity=2, unit_price=D("12"), total=D("24"), sku="NEW-1")

    order = place(shop, line)

    product = Product.objects.get(shop=shop, sku="NEW-1")
    assert (product.is_tracked, product.name) == (False, "Ceașcă smălțuită")
    assert order.lines.get().product == product
    assert held_for(order) == (0, 0)


def test_it_uses_the_known_product_of_a_sku():
    shop = make_shop()
    product = make_product(shop, stock=5, sku="CUP")
    line = LineDraft(name="Other words", quantity=1, unit_price=D("1"), total=D("1"), sku="CUP")

    order = place(shop, line)

    assert order.lines.get().product == product
    assert held_for(order) == (1, 0)


def test_it_stores_only_the_digest_of_the_tracking_token():
    order = make_order()

    token = token_for(order.uuid, order.tracking_version)
    assert len(token) == 22
    assert order.tracking_digest == digest_of(token)


def test_it_speaks_the_shops_language_unless_the_customer_has_their_own():
    shop = make_shop(country="PL")

    ours = place(shop, make_line(make_product(shop)))
    theirs = place(shop, make_line(make_product(shop)), language="uk")

    assert (ours.language, theirs.language) == ("pl", "uk")


def test_a_silent_order_is_acknowledged_later_and_once():
    shop = make_shop()
    order = place(shop, make_line(make_product(shop)), notify=False)
    assert order.acknowledged_at is None

    first = orders.acknowledge_order(order_id=order.pk, actor=SYSTEM)
    second = orders.acknowledge_order(order_id=order.pk, actor=SYSTEM)

    assert (first, second) == (True, False)
    assert Order.objects.get(pk=order.pk).acknowledged_at is not None


def test_the_same_external_order_is_placed_once():
    shop = make_shop()
    product = make_product(shop, stock=10)
    place(shop, make_line(product), source="woocommerce", external_id="727")

    with pytest.raises(IntegrityError), transaction.atomic():
        place(shop, make_line(product), source="woocommerce", external_id="727")

    assert Order.objects.filter(shop=shop).count() == Deal.objects.filter(order__shop=shop).count() == 1


def test_the_same_external_number_in_two_shops_makes_two_orders():
    one, other = make_shop(), make_shop()

    first = place(one, make_line(make_product(one)), source="woocommerce", external_id="727")
    second = place(other, make_line(make_product(other)), source="woocommerce", external_id="727")

    assert first.pk != second.pk


def test_it_asks_permission_first():
    shop = make_shop()
    stranger = Actor.person(make_user(make_shop()))
    draft = make_draft(shop, make_line(make_product(shop)))

    with pytest.raises(NotPermitted):
        orders.place_order(shop_id=shop.pk, draft=draft, actor=stranger)

    assert not Order.objects.exists()


def test_a_product_of_another_shop_is_refused():
    shop, other = make_shop(), make_shop()
    foreign = make_product(other)

    with pytest.raises(OrderError) as refusal:
        place(shop, make_line(foreign))

    assert refusal.value.field == "lines"
    assert not Order.objects.exists()

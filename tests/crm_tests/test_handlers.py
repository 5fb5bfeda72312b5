"""What the board does when orders, shops and stock change: one card per order, mirrored facts, told boards."""

import pytest

from crm import services as crm
from crm.handlers import create_deal
from crm.models import BoardChange, Deal, Funnel, MoveKind, Stage
from inventory import services as inventory
from orders import services as orders
from orders.events import OrderPlaced
from orders.models import Order
from orders.statuses import PaymentStatus, Status
from shops.actors import Actor
from tests.factories import (
    PAID,
    SYSTEM,
    make_draft,
    make_line,
    make_order,
    make_product,
    make_shop,
    make_user,
)
from tests.state import assert_sound

pytestmark = pytest.mark.django_db


def deal_of(order):
    return Deal.objects.select_related("stage").get(order=order)


def told(order):
    return BoardChange.objects.filter(deal__order=order).count()


def test_an_order_gets_one_card_even_if_told_twice():
    order = make_order()

    create_deal(OrderPlaced(order_id=order.pk, shop_id=order.shop_id, actor=SYSTEM))

    assert Deal.objects.filter(order=order).count() == 1


def test_a_shop_without_an_active_board_takes_orders_all_the_same():
    shop = make_shop()
    Funnel.objects.filter(shop=shop).update(is_active=False)

    order = make_order(shop)

    assert not Deal.objects.filter(order=order).exists()
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED


def test_an_order_made_from_a_deal_keeps_that_deal():
    shop = make_shop()
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    deal = Deal.objects.create(
        funnel=funnel, stage=Stage.objects.get(funnel=funnel, slug="new"), title="A call", currency="RON"
    )

    order = orders.place_order(
        shop_id=shop.pk,
        draft=make_draft(shop, make_line(make_product(shop), 2)),
        actor=SYSTEM,
        reference=f"deal:{deal.pk}",
    )

    assert (deal_of(order).pk, deal_of(order).amount, Deal.objects.count()) == (deal.pk, 20, 1)


def test_the_manager_is_mirrored_both_ways():
    shop = make_shop()
    order, person = make_order(shop), make_user(shop)

    orders.claim_order(order_id=order.pk, actor=Actor.person(person))
    assert deal_of(order).manager == person
    orders.release_order(order_id=order.pk, actor=Actor.person(person))

    assert deal_of(order).manager is None


def test_the_amount_is_mirrored():
    shop = make_shop()
    product = make_product(shop)
    order = make_order(shop, lines=(make_line(product, 1),))

    orders.update_from_source(order_id=order.pk, draft=make_draft(shop, make_line(product, 3)), actor=SYSTEM)

    assert deal_of(order).amount == 30


def test_a_payment_that_comes_back_takes_the_card_out_of_paid_out():
    shop = make_shop()
    order = make_order(shop, status=Status.DELIVERED, **PAID)
    deal, paid_out = deal_of(order), Stage.objects.get(funnel__shop=shop, slug="paid-out")
    crm.move_deal(deal_id=deal.pk, to_stage_id=paid_out.pk, actor=SYSTEM)

    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.REFUNDED)

    assert deal_of(order).stage.slug == "delivered"
    assert deal_of(order).moves.latest("id").kind == MoveKind.FOLLOWED
    assert_sound()


def test_another_way_of_paying_takes_the_card_out_of_awaiting_payment():
    shop = make_shop()
    product = make_product(shop)
    order = make_order(shop, lines=(make_line(product),), payment_method="card")
    awaiting = Stage.objects.get(funnel__shop=shop, slug="awaiting-payment")
    crm.move_deal(deal_id=deal_of(order).pk, to_stage_id=awaiting.pk, actor=SYSTEM)

    orders.update_from_source(
        order_id=order.pk, draft=make_draft(shop, make_line(product), payment_method="cod"), actor=SYSTEM
    )

    assert deal_of(order).stage.slug == "new"
    assert deal_of(order).moves.latest("id").kind == MoveKind.FOLLOWED
    assert_sound()


def test_an_edit_leaves_a_card_where_its_stage_still_fits():
    shop = make_shop()
    order = make_order(shop, payment_method="card")
    awaiting = Stage.objects.get(funnel__shop=shop, slug="awaiting-payment")
    crm.move_deal(deal_id=deal_of(order).pk, to_stage_id=awaiting.pk, actor=SYSTEM)
    moves = deal_of(order).moves.count()

    orders.edit_delivery(order_id=order.pk, actor=SYSTEM, delivery_kind="own")

    assert deal_of(order).stage.slug == "awaiting-payment"
    assert deal_of(order).moves.count() == moves


@pytest.mark.parametrize(
    "change",
    [
        lambda order: orders.edit_delivery(order_id=order.pk, actor=SYSTEM, delivery_kind="own"),
        lambda order: orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status="paid"),
        lambda order: orders.report_from_source(order_id=order.pk, actor=SYSTEM, sentence="Odd."),
        lambda order: orders.confirm_order(order_id=order.pk, actor=SYSTEM),
    ],
)
def test_open_boards_are_told_of_what_a_card_shows(change):
    order = make_order()
    before = told(order)

    change(order)

    assert told(order) > before


def test_goods_that_arrive_are_told_to_the_waiting_cards_board():
    shop = make_shop()
    product = make_product(shop, stock=0)
    order = make_order(shop, lines=(make_line(product, 2),))
    before = told(order)

    inventory.receive(product_id=product.pk, quantity=5, reason="delivery", actor=SYSTEM)

    assert told(order) == before + 1

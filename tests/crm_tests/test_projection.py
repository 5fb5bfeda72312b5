"""The card follows its order: to the entry stage of the new status, unless it already stands where it agrees."""

import pytest
from django.db import transaction

from crm import projection
from crm.models import Deal, DealMove, Funnel, MoveKind, Stage
from orders import services as orders
from orders.guards import Arguments
from orders.models import Order
from orders.statuses import PaymentStatus, Status
from shops.actors import Actor
from tests.factories import SYSTEM, make_order, make_shop, make_user
from tests.state import assert_sound

pytestmark = pytest.mark.django_db


def deal_of(order):
    return Deal.objects.select_related("stage", "order", "funnel").get(order=order)


def stage(order, slug):
    return Stage.objects.get(funnel__shop=order.shop, slug=slug)


def put(order, slug):
    with transaction.atomic():
        deal = projection.lock_deal(deal_of(order).pk)
        projection.place(deal, stage(order, slug), 5, actor=SYSTEM, kind=MoveKind.BY_HAND)


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        (Status.NEW, "new"),
        (Status.CONFIRMED, "confirmed"),
        (Status.PROCESSING, "picking"),
        (Status.SHIPPED, "shipped"),
        (Status.DELIVERED, "delivered"),
        (Status.CANCELLED, "cancelled"),
        (Status.RETURNED, "returned"),
    ],
)
def test_each_status_has_its_entry(status, slug):
    assert deal_of(make_order(status=status)).stage.slug == slug


def test_a_new_card_stands_behind_those_before_it():
    shop = make_shop()
    made = [make_order(shop) for _ in range(4)]

    ranks = [deal_of(order).rank for order in made]

    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("payment", "slug"),
    [
        ({"payment_method": "card"}, "awaiting-payment"),
        ({"payment_method": "card", "payment_status": PaymentStatus.FAILED}, "awaiting-payment"),
        ({"payment_method": "card", "payment_status": PaymentStatus.PAID}, "new"),
        ({"payment_method": "cod"}, "new"),
    ],
)
def test_an_unpaid_order_awaits_its_payment(payment, slug):
    assert deal_of(make_order(**payment)).stage.slug == slug


def test_where_unpaid_orders_are_confirmed_nobody_awaits_a_payment():
    order = make_order(make_shop(confirm_unpaid=True), payment_method="card")

    assert deal_of(order).stage.slug == "new"


def test_a_card_on_a_step_of_its_status_stays_there():
    order = make_order(status=Status.PROCESSING)
    put(order, "packed")

    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status="paid")

    assert deal_of(order).stage.slug == "packed"


def test_a_stage_without_a_status_agrees_with_everything():
    order = make_order()
    free = Stage.objects.create(funnel=deal_of(order).funnel, name="VIP", slug="vip", position=50)
    put(order, "vip")

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert deal_of(order).stage == free
    assert projection.agrees(free, order)


def test_a_card_is_never_put_where_its_order_is_not():
    order = make_order()

    with pytest.raises(projection.Disagreement), transaction.atomic():
        put(order, "shipped")

    assert deal_of(order).stage.slug == "new"


def test_a_board_without_the_status_keeps_the_card_and_the_order_goes_on():
    order = make_order()
    Stage.objects.filter(funnel=deal_of(order).funnel, slug="confirmed").delete()

    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert Order.objects.get(pk=order.pk).status == Status.CONFIRMED
    assert deal_of(order).stage.slug == "new"


def test_drift_ends_with_the_next_status_the_board_knows():
    order = make_order()
    Stage.objects.filter(funnel=deal_of(order).funnel, slug="confirmed").delete()
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    assert deal_of(order).stage.slug == "picking"
    assert_sound()


def test_a_stage_that_was_deleted_is_no_place_to_go_back_to():
    shop = make_shop()
    order, person = make_order(shop), Actor.person(make_user(shop))
    put(order, "no-answer")
    move = orders.confirm_order(order_id=order.pk, actor=person).move_id
    Stage.objects.filter(funnel__shop=shop, slug="no-answer").delete()

    orders.revert_move(move_id=move, actor=person)

    assert deal_of(order).stage.slug == "new"
    assert_sound()


def test_open_marks_follow_the_stage():
    order = make_order(status=Status.SHIPPED)
    assert deal_of(order).is_open is True

    orders.deliver_order(order_id=order.pk, actor=SYSTEM)

    assert deal_of(order).is_open is False


def test_the_steps_of_one_move_make_one_row():
    order = make_order()

    steps = orders.advance_order(
        order_id=order.pk, to=Status.DELIVERED, actor=SYSTEM, arguments=Arguments(carrier="own")
    )

    (row,) = DealMove.objects.filter(deal__order=order).exclude(kind=MoveKind.CREATED)
    assert (row.move_id, row.from_stage.slug, row.to_stage.slug) == (steps[0].move_id, "new", "delivered")


def test_the_first_row_says_the_card_was_created():
    row = DealMove.objects.get(deal__order=make_order())

    assert (row.kind, row.from_stage, row.to_stage.slug) == (MoveKind.CREATED, None, "new")


def test_another_funnel_of_the_shop_is_left_alone():
    shop = make_shop()

    make_order(shop, status=Status.SHIPPED)

    assert not Deal.objects.exclude(funnel=Funnel.objects.get(shop=shop, is_default=True)).exists()

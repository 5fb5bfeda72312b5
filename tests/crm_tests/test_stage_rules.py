"""Where happenings put a card, and the board's own conditions and limits."""

import contextlib

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm import projection, rules
from crm import services as crm
from crm.errors import MoveNotAllowed
from crm.models import Deal, DealMove, Funnel, Happening, Stage, StageCondition, StageRule
from inventory import services as inventory
from orders import services as orders
from orders.guards import Arguments
from orders.models import Order, Shipment
from orders.statuses import PaymentMethod, PaymentStatus, ShipmentState, Status
from shops.actors import Actor
from tests.factories import make_line, make_order, make_product, make_shop, make_user

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


def stage_of(order: Order) -> str:
    return Deal.objects.select_related("stage").get(order=order).stage.slug


def rule(shop, happening: str, slug: str) -> StageRule:
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    stage = funnel.stages.get(slug=slug)
    written, _created = StageRule.objects.update_or_create(
        funnel=funnel, happening=happening, defaults={"stage": stage}
    )
    return written


def shipped(shop) -> Order:
    order = make_order(shop)
    person = Actor.person(make_user(shop))
    arguments = Arguments(carrier="fan", tracking_number="123456")
    orders.advance_order(order_id=order.pk, to=Status.SHIPPED, actor=person, arguments=arguments)
    return order


def test_a_new_shop_has_the_rules_of_the_preset():
    shop = make_shop()

    found = dict(StageRule.objects.filter(funnel__shop=shop).values_list("happening", "stage__slug"))

    assert found == {"no_answer": "no-answer", "at_pickup": "at-pickup", "payment_failed": "awaiting-payment"}


def test_a_failed_payment_puts_the_card_where_it_waits_for_money():
    order = make_order(make_shop(), payment_method=PaymentMethod.CARD, payment_status="authorized")

    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.FAILED)

    assert stage_of(order) == "awaiting-payment"


def test_a_rule_whose_condition_is_not_met_does_nothing():
    order = make_order(make_shop(), payment_method=PaymentMethod.COD)

    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.FAILED)

    assert stage_of(order) == "new"


def test_a_rule_whose_stage_contradicts_the_order_does_nothing():
    shop = make_shop()
    order = make_order(shop, status=Status.CONFIRMED)
    rule(shop, Happening.PAID, "no-answer")

    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.PAID)

    assert stage_of(order) == "confirmed"


def test_a_paid_delivered_order_goes_where_the_rule_says():
    shop = make_shop()
    order = make_order(shop, status=Status.DELIVERED)
    rule(shop, Happening.PAID, "paid-out")

    orders.record_payment(order_id=order.pk, actor=SYSTEM, payment_status=PaymentStatus.PAID)

    assert stage_of(order) == "paid-out"


def test_a_parcel_at_the_pickup_point_moves_its_card_and_a_repeat_moves_nothing():
    order = shipped(make_shop())
    parcel = Shipment.objects.get(order=order)

    orders.mark_at_pickup(shipment_id=parcel.pk, actor=SYSTEM)
    orders.mark_at_pickup(shipment_id=parcel.pk, actor=SYSTEM)

    assert stage_of(order) == "at-pickup"
    assert DealMove.objects.filter(deal__order=order, to_stage__slug="at-pickup").count() == 1


def test_arrived_goods_move_the_card_of_the_order_that_waited():
    shop = make_shop()
    product = make_product(shop, stock=0)
    order = make_order(shop, lines=(make_line(product, 2),))
    rule(shop, Happening.GOODS_ARRIVED, "no-answer")

    inventory.receive(product_id=product.pk, quantity=5, reason="delivery", actor=SYSTEM)

    assert stage_of(order) == "no-answer"


def test_a_placed_order_starts_where_the_rule_says():
    shop = make_shop()
    rule(shop, Happening.PLACED, "no-answer")

    order = make_order(shop)

    assert stage_of(order) == "no-answer"


def test_a_funnel_that_does_not_follow_ignores_its_rules():
    order = shipped(make_shop())
    Funnel.objects.update(follows_orders=False)

    orders.mark_at_pickup(shipment_id=Shipment.objects.get(order=order).pk, actor=SYSTEM)

    assert stage_of(order) == "shipped"


def test_existing_funnels_get_the_preset_rules_once():
    shop = make_shop()
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    StageRule.objects.all().delete()
    StageRule.history.all().delete()

    first, second = crm.add_preset_rules(), crm.add_preset_rules()

    assert (first, second) == (1, 0)
    assert funnel.rules.count() == 3


def test_rules_somebody_took_away_are_not_written_again():
    shop = make_shop()
    StageRule.objects.get(funnel__shop=shop, happening="no_answer").delete()
    StageRule.objects.filter(funnel__shop=shop).delete()

    given = crm.add_preset_rules()

    assert given == 0
    assert not StageRule.objects.exists()


def condition(order: Order, stage_slug: str, wanted: str) -> Stage:
    stage = Stage.objects.get(funnel__shop=order.shop, slug=stage_slug)
    stage.condition = wanted
    stage.save()
    return stage


def test_a_stage_for_numbered_parcels_takes_no_order_without_a_number():
    shop = make_shop()
    order = make_order(shop, status=Status.PROCESSING)
    stage = condition(order, "packed", StageCondition.NUMBERED)
    deal = Deal.objects.get(order=order)

    with pytest.raises(MoveNotAllowed, match="tracking number"):
        crm.move_deal(deal_id=deal.pk, to_stage_id=stage.pk, actor=Actor.person(make_user(shop)))

    assert stage_of(order) == "picking"


def test_a_stage_for_numbered_parcels_takes_an_order_with_a_number():
    shop = make_shop()
    order = make_order(shop, status=Status.PROCESSING)
    stage = condition(order, "packed", StageCondition.NUMBERED)
    Shipment.objects.create(order=order, carrier="fan", tracking_number="99", actor_kind="system")

    crm.move_deal(
        deal_id=Deal.objects.get(order=order).pk, to_stage_id=stage.pk, actor=Actor.person(make_user(shop))
    )

    assert stage_of(order) == "packed"


def test_the_number_given_with_the_move_counts():
    shop = make_shop()
    order = make_order(shop, status=Status.PROCESSING)
    stage = condition(order, "shipped", StageCondition.NUMBERED)

    crm.move_deal(
        deal_id=Deal.objects.get(order=order).pk,
        to_stage_id=stage.pk,
        actor=Actor.person(make_user(shop)),
        arguments=Arguments(carrier="fan", tracking_number="77"),
    )

    assert stage_of(order) == "shipped"


def test_a_stage_for_parcels_that_wait_asks_for_one():
    order = shipped(make_shop())
    stage = condition(order, "at-pickup", StageCondition.AT_PICKUP)

    before = rules.meets_condition(stage, Order.objects.get(pk=order.pk))
    orders.mark_at_pickup(shipment_id=Shipment.objects.get(order=order).pk, actor=SYSTEM)
    after = rules.meets_condition(stage, Order.objects.get(pk=order.pk))

    assert (before, after) == (False, True)
    assert stage_of(order) == "at-pickup"


def test_conditions_of_many_orders_ask_nothing_where_parcels_were_loaded():
    shop = make_shop()
    made = [make_order(shop, status=Status.PROCESSING) for _ in range(4)]
    stages = [condition(made[0], "packed", "numbered"), condition(made[0], "at-pickup", "at_pickup")]
    loaded = list(Order.objects.prefetch_related("shipments"))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        met = [rules.meets_condition(stage, order) for order in loaded for stage in stages]

    assert met == [False] * 8
    assert len(queries) == 0


def test_a_voided_number_is_none():
    order = make_order(make_shop(), status=Status.PROCESSING)
    stage = condition(order, "packed", StageCondition.NUMBERED)
    Shipment.objects.create(
        order=order,
        carrier="fan",
        tracking_number="1",
        state=ShipmentState.VOIDED,
        actor_kind="system",
    )

    assert not rules.meets_condition(stage, Order.objects.get(pk=order.pk))


@pytest.mark.parametrize(("is_hard", "lands_on"), [(True, "new"), (False, "no-answer")])
def test_only_a_hard_limit_refuses(is_hard, lands_on):
    shop = make_shop()
    order, other = make_order(shop), make_order(shop)
    stage = Stage.objects.get(funnel__shop=shop, slug="no-answer")
    Stage.objects.filter(pk=stage.pk).update(wip_limit=1, wip_is_hard=is_hard)
    person = Actor.person(make_user(shop))
    crm.move_deal(deal_id=Deal.objects.get(order=other).pk, to_stage_id=stage.pk, actor=person)

    with contextlib.suppress(MoveNotAllowed):
        crm.move_deal(deal_id=Deal.objects.get(order=order).pk, to_stage_id=stage.pk, actor=person)

    assert stage_of(order) == lands_on


def test_a_rule_ignores_limits():
    shop = make_shop()
    Stage.objects.filter(funnel__shop=shop, slug="at-pickup").update(wip_limit=0)
    order = shipped(shop)

    orders.mark_at_pickup(shipment_id=Shipment.objects.get(order=order).pk, actor=SYSTEM)

    assert stage_of(order) == "at-pickup"


def test_a_card_is_placed_by_rule_in_its_own_funnel_only():
    shop = make_shop()
    order = make_order(shop)
    foreign = Funnel.objects.get(shop=make_shop("PL"), is_default=True)
    StageRule.objects.filter(funnel__shop=shop).delete()

    with transaction.atomic():
        deal = projection.lock_deal(Deal.objects.get(order=order).pk)
        moved = projection.place_by_rule(deal, Happening.NO_ANSWER, actor=SYSTEM)

    assert foreign.rules.exists()
    assert moved is False

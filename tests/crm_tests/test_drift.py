"""Drift: what is found, how it is said, what a repair does, and that looking costs what is shown."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import services as crm
from crm.errors import MoveNotAllowed
from crm.models import Deal, Funnel, MoveKind, Stage
from crm.selectors.drift import look_at_cards, look_at_orders
from crm.services import drift
from crm.services.drift import repair_card, repair_step
from crm.services.funnels import choose_default_funnel, copy_funnel, switch_funnel
from notifications.models import Message
from orders import services as orders
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user
from tests.state import assert_sound

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.fixture
def shop():
    return make_shop("RO", language="en")


@pytest.fixture
def funnel(shop) -> Funnel:
    return Funnel.objects.get(shop=shop, is_default=True)


@pytest.fixture
def boss(shop) -> Actor:
    return Actor.person(make_user(shop, Role.SUPERVISOR))


def drifted(shop, status=Status.CONFIRMED) -> Deal:
    """A card whose order went on while its funnel did not follow."""
    order = make_order(shop)
    Funnel.objects.filter(shop=shop).update(follows_orders=False)
    orders.advance_order(order_id=order.pk, to=status, actor=SYSTEM)
    Funnel.objects.filter(shop=shop).update(follows_orders=True)
    return Deal.objects.get(order=order)


def sentences(funnel) -> str:
    return "\n".join(row.sentence for row in look_at_cards(funnel).rows + look_at_orders(funnel).rows)


def test_a_sound_board_has_none(shop, funnel):
    make_order(shop, status=Status.PROCESSING)

    assert sentences(funnel) == ""
    assert look_at_cards(funnel).after is None


def test_a_card_that_disagrees_is_explained_and_put_right(shop, funnel, boss):
    deal = drifted(shop)
    messages = Message.objects.count()

    said, moved, again = sentences(funnel), *(repair_card(deal_id=deal.pk, actor=boss) for _ in range(2))

    move = deal.moves.latest("id")
    assert said == f"Order {deal.title} is “Confirmed”, but its card stands in “New”."
    assert (moved, again, Deal.objects.get(pk=deal.pk).stage.slug) == (True, False, "confirmed")
    assert (move.kind, move.actor_user_id) == (MoveKind.BY_HAND, boss.user_id)
    assert Message.objects.count() == messages
    assert_sound()


def test_a_card_without_a_place_needs_a_person(shop, funnel, boss):
    deal = drifted(shop)
    Stage.objects.filter(funnel=funnel, slug="confirmed").update(is_entry=False)

    with pytest.raises(MoveNotAllowed, match="No stage of this board is chosen for “Confirmed”"):
        repair_card(deal_id=deal.pk, actor=boss)

    assert Deal.objects.get(pk=deal.pk).stage.slug == "new"


def test_a_card_that_lost_its_condition_goes_home(shop, funnel, boss):
    order = make_order(shop)
    stage = Stage.objects.get(funnel=funnel, slug="no-answer")
    deal = Deal.objects.get(order=order)
    crm.move_deal(deal_id=deal.pk, to_stage_id=stage.pk, actor=boss)
    Stage.objects.filter(pk=stage.pk).update(condition="paid")

    said = sentences(funnel)
    repair_card(deal_id=deal.pk, actor=boss)

    assert "does not meet the condition of this stage" in said
    assert Deal.objects.get(pk=deal.pk).stage.slug == "new"


def test_an_order_without_a_card_is_found_and_gets_one(shop, funnel, boss):
    Funnel.objects.filter(pk=funnel.pk).update(creates_deals=False)
    order = make_order(shop, status=Status.CONFIRMED)
    nothing = sentences(Funnel.objects.get(pk=funnel.pk))
    Funnel.objects.filter(pk=funnel.pk).update(creates_deals=True)

    said = sentences(funnel)
    step = repair_step(funnel_id=funnel.pk, actor=boss)

    assert (nothing, said) == ("", f"Order {order.number} (Confirmed) has no card.")
    assert (step.repaired, step.is_done) == (1, True)
    assert Deal.objects.get(order=order).stage.slug == "confirmed"
    assert_sound()


def test_open_cards_of_a_board_that_is_off_go_to_the_one_in_use(shop, funnel, boss):
    order = make_order(shop, status=Status.PROCESSING)
    other = copy_funnel(funnel_id=funnel.pk, name="Other", actor=boss)
    switch_funnel(funnel_id=other.pk, is_active=True, actor=boss)
    choose_default_funnel(funnel_id=other.pk, actor=boss)
    switch_funnel(funnel_id=funnel.pk, is_active=False, actor=boss)

    said = sentences(Funnel.objects.get(pk=funnel.pk))
    repair_card(deal_id=Deal.objects.get(order=order).pk, actor=boss)
    orders.cancel_order(order_id=order.pk, actor=SYSTEM, reason_code="customer")

    deal = Deal.objects.get(order=order)
    assert "is switched off; “Other” takes the orders now" in said
    assert (deal.funnel, deal.stage.slug) == (other, "cancelled")
    assert_sound()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.WAREHOUSE])
def test_others_may_not_repair(shop, role):
    deal = drifted(shop)

    with pytest.raises(NotPermitted):
        repair_card(deal_id=deal.pk, actor=Actor.person(make_user(shop, role)))

    assert Deal.objects.get(pk=deal.pk).stage.slug == "new"


def test_all_of_it_is_repaired_window_by_window(shop, funnel, boss, monkeypatch):
    monkeypatch.setattr(drift, "WINDOW", 2)
    deals = [drifted(shop) for _ in range(5)]
    repaired, cards, seen = 0, None, []

    while True:
        step = repair_step(funnel_id=funnel.pk, actor=boss, cards_before=cards, with_orders=False)
        repaired, cards = repaired + step.repaired, step.cards_before
        seen.append(step.seen)
        if step.is_done:
            break

    assert (repaired, seen) == (5, [2, 2, 1])
    assert not Deal.objects.filter(pk__in=[deal.pk for deal in deals], stage__slug="new").exists()


def test_verify_says_the_same(shop):
    deal = drifted(shop)

    with pytest.raises((CommandError, SystemExit)):
        call_command("verify", "--shop", shop.slug)

    repair_card(deal_id=deal.pk, actor=SYSTEM)
    call_command("verify", "--shop", shop.slug)


def test_looking_costs_the_same_with_few_and_with_many(shop, funnel):
    drifted(shop)
    with CaptureQueriesContext(connection) as few:
        look_at_cards(funnel)
    for _ in range(5):
        drifted(shop)

    with CaptureQueriesContext(connection) as many:
        look = look_at_cards(funnel)

    assert len(look.rows) == 6
    assert len(few) == len(many) <= 4


def test_an_order_keeps_its_card_when_it_is_put_on_the_board_twice(shop, boss):
    order = make_order(shop)

    with pytest.raises(MoveNotAllowed):
        crm.create_deal_for_order(order_id=order.pk, actor=boss)

    assert Deal.objects.filter(order=order).count() == 1
    assert Order.objects.get(pk=order.pk).status == Status.NEW

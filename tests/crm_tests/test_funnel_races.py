"""The board rearranged under people's hands: no card is lost, and none stands where its order is not."""

from dataclasses import replace
from threading import Event

import pytest
from django.db import transaction

from bench.shuffle import Shuffle, plan_of
from crm import services as crm
from crm.errors import MoveNotAllowed
from crm.models import Deal, Funnel, Stage
from crm.selectors.mapping import mapping_of, version_of
from crm.services.emptying import Emptied, empty_stage
from crm.services.stages import Saved, save_funnel
from orders import services as orders
from orders.models import Order
from orders.statuses import Status
from shops.actors import Actor
from shops.permissions import Role
from tests.factories import make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SYSTEM = Actor.system("test")


def test_a_drag_into_a_stage_that_is_being_deleted_loses_nothing(in_threads):
    shop = make_shop()
    boss, person = Actor.person(make_user(shop, Role.ADMIN)), Actor.person(make_user(shop))
    product = make_product(shop, stock=100)
    made = [make_order(shop, status=Status.PROCESSING, lines=(make_line(product, 1),)) for _ in range(6)]
    packed = Stage.objects.get(funnel__shop=shop, slug="packed")
    deals = [Deal.objects.get(order=order) for order in made]

    def drag(deal):
        return lambda: crm.move_deal(deal_id=deal.pk, to_stage_id=packed.pk, actor=person)

    outcomes = in_threads(
        [
            *map(drag, deals[:3]),
            lambda: empty_stage(stage_id=packed.pk, actor=boss, delete=True),
            *map(drag, deals[3:]),
        ]
    )

    dragged = [outcome for outcome in outcomes if not isinstance(outcome, Emptied)]
    assert any(isinstance(outcome, Emptied) and outcome.is_deleted for outcome in outcomes)
    assert all(isinstance(outcome, crm.MoveResult | MoveNotAllowed) for outcome in dragged)
    assert set(Deal.objects.values_list("stage__slug", flat=True)) == {"picking"}
    assert Deal.objects.count() == 6
    assert_sound()


def test_an_order_that_changes_while_its_status_gets_another_stage_ends_where_it_belongs(in_threads):
    shop = make_shop()
    boss = Actor.person(make_user(shop, Role.ADMIN))
    product = make_product(shop, stock=100)
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    made = [make_order(shop, lines=(make_line(product, 1),)) for _ in range(8)]
    mapping = mapping_of(funnel)
    plan, free = plan_of(mapping), Stage.objects.get(funnel=funnel, slug="packed")
    stages = tuple(
        replace(row, status="confirmed") if row.stage_id == free.pk else row for row in plan.stages
    )
    changed = replace(plan, stages=stages, entries=plan.entries | {"confirmed": free.pk})
    version = version_of(funnel.pk)

    outcomes = in_threads(
        [
            *(lambda o=order: orders.confirm_order(order_id=o.pk, actor=SYSTEM) for order in made),
            lambda: save_funnel(
                funnel_id=funnel.pk, plan=changed, version=version, actor=boss, move_cards=True
            ),
        ]
    )

    assert sum(isinstance(outcome, Saved) for outcome in outcomes) == 1
    assert not any(isinstance(outcome, Exception) for outcome in outcomes)
    assert set(Order.objects.values_list("status", flat=True)) == {Status.CONFIRMED}
    assert set(Deal.objects.values_list("stage__status", flat=True)) == {"confirmed"}
    assert_sound()


def test_a_change_of_the_rules_waits_for_cards_being_placed_by_them(in_threads):
    shop = make_shop()
    boss, order = Actor.person(make_user(shop, Role.ADMIN)), make_order(shop)
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    plan, version = plan_of(mapping_of(funnel)), version_of(funnel.pk)
    old, new = (Stage.objects.get(funnel=funnel, slug=slug).pk for slug in ("confirmed", "packed"))
    becomes = {old: "processing", new: "confirmed"}
    stages = tuple(replace(row, status=becomes.get(row.stage_id, row.status)) for row in plan.stages)
    swapped = replace(plan, stages=stages, entries=plan.entries | {"confirmed": new})
    placed, saved = Event(), Event()

    def confirm():
        with transaction.atomic():
            orders.confirm_order(order_id=order.pk, actor=SYSTEM)
            placed.set()
            # As long as the change needs, were it not kept waiting.
            saved.wait(3)

    def change():
        placed.wait(30)
        save_funnel(funnel_id=funnel.pk, plan=swapped, version=version, actor=boss, move_cards=True)
        saved.set()

    outcomes = in_threads([confirm, change])

    assert outcomes == [None, None]
    assert Deal.objects.get(order=order).stage_id == new
    assert_sound()


def test_300_random_moves_while_the_board_is_rearranged_leave_it_sound(in_threads):
    shuffle = Shuffle.prepare(count=25, people=4)
    parts = [Shuffle(shuffle.slug) for _ in range(4)]
    board, left = Shuffle(shuffle.slug), [4]

    def work(number):
        try:
            parts[number].move(number, 75)
        finally:
            left[0] -= 1

    in_threads([*(lambda n=n: work(n) for n in range(4)), lambda: board.rearrange(4, lambda: left[0] > 0)])

    damage = shuffle.damage()
    attempts = sum((part.outcomes.total() for part in parts), 0)
    wrong = [part.errors for part in (*parts, board) if part.errors]
    assert (attempts, wrong) == (300, [])
    assert (damage.disagreeing, damage.lost, damage.off) == (0, 0, [])
    assert sum(part.count("moved") for part in parts) > 50
    assert board.count("moved") > 3

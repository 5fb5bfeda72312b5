"""Any sequence of verbs and undos keeps every invariant: ledger, reservations, order and card, history."""

import itertools

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import services as crm
from crm.models import Deal, Stage
from inventory import services as inventory
from inventory.errors import StockError
from inventory.models import MovementKind
from inventory.services.sheet import Sheet
from oms.verification import problems
from orders import services as orders
from orders.guards import Arguments
from orders.models import Return
from orders.statuses import Transition
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import ReserveAt, Shop, StockMaster
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, counters

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ARGUMENTS = Arguments(
    carrier="own", reason_code="customer", reason="called", return_kind="refused", tracking_number=""
)
WHICH = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("verb"), WHICH, st.sampled_from(Transition.values)),
    st.tuples(st.just("verb"), WHICH, st.sampled_from(Transition.values)),
    st.tuples(st.just("drag"), WHICH, st.integers(0, 11)),
    st.tuples(st.just("undo"), WHICH, st.integers(0, 2)),
    st.tuples(st.just("agree"), WHICH, st.booleans()),
    st.tuples(st.just("receive"), WHICH, st.integers(1, 3)),
    st.tuples(st.just("return arrives"), WHICH, st.integers(0, 1)),
    st.tuples(st.just("send the rest"), WHICH, st.integers(0, 2)),
    st.tuples(st.just("drop the rest"), WHICH, st.just(0)),
    st.tuples(st.just("goods are missing"), WHICH, st.integers(1, 2)),
)
# What happens once an order left without everything.
AFTER = st.one_of(
    st.tuples(st.just("verb"), WHICH, st.sampled_from([Transition.DELIVER, Transition.RETURN])),
    st.tuples(st.just("undo"), WHICH, st.integers(0, 2)),
    st.tuples(st.just("receive"), WHICH, st.integers(1, 3)),
    st.tuples(st.just("return arrives"), WHICH, st.integers(0, 1)),
    st.tuples(st.just("send the rest"), WHICH, st.integers(0, 2)),
    st.tuples(st.just("drop the rest"), WHICH, st.just(0)),
    st.tuples(st.just("goods are missing"), WHICH, st.integers(1, 2)),
    st.tuples(st.just("master"), WHICH, st.sampled_from(StockMaster.values)),
)


class World:
    """Three orders that want two scarce products, and one person who does everything."""

    def __init__(self, reserve_at, master):
        self.shop = make_shop(reserve_at=reserve_at, stock_master=master, undo_seconds=600)
        self.products = [make_product(self.shop, stock=4), make_product(self.shop, stock=2)]
        cup, bowl = self.products
        lines = [
            (make_line(cup, 2), make_line(bowl, 1)),
            (make_line(bowl, 2),),
            (make_line(cup, 3), make_line(cup, 1)),
        ]
        self.orders = [make_order(self.shop, lines=rows) for rows in lines]
        self.person = Actor.person(make_user(self.shop, "supervisor"))
        self.stages = list(Stage.objects.filter(funnel__shop=self.shop, funnel__is_default=True))
        self.moves = []

    def verb(self, which, transition):
        order = self.orders[which]
        change = orders.change_status(
            order_id=order.pk, transition=transition, actor=self.person, arguments=ARGUMENTS
        )
        self.moves.append(change.move_id)

    def drag(self, which, stage):
        deal = Deal.objects.get(order=self.orders[which])
        result = crm.move_deal(
            deal_id=deal.pk, to_stage_id=self.stages[stage].pk, actor=self.person, arguments=ARGUMENTS
        )
        self.moves.append(result.move_id)

    def undo(self, _which, back):
        if len(self.moves) > back:
            crm.undo_move(move_id=self.moves[-1 - back], actor=self.person)

    def agree(self, which, agreed):
        orders.set_partial_agreed(order_id=self.orders[which].pk, actor=self.person, agreed=agreed)

    def master(self, _which, master):
        Shop.objects.filter(pk=self.shop.pk).update(stock_master=master)

    def receive(self, which, units):
        product = self.products[which % 2]
        inventory.receive(product_id=product.pk, quantity=units, reason="more", actor=SYSTEM)

    def send_the_rest(self, which, units):
        line = self.orders[which].lines.first()
        change = orders.ship_rest(
            order_id=self.orders[which].pk,
            actor=self.person,
            carrier="own",
            quantities={line.pk: units} if units else None,
        )
        self.moves.append(change.move_id)

    def drop_the_rest(self, which, _units):
        self.moves.append(orders.drop_rest(order_id=self.orders[which].pk, actor=self.person).move_id)

    def goods_are_missing(self, which, units):
        product = self.products[which % 2]
        with transaction.atomic():
            sheet = Sheet({product.pk: product}, actor=SYSTEM)
            item = sheet.item_in(product.pk, None)
            gone = min(units, item.on_hand)
            sheet.shorten(item, max(0, gone - item.available))
            if gone:
                sheet.move(item, -gone, MovementKind.COUNT)
            sheet.close()

    def return_arrives(self, which, good):
        note = Return.objects.filter(order=self.orders[which], state="announced").first()
        if note:
            restocked = dict.fromkeys(note.lines.values_list("pk", flat=True), good)
            orders.receive_return(return_id=note.pk, actor=self.person, restocked=restocked)

    def step(self, name, which, argument):
        try:
            getattr(self, name.replace(" ", "_"))(which, argument)
        except (DomainError, StockError):
            return False
        return True


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ReserveAt.values), st.sampled_from(StockMaster.values), st.lists(STEPS, max_size=14))
def test_no_sequence_breaks_an_invariant(db, reserve_at, master, steps):
    with transaction.atomic():
        world = World(reserve_at, master)

        for step in steps:
            world.step(*step)

            assert_sound()
            assert all(0 <= reserved <= on_hand for on_hand, reserved in map(counters, world.products))
        assert list(problems(world.shop.pk)) == []
        transaction.set_rollback(True)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(AFTER, min_size=3, max_size=8))
def test_no_sequence_after_a_partial_shipment_breaks_an_invariant(db, steps):
    with transaction.atomic():
        world = World(ReserveAt.PLACING, StockMaster.HERE)
        for which, verb in itertools.product(
            range(3), (Transition.CONFIRM, Transition.START_PROCESSING, Transition.SHIP)
        ):
            world.step("agree", which, True)
            world.step("verb", which, verb)

        for step in steps:
            world.step(*step)

            assert_sound()
        assert list(problems(world.shop.pk)) == []
        transaction.set_rollback(True)

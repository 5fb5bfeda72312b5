"""A product that may be ordered ahead is sold before it is in stock from its day on, by the shop's clock."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from inventory import services as inventory
from inventory.errors import StockShort
from oms.verification import problems
from orders import services as orders
from orders.errors import TransitionRefused
from orders.selectors import facts_of
from orders.statuses import Status
from shops.models import StockMaster
from tests.factories import SYSTEM, make_line, make_order, make_product, make_shop
from tests.state import everything, held_for, status_of

pytestmark = pytest.mark.django_db
FROM = date(2026, 12, 3)
# Bucharest is two hours ahead in winter: its third of December begins at 22:00 UTC of the second.
THE_EVENING_BEFORE = datetime(2026, 12, 2, 21, 59, tzinfo=UTC)
MIDNIGHT_THERE = datetime(2026, 12, 2, 22, 0, tzinfo=UTC)


def novelty(**fields):
    shop = make_shop(**fields)
    product = make_product(shop, stock=1, sku="NOVA", preorder_from=FROM)
    return make_order(shop, lines=(make_line(product, 3),)), product


def test_it_is_refused_before_its_day_and_told_when_it_begins():
    order, _product = novelty()
    before = everything()

    with time_machine.travel(THE_EVENING_BEFORE, tick=False), pytest.raises(TransitionRefused) as refusal:
        orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert everything() == before
    assert refusal.value.code == "stock_short"
    assert "NOVA: 1 of 3 in stock, can be ordered ahead from 3 Dec 2026" in refusal.value.sentence


def test_it_waits_from_the_first_minute_of_its_day_in_the_shops_zone():
    order, product = novelty()

    with time_machine.travel(MIDNIGHT_THERE, tick=False):
        orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert (status_of(order), held_for(order)) == (Status.CONFIRMED, (1, 2))
    with time_machine.travel(MIDNIGHT_THERE, tick=False):
        inventory.receive(product_id=product.pk, quantity=2, reason="first print", actor=SYSTEM)
    assert held_for(order) == (3, 0)


@pytest.mark.parametrize(("now", "is_short"), [(THE_EVENING_BEFORE, True), (MIDNIGHT_THERE, False)])
def test_the_facts_follow_the_same_clock(now, is_short):
    order, _product = novelty()

    with time_machine.travel(now, tick=False):
        facts = facts_of(order.pk)

    assert bool(facts.short) is is_short


def test_the_stock_verb_refuses_with_the_same_words():
    shop = make_shop()
    product = make_product(shop, stock=1, sku="NOVA", preorder_from=FROM)
    before = everything()

    def reserve():
        return inventory.reserve(
            reference="order:1",
            shop_id=shop.pk,
            wanted={product.pk: 3},
            on_shortage="refuse",
            actor=SYSTEM,
        )

    with time_machine.travel(THE_EVENING_BEFORE, tick=False), pytest.raises(StockShort) as refusal:
        reserve()
    assert everything() == before
    assert "NOVA: 3 wanted, 1 available, can be ordered ahead from 3 Dec 2026" in refusal.value.sentence
    with time_machine.travel(MIDNIGHT_THERE, tick=False):
        assert reserve().held[product.pk].backordered == 2


def test_a_sent_preorder_still_owes_the_rest():
    order, product = novelty()
    with time_machine.travel(MIDNIGHT_THERE):
        orders.advance_order(order_id=order.pk, to=Status.PROCESSING, actor=SYSTEM)
        orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    assert held_for(order) == (0, 2)
    # Whether it may be ordered ahead can be taken back later; what is owed stays owed.
    type(product).objects.filter(pk=product.pk).update(preorder_from=None)
    assert list(problems()) == []


@pytest.mark.parametrize(
    ("master", "agreed", "may_wait", "goes"),
    [
        (StockMaster.HERE, False, False, False),
        (StockMaster.HERE, True, False, True),
        (StockMaster.HERE, False, True, True),
        (StockMaster.SOURCE, False, False, True),
        (StockMaster.NOBODY, False, False, True),
    ],
)
def test_only_the_master_here_blocks_and_only_without_consent(master, agreed, may_wait, goes):
    shop = make_shop(stock_master=master)
    product = make_product(shop, stock=1, allow_backorder=may_wait)
    order = make_order(shop, lines=(make_line(product, 2),))
    orders.set_partial_agreed(order_id=order.pk, actor=SYSTEM, agreed=agreed)

    if goes:
        orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    else:
        with pytest.raises(TransitionRefused):
            orders.confirm_order(order_id=order.pk, actor=SYSTEM)

    assert status_of(order) == (Status.CONFIRMED if goes else Status.NEW)
    assert list(problems()) == []


@pytest.mark.parametrize("left", [0, 1])
def test_what_goes_missing_while_it_is_picked_is_not_shipped(left):
    shop = make_shop()
    product = make_product(shop, stock=2)
    order = make_order(shop, lines=(make_line(product, 2),), status=Status.PROCESSING)
    inventory.release(reference=order.stock_reference, actor=SYSTEM)
    inventory.write_off(product_id=product.pk, quantity=2 - left, reason="broken", actor=SYSTEM)
    inventory.reserve(
        reference=order.stock_reference,
        shop_id=shop.pk,
        wanted={product.pk: 2},
        on_shortage="backorder",
        actor=SYSTEM,
    )
    before = everything()

    with pytest.raises(TransitionRefused) as refusal:
        orders.ship_order(order_id=order.pk, actor=SYSTEM, carrier="own")

    assert refusal.value.code == ("stock_short" if left else "nothing_to_send")
    assert everything() == before

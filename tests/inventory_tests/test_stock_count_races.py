"""Counting and selling at the same moment, and two people counting: the numbers stay right, and fail without the lock."""

import threading
import uuid
from collections import Counter

import pytest
from django.db import OperationalError, connection

from inventory import services
from inventory.errors import StockError, StockShort
from inventory.models import (
    CountState,
    StockCount,
    StockCountEntry,
    StockCountLine,
    StockItem,
    StockMovement,
    Warehouse,
)
from inventory.selectors import stock_problems
from inventory.services.counting import enter_count, finish_counting, open_count
from inventory.services.posting import post_count
from shops.actors import Actor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BY = Actor.system("test")


@pytest.fixture
def warehouse(shop):
    return Warehouse.objects.get(shop=shop, is_default=True)


def opening(shop, warehouse):
    def task():
        open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)
        return "opened"

    return task


def entering(count, product, quantity, key=None):
    def task():
        enter_count(
            count_id=count.pk, product_id=product.pk, quantity=quantity, key=key or uuid.uuid4(), actor=BY
        )
        return "entered"

    return task


def posting(count):
    def task():
        post_count(count_id=count.pk, actor=BY)
        return "posted"

    return task


def shipping(shop, product, number, quantity=1):
    def task():
        reference = f"order:{number}"
        services.reserve(
            reference=reference,
            shop_id=shop.pk,
            wanted={product.pk: quantity},
            on_shortage="refuse",
            actor=BY,
        )
        services.ship_out(reference=reference, quantities={product.pk: quantity}, actor=BY)
        return "shipped"

    return task


def tally(outcomes):
    return Counter(outcome if isinstance(outcome, str) else type(outcome).__name__ for outcome in outcomes)


def test_it_opens_one_count_of_a_warehouse(shop, make_product, warehouse, in_threads):
    make_product("MUG", stock=5)

    outcomes = in_threads([opening(shop, warehouse)] * 8)

    assert tally(outcomes) == {"opened": 1, StockError.__name__: 7}
    assert StockCountLine.objects.count() == 1


def test_it_adds_up_what_people_enter_at_once(shop, make_product, warehouse, in_threads):
    mug = make_product("MUG", stock=50)
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)

    outcomes = in_threads([entering(count, mug, 2) for _ in range(20)])

    assert tally(outcomes) == {"entered": 20}
    assert (count.lines.get().counted, count.lines.get().difference) == (40, -10)


def test_it_takes_one_entry_sent_many_times_at_once(shop, make_product, warehouse, in_threads):
    mug = make_product("MUG", stock=50)
    count, key = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY), uuid.uuid4()

    outcomes = in_threads([entering(count, mug, 7, key) for _ in range(10)])

    assert tally(outcomes) == {"entered": 10}
    assert (count.lines.get().counted, StockCountEntry.objects.count()) == (7, 1)


def test_it_adds_one_line_for_a_product_that_was_not_on_the_list(shop, make_product, warehouse, in_threads):
    make_product("MUG", stock=5)
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)
    late = make_product("LATE")

    outcomes = in_threads([entering(count, late, 1) for _ in range(10)])

    assert tally(outcomes) == {"entered": 10}
    assert count.lines.get(stock_item__product=late).counted == 10


def test_it_knows_what_was_there_while_goods_leave(shop, make_product, warehouse, in_threads):
    """Twenty leave while one counts: whenever it was counted, the difference is what the counters said then."""
    mug = make_product("MUG", stock=50)
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)

    outcomes = in_threads(
        [shipping(shop, mug, number) for number in range(20)] + [entering(count, mug, 40)] * 1
    )
    finish_counting(count_id=count.pk, actor=BY)
    line = count.lines.get()
    after = 50 - 20 + line.difference
    post_count(count_id=count.pk, actor=BY)

    assert tally(outcomes) == {"shipped": 20, "entered": 1}
    assert 30 <= line.on_hand_then <= 50
    assert StockItem.objects.get().on_hand == after
    assert list(stock_problems()) == []


def test_it_posts_once_while_goods_leave(shop, make_product, warehouse, counters, in_threads):
    mug, plate = make_product("MUG", stock=30), make_product("PLATE", stock=30)
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)
    entering(count, mug, 12)()
    entering(count, plate, 33)()
    finish_counting(count_id=count.pk, actor=BY)
    sales = [shipping(shop, product, number) for number, product in enumerate([mug, plate] * 8)]

    outcomes = tally(in_threads([*sales, *[posting(count)] * 4]))

    assert outcomes["posted"] == 1
    assert outcomes["shipped"] + outcomes[StockShort.__name__] == 16
    assert outcomes["posted"] + outcomes[StockError.__name__] == 4
    moved = StockMovement.objects.filter(reference=count.reference)
    assert dict(moved.values_list("stock_item__product__sku", "quantity")) == {"MUG": -18, "PLATE": 3}
    assert counters(mug)[0] == 12 - 8
    assert counters(plate)[0] == 33 - 8
    assert list(stock_problems()) == []


def test_it_never_posts_more_away_than_there_is(shop, make_product, warehouse, counters, in_threads):
    """Half of it is counted and the rest is sold at the same moment: either the post is refused or sales are."""
    mug = make_product("MUG", stock=20)
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)
    entering(count, mug, 5)()
    finish_counting(count_id=count.pk, actor=BY)

    outcomes = tally(in_threads([posting(count), *[shipping(shop, mug, n, 4) for n in range(5)]]))

    assert set(outcomes) <= {"posted", "shipped", StockError.__name__, StockShort.__name__}
    assert counters(mug)[0] == 20 - 15 * outcomes["posted"] - 4 * outcomes["shipped"]
    assert StockCount.objects.get().state == (CountState.POSTED if outcomes["posted"] else CountState.REVIEW)
    assert list(stock_problems()) == []


def test_without_its_guard_entries_are_lost(shop, make_product, warehouse, in_threads, monkeypatch):
    """The control: PostgreSQL without the row locks loses entries; SQLite without IMMEDIATE turns people away."""
    mug = make_product("MUG", stock=50)
    count = open_count(shop_id=shop.pk, warehouse_id=warehouse.pk, actor=BY)
    everybody_has_read = threading.Barrier(8)

    def read_without_lock(queryset, pk):
        return queryset.get(pk=pk)

    def settle_late(line, *, on_hand_then):
        everybody_has_read.wait(timeout=3)
        return settle(line, on_hand_then=on_hand_then)

    from inventory.services import counting

    settle = counting._settle
    monkeypatch.setattr(counting, "lock_one", read_without_lock)
    monkeypatch.setattr(counting, "_settle", settle_late)
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", "DEFERRED")
        connection.close()

    outcomes = tally(in_threads([entering(count, mug, 2) for _ in range(8)]))

    connection.close()
    lost = count.lines.get().counted != 16
    assert lost or outcomes[OperationalError.__name__] > 0

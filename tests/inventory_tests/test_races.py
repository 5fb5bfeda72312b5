"""Many at once: nothing is sold twice, nothing waits in a circle; and the same tests fail without the lock."""

import threading
import time
from collections import Counter

import pytest
from django.db import OperationalError, connection, transaction

from inventory import services
from inventory.errors import StockShort
from inventory.models import Reservation, Warehouse
from inventory.selectors import stock_problems
from shops.actors import Actor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BY = Actor.system("test")


def reserving(shop, number, *product_ids):
    def task():
        services.reserve(
            reference=f"order:{number}",
            shop_id=shop.pk,
            wanted=dict.fromkeys(product_ids, 1),
            on_shortage="refuse",
            actor=BY,
        )
        return "reserved"

    return task


def tally(outcomes):
    return Counter(outcome if isinstance(outcome, str) else type(outcome).__name__ for outcome in outcomes)


def test_it_sells_ten_of_ten_to_fifty_at_once(shop, make_product, counters, in_threads):
    product = make_product(stock=10)

    outcomes = in_threads([reserving(shop, number, product.pk) for number in range(50)])

    assert tally(outcomes) == {"reserved": 10, StockShort.__name__: 40}
    assert counters(product) == (10, 10)
    assert Reservation.objects.count() == 10
    assert list(stock_problems()) == []


def test_it_never_waits_in_a_circle_when_lines_come_in_opposite_order(
    shop, make_product, counters, in_threads
):
    first, second = make_product("A", stock=50), make_product("B", stock=50)
    orders = [(first.pk, second.pk), (second.pk, first.pk)] * 25

    outcomes = in_threads([reserving(shop, number, *products) for number, products in enumerate(orders)])

    assert tally(outcomes) == {"reserved": 50}
    assert counters(first) == counters(second) == (50, 50)


def test_it_opens_one_stock_item_for_first_reservations_at_once(shop, make_product, in_threads):
    products = [make_product("A", allow_backorder=True).pk, make_product("B", allow_backorder=True).pk]

    outcomes = in_threads(
        [reserving(shop, number, *(products if number % 2 else products[::-1])) for number in range(20)]
    )

    assert tally(outcomes) == {"reserved": 20}
    assert Reservation.objects.filter(backordered=1).count() == 40


def test_it_gives_each_arriving_unit_away_once(shop, make_product, counters, in_threads):
    product = make_product(allow_backorder=True)
    for number in range(20):
        reserving(shop, number, product.pk)()

    in_threads([lambda: services.receive(product_id=product.pk, quantity=1, reason="", actor=BY)] * 10)

    assert counters(product) == (10, 10)
    assert Reservation.objects.filter(reserved=1).count() == 10
    assert list(stock_problems()) == []


def test_it_releases_what_was_given_meanwhile_in_a_warehouse_just_opened(shop, make_product, in_threads):
    """The release waits for the product's lock; what its holder reserved in a new stock item must not be missed."""
    product = make_product(allow_backorder=True)
    reserving(shop, 1, product.pk)()
    second = Warehouse.objects.create(shop=shop, name="Second").pk
    holds_the_lock = threading.Event()

    def receive():
        with transaction.atomic():
            services.receive(product_id=product.pk, quantity=1, reason="", actor=BY, warehouse_id=second)
            holds_the_lock.set()
            time.sleep(0.5)

    def release():
        holds_the_lock.wait(timeout=30)
        services.release(reference="order:1", actor=BY)

    outcomes = in_threads([receive, release])

    assert outcomes == [None, None]
    assert not Reservation.objects.exists()
    assert list(stock_problems()) == []


def test_without_its_guard_stock_is_sold_twice_or_orders_fail(shop, make_product, in_threads, monkeypatch):
    """The control: PostgreSQL without the row lock oversells; SQLite without IMMEDIATE turns orders away."""
    product = make_product(stock=10)
    everybody_has_read = threading.Barrier(20)

    def read_without_lock(queryset, pks):
        rows = list(queryset.filter(pk__in=list(pks)))
        everybody_has_read.wait(timeout=30)
        return rows

    monkeypatch.setattr("inventory.services.sheet.lock", read_without_lock)
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", "DEFERRED")
        connection.close()

    outcomes = tally(in_threads([reserving(shop, number, product.pk) for number in range(20)]))

    connection.close()
    if connection.vendor == "sqlite":
        assert outcomes[OperationalError.__name__] > 0
    else:
        assert outcomes["reserved"] > 10
        assert list(stock_problems()) != []

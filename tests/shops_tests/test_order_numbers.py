"""The shop's own order numbers: prefix and counter, never the same twice."""

import threading

import pytest
from django.db import connection

from shops.models import Shop
from shops.services import create_shop, draw_order_number


@pytest.mark.django_db
def test_it_draws_the_next_number_of_the_shop():
    first = create_shop(country="RO", name="A", slug="a", order_prefix="RO-")
    second = create_shop(country="PL", name="B", slug="b", order_prefix="PL", next_order_number=7)

    drawn = [draw_order_number(shop_id=shop.pk) for shop in (first, first, second)]

    assert drawn == ["RO-1001", "RO-1002", "PL7"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_draws_twenty_numbers_for_twenty_at_once(in_threads):
    shop = create_shop(country="RO", name="A", slug="a", order_prefix="RO-")

    numbers = in_threads([lambda: draw_order_number(shop_id=shop.pk)] * 20)

    assert set(numbers) == {f"RO-{number}" for number in range(1001, 1021)}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_without_its_guard_numbers_repeat_or_are_refused(in_threads, monkeypatch):
    shop = create_shop(country="RO", name="A", slug="a", order_prefix="RO-")
    everybody_has_read = threading.Barrier(10)

    def read_without_lock(queryset, pk):
        row = queryset.get(pk=pk)
        everybody_has_read.wait(timeout=30)
        return row

    monkeypatch.setattr("shops.services.lock_one", read_without_lock)
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", "DEFERRED")
        connection.close()

    outcomes = in_threads([lambda: draw_order_number(shop_id=shop.pk)] * 10)

    connection.close()
    assert len({outcome for outcome in outcomes if isinstance(outcome, str)}) < 10
    assert Shop.objects.get().next_order_number < 1011

"""Locks and events both need a transaction; handlers run in order, in it, and take it down with them."""

from dataclasses import dataclass

import pytest
from django.db import connection, transaction

from shops import bus
from shops.errors import NotInTransaction
from shops.locks import lock, lock_one
from shops.models import Shop
from shops.services import create_shop


@dataclass(frozen=True, kw_only=True)
class Rang(bus.Event):
    topic = "bell.rang"
    times: int = 1


@pytest.fixture
def table():
    """The handlers of the house, put back after the test."""
    kept = dict(bus._handlers)
    yield bus.subscribe
    bus.subscribe(kept)


@pytest.fixture
def shops(db):
    return [
        create_shop(country="RO", name=f"S{number}", slug=f"s{number}", order_prefix=f"S{number}-")
        for number in range(3)
    ]


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_a_mistake():
    shop = create_shop(country="RO", name="S", slug="s", order_prefix="S-")

    with pytest.raises(NotInTransaction):
        lock(Shop.objects.all(), [shop.pk])
    with pytest.raises(NotInTransaction):
        lock_one(Shop.objects.all(), shop.pk)


def test_locked_rows_come_once_each_by_ascending_key(shops):
    keys = [shops[2].pk, shops[0].pk, shops[2].pk, 10**6]

    assert [shop.pk for shop in lock(Shop.objects.all(), keys)] == [shops[0].pk, shops[2].pk]
    assert lock(Shop.objects.all(), []) == []


def test_a_lock_says_when_a_row_does_not_exist(shops):
    with pytest.raises(Shop.DoesNotExist):
        lock_one(Shop.objects.filter(slug="other"), shops[0].pk)


def test_a_lock_does_not_block_inserts_of_children(shops, django_assert_num_queries):
    with django_assert_num_queries(1) as queries:
        lock(Shop.objects.all(), [shops[0].pk])

    if connection.vendor == "postgresql":
        assert "FOR NO KEY UPDATE OF" in queries.captured_queries[0]["sql"]
    else:
        assert "UPDATE" not in queries.captured_queries[0]["sql"]


@pytest.mark.django_db
def test_handlers_run_in_the_order_of_the_table(table):
    heard = []
    table({Rang: [lambda event: heard.append("first"), lambda event: heard.append(event.times)]})

    bus.publish(Rang(times=3))

    assert heard == ["first", 3]


@pytest.mark.django_db
def test_an_event_nobody_listens_to_is_no_mistake(table):
    heard = []
    table({bus.Event: [heard.append]})

    bus.publish(Rang())

    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_a_mistake(table):
    heard = []
    table({Rang: [heard.append]})

    with pytest.raises(NotInTransaction):
        bus.publish(Rang())

    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_fails_takes_everything_back(table):
    def fail(event):
        raise RuntimeError("no")

    table({Rang: [fail]})

    @transaction.atomic
    def ring() -> None:
        create_shop(country="RO", name="S", slug="s", order_prefix="S-")
        bus.publish(Rang())

    with pytest.raises(RuntimeError):
        ring()

    assert not Shop.objects.exists()


def test_an_event_is_plain_values_for_the_outside():
    event = Rang(times=2)

    assert event.payload() == {
        "uid": str(event.uid),
        "occurred_at": event.occurred_at.isoformat(),
        "times": 2,
    }
    assert Rang().uid != event.uid

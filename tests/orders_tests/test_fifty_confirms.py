"""Show 5: fifty people confirm one order at once. One does, the others are told who; and the tests of this test."""

import threading
from collections import Counter

import pytest
from django.db import OperationalError, connection

from crm.models import DealMove, MoveKind
from notifications.models import Message
from orders import services as orders
from orders.errors import AlreadyDone
from orders.services.transitions import StatusChange
from orders.statuses import Status
from shops.actors import Actor
from tests.factories import make_line, make_order, make_product, make_shop, make_user
from tests.state import assert_sound, counters, status_events, status_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PEOPLE = 50


def confirming(order, person):
    actor = Actor.person(person)
    return lambda: orders.confirm_order(order_id=order.pk, actor=actor)


def tally(outcomes):
    return Counter(type(outcome).__name__ for outcome in outcomes)


@pytest.fixture
def cast():
    """An order that reserves when it is confirmed, its product, and fifty people with names."""
    shop = make_shop(reserve_at="confirmation")
    product = make_product(shop, stock=100)
    order = make_order(shop, lines=(make_line(product, 3),))
    people = [make_user(shop, first_name="Person", last_name=str(n)) for n in range(PEOPLE)]
    return order, product, people


def test_one_confirms_and_forty_nine_are_told_who_did(cast, in_threads):
    order, product, people = cast

    outcomes = in_threads([confirming(order, person) for person in people])

    assert tally(outcomes) == {StatusChange.__name__: 1, AlreadyDone.__name__: PEOPLE - 1}
    (event,) = status_events(order)
    assert all(
        event.actor_label in outcome.sentence for outcome in outcomes if isinstance(outcome, AlreadyDone)
    )
    assert status_of(order) == Status.CONFIRMED
    assert counters(product) == (100, 3)
    assert DealMove.objects.filter(kind=MoveKind.FOLLOWED).count() == 1
    about = Message.objects.values_list("event_uid", "channel", "recipient")
    assert len(about) == len(set(about))
    assert {uid for uid, _channel, _recipient in about} == {event.uid}
    assert sorted(channel for _uid, channel, _recipient in about) == ["email", "sms"]
    assert_sound()


def test_without_the_row_lock_more_than_one_confirms_on_postgresql(cast, in_threads, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no row locks; its own control is the next test")
    order, _product, people = cast
    people = people[:10]
    reads = threading.Barrier(len(people))

    def read_without_lock(queryset, pk):
        row = queryset.get(pk=pk)
        reads.wait(timeout=30)
        return row

    monkeypatch.setattr("orders.services.access.lock_one", read_without_lock)

    outcomes = in_threads([confirming(order, person) for person in people])

    assert tally(outcomes)[StatusChange.__name__] > 1
    assert len(status_events(order)) > 1


def test_without_immediate_transactions_sqlite_refuses_many(cast, in_threads, monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks rows; its own control is the test before")
    order, _product, people = cast
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "transaction_mode", "DEFERRED")
    connection.close()

    outcomes = in_threads([confirming(order, person) for person in people])

    connection.close()
    assert tally(outcomes)[OperationalError.__name__] > 0

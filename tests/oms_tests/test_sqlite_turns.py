"""Write transactions on SQLite come first come, first served; a lost turn delays nobody for ever."""

import threading
import time

import pytest
from django.db import connection, transaction

from oms.sqlite3.turns import Turns
from shops.models import Shop


def in_line(turns, names):
    """Threads that wait for a turn, begun one after another; answers whom it reached, in order."""
    served: list[str] = []

    def wait(name):
        assert turns.take(10)
        served.append(name)
        turns.give()

    threads = [threading.Thread(target=wait, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    return threads, served


def test_it_serves_in_the_order_of_arrival():
    turns = Turns()
    turns.take(1)
    threads, served = in_line(turns, "abcdef")

    turns.give()
    for thread in threads:
        thread.join()

    assert served == list("abcdef")


def test_it_gives_up_after_its_time_and_leaves_the_line():
    turns = Turns()
    turns.take(1)

    assert turns.take(0.05) is False

    turns.give()
    assert turns.take(0.05) is True


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["commit", "rollback", "close"])
def test_a_transaction_gives_its_turn_back_however_it_ends(how, in_threads):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL needs no queue")

    def first():
        with transaction.atomic():
            Shop.objects.create(name="A", slug="a", order_prefix="A-")
            if how == "rollback":
                transaction.set_rollback(True)
            if how == "close":
                connection.close()

    def second():
        time.sleep(0.3)
        began = time.monotonic()
        with transaction.atomic():
            Shop.objects.create(name="B", slug="b", order_prefix="B-")
        return time.monotonic() - began

    _first, waited = in_threads([first, second])

    assert waited < 10
    assert Shop.objects.filter(slug="b").exists()

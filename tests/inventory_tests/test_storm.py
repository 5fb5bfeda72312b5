"""Show: a storm of orders and receipts on scarce stock oversells nothing; with the lock taken away it breaks."""

import pytest
from django.db import connection

from bench.storm import Storm, lock_taken_away

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def blow(storm):
    storm.run()
    connection.close()
    return storm.damage()


def test_a_storm_oversells_nothing():
    storm = Storm(threads=12, rounds=4, orders=20, products=4, opening_stock=6)
    storm.prepare()

    damage = blow(storm)

    assert storm.rounds_done == storm.threads * storm.rounds
    assert storm.count("done") > 0
    assert storm.errors == {}
    assert damage.oversold == 0
    assert damage.off == []


def test_without_the_lock_the_same_storm_breaks():
    """PostgreSQL oversells; SQLite, which loses no update inside a transaction, turns people away half-way."""
    storm = Storm(threads=12, rounds=4, orders=20, products=2, opening_stock=6)
    storm.prepare()

    with lock_taken_away():
        damage = blow(storm)

    if connection.vendor == "sqlite":
        assert any("database is locked" in error for error in storm.errors)
    else:
        assert damage.oversold > 0
        assert damage.off

"""Any sequence of stock verbs leaves ledger, counters, reservations and a plain model in agreement."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stock_machine import StockVerbs


@pytest.mark.slow
@pytest.mark.django_db
def test_it_keeps_the_books_whatever_happens():
    run_state_machine_as_test(
        StockVerbs,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

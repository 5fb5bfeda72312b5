"""The outbox's numbers in /metrics."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications.models import Message
from notifications.selectors import oldest_due_seconds, outbox_figures
from tests.factories import make_order

MakeMessage = Callable[..., Message]
pytestmark = pytest.mark.django_db


def test_it_tells_what_waits_and_what_did_not_leave(client: Client, make_message: MakeMessage) -> None:
    order = make_order()
    make_message("email", order=order, due_at=timezone.now() - timedelta(seconds=90))
    make_message("sms", order=order, due_at=timezone.now() + timedelta(seconds=90))
    make_message("sms", order=order, state="failed")

    page = client.get("/metrics").content.decode()

    assert 'oms_outbox_queued{channel="email"} 1.0' in page
    assert 'oms_outbox_queued{channel="sms"} 1.0' in page
    assert 'oms_outbox_due{channel="sms"} 0.0' in page
    assert 'oms_outbox_not_sent{channel="sms",state="failed"} 1.0' in page
    assert 90 <= oldest_due_seconds() < 120


def test_it_costs_the_same_however_much_there_is(
    make_message: MakeMessage, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_message()

    with django_assert_num_queries(4):
        outbox_figures()


def test_an_empty_outbox_is_not_late() -> None:
    assert oldest_due_seconds() == 0.0

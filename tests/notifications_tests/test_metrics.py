"""The outbox's numbers in /metrics."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from notifications.models import Message
from notifications.selectors import oldest_due_seconds, outbox_figures, outbox_is_late
from tests.factories import make_order, make_user

MakeMessage = Callable[..., Message]
pytestmark = pytest.mark.django_db


def test_it_tells_what_waits_and_what_did_not_leave(client: Client, make_message: MakeMessage) -> None:
    order = make_order()
    make_message("email", order=order, due_at=timezone.now() - timedelta(seconds=90))
    make_message("sms", order=order, due_at=timezone.now() + timedelta(seconds=90))
    make_message("sms", order=order, state="failed")

    page = client.get("/metrics").content.decode()

    assert 'oms_outbox_queued{lane="email"} 1.0' in page
    assert 'oms_outbox_queued{lane="sms"} 1.0' in page
    assert 'oms_outbox_due{lane="sms"} 0.0' in page
    assert 'oms_outbox_not_sent{lane="sms",state="failed"} 1.0' in page
    late = re.search(r'oms_outbox_oldest_due_seconds\{lane="email"\} ([0-9.]+)', page)
    assert late is not None
    assert 90 <= float(late[1]) < 120
    assert 'oms_outbox_oldest_due_seconds{lane="sms"} 0.0' in page
    assert 90 <= oldest_due_seconds() < 120


def test_it_costs_the_same_however_much_there_is(
    make_message: MakeMessage, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = make_order()
    for lane in ("email", "email", "sms:7"):
        make_message(order=order, lane=lane)

    with django_assert_num_queries(3 + 3):  # three counts, and a probe for each lane and one past the last
        outbox_figures()


def test_a_lane_of_an_own_account_has_its_own_figures(make_message: MakeMessage) -> None:
    make_message("sms", lane="sms:7", due_at=timezone.now() - timedelta(minutes=6))

    figures = outbox_figures()

    assert figures.queued == {"email": 0, "sms": 0, "sms:7": 1}
    assert figures.oldest_due_seconds["sms:7"] >= 360
    assert figures.oldest_due_seconds["email"] == 0.0


@pytest.mark.parametrize(("minutes", "late"), [(4, False), (6, True)])
def test_the_outbox_is_late_when_its_oldest_due_message_is(
    make_message: MakeMessage, settings: Settings, minutes: int, late: bool
) -> None:
    settings.OMS_OLDEST_DUE_MINUTES = 5
    make_message(due_at=timezone.now() - timedelta(minutes=minutes))

    assert outbox_is_late() is late


def test_a_message_that_is_held_does_not_make_the_outbox_late(make_message: MakeMessage) -> None:
    make_message(due_at=timezone.now() + timedelta(hours=9), created_at=timezone.now() - timedelta(days=1))

    assert not outbox_is_late()


@pytest.mark.parametrize(("minutes", "said"), [(1, False), (30, True)])
def test_the_messages_page_says_that_messages_do_not_leave(
    client: Client, make_message: MakeMessage, minutes: int, said: bool
) -> None:
    message = make_message(due_at=timezone.now() - timedelta(minutes=minutes))
    client.force_login(make_user(message.shop))

    page = client.get("/messages/").content.decode()

    assert ("Messages do not leave as they should" in page) is said


def test_an_empty_outbox_is_not_late() -> None:
    assert oldest_due_seconds() == 0.0

"""What the toast after a move promises: who is told on which channel when, or that nobody is."""

from __future__ import annotations

from datetime import time

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm.models import Deal
from notifications.models import Message, MessageSettings, MessageSwitch
from orders.models import Order
from shops.models import Shop
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop(undo_seconds=10)


def move(order: Order, stage: str = "confirmed") -> str:
    client = Client()
    client.force_login(make_user(order.shop))
    deal = Deal.objects.get(order=order)
    answer = client.post(f"/deals/{deal.pk}/move/", {"stage": stage}, headers={"HX-Request": "true"})
    html = answer.content.decode()
    return html[html.index('class="toast') :]


def words(html: str) -> str:
    return " ".join(html.split())


def test_it_says_what_is_sent_and_when_once_for_who_listens(shop: Shop) -> None:
    toast = words(move(make_order(shop)))

    assert 'aria-hidden="true">e-mail and SMS in <i class="seconds" data-countdown>10</i> s<' in toast
    assert 'class="visually-hidden">e-mail and SMS in 10 seconds<' in toast
    assert ">Undo</button>" in toast


@time_machine.travel("2026-11-20T21:30:00Z", tick=False)
def test_an_sms_in_quiet_hours_is_promised_for_the_morning(shop: Shop) -> None:
    MessageSettings.objects.create(shop=shop, quiet_from=time(21), quiet_until=time(8))

    toast = words(move(make_order(shop)))

    assert "e-mail in 10 seconds" in toast
    assert "SMS at 08:00" in toast


def test_a_marketplaces_customer_is_not_told(shop: Shop) -> None:
    toast = words(move(make_order(shop, source="emag")))

    assert "<span>no message</span>" in toast
    assert not Message.objects.exists()


def test_what_is_switched_off_is_said(shop: Shop) -> None:
    MessageSwitch.objects.filter(shop=shop).update(is_on=False)

    assert "<span>no message</span>" in words(move(make_order(shop)))


def test_one_channel_alone_is_named(shop: Shop) -> None:
    MessageSwitch.objects.filter(shop=shop, channel="email").update(is_on=False)

    assert ">SMS in <i" in words(move(make_order(shop)))


def test_a_step_within_a_status_promises_nothing(shop: Shop) -> None:
    toast = move(make_order(shop), "no-answer")

    assert "no message" not in toast
    assert "data-countdown" not in toast


def test_it_costs_two_queries_at_most(shop: Shop) -> None:
    with CaptureQueriesContext(connection) as caught:
        move(make_order(shop))

    asked = [
        query["sql"] for query in caught.captured_queries if 'SELECT "notifications_message' in query["sql"]
    ]
    by_move = [sql for sql in asked if '"move_id" =' in sql]
    hours = [sql for sql in caught.captured_queries if 'quiet_from"' in sql["sql"].partition("FROM")[0]]
    assert len(by_move) == 1
    assert len(hours) <= 1

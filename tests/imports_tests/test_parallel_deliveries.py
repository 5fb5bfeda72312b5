"""Deliveries of one order at the same moment make one order, on either database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.test import Client

from crm.models import Deal
from orders.imports.models import Delivery
from orders.imports.services import open_connection
from orders.models import Order, OrderEvent
from shops.models import Shop
from tests.factories import make_shop
from tests.imports_tests.payloads import LATER, PAID_BY_CARD, deliver, order

InThreads = Callable[[Sequence[Callable[[], Any]]], list[Any]]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def shop() -> Shop:
    shop = make_shop()
    open_connection(shop_id=shop.pk, source="woocommerce")
    return shop


def post(shop: Shop, payload: Any, delivery_id: str) -> Callable[[], int]:
    return lambda: (
        deliver(shop, payload, client=Client(), **{"X-WC-Webhook-Delivery-ID": delivery_id}).status_code
    )


def test_one_delivery_six_times_at_once_is_one_order(shop: Shop, in_threads: InThreads) -> None:
    answers = in_threads([post(shop, order(), "same") for _ in range(6)])

    assert answers == [200] * 6
    assert (
        Order.objects.count(),
        OrderEvent.objects.filter(kind="placed").count(),
        Deal.objects.count(),
    ) == (1, 1, 1)
    assert Delivery.objects.get().state == "done"
    assert (Delivery.objects.get().repeats, Delivery.objects.get().attempts) == (5, 1)


def test_different_deliveries_of_one_order_at_once_are_one_order(shop: Shop, in_threads: InThreads) -> None:
    answers = in_threads([post(shop, order(), f"delivery-{n}") for n in range(6)])

    assert answers == [200] * 6
    assert (
        Order.objects.count(),
        OrderEvent.objects.filter(kind="placed").count(),
        Deal.objects.count(),
    ) == (1, 1, 1)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}


def test_created_and_updated_at_once_end_with_the_newer_news(shop: Shop, in_threads: InThreads) -> None:
    old = order(status="pending", **{**PAID_BY_CARD, "date_paid_gmt": None})
    new = order(**PAID_BY_CARD, **LATER)

    in_threads([post(shop, payload, f"delivery-{n}") for n, payload in enumerate([old, new, old, new])])

    found = Order.objects.get()
    assert (found.payment_status, found.acknowledged_at is not None) == ("paid", True)
    assert "failed" not in set(Delivery.objects.values_list("state", flat=True))


def test_different_orders_at_once_all_arrive(shop: Shop, in_threads: InThreads) -> None:
    in_threads([post(shop, order(id=n, number=str(n)), "same second") for n in range(6001, 6009)])

    assert Order.objects.count() == 8
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}

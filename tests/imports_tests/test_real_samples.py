"""Orders that real shops sent, read where they lie beside the project; they are not part of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from crm.models import Deal
from orders.imports.services import open_connection
from orders.models import Order
from shops.models import Shop
from tests.factories import make_shop
from tests.imports_tests.payloads import deliver

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "samples" / "woocommerce"
PROCESSING, COMPLETED = FOLDER / "order-727-processing.json", FOLDER / "order-727-completed.json"
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the samples lie beside the project, and not here"),
]


@pytest.fixture
def shop() -> Shop:
    shop = make_shop()
    open_connection(shop_id=shop.pk, source="woocommerce")
    return shop


def post(shop: Shop, body: bytes) -> Callable[[], int]:
    return lambda: deliver(shop, body, client=Client()).status_code


def test_the_processing_order_arrives_once_and_to_the_cent(
    shop: Shop, in_threads: Callable[[Sequence[Callable[[], Any]]], list[Any]]
) -> None:
    body = PROCESSING.read_bytes()

    first = post(shop, body)()
    again = in_threads([post(shop, body) for _ in range(5)])

    assert [first, *again] == [200] * 6
    found = Order.objects.get()
    assert (found.total, found.currency, found.rounding) == (Decimal("29.35"), "USD", Decimal("0"))
    assert (found.payment_method, found.payment_status, found.status) == ("transfer", "paid", "new")
    assert [row.total for row in found.lines.all()] == [Decimal("6.45"), Decimal("12.90")]
    assert found.lines.all()[1].name == "Ship Your Idea – Color: Black, Size: M Test"
    assert Deal.objects.count() == 1


def test_completed_is_reported_where_no_parcel_is_known(shop: Shop) -> None:
    post(shop, PROCESSING.read_bytes())()

    answer = post(shop, COMPLETED.read_bytes())()

    found = Order.objects.get()
    assert answer == 200
    assert found.status == "new"
    assert found.events.filter(kind="reported").count() == 1


def test_the_same_order_by_cash_on_delivery_is_not_paid(shop: Shop) -> None:
    payload = json.loads(PROCESSING.read_bytes())
    payload["payment_method"] = "cod"

    post(shop, json.dumps(payload).encode())()

    found = Order.objects.get()
    assert (found.payment_method, found.payment_status, found.paid_at) == ("cod", "pending", None)

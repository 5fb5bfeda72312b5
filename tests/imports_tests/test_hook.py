"""The door for webhooks: who gets in, what is stored, and what is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse

from orders.imports import views
from orders.imports.models import Connection, Delivery
from orders.imports.selectors import hook_url, secret_of
from orders.imports.services import delivering, open_connection
from orders.models import Order
from shops.models import Shop
from tests.factories import make_shop
from tests.imports_tests.payloads import deliver, order, signature_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop(slug="cani")


def stored() -> Delivery:
    return Delivery.objects.get()


def test_it_takes_a_signed_order(shop: Shop) -> None:
    response = deliver(shop, order(), **{"X-WC-Webhook-Delivery-ID": "abc1"})

    assert response.status_code == 200
    delivery = stored()
    assert (delivery.state, delivery.attempts, delivery.external_delivery_id) == ("done", 1, "abc1")
    assert delivery.order == Order.objects.get(shop=shop, external_id="5101")
    assert json.loads(bytes(delivery.body)) == order()
    assert Connection.objects.get().last_ok_at is not None


def test_its_address_works_with_and_without_a_slash_at_the_end(shop: Shop) -> None:
    body = json.dumps(order()).encode()
    signature = signature_of(body, open_connection(shop_id=shop.pk, source="woocommerce"))

    answers = [
        Client().post(
            path, body, content_type="application/json", headers={"X-WC-Webhook-Signature": signature}
        )
        for path in ("/hooks/woocommerce/cani", "/hooks/woocommerce/cani/")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert hook_url("cani", "woocommerce").endswith("/hooks/woocommerce/cani")


@pytest.mark.parametrize("signature", ["", "wrong", "ăîș", "A" * 44])
def test_a_wrong_signature_leaves_only_a_count(shop: Shop, signature: str) -> None:
    response = deliver(shop, order(), **{"X-WC-Webhook-Signature": signature})

    assert response.status_code == 401
    assert not Delivery.objects.exists()
    assert not Order.objects.exists()
    connection = Connection.objects.get()
    assert (connection.rejected_count, connection.last_delivery_at, connection.last_topic) == (1, None, "")


def test_another_shops_signature_does_not_open_the_door(shop: Shop) -> None:
    body = json.dumps(order()).encode()
    other = open_connection(shop_id=make_shop().pk, source="woocommerce")

    response = deliver(shop, body, **{"X-WC-Webhook-Signature": signature_of(body, other)})

    assert response.status_code == 401
    assert not Order.objects.exists()


def test_an_unknown_shop_is_answered_like_a_wrong_signature(shop: Shop) -> None:
    open_connection(shop_id=shop.pk, source="woocommerce")
    headers = {"X-WC-Webhook-Signature": "wrong"}

    known, unknown = (
        Client().post(f"/hooks/woocommerce/{slug}", b"{}", content_type="application/json", headers=headers)
        for slug in ("cani", "nobody")
    )

    assert (
        (known.status_code, known.content) == (unknown.status_code, unknown.content) == (401, known.content)
    )


def test_a_closed_shop_takes_nothing(shop: Shop) -> None:
    Shop.objects.filter(pk=shop.pk).update(is_active=False)

    response = deliver(shop, order())

    assert response.status_code == 401
    assert not Delivery.objects.exists()


def test_the_activation_ping_is_welcome_without_a_signature(shop: Shop) -> None:
    response = Client().post(
        reverse("imports:woocommerce", args=["cani"]),
        "webhook_id=17",
        content_type="application/x-www-form-urlencoded",
    )

    assert response.status_code == 200
    assert not Delivery.objects.exists()


def test_a_signed_ping_is_stored_and_ignored(shop: Shop) -> None:
    response = deliver(shop, b"webhook_id=17")

    assert response.status_code == 200
    assert stored().state == "ignored"


def test_only_a_ping_needs_no_signature(shop: Shop) -> None:
    response = deliver(shop, b"webhook_id=17&order=1", **{"X-WC-Webhook-Signature": ""})

    assert response.status_code == 401


def test_it_answers_post_only(shop: Shop) -> None:
    assert Client().get("/hooks/woocommerce/cani").status_code == 405


def test_a_post_from_outside_needs_no_csrf_token(shop: Shop) -> None:
    response = deliver(shop, order(), client=Client(enforce_csrf_checks=True))

    assert response.status_code == 200


def test_a_huge_body_is_refused_in_words(shop: Shop) -> None:
    response = deliver(shop, b" " * (views.LARGEST_BODY + 1))

    assert response.status_code == 413
    assert b"2 MB" in response.content
    assert not Delivery.objects.exists()


def test_the_same_delivery_again_is_one_row_and_one_order(shop: Shop) -> None:
    for _ in range(4):
        deliver(shop, order(), **{"X-WC-Webhook-Delivery-ID": "abc1"})

    assert (stored().repeats, stored().attempts) == (3, 1)
    assert Order.objects.count() == 1


def test_two_orders_of_one_second_share_a_delivery_id_and_both_arrive(shop: Shop) -> None:
    for key in (5101, 5102):
        deliver(shop, order(id=key, number=str(key)), **{"X-WC-Webhook-Delivery-ID": "same"})

    assert sorted(Order.objects.values_list("external_id", flat=True)) == ["5101", "5102"]


def test_a_half_valid_order_is_stored_with_its_reason_and_writes_nothing_else(shop: Shop) -> None:
    rows = order()["line_items"]
    rows[1]["quantity"] = "many"

    response = deliver(shop, order(line_items=rows))

    assert response.status_code == 200
    assert stored().state == "failed"
    assert "line_items[1].quantity" in stored().outcome
    assert not Order.objects.exists()


def test_a_fault_of_ours_is_still_200_and_kept_for_a_person(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(delivering, "import_payload", broken)

    response = deliver(shop, order())

    assert response.status_code == 200
    assert (stored().state, stored().error) == ("failed", "ZeroDivisionError()")


def test_what_was_stored_and_not_read_is_read_by_the_sweep(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views.services, "process_delivery", lambda **_arguments: None)
    deliver(shop, order())
    monkeypatch.undo()
    assert stored().state == "received"

    at_once = delivering.process_waiting()
    Delivery.objects.update(received_at=stored().received_at - delivering.GRACE * 2)
    later = delivering.process_waiting()

    assert (at_once, later) == (0, 1)
    assert stored().state == "done"
    assert Order.objects.count() == 1


def test_what_cannot_be_stored_is_not_called_stored(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_arguments: Any) -> int:
        raise DatabaseError

    monkeypatch.setattr(views.services, "receive_delivery", down)

    assert deliver(shop, order()).status_code == 503


@pytest.mark.parametrize("topic", ["product.updated", "customer.created", "action.woocommerce_add_to_cart"])
def test_news_that_is_not_about_orders_is_ignored(shop: Shop, topic: str) -> None:
    deliver(shop, {"id": 7, "name": "Cană"}, **{"X-WC-Webhook-Topic": topic})

    assert stored().state == "ignored"


def test_a_deletion_is_noted_on_the_order_and_changes_nothing(shop: Shop) -> None:
    deliver(shop, order())

    deliver(shop, {"id": 5101}, **{"X-WC-Webhook-Topic": "order.deleted"})

    found = Order.objects.get()
    assert found.status == "new"
    assert found.events.filter(kind="reported").count() == 1
    assert Delivery.objects.latest("pk").order == found


def test_a_secret_of_another_key_lets_nobody_in(shop: Shop) -> None:
    connection = open_connection(shop_id=shop.pk, source="woocommerce")
    signature = signature_of(b"{}", connection)
    Connection.objects.update(secret="stored under another key")

    response = Client().post(
        "/hooks/woocommerce/cani",
        b"{}",
        content_type="application/json",
        headers={"X-WC-Webhook-Signature": signature},
    )

    assert response.status_code == 401


def test_a_secret_is_encrypted_at_rest(shop: Shop) -> None:
    connection = open_connection(shop_id=shop.pk, source="woocommerce")

    assert len(secret_of(connection)) >= 32
    assert secret_of(connection) not in connection.secret
    assert open_connection(shop_id=shop.pk, source="woocommerce").secret == connection.secret


def test_old_deliveries_are_forgotten(shop: Shop) -> None:
    deliver(shop, order())
    deliver(shop, b"?")
    Delivery.objects.update(received_at=stored_at() - delivering.KEEP_READ * 2)

    assert delivering.prune_deliveries() == 1
    assert stored().state == "failed"
    assert Order.objects.count() == 1


def stored_at() -> Any:
    return Delivery.objects.latest("pk").received_at

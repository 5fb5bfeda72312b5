"""What will be sent: on the order's and the deal's page, with the time it leaves, until it has."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Deal
from notifications.models import Message, MessageSettings, Suppression
from notifications.page_selectors import order_messages, promise_of_move
from notifications.statuses import MessageState
from orders import services as orders
from orders.models import Order
from shops.actors import Actor
from shops.models import Shop, User
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return make_shop(undo_seconds=60)


@pytest.fixture
def manager(shop: Shop) -> User:
    return make_user(shop)


@pytest.fixture
def order(shop: Shop, manager: User) -> Order:
    """An order its manager confirmed a moment ago: an e-mail and an SMS wait."""
    order = make_order(shop)
    orders.confirm_order(order_id=order.pk, actor=Actor.person(manager))
    return Order.objects.select_related("shop", "shipping_address", "billing_address").get(pk=order.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fragment(order: Order, user: User, query: str = "") -> tuple[int, str]:
    response = signed_in(user).get(f"/messages/order/{order.pk}/{query}", headers={"HX-Request": "true"})
    return response.status_code, response.content.decode()


def test_both_pages_say_what_leaves_when_and_offer_to_decide(order: Order, manager: User) -> None:
    client = signed_in(manager)
    deal = Deal.objects.get(order=order)

    for path in (f"/orders/{order.number}/", f"/deals/{deal.pk}/"):
        page = client.get(path).content.decode()
        held = page[page.index('id="held-messages"') : page.index("</section>", page.index("held-messages"))]

        assert "data-left" in held
        assert "ana@example.com" in held
        assert "+40722334455" in held
        assert held.count("/skip/") == held.count("/now/") == 4  # each as a form and for htmx
        assert "can no longer be undone" in held


def test_who_does_not_read_messages_is_told_nothing(order: Order, shop: Shop) -> None:
    warehouse = make_user(shop, Role.WAREHOUSE)

    page = signed_in(warehouse).get(f"/orders/{order.number}/").content.decode()

    assert "held-messages" not in page
    assert "/messages/" not in page[page.index("<main") :]
    assert fragment(order, warehouse)[0] == 404


def test_another_shops_messages_are_not_there(order: Order) -> None:
    stranger = make_user(make_shop(), Role.ADMIN)
    message = Message.objects.filter(order=order).first()
    assert message is not None

    answers = [
        signed_in(stranger).post(f"/messages/{message.pk}/{verb}/").status_code
        for verb in ("skip", "now", "arrived")
    ]

    assert answers == [404, 404, 404]
    assert fragment(order, stranger)[0] == 404
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}


def test_the_page_asks_often_while_something_leaves_and_stops_after(order: Order, manager: User) -> None:
    status, html = fragment(order, manager)

    assert status == 200
    assert 'hx-trigger="every 3s"' in html
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    status, html = fragment(order, manager, "?seen=before")
    assert "hx-trigger" not in html
    assert '<div id="held-messages" hidden>' in html
    assert html.count('data-state="sent"') == 4  # a pill and a step each
    assert 'hx-swap-oob="true"' in html


def test_it_asks_seldom_for_what_leaves_in_the_morning(order: Order, manager: User) -> None:
    Message.objects.update(due_at=timezone.now() + timedelta(hours=5), hold="quiet")

    assert 'hx-trigger="every 60s"' in fragment(order, manager)[1]


def test_nothing_is_sent_to_a_page_that_shows_it_already(order: Order, manager: User) -> None:
    shown = order_messages(order, may_change=True)

    assert fragment(order, manager, f"?seen={shown.digest}")[0] == 204


def test_skip_answers_with_what_is_left(order: Order, manager: User) -> None:
    message = Message.objects.get(order=order, channel="sms")

    response = signed_in(manager).post(f"/messages/{message.pk}/skip/", headers={"HX-Request": "true"})

    html = response.content.decode()
    assert response.status_code == 200
    assert html.count('class="rows-item held-row"') == 1
    assert "skipped" in html


def test_skip_too_late_says_so_and_shows_what_is(order: Order, manager: User) -> None:
    message = Message.objects.get(order=order, channel="sms")
    Message.objects.filter(pk=message.pk).update(state="sent", sent_at=timezone.now())

    response = signed_in(manager).post(f"/messages/{message.pk}/skip/", headers={"HX-Request": "true"})

    assert response.status_code == 409
    assert "This message has left already." in response.content.decode()
    assert Message.objects.get(pk=message.pk).state == MessageState.SENT


def test_without_scripts_it_leads_back_to_the_page(order: Order, manager: User) -> None:
    message = Message.objects.get(order=order, channel="sms")
    back = f"/orders/{order.number}/"

    answers = [
        signed_in(manager).post(f"/messages/{message.pk}/now/", {"next": where})
        for where in (back, "https://evil.example/")
    ]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [answer.headers["Location"] for answer in answers] == [back, f"/messages/{message.pk}/"]


@time_machine.travel("2026-11-20T21:30:00Z", tick=False)
def test_an_sms_in_quiet_hours_says_when_they_end(shop: Shop, manager: User) -> None:
    MessageSettings.objects.create(shop=shop, quiet_from=time(21), quiet_until=time(8))
    order = make_order(shop)
    change = orders.confirm_order(order_id=order.pk, actor=Actor.person(manager))

    promise = promise_of_move(change.move_id, shop)
    page = fragment(order, manager)[1]

    assert promise.soon == "e-mail"
    assert [(channels, f"{at.astimezone(shop.zone):%H:%M}") for channels, at in promise.later] == [
        ("SMS", "08:00")
    ]
    assert "at 08:00, quiet hours" in page


def test_what_failed_once_says_when_it_is_tried_again(order: Order, manager: User) -> None:
    Message.objects.filter(channel="email").update(
        attempts=2, last_error="451 busy", due_at=timezone.now() + timedelta(minutes=5), hold=""
    )

    html = fragment(order, manager)[1]

    assert "tried again" in html
    assert "451 busy" in html


def test_an_address_that_is_not_written_to_is_marked(order: Order, manager: User) -> None:
    Suppression.objects.create(
        shop=order.shop, channel="email", address="ana@example.com", reason="bounce", words="550 no mailbox"
    )

    page = signed_in(manager).get(f"/orders/{order.number}/").content.decode()

    assert "The address does not exist" in page
    assert "550 no mailbox" in page
    assert f'href="/customers/{order.customer_id}/"' in page


def test_its_queries_do_not_grow(order: Order, manager: User) -> None:
    client, path = signed_in(manager), f"/messages/order/{order.pk}/"
    client.get(path)

    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for number in range(20):
        Message.objects.create(
            shop=order.shop, order=order, event="written", channel="sms", recipient="+40722334455",
            language="ro", dedupe_key=f"more:{number}", event_uid=order.uuid, body="x",
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get(path)

    assert len(many) == len(few) <= 16

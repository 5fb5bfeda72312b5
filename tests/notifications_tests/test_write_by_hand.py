"""Writing to a customer by hand: to their own addresses only, in words that are taken as they stand, once."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from notifications.errors import MessageError
from notifications.models import Message, MessageTemplate, Suppression
from notifications.sending import drain
from notifications.services import Draft, resend_message, write_message
from notifications.statuses import Hold, MessageEvent, MessageState
from orders.models import CustomerContact, Order
from orders.tracking import token_for
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import ClaimVisibility, User
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = pytest.mark.django_db
EMAIL, PHONE = "ana@example.com", "+40722334455"
HOSTILE = "{{secret}} {% load x %} <img src=x onerror=alert(1)> =cmd()"


@pytest.fixture
def order() -> Order:
    return make_order(make_shop(undo_seconds=20))


@pytest.fixture
def manager(order: Order) -> User:
    return make_user(order.shop)


def letter(text: str = "We call you today.", **changed: Any) -> Draft:
    return Draft(
        **{"channel": "email", "recipient": EMAIL, "subject": "About your order", "text": text, **changed}
    )


def write(order: Order, draft: Draft, user: User, nonce: uuid.UUID | None = None) -> Message:
    key = write_message(order_id=order.pk, draft=draft, nonce=nonce or uuid.uuid4(), actor=Actor.person(user))
    return Message.objects.get(pk=key)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sent(message: Message) -> Message:
    Message.objects.update(due_at=timezone.now())
    drain(message.channel)
    return Message.objects.get(pk=message.pk)


def test_it_waits_as_long_as_a_change_and_knows_its_author(order: Order, manager: User) -> None:
    message = write(order, letter(), manager)

    wait = message.due_at - message.created_at
    assert (message.event, message.state, message.hold) == (
        MessageEvent.WRITTEN, MessageState.QUEUED, Hold.UNDO,
    )  # fmt: skip
    assert timedelta(seconds=19) < wait < timedelta(seconds=21)
    assert message.actor_user_id == manager.pk
    assert sent(message).state == MessageState.SENT


def test_its_words_are_never_a_template(order: Order, manager: User) -> None:
    message = sent(write(order, letter(HOSTILE), manager))

    assert HOSTILE in message.body
    assert "<img src=x" not in message.html
    assert "&lt;img src=x onerror=alert(1)&gt;" in message.html


def test_a_subject_is_one_line(order: Order, manager: User) -> None:
    message = write(order, letter(subject="Hello\r\nBcc: all@example.com"), manager)

    assert message.subject == "Hello Bcc: all@example.com"


def test_the_customers_link_is_put_in_when_it_leaves(
    order: Order, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_for(order.uuid, order.tracking_version)

    message = write(order, letter("Look: {{order_url}}"), manager)

    assert message.link_mark in message.body
    assert token not in message.body + message.html
    assert "{{order_url}}" not in message.body


def test_an_sms_can_be_written_in_plain_letters(order: Order, manager: User) -> None:
    as_typed = write(order, letter("Mulțumim", channel="sms", recipient=PHONE), manager)
    plain = write(order, letter("Mulțumim", channel="sms", recipient=PHONE, plain=True), manager)

    assert (as_typed.body, plain.body) == ("Mulțumim", "Multumim")


def test_the_same_form_sends_once(order: Order, manager: User) -> None:
    nonce = uuid.uuid4()

    keys = {write(order, letter(), manager, nonce).pk for _ in range(2)}

    assert len(keys) == Message.objects.filter(event=MessageEvent.WRITTEN).count() == 1


def test_the_same_form_with_other_words_is_refused(order: Order, manager: User) -> None:
    nonce = uuid.uuid4()
    write(order, letter(), manager, nonce)

    with pytest.raises(MessageError, match="sent already"):
        write(order, letter("Something else."), manager, nonce)

    assert Message.objects.filter(event=MessageEvent.WRITTEN).count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"recipient": "other@example.com"}, "recipient"),
        ({"recipient": PHONE}, "recipient"),
        ({"channel": "pigeon"}, "channel"),
        ({"text": " \n "}, "text"),
        ({"text": "\x01\u2028"}, "text"),
        ({"subject": "\x01"}, "subject"),
        ({"subject": " "}, "subject"),
        ({"text": "x" * 10_001}, "text"),
        ({"channel": "sms", "recipient": PHONE, "text": "x" * 1_001}, "text"),
    ],
)
def test_it_refuses_what_cannot_be_sent(
    order: Order, manager: User, changed: dict[str, str], field: str
) -> None:
    with pytest.raises(MessageError) as refused:
        write(order, letter(**changed), manager)

    assert refused.value.field == field
    assert not Message.objects.filter(event=MessageEvent.WRITTEN).exists()


def test_an_address_that_is_not_written_to_is_refused_with_the_reason(order: Order, manager: User) -> None:
    Suppression.objects.create(shop=order.shop, channel="email", address=EMAIL, reason="complaint")

    with pytest.raises(MessageError, match="reported it as spam"):
        write(order, letter(recipient=EMAIL), manager)

    assert not Message.objects.filter(event=MessageEvent.WRITTEN).exists()


def test_another_address_of_the_customer_may_be_chosen(order: Order, manager: User) -> None:
    CustomerContact.objects.create(
        customer=order.customer, kind="email", value="Ana.Work@example.com", normalised="ana.work@example.com"
    )

    assert write(order, letter(recipient="Ana.Work@example.com"), manager).state == MessageState.QUEUED


def test_only_who_may_resend_writes(order: Order) -> None:
    for person in (make_user(order.shop, Role.WAREHOUSE), make_user(make_shop(), Role.ADMIN)):
        with pytest.raises(NotPermitted):
            write(order, letter(), person)

    assert not Message.objects.filter(event=MessageEvent.WRITTEN).exists()


def test_sending_it_again_keeps_its_words(order: Order, manager: User) -> None:
    message = sent(write(order, letter("Look: {{order_url}}"), manager))

    again = sent(Message.objects.get(pk=resend_message(message_id=message.pk, actor=Actor.person(manager))))

    assert again.state == MessageState.SENT
    assert again.link_mark in again.body
    assert message.link_mark not in again.body + again.html


# --- The page


def page(order: Order, user: User, query: str = "") -> str:
    return signed_in(user).get(f"/messages/order/{order.pk}/write/{query}").content.decode()


def nonce_of(html: str) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', html)
    assert found
    return found[1]


def test_it_begins_with_the_words_of_a_template_on_this_order(order: Order, manager: User) -> None:
    MessageTemplate.objects.filter(
        shop=order.shop, event="confirmed", channel="email", language=order.language
    ).update(subject="Salut {{firstname}}", body="Comanda {{number}}: {{order_url}}")

    html = page(order, manager, "?channel=email&event=confirmed")

    assert 'value="Salut Ana-Maria"' in html
    assert f"Comanda {order.number}: {{{{order_url}}}}</textarea>" in html


def test_a_missing_template_is_told(order: Order, manager: User) -> None:
    MessageTemplate.objects.filter(shop=order.shop, event="confirmed").delete()

    assert "write freely" in page(order, manager, "?event=confirmed")


def test_the_preview_sends_nothing(order: Order, manager: User) -> None:
    form = {"channel": "email", "recipient": EMAIL, "subject": "Hi", "text": HOSTILE, "do": "preview"}

    response = signed_in(manager).post(
        f"/messages/order/{order.pk}/write/", form | {"nonce": str(uuid.uuid4())}
    )

    html = response.content.decode()
    assert response.status_code == 200
    assert '<iframe class="mail" sandbox=""' in html
    assert "sent as they stand" in html
    assert not Message.objects.filter(event=MessageEvent.WRITTEN).exists()


def test_the_preview_of_an_sms_names_what_makes_it_dear(order: Order, manager: User) -> None:
    form = {"channel": "sms", "recipient": PHONE, "text": "Mulțumim " * 10, "do": "preview"}

    html = signed_in(manager).post(f"/messages/order/{order.pk}/write/", form).content.decode()

    assert "89 characters, 2 SMS" in html
    assert "because of: ț" in html


def test_sending_leads_back_and_a_double_click_sends_once(order: Order, manager: User) -> None:
    client = signed_in(manager)
    nonce = nonce_of(client.get(f"/messages/order/{order.pk}/write/").content.decode())
    form = {
        "channel": "email", "recipient": EMAIL, "subject": "Hi", "text": "Hello", "do": "send", "nonce": nonce,
    }  # fmt: skip

    answers = [client.post(f"/messages/order/{order.pk}/write/", form) for _ in range(2)]

    assert {answer.headers["Location"] for answer in answers} == {f"/orders/{order.number}/"}
    assert Message.objects.filter(event=MessageEvent.WRITTEN).count() == 1


def test_a_refusal_keeps_what_was_typed(order: Order, manager: User) -> None:
    form = {"channel": "email", "recipient": EMAIL, "subject": "", "text": "Long words", "do": "send"}

    response = signed_in(manager).post(f"/messages/order/{order.pk}/write/", form)

    assert response.status_code == 422
    assert "needs a subject" in response.content.decode()
    assert "Long words</textarea>" in response.content.decode()


def test_a_colleagues_hidden_order_is_not_written_about() -> None:
    order = make_order(make_shop(claim_visibility=ClaimVisibility.HIDDEN))
    Order.objects.filter(pk=order.pk).update(manager=make_user(order.shop))

    answer = signed_in(make_user(order.shop)).get(f"/messages/order/{order.pk}/write/")

    assert answer.status_code == 404

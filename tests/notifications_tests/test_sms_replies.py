"""What customers answer by SMS: STOP and START are obeyed, everything is kept, and a stopped number is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from notifications.errors import MessageError
from notifications.models import Message, SmsAccount, SmsReply, Suppression
from notifications.reply_words import wish_of
from notifications.selectors import is_suppressed
from notifications.sending import drain
from notifications.services import resend_message, send_test_sms, suppress_address
from notifications.services.replies import MOST_REPLIES_A_DAY
from notifications.statuses import MessageState, SmsProvider, SuppressionReason
from orders.models import OrderNote
from shops.actors import Actor
from shops.models import Shop
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user
from tests.notifications_tests.conftest import Gateway, MailServer
from tests.notifications_tests.test_sms_reports import address, make_account, signed_by_twilio

pytestmark = pytest.mark.django_db
MakeMessage = Callable[..., Message]
NUMBER = "+40722334455"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def account(shop: Shop) -> SmsAccount:
    return make_account(shop)


def says(client: Client, account: SmsAccount, text: str, **more: str) -> Any:
    fields = {"sms_from": "40722334455", "sms_text": text, "sms_to": "48500", **more}
    return client.post(address(account, "reply"), fields)


def stopped(shop: Shop) -> bool:
    return is_suppressed(shop_id=shop.pk, channel="sms", address=NUMBER)


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        " stop. ",
        "„Stop”!",
        "Dezabonare",
        "mă dezabonez",
        "WYPISZ",
        "Nie wysyłaj!",
        "СТОП",
        "Відписатися",
    ],
)
def test_a_whole_stop_in_any_of_our_languages_stops_the_number(
    client: Client, shop: Shop, account: SmsAccount, text: str
) -> None:
    response = says(client, account, text)

    found = Suppression.objects.get()
    assert (response.status_code, response.content) == (200, b"OK")
    assert (found.shop, found.address, found.reason) == (shop, NUMBER, SuppressionReason.STOP)
    assert (found.actor_kind, found.words) == ("customer", text.strip())
    assert SmsReply.objects.get().wish == "stop"


@pytest.mark.parametrize(
    "text", ["Please stop by at 5", "nu stop", "cancel", "rezygnuję", "", "Коли буде?", "stop " * 400]
)
def test_any_other_reply_stops_nothing(client: Client, shop: Shop, account: SmsAccount, text: str) -> None:
    says(client, account, text)

    assert not stopped(shop)
    assert wish_of(text) == ""


def test_start_lifts_the_customers_own_stop_and_no_other(
    client: Client, shop: Shop, account: SmsAccount
) -> None:
    says(client, account, "STOP")
    says(client, account, "start", MsgId="2")
    lifted = Suppression.objects.get()
    suppress_address(shop_id=shop.pk, channel="sms", address=NUMBER, reason="person", actor=SYSTEM)

    says(client, account, "START", MsgId="3")

    assert (lifted.lifted_by, lifted.lifted_at is not None) == (NUMBER, True)
    assert stopped(shop)


def test_a_stop_said_twice_is_one_entry(client: Client, shop: Shop, account: SmsAccount) -> None:
    says(client, account, "STOP", MsgId="1")
    says(client, account, "STOP", MsgId="1")
    says(client, account, "stop", MsgId="2")

    assert Suppression.objects.count() == 1
    assert SmsReply.objects.count() == 2


def test_a_stop_holds_for_its_own_shop_only(client: Client, shop: Shop, account: SmsAccount) -> None:
    other = make_shop()

    says(client, account, "STOP")

    assert not is_suppressed(shop_id=other.pk, channel="sms", address=NUMBER)
    assert not is_suppressed(shop_id=shop.pk, channel="email", address=NUMBER)


def test_a_reply_stands_on_the_newest_order_as_plain_text(
    client: Client, shop: Shop, account: SmsAccount, make_message: MakeMessage
) -> None:
    make_message("sms", order=make_order(shop))
    newest = make_message("sms", order=make_order(shop)).order

    says(client, account, "<b>Când</b> vine? {{ secret }}\0")

    reply, note = SmsReply.objects.get(), OrderNote.objects.get()
    assert (reply.order, note.order) == (newest, newest)
    assert reply.text == note.text == "<b>Când</b> vine? {{ secret }}"
    assert note.actor_label == f"SMS {NUMBER}"


def test_a_number_nobody_knows_is_kept_without_an_order(client: Client, account: SmsAccount) -> None:
    says(client, account, "Hello?")

    assert SmsReply.objects.get().order is None
    assert not OrderNote.objects.exists()


def test_who_writes_without_end_is_heard_only_when_saying_stop(
    client: Client, shop: Shop, account: SmsAccount
) -> None:
    rows = [
        SmsReply(shop=shop, key=f"k{number}", sender=NUMBER, text="?") for number in range(MOST_REPLIES_A_DAY)
    ]
    SmsReply.objects.bulk_create(rows)

    says(client, account, "one more", MsgId="101")
    says(client, account, "STOP", MsgId="102")

    assert SmsReply.objects.count() == MOST_REPLIES_A_DAY
    assert stopped(shop)


@pytest.mark.parametrize("token", ["secret", "another"])
def test_twilio_gets_no_words_back_for_it_would_send_them_on(
    client: Client, shop: Shop, settings: Settings, token: str
) -> None:
    settings.OMS_PUBLIC_URL = "https://orders.example"
    path = address(make_account(shop, SmsProvider.TWILIO), "reply")
    fields = {"From": NUMBER, "Body": "STOP", "MessageSid": "SM9"}
    signature = signed_by_twilio(f"https://orders.example{path}", fields, token)

    response = client.post(path, fields, headers={"X-Twilio-Signature": signature})

    assert (response.status_code < 300, response.content) == (True, b"")
    assert stopped(shop) == (token == "secret")


def test_a_stopped_number_gets_no_sms_and_the_message_says_why(
    client: Client, shop: Shop, account: SmsAccount, make_message: MakeMessage, gateway: Gateway
) -> None:
    message = make_message("sms", order=make_order(shop), lane="sms")
    says(client, account, "STOP")

    drain("sms")

    left = Message.objects.get(pk=message.pk)
    assert gateway.requests == []
    assert (left.state, left.last_error) == (MessageState.DISCARDED, "suppressed")


def test_a_stopped_email_address_gets_no_email_however_it_is_spelled(
    shop: Shop, make_message: MakeMessage, mail_server: MailServer
) -> None:
    message = make_message("email", order=make_order(shop))
    suppress_address(
        shop_id=shop.pk, channel="email", address=" ANA@Example.com ", reason="bounce", actor=SYSTEM
    )

    drain("email")

    assert mail_server.mails == []
    assert Message.objects.get(pk=message.pk).state == MessageState.DISCARDED


def test_a_colleague_cannot_send_again_to_a_stopped_number(shop: Shop, make_message: MakeMessage) -> None:
    message = make_message("sms", order=make_order(shop), state=MessageState.FAILED)
    suppress_address(shop_id=shop.pk, channel="sms", address=NUMBER, reason="stop", actor=SYSTEM)
    manager = Actor.person(make_user(shop, Role.MANAGER))

    with pytest.raises(MessageError):
        resend_message(message_id=message.pk, actor=manager)

    assert Message.objects.filter(resend_of=message).count() == 0


def test_a_test_sms_to_a_stopped_number_is_refused(shop: Shop) -> None:
    suppress_address(shop_id=shop.pk, channel="sms", address=NUMBER, reason="stop", actor=SYSTEM)

    with pytest.raises(MessageError):
        send_test_sms(shop_id=shop.pk, to="0722 334 455", text="Test", actor=SYSTEM)

    assert not Message.objects.exists()

"""An order's e-mails stand together in the customer's mailbox; notes and tests stay out of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notifications.models import Message, MessageTemplate
from notifications.sending import drain
from notifications.services import queue_note, resend_message, send_test
from shops.actors import Actor
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user
from tests.notifications_tests.conftest import MailServer

pytestmark = pytest.mark.django_db
MakeMessage = Callable[..., Message]


def test_all_emails_of_an_order_answer_the_same_number(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    order = make_order()
    first = make_message(event="confirmed", order=order)
    make_message(event="shipped", order=order)
    make_message(event="shipped", order=make_order(order.shop))
    drain("email")
    resend_message(message_id=first.pk, actor=SYSTEM)
    drain("email")

    threads = [mail["References"] for mail in mail_server.mails]
    domain = order.shop.sender_email.partition("@")[2]
    thread = f"<{order.uuid}@{domain}>"
    assert threads.count(thread) == 3
    assert len(set(threads)) == 2
    assert [mail["In-Reply-To"] for mail in mail_server.mails] == threads
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == 4
    assert thread not in {mail["Message-ID"] for mail in mail_server.mails}


def test_machines_are_told_not_to_answer_and_people_answer_the_shop(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    message = make_message()

    drain("email")

    [mail] = mail_server.mails
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == message.shop.sender_email
    assert mail["List-Unsubscribe"] is None  # an order's messages are no newsletter


def test_a_test_send_and_a_note_stay_out_of_the_thread(mail_server: MailServer) -> None:
    shop = make_shop()
    order = make_order(shop)
    admin = make_user(shop, Role.ADMIN, email="admin@example.com")
    template = MessageTemplate.objects.get(shop=shop, event="shipped", channel="email", language="ro")
    send_test(template=template, order=order, recipient=admin.email, actor=Actor.person(admin))
    queue_note(
        shop_id=shop.pk, recipients=["a@example.com"], subject="Goods", text="They are here.", key="k",
        actor=SYSTEM, language="en", order_id=order.pk,
    )  # fmt: skip

    drain("email")

    assert len(mail_server.mails) == 2
    for mail in mail_server.mails:
        assert (mail["References"], mail["In-Reply-To"]) == (None, None)
        assert mail["Message-ID"]

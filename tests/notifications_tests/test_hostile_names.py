"""Names that try to be something else arrive as harmless text, with one recipient, by a real server and gateway."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from django.conf import settings
from django.utils.html import strip_tags

from notifications.models import Message, MessageTemplate
from notifications.sending import drain
from notifications.statuses import MessageState
from orders.models import Order
from tests.factories import ADDRESS, make_line, make_order, make_product, make_shop
from tests.notifications_tests.conftest import Gateway, MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MakeMessage = Callable[..., Message]
NAMES = [
    "{{secret}}",
    "{% include 'x' %}{{number}}",
    "<img src=x onerror=alert(1)>",
    "</td></table><script>alert(1)</script>",
    "<!--[if mso]>x<![endif]-->",
    '"><a href="https://evil.example">Pay</a>',
    "=cmd()|'/C calc'!A0",
    "Ana\r\nBcc: spy@example.com\r\n\r\nSubject: owned",
    "Ana\u2028Bcc: spy@example.com\x85X: y",
    "Ana \u202egnp.exe\u2066",
    "a\x00b\x1b[31mc",
    "😀👩‍👩‍👧 Ștefania",
    "=?utf-8?q?Bcc=3A_spy=40example=2Ecom?=",
    "x" * 10_000,
]
SHORT = [name[:60].encode("unicode_escape").decode() for name in NAMES]
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def order_of(name: str) -> Order:
    """An order whose every free text is this name, as far as the columns are long; what no column takes is in the facts."""
    kept = name.replace("\0", "")[:120]
    shop = make_shop(name=kept[:60], sender_name=kept[:60])
    line = replace(make_line(make_product(shop)), name=kept, variant=kept[:60])
    return make_order(shop, lines=(line,), shipping=replace(ADDRESS, name=kept, street=kept, city=kept[:60]))


def poisoned(message: Message, name: str) -> Message:
    """The message with this name in its facts, whole, and a template that says it everywhere."""
    facts = message.facts
    lines = [line | {"name": name} for line in facts["lines"]]
    texts = dict.fromkeys(
        ("name", "firstname", "address", "pickup_point", "delivery", "payment", "reason"), name
    )
    Message.objects.filter(pk=message.pk).update(facts=facts | texts | {"lines": lines})
    MessageTemplate.objects.filter(shop=message.shop).update(
        subject="{{name}} and {{number}}", body="Hello {{firstname}},\n\n<b>{{name}}</b> {{number}}"
    )
    return message


@pytest.mark.parametrize("name", NAMES, ids=SHORT)
def test_an_email_arrives_as_text_for_one_recipient(
    make_message: MakeMessage, mail_server: MailServer, name: str
) -> None:
    message = poisoned(make_message(order=order_of(name)), name)

    drain("email")

    state, error = Message.objects.values_list("state", "last_error").get(pk=message.pk)
    assert (state, error) == (MessageState.SENT, "")
    [envelope], [mail] = mail_server.envelopes, mail_server.mails
    assert envelope.rcpt_tos == ["ana@example.com"]
    assert [address.addr_spec for address in mail["To"].addresses] == ["ana@example.com"]
    [sender] = mail["From"].addresses
    assert sender.addr_spec == message.shop.sender_email
    assert "\n" not in sender.display_name
    for header in ("Bcc", "Cc", "X"):
        assert mail[header] is None
    assert len(mail.get_all("Subject", [])) == 1
    assert not UNSEEN.search(mail["Subject"])


@pytest.mark.parametrize("name", NAMES, ids=SHORT)
def test_nothing_in_it_becomes_markup_or_is_read_as_a_template(
    make_message: MakeMessage, mail_server: MailServer, name: str
) -> None:
    poisoned(make_message(order=order_of("Ana")), name)
    drain("email")
    poisoned(make_message(order=order_of("Ana")), "Ana")

    drain("email")

    hostile, harmless = (mail.get_body(("html",)).get_content() for mail in mail_server.mails)  # type: ignore[union-attr]
    text = mail_server.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    tags = re.compile(r"<(/?[a-z]+)")
    assert tags.findall(hostile) == tags.findall(harmless)
    [address] = re.findall(r'<a [^<>]*href="([^"]*)"', hostile)
    assert address.startswith(f"{settings.OMS_PUBLIC_URL}/t/")
    for part in (hostile, text):
        assert not UNSEEN.search(part.replace("\r\n", "").replace("\n", ""))
    said = " ".join(UNSEEN.sub(" ", name).split())[:50]
    for part in (unescape(strip_tags(hostile)), text):
        assert said in " ".join(part.split())


@pytest.mark.parametrize("name", [name for name in NAMES if len(name) < 1000])
def test_an_sms_arrives_as_text_for_one_phone(make_message: MakeMessage, gateway: Gateway, name: str) -> None:
    message = poisoned(make_message("sms", order=order_of(name)), name)

    drain("sms")

    [request] = gateway.requests
    assert (request["to"], request["id"]) == ("+40722334455", str(message.pk))
    assert not UNSEEN.search(request["text"].replace("\n", ""))
    assert "{{" not in name or "{{" in request["text"]
    assert set(request) == {"to", "text", "id"}


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.com\r\nBcc: spy@example.com",
        "ana@example.com, spy@example.com",
        "Ana <ana@example.com>",
        "a\0@b.ro",
    ],
)
def test_an_address_that_is_more_than_an_address_is_refused(
    make_message: MakeMessage, mail_server: MailServer, address: str
) -> None:
    message = make_message()
    Message.objects.filter(pk=message.pk).update(recipient=address.replace("\0", "\x01"))

    drain("email")

    assert Message.objects.get(pk=message.pk).state == MessageState.FAILED
    assert mail_server.envelopes == []

"""What became of a message, step by step: each with its time and the words that came with it, wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Deal
from notifications.errors import MessageError
from notifications.models import Message, MessageReport
from notifications.page_selectors import steps_of
from notifications.services import decide_unknown, resend_message
from notifications.statuses import MessageState
from orders.models import OrderAddress
from shops.actors import Actor
from shops.errors import NotPermitted
from shops.models import User
from shops.permissions import Role
from tests.factories import make_shop, make_user

MakeMessage = Callable[..., Message]
pytestmark = pytest.mark.django_db
WORDS = "550 5.1.1 no such mailbox"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def report(message: Message, state: str, **columns: object) -> MessageReport:
    return MessageReport.objects.create(
        message=message, key=f"{message.pk}:{state}", state=state, by="provider", **columns
    )


def states(message: Message) -> list[str]:
    return [step.state for step in steps_of(Message.objects.get(pk=message.pk))]


def test_it_tells_the_whole_way_in_order(make_message: MakeMessage) -> None:
    now = timezone.now()
    message = make_message("email", state="delivered", sent_at=now + timedelta(seconds=5))
    report(message, "delivered", at=now + timedelta(seconds=9))

    assert states(message) == ["queued", "sent", "delivered"]


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.UNKNOWN, MessageState.DISCARDED])
def test_an_end_without_a_report_says_why_and_when(make_message: MakeMessage, state: str) -> None:
    at = timezone.now() + timedelta(minutes=1)
    message = make_message("sms", state=state, last_error="no credit", ended_at=at)

    last = steps_of(message)[-1]

    assert (last.state, last.at, last.words) == (state, at, "no credit")


def test_an_end_with_a_report_is_told_once(make_message: MakeMessage) -> None:
    message = make_message("email", state="bounced", sent_at=timezone.now(), last_error=WORDS)
    report(message, "bounced", words=WORDS)

    assert states(message) == ["queued", "sent", "bounced"]


def test_every_page_shows_the_providers_words(make_message: MakeMessage) -> None:
    message = make_message("email", state="bounced", sent_at=timezone.now(), last_error=WORDS)
    report(message, "bounced", words=WORDS)
    client = signed_in(make_user(message.shop))
    assert message.order is not None
    deal = Deal.objects.get(order=message.order)

    pages = [f"/orders/{message.order.number}/", f"/deals/{deal.pk}/", f"/messages/{message.pk}/"]

    for page in pages:
        html = client.get(page).content.decode()
        assert WORDS in html, page
        assert "came back" in html, page


def test_a_person_may_say_that_an_unknown_one_arrived(make_message: MakeMessage) -> None:
    message = make_message("sms", state="unknown", last_error="interrupted_sms", ended_at=timezone.now())
    actor = Actor.person(make_user(message.shop, first_name="Mara", last_name="Ilie"))

    answers = [bool(decide_unknown(message_id=message.pk, actor=actor)) for _ in range(2)]

    found = Message.objects.get(pk=message.pk)
    assert answers == [True, False]
    assert (found.state, found.last_error) == (MessageState.SENT, "")
    assert found.sent_at is not None
    assert MessageReport.objects.get(message=message).by == "Mara Ilie"
    assert not Message.objects.needing_a_person().exists()


def test_nothing_is_decided_about_what_is_known(make_message: MakeMessage) -> None:
    message = make_message("sms", state="failed", last_error="no credit")

    with pytest.raises(MessageError):
        decide_unknown(message_id=message.pk, actor=Actor.person(make_user(message.shop)))

    assert Message.objects.get(pk=message.pk).state == MessageState.FAILED


def test_warehouse_people_decide_nothing(make_message: MakeMessage) -> None:
    message = make_message("sms", state="unknown")

    with pytest.raises(NotPermitted):
        decide_unknown(message_id=message.pk, actor=Actor.person(make_user(message.shop, Role.WAREHOUSE)))

    assert Message.objects.get(pk=message.pk).state == MessageState.UNKNOWN


def test_an_unknown_one_offers_both_ways_out(make_message: MakeMessage) -> None:
    message = make_message("sms", state="unknown", last_error="interrupted_sms")
    client = signed_in(make_user(message.shop))

    for path in ("/messages/", f"/messages/{message.pk}/"):
        html = client.get(path).content.decode()
        assert f"/messages/{message.pk}/arrived/" in html
        assert f"/messages/{message.pk}/resend/" in html


def test_it_is_sent_again_to_the_address_the_order_has_by_now(make_message: MakeMessage) -> None:
    message = make_message("email", state="failed", last_error=WORDS)
    assert message.order is not None
    OrderAddress.objects.filter(pk=message.order.shipping_address_id).update(email="right@example.com")
    client = signed_in(make_user(message.shop))

    offered = client.get(f"/messages/{message.pk}/").content.decode()
    client.post(f"/messages/{message.pk}/resend/", {"to": "current"})

    assert "Send again to right@example.com" in offered
    assert f"/orders/{message.order.number}/address/" in offered
    assert Message.objects.get(resend_of=message).recipient == "right@example.com"


def test_without_an_address_there_is_nowhere_to_send_it(make_message: MakeMessage) -> None:
    message = make_message("email", state="failed", last_error=WORDS)
    OrderAddress.objects.update(email="")

    with pytest.raises(MessageError, match="no address"):
        resend_message(
            message_id=message.pk, actor=Actor.person(make_user(message.shop)), to_current_address=True
        )

    assert Message.objects.count() == 1


def test_a_note_to_colleagues_has_no_order_and_is_shown_all_the_same() -> None:
    shop = make_shop()
    note = Message.objects.create(
        shop=shop, event="staff", channel="email", recipient="boss@example.com", language="en",
        subject="3 products run low", body="Look.", dedupe_key="note", event_uid="0" * 32,
        state="failed", last_error="no such mailbox",
    )  # fmt: skip
    client = signed_in(make_user(shop))

    pages = [client.get(path) for path in ("/messages/", "/messages/?state=all", f"/messages/{note.pk}/")]

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert all("boss@example.com" in page.content.decode() for page in pages)

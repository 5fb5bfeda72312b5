"""From the outbox to a real SMTP server and a real HTTP gateway, and what happens when those misbehave."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from notifications import outbox
from notifications.models import Message, MessageTemplate
from notifications.sending import deliver, drain
from notifications.services import resend_message
from notifications.statuses import MessageState
from notifications.transports import transport_for
from orders import services as orders
from orders.models import OrderEvent
from orders.statuses import CancelReason
from orders.tracking import token_for
from shops.actors import Actor
from tests.factories import ADDRESS, PAID, SYSTEM, make_order, make_shop, make_user
from tests.notifications_tests.conftest import Gateway, MailServer, free_port

MakeMessage = Callable[..., Message]
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def make_due(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def test_an_email_arrives_with_the_shops_sender_and_one_button(
    make_message: MakeMessage, mail_server: MailServer, settings: Settings
) -> None:
    settings.OMS_PUBLIC_URL = "https://orders.example"
    shop = make_shop(name="Căni & Co", sender_name="Căni & Co", sender_email="salut@cani.example")
    message = make_message(order=make_order(shop))

    assert drain("email") == 1

    mail = mail_server.mails[0]
    order, link = message.order, f"https://orders.example/t/{token_for(message.order.uuid, 1)}/"
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert mail["To"] == "ana@example.com"
    assert mail["From"].addresses[0].display_name == "Căni & Co"
    assert mail["Reply-To"] == "salut@cani.example"
    assert mail["Subject"] == f"Comanda {order.number} este confirmată"
    assert html.count('class="button"') == 1
    assert link in html
    assert link in text
    assert "Ana-Maria" in text
    sent = again(message)
    assert (sent.state, sent.via, sent.attempts) == (MessageState.SENT, "e-mail", 1)
    assert mail["Message-ID"] == sent.message_id


def test_the_tracking_link_is_in_the_mail_and_never_in_the_database(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    message = make_message()

    drain("email")

    sent = again(message)
    token = token_for(message.order.uuid, 1)
    assert token in mail_server.envelopes[0].content.decode()  # type: ignore[union-attr]
    assert token not in f"{sent.subject}{sent.body}{sent.html}{sent.facts}"


def test_an_sms_arrives_at_the_gateway_in_plain_letters(make_message: MakeMessage, gateway: Gateway) -> None:
    message = make_message("sms")

    drain("sms")

    sent = again(message)
    assert gateway.requests == [{"to": "+40722334455", "text": sent.body, "id": str(message.pk)}]
    assert gateway.headers[0]["Authorization"] == "Bearer secret-token"
    assert sent.body.startswith(f"Ana-Maria, comanda {message.order.number} (10,00 lei) e confirmata.")
    assert (sent.state, sent.provider_id) == (MessageState.SENT, "gw-1")


@pytest.mark.parametrize(("payment", "says"), [({}, "La livrare: 10,00 lei."), (PAID, "")])
def test_a_paid_order_has_nothing_to_pay_at_the_door(
    make_message: MakeMessage, gateway: Gateway, payment: dict[str, Any], says: str
) -> None:
    make_message("sms", "shipped", order=make_order(**payment))

    drain("sms")

    text = gateway.requests[0]["text"]
    assert says in text
    assert ("La livrare" in text) == bool(says)


def test_one_connection_serves_a_batch(make_message: MakeMessage, mail_server: MailServer) -> None:
    order = make_order()
    for _ in range(3):
        make_message(order=order)

    assert drain("email") == 3

    assert (len(mail_server.mails), mail_server.connections) == (3, 1)


def test_without_settings_messages_stay_inside_and_say_so(make_message: MakeMessage) -> None:
    messages = [make_message("email"), make_message("sms")]

    drain("email")
    drain("sms")

    assert {(m.state, m.via, bool(m.body)) for m in map(again, messages)} == {("sent", "log", True)}


@pytest.mark.parametrize("answer", ["451 4.3.0 try later", "421 busy"])
def test_a_temporary_answer_is_tried_again_with_growing_pauses_and_the_same_number(
    make_message: MakeMessage, mail_server: MailServer, answer: str
) -> None:
    message = make_message()
    mail_server.answer = answer
    pauses = []
    for _ in range(3):
        drain("email")
        waiting = again(message)
        pauses.append(waiting.due_at - timezone.now())
        make_due(message)
    number = waiting.message_id
    mail_server.answer = "250 OK"

    drain("email")

    assert pauses == sorted(pauses)
    assert pauses[0] > timedelta(seconds=3)
    assert (waiting.state, waiting.attempts) == (MessageState.QUEUED, 3)
    assert answer.split()[0] in waiting.last_error
    assert [mail["Message-ID"] for mail in mail_server.mails] == [number]
    assert (again(message).state, again(message).last_error) == (MessageState.SENT, "")


def test_a_permanent_answer_ends_it_and_says_why(make_message: MakeMessage, mail_server: MailServer) -> None:
    message = make_message()
    mail_server.answer = "550 no such mailbox"

    drain("email")

    assert again(message).state == MessageState.FAILED
    assert "550 no such mailbox" in again(message).last_error


def test_a_server_that_is_down_costs_one_attempt_and_the_rest_waits_untouched(
    make_message: MakeMessage, mail_server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_PORT = free_port()
    order = make_order()
    messages = [make_message(order=order) for _ in range(4)]

    assert drain("email") == 1

    assert sorted(again(message).attempts for message in messages) == [0, 0, 0, 1]
    assert {again(message).state for message in messages} == {MessageState.QUEUED}


def test_it_gives_up_after_the_last_pause(make_message: MakeMessage, mail_server: MailServer) -> None:
    message = make_message(attempts=outbox.MOST_ATTEMPTS - 1)
    mail_server.answer = "451 never"

    drain("email")

    assert again(message).state == MessageState.FAILED


@pytest.mark.parametrize(
    ("status", "answer", "state"),
    [
        (200, "OK", MessageState.SENT),
        (202, '{"messageId": 7}', MessageState.SENT),
        (400, "bad number", MessageState.FAILED),
        (429, "slow down", MessageState.QUEUED),
        (500, "oops", MessageState.QUEUED),
        (503, "later", MessageState.QUEUED),
        (401, "who are you", MessageState.QUEUED),
        (502, "bad gateway", MessageState.UNKNOWN),
        (504, "gateway timeout", MessageState.UNKNOWN),
    ],
)
def test_the_gateways_answer_decides(
    make_message: MakeMessage, gateway: Gateway, status: int, answer: str, state: str
) -> None:
    message = make_message("sms")
    gateway.status, gateway.answer = status, answer

    drain("sms")

    assert again(message).state == state
    assert len(gateway.requests) == 1
    assert state == MessageState.SENT or str(status) in again(message).last_error


def test_success_may_need_a_word_in_the_answer(
    make_message: MakeMessage, gateway: Gateway, settings: Settings
) -> None:
    settings.SMS = settings.SMS | {"success": '"ok":true'}
    message = make_message("sms")
    gateway.answer = '{"ok":false,"error":"no credit"}'

    drain("sms")

    assert again(message).state == MessageState.FAILED
    assert "no credit" in again(message).last_error


def test_a_form_gateway_gets_a_form(make_message: MakeMessage, gateway: Gateway, settings: Settings) -> None:
    settings.SMS = settings.SMS | {"headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    message = make_message("sms")

    drain("sms")

    assert gateway.requests[0]["to"] == "+40722334455"
    assert again(message).state == MessageState.SENT


@pytest.mark.parametrize("behaviour", ["hang up", pytest.param("stay silent", marks=pytest.mark.slow)])
def test_an_sms_that_was_cut_off_is_unknown_and_never_sent_again_by_itself(
    make_message: MakeMessage, gateway: Gateway, settings: Settings, behaviour: str
) -> None:
    settings.SMS = settings.SMS | {"timeout": 1}
    message = make_message("sms")
    gateway.behaviour = behaviour

    drain("sms")
    gateway.behaviour = "answer"
    drain("sms")

    assert again(message).state == MessageState.UNKNOWN
    assert len(gateway.requests) == 1


def test_an_expired_lease_sends_an_email_again_with_its_number(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    message = make_message()
    taken = outbox.claim(message.pk)
    assert taken is not None
    taken.message_id, taken.body = "<kept@shop.example>", "Kept words"
    outbox.keep_words(taken, via="e-mail")
    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    drain("email")

    assert again(message).state == MessageState.SENT
    assert again(message).attempts == 2
    assert mail_server.mails[0]["Message-ID"] == "<kept@shop.example>"


def test_an_expired_lease_leaves_an_sms_unknown_once_it_was_handed_over(
    make_message: MakeMessage, gateway: Gateway
) -> None:
    message = make_message("sms")
    taken = outbox.claim(message.pk)
    assert taken is not None
    outbox.keep_words(taken, via="sms")
    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    drain("sms")

    assert again(message).state == MessageState.UNKNOWN
    assert gateway.requests == []


def test_an_expired_lease_sends_an_sms_that_was_never_handed_over(
    make_message: MakeMessage, gateway: Gateway
) -> None:
    message = make_message("sms")
    outbox.claim(message.pk)
    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    drain("sms")

    assert again(message).state == MessageState.SENT
    assert len(gateway.requests) == 1


def test_a_live_lease_is_respected(make_message: MakeMessage, mail_server: MailServer) -> None:
    message = make_message()
    outbox.claim(message.pk)

    assert drain("email") == 0

    assert mail_server.mails == []


def test_a_worker_that_comes_back_late_changes_nothing(make_message: MakeMessage) -> None:
    message = make_message()
    late = outbox.claim(message.pk)
    assert late is not None
    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    drain("email")

    assert not outbox.mark_failed(late, reason="too late")

    assert again(message).state == MessageState.SENT


def test_the_lease_outlasts_the_transport(settings: Settings, make_message: MakeMessage) -> None:
    settings.EMAIL_TIMEOUT = 20
    message = make_message()

    taken = outbox.claim(message.pk)
    assert taken is not None
    outbox.keep_words(taken, via="e-mail")

    lease = again(message).lease_until
    assert lease is not None
    assert lease - timezone.now() > timedelta(seconds=20 * 9)


def test_a_broken_template_fails_its_message_and_no_other(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    order = make_order()
    broken, fine = make_message(order=order, event="confirmed"), make_message(order=order, event="processing")
    MessageTemplate.objects.filter(shop=order.shop, event="confirmed").update(body="{{ nonsense }}")

    drain("email")

    assert again(broken).state == MessageState.FAILED
    assert "nonsense" in again(broken).last_error
    assert again(fine).state == MessageState.SENT


def test_a_missing_template_says_so(make_message: MakeMessage) -> None:
    message = make_message()
    MessageTemplate.objects.filter(shop=message.shop).delete()

    drain("email")

    assert (again(message).state, again(message).last_error) == (MessageState.FAILED, "no_template")
    assert "no template" in again(message).reason


@pytest.mark.parametrize(("deleted", "written_in"), [((), "pl"), (("pl",), "ro"), (("pl", "ro"), "en")])
def test_the_language_falls_back_visibly(
    make_message: MakeMessage, deleted: tuple[str, ...], written_in: str
) -> None:
    message = make_message(order=make_order(language="pl"))
    MessageTemplate.objects.filter(shop=message.shop, language__in=deleted).delete()

    drain("email")

    assert (again(message).language, again(message).written_in) == ("pl", written_in)


def test_a_message_is_dropped_when_its_event_was_undone(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    message = make_message()
    event = OrderEvent.objects.filter(order=message.order).first()
    assert event is not None
    OrderEvent.objects.filter(pk=event.pk).update(reverted_at=timezone.now())
    Message.objects.update(event_uid=event.uid)

    drain("email")

    assert (again(message).state, again(message).last_error) == (MessageState.DISCARDED, "reverted")
    assert mail_server.mails == []


def test_a_message_is_dropped_when_the_order_was_cancelled_since(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    message = make_message()
    orders.cancel_order(order_id=message.order_id, actor=SYSTEM, reason_code=CancelReason.CUSTOMER)

    drain("email")

    assert (again(message).state, again(message).last_error) == (MessageState.DISCARDED, "left_the_path")
    assert [mail["Subject"] for mail in mail_server.mails] == [
        f"Comanda {message.order.number} a fost anulată"
    ]


@pytest.fixture
def overtaken(mail_server: MailServer) -> tuple[Message, uuid.UUID, Actor]:
    """A confirmation that is due, two seconds after a person cancelled its order by mistake: the move and who made it."""
    shop = make_shop(undo_seconds=10)
    actor = Actor.person(make_user(shop))
    order = make_order(shop)
    orders.confirm_order(order_id=order.pk, actor=actor)
    message = Message.objects.get(order=order, event="confirmed", channel="email")
    make_due(message)
    move = orders.cancel_order(order_id=order.pk, actor=actor, reason_code=CancelReason.CUSTOMER).move_id
    return message, move, actor


def test_a_cancellation_that_is_undone_swallows_no_earlier_message(
    overtaken: tuple[Message, uuid.UUID, Actor], mail_server: MailServer
) -> None:
    message, move, actor = overtaken
    drain("email")
    waiting = again(message)
    deadline = OrderEvent.objects.get(move_id=move).undo_until
    assert (waiting.state, waiting.due_at, waiting.attempts) == (MessageState.QUEUED, deadline, 0)
    assert waiting.lease_until is None
    orders.revert_move(move_id=move, actor=actor)

    with time_machine.travel(waiting.due_at + timedelta(seconds=1)):
        drain("email")

    assert again(message).state == MessageState.SENT
    assert len(mail_server.mails) == 1


def test_a_cancellation_that_stays_drops_it_once_it_cannot_be_undone(
    overtaken: tuple[Message, uuid.UUID, Actor], mail_server: MailServer
) -> None:
    message, _move, _actor = overtaken
    drain("email")

    with time_machine.travel(again(message).due_at + timedelta(seconds=1)):
        drain("email")

    assert (again(message).state, again(message).last_error) == (MessageState.DISCARDED, "left_the_path")
    assert [mail["Subject"] for mail in mail_server.mails] == [
        f"Comanda {message.order.number} a fost anulată"
    ]


def test_an_undo_between_taking_and_looking_sends_it(
    overtaken: tuple[Message, uuid.UUID, Actor], mail_server: MailServer
) -> None:
    message, move, actor = overtaken
    taken = outbox.claim(message.pk)
    assert taken is not None
    orders.revert_move(move_id=move, actor=actor)

    with transport_for("email") as transport:
        deliver(taken, transport)

    assert again(message).state == MessageState.SENT


@pytest.mark.parametrize(
    ("house", "sender"), [("OMS <oms@x.example>", "oms@x.example"), ("oms@x.example", "oms@x.example")]
)
def test_a_shop_without_an_address_writes_from_the_houses(
    make_message: MakeMessage, mail_server: MailServer, settings: Settings, house: str, sender: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = house
    message = make_message(order=make_order(make_shop(name="Căni", sender_name="Căni", sender_email="")))

    drain("email")

    assert again(message).state == MessageState.SENT
    [address] = mail_server.mails[0]["From"].addresses
    assert (address.display_name, address.addr_spec) == ("Căni", sender)
    assert again(message).message_id == f"<{message.pk}@x.example>"


def test_what_no_database_keeps_is_left_out_of_a_providers_words(make_message: MakeMessage) -> None:
    failed, sent = (outbox.claim(make_message().pk) for _ in range(2))
    assert failed is not None
    assert sent is not None

    outbox.mark_failed(failed, reason="no\0 such\ud800 mailbox")
    outbox.mark_sent(sent, provider_id="a\0b")

    assert again(failed).last_error == "no such? mailbox"
    assert again(sent).provider_id == "ab"


def test_progress_since_never_drops_a_message(make_message: MakeMessage, mail_server: MailServer) -> None:
    order = make_order()
    message = make_message(order=order)
    orders.confirm_order(order_id=order.pk, actor=SYSTEM)
    orders.start_processing(order_id=order.pk, actor=SYSTEM)

    drain("email")

    assert again(message).state == MessageState.SENT


def test_a_resend_is_a_new_row_with_the_same_facts(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    message = make_message()
    drain("email")

    new_id = resend_message(message_id=message.pk, actor=SYSTEM)
    drain("email")

    copy = Message.objects.get(pk=new_id)
    assert (copy.resend_of_id, copy.state, copy.facts) == (message.pk, MessageState.SENT, message.facts)
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == 2


HOSTILE = "<img src=x onerror=alert(1)>{{secret}}{% include 'x' %}"


def test_hostile_values_arrive_as_text(make_message: MakeMessage, mail_server: MailServer) -> None:
    shipping = ADDRESS.__class__(**{**ADDRESS.__dict__, "name": HOSTILE})
    make_message(order=make_order(shipping=shipping))

    drain("email")

    mail = mail_server.mails[0]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<img" not in html
    assert "&lt;img" in html
    assert "<img" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_line_end_in_a_name_adds_no_header_and_no_recipient(
    make_message: MakeMessage, mail_server: MailServer
) -> None:
    shop = make_shop(name="Shop\r\nBcc: spy@example.com", sender_name="Shop\r\nBcc: spy@example.com")
    shipping = ADDRESS.__class__(**{**ADDRESS.__dict__, "name": "Ana\r\nBcc: spy@example.com"})
    message = make_message(order=make_order(shop, shipping=shipping))
    MessageTemplate.objects.filter(shop=shop).update(subject="{{ name }} {{ firstname }}")
    Message.objects.filter(pk=message.pk).update(
        facts=message.facts | {"name": "Ana\r\nBcc: spy@example.com"}
    )

    drain("email")

    assert mail_server.envelopes[0].rcpt_tos == ["ana@example.com"]
    assert mail_server.mails[0]["Bcc"] is None
    assert "Bcc: spy@example.com" in mail_server.mails[0]["Subject"]


@pytest.mark.parametrize("address", ["a@b.example,c@d.example", "a@b.example\nBcc: c@d.example", "nobody"])
def test_an_address_that_is_more_than_one_is_refused(
    make_message: MakeMessage, mail_server: MailServer, address: str
) -> None:
    message = make_message(recipient=address)

    drain("email")

    assert again(message).state == MessageState.FAILED
    assert mail_server.envelopes == []


def test_braces_in_an_sms_stay_text(make_message: MakeMessage, gateway: Gateway) -> None:
    shipping = ADDRESS.__class__(**{**ADDRESS.__dict__, "name": "{id}{to} {{secret}}"})
    make_message("sms", order=make_order(shipping=shipping))

    drain("sms")

    assert gateway.requests[0]["text"].startswith("{id}{to}, comanda")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (201, MessageState.SENT),
        (400, MessageState.FAILED),
        (401, MessageState.QUEUED),
        (429, MessageState.QUEUED),
        (503, MessageState.QUEUED),
    ],
)
def test_a_mail_provider_is_told_apart_by_its_answers(
    make_message: MakeMessage, gateway: Gateway, settings: Settings, status: int, state: str
) -> None:
    settings.EMAIL_URL = "anymail+brevo://:key@"
    settings.EMAIL_BACKEND = "anymail.backends.brevo.EmailBackend"
    settings.ANYMAIL = {"BREVO_API_KEY": "key", "BREVO_API_URL": gateway.url}
    gateway.status, gateway.answer = status, '{"messageId": "<provider-1@mail>"}'
    message = make_message()

    drain("email")

    assert again(message).state == state
    assert gateway.requests[0]["to"] == [{"email": "ana@example.com"}]
    assert gateway.requests[0]["headers"]["Message-ID"] == again(message).message_id
    assert (again(message).provider_id == "<provider-1@mail>") == (state == MessageState.SENT)


def test_the_table_of_an_email_adds_up(make_message: MakeMessage, mail_server: MailServer) -> None:
    order = make_order(fees_total=Decimal("5.00"), shipping_total=Decimal("20.00"))
    make_message(order=order)

    drain("email")

    text = mail_server.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    amounts = [line.rpartition(":")[2].strip() for line in text.splitlines() if "lei" in line and ":" in line]
    assert amounts[:4] == ["10,00\xa0lei", "20,00\xa0lei", "5,00\xa0lei", "35,00\xa0lei"]

"""What e-mail providers report: through their own payloads and signatures, to the message and to the address."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from notifications.models import Message, MessageReport, Suppression
from notifications.sending import drain
from notifications.services.mail_events import may_pass
from notifications.statuses import MessageState
from oms.environment import mail_from
from tests.notifications_tests.conftest import MailServer

pytestmark = pytest.mark.django_db
MakeMessage = Callable[..., Message]
SECRET = "hook:a-long-secret"
BASIC = {"Authorization": f"Basic {b64encode(SECRET.encode()).decode()}"}
# The examples of Postmark's documentation ("Bounce webhook", "Delivery webhook", "Spam complaint webhook"), shortened.
BOUNCE: dict[str, Any] = {
    "RecordType": "Bounce",
    "ID": 42,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
    "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
    "Email": "ana@example.com",
    "BouncedAt": "2026-11-05T16:33:54Z",
}
DELIVERY: dict[str, Any] = {
    "RecordType": "Delivery",
    "Recipient": "ana@example.com",
    "DeliveredAt": "2026-11-05T16:33:50Z",
    "Details": "Test delivery webhook details",
}
COMPLAINT: dict[str, Any] = {**BOUNCE, "RecordType": "SpamComplaint", "ID": 43, "Type": "SpamComplaint"}


@pytest.fixture
def postmark(settings: Settings) -> None:
    """Postmark as the provider, with a secret for its reports."""
    use_provider(settings, "anymail+postmark://:token@")
    settings.EMAIL_URL = "anymail+postmark://:token@"


def use_provider(settings: Settings, url: str) -> None:
    for name, value in mail_from(url, hook_secret=SECRET).items():
        setattr(settings, name, value)


@pytest.fixture
def sent(make_message: MakeMessage) -> Message:
    """An e-mail that left."""
    return make_message(
        state=MessageState.SENT, sent_at="2026-11-05T16:33:49Z", provider_id="883953f4-6105-42a2-a16a-77a8eac79483"
    )  # fmt: skip


def report(
    client: Client, payload: dict[str, Any], provider: str = "postmark", headers: dict[str, str] = BASIC
) -> int:
    path = f"/hooks/email/{provider}/"
    return client.post(
        path, json.dumps(payload), content_type="application/json", headers=headers
    ).status_code


def about(message: Message, payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**payload, "MessageID": message.provider_id, **changes}


def state_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).state


def test_a_hard_bounce_brings_the_message_back_and_closes_the_address(
    client: Client, postmark: None, sent: Message
) -> None:
    status = report(client, about(sent, BOUNCE))

    closed = Suppression.objects.get()
    assert (status, state_of(sent)) == (200, MessageState.BOUNCED)
    assert (closed.shop_id, closed.channel, closed.address) == (sent.shop_id, "email", "ana@example.com")
    assert (closed.reason, closed.actor_label, closed.lifted_at) == ("bounce", "Postmark", None)
    assert "5.1.1" in closed.words
    assert "5.1.1" in MessageReport.objects.get(message=sent).words


def test_the_next_message_to_it_is_not_sent(
    client: Client, postmark: None, sent: Message, make_message: MakeMessage, mail_server: MailServer
) -> None:
    Suppression.objects.create(
        shop=sent.shop, channel="email", address="ana@example.com", reason="bounce", actor_kind="system"
    )
    message = make_message(order=sent.order, recipient="Ana@Example.com")

    drain("email")

    message.refresh_from_db(fields=["state", "last_error"])
    assert (message.state, message.last_error) == (MessageState.DISCARDED, "suppressed")
    assert mail_server.mails == []


def test_a_repeated_report_changes_nothing(client: Client, postmark: None, sent: Message) -> None:
    statuses = [report(client, about(sent, BOUNCE)) for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert (MessageReport.objects.count(), Suppression.objects.count()) == (1, 1)


def test_a_lifted_address_is_not_closed_again_by_an_old_report_told_twice(
    client: Client, postmark: None, sent: Message
) -> None:
    report(client, about(sent, BOUNCE))
    Suppression.objects.update(lifted_at="2026-11-06T00:00:00Z")

    report(client, about(sent, BOUNCE))

    assert not Suppression.objects.filter(lifted_at=None).exists()


@pytest.mark.parametrize("first", [BOUNCE, DELIVERY])
def test_what_came_back_stays_so_in_whatever_order_it_is_told(
    client: Client, postmark: None, sent: Message, first: dict[str, Any]
) -> None:
    second = DELIVERY if first is BOUNCE else BOUNCE

    for payload in (first, second):
        report(client, about(sent, payload))

    assert state_of(sent) == MessageState.BOUNCED
    assert MessageReport.objects.filter(message=sent).count() == 2


def test_a_delivery_is_recorded_with_its_time(client: Client, postmark: None, sent: Message) -> None:
    report(client, about(sent, DELIVERY))

    sent.refresh_from_db(fields=["delivered_at"])
    assert state_of(sent) == MessageState.DELIVERED
    assert sent.delivered_at is not None
    assert sent.delivered_at.isoformat() == "2026-11-05T16:33:50+00:00"
    assert not Suppression.objects.exists()


def test_a_complaint_closes_the_address_and_the_message_counts_as_delivered(
    client: Client, postmark: None, sent: Message
) -> None:
    report(client, about(sent, COMPLAINT))

    assert state_of(sent) == MessageState.DELIVERED
    assert Suppression.objects.get().reason == "complaint"


@pytest.mark.parametrize(("kind", "state"), [("SoftBounce", "bounced"), ("Transient", "sent")])
def test_a_full_mailbox_closes_nothing(
    client: Client, postmark: None, sent: Message, kind: str, state: str
) -> None:
    report(client, about(sent, BOUNCE, Type=kind, Details="smtp;552 5.2.2 Mailbox full"))

    assert state_of(sent) == state
    assert "5.2.2" in MessageReport.objects.get(message=sent).words
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("raw", "passing"),
    [
        ({"event": "soft_bounce"}, True),
        ({"event": "hard_bounce"}, False),
        ({"type": "activity.soft_bounced"}, True),
        ({"event": "bounce", "hard_bounce": False}, True),
        ({"event": "bounce", "hard_bounce": True}, False),
        ({"bounce": {"bounceType": "Transient"}}, True),
        ({"bounce": {"bounceType": "Permanent"}}, False),
        ({"bounce_class": "22"}, True),
        ({"bounce_class": "10"}, False),
        ("no mapping", False),
    ],
)
def test_each_provider_says_in_its_own_way_that_a_bounce_may_pass(raw: Any, passing: bool) -> None:
    assert may_pass(raw) is passing


def test_our_own_key_is_enough_before_the_providers_number_is_known(
    client: Client, postmark: None, make_message: MakeMessage
) -> None:
    message = make_message(state=MessageState.SENDING, lease_until="2099-01-01T00:00:00Z", attempts=1)

    report(client, {**DELIVERY, "MessageID": "other", "Metadata": {"oms_message": str(message.pk)}})

    assert state_of(message) == MessageState.DELIVERED


@pytest.mark.parametrize(
    "number", ["nobody-knows-it", "", "a\0b", "<00000000-0000-4000-8000-000000000000@x>"]
)
def test_a_number_nobody_knows_is_answered_and_passed_over(
    client: Client, postmark: None, sent: Message, number: str
) -> None:
    status = report(client, {**BOUNCE, "MessageID": number})

    assert (status, state_of(sent)) == (200, MessageState.SENT)
    assert not Suppression.objects.exists()


def test_opens_are_nobodys_business(client: Client, postmark: None, sent: Message) -> None:
    status = report(client, about(sent, {"RecordType": "Open", "ReceivedAt": "2026-11-05T16:33:54Z"}))

    assert status == 200
    assert not MessageReport.objects.exists()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic aG9vazp3cm9uZw=="}])
def test_a_wrong_secret_is_refused(
    client: Client, postmark: None, sent: Message, headers: dict[str, str]
) -> None:
    status = report(client, about(sent, BOUNCE), headers=headers)

    assert (status, state_of(sent)) == (401, MessageState.SENT)
    assert not Suppression.objects.exists()


def test_without_a_secret_there_is_no_door(
    client: Client, postmark: None, sent: Message, settings: Settings
) -> None:
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "token"}

    assert report(client, about(sent, BOUNCE)) == 404
    assert state_of(sent) == MessageState.SENT


@pytest.mark.parametrize("provider", ["mailgun", "nobody", "postmark-inbound"])
def test_another_providers_door_is_not_there(
    client: Client, postmark: None, sent: Message, provider: str
) -> None:
    assert report(client, about(sent, BOUNCE), provider) == 404


@pytest.mark.parametrize("body", ["", "{", "[]", "\x00", '{"RecordType": "Bounce", "BouncedAt": 7}'])
def test_what_cannot_be_read_is_answered_so_that_the_reports_go_on(
    client: Client, postmark: None, body: str
) -> None:
    answer = client.post("/hooks/email/postmark/", body, content_type="application/json", headers=BASIC)

    assert answer.status_code == 200
    assert not MessageReport.objects.exists()


def mailgun_payload(message: Message, *, key: str = "signing-key", **changes: Any) -> dict[str, Any]:
    """As in Mailgun's documentation ("Webhooks", "Permanent failure"), signed with HMAC-SHA256 of time and token."""
    timestamp, token = "1764345600", "a" * 50
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    event = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "timestamp": 1764345600.5,
        "recipient": message.recipient,
        "message": {"headers": {"message-id": f"{message.pk}@shop.example"}},
        "user-variables": {},
        "delivery-status": {"code": 550, "message": "5.1.1 No such user", "description": ""},
    }
    block = {"timestamp": timestamp, "token": token, "signature": signature}
    return {"signature": block, "event-data": event | changes}


@pytest.fixture
def mailgun(settings: Settings) -> None:
    url = "anymail+mailgun://:key@?sender_domain=mg.shop.example&webhook_signing_key=signing-key"
    use_provider(settings, url)


def test_mailguns_report_finds_the_message_by_our_message_id(
    client: Client, mailgun: None, sent: Message
) -> None:
    status = report(client, mailgun_payload(sent), "mailgun")

    assert (status, state_of(sent)) == (200, MessageState.BOUNCED)
    assert Suppression.objects.get().words == "5.1.1 No such user"


def test_mailguns_temporary_failure_is_recorded_only(client: Client, mailgun: None, sent: Message) -> None:
    report(client, mailgun_payload(sent, severity="temporary"), "mailgun")

    assert state_of(sent) == MessageState.SENT
    assert MessageReport.objects.filter(message=sent).count() == 1
    assert not Suppression.objects.exists()


def test_a_forged_signature_is_refused(client: Client, mailgun: None, sent: Message) -> None:
    status = report(client, mailgun_payload(sent, key="another"), "mailgun")

    assert (status, state_of(sent)) == (401, MessageState.SENT)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("answer", "closed"),
    [
        ("550 5.1.1 <ana@example.com>: Recipient address rejected: User unknown", True),
        ("556 5.1.10 Recipient address has null MX", True),
        ("550 5.7.1 Blocked", False),
        ("552 5.2.2 Mailbox full", False),
        ("550 5.1.15 something else", False),
    ],
)
def test_a_server_that_knows_no_such_mailbox_closes_the_address(
    make_message: MakeMessage, mail_server: MailServer, answer: str, closed: bool
) -> None:
    mail_server.answer = answer
    message = make_message()

    drain("email")

    assert state_of(message) == MessageState.FAILED
    assert Suppression.objects.filter(address="ana@example.com", reason="bounce").exists() is closed


@pytest.mark.parametrize("body", [b"[]", b"null", b"[null]", b'{"a":' * 3000])
def test_a_payload_without_a_place_for_its_signature_is_refused(
    client: Client, settings: Settings, body: bytes
) -> None:
    use_provider(settings, "anymail+mailgun://:token@?sender_domain=mg.shop.example")

    answer = client.post("/hooks/email/mailgun/", body, content_type="application/json", headers=BASIC)

    assert answer.status_code == 400


@pytest.mark.parametrize(("query", "status"), [("", 404), ("?signing_secret=key", 401)])
def test_a_provider_with_a_key_of_its_own_for_reports_needs_it(
    client: Client, settings: Settings, query: str, status: int
) -> None:
    use_provider(settings, f"anymail+mailersend://:token@{query}")

    answer = client.post("/hooks/email/mailersend/", b"{}", content_type="application/json", headers=BASIC)

    assert answer.status_code == status


def test_a_report_of_strange_letters_is_kept(client: Client, postmark: None, sent: Message) -> None:
    status = report(client, about(sent, BOUNCE, ID="\ud800\0", Details="\ud800\0 550 5.1.1"))

    assert (status, state_of(sent)) == (200, MessageState.BOUNCED)
    assert "550 5.1.1" in Suppression.objects.get().words

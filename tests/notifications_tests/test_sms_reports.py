"""Delivery reports: each provider's own words move a message where they may, in any order, once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from notifications import outbox
from notifications.models import Message, MessageReport, SmsAccount
from notifications.services import change_sms_account, record_report
from notifications.statuses import MessageState, SmsProvider
from notifications.transports.sms_accounts import credentials_of
from shops.models import Shop
from tests.factories import SYSTEM, make_order, make_shop

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MakeMessage = Callable[..., Message]
S = MessageState


def make_account(shop: Shop, provider: str = SmsProvider.SMSAPI, **credentials: str) -> SmsAccount:
    given = {"token": "t", "username": "u", "password": "p", "account_sid": "AC1", "auth_token": "secret"}
    given |= {"sender": "MG1", "url": "https://gateway.example/send", "body": "{}"} | credentials
    change_sms_account(shop_id=shop.pk, provider=provider, is_on=True, changes=given, actor=SYSTEM)
    return SmsAccount.objects.get(shop=shop)


def address(account: SmsAccount, what: str = "report") -> str:
    return f"/hooks/sms/{credentials_of(account)['hook_secret']}/{what}"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def sent(make_message: MakeMessage, shop: Shop) -> Message:
    """An SMS the provider took."""
    message = make_message("sms", order=make_order(shop))
    return put(message, S.SENT)


def put(message: Message, state: str, **columns: object) -> Message:
    now = timezone.now()
    lease = now + timedelta(minutes=1) if state == S.SENDING else None
    at = now if state in (S.SENT, S.DELIVERED) else None
    number = "" if state == S.UNKNOWN else "p-1"
    values = {"state": state, "sent_at": at, "lease_until": lease, "provider_id": number} | columns
    Message.objects.filter(pk=message.pk).update(**values)
    return Message.objects.get(pk=message.pk)


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def report(client: Client, account: SmsAccount, **fields: str) -> int:
    return client.post(address(account), fields).status_code


def test_smsapi_reports_several_messages_at_once_and_wants_to_hear_ok(
    client: Client, shop: Shop, sent: Message, make_message: MakeMessage
) -> None:
    other = put(make_message("sms", order=make_order(shop)), S.SENT, provider_id="p-2")
    account = make_account(shop)
    fields = {
        "MsgId": "p-1,p-2",
        "status": "404,405",
        "idx": f"{sent.pk},{other.pk}",
        "status_name": "DELIVERED,UNDELIVERED",
    }

    response = client.post(address(account), fields)

    assert (response.status_code, response.content) == (200, b"OK")
    assert again(sent).state == S.DELIVERED
    assert again(sent).delivered_at is not None
    assert (again(other).state, again(other).last_error) == (S.FAILED, "405 UNDELIVERED")


def test_smsapi_may_report_by_get_too(client: Client, shop: Shop, sent: Message) -> None:
    account = make_account(shop)

    response = client.get(address(account), {"MsgId": "p-1", "status": "404"})

    assert response.content == b"OK"
    assert again(sent).state == S.DELIVERED


def test_turbosms_reports_in_json_signed_with_the_key_typed_there(
    client: Client, shop: Shop, sent: Message
) -> None:
    account = make_account(shop, SmsProvider.TURBOSMS, webhook_key="k3y")
    event = {"id": "e-1", "type": "dlr", "data": {"message_id": "p-1", "status": "DELIVRD"}}
    signature = hashlib.sha1(b"k3ye-1").hexdigest()

    forged = client.post(address(account), json.dumps(event | {"signature": "x"}), "application/json")
    before = again(sent).state
    client.post(address(account), json.dumps(event | {"signature": signature}), "application/json")

    assert (forged.status_code, before) == (200, S.SENT)
    assert again(sent).state == S.DELIVERED


def test_turbosms_may_report_as_a_form(client: Client, shop: Shop, sent: Message) -> None:
    account = make_account(shop, SmsProvider.TURBOSMS)

    status = report(client, account, **{"id": "e", "data[message_id]": "p-1", "data[status]": "UNDELIV"})

    assert (status, again(sent).state) == (200, S.FAILED)


@pytest.mark.parametrize(("code", "state"), [("1", S.DELIVERED), ("2", S.FAILED), ("16", S.FAILED)])
def test_sendsms_calls_with_our_key_and_its_code(
    client: Client, shop: Shop, sent: Message, code: str, state: str
) -> None:
    account = make_account(shop, SmsProvider.SENDSMS)

    response = client.get(address(account), {"key": str(sent.pk), "status": code})

    assert response.status_code == 200
    assert again(sent).state == state


def signed_by_twilio(url: str, fields: dict[str, str], token: str = "secret") -> str:
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@pytest.mark.parametrize(("token", "state"), [("secret", S.DELIVERED), ("another", S.SENT)])
def test_twilio_is_believed_when_it_signed(
    client: Client, shop: Shop, sent: Message, settings: Settings, token: str, state: str
) -> None:
    settings.OMS_PUBLIC_URL = "https://orders.example"
    path = f"{address(make_account(shop, SmsProvider.TWILIO))}?key={sent.pk}"
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+40722334455"}
    signature = signed_by_twilio(f"https://orders.example{path}", fields, token)

    response = client.post(path, fields, headers={"X-Twilio-Signature": signature})

    assert response.status_code == 200
    assert again(sent).state == state


def test_any_gateway_may_report_in_the_usual_words(client: Client, shop: Shop, sent: Message) -> None:
    account = make_account(shop, SmsProvider.GATEWAY)

    status = client.post(
        address(account), json.dumps({"id": str(sent.pk), "status": "Expired"}), "application/json"
    )

    assert status.status_code == 200
    assert (again(sent).state, again(sent).reason) == (S.FAILED, "Expired")


def test_the_same_report_again_changes_nothing(client: Client, shop: Shop, sent: Message) -> None:
    account = make_account(shop)

    for _ in range(3):
        assert report(client, account, MsgId="p-1", status="404") == 200

    assert MessageReport.objects.filter(message=sent).count() == 1


@pytest.mark.parametrize(
    ("first", "then", "ends"),
    [
        (S.DELIVERED, S.FAILED, S.DELIVERED),
        (S.FAILED, S.DELIVERED, S.DELIVERED),
        (S.DELIVERED, S.SENT, S.DELIVERED),
        (S.FAILED, S.SENT, S.FAILED),
        (S.FAILED, S.BOUNCED, S.BOUNCED),
        (S.SENT, S.DELIVERED, S.DELIVERED),
    ],
)
def test_older_news_never_take_back_what_is_known(sent: Message, first: str, then: str, ends: str) -> None:
    record_report(message_id=sent.pk, state=first, key="one", words="first")

    record_report(message_id=sent.pk, state=then, key="two", words="second")

    assert again(sent).state == ends
    assert list(sent.reports.values_list("key", flat=True)) == ["one", "two"]


@pytest.mark.parametrize("state", [S.DELIVERED, S.FAILED, S.SENT])
def test_a_report_ends_the_doubt_about_a_message(sent: Message, state: str) -> None:
    put(sent, S.UNKNOWN)

    assert record_report(message_id=sent.pk, state=state, key="one", provider_id="p-9")

    assert again(sent).state == state
    assert again(sent).provider_id == "p-9"
    assert (again(sent).sent_at is not None) == (state != S.FAILED)


def test_a_message_that_waits_to_be_tried_again_is_not_sent_twice_when_it_arrived(sent: Message) -> None:
    put(sent, S.QUEUED)

    failed = record_report(message_id=sent.pk, state=S.FAILED, key="one")
    delivered = record_report(message_id=sent.pk, state=S.DELIVERED, key="two")

    assert (failed, delivered, again(sent).state) == (False, True, S.DELIVERED)


def test_a_report_that_overtakes_the_providers_answer_is_not_lost(sent: Message) -> None:
    being_sent = put(sent, S.SENDING, provider_id="")

    record_report(message_id=sent.pk, state=S.DELIVERED, key="one", provider_id="p-1")
    late = outbox.mark_sent(being_sent, provider_id="p-1")

    assert (late, again(sent).state, again(sent).provider_id) == (False, S.DELIVERED, "p-1")


def test_a_discarded_message_stays_discarded(sent: Message) -> None:
    put(sent, S.DISCARDED)

    assert not record_report(message_id=sent.pk, state=S.DELIVERED, key="one")

    assert again(sent).state == S.DISCARDED


def test_a_report_of_an_unknown_message_is_passed_over_kindly(
    client: Client, shop: Shop, sent: Message
) -> None:
    account = make_account(shop)

    statuses = [
        report(client, account, MsgId="nobody", status="404"),
        report(client, account, MsgId="", status="404", idx=str(uuid.uuid4())),
        report(client, account, MsgId="p-1", status="nonsense"),
        report(client, account),
        client.post(address(account), "{", "application/json").status_code,
        client.post(address(account), "[" * 50_000, "application/json").status_code,
        client.post(
            address(account), '{"MsgId": "\\ud800", "status": "404"}', "application/json"
        ).status_code,
    ]

    assert set(statuses) == {200}
    assert again(sent).state == S.SENT
    assert not MessageReport.objects.exists()


def test_a_report_speaks_of_its_own_shop_only(client: Client, sent: Message) -> None:
    stranger = make_account(make_shop())

    assert report(client, stranger, MsgId="p-1", status="405", idx=str(sent.pk)) == 200

    assert again(sent).state == S.SENT


def test_a_wrong_secret_is_404_whatever_it_looks_like(client: Client, shop: Shop, sent: Message) -> None:
    account = make_account(shop)
    digest = account.hook_secret
    bodies = {
        client.post(f"/hooks/sms/{secret}/{what}", {"MsgId": "p-1", "status": "404"}).content
        for secret in ("x", digest, "ș" * 300)
        for what in ("report", "reply")
    }

    assert len(bodies) == 1
    assert client.get(f"/hooks/sms/{digest}/report").status_code == 404
    assert again(sent).state == S.SENT


def test_a_huge_body_is_not_read(client: Client, shop: Shop) -> None:
    account = make_account(shop)

    response = client.post(address(account), {"MsgId": "x" * 70_000})

    assert response.status_code == 413


def test_a_delivery_is_told_on_the_messages_page_in_the_providers_words(
    client: Client, shop: Shop, sent: Message
) -> None:
    report(client, make_account(shop), MsgId="p-1", status="405", status_name="UNDELIVERED")

    kept = MessageReport.objects.get(message=sent)
    assert (kept.state, kept.words, kept.by) == (S.FAILED, "405 UNDELIVERED", "SMSAPI (PL)")

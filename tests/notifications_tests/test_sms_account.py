"""A shop's SMS account: its page, its keys, its lane, and an SMS all the way to a provider and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from notifications.looking_up import look_up_unknown
from notifications.models import Message, MessageTemplate, SmsAccount, SmsReply, Suppression
from notifications.sending import drain
from notifications.services import change_sms_account, rotate_hook_secret
from notifications.statuses import MessageState, SmsProvider
from notifications.transports.sms_accounts import credentials_of, report_url
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import Shop
from shops.permissions import Role
from tests.factories import SYSTEM, make_order, make_shop, make_user
from tests.notifications_tests.sms_providers import serve, smsapi, twilio
from tests.notifications_tests.test_sms_reports import address, make_account

pytestmark = pytest.mark.django_db
MakeMessage = Callable[..., Message]
PAGE = "/admin/notifications/smsaccount/"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def admin_client(client: Client, shop: Shop) -> Client:
    client.force_login(make_user(shop, Role.ADMIN, is_staff=True))
    return client


def save(client: Client, shop: Shop, provider: str = SmsProvider.SMSAPI, **fields: Any) -> Any:
    return client.post(PAGE, {"shop": shop.slug, "provider": provider, "is_on": "on", **fields})


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_the_key_is_stored_encrypted_and_never_shown_again(admin_client: Client, shop: Shop) -> None:
    response = save(admin_client, shop, token="very-secret-token")

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notifications_smsaccount")
        row = str(cursor.fetchall())
    account = SmsAccount.objects.get()
    kept = credentials_of(account)
    page = admin_client.get(f"{PAGE}?shop={shop.slug}").content.decode()
    assert response.status_code == 302
    assert kept["token"] == "very-secret-token"
    assert "very-secret-token" not in row
    assert kept["hook_secret"] not in row
    assert "very-secret-token" not in page
    assert "set; type a new one to change it" in page
    assert report_url(kept) in page


def test_an_empty_key_field_keeps_the_key(admin_client: Client, shop: Shop) -> None:
    save(admin_client, shop, SmsProvider.SENDSMS, username="casa", password="k3y")
    secret = credentials_of(SmsAccount.objects.get())["hook_secret"]

    save(admin_client, shop, SmsProvider.SENDSMS, username="casa2", password="")

    kept = credentials_of(SmsAccount.objects.get())
    assert kept == {"username": "casa2", "password": "k3y", "hook_secret": secret}


def test_another_provider_starts_without_the_first_ones_keys(admin_client: Client, shop: Shop) -> None:
    save(admin_client, shop, token="first")

    refused = save(admin_client, shop, SmsProvider.TURBOSMS, token="")
    save(admin_client, shop, SmsProvider.TURBOSMS, token="second", webhook_key="")

    account = SmsAccount.objects.get()
    assert refused.status_code == 200
    assert (account.provider, credentials_of(account)["token"]) == (SmsProvider.TURBOSMS, "second")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://10.0.0.1/x", "body": "{}"}, "https://"),
        ({"url": "https://gateway.example/x", "body": "{not json"}, "This is not JSON."),
        ({"url": "https://gateway.example/x", "body": "{}", "headers": "[1]"}, "This is not JSON."),
        ({"url": "", "body": "{}"}, "required"),
    ],
)
def test_a_gateway_that_cannot_work_is_refused_at_its_field(
    admin_client: Client, shop: Shop, fields: dict[str, str], said: str
) -> None:
    response = save(admin_client, shop, SmsProvider.GATEWAY, **fields)

    assert said in response.content.decode()
    assert not SmsAccount.objects.exists()


def test_new_addresses_close_the_old_ones(admin_client: Client, shop: Shop) -> None:
    old = address(make_account(shop))

    admin_client.post(f"{PAGE}secret/", {"shop": shop.slug})

    new = address(SmsAccount.objects.get())
    assert old != new
    assert (admin_client.post(old).status_code, admin_client.post(new).status_code) == (404, 200)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.WAREHOUSE])
def test_who_is_no_admin_of_the_shop_neither_sees_nor_changes_it(
    client: Client, shop: Shop, role: str
) -> None:
    account = make_account(shop, token="first")
    person = make_user(shop, role, is_staff=True)
    client.force_login(person)

    statuses = {
        client.get(f"{PAGE}?shop={shop.slug}").status_code,
        save(client, shop, token="second").status_code,
        client.post(f"{PAGE}secret/", {"shop": shop.slug}).status_code,
        client.post(f"{PAGE}test/", {"shop": shop.slug, "to": "+40722334455", "text": "x"}).status_code,
    }
    with pytest.raises(DomainError):
        rotate_hook_secret(shop_id=shop.pk, actor=Actor.person(person))
    with pytest.raises(DomainError):
        change_sms_account(
            shop_id=shop.pk, provider="smsapi", is_on=False, changes={}, actor=Actor.person(person)
        )

    assert statuses == {403}
    assert SmsAccount.objects.get().credentials == account.credentials
    assert not Message.objects.exists()


def test_an_admin_of_another_shop_is_refused(admin_client: Client) -> None:
    other = make_shop()
    make_account(other, token="first")

    assert admin_client.get(f"{PAGE}?shop={other.slug}").status_code == 403
    assert save(admin_client, other, token="second").status_code == 403
    assert credentials_of(SmsAccount.objects.get(shop=other))["token"] == "first"


def test_waiting_sms_go_the_way_the_account_says(shop: Shop, make_message: MakeMessage) -> None:
    waiting = make_message("sms", order=make_order(shop))
    gone = make_message("sms", order=make_order(shop), state=MessageState.FAILED)
    foreign = make_message("sms")

    account = make_account(shop)
    on = again(waiting).lane
    moved = change_sms_account(
        shop_id=shop.pk, provider=account.provider, is_on=False, changes={}, actor=SYSTEM
    )

    assert (on, again(waiting).lane, moved) == (account.lane, "sms", 1)
    assert {again(gone).lane, again(foreign).lane} == {"sms"}


@pytest.fixture
def quick(settings: Settings) -> None:
    settings.SMS = {**settings.SMS, "timeout": 2}


@pytest.mark.usefixtures("quick")
def test_an_sms_goes_to_the_provider_and_its_delivery_comes_back(
    admin_client: Client, shop: Shop, make_message: MakeMessage
) -> None:
    with serve(smsapi) as server:
        account = make_account(shop, token="good")
        credentials_url(account, server.url)
        message = make_message("sms", order=make_order(shop))
        drain(account.lane)
    sent = again(message)
    admin_client.post(address(account), {"MsgId": sent.provider_id, "status": "404", "idx": str(sent.pk)})

    assert (sent.state, sent.via, sent.provider_id) == (MessageState.SENT, "smsapi", "sa-1")
    assert server.sent[0]["message"] == sent.body
    assert server.sent[0]["notify_url"].endswith(address(account))
    assert again(message).state == MessageState.DELIVERED


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("country", "body", "left"),
    [
        ("RO", "Bună {{firstname}}, șapte țări – gata", "Buna Ana-Maria, sapte tari - gata"),
        ("PL", "Zażółć gęślą jaźń {{firstname}}", "Zazolc gesla jazn Ana-Maria"),
        ("UA", "Замовлення підтверджено, їжак", "Замовлення підтверджено, їжак"),
    ],
)
def test_the_provider_gets_the_text_that_the_page_shows(
    make_message: MakeMessage, country: str, body: str, left: str
) -> None:
    shop = make_shop(country)
    MessageTemplate.objects.filter(shop=shop, channel="sms").update(body=body)
    with serve(smsapi) as server:
        account = make_account(shop, token="good")
        credentials_url(account, server.url)
        message = make_message("sms", order=make_order(shop))
        drain(account.lane)

    assert server.sent[0]["message"] == again(message).body == left


def credentials_url(account: SmsAccount, url: str) -> None:
    """Let a known provider's account speak to a server of ours: no form offers that."""
    from notifications.transports.sms_accounts import stored

    account.credentials = stored(credentials_of(account) | {"url": url})
    account.save()


@pytest.mark.usefixtures("quick")
def test_a_number_that_unsubscribed_at_twilio_is_not_written_to_again(
    shop: Shop, make_message: MakeMessage
) -> None:
    with serve(twilio) as server:
        account = make_account(shop, SmsProvider.TWILIO, auth_token="good")
        credentials_url(account, server.url)
        server.refuse = (400, {"code": 21610, "message": "Attempt to send to unsubscribed recipient"})
        message = make_message("sms", order=make_order(shop))
        drain(account.lane)

    assert again(message).state == MessageState.FAILED
    assert Suppression.objects.get().reason == "stop"


@pytest.mark.usefixtures("quick")
def test_a_cut_off_sms_is_looked_up_at_twilio_and_never_sent_twice(
    shop: Shop, make_message: MakeMessage
) -> None:
    with serve(twilio) as server:
        account = make_account(shop, SmsProvider.TWILIO, auth_token="good")
        credentials_url(account, server.url)
        message = make_message("sms", order=make_order(shop), event="shipped")
        server.behaviour = "hang up"
        drain(account.lane)
        cut_off = again(message)
        server.behaviour = "answer"
        server.sent.append({"Body": sent_text(cut_off)})
        Message.objects.update(due_at=cut_off.created_at)
        found = look_up_unknown()
        drain(account.lane)

    assert cut_off.state == MessageState.UNKNOWN
    assert (found, again(message).state, again(message).provider_id) == (1, MessageState.DELIVERED, "SM0")
    assert [call.method for call in server.calls] == ["POST", "GET"]


def sent_text(message: Message) -> str:
    from notifications.composing import compose

    return compose(message).text


def test_a_test_goes_through_the_outbox_to_the_number_typed(admin_client: Client, shop: Shop) -> None:
    account = make_account(shop)

    response = admin_client.post(
        f"{PAGE}test/", {"shop": shop.slug, "to": "0722 334 455", "text": "Salut!"}, follow=True
    )

    message = Message.objects.get()
    assert response.status_code == 200
    assert (message.event, message.recipient, message.body) == ("staff", "+40722334455", "Salut!")
    assert (message.lane, message.at_once) == (account.lane, True)


@pytest.mark.parametrize("to", ["", "abc", "12"])
def test_a_test_to_no_number_is_refused_in_words(admin_client: Client, shop: Shop, to: str) -> None:
    response = admin_client.post(f"{PAGE}test/", {"shop": shop.slug, "to": to, "text": "x"}, follow=True)

    assert (
        "This is not a phone number." in response.content.decode() or "required" in response.content.decode()
    )
    assert not Message.objects.exists()


def test_the_pages_are_there_with_and_without_an_account(admin_client: Client, shop: Shop) -> None:
    pages = [PAGE, f"{PAGE}?shop={shop.slug}&provider=gateway"]
    pages += [f"/admin/notifications/{name}/" for name in ("messagesettings", "suppression", "smsreply")]
    pages += [f"/admin/notifications/{name}/add/" for name in ("messagesettings", "suppression")]
    SmsReply.objects.create(shop=shop, key="1", sender="+40722334455", text="<b>x</b>")

    before = [admin_client.get(page).status_code for page in pages]
    make_account(shop)
    after = [admin_client.get(page).status_code for page in pages]

    assert before == after == [200] * len(pages)
    assert "&lt;b&gt;x" in admin_client.get("/admin/notifications/smsreply/").content.decode()


def test_quiet_hours_need_two_different_ends(admin_client: Client, shop: Shop) -> None:
    address = "/admin/notifications/messagesettings/add/"
    form = {"shop": shop.pk, "accent_colour": "#1d4ed8", "footer": ""}

    same = admin_client.post(address, {**form, "quiet_from": "21:00", "quiet_until": "21:00"})
    half = admin_client.post(address, {**form, "quiet_from": "21:00", "quiet_until": ""})
    good = admin_client.post(address, {**form, "quiet_from": "21:00", "quiet_until": "08:00"})

    assert (same.status_code, half.status_code, good.status_code) == (200, 200, 302)
    assert "The two ends are the same" in same.content.decode()
    assert "Give both ends" in half.content.decode()


def test_an_address_is_added_by_hand_and_lifted_with_the_name_of_who_did(
    admin_client: Client, shop: Shop
) -> None:
    add, page = "/admin/notifications/suppression/add/", "/admin/notifications/suppression/"
    form = {"shop": shop.pk, "channel": "sms", "address": "0722 334 455", "words": "asked by phone"}
    admin_client.post(add, form)
    row = Suppression.objects.get()
    twice = admin_client.post(add, form)

    admin_client.post(page, {"action": "lift", "_selected_action": [row.pk]})

    lifted = Suppression.objects.get()
    assert (row.address, row.reason, row.lifted_at) == ("+40722334455", "person", None)
    assert "not written to already" in twice.content.decode()
    assert lifted.lifted_at is not None
    assert lifted.lifted_by == lifted.actor_label != ""

"""Each SMS provider's class against a server on this machine that speaks the provider's protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import Settings

from notifications.statuses import MessageState, SmsProvider
from notifications.transports.base import (
    CanLookUp,
    ChannelDown,
    Heard,
    Outgoing,
    PermanentError,
    TemporaryError,
    Transport,
    UnknownOutcome,
    Unsubscribed,
)
from notifications.transports.sms_accounts import stored, transport_of
from notifications.transports.sms_client import checked_url
from tests.notifications_tests.conftest import free_port
from tests.notifications_tests.sms_providers import ProviderServer, sendsms, serve, smsapi, turbosms, twilio

pytestmark = pytest.mark.slow

KEY = "11111111-2222-3333-4444-555555555555"
SPEAK = {
    SmsProvider.SMSAPI: smsapi,
    SmsProvider.TURBOSMS: turbosms,
    SmsProvider.SENDSMS: sendsms,
    SmsProvider.TWILIO: twilio,
}
CREDENTIALS: dict[str, dict[str, str]] = {
    SmsProvider.SMSAPI: {"token": "good"},
    SmsProvider.TURBOSMS: {"token": "good"},
    SmsProvider.SENDSMS: {"username": "casa", "password": "good"},
    SmsProvider.TWILIO: {"account_sid": "AC1", "auth_token": "good", "sender": "MG77"},
}
BAD_KEY = {"token": "bad", "password": "bad", "auth_token": "bad"}
ALL = sorted(SPEAK)


@dataclass
class Account:
    provider: str
    credentials: str


def account(provider: str, url: str, **changes: str) -> Account:
    plain = CREDENTIALS[provider] | {"url": url, "hook_secret": "s3cret"} | changes
    return Account(provider, stored(plain))


def an_sms(text: str = "Comanda RO-1 e confirmata.", to: str = "+40722334455") -> Outgoing:
    return Outgoing(key=KEY, to=to, text=text, sender="CasaDor")


@pytest.fixture(autouse=True)
def short_timeout(settings: Settings) -> None:
    settings.SMS = {**settings.SMS, "timeout": 1}
    settings.OMS_PUBLIC_URL = "https://orders.example"


@pytest.fixture
def servers() -> Iterator[dict[str, ProviderServer]]:
    with ExitStack() as stack:
        yield {provider: stack.enter_context(serve(speak)) for provider, speak in SPEAK.items()}


def send(provider: str, server: ProviderServer, message: Outgoing, **changes: str) -> str:
    with transport_of(account(provider, server.url, **changes)) as transport:
        return transport.send(message)


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("text", ["Comanda RO-1 {to} 100% & e ok?", "Замовлення UA-1 підтверджено"])
def test_each_provider_gets_exactly_the_text_once_and_answers_its_number(
    servers: dict[str, ProviderServer], provider: str, text: str
) -> None:
    server = servers[provider]

    number = send(provider, server, an_sms(text))

    (sent,) = server.sent
    told = sent.get("message") or sent.get("text") or sent.get("Body") or sent["sms"]["text"]
    assert told == text
    assert number
    assert len(server.calls) == 1


def test_smsapi_is_told_the_sender_the_key_and_where_to_report(servers: dict[str, ProviderServer]) -> None:
    send(SmsProvider.SMSAPI, servers[SmsProvider.SMSAPI], an_sms())

    (form,) = servers[SmsProvider.SMSAPI].sent
    assert form == {
        "to": "40722334455",
        "message": "Comanda RO-1 e confirmata.",
        "encoding": "utf-8",
        "format": "json",
        "idx": KEY,
        "check_idx": "1",
        "from": "CasaDor",
        "notify_url": "https://orders.example/hooks/sms/s3cret/report",
    }


def test_smsapi_refuses_a_second_sms_with_the_same_key_and_it_counts_as_sent(
    servers: dict[str, ProviderServer],
) -> None:
    server = servers[SmsProvider.SMSAPI]
    send(SmsProvider.SMSAPI, server, an_sms())

    again = send(SmsProvider.SMSAPI, server, an_sms())

    assert again == ""
    assert len(server.sent) == 1


def test_turbosms_is_told_the_number_without_plus_and_a_key_carried_out_once(
    servers: dict[str, ProviderServer],
) -> None:
    send(SmsProvider.TURBOSMS, servers[SmsProvider.TURBOSMS], an_sms())

    (body,) = servers[SmsProvider.TURBOSMS].sent
    assert body == {
        "recipients": ["40722334455"],
        "sms": {"sender": "CasaDor", "text": "Comanda RO-1 e confirmata."},
        "sequence_id": KEY,
    }


def test_sendsms_is_told_where_to_report_with_our_key_in_the_address(
    servers: dict[str, ProviderServer],
) -> None:
    send(SmsProvider.SENDSMS, servers[SmsProvider.SENDSMS], an_sms())

    (query,) = servers[SmsProvider.SENDSMS].sent
    assert (query["to"], query["from"], query["report_mask"]) == ("40722334455", "CasaDor", "19")
    assert query["report_url"] == f"https://orders.example/hooks/sms/s3cret/report?key={KEY}&status=%d"


@pytest.mark.parametrize(
    ("sender", "name"), [("MG77", "MessagingServiceSid"), ("+40311234567", "From"), ("Casa", "From")]
)
def test_twilio_writes_from_a_service_a_number_or_a_name(
    servers: dict[str, ProviderServer], sender: str, name: str
) -> None:
    send(SmsProvider.TWILIO, servers[SmsProvider.TWILIO], an_sms(), sender=sender)

    (form,) = servers[SmsProvider.TWILIO].sent
    assert form == {
        "To": "+40722334455",
        "Body": "Comanda RO-1 e confirmata.",
        name: sender,
        "StatusCallback": f"https://orders.example/hooks/sms/s3cret/report?key={KEY}",
    }


@pytest.mark.parametrize("provider", ALL)
def test_a_wrong_key_closes_the_whole_account_and_sends_nothing(
    servers: dict[str, ProviderServer], provider: str
) -> None:
    with pytest.raises(ChannelDown):
        send(provider, servers[provider], an_sms(), **BAD_KEY)

    assert servers[provider].sent == []


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("to", ["0722334455", "+40 722 334 455", "=cmd()", "+40722\r\nBcc: x"])
def test_what_is_no_number_is_refused_before_it_is_sent(
    servers: dict[str, ProviderServer], provider: str, to: str
) -> None:
    with pytest.raises(PermanentError):
        send(provider, servers[provider], an_sms(to=to))

    assert servers[provider].calls == []


@pytest.mark.parametrize("provider", ALL)
@pytest.mark.parametrize("behaviour", ["hang up", "stay silent"])
def test_a_connection_that_breaks_after_handing_over_may_have_sent_it(
    servers: dict[str, ProviderServer], provider: str, behaviour: str
) -> None:
    servers[provider].behaviour = behaviour

    with pytest.raises(UnknownOutcome):
        send(provider, servers[provider], an_sms())

    assert len(servers[provider].calls) == 1


@pytest.mark.parametrize("provider", ALL)
def test_a_provider_that_cannot_be_reached_got_nothing(provider: str) -> None:
    with pytest.raises(ChannelDown):
        send(provider, ProviderServer(url=f"http://127.0.0.1:{free_port()}"), an_sms())


@pytest.mark.parametrize(
    ("provider", "answer", "error"),
    [
        (SmsProvider.SMSAPI, (200, {"error": 103, "message": "No credit"}), ChannelDown),
        (SmsProvider.SMSAPI, (200, {"error": 14, "message": "Wrong sender"}), ChannelDown),
        (SmsProvider.SMSAPI, (200, {"error": 11, "message": "Too long"}), PermanentError),
        (SmsProvider.SMSAPI, (200, {"error": 201, "message": "Internal"}), TemporaryError),
        (SmsProvider.SMSAPI, (429, "slow down"), TemporaryError),
        (SmsProvider.SMSAPI, (502, "gateway"), UnknownOutcome),
        (SmsProvider.SMSAPI, (200, "<html>"), UnknownOutcome),
        (SmsProvider.SMSAPI, (302, ""), PermanentError),
        (SmsProvider.TURBOSMS, (200, {"response_code": 203, "response_status": "BALANCE"}), ChannelDown),
        (SmsProvider.TURBOSMS, (200, {"response_code": 438, "response_status": "LIMIT"}), TemporaryError),
        (SmsProvider.TURBOSMS, (200, {"response_code": 999, "response_status": "FATAL"}), UnknownOutcome),
        (
            SmsProvider.TURBOSMS,
            (200, {"response_code": 802, "response_result": [{"response_code": 404}]}),
            Unsubscribed,
        ),
        (
            SmsProvider.TURBOSMS,
            (200, {"response_code": 802, "response_result": [{"response_code": 406}]}),
            PermanentError,
        ),
        (SmsProvider.SENDSMS, (200, {"status": -9, "message": "Not enough credit"}), ChannelDown),
        (SmsProvider.SENDSMS, (200, {"status": -3, "message": "Try again later"}), TemporaryError),
        (SmsProvider.SENDSMS, (200, {"status": -7, "message": "Bad text"}), PermanentError),
        (SmsProvider.SENDSMS, (200, "oops"), UnknownOutcome),
        (SmsProvider.TWILIO, (400, {"code": 21610, "message": "unsubscribed"}), Unsubscribed),
        (SmsProvider.TWILIO, (400, {"code": 21408, "message": "region"}), PermanentError),
        (SmsProvider.TWILIO, (400, {"code": 21606, "message": "not a From"}), ChannelDown),
        (SmsProvider.TWILIO, (429, {"code": 20429, "message": "slow"}), TemporaryError),
        (SmsProvider.TWILIO, (504, "lost"), UnknownOutcome),
    ],
)
def test_errors_are_told_apart(
    servers: dict[str, ProviderServer], provider: str, answer: tuple[int, Any], error: type[Exception]
) -> None:
    servers[provider].refuse = answer

    with pytest.raises(error) as raised:
        send(provider, servers[provider], an_sms())

    assert raised.type is error


def test_a_header_that_cannot_be_written_stops_the_account_and_no_message_is_in_doubt(
    servers: dict[str, ProviderServer],
) -> None:
    server = servers[SmsProvider.SMSAPI]

    with pytest.raises(ChannelDown):
        send(SmsProvider.SMSAPI, server, an_sms(), token="two\nlines")

    assert server.calls == []


def test_an_answer_without_end_is_cut_off(servers: dict[str, ProviderServer]) -> None:
    servers[SmsProvider.SMSAPI].refuse = (200, "x" * 5_000_000)

    with pytest.raises(UnknownOutcome):
        send(SmsProvider.SMSAPI, servers[SmsProvider.SMSAPI], an_sms())


def looked_up(transport: Transport, message: Outgoing, number: str = "") -> Heard | None:
    assert isinstance(transport, CanLookUp)
    return transport.look_up(message, provider_id=number, since=datetime(2026, 11, 1, tzinfo=UTC))


def test_twilio_knows_a_message_by_number_or_by_its_words(servers: dict[str, ProviderServer]) -> None:
    server, message = servers[SmsProvider.TWILIO], an_sms()
    with transport_of(account(SmsProvider.TWILIO, server.url)) as transport:
        transport.send(message)

        by_number = looked_up(transport, message, "SM0")
        by_words = looked_up(transport, message)
        another = looked_up(transport, an_sms("other words"))

    assert by_number is not None
    assert by_words is not None
    assert (by_number.state, by_words.provider_id) == (MessageState.DELIVERED, "SM0")
    assert another is None
    assert server.calls[-1].query["To"] == "+40722334455"


def test_turbosms_is_asked_by_number_only(servers: dict[str, ProviderServer]) -> None:
    with transport_of(account(SmsProvider.TURBOSMS, servers[SmsProvider.TURBOSMS].url)) as transport:
        heard, nothing = looked_up(transport, an_sms(), "ts-0"), looked_up(transport, an_sms())

    assert heard is not None
    assert (heard.state, nothing) == (MessageState.DELIVERED, None)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/send",
        "https://127.0.0.1/send",
        "https://10.0.0.4/send",
        "https://[::1]/send",
        "https://169.254.169.254/latest",
        "https://metadata.internal/",
        "https://redis/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://10.1./",
        "https://localhost./",
        "https://metadata.internal./",
        "https://[::ffff:10.0.0.1]/",
        "https://user:pw@api.example.com/",
        "ftp://api.example.com/",
        "file:///etc/passwd",
        "https://[bad",
        "",
    ],
)
def test_in_production_nothing_is_sent_to_addresses_inside_or_unencrypted(
    settings: Settings, url: str
) -> None:
    settings.OMS_ENV = "production"

    with pytest.raises(ChannelDown):
        checked_url(url)


def test_an_address_on_the_own_machine_is_for_developers_only(settings: Settings) -> None:
    settings.OMS_ENV = "production"

    with (
        transport_of(account(SmsProvider.SMSAPI, "http://127.0.0.1:9/")) as transport,
        pytest.raises(ChannelDown),
    ):
        transport.send(an_sms())


def test_credentials_of_another_secret_key_stop_the_account_and_say_why(settings: Settings) -> None:
    kept = account(SmsProvider.SMSAPI, "https://api.smsapi.pl")
    settings.SECRET_KEY = "another one than it was stored under"

    with transport_of(kept) as transport, pytest.raises(ChannelDown, match="another SECRET_KEY"):
        transport.send(an_sms())

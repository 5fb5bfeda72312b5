"""Every e-mail provider that docs/operations.md names can be named by EMAIL_URL alone, and gives our key back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import get_connection
from pytest_django import Settings

from notifications.models import Message
from notifications.sending import drain
from oms.environment import mail_from
from tests.notifications_tests.conftest import Gateway

URLS = {
    "anymail+brevo://:k%40y@": {"BREVO_API_KEY": "k@y"},
    "anymail+resend://:key@": {"RESEND_API_KEY": "key"},
    "anymail+sendgrid://:key@": {"SENDGRID_API_KEY": "key"},
    "anymail+sparkpost://:key@": {"SPARKPOST_API_KEY": "key"},
    "anymail+mandrill://:key@": {"MANDRILL_API_KEY": "key"},
    "anymail+postmark://:key@": {"POSTMARK_SERVER_TOKEN": "key"},
    "anymail+mailgun://:key@?sender_domain=mg.x.example&webhook_signing_key=s": {
        "MAILGUN_API_KEY": "key",
        "MAILGUN_SENDER_DOMAIN": "mg.x.example",
        "MAILGUN_WEBHOOK_SIGNING_KEY": "s",
    },
    "anymail+mailjet://one:two@": {"MAILJET_API_KEY": "one", "MAILJET_SECRET_KEY": "two"},
    "anymail+mailersend://:key@": {"MAILERSEND_API_TOKEN": "key", "IGNORE_UNSUPPORTED_FEATURES": True},
    "anymail+mailtrap://:key@": {"MAILTRAP_API_TOKEN": "key"},
}


@pytest.mark.parametrize(("url", "expected"), URLS.items(), ids=[url.partition(":")[0] for url in URLS])
def test_a_provider_is_ready_from_its_address_alone(
    settings: Settings, url: str, expected: dict[str, Any]
) -> None:
    mail = mail_from(url, hook_secret="a:b")
    settings.EMAIL_BACKEND, settings.ANYMAIL = mail["EMAIL_BACKEND"], mail["ANYMAIL"]

    connection = get_connection()

    assert mail["ANYMAIL"] == expected | {"WEBHOOK_SECRET": "a:b"}
    assert type(connection).__module__ == f"anymail.backends.{url[len('anymail+') : url.index(':')]}"


def test_no_secret_means_none() -> None:
    assert "WEBHOOK_SECRET" not in mail_from("anymail+brevo://:key@")["ANYMAIL"]


def test_a_dash_stands_for_the_underscore_that_an_address_cannot_have() -> None:
    assert (
        mail_from("anymail+unisender-go://:key@")["EMAIL_BACKEND"]
        == "anymail.backends.unisender_go.EmailBackend"
    )


@pytest.mark.django_db
def test_our_key_goes_along_so_that_reports_find_the_message(
    make_message: Callable[..., Message], gateway: Gateway, settings: Settings
) -> None:
    mail = mail_from(f"anymail+postmark://:key@?api_url={gateway.url}/")
    settings.EMAIL_URL, settings.EMAIL_BACKEND, settings.ANYMAIL = (
        "anymail+postmark:",
        mail["EMAIL_BACKEND"],
        mail["ANYMAIL"],
    )
    gateway.answer = '{"ErrorCode": 0, "Message": "OK", "MessageID": "p-1", "To": "ana@example.com"}'
    message = make_message()

    drain("email")

    [request] = gateway.requests
    message.refresh_from_db(fields=["state", "provider_id"])
    assert request["Metadata"] == {"oms_message": str(message.pk)}
    assert (message.state, message.provider_id) == ("sent", "p-1")
    names = {header["Name"] for header in request["Headers"]}
    assert {"Message-ID", "References", "In-Reply-To", "Auto-Submitted"} <= names

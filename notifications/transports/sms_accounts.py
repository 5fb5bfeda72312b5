"""From a shop's account to its transport: which class speaks for which provider, and what it is told.

The only place that reads an account's credentials. What cannot be read or used is a transport that says why, so that
its messages wait, and nobody else's do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self, cast

from django.conf import settings

from notifications.statuses import SmsProvider as Provider
from notifications.transports.base import ChannelDown, Outgoing, Transport
from notifications.transports.sms_client import SmsProvider
from notifications.transports.sms_http import SmsGateway, gateway_settings
from notifications.transports.sms_sendsms import SendSms
from notifications.transports.sms_smsapi import SmsApi
from notifications.transports.sms_turbosms import TurboSms
from notifications.transports.sms_twilio import Twilio
from shops.secrets import decrypt, encrypt

PROVIDERS: dict[str, type[SmsProvider]] = {
    Provider.GATEWAY: SmsGateway,
    Provider.SENDSMS: SendSms,
    Provider.SMSAPI: SmsApi,
    Provider.TURBOSMS: TurboSms,
    Provider.TWILIO: Twilio,
}
# The name under which the secret of the hooks' addresses stands among the credentials.
HOOK_SECRET = "hook_secret"  # noqa: S105


class Account(Protocol):
    """What is needed of a `SmsAccount` row."""

    provider: str
    credentials: str


class UnusableAccount:
    """The transport of an account that cannot be used: nothing leaves, and every attempt says why."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def send(self, message: Outgoing) -> NoReturn:
        """Always raises ChannelDown."""
        raise ChannelDown(self._reason)


def transport_of(account: Account) -> Transport:
    """A new transport of this account."""
    try:
        credentials = credentials_of(account)
        address = report_url(credentials)
        if account.provider == Provider.GATEWAY:
            return SmsGateway.of_account(credentials, report_url=address)
        provider = PROVIDERS[account.provider]
        # The lease of a message outlasts this time-out, whoever sends it.
        transport: Any = provider(credentials, report_url=address, timeout=gateway_settings().timeout)
        return cast("Transport", transport)
    except (ChannelDown, ValueError, KeyError) as error:
        return UnusableAccount(account.provider, str(error))


def credentials_of(account: Account) -> dict[str, str]:
    """The account's credentials in plain. Raises ValueError when they were stored under another SECRET_KEY."""
    if not account.credentials:
        return {}
    found = json.loads(decrypt(account.credentials))
    return {str(name): str(value) for name, value in found.items()}


def stored(credentials: Mapping[str, str]) -> str:
    """Credentials as they are stored."""
    return encrypt(json.dumps(dict(credentials)))


def report_url(credentials: Mapping[str, str]) -> str:
    """The address at which the provider reports; empty for an account without a secret."""
    return _hook_url(credentials, "report")


def reply_url(credentials: Mapping[str, str]) -> str:
    """The address at which the provider hands over customers' replies."""
    return _hook_url(credentials, "reply")


def _hook_url(credentials: Mapping[str, str], what: str) -> str:
    secret = credentials.get(HOOK_SECRET, "")
    return f"{settings.OMS_PUBLIC_URL}/hooks/sms/{secret}/{what}" if secret else ""

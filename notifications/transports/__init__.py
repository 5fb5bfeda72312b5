"""The ways out: one small class per provider, and what chooses between them: settings, or a shop's SMS account."""

from __future__ import annotations

from django.conf import settings

from notifications.models import SmsAccount
from notifications.statuses import Lane
from notifications.transports.base import Transport
from notifications.transports.closed import ClosedTransport
from notifications.transports.email_smtp import EmailTransport
from notifications.transports.log import LogTransport
from notifications.transports.sms_accounts import transport_of
from notifications.transports.sms_http import SmsGateway, gateway_settings


def transport_for(lane: str) -> Transport:
    """A new transport of this lane: the settings', or the provider of the account that the lane is named after.

    `log:` keeps everything inside. A lane whose account is gone refuses each message, for good.
    """
    if lane == Lane.EMAIL:
        return LogTransport() if settings.EMAIL_URL.startswith("log:") else EmailTransport()
    if lane == Lane.SMS:
        sms = gateway_settings()
        return LogTransport() if sms.url.startswith("log:") else SmsGateway(sms)
    account = _account_of(lane)
    return ClosedTransport() if account is None else transport_of(account)


def seconds_to_send(lane: str) -> int:
    """The longest a transport of this lane may take for one message, all its time-outs added up."""
    if lane == Lane.EMAIL:
        return settings.EMAIL_TIMEOUT * EmailTransport.STEPS
    return gateway_settings().timeout * SmsGateway.STEPS


def _account_of(lane: str) -> SmsAccount | None:
    _channel, _colon, key = lane.partition(":")
    return SmsAccount.objects.filter(pk=key).first() if key.isdecimal() else None

"""The ways out: one small class per provider, and the settings that choose between them."""

from __future__ import annotations

from django.conf import settings

from notifications.statuses import Channel
from notifications.transports.base import Transport
from notifications.transports.email_smtp import EmailTransport
from notifications.transports.log import LogTransport
from notifications.transports.sms_http import SmsGateway, gateway_settings


def transport_for(channel: str) -> Transport:
    """A new transport of this channel, as the settings say; `log:` keeps everything inside."""
    if channel == Channel.EMAIL:
        return LogTransport() if settings.EMAIL_URL.startswith("log:") else EmailTransport()
    sms = gateway_settings()
    return LogTransport() if sms.url.startswith("log:") else SmsGateway(sms)


def seconds_to_send(channel: str) -> int:
    """The longest a transport of this channel may take for one message, all its time-outs added up."""
    if channel == Channel.EMAIL:
        return settings.EMAIL_TIMEOUT * EmailTransport.STEPS
    return gateway_settings().timeout * SmsGateway.STEPS

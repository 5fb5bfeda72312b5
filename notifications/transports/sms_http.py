"""SMS through any HTTP gateway: an address, headers, a body to fill in, and a rule for what success looks like.

Settings (`SMS`), or the fields of a shop's own account: `url`; `token`, sent as a bearer; `headers`; `body`, in whose
strings {to}, {text}, {id}, {sender} and {report_url} are filled in, sent as JSON or, when the Content-Type header says
so, as a form; `success`, a text that the answer must contain; `timeout` in seconds. {id} stays the same when a message
is tried again, so that a gateway that knows idempotency can recognise it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications.transports.base import Heard, Outgoing, PermanentError
from notifications.transports.sms_client import (
    STEPS,
    TIMEOUT,
    USUAL_STATES,
    Answer,
    Field,
    Hook,
    SmsClient,
    SmsProvider,
    checked_url,
    error_of,
    first_of,
    phone_of,
)

_PLACES = re.compile(r"\{(to|text|id|sender|report_url)\}")


@dataclass(frozen=True)
class GatewaySettings:
    """The `SMS` setting, with its defaults."""

    url: str
    token: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    success: str = ""
    timeout: int = TIMEOUT


def gateway_settings() -> GatewaySettings:
    """The gateway as configured now."""
    return GatewaySettings(**settings.SMS)


class SmsGateway(SmsProvider):
    """A gateway as described by its settings."""

    name = "sms"
    STEPS = STEPS
    fields = (
        Field("url", _("Address"), _("Begins with https://.")),
        Field("token", _("Key"), _("Sent as “Authorization: Bearer …”."), is_secret=True, is_required=False),
        Field(
            "headers",
            _("Headers"),
            _('As JSON, for example {"X-Account": "12"}.'),
            is_secret=True,
            is_required=False,
            is_long=True,
        ),
        Field(
            "body",
            _("Body"),
            _("As JSON. {to}, {text}, {id}, {sender} and {report_url} are filled in."),
            is_long=True,
            example='{"to": "{to}", "text": "{text}", "from": "{sender}", "id": "{id}"}',
        ),
        Field(
            "success", _("Success"), _("A text that the answer contains when it worked."), is_required=False
        ),
    )

    def __init__(self, gateway: GatewaySettings, *, report_url: str = "") -> None:
        headers = {name: str(value) for name, value in gateway.headers.items()}
        if gateway.token:
            headers["Authorization"] = f"Bearer {gateway.token}"
        SmsClient.__init__(self, timeout=gateway.timeout, headers=headers)
        self._gateway = gateway
        self.report_url = report_url
        self._is_form = "form" in httpx.Headers(headers).get("content-type", "")

    @classmethod
    def of_account(cls, credentials: Mapping[str, str], *, report_url: str) -> SmsGateway:
        """The gateway a shop described on its account's page. Raises ChannelDown for an address that may not be."""
        gateway = GatewaySettings(
            url=checked_url(credentials.get("url", "")),
            token=credentials.get("token", ""),
            headers=json.loads(credentials.get("headers") or "{}"),
            body=json.loads(credentials.get("body") or "{}"),
            success=credentials.get("success", ""),
            timeout=gateway_settings().timeout,
        )
        return cls(gateway, report_url=report_url)

    def send(self, message: Outgoing) -> str:
        """Hand one SMS to the gateway and answer the number it gives it."""
        phone_of(message)
        body = fill(self._gateway.body, message, report_url=self.report_url)
        content = {"data": body} if self._is_form else {"json": body}
        return self._judge(self.ask("POST", self._gateway.url, **content))

    def _judge(self, answer: Answer) -> str:
        if not answer.is_good:
            raise error_of(answer)
        if self._gateway.success and self._gateway.success not in answer.text:
            raise PermanentError(f"The gateway refused: {answer.text[:200]}")
        return provider_number(answer)

    @staticmethod
    def read_reports(hook: Hook) -> list[Heard]:
        """One report, under the names and in the words that most gateways use."""
        status = first_of(hook.fields, "status", "state", "Status")
        state = USUAL_STATES.get(status.casefold())
        if state is None:
            return []
        number = first_of(hook.fields, "message_id", "messageId", "id", "sid")
        key = first_of(hook.fields, "key", "reference") or number
        words = first_of(hook.fields, "error", "reason", "description")
        return [Heard(state, status, key, number, f"{status} {words}".strip())]


def fill(body: Any, message: Outgoing, *, report_url: str = "") -> Any:
    """The body with the message's values in it; a value's own braces are never read as a place."""
    if isinstance(body, str):
        values = {
            "to": message.to,
            "text": message.text,
            "id": message.key,
            "sender": message.sender,
            "report_url": report_url,
        }
        return _PLACES.sub(lambda match: values[match[1]], body)
    if isinstance(body, dict):
        return {name: fill(value, message, report_url=report_url) for name, value in body.items()}
    if isinstance(body, list):
        return [fill(value, message, report_url=report_url) for value in body]
    return body


def provider_number(answer: Answer) -> str:
    """The message's number in a gateway's JSON answer, where it has one under a usual name."""
    parsed = answer.parsed()
    names = ("id", "message_id", "messageId", "sid")
    return next((str(parsed[name])[:200] for name in names if parsed.get(name)), "")

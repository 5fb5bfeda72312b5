"""TurboSMS (Ukraine): https://turbosms.ua/en/api.html and https://turbosms.ua/en/callback.html.

Every answer is HTTP 200 with a `response_code` of its own, for the request and for each recipient. `sequence_id` is
our key: a request with it is carried out once. Reports come to an address set in the provider's own pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from notifications.transports.base import (
    ChannelDown,
    Heard,
    Outgoing,
    PermanentError,
    TemporaryError,
    UnknownOutcome,
    Unsubscribed,
)
from notifications.transports.sms_client import (
    USUAL_STATES,
    Answer,
    Field,
    Hook,
    Reply,
    SmsProvider,
    error_of,
    first_of,
    phone_of,
)

ACCEPTED = frozenset({0, 800, 801, 802, 803})
STOP_LIST = 404
# No or wrong key, no credit, a sender's name that is not ours or not active.
ACCOUNT_ERRORS = frozenset({103, 105, 200, 203, 300, 301, 302, 400, 401})
# 438: too many requests. 5xx: the service's own failures before sending.
LATER_ERRORS = frozenset({438, *range(500, 510)})
FATAL = 999


class TurboSms(SmsProvider):
    """POST /message/send.json with a bearer token, one recipient at a time."""

    name = "turbosms"
    base_url = "https://api.turbosms.ua"
    fields = (
        Field("token", _("API token"), _("From turbosms.ua, settings of the API."), is_secret=True),
        Field(
            "webhook_key",
            _("Key of webhooks"),
            _(
                "The security key you type beside the report address at TurboSMS; calls are then checked by it."
            ),
            is_secret=True,
            is_required=False,
        ),
    )

    def send(self, message: Outgoing) -> str:
        """Hand over one SMS and answer the provider's number of it."""
        body = {
            "recipients": [phone_of(message).lstrip("+")],
            "sms": {"sender": message.sender, "text": message.text},
            "sequence_id": message.key,
        }
        return str(self._one("send", body).get("message_id") or "")

    def look_up(self, message: Outgoing, *, provider_id: str, since: datetime) -> Heard | None:
        """What the provider says of a message by its number; without a number it cannot be asked."""
        if not provider_id:
            return None
        found = self._one("status", {"messages": [provider_id]})
        return _heard(provider_id, str(found.get("status") or found.get("response_status") or ""))

    def _one(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.credentials.get('token', '')}"}
        answer = self.ask("POST", f"{self.url}/message/{method}.json", json=body, headers=headers)
        found = answer.parsed()
        if "response_code" not in found:
            raise error_of(answer) if not answer.is_good else UnknownOutcome(f"TurboSMS: {answer.text[:200]}")
        _refuse(found)
        rows = found.get("response_result") or []
        if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
            raise UnknownOutcome(_said(answer))
        _refuse(rows[0])
        return rows[0]

    @staticmethod
    def is_genuine(hook: Hook, credentials: Mapping[str, str]) -> bool:
        """Whether the signature fits. The documentation leaves open which of the two comes first."""
        key, number = credentials.get("webhook_key", ""), hook.fields.get("id", "")
        if not key:
            return True
        expected = [hashlib.sha1(text.encode()).hexdigest() for text in (key + number, number + key)]  # noqa: S324
        given = hook.fields.get("signature", "").casefold()
        return constant_time_compare(given, expected[0]) or constant_time_compare(given, expected[1])

    @staticmethod
    def read_reports(hook: Hook) -> list[Heard]:
        """The report in a webhook's `data`."""
        number = first_of(hook.fields, "data.message_id", "data.id", "message_id")
        heard = _heard(number, first_of(hook.fields, "data.status", "data.sms_status", "status"))
        return [heard] if number and heard else []

    @staticmethod
    def read_reply(hook: Hook) -> Reply | None:
        """None: an SMS from a name cannot be answered."""
        return None


def _heard(number: str, status: str) -> Heard | None:
    state = USUAL_STATES.get(status.casefold())
    return Heard(state, status, provider_id=number, words=status) if state else None


def _refuse(found: dict[str, Any]) -> None:
    code = found.get("response_code")
    words = f"TurboSMS {code}: {found.get('response_status') or ''}"
    if code in ACCEPTED:
        return
    if code == STOP_LIST:
        raise Unsubscribed(words)
    if code in ACCOUNT_ERRORS:
        raise ChannelDown(words)
    if code in LATER_ERRORS:
        raise TemporaryError(words)
    if code == FATAL:
        raise UnknownOutcome(words)
    raise PermanentError(words)


def _said(answer: Answer) -> str:
    return f"TurboSMS: {answer.text[:200]}"

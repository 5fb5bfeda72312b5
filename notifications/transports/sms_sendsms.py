"""SendSMS (Romania): https://www.sendsms.ro/api/ — `message_send` and “Delivery reports”.

One GET request; a negative `status` is an error and says why in words. For each step named in `report_mask` the
provider calls `report_url` with its code in place of %d; our key stands in the address beside it.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from notifications.statuses import MessageState
from notifications.transports.base import (
    ChannelDown,
    Heard,
    Outgoing,
    PermanentError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.transports.sms_client import Field, Hook, SmsProvider, error_of, phone_of

# 1 delivered, 2 not delivered, 4 queued, 8 at the operator, 16 refused by the operator; we ask for 1 + 2 + 16.
REPORT_MASK = "19"
STATES = {
    "1": MessageState.DELIVERED,
    "2": MessageState.FAILED,
    "4": MessageState.SENT,
    "8": MessageState.SENT,
    "16": MessageState.FAILED,
}
# The documentation lists no codes for errors, so they are told apart by what they say.
ACCOUNT_WORDS = ("username", "password", "api key", "login", "auth", "credit", "balance", "ip ", "label")
LATER_WORDS = ("internal", "later", "timeout", "temporar", "limit")


class SendSms(SmsProvider):
    """GET /json?action=message_send; the key goes in the query, as the provider wants it."""

    name = "sendsms"
    base_url = "https://api.sendsms.ro"
    fields = (
        Field("username", _("User name")),
        Field(
            "password", _("API key"), _("From hub.sendsms.ro, API keys; not the password."), is_secret=True
        ),
    )

    def send(self, message: Outgoing) -> str:
        """Hand over one SMS and answer the provider's number of it."""
        query = {
            "action": "message_send",
            "username": self.credentials.get("username", ""),
            "password": self.credentials.get("password", ""),
            "to": phone_of(message).lstrip("+"),
            "text": message.text,
        }
        query |= {"from": message.sender} if message.sender else {}
        if self.report_url:
            report_url = f"{self.report_url}?key={message.key}&status=%d"
            query |= {"report_mask": REPORT_MASK, "report_url": report_url}
        answer = self.ask("GET", f"{self.url}/json", params=query)
        found = answer.parsed()
        status = found.get("status")
        if not isinstance(status, int):
            raise error_of(answer) if not answer.is_good else UnknownOutcome(f"SendSMS: {answer.text[:200]}")
        if status < 0:
            raise _refused(status, str(found.get("message") or ""))
        details = found.get("details")
        return str(details) if isinstance(details, str | int) else ""

    @staticmethod
    def read_reports(hook: Hook) -> list[Heard]:
        """The one report of a call."""
        code, key = hook.fields.get("status", ""), hook.fields.get("key", "")
        return [Heard(STATES[code], code, key, words=f"SendSMS {code}")] if code in STATES else []


def _refused(status: int, message: str) -> PermanentError | TemporaryError:
    words, lower = f"SendSMS {status}: {message}", message.casefold()
    if any(word in lower for word in ACCOUNT_WORDS):
        return ChannelDown(words)
    if any(word in lower for word in LATER_WORDS):
        return TemporaryError(words)
    return PermanentError(words)

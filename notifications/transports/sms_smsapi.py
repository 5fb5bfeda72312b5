"""SMSAPI (Poland): https://www.smsapi.pl/docs — “Send a single SMS”, “Error codes”, “Delivery reports (CALLBACK)”.

The message's key travels as `idx` with `check_idx=1`: the provider itself then refuses a second message with the same
key (error 53), so one that was cut off can be tried again without a second SMS.
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

ALREADY_SENT = 53
# Wrong sender name or report address, a restricted or suspended account, wrong key, no credit, wrong machine.
ACCOUNT_ERRORS = frozenset({14, 70, 98, 99, 101, 102, 103, 105, 110, 1000, 1001})
# Not submitted, try again; the provider's own trouble; too many requests. The key makes a second attempt safe.
LATER_ERRORS = frozenset({8, 200, 201, 202, 203, 999})
# 402 expired, 405 undelivered, 406 failed, 407 rejected; 408 unknown and 409-411 say nothing final.
STATES = {
    "403": MessageState.SENT,
    "404": MessageState.DELIVERED,
    "402": MessageState.FAILED,
    "405": MessageState.FAILED,
    "406": MessageState.FAILED,
    "407": MessageState.FAILED,
}
MOST_REPORTS = 100


class SmsApi(SmsProvider):
    """POST /sms.do with a bearer token; reports by `notify_url`, several in one call, answered “OK”."""

    name = "smsapi"
    base_url = "https://api.smsapi.pl"
    fields = (
        Field(
            "token",
            _("API token"),
            _("From ssl.smsapi.pl, API settings, API tokens (OAuth)."),
            is_secret=True,
        ),
    )

    def send(self, message: Outgoing) -> str:
        """Hand over one SMS; the provider's number of it, or nothing where it had it already."""
        form = {
            "to": phone_of(message).lstrip("+"),
            "message": message.text,
            "encoding": "utf-8",
            "format": "json",
            "idx": message.key,
            "check_idx": "1",
        }
        form |= {"from": message.sender} if message.sender else {}
        form |= {"notify_url": self.report_url} if self.report_url else {}
        headers = {"Authorization": f"Bearer {self.credentials.get('token', '')}"}
        answer = self.ask("POST", f"{self.url}/sms.do", data=form, headers=headers)
        found = answer.parsed()
        if "error" in found:
            return _refused(found)
        if not answer.is_good:
            raise error_of(answer)
        sent = found.get("list") or []
        if not sent or not isinstance(sent[0], dict):
            raise UnknownOutcome(f"SMSAPI: {answer.text[:200]}")
        return str(sent[0].get("id") or "")

    @staticmethod
    def read_reports(hook: Hook) -> list[Heard]:
        """Up to `MOST_REPORTS` reports; each field holds a value for every message, by comma."""
        columns = [hook.fields.get(name, "").split(",") for name in ("MsgId", "status", "idx", "status_name")]
        count = min(len(columns[0]), MOST_REPORTS)
        numbers, codes, keys, names = ((column + [""] * count)[:count] for column in columns)
        return [
            Heard(STATES[code], code, key, number, f"{code} {name}".strip())
            for number, code, key, name in zip(numbers, codes, keys, names, strict=True)
            if code in STATES
        ]


def _refused(found: dict[str, object]) -> str:
    code, words = found["error"], f"SMSAPI {found['error']}: {found.get('message', '')}"
    if code == ALREADY_SENT:
        return ""
    if code in ACCOUNT_ERRORS:
        raise ChannelDown(words)
    if code in LATER_ERRORS:
        raise TemporaryError(words)
    raise PermanentError(words)

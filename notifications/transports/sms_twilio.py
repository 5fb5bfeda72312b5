"""Twilio: https://www.twilio.com/docs/messaging/api/message-resource, …/guides/track-outbound-message-status and
https://www.twilio.com/docs/usage/security (signed calls).

A 4xx answer carries a `code` of https://www.twilio.com/docs/api/errors. There is no idempotency key, so a message that
was cut off is looked for among those to its number since then.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from notifications.transports.base import ChannelDown, Heard, Outgoing, TransportError, Unsubscribed
from notifications.transports.sms_client import (
    USUAL_STATES,
    Answer,
    Field,
    Hook,
    SmsProvider,
    UnknownOutcome,
    error_of,
    phone_of,
)

UNSUBSCRIBED = 21610
# Wrong key, a suspended account, a sender that is not ours or may not write there.
ACCOUNT_ERRORS = frozenset({20003, 20005, 21212, 21603, 21606, 21659, 21660, 21703, 21704, 21705})


class Twilio(SmsProvider):
    """POST /2010-04-01/Accounts/{sid}/Messages.json with basic authentication."""

    name = "twilio"
    base_url = "https://api.twilio.com"
    # A text in the answer to a reply would be sent to the customer as an SMS.
    reply_answer: ClassVar[str] = ""
    fields = (
        Field("account_sid", "Account SID"),
        Field("auth_token", "Auth token", is_secret=True),
        Field(
            "sender",
            pgettext_lazy("sender", "From"),
            _("A number of yours (+…), a name, or the SID of a messaging service (MG…)."),
        ),
    )

    def send(self, message: Outgoing) -> str:
        """Hand over one SMS and answer its SID."""
        sender = self.credentials.get("sender") or message.sender
        form = {"To": phone_of(message), "Body": message.text}
        form["MessagingServiceSid" if sender.startswith("MG") else "From"] = sender
        form |= {"StatusCallback": f"{self.report_url}?key={message.key}"} if self.report_url else {}
        answer = self._ask("POST", "Messages.json", data=form)
        sid = answer.parsed().get("sid")
        if not sid:
            raise UnknownOutcome(f"Twilio: {answer.text[:200]}")
        return str(sid)

    def look_up(self, message: Outgoing, *, provider_id: str, since: datetime) -> Heard | None:
        """What became of a message: by its SID, else the one of the same text to the same number since then."""
        if provider_id:
            return _heard(self._ask("GET", f"Messages/{provider_id}.json").parsed())
        query = {"To": phone_of(message), "DateSent>": f"{since:%Y-%m-%d}", "PageSize": "50"}
        found = self._ask("GET", "Messages.json", params=query).parsed().get("messages") or []
        same = [row for row in found if isinstance(row, dict) and row.get("body") == message.text]
        return _heard(same[0]) if len(same) == 1 else None

    def _ask(self, method: str, path: str, **content: Any) -> Answer:
        account = self.credentials.get("account_sid", "")
        sign_in = (account, self.credentials.get("auth_token", ""))
        url = f"{self.url}/2010-04-01/Accounts/{account}/{path}"
        answer = self.ask(method, url, auth=sign_in, **content)
        if answer.is_good:
            return answer
        raise _refused(answer)

    @staticmethod
    def is_genuine(hook: Hook, credentials: Mapping[str, str]) -> bool:
        """Whether the signature is ours: base64 of the HMAC-SHA1, under the auth token, of the address and the fields."""
        signed = hook.url + "".join(name + hook.posted[name] for name in sorted(hook.posted))
        digest = hmac.new(credentials.get("auth_token", "").encode(), signed.encode(), hashlib.sha1).digest()
        return constant_time_compare(base64.b64encode(digest).decode(), hook.signature)

    @staticmethod
    def read_reports(hook: Hook) -> list[Heard]:
        """The one report of a call."""
        row = {"sid": hook.fields.get("MessageSid", ""), "status": hook.fields.get("MessageStatus", "")}
        row |= {"error_code": hook.fields.get("ErrorCode", ""), "key": hook.fields.get("key", "")}
        heard = _heard(row)
        return [heard] if heard else []


def _heard(row: Mapping[str, Any]) -> Heard | None:
    status = str(row.get("status") or "")
    state = USUAL_STATES.get(status)
    if state is None:
        return None
    words = " ".join(str(part) for part in (status, row.get("error_code"), row.get("error_message")) if part)
    return Heard(state, status, str(row.get("key") or ""), str(row.get("sid") or ""), words)


def _refused(answer: Answer) -> TransportError:
    found = answer.parsed()
    code, words = found.get("code"), f"Twilio {found.get('code')}: {found.get('message', '')}"
    if code == UNSUBSCRIBED:
        return Unsubscribed(words)
    if code in ACCOUNT_ERRORS:
        return ChannelDown(words)
    error = error_of(answer)
    # A 404 here is the account's, and so is a code we know; any other 4xx speaks of this one message.
    return type(error)(words) if code else error

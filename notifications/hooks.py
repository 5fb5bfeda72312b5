"""The doors at which SMS providers report and hand over replies: /hooks/sms/<secret>/report and …/reply.

Whoever does not know a secret is answered 404, always the same. After a valid secret the answer is 2xx whatever was
said, because providers that are refused call again for hours. There are two exceptions: what cannot be stored right now
(503), and a body that cannot be taken apart (400), which no second call makes better.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.models import SmsAccount
from notifications.services.replies import receive_reply, receive_reports
from notifications.transports.sms_accounts import PROVIDERS, credentials_of
from notifications.transports.sms_client import Hook, SmsProvider

LARGEST_BODY = 64 * 1024
LONGEST_FIELD = 8000
# A form says “outer[inner]” for what JSON says with an object in an object.
_INNER = re.compile(r"\[(\w+)\]")
SIGNATURE = "X-Twilio-Signature"
# Cut off, no form although it says so, an encoding nobody writes, too large, more fields than anybody sends.
UNREADABLE = (UnreadablePostError, MultiPartParserError, BadRequest, SuspiciousOperation)

log = structlog.get_logger(__name__)
Take = Callable[[SmsAccount, type[SmsProvider], Hook], str]


@csrf_exempt
@require_http_methods(["GET", "POST"])
def sms_report(request: HttpRequest, secret: str) -> HttpResponse:
    """Take delivery reports."""
    return _take(request, secret, _reports)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def sms_reply(request: HttpRequest, secret: str) -> HttpResponse:
    """Take a customer's reply."""
    return _take(request, secret, _reply)


def _reports(account: SmsAccount, provider: type[SmsProvider], hook: Hook) -> str:
    receive_reports(account_id=account.pk, reports=provider.read_reports(hook))
    return provider.report_answer


def _reply(account: SmsAccount, provider: type[SmsProvider], hook: Hook) -> str:
    reply = provider.read_reply(hook)
    if reply is not None:
        receive_reply(account_id=account.pk, reply=reply)
    return provider.reply_answer


def _take(request: HttpRequest, secret: str, take: Take) -> HttpResponse:
    # Found by its digest: how long that takes tells nothing about the secret.
    digest = hashlib.sha256(secret.encode()).hexdigest()
    account = SmsAccount.objects.filter(hook_secret=digest).first()
    if account is None:
        raise Http404
    if _declared_length(request) > LARGEST_BODY:
        return _say("Too large.", 413)
    provider = PROVIDERS[account.provider]
    try:
        hook = _read(request)
        if not provider.is_genuine(hook, credentials_of(account)):
            log.warning("a call to an SMS hook was not signed by the provider", account=account.pk)
            # Without a word: what is said to an incoming SMS may be sent on to whoever wrote it.
            return _say("", 200)
        said = take(account, provider, hook)
    except UNREADABLE as error:
        log.warning("a call to an SMS hook could not be read", account=account.pk, error=str(error)[:200])
        return _say("The body cannot be read.", 400)
    except Exception:
        log.exception("a call to an SMS hook could not be stored", account=account.pk)
        return _say("Try again later.", 503)
    return _say(said, 200 if said else 204)


def _read(request: HttpRequest) -> Hook:
    """What the call carries: the query, the form or the JSON object, inner ones as “outer.inner”."""
    posted = {name: _plain(request.POST[name]) for name in request.POST} if request.method == "POST" else {}
    queried = {name: _plain(request.GET[name]) for name in request.GET}
    given = _of_json(request.body) if "json" in (request.content_type or "") else {}
    url = f"{settings.OMS_PUBLIC_URL}{request.get_full_path()}"
    fields = {**given, **{_INNER.sub(r".\1", name): value for name, value in posted.items()}, **queried}
    return Hook(url, fields, posted, request.headers.get(SIGNATURE, ""))


def _of_json(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(found, list) and found:
        found = found[0]
    return dict(_flat(found)) if isinstance(found, dict) else {}


def _flat(found: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """The values of an object and of the objects right inside it."""
    flat: list[tuple[str, str]] = []
    for name, value in found.items():
        if isinstance(value, dict) and not before:
            flat += _flat(value, f"{name}.")
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            flat.append((f"{before}{name}", _plain(str(value))))
    return flat


def _plain(value: str) -> str:
    """What the database can keep: no NUL and no half of a surrogate pair."""
    return value.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_FIELD]


def _declared_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else 0


def _say(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
